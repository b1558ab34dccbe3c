"""The reco record: what the instrument saw, as columns with offsets like the truth record.

Three tables: tracks, calorimeter clusters, K_L/µ clusters.  ``mc`` columns point to the index of a true particle
*in its event* (−1: none, i.e. beam background or fake).  Measured numbers are float32, whose relative 6e-8 is far below
any resolution; helices with covariance and χ² and the positions and energies of clusters, from which fits and sums go
on, float64.  ``*_COLUMNS`` state unit and meaning of each column by its basf2 name where basf2 has one; the file writer
and the documentation are made from them.
"""

from typing import NamedTuple

import numpy as np

from physics.record import Column

HYPOTHESES = ("e", "mu", "pi", "K", "p", "d")
"""Order of the six particle hypotheses in every likelihood."""
HYPOTHESIS_PDG = (11, 13, 211, 321, 2212, 1000010020)
PID_DETECTORS = ("SVD", "CDC", "TOP", "ARICH", "ECL", "KLM")
"""Order of the subdetectors in every likelihood."""


class Tracks(NamedTuple):
    """Reconstructed tracks; helix at the point of closest approach to the z axis (of the detector, not the IP)."""

    offsets: np.ndarray  # int64 (n_events + 1,)
    d0: np.ndarray  # float64 [cm], signed
    phi0: np.ndarray  # float64 [rad], direction of pT at the POCA
    omega: np.ndarray  # float64 [1/cm], charge-signed curvature
    z0: np.ndarray  # float64 [cm]
    tanLambda: np.ndarray  # float64
    covariance: np.ndarray  # float64 (n, 15), upper triangle row by row: d0d0, d0phi0, … , tanLambdatanLambda
    chi2: np.ndarray  # float64
    ndf: np.ndarray  # int32
    nPXDHits: np.ndarray  # int32
    nSVDHits: np.ndarray  # int32
    nCDCHits: np.ndarray  # int32
    firstPXDLayer: np.ndarray  # int32, 1…2, 0 for none
    firstSVDLayer: np.ndarray  # int32, 3…6, 0 for none
    firstCDCLayer: np.ndarray  # int32, 0…55, −1 for none
    lastCDCLayer: np.ndarray  # int32
    log_likelihood: np.ndarray  # float32 (n, 6 detectors, 6 hypotheses), all equal where nothing was measured
    cluster: np.ndarray  # int32, index in the event of the matched ECL cluster, −1 for none
    klm: np.ndarray  # int32, index in the event of the matched KLM cluster, −1 for none
    mc: np.ndarray  # int32, index in the event of the true particle (or its nearest ancestor in the record)
    mcPDG: np.ndarray  # int32, PDG of what made the track (a conversion electron, say), 0 for fakes


class Clusters(NamedTuple):
    """Calorimeter clusters above threshold, neutral and track-matched."""

    offsets: np.ndarray
    E: np.ndarray  # float64 [GeV], corrected for leakage and background
    theta: np.ndarray  # float64 [rad], centroid seen from the origin
    phi: np.ndarray  # float64 [rad]
    r: np.ndarray  # float64 [cm], distance of the centroid from the origin
    E_error: np.ndarray  # float32 [GeV]
    theta_error: np.ndarray  # float32 [rad]
    phi_error: np.ndarray  # float32 [rad]
    timing: np.ndarray  # float32 [ns]
    timing_error: np.ndarray  # float32 [ns], dt99
    E1E9: np.ndarray  # float32
    E9E21: np.ndarray  # float32
    LAT: np.ndarray  # float32
    pulse_shape: np.ndarray  # float32, pulse-shape discrimination: 1 photon-like, 0 hadron-like
    n_crystals: np.ndarray  # float32, clusterNHits
    region: np.ndarray  # int32: 1 forward, 2 barrel, 3 backward, 11 and 13 the gaps
    minC2TDist: np.ndarray  # float32 [cm], distance to the nearest extrapolated track, at most 250
    track: np.ndarray  # int32, index in the event of the matched track, −1 for none
    mc: np.ndarray  # int32
    mcPDG: np.ndarray  # int32, 0 for beam background


class KLMClusters(NamedTuple):
    """K_L and muon detector clusters."""

    offsets: np.ndarray
    x: np.ndarray  # float64 [cm]
    y: np.ndarray  # float64 [cm]
    z: np.ndarray  # float64 [cm]
    timing: np.ndarray  # float32 [ns]
    layers: np.ndarray  # int32, number of layers with hits
    innermost_layer: np.ndarray  # int32
    track: np.ndarray  # int32, index of the matched track, −1 for none
    cluster: np.ndarray  # int32, index of the matched ECL cluster, −1 for none
    mc: np.ndarray  # int32
    mcPDG: np.ndarray  # int32


class Reco(NamedTuple):
    """What the detector saw in a run of events."""

    tracks: Tracks
    clusters: Clusters
    klm: KLMClusters


COVARIANCE_NAMES = tuple(
    f"{a}_{b}"
    for i, a in enumerate(("d0", "phi0", "omega", "z0", "tanLambda"))
    for b in ("d0", "phi0", "omega", "z0", "tanLambda")[i:]
)

TRACK_COLUMNS = (
    Column("track_d0", "cm", "signed distance of the POCA to the z axis"),
    Column("track_phi0", "rad", "azimuth of the transverse momentum at the POCA"),
    Column("track_omega", "1/cm", "curvature, sign of the charge"),
    Column("track_z0", "cm", "z of the POCA"),
    Column("track_tanLambda", "", "slope of the track against the transverse plane"),
    *(Column(f"track_cov_{name}", "", f"helix covariance element {name}") for name in COVARIANCE_NAMES),
    Column("track_chi2", "", "chi-square of the track fit"),
    Column("track_ndf", "", "degrees of freedom of the track fit"),
    Column("track_nPXDHits", "", "pixel hits on the track"),
    Column("track_nSVDHits", "", "strip hits on the track"),
    Column("track_nCDCHits", "", "drift-chamber hits on the track"),
    Column("track_firstPXDLayer", "", "innermost pixel layer hit, 0 for none"),
    Column("track_firstSVDLayer", "", "innermost strip layer hit, 0 for none"),
    Column("track_firstCDCLayer", "", "innermost drift-chamber layer hit, -1 for none"),
    Column("track_lastCDCLayer", "", "outermost drift-chamber layer hit, -1 for none"),
    *(
        Column(f"track_logL_{detector}_{hypothesis}", "", f"log likelihood of {hypothesis} in the {detector}")
        for detector in PID_DETECTORS
        for hypothesis in HYPOTHESES
    ),
    Column("track_cluster", "", "index of the matched calorimeter cluster, -1 for none"),
    Column("track_klm", "", "index of the matched KLM cluster, -1 for none"),
    Column("track_mc", "", "index of the true particle in the event, -1 for none"),
    Column("track_mcPDG", "", "PDG identity of what made the track, 0 for a fake"),
)

CLUSTER_COLUMNS = (
    Column("cluster_E", "GeV", "energy corrected for leakage and background (clusterE)"),
    Column("cluster_theta", "rad", "polar angle of the centroid (clusterTheta)"),
    Column("cluster_phi", "rad", "azimuth of the centroid (clusterPhi)"),
    Column("cluster_r", "cm", "distance of the centroid from the origin (clusterR)"),
    Column("cluster_E_error", "GeV", "energy uncertainty (clusterErrorE)"),
    Column("cluster_theta_error", "rad", "polar angle uncertainty (clusterErrorTheta)"),
    Column("cluster_phi_error", "rad", "azimuth uncertainty (clusterErrorPhi)"),
    Column("cluster_timing", "ns", "time relative to the event (clusterTiming)"),
    Column("cluster_timing_error", "ns", "dt99: 99 % of photons lie within it (clusterErrorTiming)"),
    Column("cluster_E1E9", "", "central crystal over 3x3 energy (clusterE1E9)"),
    Column("cluster_E9E21", "", "3x3 over 5x5-without-corners energy (clusterE9E21)"),
    Column("cluster_LAT", "", "lateral spread (clusterLAT)"),
    Column("cluster_pulse_shape", "", "pulse shape, 1 photon-like, 0 hadron-like"),
    Column("cluster_n_crystals", "", "weighted number of crystals (clusterNHits)"),
    Column("cluster_region", "", "1 forward, 2 barrel, 3 backward, 11 and 13 gaps (clusterReg)"),
    Column("cluster_minC2TDist", "cm", "distance to the nearest track, at most 250 (minC2TDist)"),
    Column("cluster_track", "", "index of the matched track, -1 for none"),
    Column("cluster_mc", "", "index of the true particle in the event, -1 for none"),
    Column("cluster_mcPDG", "", "PDG identity of what made the cluster, 0 for beam background"),
)

KLM_COLUMNS = (
    Column("klm_x", "cm", "position of the cluster (klmClusterPositionX)"),
    Column("klm_y", "cm", "position of the cluster (klmClusterPositionY)"),
    Column("klm_z", "cm", "position of the cluster (klmClusterPositionZ)"),
    Column("klm_timing", "ns", "time relative to the event (klmClusterTiming)"),
    Column("klm_layers", "", "layers with hits (klmClusterLayers)"),
    Column("klm_innermost_layer", "", "first layer with hits (klmClusterInnermostLayer)"),
    Column("klm_track", "", "index of the matched track, -1 for none"),
    Column("klm_cluster", "", "index of the matched calorimeter cluster, -1 for none"),
    Column("klm_mc", "", "index of the true particle in the event, -1 for none"),
    Column("klm_mcPDG", "", "PDG identity of what made the cluster, 0 for noise"),
)
