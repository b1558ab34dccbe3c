"""Hadrons a string may produce: their masses and line shapes, as tables for kernels."""

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from physics.jit import kernel
from physics.particles import mass as pdg_mass
from physics.random import uniform

MAX_PDG = 20_500
"""Larger than the PDG identity of every meson and baryon without bottom that a string produces."""
_NODES = 129
_MAX_ENHANCEMENT = 2.5
"""A mass-dependent width may raise the line shape by at most this factor (arXiv:2203.11601, ``maxEnhanceBW``)."""


class HadronTable(NamedTuple):
    """Masses of hadrons; ``row[|pdg|]`` is −1 for what no string produces."""

    row: np.ndarray  # int16 (MAX_PDG,)
    mass: np.ndarray  # float64 (n,) nominal mass [GeV]
    broad: np.ndarray  # bool (n,)
    quantiles: np.ndarray  # float64 (n, 129) masses [GeV] at equal steps of probability


def line_shape_quantiles(mass: float, width: float, low: float, high: float, threshold: float) -> np.ndarray:
    """Return the masses [GeV] at ``_NODES`` equal steps of probability of a truncated relativistic Breit–Wigner.

    The width depends on the mass, Γ(m) = Γ √[(m² − m_thr²)/(m₀² − m_thr²)], and m Γ(m) stands where m₀ Γ would; the
    enhancement above the fixed-width shape is capped (arXiv:2203.11601, sec. 3.9, ``modeBreitWigner = 4``).
    """
    # equal steps of the fixed-width shape, whose integral in m² is an arctangent, resolve every peak
    edges = np.arctan((np.array([low, high]) ** 2 - mass**2) / (mass * width))
    angle = np.linspace(edges[0], edges[1], 20_001)
    m = np.sqrt(mass**2 + mass * width * np.tan(angle))
    running = width * np.sqrt(np.maximum(m**2 - threshold**2, 0.0) / (mass**2 - threshold**2))
    fixed = mass * width / ((m**2 - mass**2) ** 2 + (mass * width) ** 2)
    shape = m * running / ((m**2 - mass**2) ** 2 + (m * running) ** 2)
    weight = np.minimum(shape / fixed, _MAX_ENHANCEMENT)
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (weight[1:] + weight[:-1]))])
    return np.interp(np.linspace(0.0, 1.0, _NODES), cumulative / cumulative[-1], m)


def read_hadrons() -> list[dict[str, str]]:
    """Return the rows of ``physics/data/string_hadrons.csv``."""
    path = Path(__file__).parent.parent / "data" / "string_hadrons.csv"
    with path.open() as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@lru_cache(maxsize=1)
def load_hadrons() -> HadronTable:
    """Return the hadron table compiled for kernels."""
    rows = read_hadrons()
    row = np.full(MAX_PDG, -1, np.int16)
    mass = np.zeros(len(rows))
    broad = np.zeros(len(rows), np.bool_)
    quantiles = np.zeros((len(rows), _NODES))
    for i, entry in enumerate(rows):
        pdg = int(entry["pdg"])
        row[pdg] = i
        mass[i] = float(entry["mass"]) if entry["mass"] else pdg_mass(pdg)
        if float(entry["width"]) > 0.0:
            broad[i] = True
            shape = (float(entry[name]) for name in ("width", "low", "high", "threshold"))
            quantiles[i] = line_shape_quantiles(mass[i], *shape)
    return HadronTable(row, mass, broad, quantiles)


@kernel
def hadron_mass(stream, hadrons, pdg):
    """Draw a mass [GeV] of the hadron ``pdg`` from its line shape (the nominal one where it is narrow)."""
    i = hadrons.row[abs(pdg)]
    if not hadrons.broad[i]:
        return hadrons.mass[i]
    x = uniform(stream) * (hadrons.quantiles.shape[1] - 1)
    k = int(x)
    return hadrons.quantiles[i, k] + (x - k) * (hadrons.quantiles[i, k + 1] - hadrons.quantiles[i, k])
