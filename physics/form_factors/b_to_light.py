"""B → π, ρ, ω form factors of Bourrely, Caprini and Lellouch (arXiv:0807.2722), as functions of q² (arrays)."""

import math
from collections.abc import Sequence

import numpy as np

FormFactors = tuple[np.ndarray, ...]

# B_d-like resonances of J^P = 1⁻, 1⁺, 0⁻ [GeV] (Bharucha, Straub, Zwicky, arXiv:1503.05534, table 3)
M_VECTOR, M_AXIAL, M_PSEUDOSCALAR = 5.325, 5.724, 5.279


def _z(q2: np.ndarray | float, t_plus: float, t0: float) -> np.ndarray:
    a, b = np.sqrt(t_plus - np.asarray(q2)), math.sqrt(t_plus - t0)
    return (a - b) / (a + b)


def bcl_scalar(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """f₊ and f₀ from b₊ (4) and b₀ (4); trailing zeros shorten a series.

    The last power of z in f₊ is fixed by the P-wave threshold (arXiv:0807.2722, eq. 11), for the series' true
    length; basf2's EvtBCLFF.cc loses that term to an integer division.
    """
    t_plus = (m_b + m) ** 2
    t0 = (m_b + m) * (math.sqrt(m_b) - math.sqrt(m)) ** 2
    z = _z(q2, t_plus, t0)
    plus, zero = np.trim_zeros(np.array(args[:4]), "b"), np.array(args[4:])
    n_max = len(plus)
    series = sum(b * (z**n - (-1.0) ** (n - n_max) * n / n_max * z**n_max) for n, b in enumerate(plus))
    return series / (1 - q2 / M_VECTOR**2), np.polynomial.polynomial.polyval(z, zero)


def bcl_vector(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """(V, A₁, A₂, A₀) from A₀: a₁, a₂; A₁, A₁₂, V: a₀, a₁, a₂ each (arXiv:1503.05534, eqs. 15–17, 23)."""
    t_plus, t_minus = (m_b + m) ** 2, (m_b - m) ** 2
    t0 = t_plus * (1 - math.sqrt(1 - t_minus / t_plus))
    x = _z(q2, t_plus, t0) - _z(0.0, t_plus, t0)
    polyval = np.polynomial.polynomial.polyval
    a0 = polyval(x, [8 * m_b * m / (m_b**2 - m**2) * args[5], args[0], args[1]]) / (1 - q2 / M_PSEUDOSCALAR**2)
    a1 = polyval(x, args[2:5]) / (1 - q2 / M_AXIAL**2)
    a12 = polyval(x, args[5:8]) / (1 - q2 / M_AXIAL**2)
    v = polyval(x, args[8:11]) / (1 - q2 / M_VECTOR**2)
    return v, a1, a2_from_a12(a1, a12, q2, m_b, m), a0


def a2_from_a12(a1: np.ndarray, a12: np.ndarray, q2: np.ndarray, m_b: float, m: float) -> np.ndarray:
    """A₂ from A₁ and A₁₂ (arXiv:1503.05534, eq. 17); λ A₂ is finite at the end point q² = (M − m)², A₂ need not be."""
    kallen = ((m_b + m) ** 2 - q2) * ((m_b - m) ** 2 - q2)
    return np.asarray(((m_b + m) ** 2 * (m_b**2 - m**2 - q2) * a1 - 16 * m_b * m**2 * (m_b + m) * a12) / kallen)
