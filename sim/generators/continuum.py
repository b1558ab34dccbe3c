"""e⁺e⁻ → q q̄ (u, d, s, c): radiation from the beams, parton shower, Lund string, decays of the hadrons.

Record: γ*, the photons of the beams, quark and antiquark (decayed), then the hadrons and photons that they made, all
of them with the quark as mother, and what those decay to.
"""

import numpy as np

from physics.hadronization.hadronize import MAX_HADRONS, hadronize_pair, new_memory, rotate_and_boost
from physics.hadronization.tune import load_tune
from physics.hard_process import MAX_ISR_PHOTONS, draw_pair_direction, start_event
from physics.jit import driver, kernel
from physics.kinematics import boost_to_parent_frame, two_body_momentum
from physics.radiation.isr import FERMIONS, build_isr_table
from physics.random import STAGE_GENERATION, open_stream
from physics.record import (
    STATUS_DECAYED,
    STATUS_FINAL,
    STATUS_UNDECAYED,
    append_event,
    grown,
    new_particles,
    set_particle,
    trimmed,
)
from sim.events import Events
from sim.generators.decay_tree import decay_event, kept_memory
from sim.generators.setup import Generator, Setup
from sim.samples import Sample

PARTICLES_PER_EVENT = 40
"""First guess of the memory; grows when needed."""
CHARM = 4


def make_continuum(sample: Sample, setup: Setup, *, radiation: bool = True) -> Generator:
    """Return the generator of light-quark or charm pairs.

    ``radiation`` False switches the photons of the beams off (for validation).  Columns: ``__weight__`` (1) and
    ``mcRootSPrime`` [GeV] of the pair after radiation. Raises ValueError when √s is below the threshold or the tune
    has a value that is out of range.
    """
    table = build_isr_table(sample.pdg, setup.beams.root_s)
    tune = load_tune(setup.tune, sample.pdg == CHARM)
    pair_mass = FERMIONS[sample.pdg].mass

    def generate(first_event: int, n_events: int) -> Events:
        particles = new_particles(n_events * PARTICLES_PER_EVENT, n_events)
        mass = np.empty(n_events)
        stream, scratch, work = kept_memory()
        memory = new_memory()
        photons = np.zeros((MAX_ISR_PHOTONS, 4))
        hadrons, momenta = np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4))
        done = 0
        while True:
            done = _generate(
                stream, np.uint64(setup.key), setup.beams, setup.table, work, scratch, photons, table, int(radiation),
                tune, memory, hadrons, momenta, sample.pdg, pair_mass, first_event, done, particles, mass,
            )  # fmt: skip
            if done == n_events:
                break
            particles = grown(particles)
        columns = {"__weight__": np.ones(n_events), "mcRootSPrime": mass}
        return Events(np.arange(first_event, first_event + n_events), trimmed(particles), columns)

    return generate


@kernel
def write_hadrons(event, n, mother, count, pdg, p):
    """Append ``count`` hadrons (undecayed) and photons (final), laboratory frame, made by entry ``mother``."""
    for k in range(count):
        status = STATUS_FINAL if pdg[k] == 22 else STATUS_UNDECAYED
        set_particle(
            event, n, pdg[k], p[k, 0], p[k, 1], p[k, 2], p[k, 3], mother, status,
            event.vx[mother], event.vy[mother], event.vz[mother], event.t[mother],
        )  # fmt: skip
        n += 1
    return n


@kernel
def write_quarks(event, n, flavour, x, y, z, mass, quark_mass):
    """Append quark and antiquark of γ* (entry 0) along ±(x, y, z) in its rest frame, laboratory momenta."""
    m = quark_mass if 2.0 * quark_mass < mass else 0.0
    p = two_body_momentum(mass, m, m)
    for k in range(2):
        sign = 1.0 - 2.0 * k
        px, py, pz, e = boost_to_parent_frame(
            sign * p * x, sign * p * y, sign * p * z, 0.5 * mass,
            event.px[0], event.py[0], event.pz[0], event.E[0], mass,
        )  # fmt: skip
        set_particle(
            event, n, flavour if k == 0 else -flavour, px, py, pz, e, 0, STATUS_DECAYED,
            event.vx[0], event.vy[0], event.vz[0], event.t[0],
        )  # fmt: skip
        n += 1
    return n


@driver
def _generate(
    stream, key, beams, decays, work, event, photons, isr, radiation, tune, memory, hadrons, momenta, flavour,
    pair_mass, first_event, done, particles, pair_masses,
):  # fmt: skip
    """Make events ``done`` … of the chunk until the memory is full; returns the number made."""
    n_events = particles.offsets.shape[0] - 1
    while done < n_events:
        open_stream(stream, key, first_event + done, STAGE_GENERATION, 0)
        count = -1
        while count < 0:
            # a collision whose quarks have no room for two hadrons is drawn again
            n, mass, ax, ay, az = start_event(stream, isr, beams, radiation, photons, event)
            x, y, z = draw_pair_direction(stream, mass, pair_mass, ax, ay, az)
            count = hadronize_pair(stream, tune, memory, flavour, -flavour, mass, 1, hadrons, momenta)
        px, py, pz, e = event.px[0], event.py[0], event.pz[0], event.E[0]
        rotate_and_boost(hadrons, momenta, 0, count, x, y, z, px, py, pz, e, mass)
        quark = n
        n = write_quarks(event, n, flavour, x, y, z, mass, tune.pair_mass[flavour])
        n = write_hadrons(event, n, quark, count, hadrons, momenta)
        n = decay_event(stream, decays, work, event, n)
        if not append_event(particles, done, event, n):
            break
        pair_masses[done] = mass
        done += 1
    return done
