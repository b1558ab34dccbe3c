"""Three-body hadronic decays of spin-0 mesons: isobar amplitudes on the Dalitz plot, and their direct sampling.

A term is a Breit–Wigner with mass-dependent width, Blatt–Weisskopf factors of the resonance (1.5 GeV⁻¹) and of the
mother (5 GeV⁻¹) and a covariant spin factor (CLEO, hep-ex/0011065, as in EvtGen's D_DALITZ).

Direct sampling: phase space is uniform in (m₁₂², m₂₃²), so the plot is cut into cells, each with the largest |A|² in
it (sampled, times a margin); a cell is drawn by the alias method (Walker, ACM Trans. Math. Softw. 3 (1977) 253), a
point in it, and the point is kept with |A|²/largest.
"""

import cmath
import math
from collections.abc import Sequence

import numpy as np

from physics.decays import isobars
from physics.decays.isobars import FLATTE, P_WAVE, RELATIVISTIC_AB, SIMPLE
from physics.decays.species import Species, check_count, check_spins, numbers
from physics.jit import kernel
from physics.kinematics import kallen
from physics.random import isotropic_direction, uniform

TERM = 14
HEADER = 7
CELLS = 40
"""Cells along each axis of the sampling grid."""
_MARGIN = 1.15
_RADIUS, _MOTHER_RADIUS = 1.5, 5.0  # GeV⁻¹
_FLATTE_PI, _FLATTE_K = 0.406, 0.800  # GeV, couplings of f₀(980): BaBar, arXiv:1011.4190 (BES)
_M_PI0, _M_K = 0.1349768, 0.493677


@kernel
def _channel(s, mass):
    """√(1 − 4m²/s), imaginary below threshold."""
    x = 1.0 - 4.0 * mass * mass / s
    return complex(math.sqrt(x), 0.0) if x >= 0.0 else complex(0.0, math.sqrt(-x))


@kernel
def isobar_sum(parameters, big2, m2, s):
    """Amplitude from squared masses: mother, ``m2`` of the three roles, ``s[c]`` of the pair without role c."""
    total = complex(parameters[1], parameters[2])
    for k in range(int(parameters[0])):
        i = HEADER + TERM * k
        a, b, c = int(parameters[i]), int(parameters[i + 1]), int(parameters[i + 2])
        spin, form = int(parameters[i + 3]), int(parameters[i + 4])
        mass, width = parameters[i + 5], parameters[i + 6]
        strength = complex(parameters[i + 7], parameters[i + 8])
        s_ab, s_ac, s_bc = s[c], s[b], s[a]
        if form == FLATTE:
            w = _FLATTE_PI * _FLATTE_PI * _channel(s_ab, _M_PI0) + _FLATTE_K * _FLATTE_K * _channel(s_ab, _M_K)
            total += strength / (mass * mass - s_ab - complex(0.0, 1.0) * w)
            continue
        p2 = kallen(s_ab, m2[a], m2[b]) / (4.0 * s_ab)
        if p2 <= 0.0:
            continue
        spread = (big2 - m2[c]) * (m2[b] - m2[a])
        if form == SIMPLE:
            root = math.sqrt(s_ab)
            factor = 1.0
            if spin == 1:
                q2 = kallen(big2, s_ab, m2[c]) / (4.0 * s_ab)
                factor = (s_ac - s_bc + spread / s_ab) / (4.0 * math.sqrt(p2 * q2)) if q2 > 0.0 else 0.0
            total += strength * parameters[i + 9] * factor / complex(root - mass, -0.5 * width)
            continue
        p2_r, r_barrier, d_barrier = parameters[i + 10], parameters[i + 11], parameters[i + 12]
        ratio = p2 / p2_r
        gamma = width * math.sqrt(ratio) * mass / math.sqrt(s_ab)
        if form == P_WAVE:
            radius2 = parameters[i + 13] * parameters[i + 13]
            f2 = (1.0 + radius2 * p2_r) / (1.0 + radius2 * p2)
            factor = (s_ac - s_bc + spread / (mass * mass)) * math.sqrt(f2 * width)
            total += strength * factor / complex(mass * mass - s_ab, -mass * gamma * ratio * f2)
            continue
        factor = 1.0
        if spin > 0:
            scale = s_ab if form == RELATIVISTIC_AB else mass * mass
            q2 = max(0.0, kallen(big2, s_ab, m2[c]) / (4.0 * big2))
            x, y = _RADIUS * _RADIUS * p2, _MOTHER_RADIUS * _MOTHER_RADIUS * q2
            angle = s_ac - s_bc + spread / scale
            if spin == 1:
                f_r2 = r_barrier / (1.0 + x)
                f_d2 = d_barrier / (1.0 + y)
                factor = angle
                gamma *= ratio * f_r2
            else:
                f_r2 = r_barrier / (9.0 + x * (3.0 + x))
                f_d2 = d_barrier / (9.0 + y * (3.0 + y))
                difference = big2 - m2[c]
                light = m2[a] - m2[b]
                factor = (
                    angle * angle
                    - (
                        (s_ab - 2.0 * big2 - 2.0 * m2[c] + difference * difference / scale)
                        * (s_ab - 2.0 * m2[a] - 2.0 * m2[b] + light * light / scale)
                    )
                    / 3.0
                )
                gamma *= ratio * ratio * f_r2
            factor *= math.sqrt(f_r2 * f_d2)
        total += strength * factor / complex(mass * mass - s_ab, -mass * gamma)
    return total


@kernel
def dalitz(parameters, p, masses, amp):
    """Amplitude of D → three pseudoscalars at daughters' momenta ``p``."""
    i, j, k = int(parameters[3]), int(parameters[4]), int(parameters[5])
    big = masses[0]
    m2 = (masses[i + 1] ** 2, masses[j + 1] ** 2, masses[k + 1] ** 2)
    s = (
        big * big + m2[0] - 2.0 * big * p[i, 3],
        big * big + m2[1] - 2.0 * big * p[j, 3],
        big * big + m2[2] - 2.0 * big * p[k, 3],
    )
    amp[0] = isobar_sum(parameters, big * big, m2, s)


@kernel
def place_three(stream, big, masses, s_first, s_last, p):
    """Momenta of a three-body decay from s₂₃ = ``s_first`` and s₁₂ = ``s_last``, randomly oriented.

    ``masses`` (mother first).  Returns False where the point is outside the Dalitz plot.
    """
    m1, m2, m3 = masses[1], masses[2], masses[3]
    e1 = (big * big + m1 * m1 - s_first) / (2.0 * big)
    e3 = (big * big + m3 * m3 - s_last) / (2.0 * big)
    e2 = big - e1 - e3
    if e1 < m1 or e2 < m2 or e3 < m3:
        return False
    k1, k2_squared, k3 = math.sqrt(e1 * e1 - m1 * m1), e2 * e2 - m2 * m2, math.sqrt(e3 * e3 - m3 * m3)
    if k1 * k3 == 0.0:
        return False
    cosine = (k2_squared - k1 * k1 - k3 * k3) / (2.0 * k1 * k3)
    if abs(cosine) > 1.0:
        return False
    sine = math.sqrt((1.0 - cosine) * (1.0 + cosine))
    x, y, z = isotropic_direction(stream)
    angle = 2.0 * math.pi * uniform(stream)
    # a unit vector normal to (x, y, z): Gram–Schmidt on the axis that is least parallel to it
    if abs(z) < 0.9:
        norm = math.sqrt(x * x + y * y)
        ux, uy, uz = -y / norm, x / norm, 0.0
    else:
        norm = math.sqrt(y * y + z * z)
        ux, uy, uz = 0.0, -z / norm, y / norm
    vx, vy, vz = y * uz - z * uy, z * ux - x * uz, x * uy - y * ux
    c, s = sine * math.cos(angle), sine * math.sin(angle)
    p[0, 0], p[0, 1], p[0, 2], p[0, 3] = k1 * x, k1 * y, k1 * z, e1
    p[2, 0] = k3 * (cosine * x + c * ux + s * vx)
    p[2, 1] = k3 * (cosine * y + c * uy + s * vy)
    p[2, 2] = k3 * (cosine * z + c * uz + s * vz)
    p[2, 3] = e3
    p[1, 0], p[1, 1], p[1, 2], p[1, 3] = -p[0, 0] - p[2, 0], -p[0, 1] - p[2, 1], -p[0, 2] - p[2, 2], e2
    return True


@kernel
def draw_dalitz(stream, parameters, masses, p):
    """Unweighted point of the Dalitz plot with random orientation; the masses must be the nominal ones."""
    grid = HEADER + TERM * int(parameters[0])
    for q in range(4):
        if abs(masses[q] - parameters[grid + 4 + q]) > 1e-6:
            return False
    low_first, step_first = parameters[grid], parameters[grid + 1]
    low_last, step_last = parameters[grid + 2], parameters[grid + 3]
    i, j, k = int(parameters[3]), int(parameters[4]), int(parameters[5])
    big2 = masses[0] * masses[0]
    total = big2 + masses[1] * masses[1] + masses[2] * masses[2] + masses[3] * masses[3]
    m2 = (masses[i + 1] ** 2, masses[j + 1] ** 2, masses[k + 1] ** 2)
    cells = grid + 8
    for _ in range(100000):
        u = uniform(stream) * CELLS * CELLS
        cell = int(u)
        if u - cell > parameters[cells + 3 * cell]:
            cell = int(parameters[cells + 3 * cell + 1])
        s_first = low_first + step_first * (cell // CELLS + uniform(stream))
        s_last = low_last + step_last * (cell % CELLS + uniform(stream))
        by_daughter = (s_first, total - s_first - s_last, s_last)
        e1 = (big2 + masses[1] * masses[1] - s_first) / (2.0 * masses[0])
        e3 = (big2 + masses[3] * masses[3] - s_last) / (2.0 * masses[0])
        e2 = masses[0] - e1 - e3
        k1, k2, k3 = e1 * e1 - masses[1] ** 2, e2 * e2 - masses[2] ** 2, e3 * e3 - masses[3] ** 2
        if k1 <= 0.0 or k2 <= 0.0 or k3 <= 0.0 or (k2 - k1 - k3) ** 2 > 4.0 * k1 * k3:
            continue
        s = (by_daughter[i], by_daughter[j], by_daughter[k])
        a = isobar_sum(parameters, big2, m2, s)
        weight = a.real * a.real + a.imag * a.imag
        if uniform(stream) * parameters[cells + 3 * cell + 2] < weight:
            return place_three(stream, masses[0], masses, s_first, s_last, p)
    return False


def _alias(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and aliases of Walker's method."""
    n = len(weights)
    probability = weights * n / weights.sum()
    alias = np.arange(n)
    small, large = [k for k in range(n) if probability[k] < 1], [k for k in range(n) if probability[k] >= 1]
    while small and large:
        less, more = small.pop(), large.pop()
        alias[less] = more
        probability[more] -= 1 - probability[less]
        (small if probability[more] < 1 else large).append(more)
    for k in small + large:
        probability[k] = 1.0
    return probability, alias


@kernel
def _cell_maxima(parameters, masses, bounds, fine, result):
    """Largest |A|² in every cell, on ``fine`` × ``fine`` points with the corners included."""
    i, j, k = int(parameters[3]), int(parameters[4]), int(parameters[5])
    big2 = masses[0] ** 2
    total = big2 + masses[1] ** 2 + masses[2] ** 2 + masses[3] ** 2
    m2 = (masses[i + 1] ** 2, masses[j + 1] ** 2, masses[k + 1] ** 2)
    for cell in range(CELLS * CELLS):
        largest = 0.0
        for u in range(fine):
            for v in range(fine):
                s_first = bounds[0] + bounds[1] * (cell // CELLS + u / (fine - 1.0))
                s_last = bounds[2] + bounds[3] * (cell % CELLS + v / (fine - 1.0))
                by_daughter = (s_first, total - s_first - s_last, s_last)
                e1 = (big2 + masses[1] ** 2 - s_first) / (2.0 * masses[0])
                e3 = (big2 + masses[3] ** 2 - s_last) / (2.0 * masses[0])
                e2 = masses[0] - e1 - e3
                k1, k2, k3 = e1 * e1 - masses[1] ** 2, e2 * e2 - masses[2] ** 2, e3 * e3 - masses[3] ** 2
                if k1 < 0.0 or k2 < 0.0 or k3 < 0.0 or (k2 - k1 - k3) ** 2 > 4.0 * k1 * k3:
                    continue
                s = (by_daughter[i], by_daughter[j], by_daughter[k])
                a = isobar_sum(parameters, big2, m2, s)
                largest = max(largest, a.real * a.real + a.imag * a.imag)
        result[cell] = largest


def _grid(parameters: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Return the sampling grid's part of a row: bounds, nominal masses, (probability, alias, largest) of each cell."""
    big, m1, m2, m3 = masses
    first, last = ((m2 + m3) ** 2, (big - m1) ** 2), ((m1 + m2) ** 2, (big - m3) ** 2)
    bounds = np.array([first[0], (first[1] - first[0]) / CELLS, last[0], (last[1] - last[0]) / CELLS])
    largest = np.zeros(CELLS * CELLS)
    _cell_maxima(parameters, masses, bounds, 9, largest)
    # a cell at the border may hold a sliver of the plot that no point saw: it gets its neighbours' largest
    square = np.pad(largest.reshape(CELLS, CELLS), 1)
    around = np.max([np.roll(np.roll(square, x, 0), y, 1) for x in (-1, 0, 1) for y in (-1, 0, 1)], axis=0)
    around = around[1:-1, 1:-1].ravel()
    largest = _MARGIN * np.where(largest > 0.0, largest, around)
    probability, alias = _alias(largest)
    return np.concatenate([bounds, masses, np.stack([probability, alias, largest], axis=1).ravel()])


def _pack(model: isobars.Model, positions: Sequence[int], masses: np.ndarray) -> np.ndarray:
    flat = cmath.rect(model.flat[0], math.radians(model.flat[1]))
    header = [len(model.isobars), flat.real, flat.imag, *positions, 0.0]
    big2, m2 = masses[0] ** 2, [masses[i + 1] ** 2 for i in positions]
    rows: list[float] = []
    for term in model.isobars:
        c = 3 - term.a - term.b
        z = cmath.rect(term.size, math.radians(term.phase))
        r2 = term.mass**2
        p2 = abs(kallen(r2, m2[term.a], m2[term.b])) / (4 * r2)
        q2 = max(0.0, kallen(big2, r2, m2[c]) / (4 * big2))
        x, y = _RADIUS**2 * p2, _MOTHER_RADIUS**2 * q2
        barriers = (1 + x, 1 + y) if term.spin == 1 else (9 + 3 * x + x * x, 9 + 3 * y + y * y)
        # Mark III's radii in GeV⁻¹ (2 fm for K*, 5 fm for ρ)
        radius = (2.0 if c == 1 else 5.0) / 0.197
        norm = math.sqrt(term.width / (2 * math.pi))
        rows += [term.a, term.b, c, term.spin, term.form, term.mass, term.width, z.real, z.imag]
        rows += [norm, p2, *barriers, radius]
    return np.array([*header, *rows])


def prepare_dalitz(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return the row of D_DALITZ or BTO3PI_CP; raises ValueError for a final state without isobar model."""
    check_spins(model, mother, daughters, 0, 0, 0, 0)
    check_count(model, numbers(model, args), [2] if model == "BTO3PI_CP" else [0])
    sign = 1 if mother.pdg > 0 else -1
    tables = (isobars.B0_3PI,) if model == "BTO3PI_CP" else isobars.MODELS.get(abs(mother.pdg), ())
    # neutral kaons count as one kind, pions and kaons are conjugated with the mother
    kinds = [311 if abs(d.pdg) in (130, 310, 311) else (d.pdg if d.pdg == 111 else sign * d.pdg) for d in daughters]
    masses = np.array([mother.mass, *(d.mass for d in daughters)])
    for table in tables:
        if sorted(table.roles) != sorted(kinds):
            continue
        left = list(range(3))
        positions = []
        for role in table.roles:
            positions.append(next(i for i in left if kinds[i] == role))
            left.remove(positions[-1])
        row = _pack(table, positions, masses)
        return np.concatenate([row, _grid(row, masses)])
    message = f"{model} has no isobar model for {mother.pdg} to {', '.join(str(d.pdg) for d in daughters)}; use PHSP."
    raise ValueError(message)
