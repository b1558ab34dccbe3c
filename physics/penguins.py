"""B → K(*) νν̄: rates in the standard model and beyond, and the weights that turn phase space into them.

Formulas: Buras, Girrbach-Noe, Niehoff, Straub, arXiv:1409.4557; Felkl, Li, Schmidt, arXiv:2111.04327 (scalar and
tensor operators); long-distance τ pole: Kamenik, Smith, arXiv:0908.1174.  q² is the invariant mass squared of the
neutrino pair in GeV².
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from physics.form_factors import b_to_k, b_to_kstar
from physics.form_factors.b_to_kstar import A0, A1, A12, T1, T2, T23, V, form_factor
from physics.jit import driver, kernel
from physics.kinematics import kallen, two_body_momentum

HBAR_GEV_PS = 6.582119569e-13
"""ħ in GeV ps (CODATA 2018, exact)."""


class Electroweak(NamedTuple):
    """Inputs of the short-distance rate; defaults of HPQCD, arXiv:2207.13371, whose table 6 they reproduce."""

    fermi_constant: float = 1.1663787e-5 * 1.007  # GeV⁻², with the electroweak correction η_EW = 1.007(2)
    alpha: float = 1.0 / 127.952  # at m_Z
    top_function: float = 1.469  # X_t(17)
    sin2_theta_w: float = 0.23121
    vtb_vts: float = 0.04185 * 0.999142


BELLE2_2023 = Electroweak(1.1663787e-5, 1.0 / 127.952, 1.468, 0.23124, 0.04185)
"""Inputs of Belle II's null hypothesis (arXiv:2507.12393, companion code): 4.97e-6."""

TAU_B_PLUS_PS, TAU_B_ZERO_PS = 1.638, 1.519
"""B lifetimes [ps] of these predictions (HFLAV 2021); the generator takes its own from the particle table."""


@kernel
def k_nunu_rate(q2, m_b, m_k, f_plus, coupling):
    """dΓ/dq² [GeV⁻¹] of B → K νν̄, summed over three flavours; ``coupling`` from :func:`nunu_coupling`."""
    p = two_body_momentum(m_b, m_k, math.sqrt(q2))
    return coupling * p * p * p * f_plus * f_plus


def nunu_coupling(inputs: Electroweak | None = None) -> float:
    """Return G_F² α² X_t² |V_tb V_ts*|² / (32 π⁵ sin⁴θ_W) [GeV⁻⁴]."""
    c = inputs or Electroweak()
    amplitude = c.fermi_constant * c.alpha * c.top_function * c.vtb_vts / c.sin2_theta_w
    return amplitude**2 / (32.0 * math.pi**5)


def k_nunu_spectrum(
    q2: np.ndarray,
    m_b: float,
    m_k: float,
    lifetime_ps: float,
    *,
    model: str = "hpqcd22",
    inputs: Electroweak | None = None,
) -> np.ndarray:
    """Return dB/dq² [GeV⁻²] of B → K νν̄ (short distance) at ``q2``; ``model`` is bsz14, hpqcd22 or flag21."""
    f_plus = {"bsz14": b_to_k.f_plus_bsz14, "hpqcd22": b_to_k.f_plus_hpqcd22, "flag21": b_to_k.f_plus_flag21}[model]
    coupling = nunu_coupling(inputs) * lifetime_ps / HBAR_GEV_PS
    return np.array([k_nunu_rate(x, m_b, m_k, f_plus(x), coupling) for x in np.atleast_1d(q2)])


def k_nunu_branching_fraction(
    m_b: float, m_k: float, lifetime_ps: float, *, model: str = "hpqcd22", inputs: Electroweak | None = None
) -> float:
    """Return the short-distance branching fraction of B → K νν̄."""
    nodes, weights = _gauss_legendre(0.0, (m_b - m_k) ** 2)
    return float(weights @ k_nunu_spectrum(nodes, m_b, m_k, lifetime_ps, model=model, inputs=inputs))


def kstar_nunu_branching_fraction(
    m_b: float, m_v: float, lifetime_ps: float, *, inputs: Electroweak | None = None
) -> float:
    """Return the branching fraction of B → K* νν̄ in the standard model, for a K* of fixed mass [GeV].

    arXiv:1409.4557, eqs. 14–18, with the form factors of arXiv:1503.05534.
    """
    c = inputs or Electroweak()
    normalisation = (4.0 * c.fermi_constant * c.alpha / (2.0 * math.pi) * c.vtb_vts) ** 2 / 2.0
    a = b_to_kstar.coefficients()
    nodes, weights = _gauss_legendre(0.0, (m_b - m_v) ** 2)
    rate = 0.0
    for q2, weight in zip(nodes, weights, strict=True):
        root_lambda = math.sqrt(kallen(m_b * m_b, m_v * m_v, q2))
        rate += weight * root_lambda * sum(kstar_nunu_parts(q2, m_b, m_v, m_v, a))
    rate *= 3.0 * normalisation / (4.0 * math.pi * m_b) ** 3 * (c.top_function / c.sin2_theta_w) ** 2
    return rate * lifetime_ps / HBAR_GEV_PS


def tau_pole_spectrum(q2: np.ndarray, branching_fraction: float = 6.26e-7) -> np.ndarray:
    """Return dB/dq² [GeV⁻²] of B⁺ → τ⁺(→ K⁺ν̄)ν, linear in q² for a narrow τ.

    The default total is HPQCD's (f_B 189.4 MeV, η_EW 1.007).  The generic decay file holds this chain already.
    """
    m_b, m_tau, m_k = 5.27934, 1.77686, 0.493677
    end = (m_b**2 - m_tau**2) * (m_tau**2 - m_k**2) / m_tau**2
    q2 = np.asarray(q2, float)
    return np.where((q2 >= 0.0) & (q2 <= end), 2.0 * branching_fraction * (end - q2) / end**2, 0.0)


@kernel
def kstar_nunu_parts(q2, m_b, m_v, mass, a):
    """(vector, axial transverse, longitudinal) [GeV²] of B → K*νν̄ in units of the common 3 N(q²).

    dΓ/dq² = 3 N [vector |C_L + C_R|² + (axial + longitudinal) |C_L − C_R|²]; ``a`` are the form-factor
    coefficients (7, 3).  N carries the factor √λ, i.e. phase space.  The form factors are those of a K* of its nominal
    mass ``m_v``; one of another ``mass`` has theirs, and their H₀ √q²/(m_B − mass), at the same fraction of its
    largest q², as in :mod:`physics.decays.semileptonic`.
    """
    lam = kallen(m_b * m_b, mass * mass, q2)
    stretch = (m_b - mass) / (m_b - m_v)
    total, nominal = m_b + m_v, q2 / (stretch * stretch)
    vector = form_factor(nominal, V, a)
    axial = form_factor(nominal, A1, a)
    longitudinal = form_factor(nominal, A12, a)
    return (
        q2 * lam * vector * vector / (12.0 * total * total),
        q2 * total * total * axial * axial / 12.0,
        8.0 * (m_b * m_v * stretch * longitudinal) ** 2 / 3.0,
    )


@kernel
def kstar_longitudinal_fraction(q2, m_b, m_v, a):
    """F_L(q²) of B → K*νν̄ in the standard model."""
    vector, axial, longitudinal = kstar_nunu_parts(q2, m_b, m_v, m_v, a)
    return longitudinal / (vector + axial + longitudinal)


# --- weights: rate over phase space, of mean one over phase space -------------------------------------------------

K_WEIGHTS = (
    "weight_sm",
    "weight_sm_hpqcd22",
    *(f"weight_ff_eig{i}_{side}" for i in (1, 2, 3) for side in ("up", "down")),
    *(f"weight_ff_eig{i}_{side}_hpqcd22" for i in (1, 2, 3) for side in ("up", "down")),
    "weight_scalar",
    "weight_tensor",
    "weight_vector_rh",
)
"""Weights of B → K νν̄ (and B → K_S νν̄) samples, in the order of the kernels."""

KSTAR_WEIGHTS = (
    "weight_sm",
    *(f"weight_ff_eig{i}_{side}" for i in range(1, 10) for side in ("up", "down")),
    "weight_scalar",
    "weight_tensor",
    "weight_vector_rh",
)
"""Weights of B → K* νν̄ samples; nine eigenvectors because A1, A12 and V vary together."""

WEIGHT_DESCRIPTIONS = {
    "weight_sm": "standard model, default form factors (K: arXiv:1409.4557; K*: arXiv:1503.05534)",
    "weight_sm_hpqcd22": "standard model, form factor of HPQCD 2022 (arXiv:2207.12468)",
    "weight_scalar": "scalar operator alone (arXiv:2111.04327)",
    "weight_tensor": "tensor operator alone (arXiv:2111.04327)",
    "weight_vector_rh": "right-handed current as strong as the left-handed one, C_R = C_L: vector form factors alone",
}


def weight_description(name: str) -> str:
    """Return the meaning of a weight column."""
    if name in WEIGHT_DESCRIPTIONS:
        return WEIGHT_DESCRIPTIONS[name]
    number, side = name.removeprefix("weight_ff_eig").split("_")[:2]
    which = "HPQCD 2022" if name.endswith("hpqcd22") else "default"
    return f"standard model, {which} form factor one sigma {side} along eigenvector {number} of its covariance"


def _gauss_legendre(low: float, high: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 * (high - low) * x + 0.5 * (high + low), 0.5 * (high - low) * w


@lru_cache(maxsize=1)
def _k_coefficients() -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of f₊ by weight: rows for the 2014 set and for the HPQCD set, central value first."""
    sets = []
    for central, covariance in (
        (b_to_k.BSZ14_COEFFICIENTS, b_to_k.BSZ14_COVARIANCE),
        (b_to_k.HPQCD22_COEFFICIENTS, b_to_k.HPQCD22_COVARIANCE),
    ):
        rows = [central]
        for shift in b_to_k.eigenvectors(covariance):
            rows += [central + shift, central - shift]
        sets.append(np.array(rows))
    return sets[0], sets[1]


_BLOCK = 1024
_POLE0, _POLE1, _POLE2, _HPQCD0, _HPQCD1, _HPQCD2, _P2, _SCALAR, _TENSOR = (np.int64(_BLOCK * i) for i in range(9))
"""Rows of the scratch memory: what f₊ of both sets is made of, p_K², |M|² of the other operators."""


@kernel
def _put_basis(basis, i, q2, m_b, m_k):
    """Fill column ``i`` of the scratch memory."""
    p2 = kallen(m_b * m_b, m_k * m_k, q2) / (4.0 * m_b * m_b)
    basis[_POLE0 + i], basis[_POLE1 + i], basis[_POLE2 + i] = b_to_k.f_plus_bsz14_basis(q2)
    basis[_HPQCD0 + i], basis[_HPQCD1 + i], basis[_HPQCD2 + i] = b_to_k.f_plus_hpqcd22_basis(q2)
    scalar, tensor = b_to_k.f_zero(q2), b_to_k.f_tensor(q2)
    basis[_P2 + i], basis[_SCALAR + i], basis[_TENSOR + i] = p2, q2 * scalar * scalar, p2 * tensor * tensor


@kernel
def _put_vector(basis, first, coefficients, norm, out):
    """|M|² of the vector current with f₊ from the three rows from ``first`` on."""
    a, b, c = coefficients[0], coefficients[1], coefficients[2]
    for i in range(out.shape[0]):
        j = first + i
        f = a * basis[j] + b * basis[_BLOCK + j] + c * basis[2 * _BLOCK + j]
        out[i] = basis[_P2 + i] * f * f * norm


@driver
def _k_weights(q2, m_b, m_k, bsz14, hpqcd22, norms, weights):
    """|M|² of B → K νν̄ averaged over the neutrinos times ``norms``, in the order of K_WEIGHTS.

    Event by event the compiler would take them one by one; row by row it takes several at a time.
    """
    basis = np.empty(9 * _BLOCK)
    for begin in range(0, len(q2), _BLOCK):
        end = min(begin + _BLOCK, len(q2))
        for i in range(end - begin):
            _put_basis(basis, i, q2[begin + i], m_b, m_k)
        for k in range(7):
            first, second = 0 if k == 0 else k + 1, 1 if k == 0 else k + 7
            _put_vector(basis, _POLE0, bsz14[k], norms[first], weights[first, begin:end])
            _put_vector(basis, _HPQCD0, hpqcd22[k], norms[second], weights[second, begin:end])
        for i in range(end - begin):
            weights[14, begin + i] = basis[_SCALAR + i] * norms[14]
            weights[15, begin + i] = basis[_TENSOR + i] * norms[15]
        _put_vector(basis, _POLE0, bsz14[0], norms[16], weights[16, begin:end])


@lru_cache(maxsize=8)
def _k_norms(m_b: float, m_k: float) -> np.ndarray:
    """1 / mean of each shape over the phase space dΦ₃ ∝ p_K dq²."""
    nodes, gauss = _gauss_legendre(0.0, (m_b - m_k) ** 2, 400)
    shapes = np.empty((len(K_WEIGHTS), len(nodes)))
    _k_weights(nodes, m_b, m_k, *_k_coefficients(), np.ones(len(K_WEIGHTS)), shapes)
    density = gauss * np.array([two_body_momentum(m_b, m_k, math.sqrt(x)) for x in nodes])
    return np.asarray(density.sum() / (shapes @ density))


def k_nunu_weights(q2: np.ndarray, m_b: float, m_k: float) -> dict[str, np.ndarray]:
    """Return the weights of phase-space B → K νν̄ events, each of mean one over phase space.

    ``q2`` [GeV²] of shape ``(n,)``, masses in GeV.  A weight depends on its event alone.
    """
    weights = np.empty((len(K_WEIGHTS), len(q2)))
    _k_weights(np.asarray(q2, float), m_b, m_k, *_k_coefficients(), _k_norms(m_b, m_k), weights)
    return dict(zip(K_WEIGHTS, weights, strict=True))


@lru_cache(maxsize=1)
def _kstar_sets() -> np.ndarray:
    varied = b_to_kstar.eigen_coefficients().reshape(18, 7, 3)
    return np.concatenate([b_to_kstar.coefficients()[None], varied])


@kernel
def _kstar_shapes(q2, cos_theta, m_b, m_v, mass, sets, out):
    """|M|² of B → K*(→ Kπ) νν̄ over flat cosθ, in the order of KSTAR_WEIGHTS; θ: K in the K* frame against −B."""
    along = 3.0 * cos_theta * cos_theta
    across = 1.5 * (1.0 - cos_theta * cos_theta)
    for i in range(len(sets)):
        vector, axial, longitudinal = kstar_nunu_parts(q2, m_b, m_v, mass, sets[i])
        out[i] = along * longitudinal + across * (vector + axial)
    a = sets[0]
    vector, axial, longitudinal = kstar_nunu_parts(q2, m_b, m_v, mass, a)
    lam = kallen(m_b * m_b, mass * mass, q2)
    difference = m_b * m_b - m_v * m_v
    nominal = q2 * ((m_b - m_v) / (m_b - mass)) ** 2
    a0 = form_factor(nominal, A0, a)
    t1, t2, t23 = form_factor(nominal, T1, a), form_factor(nominal, T2, a), form_factor(nominal, T23, a)
    n = len(sets)
    out[n] = along * q2 * lam * a0 * a0
    out[n + 1] = along * q2 * 32.0 * (m_b * m_v / (m_b + m_v)) ** 2 / 3.0 * t23 * t23 + across * 4.0 / 3.0 * (
        lam * t1 * t1 + difference * difference * t2 * t2
    )
    out[n + 2] = across * vector


@driver
def _kstar_weights(q2, cos_theta, mass, m_b, m_v, sets, grid_low, grid_step, norms, weights):
    n_weights = len(sets) + 3
    shapes = np.empty(n_weights)
    for i in range(len(q2)):
        _kstar_shapes(q2[i], cos_theta[i], m_b, m_v, mass[i], sets, shapes)
        x = min(max((mass[i] - grid_low) / grid_step, 0.0), norms.shape[0] - 1.000001)
        k = int(x)
        for j in range(n_weights):
            weights[j, i] = shapes[j] * (norms[k, j] + (x - k) * (norms[k + 1, j] - norms[k, j]))


_GRID_LOW, _GRID_STEP, _GRID_SIZE = 0.62, 0.01, 180


@lru_cache(maxsize=8)
def _kstar_norms(m_b: float, m_v: float) -> np.ndarray:
    """1 / mean of each shape over phase space at fixed K* mass, on a grid of masses: the line shape stays as it is."""
    sets = _kstar_sets()
    norms = np.empty((_GRID_SIZE, len(KSTAR_WEIGHTS)))
    cosines, cosine_weights = _gauss_legendre(-1.0, 1.0, 3)
    shapes = np.empty(len(KSTAR_WEIGHTS))
    for i in range(_GRID_SIZE):
        mass = _GRID_LOW + i * _GRID_STEP
        total, volume = np.zeros(len(KSTAR_WEIGHTS)), 0.0
        for x, w in zip(*_gauss_legendre(0.0, (m_b - mass) ** 2, 100), strict=True):
            density = w * two_body_momentum(m_b, mass, math.sqrt(x))
            for c, v in zip(cosines, cosine_weights, strict=True):
                _kstar_shapes(x, c, m_b, m_v, mass, sets, shapes)
                total += 0.5 * v * density * shapes
            volume += density
        norms[i] = volume / total
    return norms


def kstar_nunu_weights(
    q2: np.ndarray, cos_theta: np.ndarray, mass: np.ndarray, m_b: float, m_v: float
) -> dict[str, np.ndarray]:
    """Return the weights of phase-space B → K*(→ Kπ) νν̄ events, each of mean one over phase space.

    ``q2`` [GeV²], ``cos_theta`` (helicity angle of the K in the K* frame) and ``mass`` [GeV] of the K*, ``(n,)``;
    ``m_v`` is the nominal mass of the K*.
    """
    weights = np.empty((len(KSTAR_WEIGHTS), len(q2)))
    arrays = (np.asarray(x, float) for x in (q2, cos_theta, mass))
    _kstar_weights(*arrays, m_b, m_v, _kstar_sets(), _GRID_LOW, _GRID_STEP, _kstar_norms(m_b, m_v), weights)
    return dict(zip(KSTAR_WEIGHTS, weights, strict=True))
