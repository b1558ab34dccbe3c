"""The masses that are at hand without the PDG table are its masses."""

import pytest
from particle import Particle

from physics import particles
from physics.hadronization.hadrons import read_hadrons


def test_masses_at_hand_are_those_of_the_table():
    for pdg, mass in particles._masses().items():
        assert mass == Particle.from_pdgid(pdg).mass
        assert particles.mass(pdg) == particles.mass(-pdg) == mass * 1e-3


def test_strings_need_no_others():
    assert {int(row["pdg"]) for row in read_hadrons() if not row["mass"]} <= particles._masses().keys()


@pytest.mark.parametrize(("pdg", "mass"), [(15, 1.77693), (12, 0.0)])
def test_other_masses_come_from_the_table(pdg, mass):
    assert particles.mass(pdg) == pytest.approx(mass, abs=1e-4)
