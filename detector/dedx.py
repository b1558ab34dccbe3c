"""Specific ionisation in the strip detector and the drift chamber: expectation, measurement and likelihood.

The expectation is Bethe's (drift chamber, restricted, truncated mean) or Landau's most probable value (silicon) over
βγ; the measured truncated mean fluctuates with the number of samples and the path in each of them.  Likelihoods are
Student's t in the relative deviation: a Gaussian core with the tails that a truncated mean keeps.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.stopping import (
    BETHE_CONSTANT,
    SILICON,
    TABLE_HIGH,
    TABLE_LOW,
    TABLE_SIZE,
    Substance,
    density_effect,
    interpolate,
    mean_loss,
)
from detector.units import Energy, Fraction, Number, Scale, Section, Thickness
from physics.jit import kernel
from physics.particles import ELECTRON_MASS
from physics.random import normal, uniform

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

    log_expectation: np.ndarray  # ln of the expected dE/dx (minimum 1) on an even grid of ln βγ
    resolution: np.ndarray  # relative, for each number of samples at normal incidence
    path_power: float
    minimum_samples: float
    tail_probability: float
    tail_width: float
    degrees_of_freedom: float


def _compile(section: DedxSection, expectation: np.ndarray) -> Dedx:
    # Walenta et al., Nucl. Instrum. Meth. 161 (1979) 45: σ ∝ N^−0.46 (pressure × path)^−0.32
    samples = np.maximum(np.arange(MAX_SAMPLES), 1) / section.reference_samples.number
    resolution = section.resolution.number * samples**section.sample_power.number
    scalars = (getattr(section, name).number for name in Dedx._fields[2:])
    return Dedx(np.log(expectation / expectation.min()), resolution, *scalars)


def compile_chamber(section: ChamberDedxSection) -> Dedx:
    """Return the drift chamber's constants."""
    bg = np.exp(np.linspace(TABLE_LOW, TABLE_HIGH, TABLE_SIZE))
    return _compile(section, mean_loss(bg, HELIUM_ETHANE, section.restriction.number))


def compile_strips(section: StripDedxSection) -> Dedx:
    """Return the strip detector's constants: Landau's most probable loss (PDG, Passage, eq. 34.12)."""
    bg = np.exp(np.linspace(TABLE_LOW, TABLE_HIGH, TABLE_SIZE))
    beta2 = bg**2 / (1.0 + bg**2)
    xi = 0.5 * BETHE_CONSTANT * SILICON.z_over_a * 2.329 * section.thickness.number / beta2
    logarithm = np.log(2.0 * ELECTRON_MASS * bg**2 / SILICON.excitation) + np.log(xi / SILICON.excitation)
    most_probable = xi * (logarithm + 0.2 - beta2 - density_effect(bg, SILICON))
    return _compile(section, np.maximum(most_probable, 1e-9))


@kernel
def dedx_log_likelihoods(stream, samples, sine, log_true, log_p, log_masses, dedx, out):
    """Measure a track's dE/dx and write the log-likelihoods of the six hypotheses into ``out``.

    ``samples`` hits of path ∝ 1/``sine`` (of the polar angle), ``log_true`` the true ln βγ, ``log_p`` the
    logarithm of the measured momentum [GeV].  Nothing is written with fewer samples than the detector needs.
    """
    if samples < dedx.minimum_samples:
        return
    # samples get longer as 1/sin θ
    sigma = dedx.resolution[min(samples, MAX_SAMPLES - 1)] * math.exp(-dedx.path_power * math.log(sine))
    step = (TABLE_HIGH - TABLE_LOW) / (TABLE_SIZE - 1)
    expected = interpolate(dedx.log_expectation, TABLE_LOW, step, log_true)
    width = dedx.tail_width if uniform(stream) < dedx.tail_probability else 1.0
    measured = expected + sigma * width * normal(stream)  # of ln dE/dx
    nu = dedx.degrees_of_freedom
    norm = 1.0 / (nu * sigma * sigma)
    half = -0.5 * (nu + 1.0)
    for h in range(6):
        deviation = measured - interpolate(dedx.log_expectation, TABLE_LOW, step, log_p - log_masses[h])
        out[h] = half * math.log(1.0 + norm * deviation * deviation)
