"""Random streams: known answers of Philox, independence of streams, distributions."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from physics.random import (
    exponential,
    isotropic_direction,
    new_stream,
    normal,
    open_stream,
    philox,
    poisson,
    stream_key,
    uniform,
    unit_circle,
)


# Known-answer vectors of Random123 1.14, file kat_vectors, philox4x32 with 10 rounds.
@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(counter, key, answer):
    numbers = map(int, philox(*map(np.uint64, counter), *map(np.uint64, key)))
    assert tuple(word for number in numbers for word in (number & 0xFFFFFFFF, number >> 32)) == answer


@njit
def _draw(stream, kind, n):
    out = np.empty(n)
    for i in range(n):
        if kind == 0:
            out[i] = uniform(stream)
        elif kind == 1:
            out[i] = normal(stream)
        elif kind == 2:
            out[i] = exponential(stream)
        else:
            out[i] = poisson(stream, 4.5)
    return out


def _sample(kind, n=50_000, event=0, stage=0, substream=0, seed=1):
    stream = new_stream()
    open_stream(stream, stream_key(seed, "charged"), event, stage, substream)
    return _draw(stream, kind, n)


@pytest.mark.parametrize(("kind", "name"), [(0, "uniform"), (1, "norm"), (2, "expon")])
def test_distributions(kind, name):
    # KS test at a fixed seed; threshold p > 0.01
    assert stats.kstest(_sample(kind), name).pvalue > 0.01


def test_poisson():
    counts = _sample(3)
    assert counts.mean() == pytest.approx(4.5, abs=4 * np.sqrt(4.5 / len(counts)))
    assert counts.var() == pytest.approx(4.5, rel=0.03)


def test_normal_tail_matches_scipy():
    draws = _sample(1, 400_000)
    expected = 2 * stats.norm.sf(3.5) * len(draws)
    assert abs((np.abs(draws) > 3.5).sum() - expected) < 4 * np.sqrt(expected)


def test_streams_are_a_function_of_their_name_alone():
    assert np.array_equal(_sample(0, 10, event=7), _sample(0, 10, event=7))
    first = _sample(0, 10, event=7)
    for other in ({"event": 8}, {"stage": 1}, {"substream": 1}, {"seed": 2}):
        assert not np.intersect1d(first, _sample(0, 10, **({"event": 7} | other))).size


def test_neighbouring_seeds_and_samples_have_unrelated_keys():
    keys = {int(stream_key(seed, s)) for seed in range(1000) for s in ("charged", "mixed")}
    assert len(keys) == 2000


def test_event_numbers_beyond_32_bits():
    assert not np.array_equal(_sample(0, 4, event=5), _sample(0, 4, event=5 + 2**32))


def test_normal_within_and_between_the_layers_of_the_ziggurat():
    # 2 million draws in 200 bins of equal probability: a wrong wedge or edge of a layer shows as a step
    uniform_again = stats.norm.cdf(_sample(1, 2_000_000))
    counts = np.histogram(uniform_again, 200, (0.0, 1.0))[0]
    assert stats.chisquare(counts).pvalue > 0.01


def test_unit_circle():
    turns = np.concatenate([np.linspace(-1.0, 2.0, 1001), [0.125, 0.25, 0.375, 0.5, 1.0]])
    points = np.array([unit_circle(t) for t in turns])
    expected = np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
    np.testing.assert_allclose(points, expected, atol=3e-15)  # numpy's argument 2πt is rounded


def test_isotropic_direction():
    stream = new_stream()
    open_stream(stream, stream_key(3, "x"), 0, 0, 0)
    points = np.array([isotropic_direction(stream) for _ in range(20_000)])
    np.testing.assert_allclose((points**2).sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(points.T @ points / len(points), np.eye(3) / 3, atol=0.01)
