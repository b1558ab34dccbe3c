"""The interpreter: conservation laws on generic B decays and what reaches the detector."""

import numpy as np
import pytest
from numba import njit

from physics.random import isotropic_direction, new_stream, open_stream
from physics.record import (
    STATUS_DECAYED,
    STATUS_FINAL,
    STATUS_UNDECAYED,
    append_event,
    new_event,
    new_particles,
    set_particle,
    trimmed,
)
from sim.decay_table import FINAL, load_described_table
from sim.generators.decay_tree import decay_event, new_work

B_MASS = 5.27941
ENERGY = 5.29


@njit(nogil=True)
def _generate(stream, table, work, event, particles, events):
    momentum = np.sqrt(ENERGY**2 - B_MASS**2)
    for k in range(events):
        open_stream(stream, np.uint64(7), k, 0, 0)
        x, y, z = isotropic_direction(stream)
        for i in range(2):
            s = 1.0 - 2.0 * i
            set_particle(
                event, i, 521 if i == 0 else -521, s * momentum * x, s * momentum * y, s * momentum * z, ENERGY,
                -1, STATUS_UNDECAYED, 0.0, 0.0, 0.0, 0.0,
            )  # fmt: skip
        n = decay_event(stream, table, work, event, 2)
        append_event(particles, k, event, n)


@pytest.fixture(scope="module")
def described():
    return load_described_table(fsr=False)


@pytest.fixture(scope="module")
def sample(described):
    table, _ = described
    events = 3000
    particles = new_particles(200 * events, events)
    work = new_work()
    event = new_event()
    _generate(new_stream(), table, work, event, particles, events)
    return trimmed(particles), work


def _event_sums(particles, values):
    return np.add.reduceat(values, particles.offsets[:-1])


def test_four_momentum_is_conserved(sample):
    particles, _ = sample
    final = particles.status == STATUS_FINAL
    for column, expected in (
        (particles.px, 0.0),
        (particles.py, 0.0),
        (particles.pz, 0.0),
        (particles.E, 10.58),
    ):
        assert np.abs(_event_sums(particles, np.where(final, column, 0.0)) - expected).max() < 1e-9


def test_charge_is_conserved(sample, described):
    particles, _ = sample
    table, _ = described
    charge = dict(zip(table.particles["pdg"].tolist(), table.particles["charge"].tolist(), strict=True))
    charges = np.array([charge[int(pdg)] for pdg in particles.pdg])
    assert np.all(_event_sums(particles, np.where(particles.status == STATUS_FINAL, charges, 0)) == 0)


def test_every_entry_is_final_or_decayed_and_only_stable_ones_are_final(sample):
    particles, work = sample
    assert set(np.unique(particles.status)) == {STATUS_FINAL, STATUS_DECAYED}
    assert set(np.abs(particles.pdg[particles.status == STATUS_FINAL]).tolist()) <= FINAL
    assert work.counters[0] == 0
    assert work.counters[1] == 0


def test_mothers_come_before_daughters_and_times_increase(sample):
    particles, _ = sample
    first = np.repeat(particles.offsets[:-1], np.diff(particles.offsets))
    has_mother = particles.mother >= 0
    mother = first[has_mother] + particles.mother[has_mother]
    assert np.all(mother < np.flatnonzero(has_mother))
    assert np.all(particles.status[mother] == STATUS_DECAYED)
    assert np.all(particles.t[has_mother] >= particles.t[mother])
