"""The catalogue of samples: what can be generated, its cross section and where the numbers come from.

A signal is a decay file in ``sim/signals``: adding one is adding a file and a line here.
"""

import difflib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from physics.beams import BeamEnergy

BB_CROSS_SECTION_NB = 1.069
"""σ(e⁺e⁻ → Υ(4S) → BB̄) [nb]: (387 ± 6)×10⁶ pairs in 362 fb⁻¹ (arXiv:2311.14647)."""
F_CHARGED = 0.516
"""Fraction f± of B⁺B⁻, ± 0.012 (arXiv:2311.14647); the rest is B⁰B̄⁰."""
CROSS_SECTION_ROOT_S = 10.58
"""√s [GeV] of the continuum cross sections, which fall as 1/s."""

Kind = Literal["upsilon4s", "continuum", "taupair"]


@dataclass(frozen=True)
class Sample:
    """One sample.

    Attributes
    ----------
    name : as on the command line.
    process : in the field's notation.
    kind : the generator that makes it.
    pdg : of the B (521, 511) or of the fermion (1…4, 15) that is pair produced.
    cross_section_nb : on resonance, of the whole process.
    source : of the cross section or branching fraction.
    signal : decay file of the signal B, for signal samples.
    branching_fraction : of the signal decay of one B, 0 for backgrounds.
    hadron : place of the hadron h among the daughters of the signal B, for the true q²; −1 where q² has no meaning.
    nunu : "K" or "K*" when phase-space events carry B → K(*)νν̄ weights.
    """

    name: str
    process: str
    kind: Kind
    pdg: int
    cross_section_nb: float
    source: str
    signal: str = ""
    branching_fraction: float = 0.0
    nunu: Literal["", "K", "K*"] = ""
    hadron: int = -1

    def cross_section(self, beam: BeamEnergy, root_s: float) -> float:
        """Return the cross section [nb] at √s [GeV].

        Raises ValueError for BB̄ samples below the Υ(4S).
        """
        if self.kind == "upsilon4s":
            if beam == "off-resonance":
                msg = (
                    f"sample '{self.name}' needs B pairs, and off-resonance collisions at √s = {root_s:.3f} GeV are "
                    "below their threshold of 10.559 GeV: choose --beam on-resonance or a continuum sample"
                )
                raise ValueError(msg)
            return self.cross_section_nb
        return self.cross_section_nb * (CROSS_SECTION_ROOT_S / root_s) ** 2

    def decay_file(self, *, unweighted: bool = False) -> Path | None:
        """Return the decay file of the signal B, None for a background."""
        if not self.signal:
            return None
        suffix = "_sm" if unweighted and self.nunu else ""
        return Path(str(files("sim") / "signals" / f"{self.signal}{suffix}.dec"))


def _background(name: str, process: str, pdg: int, cross_section_nb: float, source: str) -> Sample:
    kind: Kind = "upsilon4s" if pdg > 500 else "taupair" if pdg == 15 else "continuum"
    return Sample(name, process, kind, pdg, cross_section_nb, source)


def _signal(
    name: str, process: str, pdg: int, branching_fraction: float, source: str, nunu: Literal["", "K", "K*"] = ""
) -> Sample:
    fraction = F_CHARGED if pdg == 521 else 1.0 - F_CHARGED
    cross_section = BB_CROSS_SECTION_NB * fraction * 2.0 * branching_fraction
    hadron = -1 if "gamma" in name else 1 if "jpsi" in name else 0
    return Sample(name, process, "upsilon4s", pdg, cross_section, source, name, branching_fraction, nunu, hadron)


_SKIM = "basf2 skim statistics tools"
_KNUNU = "short distance, arXiv:2311.14647"
_DEC = "DECAY_BELLE2.DEC"

SAMPLES: dict[str, Sample] = {
    sample.name: sample
    for sample in (
        _background("charged", "e+e- → Υ(4S) → B+B-", 521, BB_CROSS_SECTION_NB * F_CHARGED, "arXiv:2311.14647"),
        _background("mixed", "e+e- → Υ(4S) → B0B̄0", 511, BB_CROSS_SECTION_NB * (1.0 - F_CHARGED), "arXiv:2311.14647"),
        _background("uubar", "e+e- → uū", 2, 1.61, _SKIM),
        _background("ddbar", "e+e- → dd̄", 1, 0.40, _SKIM),
        _background("ssbar", "e+e- → ss̄", 3, 0.38, _SKIM),
        _background("ccbar", "e+e- → cc̄", 4, 1.30, _SKIM),
        _background("taupair", "e+e- → τ+τ-", 15, 0.919, "arXiv:2405.14625"),
        _signal("kplus-nunu", "B+ → K+νν̄", 521, 4.97e-6, _KNUNU, "K"),
        # as for the K+: physics.penguins with the inputs of arXiv:2507.12393 (a test keeps them equal); K_S is half
        _signal("kshort-nunu", "B0 → K_Sνν̄", 511, 2.30e-6, "arXiv:2207.12468 form factor", "K"),
        _signal("kstar0-nunu", "B0 → K*0νν̄", 511, 1.026e-5, "arXiv:1503.05534 form factors", "K*"),
        _signal("kstarplus-nunu", "B+ → K*+νν̄", 521, 1.105e-5, "arXiv:1503.05534 form factors", "K*"),
        # B → KX has no prediction: one event in 10⁵ B+ decays as a unit
        _signal("kplus-x", "B+ → K+X, X invisible", 521, 1.0e-5, "assumption: a unit of 1e-5"),
        _signal("kstar0-gamma", "B0 → K*0γ, K*0 → K+π-", 511, 4.14e-5 * 2.0 / 3.0, "arXiv:2411.10127"),
        _signal("kstarplus-gamma", "B+ → K*+γ", 521, 4.02e-5, "arXiv:2411.10127"),
        _signal("xsu-gamma", "B+ → X_suγ", 521, 1.4777e-4, _DEC),
        _signal("xsd-gamma", "B0 → X_sdγ", 511, 2.4236e-4, _DEC),
        _signal("kplus-mumu", "B+ → K+µ+µ-", 521, 6.0e-7, _DEC),
        _signal("kplus-ee", "B+ → K+e+e-", 521, 6.0e-7, _DEC),
        _signal("kstar0-mumu", "B0 → K*0µ+µ-", 511, 1.20e-6, _DEC),
        _signal("kstar0-ee", "B0 → K*0e+e-", 511, 1.21e-6, _DEC),
        _signal("kstarplus-mumu", "B+ → K*+µ+µ-", 521, 1.29e-6, _DEC),
        _signal("kstarplus-ee", "B+ → K*+e+e-", 521, 1.30e-6, _DEC),
        _signal("jpsi-kplus", "B+ → J/ψK+, J/ψ → µ+µ-", 521, 1.00556e-3 * 0.0593, _DEC),
    )
}


def sample(name: str) -> Sample:
    """Return the sample ``name``; ValueError with the nearest names when there is none."""
    if name in SAMPLES:
        return SAMPLES[name]
    near = difflib.get_close_matches(name, SAMPLES, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else "'belfast samples' lists them"
    msg = f"there is no sample '{name}': {hint}"
    raise ValueError(msg)
