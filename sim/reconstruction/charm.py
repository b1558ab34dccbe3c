"""Does the kaon come from charm?  D⁰ → K⁻π⁺ and D⁺ → K⁻π⁺π⁺ vertices of the kaon with tracks of the ROE.

As arXiv:2104.12624 does: D⁰ candidates are the kaon with each track of opposite charge, D⁺ candidates with
each pair of them; the one with the best vertex is described, and the median p-value of all D⁰ fits.
"""

import math
from typing import NamedTuple

import numpy as np

from physics.jit import kernel
from physics.kinematics import invariant_mass
from physics.particles import KAON_MASS, PION_MASS
from sim.reconstruction.candidates import PAIR, momentum_at
from sim.reconstruction.columns import at
from sim.reconstruction.objects import MAX_TRACKS
from sim.reconstruction.vertices import chi2_probability, vertex_near_origin

ONE, TRIPLE = np.int64(1), np.int64(3)
(D0_M, D0_DR, D0_DZ, D0_CHI2, D0_N) = at("D0_M", "D0_dr", "D0_dz", "D0_chi2", "D0_nCandidates")
(DP_M, DP_DR, DP_DZ, DP_CHI2, DP_N) = at("Dplus_M", "Dplus_dr", "Dplus_dz", "Dplus_chi2", "Dplus_nCandidates")
(D0_MEDIAN,) = at("D0_medianChiProb")


class Charm(NamedTuple):
    """Scratch: the pair fits of one kaon, best first."""

    track: np.ndarray  # int64, positions in Objects
    chi2: np.ndarray  # float64
    vertex: np.ndarray  # float64 (n, 3)
    members: np.ndarray  # int64 (3,), tracks that are fitted
    free: np.ndarray
    fit: np.ndarray


def new_charm() -> Charm:
    """Return scratch memory for one candidate."""
    return Charm(
        np.zeros(MAX_TRACKS, np.int64),
        np.zeros(MAX_TRACKS),
        np.zeros((MAX_TRACKS, 3)),
        np.zeros(3, np.int64),
        np.zeros(6),
        np.zeros((1, 10)),
    )


@kernel
def fill_charm(objects, kaon, whole, roe_tracks, charm, row):
    """Fill the D⁰ and D⁺ columns for the track ``kaon`` of ``objects``.

    A vertex of three tracks cannot have a smaller χ² than that of two of them: with the pairs sorted,
    triples are fitted only while they can still win.
    """
    index, helix, lab = charm.members, objects.helix, objects.track_lab
    covariance, normals = objects.covariance, objects.normals
    index[0] = kaon
    n = np.int64(0)
    for k in range(roe_tracks):
        t = whole.tracks[k]
        if objects.charge[t] == objects.charge[kaon]:
            continue
        index[1] = t
        x, y, z, chi2 = vertex_near_origin(helix, covariance, normals, index, PAIR, charm.free, charm.fit)
        if math.isnan(chi2):
            continue
        i = n
        while i > 0 and charm.chi2[i - 1] > chi2:
            charm.chi2[i], charm.track[i] = charm.chi2[i - 1], charm.track[i - 1]
            for axis in range(3):
                charm.vertex[i, axis] = charm.vertex[i - 1, axis]
            i -= 1
        charm.chi2[i], charm.track[i] = chi2, t
        charm.vertex[i, 0], charm.vertex[i, 1], charm.vertex[i, 2] = x, y, z
        n += 1
    row[D0_N] = n
    row[DP_N] = n * (n - 1) // 2
    if n == 0:
        return
    x, y, z = charm.vertex[0, 0], charm.vertex[0, 1], charm.vertex[0, 2]
    t = charm.track[0]
    kx, ky, kz, ke = momentum_at(helix, lab, kaon, KAON_MASS, x, y)
    px, py, pz, pe = momentum_at(helix, lab, t, PION_MASS, x, y)
    row[D0_M] = invariant_mass(kx + px, ky + py, kz + pz, ke + pe)
    row[D0_DR], row[D0_DZ], row[D0_CHI2] = math.sqrt(x * x + y * y), z, charm.chi2[0]
    middle = chi2_probability(charm.chi2[n // 2], ONE)
    row[D0_MEDIAN] = middle if n % 2 == 1 else 0.5 * (middle + chi2_probability(charm.chi2[n // 2 - 1], ONE))
    best = math.inf
    for j in range(1, n):
        if charm.chi2[j] >= best:
            break
        for i in range(j):
            a, b = charm.track[i], charm.track[j]
            index[1], index[2] = a, b
            x, y, z, chi2 = vertex_near_origin(helix, covariance, normals, index, TRIPLE, charm.free, charm.fit)
            if not chi2 < best:
                continue
            best = chi2
            kx, ky, kz, ke = momentum_at(helix, lab, kaon, KAON_MASS, x, y)
            px, py, pz, pe = momentum_at(helix, lab, a, PION_MASS, x, y)
            qx, qy, qz, qe = momentum_at(helix, lab, b, PION_MASS, x, y)
            row[DP_M] = invariant_mass(kx + px + qx, ky + py + qy, kz + pz + qz, ke + pe + qe)
            row[DP_DR], row[DP_DZ], row[DP_CHI2] = math.sqrt(x * x + y * y), z, chi2
