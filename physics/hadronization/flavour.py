"""Flavours of string breaks and the hadrons they join to.

Model of Andersson, Gustafson, Ingelman, Sjöstrand, Phys. Rept. 97 (1983) 31, with the parameters of
arXiv:2203.11601, sec. 7.1.2, and the popcorn picture of Andersson, Gustafson, Sjöstrand, Phys. Scripta 32 (1985) 574
with at most one meson between baryon and antibaryon.

All random choices are read from tables of cumulative weights that :func:`flavour_table` makes from the parameters.

A flavour is one integer.  ±1…±4 is a quark or antiquark (d, u, s, c).  ±(1000 a + 100 v + 10 n + 2S + 1) is a
diquark of the quarks a and v with spin S: ``a`` is shared by baryon and antibaryon (the popcorn quark), ``v`` comes
from the break next to the baryon, and n = 1 says that one meson will stand between the two baryons.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from physics.jit import kernel
from physics.random import uniform

if TYPE_CHECKING:
    from physics.hadronization.tune import HadronizationTune

MULTIPLETS = (1, 3, 10003, 10001, 20003, 5)
"""PDG codes of the multiplets ¹S₀, ³S₁, ¹P₁, ³P₀, ³P₁, ³P₂."""
_CHOICES = 12
_MAX_FLAVOUR = 4500
_MAX_ROWS, _MAX_OUTCOMES = 72, 2048

# SU(6): probability that quark + diquark is in the octet and in the decuplet.  Columns: (spin-0 diquark, its quarks
# differ), (spin 1, quarks alike), (spin 1, quarks differ); rows: the quark is one of the diquark's, or is not
# (Phys. Rept. 97, table 3).
_OCTET = ((3 / 4, 0.0, 1 / 12), (1 / 2, 1 / 6, 1 / 6))
_DECUPLET = ((0.0, 1.0, 2 / 3), (0.0, 1 / 3, 1 / 3))


FLAVOUR_FIELDS = (
    ("meson", np.float64, (5, 5, _CHOICES)),  # cumulative probabilities by quark and antiquark flavour
    ("meson_pdg", np.int64, (5, 5, _CHOICES)),  # 0: choose again
    ("lightest_meson", np.int64, (5, 5)),
    ("baryon", np.float64, (5, 5, 2, 5, 4)),  # cumulative, by diquark (a, v, S) and quark
    ("baryon_pdg", np.int64, (5, 5, 2, 5, 4)),
    # every end of a string, |flavour|, has a row of (joining flavour, hadron), drawn by Walker's alias method
    ("row", np.int16, (_MAX_FLAVOUR,)),  # −1 for what is no end
    ("row_first", np.int64, (_MAX_ROWS,)),
    ("row_size", np.int64, (_MAX_ROWS,)),
    ("keep", np.float64, (_MAX_OUTCOMES,)),  # probability of an entry against its alias
    ("outcome", np.int32, (_MAX_OUTCOMES, 4)),  # alias; joining flavour and hadron of an end > 0, antihadron of one < 0
)
"""Fields of the choice of flavours in :data:`physics.hadronization.tune.TUNE`."""


# Cases of diquark production: next to a quark without a meson, with a meson, and the new diquark after the meson.
_DIRECT, _BEFORE_MESON, _AFTER_MESON = 0, 1, 2


def _su6(a: int, v: int, spin: int, quark: int) -> tuple[float, float]:
    """Return the SU(6) probabilities (octet, decuplet) of the diquark (a, v)_spin with ``quark``."""
    column = 0 if spin == 0 else (1 if a == v else 2)
    row = 0 if quark in (a, v) else 1
    return _OCTET[row][column], _DECUPLET[row][column]


def _baryon_choices(a: int, v: int, spin: int, quark: int) -> tuple[float, float, float, int, int, int]:
    """Return weights and identities of (octet, the other octet, decuplet) for the diquark and a quark."""
    octet, decuplet = _su6(a, v, spin, quark)
    high, middle, low = sorted((a, v, quark), reverse=True)
    sigma_like = 1000 * high + 100 * middle + 10 * low + 2
    lambda_like = 1000 * high + 100 * low + 10 * middle + 2
    if high > middle > low:
        # The two lighter quarks are in spin 0 in a Λ-like baryon, in spin 1 in a Σ-like one; recoupling a diquark
        # that holds the heaviest quark gives 1/4 and 3/4.
        share = (1.0 if quark == high else 0.25) if spin == 0 else (0.0 if quark == high else 0.75)
    else:
        share = 0.0
    return octet * (1.0 - share), octet * share, decuplet, sigma_like, lambda_like, sigma_like + 2


def _meson_choices(q: int, qbar: int, tune: "HadronizationTune") -> list[tuple[float, int]]:
    """Return (weight, identity) of the mesons of a quark and an antiquark; identity 0 for a suppressed η or η′."""
    high, low = max(q, qbar), min(q, qbar)
    rates = (1.0, *(tune.meson_ud, tune.meson_s, tune.meson_c)[max(high, 2) - 2])
    sign = 1 if high % 2 == 0 else -1
    sign = sign if q == high else -sign
    choices = []
    for i, (rate, code) in enumerate(zip(rates, MULTIPLETS, strict=True)):
        if q != qbar:
            choices.append((rate, sign * (100 * high + 10 * low + code)))
        elif q == 4:
            choices.append((rate, 440 + code))
        else:
            choices += [(rate * w, pdg) for w, pdg in _diagonal(q, i, code, tune)]
    return [c for c in choices if c[0] > 0.0]


def _diagonal(q: int, multiplet: int, code: int, tune: "HadronizationTune") -> list[tuple[float, int]]:
    """Return (probability, identity) of the flavour-neutral mesons of q q̄, by the octet–singlet mixing angle."""
    # Angles of the orbital multiplets: ideal mixing and 28° (arXiv:2203.11601); they only matter if produced.
    theta = (tune.theta_ps, tune.theta_v, 35.3, 35.3, 35.3, 28.0)[multiplet]
    alpha = math.radians(theta + math.degrees(math.atan(math.sqrt(2.0))))
    # f = nn̄ sin α + ss̄ cos α; f is η′ for pseudoscalars and the lighter state, ω-like, else
    lighter_nonstrange = math.cos(alpha) ** 2 if multiplet == 0 else math.sin(alpha) ** 2
    if q == 3:
        isovector, lighter = 0.0, 1.0 - lighter_nonstrange
    else:
        isovector, lighter = 0.5, 0.5 * lighter_nonstrange
    heavier = 1.0 - isovector - lighter
    if multiplet > 0:
        return [(isovector, 110 + code), (lighter, 220 + code), (heavier, 330 + code)]
    eta, prime = tune.eta_suppression, tune.eta_prime_suppression
    lost = lighter * (1.0 - eta) + heavier * (1.0 - prime)
    return [(isovector, 111), (lighter * eta, 221), (heavier * prime, 331), (lost, 0)]


def _diquark_weights(tune: "HadronizationTune") -> tuple[np.ndarray, float]:
    """Return the weights (case, a, v, spin) of new diquarks, flavours 1–3, and the fraction followed by a meson.

    Half a pair tunnels with the square root of the pair's suppression: γ per strange popcorn quark, x per strange
    quark of the diquark, r for spin 1.  The vertex quark brings γ if strange and the number of spin-flavour states.
    Baryon and antibaryon both carry the popcorn quark, hence tunnelling enters twice without a meson; with one, each
    side chooses its own vertex quark.  The weights contain the largest SU(6) factor of the baryon that is formed
    next, because the final choice is made by accepting with SU(6)/maximum.
    """
    gamma, x, r = tune.prob_s_to_ud, tune.prob_sq_to_qq, tune.prob_qq1_to_qq0
    weights = np.zeros((3, 4, 4, 2))
    bare = np.zeros((4, 4, 2))  # one side of the popcorn meson, before SU(6)
    for a in range(1, 4):
        for v in range(1, 4):
            for spin in (0, 1):
                if spin == 0 and a == v:
                    continue
                strange = (a == 3) + (v == 3)
                tunnel = math.sqrt(x**strange * (gamma if a == 3 else 1.0) * (r if spin else 1.0))
                states = 1.0 if spin == 0 else (6.0 if a == v else 3.0)
                side = tunnel * states * (gamma if v == 3 else 1.0)
                su6 = [_su6(a, v, spin, q) for q in (1, 2, 3)]
                largest = max(sum(s) for s in su6)
                survival = sum(w * sum(s) for w, s in zip((1.0, 1.0, gamma), su6, strict=True))
                meson = side * (tune.popcorn_s_meson if v == 3 else 1.0)
                bare[a, v, spin] = meson
                weights[_DIRECT, a, v, spin] = tunnel * side * largest
                weights[_BEFORE_MESON, a, v, spin] = meson * largest
                weights[_AFTER_MESON, a, v, spin] = meson * survival
    light = bare[1].sum()
    s_pair = tune.popcorn_s_pair * bare[3].sum() / light
    other_side = np.array([0.0, 1.0, 1.0, s_pair])
    with_meson = (weights[_BEFORE_MESON].sum((1, 2)) * other_side).sum()
    # popcorn_rate is normalised so that, with all suppressions off, BMB̄/BB̄ is popcorn_rate/0.5
    ratio = tune.popcorn_rate * light / 3.0 * with_meson / weights[_DIRECT].sum()
    weights[_BEFORE_MESON] *= other_side[:, None, None]
    return weights, ratio / (1.0 + ratio)


class _Breaks(NamedTuple):
    """Probabilities of what a break makes."""

    quark: np.ndarray  # (3,) d, u, s
    meson_fraction: float  # 1/(1 + qq/q)
    popcorn_fraction: float  # of the diquarks that are followed by a meson
    shared: np.ndarray  # (3, 3) flavour of the popcorn quark, by case
    vertex: np.ndarray  # (3, 4, 6) (vertex flavour − 1, spin) by case and popcorn flavour


def _mesons(table: dict[str, Any], q: int, qbar: int) -> list[tuple[float, int, int]]:
    """Return (probability, meson, its antiparticle) of a quark and an antiquark."""
    chances = np.diff(table["meson"][q, qbar], prepend=0.0)
    pdgs = table["meson_pdg"][q, qbar].tolist()
    return [(c, pdg, pdg if q == qbar else -pdg) for c, pdg in zip(chances, pdgs, strict=True) if pdg != 0]


def _baryons(table: dict[str, Any], a: int, v: int, spin: int, quark: int) -> list[tuple[float, int, int]]:
    chances = np.diff(table["baryon"][a, v, spin, quark], prepend=0.0)
    pdgs = table["baryon_pdg"][a, v, spin, quark].tolist()
    return [(c, pdg, -pdg) for c, pdg in zip(chances, pdgs, strict=True) if pdg != 0]


def _diquarks(breaks: _Breaks, case: int, shared: int, popcorn: int) -> list[tuple[float, int]]:
    """Return (probability, diquark) for a popcorn quark."""
    codes = (1000 * shared + 100 * (k // 2 + 1) + 10 * popcorn + (3 if k % 2 else 1) for k in range(6))
    return list(zip(breaks.vertex[case, shared], codes, strict=True))


def _outcomes(table: dict[str, Any], breaks: _Breaks, end: int) -> list[tuple[float, int, int, int]]:
    """Return (weight, joining flavour, hadron, antihadron) of an end > 0; refused choices have no weight."""
    found: list[tuple[float, int, int, int]] = []
    quarks = list(zip(breaks.quark, (1, 2, 3), strict=True))
    if end > 1000:
        a, v, spin = end // 1000, (end // 100) % 10, (end % 10) // 2
        if (end // 10) % 10 == 1:
            for weight, new in _diquarks(breaks, _AFTER_MESON, a, 0):
                found += [(weight * c, -new, had, anti) for c, had, anti in _mesons(table, v, (new // 100) % 10)]
        else:
            for weight, q in quarks:
                found += [(weight * c, q, had, anti) for c, had, anti in _baryons(table, a, v, spin, q)]
        return found
    for weight, q in quarks:
        found += [(breaks.meson_fraction * weight * c, -q, had, anti) for c, had, anti in _mesons(table, end, q)]
    for popcorn, share in ((0, 1.0 - breaks.popcorn_fraction), (1, breaks.popcorn_fraction)):
        case = _BEFORE_MESON if popcorn else _DIRECT
        for a in (1, 2, 3):
            for weight, new in _diquarks(breaks, case, a, popcorn):
                weight *= (1.0 - breaks.meson_fraction) * share * breaks.shared[case, a - 1]
                baryons = _baryons(table, a, (new // 100) % 10, (new % 10) // 2, end)
                found += [(weight * c, new, had, anti) for c, had, anti in baryons]
    return found


def _alias(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (probability to keep an entry, its alias): Walker, ACM Trans. Math. Softw. 3 (1977) 253."""
    n = len(weights)
    keep, alias = weights * n / weights.sum(), np.arange(n)
    poor = [i for i in range(n) if keep[i] < 1.0]
    rich = [i for i in range(n) if keep[i] >= 1.0]
    while poor and rich:
        i, j = poor.pop(), rich[-1]
        alias[i] = j
        keep[j] -= 1.0 - keep[i]
        if keep[j] < 1.0:
            poor.append(rich.pop())
    keep[poor + rich] = 1.0
    return keep, alias


def _end_rows(table: dict[str, Any], breaks: _Breaks) -> dict[str, Any]:
    """Return the rows of all ends: quarks, and diquarks with and without a popcorn meson to come."""
    diquarks = [
        1000 * a + 100 * v + 10 * popcorn + (3 if spin else 1)
        for a in range(1, 5) for v in range(1, 5) for popcorn in ((0, 1) if a < 4 else (0,)) for spin in (0, 1)
        if spin == 1 or a != v
    ]  # fmt: skip
    row = np.full(_MAX_FLAVOUR, -1, np.int16)
    first, size = np.zeros(_MAX_ROWS, np.int64), np.zeros(_MAX_ROWS, np.int64)
    keep, outcome = np.zeros(_MAX_OUTCOMES), np.zeros((_MAX_OUTCOMES, 4), np.int32)
    used = 0
    for i, end in enumerate([1, 2, 3, 4, *diquarks]):
        found = [choice for choice in _outcomes(table, breaks, end) if choice[0] > 0.0]
        if not found:
            continue
        n = len(found)
        part = slice(used, used + n)
        row[end], first[i], size[i] = i, used, n
        keep[part], alias = _alias(np.array([weight for weight, *_ in found]))
        outcome[part, 0] = alias + used
        outcome[part, 1:] = [names for _, *names in found]
        used += n
    return {"row": row, "row_first": first, "row_size": size, "keep": keep, "outcome": outcome}


def flavour_table(tune: "HadronizationTune") -> dict[str, Any]:
    """Return the tables of all flavour choices for the parameters ``tune``: the fields of ``FLAVOUR_FIELDS``."""
    gamma = tune.prob_s_to_ud
    weights, popcorn = _diquark_weights(tune)
    shared = np.zeros((3, 3))
    vertex = np.zeros((3, 4, 6))
    for case in range(3):
        by_shared = weights[case, 1:].sum((1, 2))
        shared[case] = by_shared / by_shared.sum()
        for a in range(1, 4):
            by_vertex = weights[case, a, 1:].ravel()
            if by_vertex.sum() > 0.0:
                vertex[case, a] = by_vertex / by_vertex.sum()

    meson, meson_pdg = np.ones((5, 5, _CHOICES)), np.zeros((5, 5, _CHOICES), np.int64)
    lightest_meson = np.zeros((5, 5), np.int64)
    baryon, baryon_pdg = np.ones((5, 5, 2, 5, 4)), np.zeros((5, 5, 2, 5, 4), np.int64)
    for q in range(1, 5):
        for qbar in range(1, 5):
            choices = _meson_choices(q, qbar, tune)
            merged: dict[int, float] = {}
            for weight, pdg in choices:
                merged[pdg] = merged.get(pdg, 0.0) + weight
            # not more than 12: neutral light mesons have 3 per multiplet, so identities beyond are refused
            ordered = sorted(merged.items(), key=lambda item: -item[1])[:_CHOICES]
            total = sum(w for _, w in ordered)
            # π⁰, η or η_c where the flavours are alike, else the pseudoscalar
            lightest_meson[q, qbar] = (0, 111, 111, 221, 441)[q] if q == qbar else choices[0][1]
            meson[q, qbar, : len(ordered)] = np.cumsum([w for _, w in ordered]) / total
            meson_pdg[q, qbar, : len(ordered)] = [pdg for pdg, _ in ordered]
    for a in range(1, 5):
        for v in range(1, 5):
            for spin in (0, 1):
                if spin == 0 and a == v:
                    continue
                scale = tune.decuplet_suppression
                # the largest survival, with a quark of the diquark or with another, is accepted always
                largest = max(o + scale * d for o, d in (_su6(a, v, spin, a), _su6(a, v, spin, 0)))
                for q in range(1, 5):
                    *w, sigma_like, lambda_like, decuplet = _baryon_choices(a, v, spin, q)
                    chances = np.array([w[0], w[1], w[2] * scale]) / largest
                    baryon[a, v, spin, q, :3] = np.cumsum(chances)
                    baryon_pdg[a, v, spin, q] = [sigma_like, lambda_like, decuplet, 0]
    breaks = _Breaks(
        np.array([1.0, 1.0, gamma]) / (2.0 + gamma), 1.0 / (1.0 + tune.prob_qq_to_q), popcorn, shared, vertex
    )
    table = {
        "meson": meson, "meson_pdg": meson_pdg, "lightest_meson": lightest_meson, "baryon": baryon,
        "baryon_pdg": baryon_pdg,
    }  # fmt: skip
    return table | _end_rows(table, breaks)


@kernel
def is_diquark(flavour):
    """True for a diquark or an antidiquark."""
    return abs(flavour) > 1000


@kernel
def new_hadron(stream, tune, end):
    """Draw the next break next to the flavour ``end``: (flavour that joins it, hadron, a uniform number left over).

    The string goes on with the opposite of the flavour.
    """
    i = tune.row[abs(end)]
    u = uniform(stream) * tune.row_size[i]
    k = int(u)
    entry = tune.row_first[i] + k
    u -= k
    keep = tune.keep[entry]
    if u < keep:
        u /= keep
    else:
        u = (u - keep) / (1.0 - keep)
        entry = np.int64(tune.outcome[entry, 0])
    joins = np.int64(tune.outcome[entry, 1])
    if end > 0:
        return joins, np.int64(tune.outcome[entry, 2]), u
    return -joins, np.int64(tune.outcome[entry, 3]), u


@kernel
def join_flavours(stream, tune, first, second):
    """Draw the hadron of two flavours; its PDG identity, or 0 when the choice is refused.

    Two diquarks (a diquark and an antidiquark around a popcorn meson) give the meson of their vertex quarks.
    """
    size1, size2 = abs(first), abs(second)
    if (size1 > 1000) != (size2 > 1000):
        diquark, quark = (size1, size2) if size1 > 1000 else (size2, size1)
        a, v, spin = diquark // 1000, (diquark // 100) % 10, (diquark % 10) // 2
        u = uniform(stream)
        for k in range(3):
            if u < tune.baryon[a, v, spin, quark, k]:
                pdg = tune.baryon_pdg[a, v, spin, quark, k]
                return pdg if first > 0 else -pdg
        return 0
    if size1 > 1000:
        q1, q2 = (size1 // 100) % 10, (size2 // 100) % 10
    else:
        q1, q2 = size1, size2
    quark, antiquark = (q1, q2) if first > 0 else (q2, q1)
    u = uniform(stream)
    k = 0
    while k < 11 and u >= tune.meson[quark, antiquark, k]:
        k += 1
    return tune.meson_pdg[quark, antiquark, k]


@kernel
def constituent_mass(masses, flavour):
    """Constituent mass [GeV] of a quark or of both quarks of a diquark."""
    size = abs(flavour)
    if size < 10:
        return masses[size]
    return masses[size // 1000] + masses[(size // 100) % 10]
