"""Decays to quarks and gluons that make strings (EvtGen's ``PYTHIA 91`` and ``92``): B → s q̄, J/ψ → ggg, γgg, η_c → gg.

The shower and the Lund strings are those of the continuum (:mod:`physics.hadronization`), with the parameters of
PYTHIA's decays.  Gluons of an onium are distributed as photons of orthopositronium (Ore, Powell, Phys. Rev. 75
(1949) 1696; Koller, Walsh, Nucl. Phys. B140 (1978) 449) and do not radiate: in charmonium there is no room for it.
"""

import math
import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from physics.decays.daughters import MAX_DAUGHTERS, new_daughters
from physics.decays.hadronic_remnant import draw_partner
from physics.hadronization.hadronize import (
    MAX_HADRONS,
    HadronizationMemory,
    hadronize_pair,
    hadronize_partons,
    new_memory,
)
from physics.hadronization.string import two_hadrons
from physics.hadronization.tune import Tune, compile_tune, read_tune
from physics.jit import address_of, call_with_memory, kernel, pinned, value_at
from physics.kinematics import boost_to_parent_frame, invariant_mass
from physics.phase_space import n_body, phase_space_bound
from physics.random import isotropic_direction, new_stream, uniform

STRING_MODE, ONIUM_MODE = 91, 92
GLUON = 21
_DOWN, _FIRST = np.int64(1), np.int64(0)
_GLUON_MASS = 0.7
"""Constituent mass [GeV] of a gluon (PYTHIA 8), which says what a light string is."""
_MAX_TRIES = 100
_MIN_GLUON_PAIR = 1.6
"""Smallest mass [GeV] of two gluons beside a photon: where PYTHIA 8.317's photon spectrum of J/ψ → γgg ends (below lie
resonances, which a decay file lists by name)."""
_PYTHIA_DECAYS = {
    "eta_suppression": 0.60,  # StringFlav:etaSup
    "a_lund": 0.68,  # StringZ:aLund
    "b_lund": 0.98,  # StringZ:bLund
    "r_charm": 1.32,  # StringZ:rFactC
    "stop_mass": 0.8,  # StringFragmentation:stopMass
    "second_shower": False,
}
"""Where Belle II's tune of the continuum differs from PYTHIA 8.317's defaults, which EvtGen's decays have."""


class StringMemory(NamedTuple):
    """What string decays need of one thread."""

    tune: Tune
    hadronization: HadronizationMemory
    pdg: np.ndarray  # int64 (MAX_HADRONS,)
    p: np.ndarray  # float64 (MAX_HADRONS, 4)
    partons: np.ndarray  # int64 (4,)
    parton_p: np.ndarray  # float64 (4, 4)
    gluon_p: np.ndarray  # float64 (3, 4)
    no_masses: np.ndarray  # float64 (3,)


_kept = threading.local()
"""The memory of each thread, made when it first needs it."""


@lru_cache(maxsize=1)
def _tune() -> Tune:
    return compile_tune(read_tune().model_copy(update=_PYTHIA_DECAYS))


def new_string_memory() -> StringMemory:
    """Return memory of its own."""
    return StringMemory(
        _tune(), new_memory(), np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4)), np.zeros(4, np.int64),
        np.zeros((4, 4)), np.zeros((3, 4)), np.zeros(3),
    )  # fmt: skip


def _strings(pointer, memory):
    stream, mode, first, second, photon, mass, daughters = value_at(pointer)
    return make_strings(stream, value_at(memory), mode, first, second, photon, mass, daughters)


def strings_address() -> tuple[int, int]:
    """Return the addresses of the string decays (compiled on the first call) and of this thread's memory."""
    if not hasattr(_kept, "buffer"):
        _kept.memory = new_string_memory()
        _kept.buffer = pinned(_kept.memory)
        zero = np.int64(0)
        example = (new_stream(), zero, zero, zero, zero, 0.0, new_daughters())
        _kept.address = address_of(_strings, example, _kept.memory)
    return _kept.address, _kept.buffer.ctypes.data


@kernel
def make_strings_at(address, memory, stream, mode, first, second, photon, mass, daughters):
    """:func:`make_strings` at its address."""
    return call_with_memory(address, memory, (stream, mode, first, second, photon, mass, daughters))


@kernel
def make_strings(stream, strings, mode, first, second, photon, mass, daughters):
    """Write identities and momenta of the hadrons (and photons) of a decay to ``daughters``; returns their number or 0.

    ``first`` and ``second`` are the flavours of a pair (mode 91), or both gluons; mode 92 has three gluons, one of them
    a photon where ``photon`` is 1, which is then the first daughter.  ``daughters.p`` is in the rest frame of
    ``mass`` [GeV], isotropic.
    """
    if photon == 1 and mass < 1.1 * _MIN_GLUON_PAIR:
        return 0
    for _ in range(_MAX_TRIES):
        start = 0
        if mode == ONIUM_MODE:
            start = photon
            _draw_three_gluons(stream, strings, mass)
            while start == 1 and mass * (mass - 2.0 * strings.gluon_p[0, 3]) < _MIN_GLUON_PAIR**2:
                _draw_three_gluons(stream, strings, mass)
            count = _hadronize_gluons(stream, strings, start, 3)
        elif first == GLUON:
            x, y, z = isotropic_direction(stream)
            for k in range(2):
                sign = 0.5 * mass * (1.0 - 2.0 * k)
                _set(strings.gluon_p, k, sign * x, sign * y, sign * z, 0.5 * mass)
            count = _hadronize_gluons(stream, strings, 0, 2)
        else:
            count = hadronize_pair(
                stream, strings.tune, strings.hadronization, first, second, mass, 1, strings.pdg, strings.p
            )
            if count > 0:
                _turn(stream, strings.p, count)
        if count < 2 or start + count > MAX_DAUGHTERS // 2:
            continue
        if start == 1:
            daughters.pdg[0] = 22
            for j in range(4):
                daughters.p[0, j] = strings.gluon_p[0, j]
        for k in range(count):
            daughters.pdg[start + k] = strings.pdg[k]
            for j in range(4):
                daughters.p[start + k, j] = strings.p[k, j]
        return start + count
    return 0


@kernel
def _set(p, k, x, y, z, e):
    p[k, 0], p[k, 1], p[k, 2], p[k, 3] = x, y, z, e


@kernel
def _draw_three_gluons(stream, strings, mass):
    """Momenta of three massless gluons of a vector onium at rest, isotropic, by Ore and Powell."""
    p = strings.gluon_p
    bound = phase_space_bound(mass, strings.no_masses, 3)
    while True:
        n_body(stream, mass, strings.no_masses, 3, bound, p)
        x, y, z = 2.0 * p[0, 3] / mass, 2.0 * p[1, 3] / mass, 2.0 * p[2, 3] / mass
        if min(x, y, z) <= 0.0:
            continue
        weight = ((1.0 - x) / (y * z)) ** 2 + ((1.0 - y) / (x * z)) ** 2 + ((1.0 - z) / (x * y)) ** 2
        # at most 2, where one of them is soft
        if weight > 2.0 * uniform(stream):
            return


@kernel
def _hadronize_gluons(stream, strings, first, last):
    """Hadrons of the closed string of gluons ``first`` … ``last`` − 1; returns their number or −1.

    A light loop makes two hadrons at once, in any direction; others are cut at the first gluon by a pair of
    (di)quarks with half of its momentum each.
    """
    n = last - first
    pdg, p = strings.partons, strings.parton_p
    end = draw_partner(stream, _DOWN, False)
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for k in range(first, last):
        px += strings.gluon_p[k, 0]
        py += strings.gluon_p[k, 1]
        pz += strings.gluon_p[k, 2]
        e += strings.gluon_p[k, 3]
    mass = invariant_mass(px, py, pz, e)
    if mass < 2.0 * _GLUON_MASS + strings.tune.min_string_mass:
        count = two_hadrons(stream, strings.tune, end, -end, mass, strings.pdg, strings.p, _FIRST)
        if count > 0:
            _turn(stream, strings.p, count)
            for k in range(count):
                q = strings.p[k]
                q[0], q[1], q[2], q[3] = boost_to_parent_frame(q[0], q[1], q[2], q[3], px, py, pz, e, mass)
        return count
    for k in range(n + 1):
        pdg[k] = GLUON
        share = 1.0 if 0 < k < n else 0.5
        for j in range(4):
            p[k, j] = share * strings.gluon_p[first + k % n, j]
    pdg[0], pdg[n] = end, -end
    return hadronize_partons(stream, strings.tune, strings.hadronization, pdg, p, n + 1, strings.pdg, strings.p)


@kernel
def _turn(stream, p, n):
    """Turn a system whose axis is z to a random direction; its azimuth is random already."""
    x, y, z = isotropic_direction(stream)
    transverse = math.sqrt(x * x + y * y)
    cos_phi, sin_phi = (x / transverse, y / transverse) if transverse > 0.0 else (1.0, 0.0)
    for k in range(n):
        a, b, c = p[k, 0], p[k, 1], p[k, 2]
        along = z * a + transverse * c
        p[k, 0] = cos_phi * along - sin_phi * b
        p[k, 1] = sin_phi * along + cos_phi * b
        p[k, 2] = z * c - transverse * a
