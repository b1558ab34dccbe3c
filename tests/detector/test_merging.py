"""Overlapping showers: what merging keeps, and that it leaves nothing to merge."""

import numpy as np
from numba import njit

from detector.merging import keep_showers, merge_showers
from detector.sheet import SHARE, E, X, Y, Z, new_block

DISTANCE = 10.0


@njit
def _merge(showers, n, sheet):
    merge_showers(showers, n, DISTANCE)
    return keep_showers(showers, n, sheet, 0, 1e-3)


def rows(sheet, n):
    return np.array([sheet[row : row + n] for row in (E, X, Y, Z)])


def test_energy_and_centroid_stay_and_no_two_are_left_close_together():
    rng = np.random.default_rng(5)
    for n in (1, 2, 3, 9, 40, 300):
        block = new_block()
        showers = block.showers
        showers[E : E + n] = rng.exponential(0.1, n) + 1e-3
        for row in (X, Y, Z):
            showers[row : row + n] = rng.uniform(-25.0, 25.0, n)
        showers[X + n : X + n + 8] = showers[X]  # what lies behind them is not theirs
        before = rows(showers, n)
        left = _merge(showers, n, block.sheet)
        energy, *places = rows(block.sheet, left)
        assert abs(energy.sum() / before[0].sum() - 1.0) < 1e-12
        assert np.allclose(np.dot(places, energy), np.dot(before[1:], before[0]), rtol=1e-10, atol=1e-10)
        places = np.array(places)
        apart = np.linalg.norm(places[:, :, None] - places[:, None, :], axis=0)[np.triu_indices(left, 1)]
        assert (apart > DISTANCE * (1.0 - 1e-9)).all()
        assert ((block.sheet[SHARE : SHARE + left] >= 0.0) & (block.sheet[SHARE : SHARE + left] < 1.0)).all()
        if n > 100:
            assert left < n // 3


def test_a_chain_becomes_one_shower():
    """The third joins what the first two made, although it is far from the first."""
    block = new_block()
    block.showers[E : E + 3] = 1.0, 1.0, 3.0
    block.showers[X : X + 3] = 0.0, 9.0, 13.0
    assert _merge(block.showers, 3, block.sheet) == 1
    assert block.sheet[E] == 5.0
    assert abs(block.sheet[X] - 48.0 / 5.0) < 1e-12
