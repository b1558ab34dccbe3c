"""What a particle decays to: the mode, the daughters of partonic modes, and everybody's mass.

``where`` is the decay table's pointer (:func:`~physics.jit.in_memory`).
"""

import numpy as np

from physics.decays.daughters import MAX_DAUGHTERS
from physics.decays.hadronic_remnant import (
    COLOUR_REARRANGEMENT,
    WEAK_MODE,
    constituent_mass,
    draw_light_quark,
    pick_hadrons,
)
from physics.decays.strings import GLUON, STRING_MODE, make_strings_at
from physics.decays.table import (
    KIND_HADRONIC_REMNANT,
    SHAPE_NARROW,
    draw_mode,
    find_row,
)
from physics.jit import kernel, value_at
from physics.kinematics import invariant_mass
from physics.line_shapes import draw_born_quantile, draw_quantile
from physics.random import uniform

MAX_TRIES = 200
MAX_MASS_TRIES = 100
ANY_FLAVOUR, PHOTON = 82, 22
NO_WAVE = np.int64(-1)
MASS_TOLERANCE = 1e-3
"""Of the masses of narrow hadrons from strings [GeV]."""
MAX_EXCESS = 1.0
"""Largest mass [GeV] of a broad hadron from a string above its nominal mass."""


@kernel
def draw_mass(stream, table, row, m, highest, parent, sibling, birth_wave):
    """Mass [GeV] of particle ``row`` that will decay by mode ``m``, below ``highest``; −1 when there is no room.

    ``birth_wave`` ≥ 0: the barrier of its production, parent → particle sibling, is in the density.
    """
    if table.particles[row].shape == SHAPE_NARROW or m < 0:
        return table.particles[row].mass
    first = table.modes[m].first_quantile
    if birth_wave >= 0:
        return draw_born_quantile(stream, table.quantiles, first, highest, parent, sibling, birth_wave)
    return draw_quantile(stream, table.quantiles, first, highest)


@kernel
def draw_masses(stream, where, daughters, n, mass, birth_wave):
    """Modes and masses of ``n`` daughters of a decay of ``mass``; False when they do not fit."""
    table = value_at(where)
    for attempt in range(MAX_MASS_TRIES):
        left = mass
        lightest = 0.0
        for k in range(n):
            row = daughters.rows[k]
            lightest += table.particles[row].mass_min
            if attempt % 10 == 0:
                daughters.next_mode[k] = -1
                if table.particles[row].shape != SHAPE_NARROW:
                    daughters.next_mode[k] = draw_mode(table.particles, table.cumulative, row, uniform(stream))
        for k in range(n):
            row = daughters.rows[k]
            sibling = table.particles[daughters.rows[1 - k]].mass if n == 2 else 0.0
            wave = birth_wave if n == 2 and sibling + table.particles[row].mass_min < mass else NO_WAVE
            if table.particles[row].birth == 0:
                wave = NO_WAVE
            highest = mass - (lightest - table.particles[row].mass_min)
            m = draw_mass(stream, table, row, daughters.next_mode[k], highest, mass, sibling, wave)
            if m < 0.0:
                left = -1.0
                break
            daughters.masses[k] = m
            left -= m
        if left > 0.0:
            return True
    return False


@kernel
def choose_daughters(stream, where, daughters, row, mass, m):
    """Fill rows, pdg, masses, charges and next_mode of ``daughters`` of one decay; returns (number, mode).

    ``m`` is the mode when it is known already, or −1.  (0, −1): the particle cannot decay.
    """
    table = value_at(where)
    daughters.placed = 0
    for attempt in range(MAX_TRIES):
        if attempt > 0 or m < 0:
            m = draw_mode(table.particles, table.cumulative, row, uniform(stream))
        if m < 0:
            return 0, -1
        mode = table.modes[m]
        if mode.threshold >= mass:
            continue
        first = mode.first_daughter
        n = mode.n_daughters
        if mode.kind == KIND_HADRONIC_REMNANT:
            if mode.pythia_mode >= STRING_MODE:
                n = string_daughters(stream, where, daughters, m, mass)
            else:
                n = remnant_daughters(stream, where, daughters, m, mass)
            if n == 0:
                continue
        else:
            for k in range(n):
                r = table.daughters[first + k]
                daughters.rows[k] = r
                daughters.pdg[k] = table.particles[r].pdg
                daughters.masses[k] = table.particles[r].mass
                daughters.charges[k] = table.particles[r].charge
                daughters.next_mode[k] = -1
            if mode.shaped > 0 and not draw_masses(stream, where, daughters, n, mass, mode.wave):
                continue
        return n, m
    return 0, -1


@kernel
def string_daughters(stream, where, daughters, m, mass):
    """Daughters of a mode with strings, momenta included; 0 when none fit."""
    table = value_at(where)
    mode = table.modes[m]
    first = mode.first_daughter
    photon = 1 if table.daughters[first] >= 0 else 0
    one, two = table.daughter_pdg[first + photon], table.daughter_pdg[first + photon + 1]
    for _ in range(MAX_MASS_TRIES):
        n = make_strings_at(
            daughters.strings, daughters.string_memory, stream, mode.pythia_mode, one, two, photon, mass, daughters
        )
        for k in range(n):
            row = find_row(table.lookup_key, table.lookup_row, daughters.pdg[k])
            if row < 0:
                n = 0
                break
            daughters.rows[k] = row
            daughters.next_mode[k] = -1
            daughters.charges[k] = table.particles[row].charge
            p = daughters.p[k]
            daughters.masses[k] = 0.0 if daughters.pdg[k] == PHOTON else invariant_mass(p[0], p[1], p[2], p[3])
            # a loop with hardly room for two baryons may end off the mass shell
            off_shell = daughters.masses[k] - table.particles[row].mass
            if table.particles[row].shape == SHAPE_NARROW:
                allowed = abs(off_shell) < MASS_TOLERANCE
            else:
                allowed = daughters.masses[k] > table.particles[row].mass_min and off_shell < MAX_EXCESS
            if not allowed:
                n = 0
                break
        if n > 0:
            daughters.placed = 1
            return n
    return 0


@kernel
def remnant_daughters(stream, where, daughters, m, mass):
    """Daughters of a mode with partons: the known ones, then hadrons; 0 when none fit."""
    table = value_at(where)
    mode = table.modes[m]
    first = mode.first_daughter
    n_known = 0
    n_partons = 0
    mass_left = mass
    partons = daughters.pdg[MAX_DAUGHTERS - 4 :]
    for k in range(mode.n_daughters):
        r = table.daughters[first + k]
        if r >= 0:
            daughters.rows[n_known] = r
            daughters.pdg[n_known] = table.particles[r].pdg
            n_known += 1
            mass_left -= table.particles[r].mass
        elif n_partons < 4:
            # gluons and random flavours become pairs of a light quark and its antiquark
            code = table.daughter_pdg[first + k]
            if code in (ANY_FLAVOUR, GLUON):
                code = draw_light_quark(stream) if n_partons % 2 == 0 else -partons[n_partons - 1]
            elif code == -ANY_FLAVOUR:
                code = -partons[n_partons - 1]
            partons[n_partons] = code
            n_partons += 1
    n_partons = 2 * (n_partons // 2)
    if n_partons == 0:
        return 0
    for j in range(n_partons):
        mass_left -= constituent_mass(partons[j])
    if mode.pythia_mode == WEAK_MODE:
        # the spectator quark does not go into the virtual W
        mass_left += constituent_mass(partons[n_partons - 1])
    rearranged = uniform(stream) < COLOUR_REARRANGEMENT
    for _ in range(MAX_MASS_TRIES):
        n_new = pick_hadrons(
            stream, mode.pythia_mode, mass_left, rearranged, n_known, partons, n_partons, daughters.pdg[n_known:]
        )
        if n_new == 0:
            continue
        n = n_known + n_new
        # first the cheap question whether the masses can fit at all
        lightest = mass
        for k in range(n):
            if k >= n_known:
                daughters.rows[k] = find_row(table.lookup_key, table.lookup_row, daughters.pdg[k])
                if daughters.rows[k] < 0:
                    lightest = -1.0
                    break
            lightest -= table.particles[daughters.rows[k]].mass_min
            if lightest <= 0.0:
                break
        if lightest > 0.0 and _remnant_masses(stream, where, daughters, n, mass):
            return n
    return 0


@kernel
def _remnant_masses(stream, where, daughters, n, mass):
    """One attempt at the masses of a remnant's daughters, each on its own; False when they do not fit."""
    table = value_at(where)
    left = mass
    for k in range(n):
        row = daughters.rows[k]
        daughters.next_mode[k] = -1
        daughters.charges[k] = table.particles[row].charge
        m = table.particles[row].mass
        if table.particles[row].shape != SHAPE_NARROW:
            next_mode = draw_mode(table.particles, table.cumulative, row, uniform(stream))
            daughters.next_mode[k] = next_mode
            m = draw_mass(stream, table, row, next_mode, 1e9, mass, 0.0, NO_WAVE)
            if m < 0.0:
                return False
        daughters.masses[k] = m
        left -= m
    return left > 0.0
