"""Tracks: which layers a particle hits, the covariance those hits give, and whether the track is found."""

from typing import NamedTuple, Self

import numpy as np
from pydantic import model_validator

from detector.units import Energies, Energy, Fraction, Fractions, Number, Scale, Section


class TrackFindingSection(Section):
    """Efficiency of the track finding, tails of the fit, fakes and clones."""

    momenta: Energies
    efficiency: Fractions
    efficiency_without_strips: Fraction
    charge_asymmetry: Number
    minimum_strip_layers: Scale
    minimum_chamber_hits: Scale
    tail_fraction: Fraction
    tail_scale: Scale
    kink_chi2: Scale
    fakes: Scale
    clones: Fraction
    clone_momentum: Energy

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.momenta) != len(self.efficiency):
            msg = f"momenta has {len(self.momenta)} points but efficiency has {len(self.efficiency)}"
            raise ValueError(msg)
        if np.any(np.diff(self.momenta.numbers) <= 0.0):
            msg = "momenta must increase"
            raise ValueError(msg)
        if abs(self.charge_asymmetry.number) > 0.5:
            msg = "charge_asymmetry must lie within -0.5 to 0.5"
            raise ValueError(msg)
        return self


class Finding(NamedTuple):
    """Constants for kernels."""

    momenta: np.ndarray
    efficiency: np.ndarray
    efficiency_without_strips: float
    charge_asymmetry: float
    minimum_strip_layers: float
    minimum_chamber_hits: float
    tail_fraction: float
    tail_scale: float
    kink_chi2: float
    fakes: float
    clones: float
    clone_momentum: float


def build_finding(section: TrackFindingSection) -> Finding:
    """Compile the section."""
    return Finding(
        section.momenta.numbers,
        section.efficiency.numbers,
        *(getattr(section, name).number for name in Finding._fields[2:]),
    )
