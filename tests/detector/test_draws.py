"""Numbers of many particles at once: the same words as one stream gives, and their distributions."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from detector.draws import draw_blocks, gauss, new_draws, poisson_number, rest_poisson, small_poisson
from physics.random import new_stream, open_stream, random_bits

KEY, EVENT = np.uint64(0x0123456789ABCDEF), np.uint64(2**40 + 5)
WORDS = np.random.default_rng(1).integers(0, 2**32, (2, 300_000), dtype=np.uint32)


def test_words_are_those_of_the_particle_s_stream():
    draws = new_draws(37)
    draws.event[:37] = EVENT + np.arange(37, dtype=np.uint64) // np.uint64(10)
    draws.label[:37] = 3 | (np.arange(37, dtype=np.uint64) << np.uint64(16))
    draws.first[:37] = np.arange(37)
    draw_blocks(draws, np.int64(3), np.int64(37), KEY, np.int64(4), np.int64(3))
    assert not draws.words[:, :3].any()
    stream = new_stream()
    for particle in (3, 8, 36):
        open_stream(stream, KEY, EVENT + np.uint64(particle // 10), 3, particle)
        stream.block = np.uint64(particle)
        for row in range(4, 16, 2):
            bits = int(random_bits(stream))
            assert int(draws.words[row, particle]) == bits & 0xFFFFFFFF
            assert int(draws.words[row + 1, particle]) == bits >> 32


@njit
def _gauss(words, normal, out):
    for i in range(words.size):
        out[i] = gauss(words[i], normal)


def test_normal_numbers_are_the_inverse_distribution():
    draws = new_draws(1)
    words = np.arange(0, 2**32, 4099, dtype=np.uint32)
    out = np.zeros(words.size)
    _gauss(words, draws.normal, out)
    half = (words & np.uint32(0x7FFFFFFF)).astype(float)
    expected = np.where(words > 0x7FFFFFFF, 1.0, -1.0) * stats.norm.ppf(0.5 + 0.5 * (half + 0.5) / 2.0**31)
    assert np.abs(out - expected).max() < 1e-4
    assert out.mean() == pytest.approx(0.0, abs=1e-4)
    assert out.var() == pytest.approx(1.0, abs=2e-4)


@njit
def _poisson(words, mean, draws, out):
    for i in range(out.size):
        out[i] = poisson_number(words[0, i], words[1, i], mean, draws)


@pytest.mark.parametrize("mean", [0.0, 0.3, 3.0, 22.7, 79.2])
def test_poisson_numbers(mean):
    out = np.zeros(WORDS.shape[1], np.int64)
    _poisson(WORDS, mean, new_draws(1), out)
    expected = stats.poisson.pmf(np.arange(200), mean) * out.size
    counts = np.bincount(out, minlength=200)
    many = expected > 10.0
    if many.sum() > 1:
        chi2 = ((counts - expected)[many] ** 2 / expected[many]).sum()
        assert stats.chi2.sf(chi2, many.sum()) > 1e-3
    else:
        assert counts[0] == out.size


@njit
def _rests(u, mean, out):
    for i in range(u.size):
        out[0, i], out[1, i] = rest_poisson(u[i], mean), small_poisson(u[i], mean)


@pytest.mark.parametrize("mean", [0.0, 1e-3, 0.4, 1.0])
def test_poisson_numbers_without_branches_are_the_same(mean):
    u = np.concatenate([np.random.default_rng(1).random(100_000), [0.5 / 2.0**32, 1.0 - 0.5 / 2.0**32]])
    out = np.zeros((2, u.size))
    _rests(u, mean, out)
    assert (out[0] == out[1]).mean() > 1.0 - 1e-4  # but for rounding at the edges
    assert np.abs(out[0] - out[1]).max() <= 1.0
    assert out[0].mean() == pytest.approx(mean, abs=5.0 * np.sqrt(mean / u.size) + 1e-4)


def test_poisson_numbers_beyond_the_table_have_mean_and_variance():
    out = np.zeros(WORDS.shape[1], np.int64)
    _poisson(WORDS, 120.0, new_draws(1), out)
    assert out.mean() == pytest.approx(120.0, abs=0.1)
    assert out.var() == pytest.approx(120.0, rel=0.01)
