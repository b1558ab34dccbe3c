"""Generators: each turns a run of event numbers into true events."""

from physics.memory import keep_freed_memory
from sim.generators.setup import Generator, Setup
from sim.samples import Sample


def make_generator(sample: Sample, setup: Setup) -> Generator:
    """Return the generator of ``sample``."""
    keep_freed_memory()
    if sample.kind == "upsilon4s":
        from sim.generators.upsilon4s import make_upsilon4s

        return make_upsilon4s(sample, setup)
    if sample.kind == "taupair":
        from sim.generators.tau_pairs import make_tau_pairs

        return make_tau_pairs(sample, setup)
    if setup.generator == "pythia8":
        from sim.generators.pythia import make_pythia

        return make_pythia(sample, setup)
    from sim.generators.continuum import make_continuum

    return make_continuum(sample, setup)
