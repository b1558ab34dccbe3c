"""Kinematics against closed forms and the ``vector`` library."""

import math

import numpy as np
import pytest
import vector
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.kinematics import (
    boost_to_parent_frame,
    boost_to_rest_frame,
    energy,
    invariant_mass,
    kallen,
    two_body_momentum,
)

component = st.floats(-10.0, 10.0)
mass = st.floats(1e-3, 6.0)


def test_two_body_momentum_closed_form():
    # B+ → J/ψ K+: p* = √λ / 2M
    m, m1, m2 = 5.27941, 3.0969, 0.493677
    assert two_body_momentum(m, m1, m2) == pytest.approx(math.sqrt(kallen(m * m, m1 * m1, m2 * m2)) / (2 * m))
    assert two_body_momentum(1.0, 0.6, 0.5) == 0.0
    assert two_body_momentum(1.0, 0.0, 0.0) == 0.5


@settings(deadline=None)
@given(component, component, component, mass, component, component, component, mass)
def test_boost_matches_vector(px, py, pz, m, fx, fy, fz, fm):
    e, fe = energy(px, py, pz, m), energy(fx, fy, fz, fm)
    ours = boost_to_parent_frame(px, py, pz, e, fx, fy, fz, fe, fm)
    p = vector.obj(px=px, py=py, pz=pz, E=e).boost_p4(vector.obj(px=fx, py=fy, pz=fz, E=fe))
    np.testing.assert_allclose(ours, [p.px, p.py, p.pz, p.E], rtol=1e-6, atol=1e-6 * fe / fm * e)


@settings(deadline=None)
@given(component, component, component, mass, component, component, component, mass)
def test_boosts_are_inverse_and_keep_the_mass(px, py, pz, m, fx, fy, fz, fm):
    e, fe = energy(px, py, pz, m), energy(fx, fy, fz, fm)
    there = boost_to_rest_frame(px, py, pz, e, fx, fy, fz, fe, fm)
    back = boost_to_parent_frame(*there, fx, fy, fz, fe, fm)
    scale = e * (fe / fm) ** 2
    np.testing.assert_allclose(back, [px, py, pz, e], atol=1e-13 * scale)
    assert invariant_mass(*there) == pytest.approx(m, abs=1e-6 * scale)


def test_frame_itself_comes_to_rest():
    fe = energy(0.4566, 0.0, 2.9994, 10.5798)
    np.testing.assert_allclose(
        boost_to_rest_frame(0.4566, 0.0, 2.9994, fe, 0.4566, 0.0, 2.9994, fe, 10.5798), [0, 0, 0, 10.5798], atol=1e-12
    )
