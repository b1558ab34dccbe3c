"""The hard process: polar angle of the pair, axis of the beams, conservation, spin of the photon."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.stats import chi2

from physics.beams import superkekb
from physics.hard_process import (
    MAX_ISR_PHOTONS,
    about_axis,
    beam_axis,
    draw_pair_angle,
    start_event,
    virtual_photon_density,
)
from physics.kinematics import boost_to_rest_frame
from physics.radiation.isr import build_isr_table
from physics.random import new_stream, open_stream, stream_key
from physics.record import STATUS_DECAYED, STATUS_FINAL, new_particles


@njit
def _angles(stream, key, ratio, out):
    for k in range(out.shape[0]):
        open_stream(stream, key, k, 0, 0)
        out[k] = draw_pair_angle(stream, ratio)


@njit
def _start(stream, key, k, table, beams, radiation, photons, event):
    open_stream(stream, key, k, 0, 0)
    return start_event(stream, table, beams, radiation, photons, event)


@pytest.mark.parametrize("ratio", [0.0, 0.113, 1.0])
def test_polar_angle(ratio):
    cos_theta = np.zeros(300_000)
    _angles(new_stream(), stream_key(1, "angle"), ratio, cos_theta)
    edges = np.linspace(-1, 1, 21)
    primitive = (1 + ratio) * edges + (1 - ratio) * edges**3 / 3
    expected = len(cos_theta) * np.diff(primitive) / (primitive[-1] - primitive[0])
    counts = np.histogram(cos_theta, edges)[0]
    assert chi2.sf(((counts - expected) ** 2 / expected).sum(), 19) > 1e-4


@settings(deadline=None)
@given(st.floats(-1, 1), st.floats(-3.2, 3.2), st.floats(-1, 1), st.floats(0, 6.2))
def test_direction_about_an_axis(z, azimuth, cos_theta, phi):
    rho = math.sqrt(max(0.0, 1 - z * z))
    axis = np.array([rho * math.cos(azimuth), rho * math.sin(azimuth), z])
    axis /= np.linalg.norm(axis)
    direction = np.array(about_axis(*axis, cos_theta, phi))
    assert direction @ direction == pytest.approx(1, abs=1e-12)
    assert direction @ axis == pytest.approx(cos_theta, abs=1e-12)


def test_axis_without_radiation_is_that_of_the_beams():
    beams = superkekb()
    axis = beam_axis(beams.px, beams.py, beams.pz, beams.E, beams.root_s)
    assert axis == pytest.approx((beams.axis_x, beams.axis_y, beams.axis_z), abs=1e-9)


@pytest.mark.parametrize("radiation", [0, 1])
def test_events_start_with_the_virtual_photon_and_conserve_momentum(radiation):
    beams = superkekb()._replace(her_spread=0.0, ler_spread=0.0)
    table = build_isr_table(2, beams.root_s)
    event = new_particles(64, 1)
    photons = np.zeros((MAX_ISR_PHOTONS, 4))
    axis0 = np.array([beams.axis_x, beams.axis_y, beams.axis_z])
    forward = 0
    radiated = 0
    for k in range(2000):
        n, mass, *axis = _start(new_stream(), stream_key(2, "start"), k, table, beams, radiation, photons, event)
        assert event.pdg[0] == 10022
        assert event.status[0] == STATUS_DECAYED
        assert np.linalg.norm(axis) == pytest.approx(1, abs=1e-12)
        for column, total in ((event.px, beams.px), (event.py, 0), (event.pz, beams.pz), (event.E, beams.E)):
            assert column[:n].sum() == pytest.approx(total, abs=1e-11)
        q = [event.px[0], event.py[0], event.pz[0], event.E[0]]
        assert q[3] ** 2 - q[0] ** 2 - q[1] ** 2 - q[2] ** 2 == pytest.approx(mass**2, abs=1e-9)
        if radiation == 0:
            assert n == 1
            continue
        radiated += n > 1
        assert np.all(event.pdg[1:n] == 22)
        assert np.all(event.status[1:n] == STATUS_FINAL)
        for i in range(1, n):
            x, y, z, e = boost_to_rest_frame(
                event.px[i],
                event.py[i],
                event.pz[i],
                event.E[i],
                beams.px,
                beams.py,
                beams.pz,
                beams.E,
                beams.root_s,
            )
            forward += abs(np.array([x, y, z]) @ axis0) > 0.99 * e
    if radiation:
        assert 0.4 < radiated / 2000 < 0.7
        assert forward > 0.55 * radiated  # within 8° of the beams


@settings(max_examples=50, deadline=None)
@given(st.floats(-1, 1), st.floats(-3.2, 3.2))
def test_density_matrix_of_the_virtual_photon(z, azimuth):
    rho = math.sqrt(max(0.0, 1 - z * z))
    axis = np.array([rho * math.cos(azimuth), rho * math.sin(azimuth), z])
    density = np.zeros((3, 3), np.complex128)
    virtual_photon_density(*axis, density)
    assert np.trace(density) == pytest.approx(1, abs=1e-12)
    assert np.allclose(density, density.conj().T, atol=1e-14)
    # operators of spin 1: along the axis ⟨J·a⟩ = 0 and ⟨(J·a)²⟩ = 1
    r = math.sqrt(0.5)
    jx = r * np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    jy = r * np.array([[0, -1j, 0], [1j, 0, -1j], [0, 1j, 0]])
    jz = np.diag([1, 0, -1])
    j = axis[0] * jx + axis[1] * jy + axis[2] * jz
    assert np.trace(density @ j) == pytest.approx(0, abs=1e-12)
    assert np.trace(density @ j @ j) == pytest.approx(1, abs=1e-12)
    # the two states along the axis are equally filled, incoherently
    assert np.allclose(density @ density, 0.5 * density, atol=1e-12)
