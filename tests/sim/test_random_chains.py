"""Random decay chains of real particles and models: four-momentum and charge are conserved in every decay."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numba import njit

from physics.conservation import decay_residuals
from physics.random import new_stream, open_stream
from physics.record import STATUS_UNDECAYED, append_event, new_event, new_particles, set_particle, trimmed
from sim.decay_file import default_decay_file, read_decay_files
from sim.decay_table import compile_table, parton_code
from sim.generators.decay_tree import NO_KINEMATICS, decay_prepared, new_work, prepare_entry

EVENTS, CHAINS, DEPTH = 20, 6, 5
MOTHERS = ("B+", "anti-B0", "B0", "D_s+", "D0", "tau-", "J/psi", "psi(2S)", "Lambda_c+", "chi_c1", "D*+", "eta'", "phi")


@njit(nogil=True)
def _decay(stream, table, work, event, particles, row, pdg, mass, seed, first, events):
    for k in range(events):
        open_stream(stream, np.uint64(seed), first + k, 0, 0)
        e = np.sqrt(2.05 + mass * mass)
        set_particle(event, 0, pdg, 0.3, 0.0, 1.4, e, -1, STATUS_UNDECAYED, 0.0, 0.0, 0.0, 0.0)
        prepare_entry(table, work, event, 0)
        work.row[0] = row
        append_event(particles, first + k, event, decay_prepared(stream, table, work, event, 1))


@pytest.fixture(scope="module")
def content():
    return read_decay_files([default_decay_file()])


class Writer:
    """Writes one chain after the other as aliases, each decaying by one line of the default file."""

    def __init__(self, content, random):
        self.content, self.random, self.lines, self.count = content, random, [], 0

    def alias(self, name, depth):
        lines = [line for line in self.content.decays.get(name, ()) if line.fraction > 0]
        if depth == 0 or not lines:
            return name
        line = lines[self.random.integers(len(lines))]
        own = f"My{self.count}"
        self.count += 1
        daughters = [d if parton_code(d) is not None else self.alias(d, depth - 1) for d in line.daughters]
        arguments = " ".join(map(str, line.arguments))
        photos = "PHOTOS" if line.photos else ""
        self.lines += [f"Alias {own} {name}", f"Decay {own}"]
        self.lines += [f"1.0 {' '.join(daughters)} {photos} {line.model} {arguments};", "Enddecay"]
        return own


@given(st.integers(0, 2**40))
@settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
def test_every_decay_conserves_four_momentum_and_charge(content, tmp_path_factory, seed):
    random = np.random.default_rng(seed)
    writer = Writer(content, random)
    roots = [writer.alias(MOTHERS[random.integers(len(MOTHERS))], DEPTH) for _ in range(CHAINS)]
    path = tmp_path_factory.mktemp("chains") / "chain.dec"
    path.write_text("\n".join([*writer.lines, "End", ""]))
    try:
        table, names = compile_table(read_decay_files([path]))
    except ValueError as error:
        # lines that are open only off the nominal mass have no room alone
        assert "needs more than its mass" in str(error)  # noqa: PT017
        return
    particles = new_particles(400 * EVENTS * CHAINS, EVENTS * CHAINS)
    work, event, stream = new_work(), new_event(), new_stream()
    for k, root in enumerate(roots):
        row = names.row(root)
        mother = table.particles[row]
        _decay(
            stream, table, work, event, particles, row, int(mother["pdg"]), float(mother["mass"]), seed, k * EVENTS,
            EVENTS,
        )  # fmt: skip
    assert work.counters[NO_KINEMATICS] == 0
    made = trimmed(particles)
    assert made.offsets[-1] > EVENTS * CHAINS
    momentum, charge = decay_residuals(made)
    assert momentum.max() < 1e-9
    assert np.abs(charge).max() < 1e-9
