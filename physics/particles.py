"""Properties of particles in GeV, cm and ns: the PDG table for Python, and the final ones for kernels."""

from functools import cache

from particle import Particle

from physics.jit import kernel

ELECTRON_MASS = 0.00051099895069
MUON_MASS = 0.1056583755
PION_MASS = 0.13957039
KAON_MASS = 0.493677
PROTON_MASS = 0.93827208943
NEUTRON_MASS = 0.9395654205
KAON0_MASS = 0.497611
DEUTERON_MASS = 1.875612943
"""Masses [GeV], PDG 2026 (deuteron: CODATA 2022); the species that reach the detector."""

PION_CTAU = 780.4
KAON_CTAU = 371.1
MUON_CTAU = 65863.8
"""Proper decay lengths [cm], PDG 2026."""


@cache
def _particle(pdg: int) -> Particle:
    return Particle.from_pdgid(pdg)


def mass(pdg: int) -> float:
    """Return the PDG mass [GeV]; 0 where the table has none (neutrinos)."""
    value = _particle(pdg).mass
    return 0.0 if value is None else float(value) * 1e-3


def width(pdg: int) -> float:
    """Return the PDG total width [GeV]; 0 where the table has none."""
    value = _particle(pdg).width
    return 0.0 if value is None else float(value) * 1e-3


def ctau(pdg: int) -> float:
    """Return the proper decay length [cm]; infinite for stable particles."""
    value = _particle(pdg).ctau
    return 0.0 if value is None else float(value) * 0.1


@kernel
def final_mass(pdg):
    """Mass [GeV] of a particle that reaches the detector; −1 for any other."""
    species = abs(pdg)
    if species in (22, 12, 14, 16):
        return 0.0
    if species == 211:
        return PION_MASS
    if species == 321:
        return KAON_MASS
    if species == 11:
        return ELECTRON_MASS
    if species == 13:
        return MUON_MASS
    if species == 2212:
        return PROTON_MASS
    if species == 2112:
        return NEUTRON_MASS
    if species == 130:
        return KAON0_MASS
    if species == 1000010020:
        return DEUTERON_MASS
    return -1.0


@kernel
def final_charge(pdg):
    """Charge [e] of a particle that reaches the detector (0 for neutrals and unknown ones)."""
    species = abs(pdg)
    if species in (11, 13):
        return -1 if pdg > 0 else 1
    if species in (211, 321, 2212, 1000010020):
        return 1 if pdg > 0 else -1
    return 0
