"""Log-likelihoods of six hypotheses in six detectors, for the tracks of a block of events.

What the tracks have and what was measured of them lies in rows of a sheet, one column for each track; the loops over
a row's columns become vector instructions where they are arithmetic.
"""

import math

import numpy as np

from detector.cherenkov import (
    arich_hypothesis,
    cosine_bin,
    in_arich,
    measure_arich,
    measure_top,
    path_in_bar,
    top_hypothesis,
)
from detector.dedx import measured_dedx, relative_width
from detector.draws import draw_blocks, name_stream
from detector.elementary import fast_log
from detector.identification import ARICH, CDC, ECL, KLM, SVD, TOP
from detector.klm import expected_layer
from detector.octaves import octave_bin
from detector.stopping import BETA_GAMMA_LOW
from detector.templates import momentum_bin, pulse_bin, ratio_bin, scatter_bin
from physics.jit import inlined_kernel, kernel
from physics.particles import final_mass
from physics.random import STAGE_IDENTIFICATION

SLICE = 128
"""Tracks that are done together."""
PITCH = SLICE + 8
(
    OMEGA, TAN_LAMBDA, P, SLOPE2,  # measured curvature [1/cm], slope, momentum [GeV], 1/sin²θ
    PX, PY, PZ, MASS, BETA_GAMMA,  # of the flight that made the track, where it begins
    X, Y, Z, PX_END, PY_END, PZ_END, MASS_END, SLOWNESS,  # where it, or what carries it on, ends; 1/β there
    ARRIVES, KINKED,  # 1 if something carries it to the calorimeter; and if that is another flight
    PATH, COSINE, AEROGEL,  # part of a quartz bar crossed, cos θ there; whether the aerogel is crossed
    STRIP_POWER, CHAMBER_POWER, LIGHT_POWER,  # of Student's t, 0 without a measurement
    PHOTONS,  # seen
) = (np.int64(PITCH * i) for i in range(26))  # fmt: skip
STUDENT_STRIP, STUDENT_CHAMBER, STUDENT_LIGHT, MEAN, SHARE, HYPOTHESIS_SLOWNESS = (
    np.int64(PITCH * (26 + 6 * i)) for i in range(6)
)
"""Rows for each hypothesis: arguments of the logarithms in Student's t, in the end log-likelihoods; expected photons,
and the part of them that is the track's; 1/β.
"""
ROWS = 26 + 6 * 6


def new_track_sheet() -> np.ndarray:
    """Return the sheet's memory."""
    return np.ones(ROWS * PITCH)


@inlined_kernel
def gather_tracks(sheet, who, first, n, flights, tracks, arrivals):
    """Write what is known of the tracks ``who[first]`` … to the sheet."""
    for t in range(n):
        place = who[first + t]
        maker, carrier = arrivals.origin[place], arrivals.carrier[place]
        row, i = np.uint64(place), np.uint64(maker)  # never negative: numpy's rule for those costs time
        j = np.uint64(carrier if carrier >= 0 else maker)
        sheet[OMEGA + t], sheet[TAN_LAMBDA + t] = tracks.omega[row], tracks.tanLambda[row]
        sheet[PX + t], sheet[PY + t], sheet[PZ + t] = flights.px0[i], flights.py0[i], flights.pz0[i]
        sheet[X + t], sheet[Y + t], sheet[Z + t] = flights.x[j], flights.y[j], flights.z[j]
        sheet[PX_END + t], sheet[PY_END + t], sheet[PZ_END + t] = flights.px[j], flights.py[j], flights.pz[j]
        sheet[MASS + t] = final_mass(np.int64(flights.pdg[i]))
        sheet[MASS_END + t] = final_mass(np.int64(flights.pdg[j])) if j != i else sheet[MASS + t]
        sheet[ARRIVES + t] = 1.0 if carrier >= 0 else 0.0
        sheet[KINKED + t] = 1.0 if j != i else 0.0


@inlined_kernel
def find_kinematics(sheet, n, bending, top, arich):
    """Fill momenta and velocities, and which Cherenkov counter a track crosses.

    It is where the flight that carried the track on points to, or, with the light of background only, the straight
    continuation of one above 0.3 GeV that was lost on the way.
    """
    for t in range(n):
        slope2 = 1.0 + sheet[TAN_LAMBDA + t] * sheet[TAN_LAMBDA + t]
        sheet[SLOPE2 + t] = slope2
        sheet[P + t] = bending / max(abs(sheet[OMEGA + t]), 1e-6) * math.sqrt(slope2)
        px, py, pz = sheet[PX + t], sheet[PY + t], sheet[PZ + t]
        sheet[BETA_GAMMA + t] = math.sqrt(px * px + py * py + pz * pz) / sheet[MASS + t]
        x, y, z = sheet[X + t], sheet[Y + t], sheet[Z + t]
        px, py, pz = sheet[PX_END + t], sheet[PY_END + t], sheet[PZ_END + t]
        there2, arrives = px * px + py * py + pz * pz, sheet[ARRIVES + t] > 0.5
        ratio = sheet[MASS_END + t] * sheet[MASS_END + t] / there2
        sheet[SLOWNESS + t] = math.sqrt(1.0 + ratio) if arrives else 1.0
        way = 0.0 if arrives else 60.0 / math.sqrt(max(there2, 0.09))
        x, y, z = x + way * px, y + way * py, z + way * pz
        seen = arrives | (there2 > 0.09)
        path = path_in_bar(x, y, z, px, py, pz, top)
        path = path if seen else 0.0
        sheet[PATH + t] = path
        sheet[COSINE + t] = z / math.sqrt(x * x + y * y + z * z)
        sheet[AEROGEL + t] = 1.0 if seen & (path == 0.0) & in_arich(x, y, z, arich) else 0.0


@inlined_kernel
def compare_dedx(draws, first, sheet, t, strip_hits, chamber_hits, identification):
    """Measure ln dE/dx of a track in both detectors, compare with the hypotheses, and write their 1/β."""
    strips, chamber, table = identification.strips, identification.chamber, identification.expectation
    size, m = table.shape[0], first + t
    i, f = octave_bin(sheet[BETA_GAMMA + t], BETA_GAMMA_LOW, size)
    slope2 = sheet[SLOPE2 + t]
    strip, gas, strip_norm, gas_norm = 0.0, 0.0, 0.0, 0.0
    sheet[STRIP_POWER + t], sheet[CHAMBER_POWER + t] = 0.0, 0.0
    if strip_hits >= strips.minimum_samples:
        sigma = relative_width(strip_hits, slope2, strips)
        strip = measured_dedx(draws, m, 0, table[i, 0] + f * (table[i + 1, 0] - table[i, 0]), sigma, strips)
        strip_norm = 1.0 / (strips.degrees_of_freedom * sigma * sigma)
        sheet[STRIP_POWER + t] = 0.5 * (strips.degrees_of_freedom + 1.0)
    if chamber_hits >= chamber.minimum_samples:
        sigma = relative_width(chamber_hits, slope2, chamber)
        gas = measured_dedx(draws, m, 2, table[i, 1] + f * (table[i + 1, 1] - table[i, 1]), sigma, chamber)
        gas_norm = 1.0 / (chamber.degrees_of_freedom * sigma * sigma)
        sheet[CHAMBER_POWER + t] = 0.5 * (chamber.degrees_of_freedom + 1.0)
    p = sheet[P + t]
    for h in range(6):
        j, g = octave_bin(p * identification.inverse_masses[h], BETA_GAMMA_LOW, size)
        place = h * PITCH + t
        sheet[HYPOTHESIS_SLOWNESS + place] = table[j, 2] + g * (table[j + 1, 2] - table[j, 2])
        deviation = strip - table[j, 0] - g * (table[j + 1, 0] - table[j, 0])
        sheet[STUDENT_STRIP + place] = 1.0 + strip_norm * deviation * deviation
        deviation = gas - table[j, 1] - g * (table[j + 1, 1] - table[j, 1])
        sheet[STUDENT_CHAMBER + place] = 1.0 + gas_norm * deviation * deviation


@inlined_kernel
def compare_light(draws, first, sheet, t, identification):
    """Measure a track's Cherenkov light and compare with the hypotheses.

    The densities of the likelihood know the photons' resolution only: what all photons of a track share (start time,
    extrapolation) makes it over-confident, as in the experiment.
    """
    top, arich, m = identification.top, identification.arich, first + t
    arrives, kinked, slowness = sheet[ARRIVES + t] > 0.5, sheet[KINKED + t] > 0.5, sheet[SLOWNESS + t]
    path = sheet[PATH + t]
    sheet[LIGHT_POWER + t], sheet[PHOTONS + t] = 0.0, 0.0
    if path > 0.0:
        i, f = cosine_bin(sheet[COSINE + t], top)
        signal, count, measured = measure_top(draws, m, 4, i, f, path, slowness, arrives, kinked, top)
        norm = signal / (top.degrees_of_freedom * top.photon_time * top.photon_time)
        sheet[LIGHT_POWER + t], sheet[PHOTONS + t] = 0.5 * (top.degrees_of_freedom + 1.0), count
        for h in range(6):
            place = h * PITCH + t
            expected, mean = top_hypothesis(i, f, path, sheet[HYPOTHESIS_SLOWNESS + place], top)
            sheet[MEAN + place] = mean + top.background_photons
            sheet[SHARE + place] = mean / (mean + top.background_photons)
            sheet[STUDENT_LIGHT + place] = 1.0 + norm * (measured - expected) * (measured - expected)
    elif sheet[AEROGEL + t] > 0.5:
        signal, count, measured, photons = measure_arich(draws, m, 4, slowness, arrives, kinked, arich)
        norm = signal / (arich.degrees_of_freedom * arich.photon_angle * arich.photon_angle)
        sheet[LIGHT_POWER + t], sheet[PHOTONS + t] = 0.5 * (arich.degrees_of_freedom + 1.0), count
        for h in range(6):
            place = h * PITCH + t
            expected, mean = arich_hypothesis(photons, sheet[HYPOTHESIS_SLOWNESS + place], arich)
            sheet[MEAN + place] = mean + arich.background_photons
            sheet[SHARE + place] = mean / (mean + arich.background_photons)
            sheet[STUDENT_LIGHT + place] = 1.0 + norm * (measured - expected) * (measured - expected)


@inlined_kernel
def combine(sheet, n):
    """Turn the comparisons into log-likelihoods: the strips', the chamber's and the light's in the rows STUDENT_*."""
    for h in range(6):
        row = np.int64(h * PITCH)
        for t in range(n):
            i = row + t
            sheet[STUDENT_STRIP + i] = -sheet[STRIP_POWER + t] * fast_log(sheet[STUDENT_STRIP + i])
            sheet[STUDENT_CHAMBER + i] = -sheet[CHAMBER_POWER + t] * fast_log(sheet[STUDENT_CHAMBER + i])
            light = sheet[PHOTONS + t] * fast_log(sheet[MEAN + i]) - sheet[MEAN + i]
            light -= sheet[LIGHT_POWER + t] * fast_log(sheet[STUDENT_LIGHT + i]) * sheet[SHARE + i]
            sheet[STUDENT_LIGHT + i] = light


@inlined_kernel
def write_likelihoods(
    sheet, t, row, arrives, tracks, first_cluster, clusters, passages, identification, calorimeter, klm, csi, iron
):
    """Write the log-likelihoods of track ``row``; those of calorimeter and muon system are looked up here."""
    out = tracks.log_likelihood[row]
    light = TOP if sheet[PATH + t] > 0.0 else ARICH
    dark = sheet[LIGHT_POWER + t] == 0.0
    for h in range(6):
        place = h * PITCH + t
        out[SVD, h], out[CDC, h] = sheet[STUDENT_STRIP + place], sheet[STUDENT_CHAMBER + place]
        out[TOP, h], out[ARICH, h], out[ECL, h], out[KLM, h] = 0.0, 0.0, 0.0, 0.0
        out[light, h] = 0.0 if dark else sheet[STUDENT_LIGHT + place]
    if not arrives:
        return
    templates, p = identification.templates, sheet[P + t]
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


@kernel
def identify(
    draws, key, numbers, begin, end, flights, tracks, clusters, who, arrivals, passages, sheet,
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
    i_event = begin
    for first in range(0, m, SLICE):
        n = min(m - first, SLICE)
        whole = (n + 7) & 0xF8
        gather_tracks(sheet, who, first, n, flights, tracks, arrivals)
        find_kinematics(sheet, whole, klm.bending, identification.top, identification.arich)
        for t in range(n):
            i = np.uint64(arrivals.origin[who[first + t]])
            compare_dedx(
                draws, first, sheet, t, np.int64(flights.nSVDHits[i]), np.int64(flights.nCDCHits[i]), identification
            )
        for t in range(n):
            compare_light(draws, first, sheet, t, identification)
        combine(sheet, whole)
        for t in range(n):
            row = who[first + t]
            while tracks.offsets[i_event + 1] <= row:
                i_event += 1
            write_likelihoods(
                sheet, t, row, arrivals.carrier[row] >= 0, tracks, clusters.offsets[i_event], clusters, passages,
                identification, calorimeter, klm, csi, iron,
            )  # fmt: skip
    for i_event in range(begin, end):
        copy_likelihoods(tracks, tracks.offsets[i_event], tracks.offsets[i_event + 1], arrivals.origin)
