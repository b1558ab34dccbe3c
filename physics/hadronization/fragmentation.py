"""Momenta of string breaks: the light-cone fraction z and the transverse momentum.

Lund symmetric fragmentation function (Andersson, Gustafson, Söderberg, Z. Phys. C 20 (1983) 317) with Bowler's factor
for massive quarks (Z. Phys. C 11 (1981) 169), in the form of arXiv:2203.11601, eqs. (259)–(263).
"""

import math
from typing import Any

import numpy as np

from physics.elementary import fast_log
from physics.hadronization.flavour import is_diquark
from physics.jit import kernel
from physics.random import normal, uniform

_STEPS = 48
"""Steps of ln(b m_T²) in the tables of z."""
_LOWEST, _HIGHEST = math.log(4e-3), math.log(40.0)
_CELLS, _TAIL_CELLS = 128, 32
"""Equal steps of probability, and those into which the first one is divided again."""
Z_FIELDS = (
    ("z_quantiles", np.float32, (8, _STEPS + 1, _CELLS + 1)),
    ("z_tail", np.float32, (8, _STEPS + 1, _TAIL_CELLS + 1)),
)
"""Fields of :func:`draw_z` in :data:`physics.hadronization.tune.TUNE`, in single precision: they stay in the cache.

First index: 1 for an old diquark + 2 for a new one + 4 for charm.
"""


def z_tables(a: float, a_extra: float, extra_of_old: bool, bowler_charm: float) -> dict[str, Any]:
    """Return the fields of ``Z_FIELDS``: z at equal steps of probability, for steps of ln(b m_T²)."""
    quantiles = np.zeros((8, _STEPS + 1, _CELLS + 1))
    tails = np.zeros((8, _STEPS + 1, _TAIL_CELLS + 1))
    # nodes that are dense at both ends
    s = np.linspace(0.0, 1.0, 1201)[1:-1]
    z = s**3 * (10.0 - 15.0 * s + 6.0 * s * s)
    body, tail = np.linspace(0.0, 1.0, _CELLS + 1), np.linspace(0.0, 1.0 / _CELLS, _TAIL_CELLS + 1)
    b = np.exp(np.linspace(_LOWEST, _HIGHEST, _STEPS + 1))[:, None]
    for kind in range(8):
        old, new, charm = kind % 2 == 1, kind // 2 % 2 == 1, kind // 4 == 1
        power = a + a_extra * (old if extra_of_old else new)
        c = 1.0 + a_extra * (new - old) + bowler_charm * charm
        log_f = power * np.log1p(-z) - c * np.log(z) - b / z
        f = np.exp(log_f - log_f.max(axis=1, keepdims=True))
        cumulative = np.zeros_like(f)
        cumulative[:, 1:] = np.cumsum(0.5 * (f[:, 1:] + f[:, :-1]) * np.diff(z), axis=1)
        for i in range(_STEPS + 1):
            cdf = cumulative[i] / cumulative[i, -1]
            # the lowest z that has any probability is where the table starts
            start = max(0, int(np.searchsorted(cdf, 1e-9)) - 1)
            quantiles[kind, i] = np.interp(body, cdf[start:], z[start:])
            tails[kind, i] = np.interp(tail, cdf[start:], z[start:])
    return {"z_quantiles": quantiles, "z_tail": tails}


@kernel
def draw_z(stream, tune, old, new, mt2):
    """Draw z for the end ``old`` that is joined by ``new`` to a hadron of transverse mass² ``mt2`` [GeV²].

    From tables, linear between steps of probability and of ln(b m_T²): the distribution is that of :func:`lund_z` to
    3e-3 of probability at worst; outside the tables it is :func:`lund_z`.
    """
    b = tune.b * mt2
    step = (fast_log(b) - _LOWEST) * (_STEPS / (_HIGHEST - _LOWEST))
    if step < 0.0 or step >= _STEPS:
        a, c = fragmentation_shape(tune, old, new)
        return lund_z(stream, a, c, b)
    i = int(step)
    w = step - i
    kind = 0
    size = abs(old)
    if size > 1000:
        kind += 1
        if size >= 4000 or (size // 100) % 10 == 4:
            kind += 4
    elif size == 4:
        kind += 4
    if is_diquark(new):
        kind += 2
    x = uniform(stream) * _CELLS
    k = int(x)
    if k > 0:
        x -= k
        low, high = tune.z_quantiles[kind, i], tune.z_quantiles[kind, i + 1]
    else:
        x *= _TAIL_CELLS
        k = int(x)
        x -= k
        low, high = tune.z_tail[kind, i], tune.z_tail[kind, i + 1]
    return (1.0 - w) * (low[k] + x * (low[k + 1] - low[k])) + w * (high[k] + x * (high[k + 1] - high[k]))


@kernel
def fragmentation_shape(tune, old, new):
    """Return (power of (1 − z), power of 1/z) for the end ``old`` that is joined by ``new``."""
    a = tune.a
    c = 1.0
    if is_diquark(old):
        c -= tune.a_extra_diquark
        if tune.a_extra_of_old:
            a += tune.a_extra_diquark
    if is_diquark(new):
        c += tune.a_extra_diquark
        if not tune.a_extra_of_old:
            a += tune.a_extra_diquark
    heaviest = abs(old) if abs(old) < 10 else max(abs(old) // 1000, (abs(old) // 100) % 10)
    if heaviest == 4:
        c += tune.bowler_charm
    return a, c


@kernel
def lund_z(stream, a, c, b):
    """Draw z from f(z) ∝ (1 − z)^a z^(−c) exp(−b/z) on (0, 1), ``b`` being b m_T²; exact.

    In y = ln z the density is log-concave for a, b ≥ 0, so a flat piece at the maximum and the tangent's exponential
    at any point to its left enclose it (Devroye, Non-Uniform Random Variate Generation (1986), ch. VII).
    """
    # maximum of h(y) = (1 − c) y + a ln(1 − z) − b/z:  (a + 1 − c) z² + (b + c − 1) z − b = 0
    p, q = a + 1.0 - c, b + c - 1.0
    root = math.sqrt(q * q + 4.0 * p * b) if q * q + 4.0 * p * b > 0.0 else 0.0
    # the two forms of the quadratic's solution, each where nothing cancels
    z_top = 2.0 * b / (q + root) if q > 0.0 else (root - q) / (2.0 * p)
    z_top = min(max(z_top, 1e-6), 1.0 - 1e-9)
    y_top = math.log(z_top)
    h_top = (1.0 - c) * y_top + a * math.log(1.0 - z_top) - b / z_top
    curvature = b / z_top + a * z_top / (1.0 - z_top) ** 2
    y_left = y_top - min(1.3 / math.sqrt(curvature), 1.0)
    z_left = math.exp(y_left)
    h_left = (1.0 - c) * y_left + a * math.log(1.0 - z_left) - b / z_left - h_top
    slope = (1.0 - c) - a * z_left / (1.0 - z_left) + b / z_left
    y_cut = y_left - h_left / slope  # where the tangent reaches the maximum
    flat, tail = -y_cut, 1.0 / slope
    while True:
        u = uniform(stream) * (flat + tail)
        if u < flat:
            y, bound = -u, 0.0
        else:
            bound = math.log((u - flat) / tail)
            y = y_cut + bound / slope
        z = math.exp(y)
        h = (1.0 - c) * y + a * math.log(1.0 - z) - b / z - h_top
        if math.log(uniform(stream)) < h - bound:
            return z


@kernel
def break_pt(stream, tune, u):
    """Draw (px, py) [GeV] of a quark of a string break; its partner has the opposite.

    ``u`` uniform, chooses between the two widths; the third number returned is uniform and independent of the others.
    """
    sigma = tune.sigma
    if u < tune.enhanced_fraction:
        sigma *= tune.enhanced_width
        u /= tune.enhanced_fraction
    else:
        u = (u - tune.enhanced_fraction) / (1.0 - tune.enhanced_fraction)
    return sigma * normal(stream), sigma * normal(stream), u
