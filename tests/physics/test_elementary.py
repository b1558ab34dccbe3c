"""Elementary functions as plain arithmetic, against numpy's."""

import numpy as np
from numba import njit

from physics.elementary import circle_point, fast_atan2, fast_exp, fast_log, fast_logs


@njit
def _logarithms(x, out):
    for i in range(x.size):
        out[i] = fast_log(x[i])


@njit
def _three_logarithms(x, y, z, out):
    for i in range(x.size):
        out[0, i], out[1, i], out[2, i] = fast_logs(x[i], y[i], z[i])


@njit
def _exponentials(x, out):
    for i in range(x.size):
        out[i] = fast_exp(x[i])


@njit
def _circle(u, out):
    for i in range(u.size):
        out[i, 0], out[i, 1] = circle_point(u[i])


@njit
def _azimuths(y, x, out):
    for i in range(x.size):
        out[i] = fast_atan2(y[i], x[i])


def test_logarithm():
    x = np.concatenate([np.exp(np.random.default_rng(1).uniform(-200.0, 200.0, 10_000)), 2.0 ** np.arange(-20, 20)])
    out = np.zeros_like(x)
    _logarithms(x, out)
    assert np.abs(out - np.log(x)).max() < 1e-9


def test_three_logarithms_with_one_division():
    x = np.exp(np.random.default_rng(1).uniform(-200.0, 200.0, (3, 10_000)))
    out = np.zeros_like(x)
    _three_logarithms(*x, out)
    assert np.abs(out - np.log(x)).max() < 1e-9


def test_azimuth():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 10_000)) * np.exp(rng.uniform(-10.0, 10.0, 10_000))
    x = np.concatenate([x, [0.0, 0.0, 1.0, -1.0, 1.0]])
    y = np.concatenate([y, [1.0, -1.0, 0.0, 0.0, 1.0]])
    out = np.zeros_like(x)
    _azimuths(y, x, out)
    assert np.abs(out - np.arctan2(y, x)).max() < 1e-9


def test_exponential():
    x = np.random.default_rng(1).uniform(-600.0, 600.0, 10_000)
    out = np.zeros_like(x)
    _exponentials(x, out)
    assert np.abs(out / np.exp(x) - 1.0).max() < 1e-9


def test_circle():
    u = np.concatenate([np.random.default_rng(1).random(10_000), [0.0, 0.25, 0.5, 0.75, np.nextafter(1.0, 0.0)]])
    out = np.zeros((u.size, 2))
    _circle(u, out)
    angle = 2.0 * np.pi * (u - 0.125)
    assert np.abs(out - np.stack([np.cos(angle), np.sin(angle)], axis=-1)).max() < 1e-9
