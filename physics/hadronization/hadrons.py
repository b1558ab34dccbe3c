"""Hadrons a string may produce: their masses and line shapes, as tables for kernels."""

import csv
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from physics.jit import kernel
from physics.particles import mass as pdg_mass

MAX_PDG = 20_500
"""Larger than the PDG identity of every meson and baryon without bottom that a string produces."""
_NODES = 129
_MAX_ENHANCEMENT = 2.5
"""A mass-dependent width may raise the line shape by at most this factor (arXiv:2203.11601, ``maxEnhanceBW``)."""


MAX_HADRON_SPECIES = 128
HADRON_FIELDS = (
    ("hadron_row", np.int16, (MAX_PDG,)),  # by |pdg|; −1 for what no string produces
    ("mass", np.float64, (MAX_HADRON_SPECIES,)),  # nominal mass [GeV]
    ("broad", np.int8, (MAX_HADRON_SPECIES,)),  # 1: has a line shape
    ("quantiles", np.float32, (MAX_HADRON_SPECIES, _NODES)),  # masses [GeV] at equal steps of probability
)
"""Fields of the masses of hadrons in :data:`physics.hadronization.tune.TUNE`."""


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
def load_hadrons() -> dict[str, Any]:
    """Return the hadron table compiled for kernels: the fields of ``HADRON_FIELDS``."""
    rows = read_hadrons()
    row = np.full(MAX_PDG, -1, np.int16)
    mass = np.zeros(MAX_HADRON_SPECIES)
    broad = np.zeros(MAX_HADRON_SPECIES, np.int8)
    quantiles = np.zeros((MAX_HADRON_SPECIES, _NODES))
    for i, entry in enumerate(rows):
        pdg = int(entry["pdg"])
        row[pdg] = i
        mass[i] = float(entry["mass"]) if entry["mass"] else pdg_mass(pdg)
        if float(entry["width"]) > 0.0:
            broad[i] = 1
            shape = (float(entry[name]) for name in ("width", "low", "high", "threshold"))
            quantiles[i] = line_shape_quantiles(mass[i], *shape)
    return {"hadron_row": row, "mass": mass, "broad": broad, "quantiles": quantiles}


@kernel
def hadron_mass(tune, pdg, u):
    """Return the mass [GeV] of the hadron ``pdg`` at the fraction ``u`` of its line shape."""
    i = tune.hadron_row[abs(pdg)]
    if tune.broad[i] == 0:
        return tune.mass[i]
    x = u * (_NODES - 1)
    k = int(x)
    return tune.quantiles[i, k] + (x - k) * (tune.quantiles[i, k + 1] - tune.quantiles[i, k])
