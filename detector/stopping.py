"""Energy loss and range of heavy charged particles: tables over βγ for the materials outside the tracker.

The range of a particle divided by its mass depends on βγ alone, so one table for a material serves all species.
Formulae: PDG, "Passage of particles through matter", eq. 34.5 with the density effect of R. M. Sternheimer,
M. J. Berger and S. M. Seltzer, At. Data Nucl. Data Tables 30 (1984) 261.
"""

import math
from typing import NamedTuple

import numpy as np

from physics.jit import kernel
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

TABLE_LOW, TABLE_HIGH, TABLE_SIZE = math.log(0.05), math.log(2.0e4), 512
"""Range of ln βγ of the tables."""
_HEAVY = 0.13957039  # mass [GeV] that enters the maximum energy transfer; its effect on the range is below 1 %


class RangeTable(NamedTuple):
    """ln(range/mass) [g/cm²/GeV] on a grid of ln βγ, and its inverse on a grid of ln(range/mass)."""

    log_range: np.ndarray  # (TABLE_SIZE,)
    low: float
    step: float
    log_beta_gamma: np.ndarray  # (TABLE_SIZE,)
    inverse_low: float
    inverse_step: float


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
    """Tabulate the range by integrating the mean loss; below βγ = 0.05 the particle counts as stopped."""
    log_bg = np.linspace(TABLE_LOW, TABLE_HIGH, TABLE_SIZE)
    fine = np.linspace(TABLE_LOW, TABLE_HIGH, 16 * TABLE_SIZE)
    bg = np.exp(fine)
    # d(T/M) = β d(βγ) = β βγ d ln βγ
    integrand = bg**2 / np.sqrt(1.0 + bg**2) / mean_loss(bg, substance)
    total = np.concatenate([[0.0], np.cumsum(0.5 * (integrand[1:] + integrand[:-1]) * np.diff(fine))])
    first = bg[0] ** 2 / mean_loss(bg[:1], substance)[0] / 4.0  # loss ∝ 1/β² below the table
    log_range = np.log(np.interp(log_bg, fine, total + first))
    grid = np.linspace(log_range[0], log_range[-1], TABLE_SIZE)
    return RangeTable(
        log_range,
        TABLE_LOW,
        (TABLE_HIGH - TABLE_LOW) / (TABLE_SIZE - 1),
        np.interp(grid, log_range, log_bg),
        float(grid[0]),
        float((grid[-1] - grid[0]) / (TABLE_SIZE - 1)),
    )


@kernel
def interpolate(table, low, step, x):
    """Linear interpolation of a table on an even grid, constant beyond its ends."""
    position = (x - low) / step
    if position <= 0.0:
        return table[0]
    i = int(position)
    if i >= table.shape[0] - 1:
        return table[table.shape[0] - 1]
    f = position - i
    return table[i] + f * (table[i + 1] - table[i])


@kernel
def residual_beta_gamma(beta_gamma, mass, thickness, table):
    """βγ left after ``thickness`` [g/cm²]; 0 when the particle [mass GeV] stops in it."""
    if beta_gamma < 0.06:
        return 0.0
    left = math.exp(interpolate(table.log_range, table.low, table.step, math.log(beta_gamma))) - thickness / mass
    if left <= 0.0:
        return 0.0
    log_left = math.log(left)
    if log_left <= table.inverse_low:
        return 0.0
    return math.exp(interpolate(table.log_beta_gamma, table.inverse_low, table.inverse_step, log_left))


@kernel
def stopping_range(beta_gamma, mass, table):
    """Range [g/cm²] of a particle [mass GeV]."""
    if beta_gamma < 0.06:
        return 0.0
    return mass * math.exp(interpolate(table.log_range, table.low, table.step, math.log(beta_gamma)))
