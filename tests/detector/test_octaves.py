"""Tables found by the bits of a number."""

import numpy as np
import pytest

from detector.octaves import look_up, octave_bin, octave_nodes


@pytest.mark.parametrize("power", [-0.5, 0.25, 2.0])
def test_power_laws_are_interpolated(power):
    table = octave_nodes(-9, 4) ** power
    for x in np.exp(np.random.default_rng(1).uniform(np.log(2.0**-9), np.log(15.9), 300)):
        assert look_up(table, -9, x) == pytest.approx(x**power, rel=abs(power * (power - 1.0)) / 8000.0)


def test_nodes_are_exact():
    nodes = octave_nodes(-2, 3)
    for i, x in enumerate(nodes[:-1]):
        assert octave_bin(x, -2, nodes.size) == (i, 0.0)


def test_constant_beyond_the_ends():
    table = octave_nodes(-2, 3)
    assert look_up(table, -2, 1e-6) == table[0]
    assert look_up(table, -2, 1e6) == table[-1]
    assert look_up(table, -2, 0.0) == table[0]
