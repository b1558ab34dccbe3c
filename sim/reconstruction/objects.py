"""Tracks and photons of an event that pass the cleanup, in the laboratory and the c.m. frame."""

import math
from typing import NamedTuple

import numpy as np

from detector.helix import FIELD_CONSTANT
from physics.jit import kernel
from physics.kinematics import boost_to_rest_frame
from physics.particles import DEUTERON_MASS, ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS, PROTON_MASS
from sim.reconstruction.vertices import add_normals, set_helix

MAX_TRACKS = 64
MAX_PHOTONS = 128
"""Objects of an event that are looked at; a B B̄ event has about 10 and 12."""
E, MU, PI, K, P, D = range(6)
"""Positions of the hypotheses in ``detector.record.HYPOTHESES``."""
MASSES = (ELECTRON_MASS, MUON_MASS, PION_MASS, KAON_MASS, PROTON_MASS, DEUTERON_MASS)


class Objects(NamedTuple):
    """The cleaned objects of one event; tracks: first the good ones, then those only fit for V0s."""

    track: np.ndarray  # int64, row in the track columns
    helix: np.ndarray  # float64 (n, 6), see sim.reconstruction.vertices
    covariance: np.ndarray  # float64 (n, 15)
    normals: np.ndarray  # float64 (n, 10), of the good tracks
    hits: np.ndarray  # int64 (n, 2): pixel, drift chamber
    mc: np.ndarray  # int64 (n, 2): index of the true particle, identity of what made the track
    track_lab: np.ndarray  # float64 (n, 4): px, py, pz, E [GeV] at the POCA, most likely mass
    track_cms: np.ndarray  # float64 (n, 4)
    charge: np.ndarray  # float64
    hypothesis: np.ndarray  # int64, most likely of e, µ, π, K, p
    log_likelihood: np.ndarray  # float64 (n, 6), summed over detectors
    photon_mc: np.ndarray  # int64, index of the true particle
    photon_lab: np.ndarray  # float64 (n, 4)
    photon_cms: np.ndarray  # float64 (n, 4)


class Cleanup(NamedTuple):
    """Constants of the selection's cleanup for kernels; GeV, rad, cm, tesla."""

    track_pt: float
    theta_low: float
    theta_high: float
    dz: float
    dr: float
    energy_high: float
    photon_energy: float
    photon_energy_high: float
    pion_masses: bool  # all tracks are pions, instead of the most likely particle
    field: float


def new_objects() -> Objects:
    """Return scratch memory for one event."""
    return Objects(
        np.zeros(MAX_TRACKS, np.int64),
        np.zeros((MAX_TRACKS, 6)),
        np.zeros((MAX_TRACKS, 15)),
        np.zeros((MAX_TRACKS, 10)),
        np.zeros((MAX_TRACKS, 2), np.int64),
        np.zeros((MAX_TRACKS, 2), np.int64),
        np.zeros((MAX_TRACKS, 4)),
        np.zeros((MAX_TRACKS, 4)),
        np.zeros(MAX_TRACKS),
        np.zeros(MAX_TRACKS, np.int64),
        np.zeros((MAX_TRACKS, 6)),
        np.zeros(MAX_PHOTONS, np.int64),
        np.zeros((MAX_PHOTONS, 4)),
        np.zeros((MAX_PHOTONS, 4)),
    )


@kernel
def to_cms(px, py, pz, e, beams):
    """Take (p, E) from the laboratory to the c.m. frame, z along the e⁻ beam (basf2 PCmsLabTransform)."""
    x, y, z, e = boost_to_rest_frame(px, py, pz, e, beams.px, beams.py, beams.pz, beams.E, beams.root_s)
    return beams.axis_z * x - beams.axis_x * z, y, beams.axis_x * x + beams.axis_z * z, e


@kernel
def set_row(array, k, px, py, pz, e):
    """Write a four-vector to row ``k``."""
    array[k, 0], array[k, 1], array[k, 2], array[k, 3] = px, py, pz, e


@kernel
def hypothesis_mass(hypothesis):
    """Mass [GeV] of a hypothesis."""
    return MASSES[hypothesis]


@kernel
def most_likely(log_likelihood):
    """The likeliest of e, µ, π, K, p; pion when all are equal (nothing was measured)."""
    best = PI
    for h in range(P + 1):
        if log_likelihood[h] > log_likelihood[best]:
            best = h
    return best


@kernel
def global_id(log_likelihood, hypothesis):
    """L_h / Σ L over the six hypotheses (basf2 PIDVariables.cc)."""
    total = 0.0
    for h in range(6):
        total += math.exp(min(log_likelihood[h] - log_likelihood[hypothesis], 700.0))
    return 1.0 / total


@kernel
def binary_id(log_likelihood, first, second):
    """L_first / (L_first + L_second)."""
    return 1.0 / (1.0 + math.exp(min(log_likelihood[second] - log_likelihood[first], 700.0)))


@kernel
def _fill_track(tracks, t, cleanup, beams, objects, k):
    """Write track ``t`` to entry ``k``; returns its energy."""
    for h in range(6):
        objects.log_likelihood[k, h] = tracks.log_likelihood[t, 0, h]
    for detector in range(1, 6):
        for h in range(6):
            objects.log_likelihood[k, h] += tracks.log_likelihood[t, detector, h]
    hypothesis = PI if cleanup.pion_masses else most_likely(objects.log_likelihood[k])
    pt = FIELD_CONSTANT * cleanup.field / abs(tracks.omega[t])
    set_helix(tracks.d0[t], tracks.phi0[t], tracks.omega[t], tracks.z0[t], tracks.tanLambda[t], objects.helix, k)
    px, py = pt * objects.helix[k, 1], pt * objects.helix[k, 2]
    pz = pt * tracks.tanLambda[t]
    mass = hypothesis_mass(hypothesis)
    e = math.sqrt(pt * pt + pz * pz + mass * mass)
    objects.track[k] = t
    objects.hits[k, 0], objects.hits[k, 1] = tracks.nPXDHits[t], tracks.nCDCHits[t]
    objects.mc[k, 0], objects.mc[k, 1] = tracks.mc[t], tracks.mcPDG[t]
    objects.charge[k] = 1.0 if tracks.omega[t] > 0.0 else -1.0
    objects.hypothesis[k] = hypothesis
    set_row(objects.track_lab, k, px, py, pz, e)
    px, py, pz, e_cms = to_cms(px, py, pz, e, beams)
    set_row(objects.track_cms, k, px, py, pz, e_cms)
    return e


@kernel
def clean_tracks(tracks, i, cleanup, displaced, beams, objects):
    """Fill ``objects`` with the tracks of event ``i``; what vertex fits need comes by :func:`prepare_fits`.

    ``displaced``: also keep tracks that fail the impact-parameter cuts, as K_S daughters.
    Returns (number of good tracks, number of good and displaced tracks).
    """
    cot_low = 1.0 / math.tan(cleanup.theta_low)
    cot_high = 1.0 / math.tan(cleanup.theta_high)
    n = good_tracks = np.int64(0)
    for wanted in range(2):
        if wanted == 1 and not displaced:
            break
        for t in range(tracks.offsets[i], tracks.offsets[i + 1]):
            good = abs(tracks.z0[t]) < cleanup.dz and abs(tracks.d0[t]) < cleanup.dr
            if good != (wanted == 0) or n == MAX_TRACKS:
                continue
            pt = FIELD_CONSTANT * cleanup.field / abs(tracks.omega[t])
            if pt <= cleanup.track_pt or not cot_high < tracks.tanLambda[t] < cot_low:
                continue
            if _fill_track(tracks, t, cleanup, beams, objects, n) < cleanup.energy_high:
                n += 1
        if wanted == 0:
            good_tracks = n
    return good_tracks, n


@kernel
def clean_photons(clusters, i, cleanup, beams, objects):
    """Fill ``objects`` with the photons of event ``i``; returns their number."""
    n = np.int64(0)
    for c in range(clusters.offsets[i], clusters.offsets[i + 1]):
        e, theta = clusters.E[c], clusters.theta[c]
        if clusters.track[c] >= 0 or not cleanup.photon_energy < e < cleanup.photon_energy_high:
            continue
        if not cleanup.theta_low < theta < cleanup.theta_high or n == MAX_PHOTONS:
            continue
        sine = math.sin(theta)
        px, py = e * sine * math.cos(clusters.phi[c]), e * sine * math.sin(clusters.phi[c])
        pz = e * math.cos(theta)
        set_row(objects.photon_lab, n, px, py, pz, e)
        px, py, pz, e = to_cms(px, py, pz, e, beams)
        set_row(objects.photon_cms, n, px, py, pz, e)
        objects.photon_mc[n] = clusters.mc[c]
        n += 1
    return n


@kernel
def prepare_fits(tracks, n_good, n_all, objects):
    """Fill covariances, and the normal equations of the good tracks, of the tracks in ``objects``."""
    for k in range(n_all):
        for element in range(15):
            objects.covariance[k, element] = tracks.covariance[objects.track[k], element]
    add_normals(objects.helix, objects.covariance, n_good, objects.normals)
