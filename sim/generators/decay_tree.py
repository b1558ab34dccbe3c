"""The interpreter of the decay table: walks an event's tree, decay by decay, until all is final.

Decays without spin information to pass on are worked off in the order of the record.  Where an amplitude has
daughters whose own decays feel their polarisation, the cluster they form is decayed depth first with spin density and
decay matrices (:mod:`physics.spin_density`), on an explicit stack; each daughter's own axes are the mother's, turned
by R(φ, θ, 0) and boosted.
"""

import threading
from functools import cache

import numpy as np

from physics.decays.choice import choose_daughters
from physics.decays.daughters import DAUGHTERS
from physics.decays.hadronic_remnant import TAU_MODE, WEAK_MODE, largest_weight, phase_space_weight
from physics.decays.mixing import evolve_transversity
from physics.decays.registry import (
    SVV_CP,
    amplitude_at,
    draw_kinematics_at,
    draw_masses_at,
    draws_kinematics,
    draws_masses,
    models_address,
)
from physics.decays.strings import strings_address
from physics.decays.table import (
    FATE_FINAL,
    KIND_AMPLITUDE,
    draw_mode,
    empty_table,
    find_row,
    particle_row,
)
from physics.jit import address_of, call_with_memory, in_memory, kernel, value_at
from physics.kinematics import SPEED_OF_LIGHT, boost_to_parent_frame, invariant_mass
from physics.phase_space import n_body, phase_space_bound, two_body
from physics.radiation.fsr import radiate
from physics.random import exponential, new_stream, uniform
from physics.record import (
    MAX_EVENT_PARTICLES,
    STATUS_DECAYED,
    STATUS_FINAL,
    STATUS_UNDECAYED,
    new_event,
    set_particle,
)
from physics.spin_density import (
    MAX_STATES,
    boost_frame,
    contract,
    fill_matrix,
    helicity_frame,
    polarised_rate,
    set_unpolarised,
    total_rate,
)

MAX_LEVELS = 10
"""Deepest cluster of correlated decays; deeper ones go on unpolarised."""
MAX_AMPLITUDES = 1024
MAX_SPIN_DAUGHTERS = 8
MAX_REJECTIONS = 10000
K0, K_SHORT, K_LONG = 311, 310, 130

# Counters of what went wrong
NO_OPEN_MODE, NO_KINEMATICS, OVER_MAXIMUM, REJECTED_OUT = range(4)


_ALL, _ONE = np.arange(2)
# as variables: numba compiles a kernel anew for every literal
_LOWEST, _NOBODY, _PHOTON = np.int64(0), np.int64(-1), np.int64(22)
_UNPOLARISED, _POLARISED = np.arange(2)
_FINAL, _OPEN = np.int64(STATUS_FINAL), np.int64(STATUS_UNDECAYED)

_ENTRIES, _LEVELS, _MATRIX = (MAX_EVENT_PARTICLES,), (MAX_LEVELS,), (MAX_STATES * MAX_STATES,)
WORK = np.dtype(
    (
        np.record,
        [
            ("walk", np.int64),  # address of the interpreter, compiled once for all generators
            ("models", np.int64),  # and of the decay models
            ("mode", np.int64, _ENTRIES),  # row of the mode by which an entry decayed, −1
            ("row", np.int64, _ENTRIES),  # row of the particle (an alias' own row)
            ("time", np.float64, _ENTRIES),  # proper decay time [ns] fixed beforehand (mixing), −1 to draw it
            ("mass", np.float64, _ENTRIES),  # [GeV]
            ("tag", np.int64, _ENTRIES),  # of a neutral B: ±1 as the other one decayed, 0 when there is none
            ("phase", np.float64, _ENTRIES),  # and Δm (t − t of the other one) [rad]
            ("counters", np.int64, (8,)),  # by the names above
            ("decay_matrix", np.complex128, _MATRIX),  # of the last particle decayed by decay_particle
            ("daughters", DAUGHTERS),
            ("amplitude_masses", np.float64, (MAX_SPIN_DAUGHTERS + 1,)),  # of mother and daughters
            # the stack: one row for each level
            ("entry", np.int64, _LEVELS),
            ("first", np.int64, _LEVELS),  # entry of the first daughter
            ("count", np.int64, _LEVELS),
            ("next", np.int64, _LEVELS),  # next daughter to look at
            ("needed", np.int64, _LEVELS),  # 1 when the decay matrix will be used
            ("states", np.int64, (MAX_LEVELS, MAX_SPIN_DAUGHTERS + 1)),
            ("sensitive", np.int64, (MAX_LEVELS, MAX_SPIN_DAUGHTERS)),  # 1: its decay depends on its polarisation
            ("decayed", np.int64, (MAX_LEVELS, MAX_SPIN_DAUGHTERS)),  # 1: its decay matrix is there
            ("momenta", np.float64, (MAX_LEVELS, MAX_SPIN_DAUGHTERS, 4)),
            ("frame", np.float64, (MAX_LEVELS, 4, 4)),
            ("rho", np.complex128, (MAX_LEVELS, *_MATRIX)),
            ("amp", np.complex128, (MAX_LEVELS, MAX_AMPLITUDES)),
            ("matrix", np.complex128, (MAX_LEVELS, MAX_SPIN_DAUGHTERS, *_MATRIX)),
            ("tensor", np.complex128, (MAX_AMPLITUDES,)),
            ("scratch", np.complex128, (MAX_STATES,)),
        ],
    )
)
"""Scratch memory of one thread; a record, so that it goes from kernel to kernel as one pointer."""


def new_work() -> np.record:
    """Return the scratch memory that the kernels of this module need."""
    work: np.record = np.zeros(1, WORK)[0]
    work.models = models_address()
    work["daughters"]["strings"], work["daughters"]["string_memory"] = strings_address()
    work.walk = interpreter_address()
    return work


_kept = threading.local()


def kept_memory() -> tuple[np.record, np.record, np.record]:
    """Return stream, scratch event and work of this thread: made anew for every chunk they would cost as much as a
    hundred events.
    """
    if not hasattr(_kept, "memory"):
        _kept.memory = new_stream(), new_event(), new_work()
    memory: tuple[np.record, np.record, np.record] = _kept.memory
    return memory


@cache
def interpreter_address() -> int:
    """Return the address of the interpreter, compiled on the first request."""
    work = np.zeros(1, WORK)[0]
    rho, frame = np.zeros(1, np.complex128), np.zeros((4, 4))
    return address_of(_walk, (0, new_stream(), work, new_event(), 0, 0, rho, frame), empty_table())


@kernel
def decay_event(stream, table, work, event, n):
    """Decay every undecayed entry of a scratch event and all that follows; returns the number of entries."""
    for i in range(n):
        prepare_entry(table, work, event, i)
    return decay_prepared(stream, table, work, event, n)


@kernel
def prepare_entry(table, work, event, i):
    """Let entry ``i`` decay as its PDG identity says, by any mode, at a time of its own."""
    work.row[i] = particle_row(table, event.pdg[i])
    work.mode[i] = -1
    work.time[i] = -1.0
    work.tag[i] = 0
    work.mass[i] = invariant_mass(event.px[i], event.py[i], event.pz[i], event.E[i])


@kernel
def decay_prepared(stream, table, work, event, n):
    """As :func:`decay_event` for entries that :func:`prepare_entry` has seen.

    The caller may have changed their ``work.row`` (an alias: the signal B), ``work.mode`` and ``work.time``, which
    are fixed beforehand where they are ≥ 0, ``work.tag`` and ``work.phase`` (mixing and CP violation).  ``table`` may
    be the pointer that :func:`~physics.jit.in_memory` made of it.
    """
    arguments = _ALL, stream, work, event, np.int64(n), _LOWEST, work.rho[0], work.frame[0]
    return call_with_memory(work.walk, in_memory(table), arguments)


@kernel
def decay_particle(stream, table, work, event, n, i, rho, frame):
    """Decay prepared entry ``i`` of density matrix ``rho`` with what is correlated to it; returns the entries.

    ``rho`` complex128 flat (2J+1)² refers to the axes that ``frame`` (4 × 4: x, y, z, E) takes to the laboratory
    (:func:`~physics.spin_density.helicity_frame`).  The decay matrix is left in ``work.decay_matrix``.  Entries that
    carry no polarisation are left undecayed for :func:`decay_prepared`.
    """
    arguments = _ONE, stream, work, event, np.int64(n), np.int64(i), rho, frame
    return call_with_memory(work.walk, in_memory(table), arguments)


def _walk(pointer, where):
    task, stream, work, event, n, i, rho, frame = value_at(pointer)
    if task == _ALL:
        return _decay_all(stream, where, work, event, n)
    return _decay_one(stream, where, work, event, n, i, rho, frame)


@kernel
def _decay_all(stream, where, work, event, n):
    i = 0
    while i < n:
        if event.status[i] == STATUS_UNDECAYED:
            n, active = _decay_entry(stream, where, work, event, n, i, _LOWEST, _UNPOLARISED)
            if active:
                boost_frame(event.px[i], event.py[i], event.pz[i], event.E[i], work.mass[i], work.frame[0])
                work.needed[0] = 0
                n = _decay_cluster(stream, where, work, event, n)
        i += 1
    return n


@kernel
def _decay_one(stream, where, work, event, n, i, rho, frame):
    table = value_at(where)
    row = work.row[i]
    states = table.particles[row].states
    set_unpolarised(work.decay_matrix, states)
    if event.status[i] != STATUS_UNDECAYED:
        return n
    for k in range(states * states):
        work.rho[0, k] = rho[k]
    for j in range(4):
        for k in range(4):
            work.frame[0, j, k] = frame[j, k]
    n, active = _decay_entry(stream, where, work, event, n, i, _LOWEST, _POLARISED)
    if active:
        work.needed[0] = 1
        n = _decay_cluster(stream, where, work, event, n)
    return n


@kernel
def _decay_cluster(stream, where, work, event, n):
    """Decay the polarised descendants of the decay on level 0 of the stack."""
    level = _LOWEST
    while level >= 0:
        count = work.count[level]
        k = work.next[level]
        while k < count and work.sensitive[level, k] == 0:
            k += 1
        if k < count and level + 1 < MAX_LEVELS:
            work.next[level] = k + 1
            later = work.needed[level]
            for j in range(k + 1, count):
                later |= work.sensitive[level, j]
            i = work.first[level] + k
            _daughter_density(work, level, k)
            p = work.momenta[level, k]
            helicity_frame(work.frame[level], p[0], p[1], p[2], p[3], work.mass[i], work.frame[level + 1])
            n, active = _decay_entry(stream, where, work, event, n, i, level + 1, _POLARISED)
            if active:
                level += 1
                work.needed[level] = later
            continue
        if work.needed[level] == 1:
            if level == 0:
                _decay_matrix(work, level, work.decay_matrix)
            else:
                above = work.next[level - 1] - 1
                _decay_matrix(work, level, work.matrix[level - 1, above])
                work.decayed[level - 1, above] = 1
        level -= 1
    return n


@kernel
def _contracted(work, level, skip):
    """work.tensor = amplitude times the decay matrices of the daughters that have them; returns its size."""
    count = work.count[level]
    size = 1
    for k in range(count + 1):
        size *= work.states[level, k]
    for k in range(size):
        work.tensor[k] = work.amp[level, k]
    before = work.states[level, 0]
    for k in range(count):
        states = work.states[level, k + 1]
        after = size // (before * states)
        if work.decayed[level, k] == 1 and k != skip:
            contract(work.tensor, work.scratch, work.matrix[level, k], before, states, after)
        before *= states
    return size


@kernel
def _daughter_density(work, level, k):
    """Density matrix of daughter ``k`` of the decay on ``level``, to the next level of the stack."""
    size = _contracted(work, level, k)
    n0 = work.states[level, 0]
    if n0 > 1:
        contract(work.tensor, work.scratch, work.rho[level], 1, n0, size // n0)
    before = n0
    for j in range(k):
        before *= work.states[level, j + 1]
    states = work.states[level, k + 1]
    fill_matrix(work.tensor, work.amp[level], before, states, size // (before * states), work.rho[level + 1])


@kernel
def _decay_matrix(work, level, out):
    """Decay matrix of the mother on ``level``."""
    size = _contracted(work, level, _NOBODY)
    n0 = work.states[level, 0]
    fill_matrix(work.tensor, work.amp[level], 1, n0, size // n0, out)


@kernel
def _spin_daughters(stream, where, work, count, level):
    """Mark the daughters whose decays feel their polarisation (they choose their mode now); True when any does."""
    table = value_at(where)
    d = work.daughters
    found = False
    for k in range(count):
        work.sensitive[level, k] = 0
        work.decayed[level, k] = 0
        r = d.rows[k]
        if table.particles[r].correlated == 0:
            continue
        for _ in range(100):
            m = d.next_mode[k]
            if m >= 0 and table.modes[m].threshold < d.masses[k]:
                break
            d.next_mode[k] = draw_mode(table.particles, table.cumulative, r, uniform(stream))
        m = d.next_mode[k]
        if m >= 0 and table.modes[m].kind == KIND_AMPLITUDE:
            work.sensitive[level, k] = 1
            found = True
    return found


@kernel
def _bound(where, row, m, mass, masses, count):
    """Bound of the phase space of mode ``m``; the one in the table also holds below the nominal mass."""
    table = value_at(where)
    bound = table.modes[m].bound
    if bound > 0.0 and mass < table.particles[row].mass * (1.0 + 1e-9):
        return bound
    return phase_space_bound(mass, masses, count)


@kernel
def _kinematics(stream, where, work, i, mass, count, m, level, polarised, spin):
    """Momenta of the daughters in the mother's frame; True when ``work.amp[level]`` holds their amplitude."""
    table = value_at(where)
    d = work.daughters
    if d.placed == 1:
        return False
    if table.modes[m].kind != KIND_AMPLITUDE or (count == 2 and not polarised and not spin):
        if count == 2:
            two_body(stream, mass, d.masses[0], d.masses[1], d.p)
        else:
            bound = _bound(where, work.row[i], m, mass, d.masses, count)
            special = table.modes[m].pythia_mode in (TAU_MODE, WEAK_MODE)
            largest = largest_weight(table.modes[m].pythia_mode, mass, d.masses, count) if special else 1.0
            while True:
                if not n_body(stream, mass, d.masses, count, bound, d.p):
                    work.counters[NO_KINEMATICS] += 1
                    break
                if not special:
                    break
                if phase_space_weight(table.modes[m].pythia_mode, mass, d, count) > largest * uniform(stream):
                    break
        return False
    model = table.modes[m].model
    first = table.modes[m].first_parameter
    parameters = table.parameters[first : first + table.modes[m].n_parameters]
    states = work.states[level]
    masses = work.amplitude_masses
    masses[0] = mass
    states[0] = table.particles[work.row[i]].states
    rest = 1
    for k in range(count):
        masses[k + 1] = d.masses[k]
        states[k + 1] = table.particles[d.rows[k]].states
        rest *= states[k + 1]
    amp = work.amp[level]
    size = states[0] * rest
    if draws_kinematics(model):
        if not polarised:
            if draw_kinematics_at(work.models, stream, model, parameters, d.p, masses, states, amp):
                if spin:
                    amplitude_at(work.models, stream, model, parameters, d.p, masses, states, amp)
                return spin
        else:
            # Tr(ρAA†) ≤ Tr(AA†): the polarisation keeps one in 2J + 1 of the unpolarised decays
            for _ in range(MAX_REJECTIONS):
                if not draw_kinematics_at(work.models, stream, model, parameters, d.p, masses, states, amp):
                    break
                amplitude_at(work.models, stream, model, parameters, d.p, masses, states, amp)
                if polarised_rate(amp, work.rho[level], states[0], rest) > total_rate(amp, size) * uniform(stream):
                    return True
    maximum = table.modes[m].maximum
    bound = _bound(where, work.row[i], m, mass, d.masses, count) if count > 2 else 1.0
    for _ in range(MAX_REJECTIONS):
        if count == 2:
            two_body(stream, mass, d.masses[0], d.masses[1], d.p)
        elif not n_body(stream, mass, d.masses, count, bound, d.p):
            work.counters[NO_KINEMATICS] += 1
            return False
        amplitude_at(work.models, stream, model, parameters, d.p, masses, states, amp)
        if model == SVV_CP and work.tag[i] != 0:
            flavour = 1.0 if table.particles[work.row[i]].pdg > 0 else -1.0
            beta, cp = parameters[len(parameters) - 2], parameters[len(parameters) - 1]
            evolve_transversity(amp, beta, cp, flavour, work.tag[i], work.phase[i])
        if polarised:
            weight = polarised_rate(amp, work.rho[level], states[0], rest)
        elif count == 2:
            return True
        else:
            weight = total_rate(amp, size)
        if weight > maximum:
            work.counters[OVER_MAXIMUM] += 1
        if weight > maximum * uniform(stream):
            return polarised or spin
    work.counters[REJECTED_OUT] += 1
    return polarised or spin


@kernel
def _decay_entry(stream, where, work, event, n, i, level, has_density):
    """Decay one entry; returns (entries, whether level ``level`` of the stack holds an amplitude to go on with)."""
    table = value_at(where)
    polarised = has_density == 1
    row = work.row[i]
    if row < 0 or table.particles[row].fate == FATE_FINAL:
        event.status[i] = STATUS_FINAL
        return n, False
    px, py, pz, e = event.px[i], event.py[i], event.pz[i], event.E[i]
    vx, vy, vz, t = event.vx[i], event.vy[i], event.vz[i], event.t[i]
    pdg = event.pdg[i]
    mass = work.mass[i]
    if pdg in (K0, -K0):
        new = K_SHORT if uniform(stream) < 0.5 else K_LONG
        r = find_row(table.lookup_key, table.lookup_row, new)
        status = _FINAL if table.particles[r].fate == FATE_FINAL else _OPEN
        set_particle(event, n, table.particles[r].pdg, px, py, pz, e, i, status, vx, vy, vz, t)
        work.row[n] = r
        work.mode[n] = -1
        work.time[n] = -1.0
        work.mass[n] = mass
        event.status[i] = STATUS_DECAYED
        return n + 1, False

    d = work.daughters
    count, m = choose_daughters(stream, where, d, row, mass, work.mode[i])
    if count < 2 or n + 2 * count > event.pdg.shape[0]:
        work.counters[NO_OPEN_MODE] += 1
        event.status[i] = STATUS_FINAL
        return n, False
    work.mode[i] = m
    spin = False
    if table.modes[m].kind == KIND_AMPLITUDE:
        model = table.modes[m].model
        if draws_masses(model):
            first = table.modes[m].first_parameter
            masses = work.amplitude_masses
            masses[0] = mass
            for k in range(count):
                masses[k + 1] = d.masses[k]
            parameters = table.parameters[first : first + table.modes[m].n_parameters]
            if draw_masses_at(work.models, stream, model, parameters, d.p, masses, work.states[level], work.amp[level]):
                for k in range(count):
                    d.masses[k] = masses[k + 1]
        spin = _spin_daughters(stream, where, work, count, level)
    active = _kinematics(stream, where, work, i, mass, count, m, level, polarised, spin)
    if active:
        work.entry[level] = i
        work.first[level] = n
        work.count[level] = count
        work.next[level] = 0

    photons = 0
    if table.fsr == 1 and table.modes[m].photos == 1:
        photons = radiate(stream, count, d.p, d.masses, d.charges, mass, d.photons)

    ctau = table.particles[row].ctau
    if ctau > 0.0:
        proper = work.time[i] * SPEED_OF_LIGHT if work.time[i] >= 0.0 else ctau * exponential(stream)
        flight = proper / mass
        vx += flight * px
        vy += flight * py
        vz += flight * pz
        t += flight * e / SPEED_OF_LIGHT
    event.status[i] = STATUS_DECAYED
    frame = work.frame[level]
    for k in range(count + photons):
        p = d.p[k] if k < count else d.photons[k - count]
        if polarised:
            kx = frame[0, 0] * p[0] + frame[0, 1] * p[1] + frame[0, 2] * p[2] + frame[0, 3] * p[3]
            ky = frame[1, 0] * p[0] + frame[1, 1] * p[1] + frame[1, 2] * p[2] + frame[1, 3] * p[3]
            kz = frame[2, 0] * p[0] + frame[2, 1] * p[1] + frame[2, 2] * p[2] + frame[2, 3] * p[3]
            ke = frame[3, 0] * p[0] + frame[3, 1] * p[1] + frame[3, 2] * p[2] + frame[3, 3] * p[3]
        else:
            kx, ky, kz, ke = boost_to_parent_frame(p[0], p[1], p[2], p[3], px, py, pz, e, mass)
        work.time[n] = -1.0
        if k < count:
            r = d.rows[k]
            status = _FINAL if table.particles[r].fate == FATE_FINAL else _OPEN
            set_particle(event, n, table.particles[r].pdg, kx, ky, kz, ke, i, status, vx, vy, vz, t)
            work.row[n] = r
            work.mode[n] = d.next_mode[k]
            work.mass[n] = d.masses[k]
            if active and work.sensitive[level, k] == 1:
                work.momenta[level, k, 0] = p[0]
                work.momenta[level, k, 1] = p[1]
                work.momenta[level, k, 2] = p[2]
                work.momenta[level, k, 3] = p[3]
        else:
            set_particle(event, n, _PHOTON, kx, ky, kz, ke, i, _FINAL, vx, vy, vz, t)
            work.row[n] = -1
            work.mode[n] = -1
            work.mass[n] = 0.0
        n += 1
    return n, active
