"""Charged-particle identification: log-likelihoods of six hypotheses in six detectors, and the ratios made of them.

Each detector's observables are simulated from the true particle (:mod:`detector.dedx`, :mod:`detector.cherenkov`,
:mod:`detector.templates` for calorimeter and muon system) and compared with each hypothesis at the measured momentum,
as basf2 does.  A detector that measured nothing gives six equal values.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.cherenkov import (
    MEAN,
    SPREAD,
    Arich,
    ArichSection,
    Top,
    TopSection,
    compile_arich,
    compile_top,
    in_arich,
    measure_arich,
    measure_top,
    path_in_bar,
)
from detector.dedx import (
    ChamberDedxSection,
    Dedx,
    StripDedxSection,
    chamber_expectation,
    compile_dedx,
    measured_dedx,
    relative_width,
    strip_expectation,
)
from detector.draws import draw_blocks, name_stream
from detector.elementary import fast_log
from detector.klm import expected_layer
from detector.octaves import octave_bin, octave_nodes
from detector.record import HYPOTHESES, PID_DETECTORS
from detector.stopping import BETA_GAMMA_HIGH, BETA_GAMMA_LOW
from detector.templates import Templates, momentum_bin, pulse_bin, ratio_bin, scatter_bin
from detector.units import Energy, Section
from physics.jit import inlined_kernel, kernel
from physics.particles import (
    DEUTERON_MASS,
    ELECTRON_MASS,
    KAON_MASS,
    MUON_MASS,
    PION_MASS,
    PROTON_MASS,
    final_mass,
)
from physics.random import STAGE_IDENTIFICATION

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
    expectation: np.ndarray  # (nodes of βγ, 3): ln of the expected dE/dx in strips and chamber (minimum 0), 1/β
    inverse_masses: np.ndarray  # (6,) [1/GeV]
    muon_momentum: float  # GeV; below it the muon system says nothing


def compile_identification(section: IdentificationSection, templates: Templates) -> Identification:
    """Return the kernel constants."""
    slowness = np.sqrt(1.0 + octave_nodes(BETA_GAMMA_LOW, BETA_GAMMA_HIGH) ** -2)
    return Identification(
        compile_dedx(section.strips),
        compile_dedx(section.chamber),
        compile_top(section.top),
        compile_arich(section.arich),
        templates,
        np.stack([strip_expectation(section.strips), chamber_expectation(section.chamber), slowness], axis=-1),
        1.0 / np.array(MASSES),
        section.muon_momentum.number,
    )


class Work(NamedTuple):
    """Scratch memory for one track: values for each hypothesis."""

    slowness: np.ndarray  # (6,) 1/β
    share: np.ndarray  # (6,) part of the expected photons that is the track's
    argument: np.ndarray  # (24,) arguments of logarithms: Student's t of strips, chamber, Cherenkov; mean photons
    logarithm: np.ndarray  # (24,)


def new_work() -> Work:
    """Return scratch memory."""
    return Work(np.zeros(6), np.zeros(6), np.zeros(24), np.zeros(24))


@kernel
def logarithms(argument, out, n):
    """Natural logarithms of ``n`` positive numbers, in a loop that becomes vector instructions."""
    for h in range(n):
        out[h] = fast_log(argument[h])


@inlined_kernel
def identify_dedx(draws, m, p, slope2, beta_gamma, strip_hits, chamber_hits, identification, work):
    """Write 1/β of each hypothesis and both dE/dx detectors' arguments of logarithms."""
    strips, chamber, table = identification.strips, identification.chamber, identification.expectation
    size = table.shape[0]
    i, f = octave_bin(beta_gamma, BETA_GAMMA_LOW, size)
    strip, gas, strip_norm, gas_norm = 0.0, 0.0, 0.0, 0.0
    if strip_hits >= strips.minimum_samples:
        sigma = relative_width(strip_hits, slope2, strips)
        strip = measured_dedx(draws, m, 0, table[i, 0] + f * (table[i + 1, 0] - table[i, 0]), sigma, strips)
        strip_norm = 1.0 / (strips.degrees_of_freedom * sigma * sigma)
    if chamber_hits >= chamber.minimum_samples:
        sigma = relative_width(chamber_hits, slope2, chamber)
        gas = measured_dedx(draws, m, 2, table[i, 1] + f * (table[i + 1, 1] - table[i, 1]), sigma, chamber)
        gas_norm = 1.0 / (chamber.degrees_of_freedom * sigma * sigma)
    for h in range(6):
        beta_gamma = p * identification.inverse_masses[h]
        j, g = octave_bin(beta_gamma, BETA_GAMMA_LOW, size)
        work.slowness[h] = table[j, 2] + g * (table[j + 1, 2] - table[j, 2])
        deviation = strip - table[j, 0] - g * (table[j + 1, 0] - table[j, 0])
        work.argument[h] = 1.0 + strip_norm * deviation * deviation
        deviation = gas - table[j, 1] - g * (table[j + 1, 1] - table[j, 1])
        work.argument[6 + h] = 1.0 + gas_norm * deviation * deviation


@inlined_kernel
def identify_track(
    draws, m, i, j, row, flights, tracks, clusters, first_cluster, passages, work,
    identification, calorimeter, klm, csi, iron,
):  # fmt: skip
    """Write the log-likelihoods of track ``row``: flight ``i`` made it, flight ``j`` carried it on (−1: none)."""
    out = tracks.log_likelihood[row]
    tan_lambda = tracks.tanLambda[row]
    slope2 = 1.0 + tan_lambda * tan_lambda
    p = klm.bending / max(abs(tracks.omega[row]), 1e-6) * math.sqrt(slope2)
    true_p = math.sqrt(flights.px0[i] ** 2 + flights.py0[i] ** 2 + flights.pz0[i] ** 2)
    beta_gamma = true_p / final_mass(np.int64(flights.pdg[i]))
    strip_hits, chamber_hits = np.int64(flights.nSVDHits[i]), np.int64(flights.nCDCHits[i])
    identify_dedx(draws, m, p, slope2, beta_gamma, strip_hits, chamber_hits, identification, work)

    # Where the track points to behind the tracker: the end of the flight that carried it on, or the straight
    # continuation of one that was lost on the way.
    arrives = j >= 0
    kinked = arrives and j != i
    end = j if arrives else i
    x, y, z = flights.x[end], flights.y[end], flights.z[end]
    px, py, pz = flights.px[end], flights.py[end], flights.pz[end]
    there2 = px * px + py * py + pz * pz
    slowness_true = 1.0
    seen = arrives
    if arrives:
        mass = final_mass(np.int64(flights.pdg[end]))
        slowness_true = math.sqrt(1.0 + mass * mass / there2)
    elif there2 > 0.09:
        seen = True
        way = 60.0 / math.sqrt(there2)
        x, y, z = x + way * px, y + way * py, z + way * pz
    light = -1
    count = 0
    if seen:
        path = path_in_bar(x, y, z, px, py, pz, identification.top)
        if path > 0.0:
            light = TOP
            cosine = z / math.sqrt(x * x + y * y + z * z)
            count = measure_top(draws, m, 4, cosine, path, slowness_true, arrives, kinked, identification.top, work)
        elif in_arich(x, y, z, identification.arich):
            light = ARICH
            count = measure_arich(draws, m, 4, slowness_true, arrives, kinked, identification.arich, work)
    logarithms(work.argument, work.logarithm, np.int64(24 if light >= 0 else 16))
    strips, chamber = identification.strips, identification.chamber
    strip_power = 0.5 * (strips.degrees_of_freedom + 1.0) if strip_hits >= strips.minimum_samples else 0.0
    chamber_power = 0.5 * (chamber.degrees_of_freedom + 1.0) if chamber_hits >= chamber.minimum_samples else 0.0
    for h in range(6):
        out[SVD, h] = -strip_power * work.logarithm[h]
        out[CDC, h] = -chamber_power * work.logarithm[6 + h]
        out[TOP, h] = 0.0
        out[ARICH, h] = 0.0
        out[ECL, h] = 0.0
        out[KLM, h] = 0.0
    if light >= 0:
        nu = identification.top.degrees_of_freedom if light == TOP else identification.arich.degrees_of_freedom
        for h in range(6):
            out[light, h] = (
                count * work.logarithm[MEAN + h] - work.argument[MEAN + h]
                - 0.5 * (nu + 1.0) * work.logarithm[SPREAD + h] * work.share[h]
            )  # fmt: skip
    if not arrives:
        return

    templates = identification.templates
    charge = 0 if tracks.omega[row] > 0.0 else 1
    b = momentum_bin(p)
    cluster = tracks.cluster[row]
    energy = clusters.E[first_cluster + cluster] if cluster >= 0 else 0.0
    r = ratio_bin(energy, p)
    for h in range(6):
        out[ECL, h] = templates.ratio[charge, b, r, h]
    if cluster >= 0:
        q = pulse_bin(clusters.pulse_shape[first_cluster + cluster])
        for h in range(6):
            out[ECL, h] += templates.pulse[charge, b, q, h]
    region = passages.region[row]
    if p > identification.muon_momentum and region > 0:
        expected = expected_layer(p, region, passages.cosine[row], calorimeter, klm, csi, iron)
        outer = passages.outer[row]
        for h in range(6):
            out[KLM, h] = templates.layer[region - 1, expected, outer, h]
        if passages.hits[row] > 0:
            s = scatter_bin(passages.scatter[row])
            for h in range(6):
                out[KLM, h] += templates.scatter[region - 1, s, h]


@kernel
def identify(
    draws, key, numbers, begin, end, flights, tracks, clusters, who, arrivals, passages, work,
    identification, calorimeter, klm, csi, iron,
):  # fmt: skip
    """Fill ``tracks.log_likelihood`` of the events from ``begin`` to ``end``.

    Clones get the values of the track they copy; fakes keep six equal ones.
    """
    m = 0
    for i_event in range(begin, end):
        for row in range(tracks.offsets[i_event], tracks.offsets[i_event + 1]):
            i = arrivals.origin[row]
            if i >= 0:
                who[m] = row
                name_stream(draws, m, np.uint64(numbers[i_event]), STAGE_IDENTIFICATION, i - flights.offsets[i_event])
                m += 1
    draw_blocks(draws, np.int64(0), m, key, np.int64(0), np.int64(3))
    j = 0
    for i_event in range(begin, end):
        while j < m and who[j] < tracks.offsets[i_event + 1]:
            row = who[j]
            identify_track(
                draws, j, arrivals.origin[row], arrivals.carrier[row], row, flights, tracks, clusters,
                clusters.offsets[i_event], passages, work, identification, calorimeter, klm, csi, iron,
            )  # fmt: skip
            j += 1
        copy_likelihoods(tracks, tracks.offsets[i_event], tracks.offsets[i_event + 1], arrivals.origin)


@inlined_kernel
def copy_likelihoods(tracks, first, last, origin):
    """Give the tracks of an event that no flight made itself the values of the track of the same particle, if any."""
    for row in range(first, last):
        if origin[row] >= 0:
            continue
        copied = -1
        for other in range(first, last):
            same = tracks.mc[row] >= 0 and tracks.mc[other] == tracks.mc[row]
            if same and origin[other] >= 0:
                copied = other
                break
        for d in range(6):
            for h in range(6):
                value = tracks.log_likelihood[copied, d, h] if copied >= 0 else 0.0
                tracks.log_likelihood[row, d, h] = value


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
