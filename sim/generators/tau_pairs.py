"""e⁺e⁻ → τ⁺τ⁻ with initial-state radiation and the decays of the decay file."""

import numpy as np
from numba import njit

from physics.hard_process import MAX_ISR_PHOTONS, draw_pair_direction, start_event
from physics.kinematics import boost_to_parent_frame, two_body_momentum
from physics.radiation.isr import build_isr_table
from physics.random import STAGE_GENERATION, open_stream
from physics.record import (
    MAX_EVENT_PARTICLES,
    STATUS_UNDECAYED,
    append_event,
    grown,
    new_particles,
    set_particle,
    trimmed,
)
from sim.events import Events
from sim.generators.decay_tree import decay_prepared, new_work, prepare_entry
from sim.generators.setup import Generator, Setup
from sim.samples import Sample

TAU = 15
PARTICLES_PER_EVENT = 16
"""First guess of the memory; grows when needed."""


def make_tau_pairs(sample: Sample, setup: Setup) -> Generator:
    """Return the generator of τ pairs.

    Columns: ``__weight__`` (1), ``mcRootS`` [GeV] of the pair after radiation, ``mcDecayMode_B1``/``_B2`` the
    rows of the decay table by which the τ⁻ and the τ⁺ decay.  Raises ValueError below the threshold.
    """
    radiation = build_isr_table(sample.pdg, setup.beams.root_s)
    tau_mass = float(setup.table.particles["mass"][setup.names.row("tau-")])

    def generate(first_event: int, n_events: int) -> Events:
        particles = new_particles(n_events * PARTICLES_PER_EVENT, n_events)
        mass = np.empty(n_events)
        modes = np.empty((2, n_events), np.int32)
        scratch = new_particles(MAX_EVENT_PARTICLES, 1)
        memory = new_work()
        photons = np.zeros((MAX_ISR_PHOTONS, 4))
        done = 0
        while True:
            done = _generate(
                np.uint64(setup.key), setup.beams, setup.table, memory, scratch, photons, radiation, tau_mass,
                first_event, done, particles, mass, modes,
            )  # fmt: skip
            if done == n_events:
                break
            particles = grown(particles)
        columns = {
            "__weight__": np.ones(n_events),
            "mcRootS": mass,
            "mcDecayMode_B1": modes[0],
            "mcDecayMode_B2": modes[1],
        }
        return Events(np.arange(first_event, first_event + n_events), trimmed(particles), columns)

    return generate


@njit(cache=True, nogil=True)
def _generate(
    key,
    beams,
    table,
    work,
    event,
    photons,
    radiation,
    tau_mass,
    first_event,
    done,
    particles,
    pair_mass,
    modes,
):
    """Make events ``done`` … of the chunk until the memory is full; returns the number made."""
    stream = np.zeros(8, np.uint64)
    n_events = particles.offsets.shape[0] - 1
    while done < n_events:
        open_stream(stream, key, first_event + done, STAGE_GENERATION, 0)
        n, mass, ax, ay, az = start_event(stream, radiation, beams, 1, photons, event)
        for i in range(n):
            prepare_entry(table, work, event, i)
        dx, dy, dz = draw_pair_direction(stream, mass, tau_mass, ax, ay, az)
        p = two_body_momentum(mass, tau_mass, tau_mass)
        first = n
        for sign in (1, -1):
            px, py, pz, e = boost_to_parent_frame(
                sign * p * dx, sign * p * dy, sign * p * dz, 0.5 * mass,
                event.px[0], event.py[0], event.pz[0], event.E[0], mass,
            )  # fmt: skip
            set_particle(
                event, n, sign * TAU, px, py, pz, e, 0, STATUS_UNDECAYED,
                event.vx[0], event.vy[0], event.vz[0], event.t[0],
            )  # fmt: skip
            prepare_entry(table, work, event, n)
            n += 1
        n = decay_prepared(stream, table, work, event, n)
        if not append_event(particles, done, event, n):
            break
        pair_mass[done] = mass
        modes[0, done] = work.mode[first]
        modes[1, done] = work.mode[first + 1]
        done += 1
    return done
