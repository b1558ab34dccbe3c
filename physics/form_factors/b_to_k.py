"""B → K form factors f₊, f₀, f_T: light-cone sum rules + lattice 2014, HPQCD 2022, FLAG 2021 + HPQCD 2022.

Each f₊ is linear in its three coefficients, f₊(q²) = Σ aₙ gₙ(q²): the ``*_basis`` kernels return g₀, g₁, g₂, so
that a variation along an eigenvector of the covariance costs three multiplications.
"""

import math

import numpy as np

from physics.form_factors.z_expansion import t0_optimal
from physics.jit import kernel

M_B, M_K = 5.27934, 0.493677
"""Masses [GeV] in the kinematics of the 2014 and 2021 fits (basf2 EvtKnunu.cc; EOS)."""

# arXiv:1409.4557, appendix A; central values as in basf2 EvtKnunu.cc; correlations confirmed by public analysis code
BSZ14_COEFFICIENTS = np.array([0.432, -0.664, -1.2])
BSZ14_SIGMA = np.array([0.011, 0.096, 0.69])
BSZ14_CORRELATION = np.array([[1.0, 0.32, -0.37], [0.32, 1.0, 0.26], [-0.37, 0.26, 1.0]])
BSZ14_COVARIANCE = BSZ14_CORRELATION * np.outer(BSZ14_SIGMA, BSZ14_SIGMA)

# arXiv:2207.12468, ancillary file BtoKandDtoKformfacs.txt (continuum, physical masses)
HPQCD22_COEFFICIENTS = np.array([0.2546162729845652, -0.7084710010870424, 0.3096901516968882])
HPQCD22_COVARIANCE = np.array(
    [
        [8.2059709e-05, 0.000394107261, 0.000248377978],
        [0.000394107261, 0.020015908, 0.0699876156],
        [0.000248377978, 0.0699876156, 0.342373221],
    ]
)
HPQCD22_M_B, HPQCD22_M_K, HPQCD22_M_BSTAR_S = 5.279495108051249, 0.495644, 5.415766151925566
HPQCD22_LOG_FACTOR = 1.3036556717286227

# BSZ fit (K = 2) to the synthetic points of FLAG 2021 (arXiv:2111.09849) and HPQCD 2022; poles 5.415 and 5.630 GeV
FLAG21_F_PLUS = (0.33797443273672023, -0.8845383860232516, -0.11086079655780168)
FLAG21_F_ZERO = (0.33797443273672023, 0.37420349127805963, 0.07874516954250055)
FLAG21_F_TENSOR = (0.3268882406359861, -0.9624756390786189, -0.27802352037269884)

# Constants of the kinematics, so that a form factor costs one square root: this is the signal's innermost loop.
_T_PLUS = (M_B + M_K) ** 2
_ROOT = math.sqrt(_T_PLUS - t0_optimal.py_func(M_B, M_K))
_Z_ZERO = (math.sqrt(_T_PLUS) - _ROOT) / (math.sqrt(_T_PLUS) + _ROOT)
_HPQCD_T_PLUS = (HPQCD22_M_B + HPQCD22_M_K) ** 2
_HPQCD_ROOT = math.sqrt(_HPQCD_T_PLUS)  # t₀ = 0
_M_POLE_BSZ14 = M_B + 0.046


def eigenvectors(covariance: np.ndarray) -> np.ndarray:
    """Return λᵢ eᵢ as rows, largest first: the one-sigma variations of the coefficients, shape ``(n, n)``.

    Signs are fixed by making the largest component of each eᵢ positive.
    """
    variances, vectors = np.linalg.eigh(covariance)
    rows = (vectors * np.sqrt(variances)).T[::-1]
    largest = np.abs(rows).argmax(axis=1)
    return np.asarray(rows * np.sign(rows[np.arange(len(rows)), largest])[:, None])


@kernel
def z_fit(q2):
    """z(q², t₀) of the 2014 and 2021 fits, t₀ optimal."""
    a = math.sqrt(_T_PLUS - q2)
    return (a - _ROOT) / (a + _ROOT)


@kernel
def f_plus_bsz14_basis(q2):
    """g₀, g₁, g₂ of f₊ in arXiv:1409.4557 (pole at m_B + 46 MeV); the last term enforces the p-wave threshold."""
    x = z_fit(q2)
    pole = 1.0 / (1.0 - q2 / (_M_POLE_BSZ14 * _M_POLE_BSZ14))
    x3 = x * x * x / 3.0
    return pole, pole * (x - x3), pole * (x * x + 2.0 * x3)


@kernel
def f_plus_bsz14(q2):
    """f₊(q²) of arXiv:1409.4557, the form factor of Belle II's KNUNU model and of PRL 127, 181802."""
    g0, g1, g2 = f_plus_bsz14_basis(q2)
    return BSZ14_COEFFICIENTS[0] * g0 + BSZ14_COEFFICIENTS[1] * g1 + BSZ14_COEFFICIENTS[2] * g2


@kernel
def f_plus_hpqcd22_basis(q2):
    """g₀, g₁, g₂ of f₊ in arXiv:2207.12468, eq. 2 with N = 3 and t₀ = 0."""
    a = math.sqrt(_HPQCD_T_PLUS - q2)
    x = (a - _HPQCD_ROOT) / (a + _HPQCD_ROOT)
    pole = HPQCD22_LOG_FACTOR / (1.0 - q2 / (HPQCD22_M_BSTAR_S * HPQCD22_M_BSTAR_S))
    x3 = x * x * x / 3.0
    return pole, pole * (x - x3), pole * (x * x + 2.0 * x3)


@kernel
def f_plus_hpqcd22(q2):
    """f₊(q²) of HPQCD 2022, the form factor of arXiv:2311.14647."""
    g0, g1, g2 = f_plus_hpqcd22_basis(q2)
    return HPQCD22_COEFFICIENTS[0] * g0 + HPQCD22_COEFFICIENTS[1] * g1 + HPQCD22_COEFFICIENTS[2] * g2


@kernel
def _flag21(q2, coefficients, m_pole):
    """BSZ form (arXiv:1503.05534, eq. 15) with the kinematics of the fit."""
    x = z_fit(q2) - _Z_ZERO
    return (coefficients[0] + x * (coefficients[1] + x * coefficients[2])) / (1.0 - q2 / (m_pole * m_pole))


@kernel
def f_plus_flag21(q2):
    """f₊(q²) of the FLAG 2021 + HPQCD 2022 fit (arXiv:2507.12393)."""
    return _flag21(q2, FLAG21_F_PLUS, 5.415)


@kernel
def f_zero(q2):
    """f₀(q²) of the FLAG 2021 + HPQCD 2022 fit; f₀(0) = f₊(0)."""
    return _flag21(q2, FLAG21_F_ZERO, 5.630)


@kernel
def f_tensor(q2):
    """f_T(q²) of the FLAG 2021 + HPQCD 2022 fit."""
    return _flag21(q2, FLAG21_F_TENSOR, 5.415)
