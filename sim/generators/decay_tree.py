"""The interpreter of the decay table: walks an event's tree, decay by decay, until all is final."""

from typing import NamedTuple

import numpy as np
from numba import njit

from physics.decays.hadronic_remnant import COLOUR_REARRANGEMENT, constituent_mass, pick_hadrons
from physics.decays.table import (
    FATE_FINAL,
    KIND_HADRONIC_REMNANT,
    SHAPE_BREIT_WIGNER,
    SHAPE_FLAT,
    SHAPE_NARROW,
    draw_mode,
    particle_row,
)
from physics.kinematics import SPEED_OF_LIGHT, boost_to_parent_frame, invariant_mass
from physics.line_shapes import draw_resonance_mass, truncated_cauchy
from physics.phase_space import unweighted_phase_space
from physics.random import exponential, uniform
from physics.record import MAX_EVENT_PARTICLES, STATUS_DECAYED, STATUS_FINAL, STATUS_UNDECAYED, set_particle

MAX_DAUGHTERS = 32
MAX_TRIES = 1000
MAX_MASS_TRIES = 100
K0, K_SHORT, K_LONG = 311, 310, 130


class Work(NamedTuple):
    """Scratch memory of one thread."""

    mode: np.ndarray  # int64 (entries,), row of the mode by which an entry decayed, −1
    row: np.ndarray  # int64 (entries,), row of the particle (an alias' own row)
    time: np.ndarray  # float64 (entries,), proper decay time [ns] fixed beforehand (mixing), −1 to draw it
    masses: np.ndarray  # float64 (daughters,)
    p: np.ndarray  # float64 (daughters, 4)
    rows: np.ndarray  # int64 (daughters,)
    pdg: np.ndarray  # int64 (daughters,)
    next_mode: np.ndarray  # int64 (daughters,), modes drawn together with the masses
    counters: np.ndarray  # int64, failures: 0 no open mode, 1 masses do not fit, 2 overflow of a maximum
    decay_matrix: np.ndarray  # complex128


def new_work() -> Work:
    """Return the scratch memory that the kernels of this module need."""
    return Work(
        np.full(MAX_EVENT_PARTICLES, -1, np.int64),
        np.full(MAX_EVENT_PARTICLES, -1, np.int64),
        np.full(MAX_EVENT_PARTICLES, -1.0),
        np.zeros(MAX_DAUGHTERS),
        np.zeros((MAX_DAUGHTERS, 4)),
        np.zeros(MAX_DAUGHTERS, np.int64),
        np.zeros(MAX_DAUGHTERS, np.int64),
        np.full(MAX_DAUGHTERS, -1, np.int64),
        np.zeros(8, np.int64),
        np.zeros(64, np.complex128),
    )


@njit(cache=True, nogil=True)
def draw_mass(stream, table, row, m, highest, parent, sibling, birth_wave):
    """Mass [GeV] of particle ``row`` that will decay by mode ``m``, below ``highest``; −1 when there is no room."""
    particle = table.particles[row]
    if particle.shape == SHAPE_NARROW:
        return particle.mass
    low = particle.mass_min
    high = min(particle.mass_max, highest)
    if m >= 0:
        low = max(low, table.modes[m].threshold)
    if high <= low:
        return -1.0
    if particle.shape == SHAPE_FLAT:
        return low + (high - low) * uniform(stream)
    if particle.shape == SHAPE_BREIT_WIGNER and m >= 0 and table.modes[m].barrier == 1:
        mode = table.modes[m]
        return draw_resonance_mass(
            stream,
            particle.mass,
            particle.width,
            low,
            high,
            mode.m1,
            mode.m2,
            mode.wave,
            parent,
            sibling,
            birth_wave,
        )
    return truncated_cauchy(stream, particle.mass, particle.width, low, high)


@njit(cache=True, nogil=True)
def draw_masses(stream, table, work, n, mass, birth_wave):
    """Modes and masses of ``n`` daughters ``work.rows`` of a decay of ``mass``; False when they do not fit."""
    for attempt in range(MAX_MASS_TRIES):
        left = mass
        lightest = 0.0
        for k in range(n):
            particle = table.particles[work.rows[k]]
            lightest += particle.mass_min
            if attempt % 10 == 0:
                work.next_mode[k] = -1
                if particle.shape != SHAPE_NARROW:
                    work.next_mode[k] = draw_mode(table, work.rows[k], uniform(stream))
        for k in range(n):
            row = work.rows[k]
            parent, sibling = -1.0, 0.0
            if n == 2 and birth_wave >= 0:
                parent = mass
                sibling = table.particles[work.rows[1 - k]].mass
            highest = mass - (lightest - table.particles[row].mass_min)
            m = draw_mass(stream, table, row, work.next_mode[k], highest, parent, sibling, birth_wave)
            if m < 0.0:
                left = -1.0
                break
            work.masses[k] = m
            left -= m
        if left > 0.0:
            return True
    return False


@njit(cache=True, nogil=True)
def choose_daughters(stream, table, work, row, mass, m):
    """Fill work.rows, .pdg, .masses, .next_mode with the daughters of a decay; returns (number, mode).

    ``m`` is the mode when it was drawn with the mass already, or −1.  (0, −1): the particle cannot decay.
    """
    for attempt in range(MAX_TRIES):
        if attempt > 0 or m < 0:
            m = draw_mode(table, row, uniform(stream))
        if m < 0:
            return 0, -1
        mode = table.modes[m]
        if mode.threshold >= mass:
            continue
        first = mode.first_daughter
        n = mode.n_daughters
        if mode.kind == KIND_HADRONIC_REMNANT:
            n = remnant_daughters(stream, table, work, m, mass)
            if n > 0:
                return n, m
            continue
        for k in range(n):
            r = table.daughters[first + k]
            work.rows[k] = r
            work.pdg[k] = table.particles[r].pdg
            work.masses[k] = table.particles[r].mass
            work.next_mode[k] = -1
        if mode.shaped == 0 or draw_masses(stream, table, work, n, mass, mode.wave):
            return n, m
    return 0, -1


@njit(cache=True, nogil=True)
def remnant_daughters(stream, table, work, m, mass):
    """Daughters of a mode with partons: the known ones, then hadrons; 0 when none fit."""
    mode = table.modes[m]
    first = mode.first_daughter
    n_known = 0
    n_partons = 0
    mass_left = mass
    for k in range(mode.n_daughters):
        r = table.daughters[first + k]
        if r >= 0:
            work.rows[n_known] = r
            work.pdg[n_known] = table.particles[r].pdg
            n_known += 1
            mass_left -= table.particles[r].mass
        else:
            code = table.daughter_pdg[first + k]
            mass_left -= constituent_mass(code)
            n_partons += 1
    if mode.pythia_mode in (22, 23) and n_partons >= 2:
        # the spectator quark does not go into the virtual W
        mass_left += constituent_mass(table.daughter_pdg[first + mode.n_daughters - 1])
    rearranged = uniform(stream) < COLOUR_REARRANGEMENT
    partons = work.pdg[MAX_DAUGHTERS - 4 :]
    for _ in range(200):
        n = n_known
        if n_partons > 0:
            j = 0
            for k in range(mode.n_daughters):
                code = table.daughter_pdg[first + k]
                if table.daughters[first + k] < 0:
                    if code == 82 or code == 21:
                        code = 1 + int(2.0 * uniform(stream)) if j % 2 == 0 else -partons[j - 1]
                    elif code == -82:
                        code = -partons[j - 1]
                    if j < 4:
                        partons[j] = code
                    j += 1
            used = 2 * (min(n_partons, 4) // 2)
            if used == 0:
                return 0
            n_new = pick_hadrons(
                stream, mode.pythia_mode, mass_left, rearranged, n_known, partons, used, work.pdg[n_known:]
            )
            if n_new == 0:
                continue
            n += n_new
        known = True
        for k in range(n_known, n):
            work.rows[k] = particle_row(table, work.pdg[k])
            known = known and work.rows[k] >= 0
        if known and remnant_masses(stream, table, work, n, mass):
            return n
    return 0


@njit(cache=True, nogil=True)
def remnant_masses(stream, table, work, n, mass):
    """One attempt at the masses of a remnant's daughters, each on its own; False when they do not fit."""
    left = mass
    for k in range(n):
        row = work.rows[k]
        work.next_mode[k] = -1
        if table.particles[row].shape != SHAPE_NARROW:
            work.next_mode[k] = draw_mode(table, row, uniform(stream))
        m = draw_mass(stream, table, row, work.next_mode[k], 1e9, -1.0, 0.0, -1)
        work.masses[k] = m
        left -= m if m > 0.0 else 1e9
    return left > 0.0


@njit(cache=True, nogil=True)
def decay_event(stream, table, work, event, n):
    """Decay every undecayed entry of a scratch event and all that follows; returns the number of entries."""
    for i in range(n):
        prepare_entry(table, work, event, i)
    return decay_prepared(stream, table, work, event, n)


@njit(cache=True, nogil=True)
def prepare_entry(table, work, event, i):
    """Let entry ``i`` decay as its PDG identity says, by any mode, at a time of its own."""
    work.row[i] = particle_row(table, event.pdg[i])
    work.mode[i] = -1
    work.time[i] = -1.0


@njit(cache=True, nogil=True)
def decay_prepared(stream, table, work, event, n):
    """As :func:`decay_event` for entries whose ``work.row``, ``work.mode`` and ``work.time`` the caller has set.

    A row may be an alias' (the signal B); a mode ≥ 0 and a time ≥ 0 are fixed beforehand (mixing and CP violation).
    """
    i = 0
    while i < n:
        if event.status[i] == STATUS_UNDECAYED:
            n = _decay_entry(stream, table, work, event, n, i, work.row[i])
        i += 1
    return n


@njit(cache=True, nogil=True)
def _decay_entry(stream, table, work, event, n, i, row):
    if row < 0 or table.particles[row].fate == FATE_FINAL:
        event.status[i] = STATUS_FINAL
        return n
    px, py, pz, e = event.px[i], event.py[i], event.pz[i], event.E[i]
    pdg = event.pdg[i]
    if pdg == K0 or pdg == -K0:
        new = K_SHORT if uniform(stream) < 0.5 else K_LONG
        work.row[n] = particle_row(table, new)
        work.mode[n] = -1
        work.time[n] = -1.0
        set_particle(
            event,
            n,
            new,
            px,
            py,
            pz,
            e,
            i,
            STATUS_UNDECAYED,
            event.vx[i],
            event.vy[i],
            event.vz[i],
            event.t[i],
        )
        event.status[i] = STATUS_DECAYED
        return n + 1
    mass = invariant_mass(px, py, pz, e)
    count, m = choose_daughters(stream, table, work, row, mass, work.mode[i])
    if count == 0 or n + count > event.pdg.shape[0]:
        work.counters[0] += 1
        event.status[i] = STATUS_FINAL
        return n
    if not unweighted_phase_space(stream, mass, work.masses, count, work.p):
        work.counters[1] += 1
    work.mode[i] = m
    event.status[i] = STATUS_DECAYED
    vx, vy, vz, t = event.vx[i], event.vy[i], event.vz[i], event.t[i]
    ctau = table.particles[row].ctau
    if ctau > 0.0:
        proper = work.time[i] * SPEED_OF_LIGHT if work.time[i] >= 0.0 else ctau * exponential(stream)
        flight = proper / mass
        vx += flight * px
        vy += flight * py
        vz += flight * pz
        t += flight * e / SPEED_OF_LIGHT
    for k in range(count):
        kx, ky, kz, ke = boost_to_parent_frame(
            work.p[k, 0], work.p[k, 1], work.p[k, 2], work.p[k, 3], px, py, pz, e, mass
        )
        r = work.rows[k]
        status = STATUS_FINAL if table.particles[r].fate == FATE_FINAL else STATUS_UNDECAYED
        set_particle(event, n, work.pdg[k], kx, ky, kz, ke, i, status, vx, vy, vz, t)
        work.row[n] = r
        work.mode[n] = work.next_mode[k]
        work.time[n] = -1.0
        n += 1
    return n
