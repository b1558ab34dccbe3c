"""e⁺e⁻ → τ⁺τ⁻ with radiation, spin correlations and the decays of the decay file.

The virtual photon γ*, transversely polarised along the beams, decays by the vector current of the decay
file's Υ(4S) → τ⁺τ⁻ (model VLL), so the joint helicity density matrix of the pair, final-state radiation and
everything that follows are the decay tree's.
"""

import numpy as np

from physics.hard_process import MAX_ISR_PHOTONS, start_event, virtual_photon_density
from physics.jit import driver, in_memory
from physics.radiation.isr import build_isr_table
from physics.random import STAGE_GENERATION, open_stream
from physics.record import (
    STATUS_UNDECAYED,
    append_event,
    grown,
    new_particles,
    trimmed,
)
from physics.spin_density import boost_frame
from sim.events import Events
from sim.generators.decay_tree import decay_particle, decay_prepared, kept_memory, prepare_entry
from sim.generators.setup import Generator, Setup
from sim.samples import Sample

PARTICLES_PER_EVENT = 16
"""First guess of the memory; grows when needed."""


def make_tau_pairs(sample: Sample, setup: Setup) -> Generator:
    """Return the generator of τ pairs.

    Columns: ``__weight__`` (1), ``mcRootSPrime`` [GeV] of the pair after radiation, ``mcDecayMode_B1``/``_B2`` the
    rows of the decay table by which the τ⁻ and the τ⁺ decay.  Raises ValueError below the threshold.
    """
    radiation = build_isr_table(sample.pdg, setup.beams.root_s)
    row, mode, minus = pair_mode(setup)

    def generate(first_event: int, n_events: int) -> Events:
        particles = new_particles(n_events * PARTICLES_PER_EVENT, n_events)
        mass = np.empty(n_events)
        modes = np.empty((2, n_events), np.int32)
        stream, scratch, memory = kept_memory()
        photons = np.zeros((MAX_ISR_PHOTONS, 4))
        done = 0
        while True:
            done = _generate(
                stream, np.uint64(setup.key), setup.beams, setup.table, memory, scratch, photons, radiation, row,
                mode, minus, first_event, done, particles, mass, modes,
            )  # fmt: skip
            if done == n_events:
                break
            particles = grown(particles)
        columns = {
            "__weight__": np.ones(n_events),
            "mcRootSPrime": mass,
            "mcDecayMode_B1": modes[0],
            "mcDecayMode_B2": modes[1],
        }
        return Events(np.arange(first_event, first_event + n_events), trimmed(particles), columns)

    return generate


def pair_mode(setup: Setup) -> tuple[int, int, int]:
    """Return the row of the Υ(4S), its mode τ⁺τ⁻ and the place (0, 1) of the τ⁻ in it.

    Raises ValueError when the decay file has no such mode.
    """
    row = setup.names.row("Upsilon(4S)")
    particle = setup.table.particles[row]
    first = int(particle["first_mode"])
    for mode in range(first, first + int(particle["n_modes"])):
        described = setup.names.modes[mode]
        if sorted(described.daughters) == ["tau+", "tau-"] and described.model == "VLL":
            return row, mode, described.daughters.index("tau-")
    message = (
        "tau pairs decay by the mode 'Upsilon(4S) -> tau+ tau- VLL', which this decay file lacks: "
        "leave it in your 'Decay Upsilon(4S)' block"
    )
    raise ValueError(message)


@driver
def _generate(
    stream, key, beams, table, work, event, photons, radiation, row, mode, minus, first_event, done, particles,
    pair_mass, modes,
):  # fmt: skip
    """Make events ``done`` … of the chunk until the memory is full; returns the number made."""
    density = np.zeros((3, 3), np.complex128)
    flat = density.reshape(9)
    frame = np.zeros((4, 4))
    decays = in_memory(table)
    n_events = particles.offsets.shape[0] - 1
    while done < n_events:
        open_stream(stream, key, first_event + done, STAGE_GENERATION, 0)
        n, mass, ax, ay, az = start_event(stream, radiation, beams, 1, photons, event)
        for i in range(n):
            prepare_entry(table, work, event, i)
        event.status[0] = STATUS_UNDECAYED
        work.row[0], work.mode[0], work.mass[0] = row, mode, mass
        virtual_photon_density(ax, ay, az, density)
        boost_frame(event.px[0], event.py[0], event.pz[0], event.E[0], mass, frame)
        first = n
        n = decay_particle(stream, decays, work, event, n, 0, flat, frame)
        n = decay_prepared(stream, decays, work, event, n)
        if not append_event(particles, done, event, n):
            break
        pair_mass[done] = mass
        modes[0, done] = work.mode[first + minus]
        modes[1, done] = work.mode[first + 1 - minus]
        done += 1
    return done
