"""Quark pairs down the whole generator: conservation, reproducibility, refusals, and Pythia 8 as a backend."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from physics.beams import superkekb
from physics.particles import final_charge
from physics.random import stream_key
from physics.record import STATUS_DECAYED, STATUS_FINAL, Particles
from sim.decay_table import load_described_table
from sim.generators.continuum import make_continuum
from sim.generators.setup import Setup
from sim.samples import SAMPLES


@pytest.fixture(scope="module")
def setup() -> Setup:
    table, names = load_described_table()
    return Setup(stream_key(1, "continuum"), superkekb(), table, names)


def events(particles: Particles) -> Iterator[slice]:
    for first, last in zip(particles.offsets[:-1], particles.offsets[1:], strict=True):
        yield slice(first, last)


def check_events(particles: Particles, flavour: int) -> None:
    """Charge, energy and momentum of the finals are those of γ* and the photons of the beams; order of the record."""
    for s in events(particles):
        pdg, status, mother = particles.pdg[s], particles.status[s], particles.mother[s]
        final = status == STATUS_FINAL
        beams = mother < 0
        assert set(status) <= {STATUS_FINAL, STATUS_DECAYED}
        assert pdg[0] == 10022
        assert set(pdg[beams]) <= {10022, 22}
        quark = int(np.flatnonzero(pdg == flavour)[0])
        assert pdg[quark + 1] == -flavour
        assert np.all(mother < np.arange(len(mother)))
        assert sum(final_charge(int(q)) for q in pdg[final]) == 0
        for column in (particles.px, particles.py, particles.pz, particles.E):
            assert column[s][final].sum() == pytest.approx(column[s][beams].sum(), abs=1e-6)


@pytest.mark.parametrize("name", ["uubar", "ddbar", "ssbar", "ccbar"])
def test_events_conserve_what_they_must(setup: Setup, name: str) -> None:
    sample = SAMPLES[name]
    truth = make_continuum(sample, setup)(0, 150)
    check_events(truth.particles, sample.pdg)
    assert truth.columns["mcRootSPrime"].max() < 10.7


def test_chunks_do_not_matter(setup: Setup) -> None:
    generate = make_continuum(SAMPLES["ccbar"], setup)
    whole, tail = generate(0, 30).particles, generate(20, 10).particles
    first = whole.offsets[20]
    assert np.array_equal(whole.pdg[first:], tail.pdg)
    assert np.array_equal(whole.px[first:], tail.px)


def test_off_resonance_and_tune(setup: Setup, tmp_path: Path) -> None:
    """60 MeV less; a tune without strangeness in string breaks and without g → ss̄ has no kaons but those of decays."""
    tune = tmp_path / "tune.yaml"
    # one event in 150 has a gluon that splits to ss̄ at the tune's coupling: hardly any shower, therefore
    tune.write_text("prob_s_to_ud: 0.0\nprob_qq_to_q: 0.0\nalpha_s_mz: 0.06\npt_min: 2.0\n")
    other = replace(setup, beams=superkekb("off-resonance"), tune=tune)
    truth = make_continuum(SAMPLES["uubar"], other)(0, 200)
    check_events(truth.particles, 2)
    assert truth.columns["mcRootSPrime"].max() == pytest.approx(10.52, abs=0.04)
    assert not np.isin(np.abs(truth.particles.pdg), (313, 323, 3122)).any()


def test_impossible_requests_are_one_sentence(setup: Setup, tmp_path: Path) -> None:
    low = replace(setup, beams=setup.beams._replace(root_s=2.5))
    with pytest.raises(ValueError, match="too low"):
        make_continuum(SAMPLES["ccbar"], low)
    tune = tmp_path / "tune.yaml"
    tune.write_text("b_lund: 9.0\n")
    with pytest.raises(ValueError, match="b_lund"):
        make_continuum(SAMPLES["uubar"], replace(setup, tune=tune))


@pytest.mark.external
def test_pythia_backend_makes_the_same_record(setup: Setup) -> None:
    pytest.importorskip("pythia8mc")
    from sim.generators.pythia import make_pythia

    generate = make_pythia(SAMPLES["ccbar"], setup)
    whole = generate(0, 60).particles
    check_events(whole, 4)
    tail = make_pythia(SAMPLES["ccbar"], setup)(50, 10).particles
    assert np.array_equal(whole.pdg[whole.offsets[50] :], tail.pdg)


def test_missing_pythia_is_one_sentence(monkeypatch: pytest.MonkeyPatch, setup: Setup) -> None:
    import sys

    from sim.generators.pythia import make_pythia

    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(ValueError, match="not installed"):
        make_pythia(SAMPLES["uubar"], setup)
