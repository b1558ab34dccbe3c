"""B → D, D*, D** form factors, as functions of q² (arrays) at the particles' nominal masses.

Scalar mesons: (f₊, f₀).  Vector and axial mesons: (V, A₁, A₂, A₀) of Bauer, Stech and Wirbel.  Tensor mesons:
(h, k, b₊, b₋) of Isgur, Scora, Grinstein and Wise.  An axial meson's V multiplies the axial current and A₁ … A₀ the
vector current.
"""

import math
from collections.abc import Sequence

import numpy as np

FormFactors = tuple[np.ndarray, ...]


def recoil(q2: np.ndarray, m_b: float, m: float) -> np.ndarray:
    """w = v·v' from q² [GeV²]."""
    return (m_b**2 + m**2 - q2) / (2.0 * m_b * m)


def recoil_z(w: np.ndarray) -> np.ndarray:
    """z(w) with t₀ = t₋ (Caprini, Lellouch and Neubert, Nucl. Phys. B530 (1998) 153)."""
    root = np.sqrt(w + 1.0)
    return (root - math.sqrt(2.0)) / (root + math.sqrt(2.0))


def _from_ratios(
    w: np.ndarray, h_a1: np.ndarray, r0: np.ndarray, r1: np.ndarray, r2: np.ndarray, m_b: float, m: float
) -> FormFactors:
    r_star = 2.0 * math.sqrt(m_b * m) / (m_b + m)
    return r1 * h_a1 / r_star, 0.5 * (w + 1.0) * r_star * h_a1, r2 * h_a1 / r_star, r0 * h_a1 / r_star


# B → D* ℓν of Ferlewicz, Urquijo and Waheed (arXiv:2008.09341): |V_cb| with which its coefficients are multiplied,
# η_EW, χ sums [GeV⁻²] and B_c poles [GeV]; as in basf2 EvtBGLFF.cc.  R₀ = 1.15 matters only for the lepton's mass.
BGL_VCB, BGL_ETA_EW = 4.16558e-2, 1.0066
BGL_CHI_PLUS, BGL_CHI_MINUS, BGL_N_I = 5.28e-4, 3.07e-4, 2.6
BGL_AXIAL_POLES = (6.730, 6.736, 7.135, 7.142)
BGL_VECTOR_POLES = (6.337, 6.899, 7.012, 7.280)
BGL_R0 = 1.15


def bgl_vector(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D*: a₀, a₁ (g), b₀, b₁ (f), c₁, c₂ (F₁); c₀ from the zero-recoil relation.

    Boyd, Grinstein and Lebed, Phys. Rev. D56 (1997) 6895; outer functions as in arXiv:2008.09341.
    """
    a0, a1, b0, b1, c1, c2 = (x / (BGL_VCB * BGL_ETA_EW) for x in args)
    r, w = m / m_b, recoil(q2, m_b, m)
    z = recoil_z(w)
    c0 = (m_b - m) / m_b * math.sqrt(0.5) / (1 + r + 2 * math.sqrt(r)) * b0
    base = (1 + r) * (1 - z) + 2 * math.sqrt(r) * (1 + z)
    phi_g = math.sqrt(256 * BGL_N_I / (3 * math.pi * BGL_CHI_PLUS)) * r * r * (1 + z) ** 2 / np.sqrt(1 - z) / base**4
    minus = 3 * math.pi * BGL_CHI_MINUS
    phi_f = math.sqrt(16 * BGL_N_I / minus) / m_b**2 * r * (1 + z) * (1 - z) ** 1.5 / base**4
    phi_f1 = math.sqrt(8 * BGL_N_I / minus) / m_b**3 * r * (1 + z) * (1 - z) ** 2.5 / base**5

    def blaschke(poles: Sequence[float]) -> np.ndarray:
        product, t_plus = np.ones_like(z), (m_b + m) ** 2
        whole = math.sqrt(t_plus - (m_b - m) ** 2)
        for pole in poles:
            part = math.sqrt(t_plus - pole**2)
            zp = (part - whole) / (part + whole)
            product = product * (z - zp) / (1 - z * zp)
        return product

    g = (a0 + a1 * z) / (blaschke(BGL_VECTOR_POLES) * phi_g)
    axial = blaschke(BGL_AXIAL_POLES)
    f = (b0 + b1 * z) / (axial * phi_f)
    f1 = (c0 + c1 * z + c2 * z * z) / (axial * phi_f1)
    # A₂ = [(M + m)/(2 M² m² (w² − 1))] [(M w − m) m … ]: R₂ is 0/0 at w = 1; step off by what moves nothing.
    step = np.maximum(w - 1.0, 1e-9)
    h_a1 = f / (math.sqrt(m_b * m) * (1 + w))
    r1 = (w + 1) * m_b * m * g / f
    r2 = (w - r - f1 / (m_b * f)) / step
    return _from_ratios(w, h_a1, np.full_like(w, BGL_R0), r1, r2, m_b, m)


def bgl_scalar(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D: a₊₀ … a₊₃, a₀₀ … a₀₃ (Belle, Phys. Rev. D93 (2016) 032006, N = 3)."""
    r, z = m / m_b, recoil_z(recoil(q2, m_b, m))
    base = (1 + r) * (1 - z) + 2 * math.sqrt(r) * (1 + z)
    scale = 4 * r / (1 + r) ** 2
    phi_plus = 1.1213 * (1 + z) ** 2 * np.sqrt(1 - z) / base**5
    phi_zero = 0.5299 * (1 + z) * (1 - z) ** 1.5 / base**4
    plus, zero = np.polynomial.polynomial.polyval(z, args[:4]), np.polynomial.polynomial.polyval(z, args[4:])
    return scale * plus / phi_plus, scale * zero / phi_zero


def hqet_vector(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D*: h_A1(1), ρ², R₁(1), R₂(1), R₀(1) (Caprini, Lellouch, Neubert; R₀: Fajfer et al., arXiv:1203.2654)."""
    h1, rho2, r1, r2, r0 = args
    w = recoil(q2, m_b, m)
    z, d = recoil_z(w), w - 1.0
    h_a1 = h1 * (1 - 8 * rho2 * z + (53 * rho2 - 15) * z**2 - (231 * rho2 - 91) * z**3)
    ratios = r0 - 0.11 * d + 0.01 * d**2, r1 - 0.12 * d + 0.05 * d**2, r2 + 0.11 * d - 0.06 * d**2
    return _from_ratios(w, h_a1, *ratios, m_b, m)


def hqet_scalar(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D: V₁(1), ρ², Δ (CLN; S₁/V₁ of Tanaka and Watanabe, arXiv:1005.4306)."""
    v1, rho2, delta = args
    w = recoil(q2, m_b, m)
    z, d, r = recoil_z(w), w - 1.0, m / m_b
    v = v1 * (1 - 8 * rho2 * z + (51 * rho2 - 10) * z**2 - (252 * rho2 - 84) * z**3)
    s = v * (1 + delta * (-0.019 + 0.041 * d - 0.015 * d**2))
    # f₊ = V₁ (1 + r)/(2√r), f₀ = S₁ √r (w + 1)/(1 + r)
    return v * (1 + r) / (2 * math.sqrt(r)), s * math.sqrt(r) * (w + 1) / (1 + r)


# Leibovich, Ligeti, Stewart and Wise, Phys. Rev. D57 (1998) 308; quark masses and Λ's [GeV] as in basf2 EvtLLSWFF.cc
LLSW_M_B, LLSW_M_C = 4.2, 1.4
LLSW_LAMBDA, LLSW_LAMBDA_PRIME, LLSW_LAMBDA_STAR = 0.40, 0.80, 0.76


def llsw_scalar(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D₀*: ζ(1), ζ', ζ₁ (approximation B₁; chromomagnetic terms off)."""
    w = recoil(q2, m_b, m)
    zeta, zeta1 = args[0] * (1 + args[1] * (w - 1)), args[2]
    ec, eb = 0.5 / LLSW_M_C, 0.5 / LLSW_M_B
    lam, star = LLSW_LAMBDA, LLSW_LAMBDA_STAR
    tilt = 2 * (w - 1) * zeta1
    g_plus = zeta * (
        ec * (tilt - 3 * (w * star - lam) / (w + 1)) - eb * ((star * (2 * w + 1) - lam * (w + 2)) / (w + 1) - tilt)
    )
    g_minus = zeta
    root = 2 * math.sqrt(m * m_b)
    f_plus = ((m_b + m) * g_plus - (m_b - m) * g_minus) / root
    f_zero = (m_b - m) * ((m_b + m) ** 2 - q2) * g_plus - (m + m_b) * ((m_b - m) ** 2 - q2) * g_minus
    return f_plus, f_zero / (root * (m_b - m) * (m + m_b))


def _axial(
    f_a: np.ndarray, v1: np.ndarray, v2: np.ndarray, v3: np.ndarray, q2: np.ndarray, m_b: float, m: float
) -> FormFactors:
    root, total = math.sqrt(m * m_b), m + m_b
    a1 = root / total * v1
    a2 = -total * (v3 + m / m_b * v2) / (2 * root)
    v = 0.5 * total / root * f_a
    a3 = total / (2 * m) * a1 - (m_b - m) / (2 * m) * a2
    a0 = a3 - q2 * (v3 - m / m_b * v2) / (4 * m * root)
    return v, a1, a2, a0


def llsw_broad_axial(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D₁' (j = ½): ζ(1), ζ', ζ₁."""
    w = recoil(q2, m_b, m)
    zeta, zeta1 = args[0] * (1 + args[1] * (w - 1)), args[2]
    ec, eb = 0.5 / LLSW_M_C, 0.5 / LLSW_M_B
    lam, star = LLSW_LAMBDA, LLSW_LAMBDA_STAR
    light = star * (2 * w + 1) - lam * (w + 2)
    heavy = w * star - lam
    v1 = zeta * ((w - 1) + ec * heavy - eb * (light - 2 * (w**2 - 1) * zeta1))
    v2 = zeta * 2 * ec * zeta1
    v3 = zeta * (-1 - ec * (heavy / (w + 1) + 2 * zeta1) + eb * (light / (w + 1) - 2 * (w - 1) * zeta1))
    f_a = zeta * (1 + ec * heavy / (w + 1) - eb * (light / (w + 1) - 2 * (w - 1) * zeta1))
    return _axial(f_a, v1, v2, v3, q2, m_b, m)


def llsw_narrow_axial(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D₁ (j = 3/2): τ(1), τ', τ̂₁, τ̂₂."""
    w = recoil(q2, m_b, m)
    tau, t1, t2 = args[0] * (1 + args[1] * (w - 1)), args[2], args[3]
    ec, eb = 0.5 / LLSW_M_C, 0.5 / LLSW_M_B
    lam, prime = LLSW_LAMBDA, LLSW_LAMBDA_PRIME
    bracket = prime + lam - (2 * w + 1) * t1 - t2
    heavy = 4 * (w * prime - lam)
    scale = tau / math.sqrt(6.0)
    f_a = -scale * ((w + 1) + eb * (w - 1) * bracket + ec * (heavy - 3 * (w - 1) * (t1 - t2)))
    v1 = scale * ((1 - w**2) * (1 + eb * bracket) - ec * ((w + 1) * heavy - 3 * (w**2 - 1) * (t1 - t2)))
    v2 = -scale * (3 + 3 * eb * bracket + ec * ((4 * w - 1) * t1 + 5 * t2))
    v3 = scale * ((w - 2) + eb * (2 + w) * bracket + ec * (heavy + (2 + w) * t1 + (2 + 3 * w) * t2))
    return _axial(f_a, v1, v2, v3, q2, m_b, m)


def llsw_tensor(args: Sequence[float], q2: np.ndarray, m_b: float, m: float) -> FormFactors:
    """B → D₂*: τ(1), τ', τ̂₁, τ̂₂.

    h and k have one sign, which makes the charm quark left-handed (as for D₁ and D*).
    """
    w = recoil(q2, m_b, m)
    tau, t1, t2 = args[0] * (1 + args[1] * (w - 1)), args[2], args[3]
    ec, eb = 0.5 / LLSW_M_C, 0.5 / LLSW_M_B
    bracket = LLSW_LAMBDA_PRIME + LLSW_LAMBDA - (2 * w + 1) * t1 - t2
    k_a1 = -tau * ((1 + w) + eb * (w - 1) * bracket + ec * (w - 1) * (t1 - t2))
    k_a2 = -tau * 2 * ec * t1
    k_a3 = tau * (1 + eb * bracket - ec * (t1 + t2))
    k_v = -tau * (1 + eb * bracket + ec * (t1 - t2))
    root = math.sqrt(m * m_b)
    h = k_v / (2 * m_b * root)
    return (
        h,
        root / m_b * k_a1,
        root * (k_a3 * m_b + k_a2 * m) / (2 * m_b**3 * m),
        root * (k_a2 * m - k_a3 * m_b) / (2 * m_b**3 * m),
    )
