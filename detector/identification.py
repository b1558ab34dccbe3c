"""Charged-particle identification: log-likelihoods of six hypotheses in six detectors, and the ratios made of them.

Each detector's observables are simulated from the true particle (:mod:`detector.dedx`, :mod:`detector.cherenkov`,
:mod:`detector.templates` for calorimeter and muon system) and compared with each hypothesis at the measured momentum,
as basf2 does.  A detector that measured nothing gives six equal values.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.cherenkov import (
    Arich,
    ArichSection,
    Top,
    TopSection,
    arich_log_likelihoods,
    compile_arich,
    compile_top,
    in_arich,
    in_top,
    top_log_likelihoods,
)
from detector.dedx import (
    ChamberDedxSection,
    Dedx,
    StripDedxSection,
    compile_chamber,
    compile_strips,
    dedx_log_likelihoods,
)
from detector.klm import layers_in_range
from detector.record import HYPOTHESES, PID_DETECTORS
from detector.stopping import residual_beta_gamma
from detector.templates import Templates, momentum_bin, pulse_bin, ratio_bin, scatter_bin
from detector.units import Energy, Section
from physics.jit import kernel
from physics.particles import (
    DEUTERON_MASS,
    ELECTRON_MASS,
    KAON_MASS,
    MUON_MASS,
    PION_MASS,
    PROTON_MASS,
    final_mass,
)
from physics.random import STAGE_IDENTIFICATION, open_stream

SVD, CDC, TOP, ARICH, ECL, KLM = range(6)
MASSES = (ELECTRON_MASS, MUON_MASS, PION_MASS, KAON_MASS, PROTON_MASS, DEUTERON_MASS)
"""Masses [GeV] of the hypotheses, in the order of ``detector.record.HYPOTHESES``."""


class IdentificationSection(Section):
    """The section ``identification`` of a card."""

    strips: StripDedxSection
    chamber: ChamberDedxSection
    top: TopSection
    arich: ArichSection
    muon_momentum: Energy


class Identification(NamedTuple):
    """Constants of identification for kernels."""

    strips: Dedx
    chamber: Dedx
    top: Top
    arich: Arich
    templates: Templates
    masses2: np.ndarray  # (6,) [GeV²]
    log_masses: np.ndarray  # (6,)
    muon_momentum: float  # GeV; below it the muon system says nothing


def compile_identification(section: IdentificationSection, templates: Templates) -> Identification:
    """Return the kernel constants."""
    masses = np.array(MASSES)
    return Identification(
        compile_strips(section.strips),
        compile_chamber(section.chamber),
        compile_top(section.top),
        compile_arich(section.arich),
        templates,
        masses**2,
        np.log(masses),
        section.muon_momentum.number,
    )


@kernel
def identify_track(
    stream, i, c, first, row, flights, tracks, clusters, first_cluster, passages, slownesses,
    identification, calorimeter, klm, csi, iron,
):  # fmt: skip
    """Write the log-likelihoods of track ``row``: flight ``i`` made it, flight ``c`` carried it on (−1: none)."""
    out = tracks.log_likelihood[row]
    out[:, :] = 0.0
    tan_lambda = tracks.tanLambda[row]
    pt = klm.bending / max(abs(tracks.omega[row]), 1e-6)
    sine = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    p = pt / sine
    log_p = math.log(p)
    for h in range(6):
        slownesses[h] = math.sqrt(1.0 + identification.masses2[h] / (p * p))

    true_p = math.sqrt(flights.px0[i] ** 2 + flights.py0[i] ** 2 + flights.pz0[i] ** 2)
    log_true = math.log(true_p / final_mass(np.int64(flights.pdg[i])))
    masses = identification.log_masses
    samples = np.int64(flights.nSVDHits[i])
    dedx_log_likelihoods(stream, samples, sine, log_true, log_p, masses, identification.strips, out[SVD])
    samples = np.int64(flights.nCDCHits[i])
    dedx_log_likelihoods(stream, samples, sine, log_true, log_p, masses, identification.chamber, out[CDC])

    # Where the track points to behind the tracker: the end of the flight that carried it on, or the straight
    # continuation of one that was lost on the way.
    arrives = c >= 0
    j = first + c if arrives else i
    x, y, z = flights.x[j], flights.y[j], flights.z[j]
    px, py, pz = flights.px[j], flights.py[j], flights.pz[j]
    p_there = math.sqrt(px * px + py * py + pz * pz)
    if not arrives:
        if p_there < 0.3:
            return
        way = 60.0 / p_there
        x, y, z = x + way * px, y + way * py, z + way * pz
    kinked = arrives and j != i
    slowness_true = 1.0
    if arrives:
        mass = final_mass(np.int64(flights.pdg[j]))
        slowness_true = math.sqrt(1.0 + mass * mass / (p_there * p_there))
    if in_top(x, y, z, identification.top):
        cosine = z / math.sqrt(x * x + y * y + z * z)
        top_log_likelihoods(stream, cosine, slowness_true, arrives, kinked, slownesses, identification.top, out[TOP])
    elif in_arich(x, y, z, identification.arich):
        arich_log_likelihoods(stream, slowness_true, arrives, kinked, slownesses, identification.arich, out[ARICH])

    templates = identification.templates
    charge = 0 if tracks.omega[row] > 0.0 else 1
    b = momentum_bin(log_p)
    if arrives:
        cluster = tracks.cluster[row]
        energy = clusters.E[first_cluster + cluster] if cluster >= 0 else 0.0
        r = ratio_bin(energy, p)
        for h in range(6):
            out[ECL, h] = templates.ratio[charge, b, h, r]
        if cluster >= 0:
            q = pulse_bin(clusters.pulse_shape[first_cluster + cluster])
            for h in range(6):
                out[ECL, h] += templates.pulse[charge, b, h, q]
        region = passages.region[c]
        if p > identification.muon_momentum and region > 0:
            thickness = calorimeter.crystal_length * calorimeter.density
            muon = residual_beta_gamma(p / MUON_MASS, MUON_MASS, thickness, csi)
            expected = layers_in_range(muon, MUON_MASS, region, passages.cosine[c], 1.0, klm, iron)
            outer = passages.outer[c]
            for h in range(6):
                out[KLM, h] = templates.layer[region - 1, expected, h, outer]
            if passages.hits[c] > 0:
                s = scatter_bin(passages.scatter[c])
                for h in range(6):
                    out[KLM, h] += templates.scatter[region - 1, h, s]


@kernel
def identify(
    stream, key, event, i_event, flights, tracks, clusters, carrier, passages, slownesses,
    identification, calorimeter, klm, csi, iron,
):  # fmt: skip
    """Fill ``tracks.log_likelihood`` of event ``i_event``.

    Clones get the values of the track they copy; fakes keep six equal ones.
    """
    first, last = flights.offsets[i_event], flights.offsets[i_event + 1]
    first_track = tracks.offsets[i_event]
    first_cluster = clusters.offsets[i_event]
    for i in range(first, last):
        t = flights.track[i]
        if t < 0:
            continue
        open_stream(stream, key, event, STAGE_IDENTIFICATION, i - first)
        identify_track(
            stream, i, carrier[t], first, first_track + t, flights, tracks, clusters, first_cluster, passages,
            slownesses, identification, calorimeter, klm, csi, iron,
        )  # fmt: skip
    n_tracks = tracks.offsets[i_event + 1] - first_track
    for t in range(n_tracks):
        if carrier[t] != -2 or tracks.mc[first_track + t] < 0:
            continue
        for other in range(n_tracks):
            if carrier[other] != -2 and tracks.mc[first_track + other] == tracks.mc[first_track + t]:
                for d in range(6):
                    for h in range(6):
                        copied = tracks.log_likelihood[first_track + other, d, h]
                        tracks.log_likelihood[first_track + t, d, h] = copied
                break


def _sum(log_likelihood: np.ndarray, detectors: tuple[str, ...]) -> np.ndarray:
    unknown = set(detectors) - set(PID_DETECTORS)
    if unknown:
        msg = f"No identification detector {min(unknown)!r}: choose among {', '.join(PID_DETECTORS)}."
        raise ValueError(msg)
    rows = [PID_DETECTORS.index(name) for name in detectors]
    total: np.ndarray = np.asarray(log_likelihood)[..., rows, :].sum(axis=-2)
    return total


def _hypothesis(name: str) -> int:
    if name not in HYPOTHESES:
        msg = f"No particle hypothesis {name!r}: choose among {', '.join(HYPOTHESES)}."
        raise ValueError(msg)
    return HYPOTHESES.index(name)


def particle_id(log_likelihood: np.ndarray, hypothesis: str, detectors: tuple[str, ...] = PID_DETECTORS) -> np.ndarray:
    """Global identification L_h/ΣL of tracks: basf2's ``electronID``, ``muonID``, ``pionID``, ``kaonID``, ….

    Parameters
    ----------
    log_likelihood : (..., 6 detectors, 6 hypotheses), as in ``Tracks.log_likelihood``.
    hypothesis : one of e, mu, pi, K, p, d.
    detectors : those to use, ``("CDC", "TOP", …)`` for basf2's ``kaonID_noSVD`` and the like.

    Returns an array (...) of numbers from 0 to 1; 1/6 where nothing was measured.
    """
    total = _sum(log_likelihood, detectors)
    likelihood = np.exp(total - total.max(axis=-1, keepdims=True))
    ratio: np.ndarray = likelihood[..., _hypothesis(hypothesis)] / likelihood.sum(axis=-1)
    return ratio


def binary_id(
    log_likelihood: np.ndarray, hypothesis: str, against: str, detectors: tuple[str, ...] = PID_DETECTORS
) -> np.ndarray:
    """Binary identification L_1/(L_1 + L_2), basf2's ``binaryPID``; arguments as in :func:`particle_id`."""
    total = _sum(log_likelihood, detectors)
    difference = total[..., _hypothesis(against)] - total[..., _hypothesis(hypothesis)]
    ratio: np.ndarray = 1.0 / (1.0 + np.exp(np.clip(difference, -700.0, 700.0)))
    return ratio
