"""Matter on the way: the card's materials, multiple scattering, energy loss and its straggling.

Formulae: PDG, Passage of particles through matter. Layers are thin; a layer of several materials is added
up.
"""

from typing import NamedTuple

import numpy as np

from detector.units import Density, Energy, Scale, Section, Thickness
from physics.elementary import fast_log
from physics.jit import inlined_kernel


class MaterialSection(Section):
    """One material of the card."""

    radiation_length: Thickness
    interaction_length: Thickness
    density: Density
    z_over_a: Scale
    mean_excitation: Energy


class CylinderSection(Section):
    """A cylindrical layer of one material."""

    name: str
    material: str
    inner_radius: Thickness
    thickness: Thickness


class Slab(NamedTuple):
    """Matter of a layer at normal incidence, summed over its materials."""

    x0: float  # thickness in radiation lengths
    interaction: float  # thickness in nuclear interaction lengths
    electrons: float  # density x thickness x Z/A [g/cm²]
    log_excitation: float  # mean of ln(I/GeV), weighted with the electrons


def slab(parts: list[tuple[MaterialSection, float]]) -> Slab:
    """Return the sum of layers given as (material, thickness [cm])."""
    x0 = sum(t / m.radiation_length.number for m, t in parts)
    interaction = sum(t / m.interaction_length.number for m, t in parts)
    weights = [m.density.number * t * m.z_over_a.number for m, t in parts]
    electrons = sum(weights)
    logs = [float(np.log(m.mean_excitation.number)) for m, _ in parts]
    mean = sum(w * log for w, log in zip(weights, logs, strict=True)) / electrons if electrons > 0 else -15.0
    return Slab(float(x0), float(interaction), float(electrons), float(mean))


@inlined_kernel
def highland_factor(total_x0, momentum, mass):
    """Variance of the projected scattering angle × (pβ)² [GeV²] for each radiation length.

    Highland's form with the constants of Lynch and Dahl (PDG eq. 34.16). Its logarithm is taken at the
    thickness ``total_x0`` of all layers crossed so that they add up to the angle of the whole, which they do
    not when each layer has its own logarithm (PDG's remark below the formula).
    """
    ratio = mass / momentum
    inverse_beta2 = 1.0 + ratio * ratio
    angle = 0.0136 * (1.0 + 0.038 * fast_log(total_x0 * inverse_beta2))
    return angle * angle


BETHE = 0.307075e-3
"""Constant of Bethe's formula [GeV cm²/g] for Z/A in the electrons (PDG eq. 34.5). The mean loss is this × electrons ×
((½ ln(2 mₑ βγ² T_max / I²))/β² − 1). The density effect is replaced by holding βγ at most 10 in the logarithm
(assumption: the relativistic rise of solids is a few per cent beyond); electrons are treated as heavy particles."""

STRAGGLING = 4.018 / 2.355 * 0.1535375e-3
"""Width of the energy loss [GeV] = this × electrons [g/cm²] / β²: the Landau full width 4.018 ξ as a Gaussian
(PDG, Sec. 34.2.9)."""
