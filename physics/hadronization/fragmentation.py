"""Momenta of string breaks: the light-cone fraction z and the transverse momentum.

Lund symmetric fragmentation function (Andersson, Gustafson, Söderberg, Z. Phys. C 20 (1983) 317) with Bowler's factor
for massive quarks (Z. Phys. C 11 (1981) 169), in the form of arXiv:2203.11601, eqs. (259)–(263).
"""

import math

from physics.hadronization.flavour import is_diquark
from physics.jit import kernel
from physics.random import normal, uniform


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
def break_pt(stream, tune):
    """Draw (px, py) [GeV] of a quark of a string break; its partner has the opposite."""
    sigma = tune.sigma
    if uniform(stream) < tune.enhanced_fraction:
        sigma *= tune.enhanced_width
    return sigma * normal(stream), sigma * normal(stream)
