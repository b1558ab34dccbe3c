"""Υ(4S) → BB̄: pairs of generic B mesons, or one signal B beside a generic one."""

import math

import numpy as np

from physics.beams import from_beam_axis
from physics.decays.mixing import B0_LIFETIME, DELTA_M, draw_pair_with_modes
from physics.decays.table import particle_row
from physics.jit import driver, in_memory, kernel
from physics.kinematics import boost_to_parent_frame, boost_to_rest_frame, invariant_mass, two_body_momentum
from physics.particles import mass as particle_mass
from physics.penguins import k_nunu_weights, kstar_nunu_weights
from physics.random import STAGE_GENERATION, open_stream, uniform
from physics.record import (
    NO_MOTHER,
    STATUS_DECAYED,
    STATUS_UNDECAYED,
    append_event,
    grown,
    new_particles,
    set_particle,
    trimmed,
)
from physics.upsilon4s import draw_b_direction, draw_upsilon4s
from sim.events import Events
from sim.generators.decay_tree import decay_prepared, kept_memory, prepare_entry
from sim.generators.setup import Generator, Setup
from sim.samples import Sample

UPSILON4S, PHOTON = 300553, 22
PARTICLES_PER_EVENT = 70
"""First guess of the memory; grows when needed."""

# Columns of the per-event numbers that the kernel leaves.
ROOT_S, Q2, COS_THETA, HADRON_MASS, DELTA_T, MODE_1, MODE_2, N_NUMBERS = range(8)


def make_upsilon4s(sample: Sample, setup: Setup) -> Generator:
    """Return the generator of a BB̄ sample.

    Columns: ``__weight__``, ``mcRootS``, ``mcDecayMode_B1``/``_B2`` (rows of the decay table; B1 is the signal B),
    ``mcDeltaT``, for signals with a lepton pair ``mcQ2``, and the weights of the νν̄ signals.
    """
    m_b = particle_mass(sample.pdg)
    particle, anti = signal_rows(sample, setup)
    hadron = sample.hadron

    def generate(first_event: int, n_events: int) -> Events:
        particles = new_particles(n_events * (6 if setup.signal_only else PARTICLES_PER_EVENT), n_events)
        numbers = np.empty((N_NUMBERS, n_events))
        stream, scratch, memory = kept_memory()
        done = 0
        while True:
            done = _generate(
                stream, np.uint64(setup.key), setup.beams, setup.table, memory, scratch, first_event, done, sample.pdg,
                m_b, particle, anti, setup.signal_only, hadron, particles, numbers,
            )  # fmt: skip
            if done == n_events:
                break
            particles = grown(particles)
        return Events(
            np.arange(first_event, first_event + n_events),
            trimmed(particles),
            _columns(sample, setup, m_b, numbers),
        )

    return generate


def signal_rows(sample: Sample, setup: Setup) -> tuple[int, int]:
    """Return the rows of the signal B and anti-B in the decay table, −1 for a sample without signal."""
    if not sample.signal:
        return -1, -1
    names = ("B+sig", "B-sig") if sample.pdg == 521 else ("B0sig", "anti-B0sig")
    return setup.names.row(names[0]), setup.names.row(names[1])


def _columns(sample: Sample, setup: Setup, m_b: float, numbers: np.ndarray) -> dict[str, np.ndarray]:
    columns = {"__weight__": np.ones(numbers.shape[1]), "mcRootS": numbers[ROOT_S]}
    if sample.hadron >= 0:
        columns["mcQ2"] = numbers[Q2]
    columns["mcDecayMode_B1"] = numbers[MODE_1].astype(np.int32)
    columns["mcDecayMode_B2"] = numbers[MODE_2].astype(np.int32)
    if not setup.signal_only:
        columns["mcDeltaT"] = numbers[DELTA_T]
    if sample.nunu == "K" and not setup.unweighted:
        m_k = particle_mass(321 if sample.pdg == 521 else 311)
        columns |= k_nunu_weights(numbers[Q2], m_b, m_k)
    elif sample.nunu == "K*" and not setup.unweighted:
        m_v = particle_mass(323 if sample.pdg == 521 else 313)
        columns |= kstar_nunu_weights(numbers[Q2], numbers[COS_THETA], numbers[HADRON_MASS], m_b, m_v)
    if "weight_sm" in columns:
        columns["__weight__"] = columns["weight_sm"]
    return columns


@driver
def _generate(
    stream, key, beams, table, work, event, first_event, done, pdg, m_b, signal, anti_signal, signal_only, hadron,
    particles, numbers,
):  # fmt: skip
    """Make events ``done`` … of the chunk until the memory is full; returns the number made."""
    n_events = particles.offsets.shape[0] - 1
    row, anti_row = particle_row(table, pdg), particle_row(table, -pdg)
    decays = in_memory(table)
    while done < n_events:
        open_stream(stream, key, first_event + done, STAGE_GENERATION, 0)
        px, py, pz, e, root_s, x, y, z = draw_upsilon4s(stream, beams, m_b)
        dx, dy, dz = draw_b_direction(stream)
        dx, dy, dz = from_beam_axis(dx, dy, dz, beams)
        # The first B is the signal where there is one: of either charge, in either direction.
        flavour1, flavour2, time1, time2, mode1, mode2 = 1, -1, -1.0, -1.0, -1, -1
        if pdg == 511:
            flavour1, flavour2, time1, time2, mode1, mode2 = draw_pair_with_modes(
                stream, table.particles, table.cumulative, table.asymmetry,
                signal if signal >= 0 else row, anti_signal if signal >= 0 else anti_row, row, anti_row,
                B0_LIFETIME, DELTA_M,
            )  # fmt: skip
        elif signal >= 0 and uniform(stream) < 0.5:
            flavour1, flavour2 = -1, 1
        n = 0
        mother = NO_MOTHER
        if not signal_only:
            set_particle(event, 0, UPSILON4S, px, py, pz, e, NO_MOTHER, STATUS_DECAYED, x, y, z, 0.0)
            prepare_entry(table, work, event, 0)
            mother, n = 0, 1
        first = n
        p = two_body_momentum(root_s, m_b, m_b)
        for k in range(1 if signal_only else 2):
            sign = 1.0 - 2.0 * k
            bx, by, bz, be = boost_to_parent_frame(
                sign * p * dx, sign * p * dy, sign * p * dz, 0.5 * root_s, px, py, pz, e, root_s
            )
            flavour = flavour1 if k == 0 else flavour2
            set_particle(event, n, flavour * pdg, bx, by, bz, be, mother, STATUS_UNDECAYED, x, y, z, 0.0)
            prepare_entry(table, work, event, n)
            work.time[n] = time1 if k == 0 else time2
            work.mode[n] = mode1 if k == 0 else mode2
            if pdg == 511:
                work.tag[n] = flavour2 if k == 0 else flavour1
                work.phase[n] = DELTA_M * (time1 - time2) * sign
            n += 1
        if signal >= 0:
            work.row[first] = signal if flavour1 > 0 else anti_signal
        n = decay_prepared(stream, decays, work, event, n)
        if not append_event(particles, done, event, n):
            break
        numbers[ROOT_S, done] = root_s
        numbers[MODE_1, done] = work.mode[first]
        numbers[MODE_2, done] = -1.0 if signal_only else work.mode[first + 1]
        numbers[DELTA_T, done] = math.nan if signal_only else _delta_t(event, first, n)
        if hadron >= 0:
            _signal_numbers(event, first, n, hadron, numbers, done)
        done += 1
    return done


@kernel
def _first_daughter(event, mother, n):
    """Index of the first daughter of an entry, −1 for none."""
    for i in range(mother + 1, n):
        if event.mother[i] == mother:
            return i
    return -1


@kernel
def _proper_time(event, i, n):
    """Proper time [ns] at which entry ``i`` decayed."""
    daughter = _first_daughter(event, i, n)
    if daughter < 0:
        return math.nan
    mass = invariant_mass(event.px[i], event.py[i], event.pz[i], event.E[i])
    return (event.t[daughter] - event.t[i]) * mass / event.E[i]


@kernel
def _delta_t(event, first, n):
    return _proper_time(event, first, n) - _proper_time(event, first + 1, n)


@kernel
def _signal_numbers(event, b, n, hadron, numbers, row):
    """q² of the signal decay, and for a K* its mass and the helicity angle of its kaon.

    q² is the mass squared of the neutrinos or X, which photons from the hadron do not change; of charged leptons,
    whose photons belong to them, (p_B − p_h)².
    """
    h = _first_daughter(event, b, n) + hadron
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for i in range(h - hadron, n):
        if event.mother[i] == b and i != h and event.pdg[i] != PHOTON:
            if abs(event.pdg[i]) == 11 or abs(event.pdg[i]) == 13:
                e = event.E[b] - event.E[h]
                px, py, pz = event.px[b] - event.px[h], event.py[b] - event.py[h], event.pz[b] - event.pz[h]
                break
            px += event.px[i]
            py += event.py[i]
            pz += event.pz[i]
            e += event.E[i]
    numbers[Q2, row] = max((e - pz) * (e + pz) - px * px - py * py, 0.0)
    mass = invariant_mass(event.px[h], event.py[h], event.pz[h], event.E[h])
    numbers[HADRON_MASS, row] = mass
    numbers[COS_THETA, row] = math.nan
    if abs(event.pdg[h]) != 313 and abs(event.pdg[h]) != 323:
        return
    for i in range(h + 1, n):
        species = abs(event.pdg[i])
        if event.mother[i] == h and (species == 321 or species == 311 or species == 310 or species == 130):
            kx, ky, kz, _ = boost_to_rest_frame(
                event.px[i], event.py[i], event.pz[i], event.E[i],
                event.px[h], event.py[h], event.pz[h], event.E[h], mass,
            )  # fmt: skip
            bx, by, bz, _ = boost_to_rest_frame(
                event.px[b], event.py[b], event.pz[b], event.E[b],
                event.px[h], event.py[h], event.pz[h], event.E[h], mass,
            )  # fmt: skip
            norm = math.sqrt((kx * kx + ky * ky + kz * kz) * (bx * bx + by * by + bz * bz))
            numbers[COS_THETA, row] = -(kx * bx + ky * by + kz * bz) / norm
            return
