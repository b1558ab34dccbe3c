"""Log-likelihoods of six hypotheses in six detectors, for the tracks of a block of events.

What the tracks have and what was measured of them lies in rows of a sheet, one column for each track; the loops over
a row's columns become vector instructions where they are arithmetic.
"""

import math

import numpy as np

from detector.cherenkov import (
    arich_hypothesis,
    arich_photons,
    cosine_bin,
    in_arich,
    path_in_bar,
    top_hypothesis,
)
from detector.dedx import relative_width, student_power, tail_factor
from detector.draws import draw_blocks, gauss, name_stream, rest_poisson, unit, whole_poisson
from detector.identification import ARICH, CDC, ECL, KLM, SVD, TOP
from detector.klm import expected_layer
from detector.octaves import octave_inside
from detector.stopping import BETA_GAMMA_HIGH, BETA_GAMMA_LOW
from detector.templates import momentum_bin, pulse_bin, ratio_bin, scatter_bin
from physics.elementary import fast_log, fast_logs
from physics.jit import inlined_kernel, kernel
from physics.particles import final_mass
from physics.random import STAGE_IDENTIFICATION

SLICE = 128
"""Tracks that are done together."""
PITCH = SLICE + 8
(
    OMEGA, TAN_LAMBDA, P,  # measured curvature [1/cm], slope, momentum [GeV]
    PX, PY, PZ, MASS,  # of the flight that made the track, where it begins
    X, Y, Z, PX_END, PY_END, PZ_END, MASS_END,  # where it, or what carries it on, ends
    ARRIVES, KINKED,  # 1 if something carries it to the calorimeter; and if that is another flight
    PATH, COSINE, AEROGEL,  # part of a quartz bar crossed, cos θ there; whether the aerogel is crossed
    STRIP_POWER, CHAMBER_POWER, LIGHT_POWER,  # of Student's t, 0 without a measurement
    STRIP_NORM, CHAMBER_NORM, LIGHT_NORM,  # what multiplies the squared deviations in it, for dE/dx first the widths
    STRIP_NORMAL, CHAMBER_NORMAL, LIGHT_NORMAL, TAIL_NORMAL, KINK_NORMAL,  # normal numbers
    SIGNAL, SIGNAL_REST, BACKGROUND, BACKGROUND_REST,  # photons, of the whole part of the mean; the rest of the mean
    PHOTONS, NOISE,  # photons seen; those expected of background
) = (np.int64(PITCH * i) for i in range(36))  # fmt: skip
TRUTH = np.int64(PITCH * 6)
STRIP, CHAMBER, SLOWNESS, EXPECTED, MEAN = (np.int64(PITCH * (36 + 7 * i)) for i in range(5))
"""Rows for each hypothesis and, at TRUTH, the particle itself: ln dE/dx in both detectors, in the end log-likelihoods;
βγ, then 1/β; Cherenkov time or angle, in the end log-likelihood; photons.  What is measured replaces the truth.
"""
ROWS = 36 + 7 * 5
LEAST, MOST = 2.0**BETA_GAMMA_LOW, 2.0**BETA_GAMMA_HIGH * (1.0 - 1e-15)
"""Limits of βγ: between the first and the last node of the table."""


def new_track_sheet() -> np.ndarray:
    """Return the sheet's memory."""
    return np.ones(ROWS * PITCH)


@inlined_kernel
def gather_tracks(sheet, who, first, n, flights, tracks, arrivals, strips, chamber):
    """Write what is known of the tracks ``who[first]`` … to the sheet."""
    for t in range(n):
        place = who[first + t]
        maker, carrier = arrivals.origin[place], arrivals.carrier[place]
        row, i = np.uint64(place), np.uint64(maker)  # never negative: numpy's rule for those costs time
        j = np.uint64(carrier if carrier >= 0 else maker)
        tan_lambda = tracks.tanLambda[row]
        sheet[OMEGA + t], sheet[TAN_LAMBDA + t] = tracks.omega[row], tan_lambda
        sheet[PX + t], sheet[PY + t], sheet[PZ + t] = flights.px0[i], flights.py0[i], flights.pz0[i]
        sheet[X + t], sheet[Y + t], sheet[Z + t] = flights.x[j], flights.y[j], flights.z[j]
        sheet[PX_END + t], sheet[PY_END + t], sheet[PZ_END + t] = flights.px[j], flights.py[j], flights.pz[j]
        sheet[MASS + t] = final_mass(np.int64(flights.pdg[i]))
        sheet[MASS_END + t] = final_mass(np.int64(flights.pdg[j])) if j != i else sheet[MASS + t]
        sheet[ARRIVES + t] = 1.0 if carrier >= 0 else 0.0
        sheet[KINKED + t] = 1.0 if j != i else 0.0
        slope2 = 1.0 + tan_lambda * tan_lambda
        hits = np.int64(flights.nSVDHits[i])
        sheet[STRIP_NORM + t] = relative_width(hits, slope2, strips)
        sheet[STRIP_POWER + t] = student_power(strips) if hits >= strips.minimum_samples else 0.0
        hits = np.int64(flights.nCDCHits[i])
        sheet[CHAMBER_NORM + t] = relative_width(hits, slope2, chamber)
        sheet[CHAMBER_POWER + t] = student_power(chamber) if hits >= chamber.minimum_samples else 0.0


@inlined_kernel
def find_kinematics(sheet, n, bending, identification):
    """Fill momenta and velocities, and which Cherenkov counter a track crosses.

    It is where the flight that carried the track on points to, or, with the light of background only, the straight
    continuation of one above 0.3 GeV that was lost on the way.
    """
    top, arich = identification.top, identification.arich
    for t in range(n):
        slope2 = 1.0 + sheet[TAN_LAMBDA + t] * sheet[TAN_LAMBDA + t]
        sheet[P + t] = bending / max(abs(sheet[OMEGA + t]), 1e-6) * math.sqrt(slope2)
        px, py, pz = sheet[PX + t], sheet[PY + t], sheet[PZ + t]
        sheet[STRIP + TRUTH + t] = min(max(math.sqrt(px * px + py * py + pz * pz) / sheet[MASS + t], LEAST), MOST)
        x, y, z = sheet[X + t], sheet[Y + t], sheet[Z + t]
        px, py, pz = sheet[PX_END + t], sheet[PY_END + t], sheet[PZ_END + t]
        there2, arrives = px * px + py * py + pz * pz, sheet[ARRIVES + t] > 0.5
        inverse = 1.0 / (there2 if arrives else max(there2, 0.09))
        root = math.sqrt(1.0 + sheet[MASS_END + t] * sheet[MASS_END + t] * inverse if arrives else inverse)
        sheet[SLOWNESS + TRUTH + t] = root if arrives else 1.0
        way = 0.0 if arrives else 60.0 * root
        x, y, z = x + way * px, y + way * py, z + way * pz
        seen = arrives | (there2 > 0.09)
        path = path_in_bar(x, y, z, px, py, pz, top)
        path = path if seen else 0.0
        sheet[PATH + t] = path
        sheet[COSINE + t] = z / math.sqrt(x * x + y * y + z * z)
        sheet[AEROGEL + t] = 1.0 if seen & (path == 0.0) & in_arich(x, y, z, arich) else 0.0
    for h in range(6):
        row, inverse_mass = SLOWNESS + np.int64(h * PITCH), identification.inverse_masses[h]
        for t in range(n):
            sheet[row + t] = min(max(sheet[P + t] * inverse_mass, LEAST), MOST)


@inlined_kernel
def between(table, i, k, f):
    """Number ``k`` of three between the nodes ``i`` and ``i + 1``."""
    place = 3 * i + k
    low, high = table[np.uint64(place)], table[np.uint64(place + 3)]  # never negative: numpy's rule costs time
    return low + f * (high - low)


@inlined_kernel
def look_up_dedx(draws, first, sheet, n, table):
    """Look up what ln dE/dx the hypotheses and the true velocities give, the hypotheses' 1/β, and normal numbers."""
    words, normal = draws.words, draws.normal
    for t in range(n):
        sheet[STRIP_NORMAL + t] = gauss(words[1, first + t], normal)
        sheet[CHAMBER_NORMAL + t] = gauss(words[3, first + t], normal)
        i, f = octave_inside(sheet[STRIP + TRUTH + t], BETA_GAMMA_LOW)
        sheet[STRIP + TRUTH + t] = between(table, i, 0, f)
        sheet[CHAMBER + TRUTH + t] = between(table, i, 1, f)
    for h in range(6):
        row = np.int64(h * PITCH)
        for t in range(n):
            place = row + t
            i, f = octave_inside(sheet[SLOWNESS + place], BETA_GAMMA_LOW)
            sheet[STRIP + place] = between(table, i, 0, f)
            sheet[CHAMBER + place] = between(table, i, 1, f)
            sheet[SLOWNESS + place] = between(table, i, 2, f)


@inlined_kernel
def measure_dedx(draws, first, sheet, n, strips, chamber):
    """Measure ln dE/dx in both detectors."""
    words = draws.words
    for t in range(n):
        m, sigma = first + t, sheet[STRIP_NORM + t]
        sheet[STRIP + TRUTH + t] += sigma * tail_factor(words[0, m], strips) * sheet[STRIP_NORMAL + t]
        sheet[STRIP_NORM + t] = 1.0 / (strips.degrees_of_freedom * sigma * sigma)
        sigma = sheet[CHAMBER_NORM + t]
        sheet[CHAMBER + TRUTH + t] += sigma * tail_factor(words[2, m], chamber) * sheet[CHAMBER_NORMAL + t]
        sheet[CHAMBER_NORM + t] = 1.0 / (chamber.degrees_of_freedom * sigma * sigma)


@inlined_kernel
def look_up_light(draws, first, sheet, n, top, arich):
    """Look up what Cherenkov light the hypotheses and the true velocities give, and normal and Poisson numbers."""
    words, normal = draws.words, draws.normal
    for t in range(n):
        m = first + t
        path, noise, mean = sheet[PATH + t], 0.0, 0.0
        if path > 0.0:
            noise = top.background_photons
            i, f = cosine_bin(sheet[COSINE + t], top)
            for h in range(7):
                place = h * PITCH + t
                sheet[EXPECTED + place], sheet[MEAN + place] = top_hypothesis(i, f, path, sheet[SLOWNESS + place], top)
            mean = sheet[MEAN + TRUTH + t]
        elif sheet[AEROGEL + t] > 0.5:
            noise = arich.background_photons
            photons = arich_photons(words[10, m], arich)
            for h in range(7):
                place = h * PITCH + t
                sheet[EXPECTED + place], sheet[MEAN + place] = arich_hypothesis(photons, sheet[SLOWNESS + place], arich)
            mean = sheet[MEAN + TRUTH + t]
        mean = mean if sheet[ARRIVES + t] > 0.5 else 0.0
        sheet[SIGNAL + t], sheet[SIGNAL_REST + t] = whole_poisson(words[4, m], mean, draws)
        sheet[BACKGROUND + t], sheet[BACKGROUND_REST + t] = whole_poisson(words[6, m], noise, draws)
        sheet[NOISE + t] = noise
        sheet[LIGHT_NORMAL + t] = gauss(words[7, m], normal)
        sheet[TAIL_NORMAL + t] = gauss(words[9, m], normal)
        sheet[KINK_NORMAL + t] = gauss(words[10, m], normal)


@inlined_kernel
def measure_light(draws, first, sheet, n, top, arich):
    """Measure the tracks' Cherenkov light.

    The densities of the likelihood know the photons' resolution only: what all photons of a track share (start time,
    extrapolation) makes it over-confident, as in the experiment.
    """
    words = draws.words
    for t in range(n):
        m = first + t
        bar, kinked = sheet[PATH + t] > 0.0, sheet[KINKED + t] > 0.5
        signal = sheet[SIGNAL + t] + rest_poisson(unit(words[5, m]), sheet[SIGNAL_REST + t])
        sheet[PHOTONS + t] = (
            signal + sheet[BACKGROUND + t] + rest_poisson(unit(words[11, m]), sheet[BACKGROUND_REST + t])
        )
        photon, degrees = top.photon_time, top.degrees_of_freedom
        shared, tail = top.start_time, top.tail_time
        often = top.tail_probability
        if not bar:
            photon, degrees = arich.photon_angle, arich.degrees_of_freedom
            shared, tail = arich.track_angle, arich.tail_angle
            often = 1.0 if kinked else arich.tail_probability
        tail = tail if unit(words[8, m]) < often else 0.0
        kink = top.kink_time if bar & kinked else 0.0  # the hypotheses' times then refer to the wrong track
        sigma = math.sqrt(shared * shared + photon * photon / max(signal, 1.0))
        measured = sheet[EXPECTED + TRUTH + t] if sheet[ARRIVES + t] > 0.5 else 0.0
        measured += sigma * sheet[LIGHT_NORMAL + t] + tail * sheet[TAIL_NORMAL + t] + kink * sheet[KINK_NORMAL + t]
        sheet[EXPECTED + TRUTH + t] = measured
        sheet[LIGHT_NORM + t] = signal / (degrees * photon * photon)
        sheet[LIGHT_POWER + t] = 0.5 * (degrees + 1.0) if bar | (sheet[AEROGEL + t] > 0.5) else 0.0


@inlined_kernel
def combine(sheet, n):
    """Turn the comparisons into log-likelihoods: the strips', the chamber's and the light's."""
    for h in range(6):
        row = np.int64(h * PITCH)
        for t in range(n):
            i = row + t
            deviation = sheet[STRIP + TRUTH + t] - sheet[STRIP + i]
            strip = 1.0 + sheet[STRIP_NORM + t] * deviation * deviation
            deviation = sheet[CHAMBER + TRUTH + t] - sheet[CHAMBER + i]
            gas = 1.0 + sheet[CHAMBER_NORM + t] * deviation * deviation
            deviation = sheet[EXPECTED + TRUTH + t] - sheet[EXPECTED + i]
            ring = 1.0 + sheet[LIGHT_NORM + t] * deviation * deviation
            strip, gas, ring = fast_logs(strip, gas, ring)
            sheet[STRIP + i] = -sheet[STRIP_POWER + t] * strip
            sheet[CHAMBER + i] = -sheet[CHAMBER_POWER + t] * gas
            mean = sheet[MEAN + i] + sheet[NOISE + t]
            light = sheet[PHOTONS + t] * fast_log(mean) - mean
            light -= sheet[LIGHT_POWER + t] * ring * (sheet[MEAN + i] / mean)
            sheet[EXPECTED + i] = light if sheet[LIGHT_POWER + t] > 0.0 else 0.0


@inlined_kernel
def write_row(out, a, weight, b):
    """Write a + weight · b for six hypotheses; all is read before it is written, as vectors then can be."""
    out[0], out[1], out[2], out[3], out[4], out[5] = (
        a[0] + weight * b[0], a[1] + weight * b[1], a[2] + weight * b[2],
        a[3] + weight * b[3], a[4] + weight * b[4], a[5] + weight * b[5],
    )  # fmt: skip


@inlined_kernel
def write_likelihoods(sheet, t, place, arrives, tracks, first_cluster, clusters, passages, identification, klm):
    """Write the log-likelihoods of track ``place``; those of calorimeter and muon system are looked up here."""
    row = np.uint64(place)  # never negative, as all indices here: numpy's rule for those costs time
    out = tracks.log_likelihood[row]
    bar = sheet[PATH + t] > 0.0
    for h in range(6):
        i = h * PITCH + t
        out[SVD, h], out[CDC, h], light = sheet[STRIP + i], sheet[CHAMBER + i], sheet[EXPECTED + i]
        out[TOP, h], out[ARICH, h] = (light if bar else 0.0), (0.0 if bar else light)
        out[ECL, h], out[KLM, h] = 0.0, 0.0
    if not arrives:
        return
    templates, p = identification.templates, sheet[P + t]
    charge = np.uint64(0 if sheet[OMEGA + t] > 0.0 else 1)
    b = np.uint64(momentum_bin(p))
    cluster = np.int64(tracks.cluster[row])
    matched, energy, q = 0.0, 0.0, np.uint64(0)
    if cluster >= 0:
        i = np.uint64(first_cluster + cluster)
        matched, energy, q = 1.0, clusters.E[i], np.uint64(pulse_bin(clusters.pulse_shape[i]))
    r = np.uint64(ratio_bin(energy, p))
    write_row(out[ECL], templates.ratio[charge, b, r], matched, templates.pulse[charge, b, q])
    region = np.int64(passages.region[row])
    if p > identification.muon_momentum and region > 0:
        expected = np.uint64(expected_layer(p, region, passages.cosine[row], klm))
        outer, hit = np.uint64(passages.outer[row]), passages.hits[row] > 0
        s = np.uint64(scatter_bin(passages.scatter[row]) if hit else 0)
        i = np.uint64(region - 1)
        write_row(out[KLM], templates.layer[i, expected, outer], 1.0 if hit else 0.0, templates.scatter[i, s])


@inlined_kernel
def copy_likelihoods(tracks, i_event, rows, n, origin):
    """Give the ``n`` tracks that no flight made itself, of events from ``i_event`` on, the values of the track of the
    same particle, if any.
    """
    for k in range(n):
        row = rows[k]
        out = tracks.log_likelihood[row]
        for d in range(6):
            for h in range(6):
                out[d, h] = 0.0
        if tracks.mc[row] < 0:
            continue
        while tracks.offsets[i_event + 1] <= row:
            i_event += 1
        for other in range(tracks.offsets[i_event], tracks.offsets[i_event + 1]):
            if tracks.mc[other] == tracks.mc[row] and origin[other] >= 0:
                for d in range(6):
                    for h in range(6):
                        out[d, h] = tracks.log_likelihood[other, d, h]
                break


@kernel
def identify(
    draws, key, numbers, begin, end, flights, tracks, clusters, who, arrivals, passages, sheet, identification, klm,
):  # fmt: skip
    """Fill ``tracks.log_likelihood`` of the events from ``begin`` to ``end``.

    Clones get the values of the track they copy; fakes keep six equal ones.
    """
    strips, chamber = identification.strips, identification.chamber
    top, arich = identification.top, identification.arich
    others = who[who.shape[0] // 2 :]
    m, n_others = 0, 0
    for i_event in range(begin, end):
        for place in range(tracks.offsets[i_event], tracks.offsets[i_event + 1]):
            i = arrivals.origin[np.uint64(place)]
            # either list, without a branch: nobody could predict which tracks are fakes
            who[np.uint64(m)] = others[np.uint64(n_others)] = place
            name_stream(
                draws, np.uint64(m), np.uint64(numbers[i_event]), STAGE_IDENTIFICATION, i - flights.offsets[i_event]
            )
            m += 1 if i >= 0 else 0
            n_others += 1 if i < 0 else 0
    draw_blocks(draws, np.int64(0), m, key, np.int64(0), np.int64(3))
    i_event = begin
    for first in range(0, m, SLICE):
        n = min(m - first, SLICE)
        whole = (n + 7) & 0xF8
        gather_tracks(sheet, who, first, n, flights, tracks, arrivals, strips, chamber)
        find_kinematics(sheet, whole, klm.bending, identification)
        look_up_dedx(draws, first, sheet, n, identification.expectation)
        measure_dedx(draws, first, sheet, whole, strips, chamber)
        look_up_light(draws, first, sheet, n, top, arich)
        measure_light(draws, first, sheet, whole, top, arich)
        combine(sheet, whole)
        for t in range(n):
            row = who[first + t]
            while tracks.offsets[i_event + 1] <= row:
                i_event += 1
            write_likelihoods(
                sheet, t, row, arrivals.carrier[row] >= 0, tracks, clusters.offsets[i_event], clusters, passages,
                identification, klm,
            )  # fmt: skip
    copy_likelihoods(tracks, begin, others, n_others, arrivals.origin)
