"""The whole event about a candidate: what is missing, its shape, and the rest of the event (ROE)."""

import math
from typing import NamedTuple

import numpy as np

from physics.event_shapes import (
    KSFW_MAX_MOMENTUM,
    KSFW_NAMES,
    MAX_ORDER,
    N_CONES,
    N_KSFW,
    cleo_cones,
    fox_wolfram_ratios,
    harmonic_moments,
    ksfw_moments,
    sphericity_eigenvalues,
    thrust,
)
from physics.jit import kernel
from physics.particles import PION_MASS
from sim.reconstruction.candidates import NONE, ONE, daughter_mass, has_kaon_track
from sim.reconstruction.columns import at, in_cms, ksfw
from sim.reconstruction.objects import MAX_PHOTONS, MAX_TRACKS, MU, PI, E, K, P, global_id, to_cms
from sim.reconstruction.vertices import (
    chi2_probability,
    degrees_of_freedom,
    relative_helix,
    vertex_near_origin,
)

MAX_OBJECTS = MAX_TRACKS + MAX_PHOTONS
TAG_FLIGHT = 30e-4
"""Transverse flight of a B [cm]: p*/m × cτ ≈ 0.063 × 0.049 cm (physics of the Υ(4S))."""
TAG_FLIGHT_Z = 130e-4
"""Flight of a B along z [cm]: βγ cτ = 0.28 × 0.046 cm."""


class Whole(NamedTuple):
    """The objects of candidate and ROE in one list, the candidate's ``n_signal`` first."""

    cms: np.ndarray  # float64 (n, 4)
    charge: np.ndarray  # float64
    lab: np.ndarray  # float64 (n, 4)
    tracks: np.ndarray  # int64, positions in Objects of the ROE's tracks
    others: np.ndarray  # float64 (n, 4), the ROE as KSFW take it
    others_charge: np.ndarray
    signal: np.ndarray  # float64 (1, 4), the candidate in the c.m. frame
    signal_charge: np.ndarray  # float64 (1,)
    missing: np.ndarray  # float64 (4,)
    values: np.ndarray  # scratch of Legendre values
    moments: np.ndarray
    flows: np.ndarray
    super_moments: np.ndarray
    fit: np.ndarray
    spot: np.ndarray


def new_whole() -> Whole:
    """Return scratch memory for one candidate."""
    return Whole(
        np.zeros((MAX_OBJECTS, 4)),
        np.zeros(MAX_OBJECTS),
        np.zeros((MAX_OBJECTS, 4)),
        np.zeros(MAX_TRACKS, np.int64),
        np.zeros((MAX_OBJECTS, 4)),
        np.zeros(MAX_OBJECTS),
        np.zeros((1, 4)),
        np.zeros(1),
        np.zeros(4),
        np.zeros(MAX_ORDER + 1),
        np.zeros(MAX_ORDER + 1),
        np.zeros(N_CONES),
        np.zeros(N_KSFW),
        np.zeros((1, 10)),
        np.zeros(6),
    )


(MISS_P, MISS_PX, MISS_PY, MISS_PZ, MISS_THETA) = at(
    "missingMomentumOfEvent",
    "missingMomentumOfEvent_Px",
    "missingMomentumOfEvent_Py",
    "missingMomentumOfEvent_Pz",
    "missingMomentumOfEvent_theta",
)
(MISS_CMS_P, MISS_CMS_PX, MISS_CMS_PY, MISS_CMS_PZ, MISS_CMS_THETA) = at(
    "missingMomentumOfEventCMS",
    "missingMomentumOfEventCMS_Px",
    "missingMomentumOfEventCMS_Py",
    "missingMomentumOfEventCMS_Pz",
    "missingMomentumOfEventCMS_theta",
)
(MISS_E, MISS_M2, VISIBLE_E, PHOTON_E) = at(
    "missingEnergyOfEventCMS", "missingMass2OfEvent", "visibleEnergyOfEventCMS", "totalPhotonsEnergyOfEvent"
)
(THRUST, AXIS_X, AXIS_Y, AXIS_Z, AXIS_COS, SPHERICITY, APLANARITY) = at(
    "thrust", "thrustAxisX", "thrustAxisY", "thrustAxisZ", "thrustAxisCosTheta", "sphericity", "aplanarity"
)
(FW_R1, HARMONIC_0, CONE_0, FORWARD_MASS, BACKWARD_MASS) = at(
    "foxWolframR1",
    "harmonicMomentThrust0",
    "cleoConeThrust0",
    "forwardHemisphereMass",
    "backwardHemisphereMass",
)
(KSFW_0, THRUST_OM, COS_TBTO, COS_TBZ) = at(ksfw(KSFW_NAMES[0]), "thrustOm", "cosTBTO", "cosTBz")
(ROE_TRACKS, ROE_PHOTONS, ROE_KLM, ROE_CHARGE) = at("nROE_Tracks", "nROE_Photons", "nROE_KLMClusters", "roeCharge")
(ROE_E, ROE_P, ROE_PX, ROE_PY, ROE_PZ, ROE_PT, ROE_THETA, ROE_M, ROE_MBC, ROE_DELTAE, ROE_EEXTRA) = at(
    *(
        "roeE",
        "roeP",
        "roePx",
        "roePy",
        "roePz",
        "roePt",
        "roePTheta",
        "roeM",
        "roeMbc",
        "roeDeltae",
        "roeEextra",
    )
)
(ROE_CMS_E, ROE_CMS_P, ROE_PT_VARIANCE) = at(in_cms("roeE"), in_cms("roeP"), "roePtVariance")
(ROE_X, ROE_CHI2, ROE_PVALUE, ROE_KAON_DR) = at("roeVertexX", "roeVertexChi2", "roeVertexPValue", "roeVertexKaonDr")
(N_LEPTONS, N_TRACKS_PHOTONS, CHARGE2) = at("nLeptons", "nTracksAndPhotons", "totalChargeSquared")
(TAG_X, TAG_PVALUE, DELTA_Z, TAG_KAON_DR) = at("TagVx", "TagVpVal", "DeltaZ", "tagVertexKaonDr")


@kernel
def _polar_angle(x, y, z):
    """Polar angle [rad]; NaN for no vector."""
    if x == 0.0 and y == 0.0 and z == 0.0:
        return math.nan
    return math.atan2(math.sqrt(x * x + y * y), z)


@kernel
def collect(objects, n_good, n_photons, found, c, cuts, beams, whole):
    """Fill ``whole`` with candidate ``c`` and its ROE.

    Returns (objects of the candidate, all objects, tracks in the ROE, photons in the ROE).
    """
    n = 0
    for k in range(3):
        t = found.tracks[c, k]
        if t >= 0:
            lab, mass = objects.track_lab[t], daughter_mass(found, c, k, cuts)
            px, py, pz = lab[0], lab[1], lab[2]
            e = math.sqrt(px * px + py * py + pz * pz + mass * mass)
            whole.lab[n, 0], whole.lab[n, 1], whole.lab[n, 2], whole.lab[n, 3] = px, py, pz, e
            whole.charge[n] = objects.charge[t]
            n += 1
    for k in range(2):
        g = found.photons[c, k]
        if g >= 0:
            for i in range(4):
                whole.lab[n, i] = objects.photon_lab[g, i]
            whole.charge[n] = 0.0
            n += 1
    for k in range(n):
        row, lab = whole.cms[k], whole.lab[k]
        row[0], row[1], row[2], row[3] = to_cms(lab[0], lab[1], lab[2], lab[3], beams)
    n_signal = n
    roe_tracks = 0
    for t in range(n_good):
        if t in (found.tracks[c, 0], found.tracks[c, 1], found.tracks[c, 2]):
            continue
        for k in range(4):
            whole.lab[n, k] = objects.track_lab[t, k]
            whole.cms[n, k] = objects.track_cms[t, k]
        whole.charge[n] = objects.charge[t]
        whole.tracks[roe_tracks] = t
        roe_tracks += 1
        n += 1
    for g in range(n_photons):
        if g in (found.photons[c, 0], found.photons[c, 1]):
            continue
        for k in range(4):
            whole.lab[n, k] = objects.photon_lab[g, k]
            whole.cms[n, k] = objects.photon_cms[g, k]
        whole.charge[n] = 0.0
        n += 1
    return n_signal, n, roe_tracks, n - n_signal - roe_tracks


@kernel
def fill_missing(whole, n, beams, row):
    """Missing momentum, energy and mass, visible energy (basf2 EventKinematicsModule)."""
    px, py, pz = beams.px, beams.py, beams.pz
    cx = cy = cz = e = photons = 0.0
    for k in range(n):
        px -= whole.lab[k, 0]
        py -= whole.lab[k, 1]
        pz -= whole.lab[k, 2]
        cx -= whole.cms[k, 0]
        cy -= whole.cms[k, 1]
        cz -= whole.cms[k, 2]
        e += whole.cms[k, 3]
        if whole.charge[k] == 0.0:
            photons += whole.lab[k, 3]
    row[MISS_P] = math.sqrt(px * px + py * py + pz * pz)
    row[MISS_PX], row[MISS_PY], row[MISS_PZ] = px, py, pz
    row[MISS_THETA] = _polar_angle(px, py, pz)
    p2 = cx * cx + cy * cy + cz * cz
    row[MISS_CMS_P] = math.sqrt(p2)
    row[MISS_CMS_PX], row[MISS_CMS_PY], row[MISS_CMS_PZ] = cx, cy, cz
    row[MISS_CMS_THETA] = _polar_angle(cx, cy, cz)
    row[MISS_E] = beams.root_s - e
    row[MISS_M2] = (beams.root_s - e) ** 2 - p2
    row[VISIBLE_E] = e
    row[PHOTON_E] = photons


@kernel
def fill_shapes(whole, n, beams, row):
    """Event shape in the c.m. frame of candidate and ROE together."""
    value, x, y, z = thrust(whole.cms, n)
    row[THRUST] = value
    row[AXIS_X], row[AXIS_Y], row[AXIS_Z] = x, y, z
    row[AXIS_COS] = z
    _, l2, l3 = sphericity_eigenvalues(whole.cms, n)
    row[SPHERICITY] = 1.5 * (l2 + l3)
    row[APLANARITY] = 1.5 * l3
    moments = whole.moments
    row[FW_R1], row[FW_R1 + 1], row[FW_R1 + 2], row[FW_R1 + 3] = fox_wolfram_ratios(whole.cms, n)
    harmonic_moments(whole.cms, n, x, y, z, beams.root_s, 4, whole.values, moments)
    for order in range(5):
        row[HARMONIC_0 + order] = moments[order]
    cleo_cones(whole.cms, n, x, y, z, whole.flows)
    for cone in range(N_CONES):
        row[CONE_0 + cone] = whole.flows[cone]
    for side in range(2):
        px = py = pz = e = 0.0
        for k in range(n):
            forward = whole.cms[k, 0] * x + whole.cms[k, 1] * y + whole.cms[k, 2] * z > 0.0
            if forward == (side == 0):
                px, py, pz, e = (
                    px + whole.cms[k, 0],
                    py + whole.cms[k, 1],
                    pz + whole.cms[k, 2],
                    e + whole.cms[k, 3],
                )
        first = FORWARD_MASS if side == 0 else BACKWARD_MASS
        p2 = px * px + py * py + pz * pz
        row[first] = math.sqrt(max(e * e - p2, 0.0))
        row[first + 1] = e
        row[first + 2] = math.sqrt(p2)


@kernel
def fill_ksfw(whole, n_signal, n, charge, beams, row):
    """KSFW moments of the candidate as the one daughter of its B; tracks of the ROE are pions (basf2)."""
    signal = whole.signal[0]
    missing = whole.missing
    missing[0], missing[1], missing[2] = -signal[0], -signal[1], -signal[2]
    missing[3] = beams.root_s - signal[3]
    whole.signal_charge[0] = charge
    others = np.int64(0)
    for k in range(n_signal, n):
        px, py, pz, e = whole.cms[k, 0], whole.cms[k, 1], whole.cms[k, 2], whole.cms[k, 3]
        p2 = px * px + py * py + pz * pz
        if p2 > KSFW_MAX_MOMENTUM * KSFW_MAX_MOMENTUM:
            continue
        if whole.charge[k] != 0.0:
            e = math.sqrt(p2 + PION_MASS * PION_MASS)
        missing[0] -= px
        missing[1] -= py
        missing[2] -= pz
        missing[3] -= e
        whole.others[others, 0], whole.others[others, 1], whole.others[others, 2] = px, py, pz
        whole.others_charge[others] = whole.charge[k]
        others += 1
    scale = 2.0 * (beams.root_s - signal[3])
    ksfw_moments(
        whole.signal,
        whole.signal_charge,
        ONE,
        whole.others,
        whole.others_charge,
        others,
        missing,
        scale,
        whole.super_moments,
    )
    for k in range(N_KSFW):
        row[KSFW_0 + k] = whole.super_moments[k]


@kernel
def fill_roe(whole, n_signal, n, roe_tracks, roe_photons, beams, row):
    """Kinematics and thrust of the ROE; the candidate's direction against it."""
    row[ROE_TRACKS] = roe_tracks
    row[ROE_PHOTONS] = roe_photons
    px = py = pz = e = charge = extra = cx = cy = cz = ce = 0.0
    mean = squares = 0.0
    for k in range(n_signal, n):
        lx, ly, le = whole.lab[k, 0], whole.lab[k, 1], whole.lab[k, 3]
        px, py, pz, e = px + lx, py + ly, pz + whole.lab[k, 2], e + le
        cx, cy, cz = cx + whole.cms[k, 0], cy + whole.cms[k, 1], cz + whole.cms[k, 2]
        ce += whole.cms[k, 3]
        charge += whole.charge[k]
        if whole.charge[k] == 0.0:
            extra += le
        else:
            pt2 = lx * lx + ly * ly
            mean += math.sqrt(pt2)
            squares += pt2
    row[ROE_CHARGE] = charge
    row[ROE_EEXTRA] = extra
    row[ROE_E], row[ROE_PX], row[ROE_PY], row[ROE_PZ] = e, px, py, pz
    p2 = px * px + py * py + pz * pz
    row[ROE_P] = math.sqrt(p2)
    row[ROE_PT] = math.sqrt(px * px + py * py)
    row[ROE_THETA] = _polar_angle(px, py, pz)
    if n > n_signal and e * e >= p2:
        row[ROE_M] = math.sqrt(e * e - p2)
    c2 = cx * cx + cy * cy + cz * cz
    beam = 0.5 * beams.root_s
    if beam * beam >= c2:
        row[ROE_MBC] = math.sqrt(beam * beam - c2)
    row[ROE_DELTAE] = ce - beam
    row[ROE_CMS_E], row[ROE_CMS_P] = ce, math.sqrt(c2)
    if roe_tracks > 0:
        mean /= roe_tracks
        row[ROE_PT_VARIANCE] = max(squares / roe_tracks - mean * mean, 0.0)
    value, x, y, z = thrust(whole.cms[n_signal:], n - n_signal)
    row[THRUST_OM] = value
    signal = whole.signal[0]
    p = math.sqrt(signal[0] * signal[0] + signal[1] * signal[1] + signal[2] * signal[2])
    if p > 0.0:
        row[COS_TBTO] = abs(signal[0] * x + signal[1] * y + signal[2] * z) / p
        row[COS_TBZ] = abs(signal[2]) / p


@kernel
def count(objects, n_good, n_photons, cuts, row):
    """Numbers of leptons, tracks and photons, and the total charge, of the whole event."""
    leptons = 0
    charge = 0.0
    for t in range(n_good):
        charge += objects.charge[t]
        log_likelihood = objects.log_likelihood[t]
        likelier = E if log_likelihood[E] > log_likelihood[MU] else MU
        other = max(log_likelihood[PI], log_likelihood[K], log_likelihood[P])
        if log_likelihood[likelier] < other and cuts.lepton_id >= 0.5:
            continue  # above one half it is the most likely particle of all
        if global_id(log_likelihood, likelier) > cuts.lepton_id:
            leptons += 1
    row[N_LEPTONS] = leptons
    row[N_TRACKS_PHOTONS] = n_good + n_photons
    row[CHARGE2] = charge * charge


@kernel
def _fill_vertex(objects, kaon, whole, roe_tracks, row, first, kaon_first):
    """Fit the ROE's tracks with ``whole.spot``: x, y, z to column ``first``, the kaon's distances to the other.

    Returns (z, χ²).
    """
    x, y, z, chi2 = vertex_near_origin(
        objects.helix, objects.covariance, objects.normals, whole.tracks, roe_tracks, whole.spot, whole.fit
    )
    row[first], row[first + 1], row[first + 2] = x, y, z
    if kaon >= 0 and not math.isnan(chi2):
        d, _, _, z_kaon, _ = relative_helix(objects.helix, kaon, x, y)
        row[kaon_first], row[kaon_first + 1] = abs(d), z_kaon - z
    return z, chi2


@kernel
def fill_vertices(objects, found, c, cuts, roe_tracks, beams, z_signal, whole, row):
    """Vertices of the ROE's tracks, without and with the beam spot, and the kaon's distance from them.

    ``z_signal``: z of the kaon's POCA or of the K_S or K* vertex.
    """
    kaon = found.tracks[c, 0] if has_kaon_track(found, c, cuts) else NONE
    spot = whole.spot
    for k in range(6):
        spot[k] = 0.0
    if roe_tracks >= 2:
        _, chi2 = _fill_vertex(objects, kaon, whole, roe_tracks, row, np.int64(ROE_X), np.int64(ROE_KAON_DR))
        row[ROE_CHI2] = chi2
        row[ROE_PVALUE] = chi2_probability(chi2, degrees_of_freedom(roe_tracks, spot))
    if roe_tracks >= 1:
        spot[3] = math.sqrt(beams.size_x * beams.size_x + TAG_FLIGHT * TAG_FLIGHT)
        spot[4] = math.sqrt(beams.size_y * beams.size_y + TAG_FLIGHT * TAG_FLIGHT)
        spot[5] = math.sqrt(beams.size_z * beams.size_z + TAG_FLIGHT_Z * TAG_FLIGHT_Z)
        z, chi2 = _fill_vertex(objects, kaon, whole, roe_tracks, row, np.int64(TAG_X), np.int64(TAG_KAON_DR))
        row[TAG_PVALUE] = chi2_probability(chi2, degrees_of_freedom(roe_tracks, spot))
        row[DELTA_Z] = z_signal - z
