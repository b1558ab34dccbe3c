"""Properties of particles in GeV, cm and ns: the PDG table for Python, and the final ones for kernels."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from physics.jit import kernel

if TYPE_CHECKING:
    from particle import Particle

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
"""Proper decay lengths [cm], PDG 2026."""

_MASSES_MEV = """
111 134.9768 211 139.57039 221 547.862 311 497.611 313 895.56 321 493.677 323 891.88 331 957.78 411 1869.66
413 2010.27 421 1864.84 423 2006.86 431 1968.35 433 2112.2 443 3096.9 511 5279.72 521 5279.41 2112 939.5654219
2212 938.27208943 3112 1197.449 3122 1115.683 3212 1192.642 3222 1189.37 3312 1321.71 3322 1314.86 3334 1672.45
4122 2286.46 4132 2470.5 4232 2467.79 4312 2578.8 4322 2578.3 4332 2695.3 4334 2766.0 10433 2535.12 20443 3510.67
"""
"""|PDG| and mass of what every production asks for, PDG 2026: reading the whole table takes ``particle`` 0.15 s."""


@cache
def _masses() -> dict[int, float]:
    words = _MASSES_MEV.split()
    return dict(zip(map(int, words[::2]), map(float, words[1::2]), strict=True))


@cache
def _particle(pdg: int) -> Particle:
    from particle import Particle

    return Particle.from_pdgid(pdg)


def mass(pdg: int) -> float:
    """Return the PDG mass [GeV]; 0 where the table has none (neutrinos)."""
    value = _masses().get(abs(pdg)) or _particle(pdg).mass
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
