"""Specific ionisation in the strip detector and the drift chamber: expectation, measurement and likelihood.

The expectation is Bethe's (drift chamber, restricted, truncated mean) or Landau's most probable value (silicon) over
βγ; the measured truncated mean fluctuates with the number of samples and the path in each of them.  Likelihoods are
Student's t in the relative deviation: a Gaussian core with the tails that a truncated mean keeps.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.draws import unit
from detector.octaves import look_up, octave_nodes
from detector.stopping import (
    BETA_GAMMA_HIGH,
    BETA_GAMMA_LOW,
    BETHE_CONSTANT,
    SILICON,
    Substance,
    density_effect,
    mean_loss,
)
from detector.units import Energy, Fraction, Number, Scale, Section, Thickness
from physics.jit import inlined_kernel
from physics.particles import ELECTRON_MASS

# He/C2H6 50:50 by volume: nearly all of the mass is ethane; I and Z/A by Bragg's rule; density-effect numbers from
# Sternheimer's general expression for gases (Phys. Rev. B3 (1971) 3681) with C = 1 + 2 ln(I/ħω_p), ħω_p = 0.585 eV.
HELIUM_ETHANE = Substance(0.587, 45.0e-9, 9.69, 1.6, 4.0, (9.69 - 2.0 * math.log(10.0) * 1.6) / 2.4**3, 3.0)


MAX_SAMPLES = 128


class DedxSection(Section):
    """One detector's specific ionisation in the section ``identification`` of a card."""

    resolution: Fraction
    reference_samples: Scale
    sample_power: Number
    path_power: Number
    minimum_samples: Scale
    tail_probability: Fraction
    tail_width: Scale
    degrees_of_freedom: Scale


class StripDedxSection(DedxSection):
    """Silicon: most probable energy loss in the sensor's thickness."""

    thickness: Thickness


class ChamberDedxSection(DedxSection):
    """Gas: restricted mean loss, knock-on electrons above ``restriction`` are truncated."""

    restriction: Energy


class Dedx(NamedTuple):
    """Constants of one detector for kernels."""

    resolution: np.ndarray  # relative, for each number of samples at normal incidence
    longer: np.ndarray  # its factor on the nodes of 1/sin²θ
    minimum_samples: float
    tail_probability: float
    tail_width: float
    degrees_of_freedom: float


def compile_dedx(section: DedxSection) -> Dedx:
    """Return the constants of one detector."""
    # Walenta et al., Nucl. Instrum. Meth. 161 (1979) 45: σ ∝ N^−0.46 (pressure × path)^−0.32
    samples = np.maximum(np.arange(MAX_SAMPLES), 1) / section.reference_samples.number
    resolution = section.resolution.number * samples**section.sample_power.number
    longer = octave_nodes(0, 5) ** (0.5 * section.path_power.number)
    return Dedx(resolution, longer, *(getattr(section, name).number for name in Dedx._fields[2:]))


def chamber_expectation(section: ChamberDedxSection) -> np.ndarray:
    """Return ln of the expected dE/dx in the gas on the nodes of βγ, 0 at its minimum."""
    loss = mean_loss(octave_nodes(BETA_GAMMA_LOW, BETA_GAMMA_HIGH), HELIUM_ETHANE, section.restriction.number)
    logarithm: np.ndarray = np.log(loss / loss.min())
    return logarithm


def strip_expectation(section: StripDedxSection) -> np.ndarray:
    """Return the same of the silicon: Landau's most probable loss (PDG, Passage, eq. 34.12)."""
    bg = octave_nodes(BETA_GAMMA_LOW, BETA_GAMMA_HIGH)
    beta2 = bg**2 / (1.0 + bg**2)
    xi = 0.5 * BETHE_CONSTANT * SILICON.z_over_a * 2.329 * section.thickness.number / beta2
    logarithm = np.log(2.0 * ELECTRON_MASS * bg**2 / SILICON.excitation) + np.log(xi / SILICON.excitation)
    most_probable = np.maximum(xi * (logarithm + 0.2 - beta2 - density_effect(bg, SILICON)), 1e-9)
    relative: np.ndarray = np.log(most_probable / most_probable.min())
    return relative


@inlined_kernel
def relative_width(samples, slope2, dedx):
    """Relative resolution for a number of samples, each longer by 1/sin θ; ``slope2`` = 1 + tan²λ = 1/sin²θ."""
    return dedx.resolution[min(samples, MAX_SAMPLES - 1)] * look_up(dedx.longer, 0, slope2)


@inlined_kernel
def tail_factor(word, dedx):
    """What the width of the Gaussian core is multiplied with, by a word: some measurements are in the tail."""
    return dedx.tail_width if unit(word) < dedx.tail_probability else 1.0


@inlined_kernel
def student_power(dedx):
    """Power of Student's t distribution."""
    return 0.5 * (dedx.degrees_of_freedom + 1.0)
