"""B → M ℓν and its kin: hadronic current ⊗ leptonic current, M of spin 0, 1 or 2, massive leptons of either charge.

The amplitude is ``A[λ_M, λ_ℓ] = J_µ(λ_M) L^µ(λ_ℓ)`` with a left-handed leptonic current and, for a decaying quark,

- spin 0: ``J = f₊ (p + p')_µ + (f₀ − f₊) (M² − m²)/q² q_µ``,
- spin 1: ``J = f ε*_µ + i g ε_{µναβ} ε*^ν (p + p')^α q^β + a₊ (ε*·p)(p + p')_µ + a₋ (ε*·p) q_µ``,
  f = (M + m) A₁, g = V/(M + m), a₊ = −A₂/(M + m), a₋ = −2m (A₃ − A₀)/q²
  (Wirbel, Stech and Bauer, Z. Phys. C29 (1985) 637),
- spin 2: the same with ``ε*_µ → ε*_{µν} p^ν`` and (h, k, b₊, b₋) for (g, f, a₊, a₋) (Isgur, Scora, Grinstein and
  Wise, Phys. Rev. D39 (1989) 799).

so that H± = f ∓ 2Mpg: the quark is left-handed.  A decaying antiquark mirrors g.  B → K(*)νν̄ is the case of a
neutral lepton.  Form factors are tabulated (as helicity amplitudes) in ``x = 1 − q²/(M − m)²`` when the table is
built; the kernel interpolates, so that every parametrisation costs the same.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from physics.decays.dalitz import place_three
from physics.decays.species import (
    CHARGED_LEPTONS,
    NEUTRINOS,
    Species,
    check_count,
    conjugated,
    numbers,
    twice_spin,
)
from physics.form_factors import b_to_charm, b_to_k, b_to_kstar, b_to_light, charm
from physics.form_factors.isgw2 import Isgw2
from physics.jit import kernel
from physics.random import uniform
from physics.spin import antiparticle_spinor, particle_spinor, polarisation_vector, weyl_current

INTERVALS = 100
"""Intervals of the form-factor tables; linear interpolation is good to about 1e-4."""
MASSES, MASS_STEP = 13, 0.08
"""Meson masses [GeV] around the nominal one, for which the direct sampling has bounds."""
QUANTILES = 200
"""Equally probable intervals of the tabulated q² spectrum."""
_TABLE = 8

ROLE_MIRROR, ROLE_MESON, ROLE_LEPTON, ROLE_NEUTRINO, ROLE_SIGN, ROLE_STATES, ROLE_MASS, ROLE_MOTHER_MASS = range(8)


@kernel
def table_row(first, columns, q2, m_mother, m_meson):
    """Return (index of the row, fraction) of q² in a form-factor table that starts at ``first``."""
    x = (1.0 - q2 / ((m_mother - m_meson) * (m_mother - m_meson))) * INTERVALS
    if x <= 0.0:
        return first, 0.0
    if x >= INTERVALS:
        return first + (INTERVALS - 1) * columns, 1.0
    k = int(x)
    return first + k * columns, x - k


@kernel
def lepton_current(p, lepton, neutrino, sign, twice_helicity, chirality):
    """Contravariant current of a lepton of charge −``sign`` and its (anti)neutrino; or of an ℓ⁻ℓ⁺ pair.

    The "neutrino" has the helicity that makes it chiral when it is massless.
    """
    if sign > 0.0:
        a = particle_spinor(p[lepton, 0], p[lepton, 1], p[lepton, 2], p[lepton, 3], twice_helicity, chirality)
        b = antiparticle_spinor(p[neutrino, 0], p[neutrino, 1], p[neutrino, 2], p[neutrino, 3], -chirality, chirality)
    else:
        a = particle_spinor(p[neutrino, 0], p[neutrino, 1], p[neutrino, 2], p[neutrino, 3], chirality, chirality)
        b = antiparticle_spinor(p[lepton, 0], p[lepton, 1], p[lepton, 2], p[lepton, 3], twice_helicity, chirality)
    return weyl_current(a[0], a[1], b[0], b[1], chirality)


@kernel
def transverse_product(p, i, helicity, current):
    """ε*(λ)·L of daughter ``i``'s transverse polarisation, with the metric's sign."""
    e = polarisation_vector(p[i, 0], p[i, 1], p[i, 2], p[i, 3], 1.0, helicity)
    return -(e[1].conjugate() * current[1] + e[2].conjugate() * current[2] + e[3].conjugate() * current[3])


@kernel
def helicity_amplitudes(parameters, n_meson, q2, big, small, k):
    """H₊, H₋, √q² H₀, √q² H_t at q² for a meson with ``n_meson`` states and momentum ``k``."""
    columns = 2 if n_meson == 1 else 4
    row, t = table_row(_TABLE, columns, q2, big, small)
    f0 = parameters[row] + t * (parameters[row + columns] - parameters[row])
    f1 = parameters[row + 1] + t * (parameters[row + columns + 1] - parameters[row + 1])
    if n_meson == 1:
        return 0.0, 0.0, 2.0 * big * k * f0, (big * big - small * small) * f1
    f2 = parameters[row + 2] + t * (parameters[row + columns + 2] - parameters[row + 2])
    f3 = parameters[row + 3] + t * (parameters[row + columns + 3] - parameters[row + 3])
    product = big * k / small  # ε*(0)·p
    g = 2.0 * big * k * f0 * parameters[ROLE_MIRROR]
    zero, time = f2 * (big - small), f3 * product
    if n_meson == 3:
        return f1 - g, f1 + g, zero, time
    across, along = math.sqrt(0.5) * product, math.sqrt(2.0 / 3.0) * product
    return across * (f1 - g), across * (f1 + g), along * zero, along * time


@kernel
def semileptonic(parameters, p, masses, spins2, amp):
    """Fill ``amp`` of a spin-0 mother's decay to meson, lepton and neutrino in any order."""
    meson = int(parameters[ROLE_MESON])
    lepton = int(parameters[ROLE_LEPTON])
    neutrino = int(parameters[ROLE_NEUTRINO])
    sign = parameters[ROLE_SIGN]
    n_meson, n_lepton = spins2[meson + 1], spins2[lepton + 1]
    n2, n3 = spins2[2], spins2[3]
    for k in range(spins2[1] * n2 * n3):
        amp[k] = 0.0
    meson_stride = n2 * n3 if meson == 0 else (n3 if meson == 1 else 1)
    lepton_stride = n2 * n3 if lepton == 0 else (n3 if lepton == 1 else 1)

    big, small = masses[0], masses[meson + 1]
    e = p[meson, 3]
    k = math.sqrt(p[meson, 0] ** 2 + p[meson, 1] ** 2 + p[meson, 2] ** 2)
    q2 = big * big + small * small - 2.0 * big * e
    if q2 <= 0.0 or k == 0.0:
        return
    nx, ny, nz = p[meson, 0] / k, p[meson, 1] / k, p[meson, 2] / k
    plus, minus, h_zero, h_time = helicity_amplitudes(parameters, n_meson, q2, big, small, k)
    time = (h_time * (big - e) - h_zero * k) / q2
    along = (h_zero * (big - e) - h_time * k) / q2
    middle = n_meson // 2
    for i in range(n_lepton):
        helicity = 1 - 2 * i
        if n_lepton == 1:
            helicity = -1 if sign > 0.0 else 1
        current = lepton_current(p, lepton, neutrino, sign, helicity, -1)
        base = i * lepton_stride
        longitudinal = time * current[0] - along * (nx * current[1] + ny * current[2] + nz * current[3])
        amp[base + middle * meson_stride] = longitudinal
        if n_meson > 1:
            amp[base + (middle - 1) * meson_stride] = plus * transverse_product(p, meson, 1, current)
            amp[base + (middle + 1) * meson_stride] = minus * transverse_product(p, meson, -1, current)


@kernel
def place_at_q2(stream, masses, meson, lepton, q2, cosine, p):
    """Momenta of mother → meson + pair of mass² ``q2``, the lepton at ``cosine`` to the pair's direction."""
    other = 3 - meson - lepton
    big, m, m_l, m_o = masses[0], masses[meson + 1], masses[lepton + 1], masses[other + 1]
    e_pair = (big * big + q2 - m * m) / (2.0 * big)
    k2 = e_pair * e_pair - q2
    root = math.sqrt(q2)
    e_l = (q2 + m_l * m_l - m_o * m_o) / (2.0 * root)
    l2 = e_l * e_l - m_l * m_l
    if k2 <= 0.0 or l2 <= 0.0:
        return False
    e_lepton = (e_pair * e_l + math.sqrt(k2 * l2) * cosine) / root
    e_meson = big - e_pair
    e_other = big - e_meson - e_lepton
    first = e_meson if meson == 0 else (e_lepton if lepton == 0 else e_other)
    last = e_meson if meson == 2 else (e_lepton if lepton == 2 else e_other)
    s_first = big * big + masses[1] * masses[1] - 2.0 * big * first
    s_last = big * big + masses[3] * masses[3] - 2.0 * big * last
    return place_three(stream, big, masses, s_first, s_last, p)


@kernel
def quantile(parameters, first, u):
    """Value of a quantile table that starts at ``first``, linear in between."""
    x = u * QUANTILES
    k = min(int(x), QUANTILES - 1)
    return parameters[first + k] + (x - k) * (parameters[first + k + 1] - parameters[first + k])


@kernel
def spectrum(parameters, n_meson, q2, big, small, m2_lepton):
    """dΓ/dq² up to a constant factor; 0 outside of phase space."""
    e = (big * big + small * small - q2) / (2.0 * big)
    k2 = e * e - small * small
    d = m2_lepton / q2 if q2 > 0.0 else 1.0
    if k2 <= 0.0 or d >= 1.0:
        return 0.0
    k = math.sqrt(k2)
    plus, minus, zero, time = helicity_amplitudes(parameters, n_meson, q2, big, small, k)
    total = (plus * plus + minus * minus + zero * zero / q2) * (1.0 + 0.5 * d) + 1.5 * d * time * time / q2
    return k * q2 * (1.0 - d) * (1.0 - d) * total


@kernel
def fill_spectrum(parameters, n_meson, q2, big, small, m2_lepton, density):
    """:func:`spectrum` for an array of q² [GeV²]."""
    for i in range(len(q2)):
        density[i] = spectrum(parameters, n_meson, q2[i], big, small, m2_lepton)


@kernel
def draw_semileptonic(stream, parameters, masses, p):
    """Unweighted kinematics: q² from its tabulated spectrum, cosθ_ℓ from the helicity amplitudes.

    dΓ/dcosθ ∝ (1 ∓ c)² H₊² + (1 ± c)² H₋² + 2 s² H₀² + (m²/q²) [s² (H₊² + H₋²) + 2 (c H₀ − H_t)²] for ℓ∓
    (Körner and Schuler 1990; c from the pair's direction).  False for a meson mass beyond the tabulated ones.
    """
    meson, lepton = int(parameters[ROLE_MESON]), int(parameters[ROLE_LEPTON])
    big, small = masses[0], masses[meson + 1]
    n_meson = int(parameters[ROLE_STATES])
    first = _TABLE + (2 if n_meson == 1 else 4) * (INTERVALS + 1)
    if abs(big - parameters[ROLE_MOTHER_MASS]) > 1e-6:
        return False
    nominal = parameters[ROLE_MASS]
    bounds = first + QUANTILES + 1
    position = (small - parameters[bounds]) / MASS_STEP
    if position < 0.0 or position >= MASSES - 1:
        return False
    k = int(position)
    bound = 1.1 * max(parameters[bounds + 1 + k], parameters[bounds + 2 + k])
    ratio = ((big - small) / (big - nominal)) ** 2
    m2_lepton = masses[lepton + 1] * masses[lepton + 1]
    sign = parameters[ROLE_SIGN]
    for _ in range(1000):
        u = uniform(stream)
        q2 = quantile(parameters, first, u) * ratio
        e = (big * big + small * small - q2) / (2.0 * big)
        k2 = e * e - small * small
        d = m2_lepton / q2
        if k2 <= 0.0 or d >= 1.0:
            continue
        # The table is a staircase at the nominal mass, stretched to the end point of this one: correct both exactly.
        k = first + min(int(u * QUANTILES), QUANTILES - 1)
        width = parameters[k + 1] - parameters[k]
        if bound * uniform(stream) > width * spectrum(parameters, n_meson, q2, big, small, m2_lepton):
            continue
        plus, minus, zero, time = helicity_amplitudes(parameters, n_meson, q2, big, small, math.sqrt(k2))
        plus2, minus2, zero2 = plus * plus, minus * minus, zero * zero / q2
        # W(c) = a + b c + e c²
        constant = plus2 + minus2 + 2.0 * zero2 + d * (plus2 + minus2 + 2.0 * time * time / q2)
        slope = 2.0 * sign * (minus2 - plus2) - 4.0 * d * zero * time / q2
        bend = (plus2 + minus2) * (1.0 - d) - 2.0 * zero2 * (1.0 - d)
        top = constant + bend + abs(slope)
        if bend < 0.0 and abs(slope) < -2.0 * bend:
            top = constant - slope * slope / (4.0 * bend)
        for _ in range(1000):
            c = 2.0 * uniform(stream) - 1.0
            if top * uniform(stream) < constant + c * (slope + c * bend):
                return place_at_q2(stream, masses, meson, lepton, q2, c, p)
    return False


FormFactors = Callable[[list[float], np.ndarray, Species, Species], tuple[np.ndarray, ...]]


def _by_spin(scalar: tuple, vector: tuple, tensor: tuple = (None, ())) -> FormFactors:
    """Choose the parametrisation by the meson's spin; each is (function, allowed numbers of arguments)."""

    def evaluate(args: list[float], q2: np.ndarray, mother: Species, meson: Species) -> tuple[np.ndarray, ...]:
        function, counts = (scalar, vector, tensor)[twice_spin(meson) // 2]
        if function is None:
            message = (
                f"There are no form factors of this model for the spin of particle {meson.pdg}; choose another model."
            )
            raise ValueError(message)
        check_count("This form-factor model", args, counts)
        values: tuple[np.ndarray, ...] = function(args, q2, mother.mass, meson.mass)
        return values

    return evaluate


def _llsw(args: list[float], q2: np.ndarray, mother: Species, meson: Species) -> tuple[np.ndarray, ...]:
    functions = {
        10411: (b_to_charm.llsw_scalar, 3),
        10421: (b_to_charm.llsw_scalar, 3),
        20413: (b_to_charm.llsw_broad_axial, 3),
        20423: (b_to_charm.llsw_broad_axial, 3),
        10413: (b_to_charm.llsw_narrow_axial, 4),
        10423: (b_to_charm.llsw_narrow_axial, 4),
        415: (b_to_charm.llsw_tensor, 4),
        425: (b_to_charm.llsw_tensor, 4),
    }
    # D_s** (B_s → D_s** ℓν): the same functions for the strange spectator.
    functions |= {
        10431: functions[10411],
        20433: functions[20413],
        10433: functions[10413],
        435: functions[415],
    }
    if abs(meson.pdg) not in functions:
        message = f"LLSW has no form factors for particle {meson.pdg}; it knows D_0*, D_1, D'_1, D_2*."
        raise ValueError(message)
    function, count = functions[abs(meson.pdg)]
    check_count("LLSW", args, [count])
    return function(args, q2, mother.mass, meson.mass)


def _isgw2(args: list[float], q2: np.ndarray, mother: Species, meson: Species) -> tuple[np.ndarray, ...]:
    check_count("ISGW2", args, [0])
    return Isgw2(mother.pdg, meson.pdg, mother.mass, meson.mass)(q2)


def _slpole(args: list[float], q2: np.ndarray, mother: Species, meson: Species) -> tuple[np.ndarray, ...]:
    """Four numbers for each form factor: (f₊, f₀), (A₁, A₂, V, A₀) or (h, k, b₊, b₋)."""
    args = args[: len(args) - len(args) % 2]
    check_count("SLPOLE", args, [8 if meson.states == 1 else 16])
    values = charm.pole(args, q2, mother.mass)
    return (values[2], values[0], values[1], values[3]) if meson.states == 3 else values


def _slbkpole(args: list[float], q2: np.ndarray, _mother: Species, _meson: Species) -> tuple[np.ndarray, ...]:
    check_count("SLBKPOLE", args, [4])
    return charm.becirevic_kaidalov(args, q2)


def _knunu(args: list[float], q2: np.ndarray, _mother: Species, _meson: Species) -> tuple[np.ndarray, ...]:
    """f₊ of arXiv:1409.4557; f₀ does not enter with massless neutrinos."""
    check_count("KNUNU", args, [0])
    plus = np.array([b_to_k.f_plus_bsz14(x) for x in q2])
    return plus, plus


def kstar_form_factors(q2: np.ndarray, m_b: float, m: float) -> tuple[np.ndarray, ...]:
    """(V, A₁, A₂, A₀) of arXiv:1503.05534."""
    a = b_to_kstar.coefficients()
    v, a1, a12, a0 = (
        np.array([b_to_kstar.form_factor(x, which, a) for x in q2])
        for which in (b_to_kstar.V, b_to_kstar.A1, b_to_kstar.A12, b_to_kstar.A0)
    )
    return v, a1, b_to_light.a2_from_a12(a1, a12, q2, m_b, m), a0


def _kstarnunu(args: list[float], q2: np.ndarray, mother: Species, meson: Species) -> tuple[np.ndarray, ...]:
    check_count("KSTARNUNU", args, [0])
    return kstar_form_factors(q2, mother.mass, meson.mass)


SEMILEPTONIC: dict[str, FormFactors] = {
    "BGL": _by_spin((b_to_charm.bgl_scalar, [8]), (b_to_charm.bgl_vector, [6])),
    "HQET3": _by_spin((b_to_charm.hqet_scalar, [3]), (b_to_charm.hqet_vector, [5])),
    "LLSW": _llsw,
    "ISGW2": _isgw2,
    "BCL": _by_spin((b_to_light.bcl_scalar, [8]), (b_to_light.bcl_vector, [11])),
    "SLPOLE": _slpole,
    "SLBKPOLE": _slbkpole,
    "KNUNU": _knunu,
    "KSTARNUNU": _kstarnunu,
    "KSTARNUNU_REV": _kstarnunu,
}


def tabulate(values: tuple[np.ndarray, ...], q2: np.ndarray, mother: Species, meson: Species) -> np.ndarray:
    """Return the kernel's rows from a model's functions: (f₊, f₀) or (g, f, H₀ √q²/(M − m), H_t √q²/(ε*·p)).

    The helicity amplitudes H₀ and H_t (Körner and Schuler, Z. Phys. C46 (1990) 93) stay finite at both ends of the
    spectrum, which a₊ and a₋ need not.
    """
    big, small = mother.mass, meson.mass
    kallen = ((big + small) ** 2 - q2) * ((big - small) ** 2 - q2)
    if meson.states == 3:
        v, a1, a2, a0 = values
        g, f, a_plus, scalar = v / (big + small), (big + small) * a1, -a2 / (big + small), 2 * small * a0
    elif meson.states == 5:
        g, f, a_plus, a_minus = values
        scalar = f + a_plus * (big**2 - small**2) + a_minus * q2
    if meson.states > 1:
        zero = (f * (big**2 - small**2 - q2) + kallen * a_plus) / (2 * small * (big - small))
        values = (g, f, zero, scalar)
    return np.stack([np.broadcast_to(v, q2.shape) for v in values], axis=1)


def form_factor_grid(mother: Species, meson: Species) -> np.ndarray:
    """Return the q² [GeV²] of the table's rows, falling from (M − m)², a hair below, to 0."""
    x = np.linspace(0, 1, INTERVALS + 1)
    return (mother.mass - meson.mass) ** 2 * (1 - np.maximum(x, 1e-7))


def roles(model: str, mother: Species, daughters: Sequence[Species]) -> tuple[int, int, int]:
    """Return the positions of meson, lepton and neutrino; raises ValueError when they are not to be found.

    For νν̄ the "lepton" is the neutrino and the "neutrino" the antineutrino.
    """
    charged = [i for i, d in enumerate(daughters) if abs(d.pdg) in CHARGED_LEPTONS]
    neutral = [i for i, d in enumerate(daughters) if abs(d.pdg) in NEUTRINOS]
    if len(neutral) == 2 and not charged:
        neutral.sort(key=lambda i: -daughters[i].pdg)
        charged, neutral = neutral[:1], neutral[1:]
    mesons = [i for i in range(len(daughters)) if i not in charged + neutral]
    if len(daughters) != 3 or not len(charged) == len(neutral) == len(mesons) == 1 or mother.states != 1:
        message = (
            f"{model} needs a spin-0 mother and daughters meson, lepton, neutrino; correct the line of {mother.pdg}."
        )
        raise ValueError(message)
    if daughters[charged[0]].pdg * daughters[neutral[0]].pdg > 0 or daughters[mesons[0]].states not in (
        1,
        3,
        5,
    ):
        message = (
            f"{model}: lepton number or the meson's spin is wrong in the decay of {mother.pdg}; correct its daughters."
        )
        raise ValueError(message)
    return mesons[0], charged[0], neutral[0]


def prepare_semileptonic(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return the row of roles, form factors and spectrum of one line; raises ValueError on anything wrong."""
    meson, lepton, neutrino = roles(model, mother, daughters)
    q2 = form_factor_grid(mother, daughters[meson])
    values = SEMILEPTONIC[model](numbers(model, args), q2, mother, daughters[meson])
    table = tabulate(values, q2, mother, daughters[meson])
    sign = 1.0 if daughters[lepton].pdg > 0 else -1.0
    particle = daughters[meson]
    head = [-1.0 if conjugated(mother) else 1.0, meson, lepton, neutrino, sign]
    row = np.concatenate([[*head, particle.states, particle.mass, mother.mass], table.ravel()])
    return np.concatenate([row, _spectrum_quantiles(row, mother, particle, daughters[lepton])])


def equal_probability(values: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Return QUANTILES + 1 points between which ``density`` (on the grid ``values``) has equal probability."""
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(values))])
    return np.asarray(np.interp(np.linspace(0, cumulative[-1], QUANTILES + 1), cumulative, values))


def _spectrum_quantiles(row: np.ndarray, mother: Species, meson: Species, lepton: Species) -> np.ndarray:
    """Return the q² of equally probable intervals at nominal masses, then bounds for other meson masses.

    The bound of a mass is the largest of dΓ/dq² · (width of the interval) with q² stretched to the new end point.
    """
    big, small, m2 = mother.mass, meson.mass, lepton.mass**2
    if big <= small + lepton.mass:
        return np.zeros(QUANTILES + MASSES + 2)
    low, high = m2, (big - small) ** 2
    # denser at both ends, where the spectrum is steep
    grid = low + (high - low) * (0.5 - 0.5 * np.cos(np.linspace(0, math.pi, 801)))
    density = np.zeros(len(grid))
    fill_spectrum(row, meson.states, grid, big, small, m2, density)
    points = equal_probability(grid, density)
    fine = np.concatenate([points[:-1] + f * np.diff(points) for f in (0.02, 0.3, 0.5, 0.7, 0.98)])
    widths = np.tile(np.diff(points), 5)
    first = small - MASS_STEP * (MASSES // 2)
    bounds = np.zeros(MASSES)
    values = np.zeros(len(fine))
    for k in range(MASSES):
        mass = first + k * MASS_STEP
        if 0.0 < mass < big - lepton.mass:
            fill_spectrum(row, meson.states, fine * ((big - mass) / (big - small)) ** 2, big, mass, m2, values)
            bounds[k] = np.max(values * widths)
    return np.concatenate([points, [first], bounds])
