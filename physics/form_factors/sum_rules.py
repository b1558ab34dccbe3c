"""Light-cone sum rules for B → K, π, K*: form factors of EvtGen's BTOSLLBALL and BTOSLLALI, functions of q² (arrays).

``ali01``: the minimum allowed set of Ali, Ball, Handoko and Hiller, Phys. Rev. D61 (2000) 074024, tables III–V, as
used by Ali, Lunghi, Greub and Hiller, Phys. Rev. D66 (2002) 034002: BTOSLLBALL's default; B → π of hep-ph/0306251.
``ali99``: the central set of the former, BTOSLLALI's.
``ball_zwicky``: Phys. Rev. D71 (2005) 014015, set 2 (m_b = 4.8 GeV), and Phys. Rev. D71 (2005) 014029.
Lattice results are better at high q² (:mod:`physics.form_factors.b_to_k`); these are kept as the model is theirs.
"""

import numpy as np

FormFactors = tuple[np.ndarray, ...]
SETS = {1: "ali01", 2: "ali99", 6: "ball_zwicky"}
"""Numbers of the sets in a decay file."""


def _exponential(f: float, a: float, b: float, c: float, s: np.ndarray) -> np.ndarray:
    return f * np.exp(s * (a + s * (b + s * c)))


def _ratio(f: float, a: float, b: float, s: np.ndarray) -> np.ndarray:
    return np.asarray(f / (1 - a * s + b * s * s))


def _simple(r: float, m2: float, q2: np.ndarray) -> np.ndarray:
    return r / (1 - q2 / m2)


def _double(r1: float, r2: float, m2: float, q2: np.ndarray) -> np.ndarray:
    pole = 1 / (1 - q2 / m2)
    return pole * (r1 + r2 * pole)


def _two_poles(r1: float, mass: float, r2: float, m2: float, q2: np.ndarray) -> np.ndarray:
    return r1 / (1 - q2 / mass**2) + r2 / (1 - q2 / m2)


def kaon(which: str, q2: np.ndarray, m_b: float) -> FormFactors:
    """(f₊, f₀, f_T) of B → K."""
    if which == "ball_zwicky":
        return _double(0.1616, 0.1730, 29.30, q2), _simple(0.3302, 37.46, q2), _double(0.1614, 0.1981, 29.30, q2)
    s = q2 / m_b**2
    if which == "ali99":
        return (
            _exponential(0.319, 1.465, 0.372, 0.782, s),
            _exponential(0.319, 0.633, -0.095, 0.591, s),
            _exponential(0.355, 1.478, 0.373, 0.700, s),
        )
    return (
        _exponential(0.278, 1.568, 0.470, 0.885, s),
        _exponential(0.278, 0.740, 0.080, 0.425, s),
        _exponential(0.300, 1.600, 0.501, 0.796, s),
    )


def pion(which: str, q2: np.ndarray, m_b: float) -> FormFactors:
    """(f₊, f₀, f_T) of B → π."""
    if which == "ball_zwicky":
        return (
            _two_poles(0.744, 5.32, -0.486, 40.73, q2),
            _simple(0.258, 33.81, q2),
            _two_poles(1.387, 5.32, -1.134, 32.22, q2),
        )
    s = q2 / m_b**2
    return _ratio(0.261, 2.03, 1.293, s), _ratio(0.261, 0.27, -0.752, s), _ratio(0.296, 1.28, 0.193, s)


def kstar(which: str, q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """(V, A₁, A₁₂, A₀, T₁, T₂, T₂₃) of B → K*; A₁₂ and T₂₃ from A₂ and T₃ (arXiv:1503.05534, eq. 17).

    Ball and Zwicky's T₂(0) is 0.332 rather than the table's 0.333, so that T₁(0) = T₂(0) and T₃ stays finite.
    """
    difference = m_b**2 - m**2
    if which == "ball_zwicky":
        v = _two_poles(0.923, 5.32, -0.511, 49.40, q2)
        a1 = _simple(0.290, 40.38, q2)
        a2 = _double(-0.084, 0.342, 52.00, q2)
        a0 = _two_poles(1.364, 5.28, -0.990, 36.78, q2)
        t1 = _two_poles(0.823, 5.32, -0.491, 46.31, q2)
        t2 = _simple(0.332, 41.41, q2)
        t3 = difference * (_double(-0.036, 0.368, 48.10, q2) - t2) / np.maximum(q2, 1e-9)
    elif which == "ali99":
        s = q2 / m_b**2
        a1, a2 = _exponential(0.337, 0.602, 0.258, 0.0, s), _exponential(0.282, 1.172, 0.567, 0.0, s)
        a0, v = _exponential(0.471, 1.505, 0.710, 0.0, s), _exponential(0.457, 1.482, 1.015, 0.0, s)
        t1, t2 = _exponential(0.379, 1.519, 1.030, 0.0, s), _exponential(0.379, 0.517, 0.426, 0.0, s)
        t3 = _exponential(0.260, 1.129, 1.128, 0.0, s)
    else:
        s = q2 / m_b**2
        a1, a2 = _exponential(0.294, 0.656, 0.456, 0.0, s), _exponential(0.246, 1.237, 0.822, 0.0, s)
        a0, v = _exponential(0.412, 1.543, 0.954, 0.0, s), _exponential(0.399, 1.537, 1.123, 0.0, s)
        t1, t2 = _exponential(0.334, 1.575, 1.140, 0.0, s), _exponential(0.334, 0.562, 0.481, 0.0, s)
        t3 = _exponential(0.234, 1.230, 1.089, 0.0, s)
    kallen = ((m_b + m) ** 2 - q2) * ((m_b - m) ** 2 - q2)
    a12 = ((m_b + m) ** 2 * (difference - q2) * a1 - kallen * a2) / (16 * m_b * m**2 * (m_b + m))
    t23 = (difference * (m_b**2 + 3 * m**2 - q2) * t2 - kallen * t3) / (8 * m_b * m**2 * (m_b - m))
    return v, a1, a12, a0, t1, t2, t23
