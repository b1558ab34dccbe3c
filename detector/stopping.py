"""Energy loss and range of heavy charged particles: tables over βγ for the materials outside the tracker.

The range of a particle divided by its mass depends on βγ alone, so one table for a material serves all species.
Formulae: PDG, "Passage of particles through matter", eq. 34.5 with the density effect of R. M. Sternheimer,
M. J. Berger and S. M. Seltzer, At. Data Nucl. Data Tables 30 (1984) 261.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.octaves import look_up, octave_nodes
from physics.jit import inlined_kernel
from physics.particles import ELECTRON_MASS

BETHE_CONSTANT = 0.307075e-3
"""4πN_A r_e² m_e c² [GeV cm²/mol]."""


class Substance(NamedTuple):
    """What the Bethe formula needs; excitation energy in GeV, density-effect numbers of Sternheimer."""

    z_over_a: float
    excitation: float
    c: float
    x0: float
    x1: float
    a: float
    k: float


# Sternheimer, Berger, Seltzer (1984), as tabulated by the PDG (Atomic and nuclear properties of materials).
CAESIUM_IODIDE = Substance(0.41569, 553.1e-9, 6.2807, 0.0395, 3.3353, 0.25381, 2.6657)
IRON = Substance(0.46557, 286.0e-9, 4.2911, -0.0012, 3.1531, 0.14680, 2.9632)
SILICON = Substance(0.49848, 173.0e-9, 4.4355, 0.2015, 2.8716, 0.14921, 3.2546)

BETA_GAMMA_LOW, BETA_GAMMA_HIGH = -5, 15
"""Exponents of two of the least and the largest βγ of tables (see :mod:`detector.octaves`)."""
RANGE_LOW, RANGE_HIGH = -12, 26
"""The same of range/mass [g/cm²/GeV]."""
STOPPED = 0.06
"""βγ below which a particle counts as stopped."""
_HEAVY = 0.13957039  # mass [GeV] that enters the maximum energy transfer; its effect on the range is below 1 %


class RangeTable(NamedTuple):
    """Range/mass [g/cm²/GeV] on the nodes of βγ, and βγ on those of range/mass."""

    range: np.ndarray
    beta_gamma: np.ndarray


def density_effect(beta_gamma: np.ndarray, substance: Substance) -> np.ndarray:
    """Density correction δ(βγ) in Sternheimer's parametrisation (insulators: 0 below x0)."""
    x = np.log10(beta_gamma)
    linear = 2.0 * math.log(10.0) * x - substance.c
    bent = linear + substance.a * np.maximum(substance.x1 - x, 0.0) ** substance.k
    return np.where(x >= substance.x1, linear, np.where(x >= substance.x0, bent, 0.0))


def mean_loss(beta_gamma: np.ndarray, substance: Substance, restricted: float = math.inf) -> np.ndarray:
    """Mean energy loss −dE/dx [GeV cm²/g]; ``restricted`` [GeV] cuts the energy given to one electron."""
    gamma = np.sqrt(1.0 + beta_gamma**2)
    beta2 = (beta_gamma / gamma) ** 2
    ratio = ELECTRON_MASS / _HEAVY
    t_max = 2.0 * ELECTRON_MASS * beta_gamma**2 / (1.0 + 2.0 * gamma * ratio + ratio**2)
    t_cut = np.minimum(t_max, restricted)
    logarithm = np.log(2.0 * ELECTRON_MASS * beta_gamma**2 * t_cut / substance.excitation**2)
    bracket = 0.5 * logarithm - 0.5 * beta2 * (1.0 + t_cut / t_max) - 0.5 * density_effect(beta_gamma, substance)
    return BETHE_CONSTANT * substance.z_over_a / beta2 * np.maximum(bracket, 0.1)


def range_table(substance: Substance) -> RangeTable:
    """Tabulate the range by integrating the mean loss."""
    nodes = octave_nodes(BETA_GAMMA_LOW, BETA_GAMMA_HIGH)
    fine = np.linspace(math.log(nodes[0]), math.log(nodes[-1]), 16 * len(nodes))
    bg = np.exp(fine)
    # d(T/M) = β d(βγ) = β βγ d ln βγ
    integrand = bg**2 / np.sqrt(1.0 + bg**2) / mean_loss(bg, substance)
    total = np.concatenate([[0.0], np.cumsum(0.5 * (integrand[1:] + integrand[:-1]) * np.diff(fine))])
    first = bg[0] ** 2 / mean_loss(bg[:1], substance)[0] / 4.0  # loss ∝ 1/β² below the table
    log_range = np.log(total + first)
    wanted = octave_nodes(RANGE_LOW, RANGE_HIGH)
    return RangeTable(
        np.exp(np.interp(np.log(nodes), fine, log_range)), np.exp(np.interp(np.log(wanted), log_range, fine))
    )


def ranges_behind(
    momenta: np.ndarray, mass: float, thickness: float, front: RangeTable, back: RangeTable
) -> np.ndarray:
    """Return the ranges [g/cm²] in the material of ``back`` that are left behind ``thickness`` [g/cm²] of ``front``.

    Momenta and mass in GeV; 0 for those that stop in front.
    """
    speeds, reaches = octave_nodes(BETA_GAMMA_LOW, BETA_GAMMA_HIGH), octave_nodes(RANGE_LOW, RANGE_HIGH)
    left = np.interp(momenta / mass, speeds, front.range) - thickness / mass
    speed = np.where(left > 0.0, np.interp(left, reaches, front.beta_gamma), 0.0)
    return np.where(speed > STOPPED, mass * np.interp(speed, speeds, back.range), 0.0)


@inlined_kernel
def residual_beta_gamma(beta_gamma, mass, thickness, table):
    """βγ left after ``thickness`` [g/cm²]; 0 when the particle [mass GeV] stops in it."""
    if beta_gamma < STOPPED:
        return 0.0
    left = look_up(table.range, BETA_GAMMA_LOW, beta_gamma) - thickness / mass
    end = look_up(table.beta_gamma, RANGE_LOW, left) if left > 0.0 else 0.0
    return end if end > STOPPED else 0.0


@inlined_kernel
def stopping_range(beta_gamma, mass, table):
    """Range [g/cm²] of a particle [mass GeV]."""
    if beta_gamma < STOPPED:
        return 0.0
    return mass * look_up(table.range, BETA_GAMMA_LOW, beta_gamma)
