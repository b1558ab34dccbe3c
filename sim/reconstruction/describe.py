"""The columns of the candidate itself: kinematics, track, identification."""

import math

from detector.record import HYPOTHESIS_PDG
from physics.jit import kernel
from physics.kinematics import invariant_mass
from sim.reconstruction.candidates import has_kaon_track
from sim.reconstruction.columns import at, in_cms
from sim.reconstruction.objects import MU, PI, E, K, P, binary_id, global_id, most_likely, to_cms
from sim.reconstruction.selection import KPLUS, KSHORT, KSTAR0
from sim.reconstruction.vertices import chi2_probability

B_PLUS_MASS, B_ZERO_MASS = 5.27941, 5.27972
"""PDG masses [GeV] of B⁺ and B⁰ for q²_rec."""

(E_, P_, PX, PY, PZ, PT, THETA, COS_THETA, PHI, PT_ERR, M) = at(
    "E", "p", "px", "py", "pz", "pt", "theta", "cosTheta", "phi", "ptErr", "M"
)
(CMS_E, CMS_P, CMS_PX, CMS_PY, CMS_PZ, CMS_PT, CMS_THETA, CMS_COS, CMS_PHI) = at(
    *(in_cms(name) for name in ("E", "p", "px", "py", "pz", "pt", "theta", "cosTheta", "phi"))
)
(M_RECOIL, M2_RECOIL, P_RECOIL, E_RECOIL, THETA_RECOIL) = at(
    "mRecoil", "m2Recoil", "pRecoil", "eRecoil", "pRecoilTheta"
)
(Q2_REC, Q2_REC_MB, CHARGE, PDG) = at("q2rec", "q2recMB", "charge", "PDG")
(HELIX, HELIX_ERR, DR, DZ, DISTANCE, CHI2, P_VALUE) = at("d0", "d0Err", "dr", "dz", "distance", "chi2", "pValue")
(NDF, PXD, SVD, VXD, CDC, FIRST_PXD, FIRST_SVD, FIRST_CDC, LAST_CDC, N_ECL, N_KLM) = at(
    *(
        "ndf",
        "nPXDHits",
        "nSVDHits",
        "nVXDHits",
        "nCDCHits",
        "firstPXDLayer",
        "firstSVDLayer",
        "firstCDCLayer",
    ),
    *("lastCDCLayer", "trackNECLClusters", "nMatchedKLMClusters"),
)
(CLUSTER_E, CLUSTER_EOP, ELECTRON_ID, K_PI, K_MU, K_E, K_P, LIKELIEST) = at(
    *(
        "clusterE",
        "clusterEoP",
        "electronID",
        "binaryPID__bo321__cm__sp211__bc",
        "binaryPID__bo321__cm__sp13__bc",
    ),
    *("binaryPID__bo321__cm__sp11__bc", "binaryPID__bo321__cm__sp2212__bc", "pidMostLikelyPDG"),
)
(CHI_PROB, FLIGHT, FLIGHT_TIME, POINTING) = at(
    "chiProb", "flightDistance", "flightTime", "cosAngleBetweenMomentumAndVertexVector"
)


@kernel
def fill_kinematics(found, c, charge, flavour, cuts, beams, whole, row):
    """Momentum, recoil and q²_rec of candidate ``c``; leaves its c.m. momentum in ``whole.signal``."""
    lab = found.lab[c]
    px, py, pz, e = lab[0], lab[1], lab[2], lab[3]
    pt2 = px * px + py * py
    p = math.sqrt(pt2 + pz * pz)
    m = invariant_mass(px, py, pz, e)
    row[E_], row[P_], row[PX], row[PY], row[PZ], row[PT] = e, p, px, py, pz, math.sqrt(pt2)
    row[THETA], row[COS_THETA], row[PHI] = math.atan2(math.sqrt(pt2), pz), pz / p, math.atan2(py, px)
    row[M] = m
    cx, cy, cz, ce = to_cms(px, py, pz, e, beams)
    signal = whole.signal[0]
    signal[0], signal[1], signal[2], signal[3] = cx, cy, cz, ce
    ct2 = cx * cx + cy * cy
    cp = math.sqrt(ct2 + cz * cz)
    row[CMS_E], row[CMS_P], row[CMS_PX], row[CMS_PY], row[CMS_PZ] = ce, cp, cx, cy, cz
    row[CMS_PT] = math.sqrt(ct2)
    row[CMS_THETA], row[CMS_COS], row[CMS_PHI] = math.atan2(row[CMS_PT], cz), cz / cp, math.atan2(cy, cx)
    rx, ry, rz, re = beams.px - px, beams.py - py, beams.pz - pz, beams.E - e
    r2 = rx * rx + ry * ry + rz * rz
    row[M2_RECOIL] = re * re - r2
    if re * re >= r2:
        row[M_RECOIL] = math.sqrt(re * re - r2)
    row[P_RECOIL], row[E_RECOIL] = math.sqrt(r2), re
    row[THETA_RECOIL] = math.atan2(math.sqrt(rx * rx + ry * ry), rz)
    row[Q2_REC] = 0.25 * beams.root_s * beams.root_s + m * m - beams.root_s * ce
    b_mass = B_ZERO_MASS if charge == 0.0 else B_PLUS_MASS
    row[Q2_REC_MB] = b_mass * b_mass + m * m - 2.0 * b_mass * ce
    row[CHARGE] = charge
    kind = cuts.candidate
    species = 321 if kind == KPLUS else 310 if kind == KSHORT else 313 if kind == KSTAR0 else 323
    sign = flavour if kind == KSTAR0 else charge
    row[PDG] = -species if sign < 0.0 else species


@kernel
def candidate_charge(objects, found, c):
    """Charge of candidate ``c``, and of its first track: the flavour of a K*⁰."""
    charge = 0.0
    for k in range(3):
        if found.tracks[c, k] >= 0:
            charge += objects.charge[found.tracks[c, k]]
    return charge, objects.charge[found.tracks[c, 0]]


@kernel
def fill_track(reco, first_cluster, objects, found, c, cuts, row):
    """Helix, hits, cluster and identification of the candidate's kaon track; vertex of a composite one.

    Returns z of the kaon's POCA or of the vertex.
    """
    vertex, flight = found.vertex[c], found.flight[c]
    row[CHI_PROB] = vertex[3]
    row[FLIGHT], row[POINTING] = flight[0], flight[2]
    row[FLIGHT_TIME] = flight[1]
    z_signal = vertex[2]
    if not math.isnan(vertex[0]):
        row[DR] = math.sqrt(vertex[0] * vertex[0] + vertex[1] * vertex[1])
        row[DZ] = vertex[2]
        row[DISTANCE] = math.sqrt(row[DR] * row[DR] + vertex[2] * vertex[2])
    if not has_kaon_track(found, c, cuts):
        return z_signal
    k = found.tracks[c, 0]
    t = objects.track[k]
    tracks = reco.tracks
    row[HELIX], row[HELIX + 1], row[HELIX + 2] = tracks.d0[t], tracks.phi0[t], tracks.omega[t]
    row[HELIX + 3], row[HELIX + 4] = tracks.z0[t], tracks.tanLambda[t]
    diagonal = 0
    for i in range(5):
        row[HELIX_ERR + i] = math.sqrt(max(tracks.covariance[t, diagonal], 0.0))
        diagonal += 5 - i
    if cuts.candidate == KPLUS:
        row[PT_ERR] = row[PT] * row[HELIX_ERR + 2] / abs(tracks.omega[t])
    if math.isnan(vertex[0]):
        d0, z0 = tracks.d0[t], tracks.z0[t]
        row[DR], row[DZ], row[DISTANCE] = abs(d0), z0, math.sqrt(d0 * d0 + z0 * z0)
        z_signal = z0
    row[CHI2], row[NDF] = tracks.chi2[t], tracks.ndf[t]
    row[P_VALUE] = chi2_probability(tracks.chi2[t], tracks.ndf[t])
    row[PXD], row[SVD], row[CDC] = tracks.nPXDHits[t], tracks.nSVDHits[t], tracks.nCDCHits[t]
    row[VXD] = row[PXD] + row[SVD]
    row[FIRST_PXD], row[FIRST_SVD] = tracks.firstPXDLayer[t], tracks.firstSVDLayer[t]
    row[FIRST_CDC], row[LAST_CDC] = tracks.firstCDCLayer[t], tracks.lastCDCLayer[t]
    row[N_ECL] = 1.0 if tracks.cluster[t] >= 0 else 0.0
    row[N_KLM] = 1.0 if tracks.klm[t] >= 0 else 0.0
    if tracks.cluster[t] >= 0:
        lab = objects.track_lab[k]
        energy = reco.clusters.E[first_cluster + tracks.cluster[t]]
        row[CLUSTER_E] = energy
        row[CLUSTER_EOP] = energy / math.sqrt(lab[0] * lab[0] + lab[1] * lab[1] + lab[2] * lab[2])
    log_likelihood = objects.log_likelihood[k]
    for h in range(6):
        row[ELECTRON_ID + h] = global_id(log_likelihood, h)
    row[K_PI] = binary_id(log_likelihood, K, PI)
    row[K_MU] = binary_id(log_likelihood, K, MU)
    row[K_E] = binary_id(log_likelihood, K, E)
    row[K_P] = binary_id(log_likelihood, K, P)
    row[LIKELIEST] = HYPOTHESIS_PDG[most_likely(log_likelihood)]
    return z_signal
