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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from physics.jit import kernel
from physics.random import uniform

if TYPE_CHECKING:
    from physics.hadronization.tune import HadronizationTune

MULTIPLETS = (1, 3, 10003, 10001, 20003, 5)
"""PDG codes of the multiplets ¹S₀, ³S₁, ¹P₁, ³P₀, ³P₁, ³P₂."""
_CHOICES = 12

# SU(6): probability that quark + diquark is in the octet and in the decuplet.  Columns: (spin-0 diquark, its quarks
# differ), (spin 1, quarks alike), (spin 1, quarks differ); rows: the quark is one of the diquark's, or is not
# (Phys. Rept. 97, table 3).
_OCTET = ((3 / 4, 0.0, 1 / 12), (1 / 2, 1 / 6, 1 / 6))
_DECUPLET = ((0.0, 1.0, 2 / 3), (0.0, 1 / 3, 1 / 3))


class FlavourTable(NamedTuple):
    """Cumulative probabilities; a hadron identity of 0 means: choose again."""

    quark: np.ndarray  # float64 (2,) below: d, u
    meson_fraction: float  # 1/(1 + qq/q)
    popcorn_fraction: float  # of the diquarks that are followed by a meson
    shared: np.ndarray  # float64 (3, 2) flavour of the popcorn quark, by case
    vertex: np.ndarray  # float64 (3, 4, 6) (vertex flavour − 1, spin) by case and popcorn flavour
    meson: np.ndarray  # float64 (5, 5, 12) by quark and antiquark flavour
    meson_pdg: np.ndarray  # int64 (5, 5, 12)
    lightest_meson: np.ndarray  # int64 (5, 5)
    baryon: np.ndarray  # float64 (5, 5, 2, 5, 4) by diquark (a, v, S) and quark
    baryon_pdg: np.ndarray  # int64 (5, 5, 2, 5, 4)


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


def flavour_table(tune: "HadronizationTune") -> FlavourTable:
    """Return the tables of all flavour choices for the parameters ``tune``."""
    gamma = tune.prob_s_to_ud
    weights, popcorn = _diquark_weights(tune)
    shared = np.zeros((3, 2))
    vertex = np.ones((3, 4, 6))
    for case in range(3):
        by_shared = weights[case, 1:].sum((1, 2))
        shared[case] = (np.cumsum(by_shared) / by_shared.sum())[:2]
        for a in range(1, 4):
            cumulative = np.cumsum(weights[case, a, 1:].ravel())
            if cumulative[-1] > 0.0:
                vertex[case, a] = cumulative / cumulative[-1]

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
    return FlavourTable(
        np.array([1.0, 2.0]) / (2.0 + gamma),
        1.0 / (1.0 + tune.prob_qq_to_q),
        popcorn,
        shared,
        vertex,
        meson,
        meson_pdg,
        lightest_meson,
        baryon,
        baryon_pdg,
    )


@kernel
def is_diquark(flavour):
    """True for a diquark or an antidiquark."""
    return abs(flavour) > 1000


@kernel
def break_flavour(stream, flavours, old):
    """Draw what joins the end ``old`` in the next hadron; the string goes on with the opposite."""
    size = abs(old)
    quark_like = (0 < old < 1000) or old < -1000  # joins an antiquark, or a diquark
    after_meson = size > 1000 and (size // 10) % 10 == 1
    if not after_meson and (size > 1000 or uniform(stream) < flavours.meson_fraction):
        u = uniform(stream)
        quark = 1 if u < flavours.quark[0] else (2 if u < flavours.quark[1] else 3)
        return -quark if quark_like else quark
    popcorn = 0
    if after_meson:
        case = 2
        shared = size // 1000
    else:
        if uniform(stream) < flavours.popcorn_fraction:
            popcorn = 1
        case = popcorn
        u = uniform(stream)
        shared = 1 if u < flavours.shared[case, 0] else (2 if u < flavours.shared[case, 1] else 3)
    u = uniform(stream)
    k = 0
    while k < 5 and u >= flavours.vertex[case, shared, k]:
        k += 1
    diquark = 1000 * shared + 100 * (k // 2 + 1) + 10 * popcorn + (3 if k % 2 == 1 else 1)
    if after_meson:
        return -diquark if old > 0 else diquark
    return diquark if old > 0 else -diquark


@kernel
def join_flavours(stream, flavours, first, second):
    """Draw the hadron of two flavours; its PDG identity, or 0 when the choice is refused.

    Two diquarks (a diquark and an antidiquark around a popcorn meson) give the meson of their vertex quarks.
    """
    size1, size2 = abs(first), abs(second)
    if (size1 > 1000) != (size2 > 1000):
        diquark, quark = (size1, size2) if size1 > 1000 else (size2, size1)
        a, v, spin = diquark // 1000, (diquark // 100) % 10, (diquark % 10) // 2
        u = uniform(stream)
        for k in range(3):
            if u < flavours.baryon[a, v, spin, quark, k]:
                pdg = flavours.baryon_pdg[a, v, spin, quark, k]
                return pdg if first > 0 else -pdg
        return 0
    if size1 > 1000:
        q1, q2 = (size1 // 100) % 10, (size2 // 100) % 10
    else:
        q1, q2 = size1, size2
    quark, antiquark = (q1, q2) if first > 0 else (q2, q1)
    u = uniform(stream)
    k = 0
    while k < 11 and u >= flavours.meson[quark, antiquark, k]:
        k += 1
    return flavours.meson_pdg[quark, antiquark, k]


@kernel
def constituent_mass(masses, flavour):
    """Constituent mass [GeV] of a quark or of both quarks of a diquark."""
    size = abs(flavour)
    if size < 10:
        return masses[size]
    return masses[size // 1000] + masses[(size // 100) % 10]
