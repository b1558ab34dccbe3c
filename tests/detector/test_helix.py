"""Helices against numerical integration of the equation of motion and against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.helix import arc_to_radius, helix_at_poca, momentum, position

FIELD = 1.5


def integrate(point, p, charge, length, steps=20000):
    """Fourth-order Runge-Kutta of dp/ds = 0.0029979 q p̂ × B along the arc."""
    y = np.concatenate([point, p])

    def slope(y):
        unit = y[3:] / np.linalg.norm(y[3:])
        return np.concatenate([unit, 0.00299792458 * charge * np.cross(unit, [0.0, 0.0, FIELD])])

    h = length / steps
    for _ in range(steps):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@pytest.mark.parametrize("charge", [-1.0, 1.0])
def test_helix_follows_the_equation_of_motion(charge):
    point, p = np.array([0.3, -0.7, 1.1]), np.array([0.35, 0.2, 0.4])
    d0, phi0, omega, z0, tan_lambda, s = helix_at_poca(*point, *p, charge, FIELD)
    assert math.copysign(1.0, omega) == charge
    end = integrate(point, p, charge, 60.0, steps=2000)
    arc = s + 60.0 * math.hypot(p[0], p[1]) / np.linalg.norm(p)
    np.testing.assert_allclose(position(d0, phi0, omega, z0, tan_lambda, arc), end[:3], atol=1e-8)
    np.testing.assert_allclose(momentum(phi0, omega, tan_lambda, arc, FIELD), end[3:], atol=1e-10)


finite = st.floats(-5.0, 5.0)


@settings(max_examples=200, deadline=None)
@given(
    finite,
    finite,
    finite,
    st.floats(0.05, 5.0),
    st.floats(-3.1, 3.1),
    st.floats(-3.0, 3.0),
    st.sampled_from([-1.0, 1.0]),
)
def test_poca_returns_to_the_point(x, y, z, pt, phi, tan_lambda, charge):
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * tan_lambda
    d0, phi0, omega, z0, slope, s = helix_at_poca(x, y, z, px, py, pz, charge, FIELD)
    np.testing.assert_allclose(position(d0, phi0, omega, z0, slope, s), (x, y, z), atol=1e-8)
    np.testing.assert_allclose(momentum(phi0, omega, slope, s, FIELD), (px, py, pz), atol=1e-9)
    # The POCA is perpendicular to the momentum there, at the distance d0.
    px0, py0, _ = momentum(phi0, omega, slope, 0.0, FIELD)
    x0, y0, _ = position(d0, phi0, omega, z0, slope, 0.0)
    assert abs(x0 * px0 + y0 * py0) < 1e-8
    assert math.hypot(x0, y0) == pytest.approx(abs(d0), abs=1e-9)


def test_sign_of_d0_is_that_of_basf2():
    # Momentum along +x passing below the z axis: the POCA (0, −1) is d0 (sin 0, −cos 0) with d0 = +1.
    d0 = helix_at_poca(0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 1.0, FIELD)[0]
    assert d0 == pytest.approx(1.0, abs=1e-9)


def test_arc_to_radius_ends_on_the_cylinder():
    d0, phi0, omega, z0, tan_lambda = 0.4, 1.0, -0.01, 0.0, 0.5
    for r in (1.0, 14.0, 60.0, 110.0):
        x, y, _ = position(d0, phi0, omega, z0, tan_lambda, arc_to_radius(d0, omega, r))
        assert math.hypot(x, y) == pytest.approx(r, abs=1e-9)
    assert arc_to_radius(d0, omega, 250.0) == -1.0
    assert arc_to_radius(d0, omega, 0.1) == -1.0
