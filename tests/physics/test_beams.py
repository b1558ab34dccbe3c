"""Beams against the published numbers of SuperKEKB."""

import math

import numpy as np
import pytest
from numba import njit

from physics.beams import draw_collision, from_beam_axis, superkekb
from physics.kinematics import boost_to_rest_frame, invariant_mass
from physics.random import new_stream, open_stream, stream_key
from physics.upsilon4s import draw_b_direction


def test_nominal_momentum():
    beams = superkekb()
    assert invariant_mass(beams.px, beams.py, beams.pz, beams.E) == pytest.approx(10.5798, abs=1e-9)
    # total momentum (0.457, 0, 2.999) GeV of the 7.004 + 4.002 GeV beams, βγ = 0.287
    assert (beams.px, beams.pz, beams.E) == pytest.approx((0.4566, 2.9994, 11.006), abs=1e-3)
    assert math.hypot(beams.px, beams.pz) / beams.root_s == pytest.approx(0.2868, abs=2e-4)


def test_off_resonance_is_60_mev_below_with_the_same_beam_ratio():
    on, off = superkekb(), superkekb("off-resonance")
    assert on.root_s - off.root_s == pytest.approx(0.060)
    assert on.her / on.ler == pytest.approx(off.her / off.ler)


@njit
def _collisions(stream, beams, n):
    out = np.empty((n, 7))
    for i in range(n):
        out[i] = draw_collision(stream, beams)
    return out


@pytest.mark.parametrize(("spread", "sigma"), [("measured", 5.62e-3), ("design", 4.99e-3)])
def test_spread_of_root_s(spread, sigma):
    stream = new_stream()
    open_stream(stream, stream_key(1, "beams"), 0, 0, 0)
    events = _collisions(stream, superkekb(spread=spread), 20_000)
    root_s = np.sqrt(events[:, 3] ** 2 - (events[:, :3] ** 2).sum(axis=1))
    assert root_s.std() == pytest.approx(sigma, rel=0.02)
    assert root_s.mean() == pytest.approx(10.5798, abs=4 * sigma / np.sqrt(20_000))


@pytest.mark.parametrize(("region", "z"), [("measured", 250e-4), ("design", 154e-4)])
def test_luminous_region(region, z):
    stream = new_stream()
    open_stream(stream, stream_key(1, "region"), 0, 0, 0)
    points = _collisions(stream, superkekb(luminous_region=region), 20_000)[:, 4:]
    assert points[:, 2].std() == pytest.approx(z, rel=0.02)
    assert points[:, 0].std() > 10 * points[:, 1].std()


def test_beam_axis_is_the_electron_in_the_cms():
    beams = superkekb()
    px, pz = beams.her * math.sin(0.0415), beams.her * math.cos(0.0415)
    p = boost_to_rest_frame(px, 0.0, pz, beams.her, beams.px, 0.0, beams.pz, beams.E, beams.root_s)
    np.testing.assert_allclose(np.array(p[:3]) / p[3], from_beam_axis(0.0, 0.0, 1.0, beams), atol=1e-12)


def test_b_direction_is_sine_squared():
    stream = new_stream()
    open_stream(stream, stream_key(1, "direction"), 0, 0, 0)
    cosines = np.array([draw_b_direction(stream)[2] for _ in range(40_000)])
    # <cos²> = 1/5 for 3/4 sin²θ; error of the mean √(<cos⁴> − 1/25)/√n = √(3/35 − 1/25)/200
    assert (cosines**2).mean() == pytest.approx(0.2, abs=4 * 0.2138 / 200)
    assert abs(cosines.mean()) < 4 * np.sqrt(0.2) / 200
