"""Overlapping showers: what merging keeps, and that it leaves nothing to merge."""

import numpy as np
import pytest
from numba import njit

from detector.merging import merge_showers
from detector.sheet import SHARE, E, X, Y, Z, new_block

DISTANCE = 10.0


@njit
def _merge(sheet, first, n):
    merge_showers(sheet, first, n, DISTANCE)


def rows(sheet, first, n):
    """Energies and places of the showers that have energy."""
    some = first + np.flatnonzero(sheet[E + first : E + first + n])
    return np.array([sheet[row + some] for row in (E, X, Y, Z)]), sheet[SHARE + some]


@pytest.mark.parametrize("first", [0, 7])
def test_energy_and_centroid_stay_and_no_two_are_left_close_together(first):
    rng = np.random.default_rng(5)
    for n in (1, 2, 3, 9, 40, 300):
        sheet = new_block().sheet
        sheet[E : E + first] = 1.0  # of another event
        mine = slice(first, first + n)
        sheet[E:][mine] = rng.exponential(0.1, n) + 1e-3
        for row in (X, Y, Z):
            sheet[row:][mine] = rng.uniform(-25.0, 25.0, n)
        sheet[X + first + n : X + first + n + 8] = sheet[X + first]  # what lies behind them is not theirs
        before, _ = rows(sheet, first, n)
        _merge(sheet, first, n)
        (energy, *places), share = rows(sheet, first, n)
        left = len(energy)
        assert (sheet[E : E + first] == 1.0).all()
        assert abs(energy.sum() / before[0].sum() - 1.0) < 1e-12
        assert np.allclose(np.dot(places, energy), np.dot(before[1:], before[0]), rtol=1e-10, atol=1e-10)
        places = np.array(places)
        apart = np.linalg.norm(places[:, :, None] - places[:, None, :], axis=0)[np.triu_indices(left, 1)]
        assert (apart > DISTANCE * (1.0 - 1e-9)).all()
        assert ((share >= 0.0) & (share < 1.0)).all()
        if n > 100:
            assert left < n // 3


def test_a_chain_becomes_one_shower():
    """The third joins what the first two made, although it is far from the first."""
    sheet = new_block().sheet
    sheet[E : E + 3] = 1.0, 1.0, 3.0
    sheet[X : X + 3] = 0.0, 9.0, 13.0
    _merge(sheet, 0, 3)
    (energy, x, _, _), _ = rows(sheet, 0, 3)
    assert energy.tolist() == [5.0]
    assert abs(x[0] - 48.0 / 5.0) < 1e-12
