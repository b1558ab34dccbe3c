"""Particles by their EvtGen names: identity, mass, width, lifetime, spin, charge and the window of the line shape.

The PDG table (``particle``) is the source.  What it does not list or leaves without mass or width (excited heavy
states, EvtGen's inclusive pseudo-particles) and the mass windows of the resonances come from EvtGen's table
``evt.pdl`` (columns mass, width, max_Dm; version of 2013-05-10 with Belle II's additions).
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache

PARTICLE_TABLE_YEAR = 2026
"""Year of the PDG table that ``particle`` 1.1 reads by default; part of the cache key."""
HBAR_C = 1.973269804e-14
"""ħc in GeV cm (CODATA)."""


@dataclass(frozen=True)
class Properties:
    """Mass and width [GeV], ctau [cm], window [GeV] of the line shape (0: none known)."""

    name: str
    pdg: int
    mass: float
    width: float
    ctau: float
    spin2: int  # 2J
    charge: int
    window: float
    conjugate: str  # EvtGen name of the antiparticle


# name, PDG identity, mass, width, window [GeV], 2J, charge, antiparticle: evt.pdl
_EXTRA = """
B'_1+ 20523 5.757 0.25 0.2 2 1 B'_1-
B'_10 20513 5.757 0.25 0.2 2 0 anti-B'_10
B_1+ 10523 5.732 0.0399 0.2 2 1 B_1-
B_10 10513 5.732 0.0399 0.2 2 0 anti-B_10
B_s10 10533 5.831 0.0399 0.01 2 0 anti-B_s10
B'_s10 20533 5.859 0.25 0.02 2 0 anti-B'_s10
B_0*+ 10521 5.738 0.15 0.2 0 1 B_0*-
B_0*0 10511 5.738 0.15 0.2 0 0 anti-B_0*0
B_s0*0 10531 5.841 0.15 0.065 0 0 anti-B_s0*0
B_c*+ 543 6.602 0 0 2 1 B_c*-
B_c0*+ 10541 7.25 0 0.06 0 1 B_c0*-
B_c1+ 10543 7.3 0 0.06 2 1 B_c1-
B'_c1+ 20543 7.4 0 0.2 2 1 B'_c1-
B_c2*+ 545 7.35 0 0.06 4 1 B_c2*-
D'_1+ 20413 2.445 0.25 0.3 2 1 D'_1-
D(2S)+ 100411 2.58 0 0 0 1 D(2S)-
D(2S)0 100421 2.58 0 0 0 0 anti-D(2S)0
D*(2S)+ 100413 2.64 0 0 2 1 D*(2S)-
D*(2S)0 100423 2.64 0 0 2 0 anti-D*(2S)0
Omega_b*- 5334 6.13 0 0 3 -1 anti-Omega_b*+
Omega_cc+ 4432 3.78663 0 0 1 1 anti-Omega_cc-
Omega_cc*+ 4434 3.82466 0 0 3 1 anti-Omega_cc*-
Sigma_b0 5212 5.8078 0 0 1 0 anti-Sigma_b0
Sigma_b*0 5214 5.829 0 0 3 0 anti-Sigma_b*0
Upsilon_1(1D) 30553 10.1637 0 0 2 0 Upsilon_1(1D)
Upsilon_2(1D) 20555 10.1637 0 0 4 0 Upsilon_2(1D)
Upsilon_3(1D) 557 10.1599 0 0 6 0 Upsilon_3(1D)
Upsilon_1(2D) 130553 10.4349 0 0 2 0 Upsilon_1(2D)
Upsilon_2(2D) 120555 10.4406 0 0 4 0 Upsilon_2(2D)
Upsilon_3(2D) 100557 10.4443 0 0 6 0 Upsilon_3(2D)
X_1(3872) 9920443 3.87165 0.00119 0.0029 2 0 X_1(3872)
Xi'_b- 5312 5.96 0 0 1 -1 anti-Xi'_b+
Xi'_b0 5322 5.96 0 0 1 0 anti-Xi'_b0
Xi_b*- 5314 5.97 0 0 3 -1 anti-Xi_b*+
Xi_b*0 5324 5.97 0 0 3 0 anti-Xi_b*0
Xi_cc+ 4412 3.6222 0 0 1 1 anti-Xi_cc-
Xi_cc++ 4422 3.6222 0 0 1 2 anti-Xi_cc--
Xi_cc*+ 4414 3.65648 0 0 3 1 anti-Xi_cc*-
Xi_cc*++ 4424 3.65648 0 0 3 2 anti-Xi_cc*--
Xsd 30343 1.6 0 1.0 2 0 anti-Xsd
Xsu 30353 1.6 0 1.0 2 1 anti-Xsu
Xss 30363 1.8 0 1.0 2 0 anti-Xss
Xdd 30643 1.6 0.5 0.967 0 0 anti-Xdd
Xdu+ 30653 1.6 0.5 0.967 0 1 anti-Xdu-
Xu+ 44 1.0 0 0 0 1 Xu-
Xu0 43 1.0 0 0 0 0 Xu0
chi_b0(3P) 210551 10.5007 0 0 0 0 chi_b0(3P)
eta_b(2S) 100551 9.997 0 0 0 0 eta_b(2S)
eta_b2(1D) 10555 10.157 0 0 4 0 eta_b2(1D)
eta_b2(2D) 110555 10.441 0 0 4 0 eta_b2(2D)
h_b(3P) 210553 10.516 0 0 2 0 h_b(3P)
specflav 81 0 0 0 0 0 specflav
rndmflav 82 0 0 0 0 0 anti-rndmflav
X_invisible 51 0.0 0 0 0 0 X_invisible
vpho 10022 0 0 0 2 0 vpho
c-hadron 84 2.0 0 0 0 0 anti-c-hadron
"""

# Largest distance [GeV] of the mass from its nominal value, by |PDG identity| (evt.pdl, column max_Dm).
_WINDOWS = """
113 .48 213 .48 223 .18 333 .032 323 .23 313 .23 331 .002 20213 .6 20113 .6 10213 .25 10113 .25 215 .5 115 .5
9000111 .05 9000211 .05 9010221 .005 9000221 .478 30221 .35 225 .27 335 .2 20223 .05 20333 .1 10223 .2 10333 .01
100213 .5 100113 .5 30213 .5 30113 .5 100223 .4 100211 .5 100111 .5 100221 .2 9030221 .3
325 .7 315 .7 10321 .6 10311 .6 10323 .2 10313 .2 20323 .4 20313 .4 100323 .6 100313 .6 30323 .7 30313 .7
327 .7 317 .7 329 .2 319 .2 413 .0004 423 .0003 433 .0001 425 .309 415 .312 10423 .272 10413 .27 20423 .3 20413 .3
10421 .299 10411 .303 435 .06 10431 .01 20433 .01 10433 .01
2224 .14 2214 .14 2114 .14 1114 .14 3224 .035 3214 .035 3114 .04 3324 .05 3314 .05 13122 .07 3124 .18 23122 .25
33122 .18 13124 .3 43122 .45 53122 .46 3126 .4 13126 .48 13212 .4 13214 .4 23212 .45 3216 .5
14122 .054 4124 .0285 4222 .027 4212 .02468 4112 .024 4224 .092 4214 .03 4114 .0919
441 .15 100441 .02 443 .0002 100443 .0008 30443 .03 9000443 .1 9010443 .15 9020443 .08 10441 .05 20443 .01 445 .006
10443 .02 553 .0005 100553 .0004 200553 .00026 300553 .039 9000553 1.65
513 .0001 523 .0001 533 .0001 515 .2 525 .2 535 .029 10513 .2 10523 .2 10533 .01
"""
_EVTGEN_WIDTHS = {
    9000221: (0.475, 0.55),
    9010221: (0.99, 0.07),
    9000111: (0.98, 0.075),
    9000211: (0.98, 0.075),
}
"""Mass and width [GeV] of the broad scalars, for which the PDG gives ranges (evt.pdl)."""
# States whose width the PDG table leaves open: evt.pdl
_OPEN_WIDTHS = {20413: 0.25, 20423: 0.25, 13122: 0.0505}


@lru_cache(maxsize=1)
def _extra() -> dict[str, Properties]:
    table = {}
    for line in _EXTRA.split("\n"):
        if not line:
            continue
        name, pdg, mass, width, window, spin2, charge, conjugate = line.split()
        entry = Properties(
            name, int(pdg), float(mass), float(width), 0.0, int(spin2), int(charge), float(window), conjugate
        )
        table[name] = entry
        if conjugate != name:
            table[conjugate] = replace(entry, name=conjugate, pdg=-entry.pdg, charge=-entry.charge, conjugate=name)
    return table


@lru_cache(maxsize=1)
def _windows() -> dict[int, float]:
    words = _WINDOWS.split()
    return dict(zip(map(int, words[::2]), map(float, words[1::2]), strict=True))


@cache
def properties(name: str) -> Properties | None:
    """Return the properties of the particle that EvtGen calls ``name``; None when there is no such particle."""
    extra = _extra().get(name)
    if extra is not None:
        return extra
    from particle import InvalidParticle, Particle, ParticleNotFound

    try:
        entry = Particle.from_evtgen_name(name)
    except (ParticleNotFound, KeyError, ValueError):
        return None
    pdg = int(entry.pdgid)
    mass = 0.0 if entry.mass is None else float(entry.mass) * 1e-3
    width = 0.0 if entry.width is None else float(entry.width) * 1e-3
    ctau = 0.0 if entry.ctau is None or width == 0.0 else float(entry.ctau) * 0.1
    mass, width = _EVTGEN_WIDTHS.get(abs(pdg), (mass, width))
    width = width or _OPEN_WIDTHS.get(abs(pdg), 0.0)
    spin2 = 0 if entry.J is None else round(2 * float(entry.J))
    if abs(pdg) == 4124:  # Λ_c(2625): J = 3/2 (PDG)
        spin2 = 3
    charge = 0 if entry.three_charge is None else int(entry.three_charge) // 3
    try:
        conjugate = str(Particle.from_pdgid(-pdg).evtgen_name)
    except (InvalidParticle, ParticleNotFound):
        conjugate = name
    window = _windows().get(abs(pdg), 0.0)
    return Properties(name, pdg, mass, width, ctau, spin2, charge, window, conjugate)


def known_names() -> list[str]:
    """Return the EvtGen names of all particles, for suggestions in messages."""
    from particle import Particle
    from particle.exceptions import MatchingIDNotFound

    names = set(_extra())
    for entry in Particle.all():
        # the PDG table lists states that EvtGen has no name for
        with suppress(MatchingIDNotFound):
            names.add(str(entry.evtgen_name))
    return sorted(names)
