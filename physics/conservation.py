"""Does every decay of a truth record conserve four-momentum and charge?  For tests and validation."""

import numpy as np
from particle import Particle

from physics.record import NO_MOTHER, STATUS_DECAYED, Particles

_PSEUDO_CHARGES = {10022: 0, 51: 0, 30343: 0, 30353: 1, 30363: 0, 30643: 0, 30653: 1, 43: 0, 44: 1, 81: 0, 82: 0}
"""Charges of generator-internal particles that are not in the PDG table, in units of e."""


def charges(pdg: np.ndarray) -> np.ndarray:
    """Return the charge [e] of each PDG identity, float64 (quarks have thirds)."""
    species, inverse = np.unique(pdg, return_inverse=True)
    values = np.empty(len(species))
    for i, identity in enumerate(map(int, species)):
        if abs(identity) in _PSEUDO_CHARGES:
            values[i] = np.sign(identity) * _PSEUDO_CHARGES[abs(identity)]
        else:
            values[i] = (Particle.from_pdgid(identity).three_charge or 0) / 3.0
    return values[inverse]


def decay_residuals(particles: Particles) -> tuple[np.ndarray, np.ndarray]:
    """Return what each decay fails to conserve.

    Returns
    -------
    momentum : ``(d,)`` largest component of (Σ daughters − mother) over the mother's energy, for the ``d`` decayed
        entries that have daughters.
    charge : ``(d,)`` Σ charges of the daughters − charge of the mother [e].
    """
    counts = np.diff(particles.offsets)
    start = np.repeat(particles.offsets[:-1], counts)
    has_mother = particles.mother != NO_MOTHER
    mother = (start + particles.mother)[has_mother]
    n = len(particles.pdg)
    charge = charges(particles.pdg)
    residual = np.empty((n, 5))
    for k, column in enumerate((particles.px, particles.py, particles.pz, particles.E, charge)):
        residual[:, k] = np.bincount(mother, column[has_mother], n) - column
    decayed = (particles.status == STATUS_DECAYED) & (np.bincount(mother, minlength=n) > 0)
    return np.abs(residual[decayed, :4]).max(axis=1) / particles.E[decayed], residual[decayed, 4]
