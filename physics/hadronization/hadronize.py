"""From partons to hadrons: shower, cut into strings, fragment each of them."""

import math
from typing import NamedTuple

import numpy as np

from physics.hadronization.flavour import constituent_mass
from physics.hadronization.regions import (
    join_close_partons,
    new_sheet,
    set_regions,
    start_ends,
)
from physics.hadronization.shower import GLUON, PHOTON, new_partons, shower
from physics.hadronization.string import fragment_sheet, two_hadrons
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, boost_to_rest_frame, two_body_momentum
from physics.random import uniform

MAX_HADRONS = 96
_TRIES = 100
_SHOWERS = 20


class HadronizationMemory(NamedTuple):
    """Scratch memory of one thread."""

    partons: np.record
    sheet: np.record


def new_memory() -> HadronizationMemory:
    """Return the scratch memory that the kernels below need, one for each thread."""
    return HadronizationMemory(new_partons(), new_sheet())


@kernel
def rotate_and_boost(pdg_out, p_out, n0, n, dx, dy, dz, px, py, pz, e, mass):
    """Turn z of a rest frame to the unit vector d and boost to the frame where it moves with (p, E)."""
    sign = 1.0 if dz >= 0.0 else -1.0
    f = -1.0 / (sign + dz)
    g = dx * dy * f
    for i in range(n0, n0 + n):
        a, b, c = p_out[i, 0], p_out[i, 1], p_out[i, 2]
        x = a * (1.0 + sign * dx * dx * f) + b * g + c * dx
        y = a * sign * g + b * (sign + dy * dy * f) + c * dy
        z = -a * sign * dx - b * dy + c * dz
        p_out[i, 0], p_out[i, 1], p_out[i, 2], p_out[i, 3] = boost_to_parent_frame(
            x, y, z, p_out[i, 3], px, py, pz, e, mass
        )


@kernel
def _take_string(partons, sheet, first, n):
    """Copy partons ``first`` … of one string to ``sheet``; returns their momentum (px, py, pz, E) and mass."""
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        for i in range(4):
            sheet.p[k, i] = partons.p[first + k, i]
        sheet.gluon[k] = 1 if partons.pdg[first + k] == GLUON else 0
        px += sheet.p[k, 0]
        py += sheet.p[k, 1]
        pz += sheet.p[k, 2]
        e += sheet.p[k, 3]
    mass2 = e * e - px * px - py * py - pz * pz
    return px, py, pz, e, math.sqrt(max(mass2, 0.0))


@kernel
def fragment_chain(stream, tune, memory, n, pdg_out, p_out):
    """Fragment the ``n`` partons of ``memory.partons``, string by string; returns the number of hadrons or −1."""
    partons, sheet = memory.partons, memory.sheet
    made = 0
    first = 0
    for last in range(n):
        if last < n - 1 and partons.linked[last] == 1:
            continue
        size = last - first + 1
        px, py, pz, e, mass = _take_string(partons, sheet, first, size)
        left, right = partons.pdg[first], partons.pdg[last]
        heavy = constituent_mass(tune.constituent_mass, left) + constituent_mass(tune.constituent_mass, right)
        new = -1
        if mass >= heavy + tune.min_string_mass:
            size = join_close_partons(sheet, size, tune.join_mass)
            if set_regions(sheet, size):
                for _ in range(_TRIES):
                    start_ends(sheet, size)
                    new = fragment_sheet(stream, tune, sheet, size - 1, left, right, pdg_out, p_out, made)
                    if new > 0:
                        break
        elif mass > 0.0:
            x, y, z, _ = boost_to_rest_frame(
                partons.p[first, 0], partons.p[first, 1], partons.p[first, 2], partons.p[first, 3], px, py, pz, e, mass
            )
            norm = math.sqrt(x * x + y * y + z * z)
            if norm > 0.0:
                new = two_hadrons(stream, tune, left, right, mass, pdg_out, p_out, made)
                if new > 0:
                    rotate_and_boost(pdg_out, p_out, made, new, x / norm, y / norm, z / norm, px, py, pz, e, mass)
        if new < 0:
            return -1
        made += new
        first = last + 1
    return made


@kernel
def _set_pair(tune, partons, quark, antiquark, mass):
    """Put a quark along +z and its partner back to back; masses shrink where there is no room for them."""
    m1 = tune.pair_mass[abs(quark)] if abs(quark) < 10 else constituent_mass(tune.constituent_mass, quark)
    m2 = tune.pair_mass[abs(antiquark)] if abs(antiquark) < 10 else constituent_mass(tune.constituent_mass, antiquark)
    if m1 + m2 >= 0.99 * mass:
        m1, m2 = 0.0, 0.0
    p = two_body_momentum(mass, m1, m2)
    for k in range(2):
        m = m1 if k == 0 else m2
        partons.pdg[k] = quark if k == 0 else antiquark
        partons.mass[k] = m
        partons.linked[k] = 1 - k
        partons.corrected[k] = 1
        partons.p[k, 0] = 0.0
        partons.p[k, 1] = 0.0
        partons.p[k, 2] = p if k == 0 else -p
        partons.p[k, 3] = math.sqrt(p * p + m * m)


@kernel
def hadronize_pair(stream, tune, memory, quark, antiquark, mass, radiate, pdg_out, p_out):
    """Fragment a colour-singlet pair in its rest frame, ``quark`` along +z, with a shower where ``radiate`` is 1.

    ``quark`` and ``antiquark`` are flavours of opposite colour, either one first: quarks, or (anti)diquarks as ends
    without popcorn.  Fills ``pdg_out`` int64 (k,) and ``p_out`` float64 (k, 4) with (px, py, pz, E) [GeV]: hadrons in
    the order of the string, then photons of the shower.  Returns their number, or −1 when ``mass`` [GeV] allows none.
    """
    partons = memory.partons
    pt2 = 0.25 * mass * mass
    for attempt in range(_SHOWERS + 1):
        _set_pair(tune, partons, quark, antiquark, mass)
        n, photons = 2, 0
        # the last attempt goes without a shower: a splitting gluon may leave a string too light for hadrons
        if radiate == 1 and attempt < _SHOWERS:
            for _ in range(2 if tune.second_shower else 1):
                n, photons = shower(stream, tune, partons, 2, pt2)
                if n > 2 or photons > 0:
                    break
        made = fragment_chain(stream, tune, memory, n, pdg_out, p_out)
        if made > 0 and made + photons <= pdg_out.shape[0]:
            for k in range(photons):
                pdg_out[made] = PHOTON
                for i in range(4):
                    p_out[made, i] = partons.photons[k, i]
                made += 1
            return made
        if n == 2 and photons == 0 and mass < 2.0:
            return -1
    return -1


@kernel
def fragment_string(stream, tune, memory, quark, antiquark, mass, pdg_out, p_out):
    """Fragment a straight string; :func:`hadronize_pair` without a shower."""
    return hadronize_pair(stream, tune, memory, quark, antiquark, mass, 0, pdg_out, p_out)


@kernel
def hadronize_partons(stream, tune, memory, pdgs, p4s, n, pdg_out, p_out):
    """Fragment ``n`` colour-connected partons, in the order of colour, without shower.

    ``pdgs`` int64 (n,): quark, gluons (21), antiquark (either end first); or gluons only, a closed string.
    ``p4s`` float64 (n, 4).  Returns the number of hadrons, momenta in the frame of the partons, or −1.
    """
    partons = memory.partons
    closed = pdgs[0] == GLUON and pdgs[n - 1] == GLUON
    for k in range(n):
        partons.pdg[k] = pdgs[k]
        m2 = p4s[k, 3] ** 2 - p4s[k, 0] ** 2 - p4s[k, 1] ** 2 - p4s[k, 2] ** 2
        partons.mass[k] = math.sqrt(max(0.0, m2))
        partons.linked[k] = 1 if k < n - 1 else 0
        for i in range(4):
            partons.p[k, i] = p4s[k, i]
    if closed:
        n = _open_closed_string(stream, partons, n)
    return fragment_chain(stream, tune, memory, n, pdg_out, p_out)


@kernel
def _open_closed_string(stream, partons, n):
    """Cut a loop of gluons at the first one: it becomes a quark pair, half of its momentum at either end.

    Simplification: in the full treatment the first break happens anywhere on the loop.
    """
    u = uniform(stream) * 2.3
    flavour = 1 if u < 1.0 else (2 if u < 2.0 else 3)
    partons.pdg[0] = flavour
    partons.pdg[n] = -flavour
    partons.mass[n] = 0.0
    partons.linked[n - 1] = 1
    partons.linked[n] = 0
    for i in range(4):
        partons.p[0, i] *= 0.5
        partons.p[n, i] = partons.p[0, i]
    return n + 1
