"""Inclusive B decays that distribute the mass of their hadronic system: X_u ℓν (VUB), X_s γ, X_s ℓ⁺ℓ⁻.

The distribution in (m_X, q²) is integrated over quark-level variables when the table is built and kept as quantiles;
the kernels invert them.  The lepton's angle in the pair's frame follows at given (m_X, q²).

- VUB: triple-differential rate of De Fazio and Neubert, JHEP 06 (1999) 017, to order α_s with the b quark's Fermi
  motion F(k₊) ∝ (1 − x)^a e^{(1+a)x}, x = k₊/(m_B − m_b), and the line's weights in bins of m_X (hybrid model).
- BTOXSGAMMA: default spectrum of Kagan and Neubert, Eur. Phys. J. C7 (1999) 5, between 1.1 and 4.5 GeV as in EvtGen.
- BTOXSLL: b → sℓ⁺ℓ⁻ at quark level (Ali, Lunghi, Greub and Hiller, Phys. Rev. D66 (2002) 034002, without power
  corrections) with Gaussian Fermi motion (ACCMM) and a spectator quark.
"""

import json
import math
from collections.abc import Sequence
from importlib.resources import files

import numpy as np

from physics.decays.penguin import C7_EFF, C10, c9_effective
from physics.decays.semileptonic import QUANTILES, equal_probability, place_at_q2, quantile
from physics.decays.species import CHARGED_LEPTONS, NEUTRINOS, Species, check_count, numbers
from physics.jit import kernel
from physics.random import uniform

X_S_GAMMA, X_U, X_S_LL = range(3)
HEADER = 8
MASS_ROWS, Q2_POINTS = 32, 64
"""Grid of the conditional q² quantiles: equally probable slices of m_X, points each."""
_M_XS_MIN, _M_XS_MAX = 1.1, 4.5  # GeV, EvtGen's BTOXSGAMMA; the lower edge also of BTOXSLL
_SAMPLES = 1 << 17


@kernel
def draw_hadronic_mass(stream, parameters, masses):
    """Overwrite the mass [GeV] of X; False when this mother has no room for it."""
    i = int(parameters[1]) + 1
    room = masses[0]
    for k in range(1, len(masses)):
        if k != i:
            room -= masses[k]
    for _ in range(1000):
        m = quantile(parameters, HEADER, uniform(stream))
        if m < room:
            masses[i] = m
            return True
    return False


@kernel
def _mass_fraction(parameters, m):
    """Probability below ``m``: the inverse of the quantile table."""
    low, high = 0, QUANTILES
    while high - low > 1:
        middle = (low + high) // 2
        if parameters[HEADER + middle] <= m:
            low = middle
        else:
            high = middle
    a, b = parameters[HEADER + low], parameters[HEADER + high]
    t = (m - a) / (b - a) if b > a else 0.0
    return (low + min(1.0, max(0.0, t))) / QUANTILES


@kernel
def _interpolated(parameters, first, r, u):
    """Bilinear value of a MASS_ROWS × (Q2_POINTS + 1) table at row position r and point position u in [0, 1]."""
    width = Q2_POINTS + 1
    x = min(max(r * MASS_ROWS - 0.5, 0.0), MASS_ROWS - 1.0)
    i = min(int(x), MASS_ROWS - 2)
    y = u * Q2_POINTS
    j = min(int(y), Q2_POINTS - 1)
    a, b = x - i, y - j
    k = first + i * width + j
    below = parameters[k] + b * (parameters[k + 1] - parameters[k])
    above = parameters[k + width] + b * (parameters[k + width + 1] - parameters[k + width])
    return below + a * (above - below)


@kernel
def angular_weight(parameters, masses, q2, c, extra):
    """Angular factor at cosθ = c of the lepton to the pair's direction, and the largest it can be."""
    big, m = masses[0], masses[int(parameters[1]) + 1]
    if int(parameters[0]) == X_U:
        # E_ν (p·p_ℓ) with the quark's momentum p = P_X − q₊ v, massless leptons (extra = q₊)
        e_pair = (big * big + q2 - m * m) / (2.0 * big)
        k = math.sqrt(max(0.0, e_pair * e_pair - q2))
        e_l, e_n = 0.5 * (e_pair + k * c), 0.5 * (e_pair - k * c)
        # 2 P_X·p_ℓ = (P_X + p_ℓ)² − m_X² = (M v − p_ν)² − m_X² = M² − 2 M E_ν − m_X²
        product = 0.5 * (big * big - m * m) - big * e_n
        top = 0.5 * (e_pair + k) * 0.5 * (big * big - m * m)
        return max(0.0, e_n * (product - extra * e_l)), top
    # (1 + c²) H_T + 2 c H_A + 2 (1 − c²) H_L, extra = q²/m_b²
    s = extra
    c9, c7 = parameters[5], C7_EFF
    across = 2.0 * s * ((c9 + 2.0 * c7 / s) ** 2 + C10 * C10)
    forward = -4.0 * s * C10 * (c9 + 2.0 * c7 / s)
    along = (c9 + 2.0 * c7) ** 2 + C10 * C10
    weight = (1.0 + c * c) * across + 2.0 * c * forward * parameters[6] + 2.0 * (1.0 - c * c) * along
    return max(0.0, weight), 2.0 * across + 2.0 * abs(forward) + 2.0 * along


@kernel
def draw_inclusive(stream, parameters, masses, p):
    """Unweighted daughters of B → X ℓν or X ℓℓ at the X mass drawn before."""
    kind = int(parameters[0])
    if kind == X_S_GAMMA:
        return False
    i, lepton = int(parameters[1]), int(parameters[2])
    m = masses[i + 1]
    low = parameters[4]
    high = (masses[0] - m) ** 2
    r = _mass_fraction(parameters, m)
    first = HEADER + QUANTILES + 1
    for _ in range(1000):
        u = uniform(stream)
        v = _interpolated(parameters, first, r, u)
        extra = 0.0
        if kind == X_U:
            q2 = low + (high - low) * v
            extra = _interpolated(parameters, first + MASS_ROWS * (Q2_POINTS + 1), r, u)
        else:
            q2 = low * math.exp(math.log(high / low) * v)
            extra = q2 / (parameters[7] * parameters[7])
        for _ in range(1000):
            c = 2.0 * uniform(stream) - 1.0
            weight, top = angular_weight(parameters, masses, q2, c, extra)
            if top * uniform(stream) < weight:
                if place_at_q2(stream, masses, i, lepton, q2, c, p):
                    return True
                break
    return False


@kernel
def inclusive(parameters, p, masses, spins2, amp):
    """Fill ``amp`` of an inclusive decay: the angular factor alone, leptons left-handed.

    The (m_X, q²) distribution is only in :func:`draw_inclusive`; spins of the leptons are approximate for taus.
    """
    n1, n2 = spins2[1], spins2[2]
    if int(parameters[0]) == X_S_GAMMA:
        for k in range(spins2[0] * n1 * n2):
            amp[k] = 1.0
        return
    n3 = spins2[3]
    for k in range(spins2[0] * n1 * n2 * n3):
        amp[k] = 0.0
    i, lepton, other = int(parameters[1]), int(parameters[2]), int(parameters[3])
    big = masses[0]
    q2 = big * big + masses[i + 1] ** 2 - 2.0 * big * p[i, 3]
    k = math.sqrt(p[i, 0] ** 2 + p[i, 1] ** 2 + p[i, 2] ** 2)
    if q2 <= 0.0 or k <= 0.0:
        return
    c = (p[lepton, 3] - p[other, 3]) / k
    extra = q2 / (parameters[7] * parameters[7]) if int(parameters[0]) == X_S_LL else 0.0
    weight, top = angular_weight(parameters, masses, q2, min(1.0, max(-1.0, c)), extra)
    strides = (n2 * n3, n3, 1)
    # helicity −½ of an ℓ⁻ is its second state, +½ of an ℓ⁺ its first
    index = strides[lepton] * (spins2[lepton + 1] - 1)
    if parameters[6] < 0.0 and int(parameters[0]) == X_U:
        index = 0
    amp[index] = math.sqrt(weight / top)


def _dilogarithm(x: np.ndarray) -> np.ndarray:
    """Li₂ on (−1, 1), by quadrature of −ln(1 − t)/t."""
    t = np.linspace(-1, 1 - 1e-9, 20001)
    with np.errstate(divide="ignore", invalid="ignore"):
        integrand = np.where(np.abs(t) < 1e-12, 1.0, -np.log1p(-t) / np.where(t == 0, 1, t))
    table = np.concatenate([[0.0], np.cumsum(0.5 * (integrand[1:] + integrand[:-1]) * np.diff(t))])
    return np.asarray(np.interp(x, t, table - np.interp(0.0, t, table)))


def parton_rate(z: np.ndarray, p2: np.ndarray, alpha_s: float) -> np.ndarray:
    """d²Γ/(dz dp̂²)/Γ₀ of b → uℓν, integrated over x = 2E_ℓ/m_b (De Fazio and Neubert 1999, eqs. 2.9, 3.1–3.9).

    The δ(p̂²) is spread over 1e-10 < p̂² < 1e-5 and the plus distributions are cut where the virtual part of the
    rate vanishes at z = 1, as EvtGen's VUB does.
    """
    c = alpha_s / (3 * math.pi)
    ln_cut = -1.75 - math.sqrt(max(0.0, 9 / 16 - 2 * math.pi**2 / 3 + 1.5 * math.pi / alpha_s)) if alpha_s > 0 else 0.0
    cut, low, high = math.exp(ln_cut), 1e-10, 1e-5
    sharp = (p2 > low) & (p2 < high)
    inside = (p2 >= np.maximum(0.0, z - 1)) & (4 * p2 < z * z)
    z = np.where(inside, z, 1.0)
    t2 = np.where(inside & ~sharp, 1 - 4 * np.where(inside, p2, 0.1) / z**2, 0.5)
    t = np.sqrt(t2)
    ln = np.log((1 + t) / (1 - t)) / t
    p = np.where(inside, p2, 0.1)
    ratio = np.where(np.abs(z - 1) < 1e-9, -1.0, np.log(z) / np.where(z == 1, 0.5, 1 - z))
    bracket = 8 * np.log(z) ** 2 - 10 * np.log(z) + 2 * ratio + 4 * _dilogarithm(1 - z) + 4 * math.pi**2 / 3 + 5
    w1_sharp = 1 + c * (-bracket + (8 * np.log(z) - 7) * ln_cut - 2 * ln_cut**2)
    w45_sharp = c * 2 * ratio
    two = (8 - z) * (2 - z)
    w1 = 4 / p * (ln + np.log(p / z**2)) + 1 - two / z**2 / t2 + ((2 - z) / (2 * z) + two / (2 * z**2 * t2)) * ln
    w1 = w1 + np.where(p > cut, (8 * np.log(z) - 7 - 4 * np.log(p)) / p, 0.0)
    w11 = (32 - 8 * z + z**2) / (4 * z * t2)
    w2 = (8 - z) / 4 + w11 - (z * t2 / 8 + (4 - z) / 4 + w11 / 2) * ln
    tail = (12 - z) / t2**2
    w3 = -(8 - 3 * z) / 8 + (32 + 22 * z - 3 * z**2) / (4 * z * t2) - 3 / 8 * tail
    w3 = w3 + (z * t2 / 16 + 5 * (4 - z) / 16 - (64 + 56 * z - 7 * z**2) / (16 * z * t2) + 3 / 16 * tail) * ln
    w4 = -1 - (32 - 5 * z) / (2 * z * t2) + 3 / (2 * z) * tail
    w4 = w4 - ((8 - 3 * z) / (4 * z) - (22 - 3 * z) / (2 * z * t2) + 3 / (4 * z) * tail) * ln
    w5 = -(8 + z) / (2 * z**2 * t2) - 3 / (2 * z**2) * tail
    w5 = w5 + (1 / (4 * z) - (2 - z) / (2 * z**2 * t2) + 3 / (4 * z**2) * tail) * ln
    # ∫ over x̄ = 1 − x between the roots of x̄ (z − x̄) = p̂²
    total = np.zeros_like(z)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    root = np.sqrt(np.maximum(0.0, z * z - 4 * p))
    for a, b in zip(nodes, weights, strict=True):
        xb = 0.5 * (z + root * a)
        smooth = (1 + xb - z) * (z - xb - p) * c * w1 + (1 - z + p) * c * w2
        smooth = smooth + (xb * (z - xb) - p) * c * (w3 + w4 + w5)
        delta = ((1 + xb - z) * (z - xb) * w1_sharp + xb * (z - xb) * w45_sharp) / (high - low)
        total += 0.5 * b * root * np.where(sharp, delta * (z <= 1), smooth)
    return np.where(inside, 12 * np.maximum(total, 0.0), 0.0)


def _low_discrepancy(n: int, dimensions: int) -> np.ndarray:
    """Return n points of the R_d additive recurrence in the unit cube (Roberts 2018)."""
    g = 1.5
    for _ in range(60):
        g = (1 + g) ** (1 / (dimensions + 1))
    steps = g ** -np.arange(1.0, dimensions + 1)
    return (0.5 + np.outer(np.arange(1, n + 1), steps)) % 1.0


def _quantile_rows(m_x: np.ndarray, v: np.ndarray, extra: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the quantiles of m_X, then of v in slices of m_X, then the mean of ``extra`` at those points."""
    order = np.argsort(m_x)
    m_x, v, extra, weight = m_x[order], v[order], extra[order], weight[order]
    cumulative = np.cumsum(weight)
    cumulative /= cumulative[-1]
    levels = np.linspace(0, 1, QUANTILES + 1)
    mass_table = np.interp(levels, np.concatenate([[0.0], cumulative]), np.concatenate([[m_x[0]], m_x]))
    v_table, extra_table = np.zeros((MASS_ROWS, Q2_POINTS + 1)), np.zeros((MASS_ROWS, Q2_POINTS + 1))
    edges = np.searchsorted(cumulative, np.linspace(0, 1, MASS_ROWS + 1))
    for i in range(MASS_ROWS):
        part = slice(edges[i], max(edges[i] + 10, edges[i + 1]))
        inner = np.argsort(v[part])
        vs, ws, es = v[part][inner], weight[part][inner], extra[part][inner]
        running = np.cumsum(ws) / np.sum(ws)
        points = np.linspace(0, 1, Q2_POINTS + 1)
        v_table[i] = np.interp(points, np.concatenate([[0.0], running]), np.concatenate([[vs[0]], vs]))
        # local mean of the extra variable in 16 slices, smooth enough for an angle
        centres = np.minimum((running * 16).astype(int), 15)
        sums = np.bincount(centres, ws, 16)
        means = np.bincount(centres, ws * es, 16) / np.where(sums > 0, sums, 1)
        good = sums > 0
        extra_table[i] = np.interp(points, (np.arange(16)[good] + 0.5) / 16, means[good])
    return np.concatenate([mass_table, v_table.ravel(), extra_table.ravel()])


def _fermi_x_u(values: Sequence[float], m_b_meson: float, m_lepton: float) -> np.ndarray:
    m_b, a, alpha_s, bins = values[0], values[1], values[2], round(abs(values[3]))
    edges, weights = np.array(values[4::2]), np.array(values[5::2])
    if len(edges) != bins or len(weights) != bins or np.any(np.diff(edges) <= 0) or weights.max() <= 0:
        message = f"VUB needs {bins} pairs of rising mass and weight after its first four arguments; correct the line."
        raise ValueError(message)
    u = _low_discrepancy(_SAMPLES, 3)
    k = np.linspace(-m_b, m_b_meson - m_b, 4001)
    x = np.minimum(k / (m_b_meson - m_b), 1.0)
    shape = (1 - x) ** a * np.exp((1 + a) * x)
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (shape[1:] + shape[:-1]))])
    k_plus = np.interp(u[:, 0] * cumulative[-1], cumulative, k)
    z, p2 = 2 * u[:, 1], 10.0 ** (-10 * u[:, 2])
    weight = parton_rate(z, p2, alpha_s) * p2
    q_plus = m_b_meson - m_b - k_plus
    effective = m_b_meson - q_plus
    e_x = 0.5 * z * effective + q_plus
    s_x = p2 * effective**2 + 2 * q_plus * (e_x - q_plus) + q_plus**2
    q2 = m_b_meson**2 + s_x - 2 * m_b_meson * e_x
    m_x = np.sqrt(np.maximum(s_x, 0.0))
    ok = (m_x > edges[0]) & (q2 > m_lepton**2) & (e_x < m_b_meson) & (weight > 0) & (m_x < m_b_meson - m_lepton)
    m_x, q2, weight, q_plus = m_x[ok], q2[ok], weight[ok], q_plus[ok]
    weight = weight * weights[np.searchsorted(edges, m_x) - 1]
    v = np.clip((q2 - m_lepton**2) / ((m_b_meson - m_x) ** 2 - m_lepton**2), 0.0, 1.0)
    return _quantile_rows(m_x, v, q_plus, weight)


def _fermi_x_s(values: Sequence[float], m_b_meson: float, m_lepton: float) -> np.ndarray:
    m_b, m_s, m_q, p_f = values[:4]
    lowest = values[4] if len(values) > 4 else _M_XS_MIN
    u = _low_discrepancy(_SAMPLES, 3)
    p = np.linspace(0, 6 * p_f, 2001)
    density = p**2 * np.exp(-((p / p_f) ** 2))
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    p_b = np.interp(u[:, 0] * cumulative[-1], cumulative, p)
    e_q = np.sqrt(p_b**2 + m_q**2)
    m_eff = np.sqrt(np.maximum(m_b_meson**2 + m_q**2 - 2 * m_b_meson * e_q, 1e-6))
    low = 4 * m_lepton**2
    high = np.maximum((m_eff - m_s) ** 2, low * 1.0001)
    q2 = low * (high / low) ** u[:, 1]
    s = np.minimum(q2 / m_b**2, 0.9999)
    c9 = np.interp(q2, *_c9_table())
    rate = (1 - s) ** 2 * np.sqrt(1 - low / q2) * (1 + low / (2 * q2))
    rate *= (1 + 2 * s) * (c9**2 + C10**2) + 4 * (1 + 2 / s) * C7_EFF**2 + 12 * C7_EFF * c9
    weight = rate * q2 * np.log(high / low)
    k = np.sqrt(np.maximum((m_eff**2 - (m_s + np.sqrt(q2)) ** 2) * (m_eff**2 - (m_s - np.sqrt(q2)) ** 2), 0.0))
    k = k / (2 * m_eff)
    e_b = m_b_meson - e_q
    e_pair = (e_b * np.sqrt(k**2 + q2) + p_b * k * (2 * u[:, 2] - 1)) / m_eff
    s_x = m_b_meson**2 + q2 - 2 * m_b_meson * e_pair
    m_x = np.sqrt(np.maximum(s_x, 0.0))
    ok = (m_x > lowest) & (m_x + np.sqrt(q2) < m_b_meson) & (weight > 0) & (m_eff - m_s > 2 * m_lepton)
    m_x, q2, weight = m_x[ok], q2[ok], weight[ok]
    v = np.clip(np.log(q2 / low) / np.log((m_b_meson - m_x) ** 2 / low), 0.0, 1.0)
    return _quantile_rows(m_x, v, q2, weight)


def _c9_table() -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(0.01, 25, 300)
    return grid, np.array([c9_effective(x).real for x in grid])


def _photon_spectrum() -> np.ndarray:
    table = json.loads((files("physics") / "data" / "b_to_xs_gamma_mass.json").read_text())
    grid = np.linspace(_M_XS_MIN, _M_XS_MAX, 2001)
    return equal_probability(grid, np.interp(grid, table["mass"], table["br"]))


def prepare_inclusive(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return the row of one line; raises ValueError on wrong arguments or daughters."""
    values = numbers(model, args)
    leptons = [i for i, d in enumerate(daughters) if abs(d.pdg) in CHARGED_LEPTONS + NEUTRINOS]
    wanted = 0 if model == "BTOXSGAMMA" else 2
    if len(leptons) != wanted or len(daughters) != (2 if wanted == 0 else 3):
        others = "a photon" if wanted == 0 else "two leptons"
        message = f"{model} needs an inclusive hadron and {others}; correct the daughters of {mother.pdg}."
        raise ValueError(message)
    if model == "BTOXSGAMMA":
        check_count(model, values, [1])
        hadron = next(i for i, d in enumerate(daughters) if d.pdg != 22)
        return np.concatenate([[X_S_GAMMA, hadron, *[0.0] * (HEADER - 2)], _photon_spectrum()])
    hadron = 3 - sum(leptons)
    charged = [i for i in leptons if abs(daughters[i].pdg) in CHARGED_LEPTONS]
    sign = 1.0 if mother.pdg < 0 else -1.0  # b quark or its antiquark
    if model == "VUB":
        if len(values) < 6 or len(charged) != 1:
            message = (
                "VUB needs m_b, a, alpha_s, the number of bins and pairs of mass and weight, and one charged lepton."
            )
            raise ValueError(message)
        lepton = charged[0]
        head = [X_U, hadron, lepton, 3 - hadron - lepton, daughters[lepton].mass ** 2, 0.0, sign, values[0]]
        return np.concatenate([head, _fermi_x_u(values, mother.mass, daughters[lepton].mass)])
    check_count(model, values, [0, 4, 5])
    values = values or [4.8, 0.2, 0.0, 0.41]
    minus = next((i for i in leptons if daughters[i].pdg > 0), leptons[0])
    low = 4 * daughters[minus].mass ** 2
    # ℓ⁻ goes with the pair in b decays as ℓ⁺ does in b̄ decays
    head = [X_S_LL, hadron, minus, 3 - hadron - minus, low, c9_effective(5.0).real, sign, values[0]]
    return np.concatenate([head, _fermi_x_s(values, mother.mass, daughters[minus].mass)])


INCLUSIVE = ("BTOXSGAMMA", "VUB", "BTOXSLL")
