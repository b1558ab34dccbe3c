"""What a particle decays to: the mode, the daughters of partonic modes, and everybody's mass."""

from typing import NamedTuple

import numpy as np
from numba import njit

from physics.decays.hadronic_remnant import COLOUR_REARRANGEMENT, constituent_mass, pick_hadrons
from physics.decays.table import (
    KIND_HADRONIC_REMNANT,
    SHAPE_BREIT_WIGNER,
    SHAPE_FLAT,
    SHAPE_NARROW,
    draw_mode,
    find_row,
)
from physics.line_shapes import draw_resonance_mass, truncated_cauchy
from physics.random import uniform

MAX_DAUGHTERS = 32
MAX_TRIES = 1000
MAX_MASS_TRIES = 100
ANY_FLAVOUR, GLUON = 82, 21


class Daughters(NamedTuple):
    """Scratch memory for the daughters of one decay."""

    rows: np.ndarray  # int64 (MAX_DAUGHTERS,), rows of the table
    pdg: np.ndarray  # int64
    masses: np.ndarray  # float64 [GeV]
    next_mode: np.ndarray  # int64, mode by which a resonance will decay, drawn before its mass; −1 for none
    charges: np.ndarray  # float64 [e]
    p: np.ndarray  # float64 (MAX_DAUGHTERS, 4), (px, py, pz, E) [GeV] in the mother's rest frame
    photons: np.ndarray  # float64 (MAX_DAUGHTERS, 4)


def new_daughters() -> Daughters:
    """Return the memory of one decay."""
    return Daughters(
        np.zeros(MAX_DAUGHTERS, np.int64),
        np.zeros(MAX_DAUGHTERS, np.int64),
        np.zeros(MAX_DAUGHTERS),
        np.full(MAX_DAUGHTERS, -1, np.int64),
        np.zeros(MAX_DAUGHTERS),
        np.zeros((MAX_DAUGHTERS, 4)),
        np.zeros((MAX_DAUGHTERS, 4)),
    )


@njit(cache=True, nogil=True, _nrt=False)
def draw_mass(stream, particle, modes, m, highest, parent, sibling, birth_wave):
    """Mass [GeV] of a particle that will decay by mode ``m``, below ``highest``; −1 when there is no room."""
    if particle.shape == SHAPE_NARROW:
        return particle.mass
    low = particle.mass_min
    high = min(particle.mass_max, highest)
    if m >= 0:
        low = max(low, modes[m].threshold)
    if high <= low:
        return -1.0
    if particle.shape == SHAPE_FLAT:
        return low + (high - low) * uniform(stream)
    if particle.shape == SHAPE_BREIT_WIGNER and m >= 0 and modes[m].barrier == 1:
        m1, m2, wave = modes[m].m1, modes[m].m2, modes[m].wave
        return draw_resonance_mass(
            stream, particle.mass, particle.width, low, high, m1, m2, wave, parent, sibling, birth_wave
        )
    return truncated_cauchy(stream, particle.mass, particle.width, low, high)


@njit(cache=True, nogil=True, _nrt=False)
def draw_masses(stream, table, daughters, n, mass, birth_wave):
    """Modes and masses of ``n`` daughters of a decay of ``mass``; False when they do not fit."""
    for attempt in range(MAX_MASS_TRIES):
        left = mass
        lightest = 0.0
        for k in range(n):
            row = daughters.rows[k]
            lightest += table.particles[row].mass_min
            if attempt % 10 == 0:
                daughters.next_mode[k] = -1
                if table.particles[row].shape != SHAPE_NARROW:
                    daughters.next_mode[k] = draw_mode(
                        table.particles, table.cumulative, row, uniform(stream)
                    )
        for k in range(n):
            row = daughters.rows[k]
            parent, sibling = -1.0, 0.0
            if n == 2 and birth_wave >= 0:
                parent = mass
                sibling = table.particles[daughters.rows[1 - k]].mass
            highest = mass - (lightest - table.particles[row].mass_min)
            m = draw_mass(
                stream, table.particles[row], table.modes, daughters.next_mode[k], highest, parent, sibling,
                birth_wave,
            )  # fmt: skip
            if m < 0.0:
                left = -1.0
                break
            daughters.masses[k] = m
            left -= m
        if left > 0.0:
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False)
def choose_daughters(stream, table, daughters, row, mass, m):
    """Fill rows, pdg, masses, charges and next_mode of ``daughters`` of one decay; returns (number, mode).

    ``m`` is the mode when it is known already, or −1.  (0, −1): the particle cannot decay.
    """
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
            n = remnant_daughters(stream, table, daughters, m, mass)
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
            if mode.shaped > 0 and not draw_masses(stream, table, daughters, n, mass, mode.wave):
                continue
        return n, m
    return 0, -1


@njit(cache=True, nogil=True, _nrt=False)
def remnant_daughters(stream, table, daughters, m, mass):
    """Daughters of a mode with partons: the known ones, then hadrons; 0 when none fit."""
    mode = table.modes[m]
    first = mode.first_daughter
    n_known = 0
    n_partons = 0
    mass_left = mass
    for k in range(mode.n_daughters):
        r = table.daughters[first + k]
        if r >= 0:
            daughters.rows[n_known] = r
            daughters.pdg[n_known] = table.particles[r].pdg
            n_known += 1
            mass_left -= table.particles[r].mass
        else:
            mass_left -= constituent_mass(table.daughter_pdg[first + k])
            n_partons += 1
    if mode.pythia_mode in (22, 23) and n_partons >= 2:
        # the spectator quark does not go into the virtual W
        mass_left += constituent_mass(table.daughter_pdg[first + mode.n_daughters - 1])
    rearranged = uniform(stream) < COLOUR_REARRANGEMENT
    partons = daughters.pdg[MAX_DAUGHTERS - 4 :]
    used = 2 * (min(n_partons, 4) // 2)
    if used == 0:
        return 0
    for _ in range(MAX_MASS_TRIES):
        j = 0
        for k in range(mode.n_daughters):
            if table.daughters[first + k] < 0 and j < 4:
                code = table.daughter_pdg[first + k]
                if code in (ANY_FLAVOUR, GLUON):
                    code = 1 + int(2.0 * uniform(stream)) if j % 2 == 0 else -partons[j - 1]
                elif code == -ANY_FLAVOUR:
                    code = -partons[j - 1]
                partons[j] = code
                j += 1
        n_new = pick_hadrons(
            stream, mode.pythia_mode, mass_left, rearranged, n_known, partons, used, daughters.pdg[n_known:]
        )
        if n_new == 0:
            continue
        n = n_known + n_new
        known = True
        for k in range(n_known, n):
            daughters.rows[k] = find_row(table.lookup_key, table.lookup_row, daughters.pdg[k])
            known = known and daughters.rows[k] >= 0
        if known and _remnant_masses(stream, table, daughters, n, mass):
            return n
    return 0


@njit(cache=True, nogil=True, _nrt=False)
def _remnant_masses(stream, table, daughters, n, mass):
    """One attempt at the masses of a remnant's daughters, each on its own; False when they do not fit."""
    left = mass
    for k in range(n):
        row = daughters.rows[k]
        daughters.next_mode[k] = -1
        daughters.charges[k] = table.particles[row].charge
        m = table.particles[row].mass
        if table.particles[row].shape != SHAPE_NARROW:
            next_mode = draw_mode(table.particles, table.cumulative, row, uniform(stream))
            daughters.next_mode[k] = next_mode
            m = draw_mass(stream, table.particles[row], table.modes, next_mode, 1e9, -1.0, 0.0, -1)
            if m < 0.0:
                return False
        daughters.masses[k] = m
        left -= m
    return left > 0.0
