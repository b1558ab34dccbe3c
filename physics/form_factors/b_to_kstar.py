"""B → K* form factors of Bharucha, Straub and Zwicky (arXiv:1503.05534v2), light-cone sum rules + lattice."""

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np

from physics.form_factors.z_expansion import t0_optimal, z
from physics.jit import kernel

M_B, M_KSTAR = 5.27934, 0.8955
"""Masses [GeV] in z(q²): the average B mass and the K*⁰ mass."""

POLES = {"A0": 5.366, "A1": 5.829, "A12": 5.829, "V": 5.415, "T1": 5.415, "T2": 5.829, "T23": 5.829}
"""Resonance masses [GeV] of the simple poles (arXiv:1503.05534, table 3)."""

# Rows of the coefficient matrix that kernels take.
A0, A1, A12, V, T1, T2, T23 = range(7)
_POLE_MASSES = np.array(list(POLES.values()))


@lru_cache(maxsize=1)
def _fit() -> tuple[np.ndarray, np.ndarray]:
    table = json.loads((files("physics") / "data" / "b_to_kstar_bsz15.json").read_text())
    return np.array(table["mean"]), np.array(table["covariance"])


def coefficients() -> np.ndarray:
    """Return the central coefficients a₀, a₁, a₂ of A0, A1, A12, V, T1, T2, T23, shape ``(7, 3)``."""
    return _fit()[0].reshape(7, 3)


def eigen_coefficients() -> np.ndarray:
    """Return coefficients varied by ±1σ along the nine eigenvectors of (A1, A12, V), shape ``(9, 2, 7, 3)``.

    Axis 0 is ordered by falling eigenvalue, axis 1 is (up, down).  Only A1, A12 and V enter K*νν̄ in the standard
    model.  The sign of an eigenvector makes its largest component positive.
    """
    mean, covariance = _fit()
    block = slice(3, 12)
    variances, vectors = np.linalg.eigh(covariance[block, block])
    rows = (vectors * np.sqrt(np.clip(variances, 0.0, None))).T[::-1]
    rows = rows * np.sign(rows[np.arange(9), np.abs(rows).argmax(axis=1)])[:, None]
    varied = np.repeat(np.repeat(mean[None, None], 9, axis=0), 2, axis=1)
    varied[:, 0, block] += rows
    varied[:, 1, block] -= rows
    return varied.reshape(9, 2, 7, 3)


@kernel
def form_factor(q2, which, a):
    """Form factor ``which`` (A0 … T23) at q² [GeV²] from the ``(7, 3)`` coefficients ``a``."""
    t0 = t0_optimal(M_B, M_KSTAR)
    x = z(q2, M_B, M_KSTAR, t0) - z(0.0, M_B, M_KSTAR, t0)
    pole = _POLE_MASSES[which]
    return (a[which, 0] + x * (a[which, 1] + x * a[which, 2])) / (1.0 - q2 / (pole * pole))
