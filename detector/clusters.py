"""From showers to clusters: overlaps merged, tracks matched, thresholds applied, the record filled."""

import math
from typing import NamedTuple

import numpy as np

from detector.arrivals import flight_showers, follow_tracks, list_arrivals
from detector.background import add_background, draw_background
from detector.calorimeter import (
    ENERGY,
    ENERGY_LOW,
    PHI,
    THETA,
    cluster_region,
    region_index,
    timing_error,
)
from detector.draws import draw_blocks, gauss
from detector.merging import merge_showers
from detector.octaves import octave_bin
from detector.sheet import (
    AZIMUTH,
    BLUR,
    CENTRAL,
    DISTANCE,
    DT99,
    E1E9,
    E9E21,
    FIRST,
    FLIGHT,
    HADRONIC,
    LABEL,
    LAT,
    MATCH,
    MAX_SHOWERS,
    NEAREST,
    NUMBER,
    PLACE,
    POLAR,
    PULSE,
    PURER,
    REGION,
    SHARE,
    SIGMA_E,
    SIGMA_PHI,
    SIGMA_THETA,
    TIME,
    UX,
    UY,
    UZ,
    WANTED,
    WIDER,
    E,
    R,
    X,
    Y,
    Z,
    whole,
)
from detector.showers import MAX_SPLIT_OFFS, SLOT_BLOCKS
from physics.elementary import fast_atan2, fast_exp, fast_log
from physics.jit import fetch_row, inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.memory import scratch

MAX_DISTANCE = 250.0
"""Largest ``minC2TDist`` [cm] (basf2 ECLVariables.cc)."""


class Points(NamedTuple):
    """Scratch memory: where an event's tracks are."""

    x: np.ndarray  # [cm]
    y: np.ndarray
    z: np.ndarray
    row: np.ndarray  # int64


def new_points(tracks: int) -> Points:
    """Return scratch memory for events of up to so many tracks."""
    return Points(*scratch(*((tracks, kind) for kind in (np.float64, np.float64, np.float64, np.int64))))


@inlined_kernel
def track_points(flights, first_track, last_track, carrier, points, calorimeter):
    """Write where each track that arrives is three radiation lengths behind the face; returns how many.

    ``points.row`` names their tracks.
    """
    arrived = 0
    for row in range(first_track, last_track):
        if carrier[row] < 0:
            continue
        i = np.uint64(carrier[row])
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        f = 3.0 * calorimeter.radiation_length / max(math.sqrt(px * px + py * py + pz * pz), 1e-6)
        points.x[arrived], points.y[arrived] = flights.x[i] + f * px, flights.y[i] + f * py
        points.z[arrived] = flights.z[i] + f * pz
        points.row[arrived] = row
        arrived += 1
    return arrived


@inlined_kernel
def find_nearest(sheet, first, n, points, arrived):
    """Fill for the ``n`` clusters from ``first`` on which of the tracks' points is nearest, and its distance.

    Depths differ from shower to shower: points are compared across the line of sight, if not more than 60 cm from
    the cluster along it.  Positive numbers are ordered as their bits are; the last ten hold the place.
    """
    begin, n = first & PLACE, whole(n)
    for c in range(n):
        sheet[NEAREST + begin + c] = MAX_DISTANCE * MAX_DISTANCE
    for a in range(min(arrived, 1024)):
        x, y, z = points.x[a], points.y[a], points.z[a]
        square = x * x + y * y + z * z
        for c in range(n):
            j = begin + c
            along = x * sheet[UX + j] + y * sheet[UY + j] + z * sheet[UZ + j]
            across2 = max(square - along * along, 0.0)
            across2 = across2 if abs(along - sheet[R + j]) < 60.0 else 1e9
            mine = (np.float64(across2).view(np.int64) & -1024) | a
            # Of integers: to store a number only where it is less would make the next reader wait.
            least = min(np.float64(sheet[NEAREST + j]).view(np.int64), mine)
            sheet[NEAREST + j] = np.int64(least).view(np.float64)
    for c in range(n):
        j = begin + c
        sheet[DISTANCE + j] = math.sqrt(
            np.int64(np.float64(sheet[NEAREST + j]).view(np.int64) & -1024).view(np.float64)
        )


@inlined_kernel
def central_part(word, hadronic):
    """E1/E9 of a single shower: its centre is uniform on the face of the highest crystal.

    It falls from 0.87 in the middle of the face to about 0.26 in a corner; hadronic showers are wider and fluctuate.
    """
    bits = np.int64(word)  # three coarse numbers from one word
    u = np.float64(np.int32(bits & 0x7FF)) * 9.765625e-4 - 1.0
    v = np.float64(np.int32((bits >> 11) & 0x7FF)) * 9.765625e-4 - 1.0
    spread = 0.6 + 0.25 * np.float64(np.int32(bits >> 22)) * 9.765625e-4 if hadronic else 0.97
    return max(0.90 * (1.0 - 0.45 * u * u * abs(u)) * (1.0 - 0.45 * v * v * abs(v)) * spread, 0.12)


@inlined_kernel
def find_directions(sheet, n):
    """Fill directions and angles of the first ``n`` clusters."""
    for j in range(n):
        x, y, z = sheet[X + j], sheet[Y + j], sheet[Z + j]
        rho2 = x * x + y * y
        to_unit = 1.0 / sheet[R + j]
        sheet[UX + j], sheet[UY + j], sheet[UZ + j] = x * to_unit, y * to_unit, z * to_unit
        sheet[POLAR + j] = fast_atan2(math.sqrt(rho2), z)
        sheet[AZIMUTH + j] = fast_atan2(y, x)


@inlined_kernel
def find_times(draws, sheet, n, calorimeter):
    """Fill distance, time, its uncertainty and E1/E9 of the first ``n`` showers, and which of them become clusters.

    Weaker showers close by, with a share of the energy, leave less in the centre.
    """
    words, normal = draws.words, draws.normal
    forward, backward = calorimeter.edges[0], calorimeter.edges[5]
    for j in range(n & PLACE):
        sheet[BLUR + j] = gauss(words[3, j], normal)
    for j in range(whole(n)):
        x, y, z = sheet[X + j], sheet[Y + j], sheet[Z + j]
        r = math.sqrt(x * x + y * y + z * z)
        central = central_part(words[0, j], sheet[HADRONIC + j] > 0.5)
        e1e9 = central * (1.0 - 0.6 * sheet[SHARE + j])
        dt99 = timing_error(sheet[E + j], e1e9, calorimeter.timing_slope, calorimeter.timing_floor)
        time = sheet[TIME + j] - r / SPEED_OF_LIGHT + dt99 * (1.0 / 2.5758293) * sheet[BLUR + j]
        sheet[R + j], sheet[CENTRAL + j], sheet[E1E9 + j], sheet[DT99 + j] = r, central, e1e9, dt99
        sheet[TIME + j] = time
        in_time = (sheet[E + j] >= calorimeter.timing_energy) | (abs(time) <= dt99)
        inside = (z <= forward * r) & (z >= backward * r) & (sheet[E + j] >= calorimeter.threshold)
        sheet[WANTED + j] = 1.0 if in_time & inside else 0.0


@inlined_kernel
def list_wanted(sheet, first, events, wanted):
    """List the places of showers that become clusters, without branches that nobody could predict; returns how many.

    ``first`` becomes the first one of each event.
    """
    n = np.int64(0)
    for k in range(events):
        begin, end = first[k], first[k + 1]
        first[k] = n
        for place in range(begin, end):
            wanted[n] = place
            n += np.int64(sheet[WANTED + (place & PLACE)])
    first[events] = n
    return n


@inlined_kernel
def close_up(words, sheet, wanted, n):
    """Move the ``n`` that are listed to the beginning."""
    for i in range(n & PLACE):
        j = wanted[i] & PLACE
        words[1, i], words[2, i] = words[1, j], words[2, j]
        sheet[E + i], sheet[X + i], sheet[Y + i], sheet[Z + i] = (
            sheet[E + j], sheet[X + j], sheet[Y + j], sheet[Z + j],
        )  # fmt: skip
        sheet[TIME + i], sheet[SHARE + i], sheet[HADRONIC + i], sheet[FLIGHT + i] = (
            sheet[TIME + j], sheet[SHARE + j], sheet[HADRONIC + j], sheet[FLIGHT + j],
        )  # fmt: skip
        sheet[R + i], sheet[CENTRAL + i], sheet[E1E9 + i], sheet[DT99 + i] = (
            sheet[R + j], sheet[CENTRAL + j], sheet[E1E9 + j], sheet[DT99 + j],
        )  # fmt: skip


@inlined_kernel
def look_up_clusters(draws, sheet, n, calorimeter):
    """Fill what comes from tables: region, resolutions, and the normal numbers of the shapes."""
    words, normal, tables = draws.words, draws.normal, calorimeter.table
    for j in range(n):
        region = cluster_region(sheet[UZ + j], calorimeter)
        i, f = octave_bin(sheet[E + j], ENERGY_LOW, tables.shape[1])
        low = tables[region_index(region), i]
        high = tables[region_index(region), i + 1]
        sheet[REGION + j] = region
        sheet[SIGMA_E + j] = sheet[E + j] * (low[ENERGY] + f * (high[ENERGY] - low[ENERGY]))
        sheet[SIGMA_THETA + j] = low[THETA] + f * (high[THETA] - low[THETA])
        sheet[SIGMA_PHI + j] = low[PHI] + f * (high[PHI] - low[PHI])
        sheet[WIDER + j] = gauss(words[1, j], normal)
        sheet[PURER + j] = gauss(words[2, j], normal)


@inlined_kernel
def draw_shapes(sheet, n):
    """Fill E9/E21, lateral spread, pulse shape and number of crystals of the first ``n`` clusters.

    Hadronic showers are wider and fluctuate more; their pulse shape is told apart better at higher energy.  Noise of
    the outer crystals widens weak electromagnetic ones; crystals above a few MeV grow with the logarithm of the energy
    and with the width.  All these numbers are assumptions that give the values and separations basf2's documentation
    and arXiv:2007.09642 quote (E9/E21 of photons above 0.9, lateral spread about 0.3).  Weaker showers close by, with a
    share of the energy, make a cluster wider.
    """
    for j in range(n):
        energy, hadronic, share = sheet[E + j], sheet[HADRONIC + j] > 0.5, sheet[SHARE + j]
        wide = 0.10 if hadronic else 0.030 + 0.0025 / (energy + 0.02)
        wide *= fast_exp((0.8 if hadronic else 0.4) * sheet[WIDER + j])
        lat = min(0.62 * (1.0 - sheet[CENTRAL + j]) + 3.0 * wide + 0.6 * share, 0.98)
        # logit of the pulse-shape variable: ± half of the separation, with unit width
        separation = 2.2 + 2.6 * math.sqrt(energy)
        logit = (-0.5 if hadronic else 0.5) * separation + 1.2 * sheet[PURER + j]
        sheet[E9E21 + j] = max(1.0 - wide, 0.3) * (1.0 - 0.5 * share)
        sheet[LAT + j] = lat
        sheet[PULSE + j] = 1.0 / (1.0 + fast_exp(-logit))
        sheet[NUMBER + j] = max(1.0, (9.0 + 3.0 * fast_log(energy / 0.1)) * (0.7 + lat))


@inlined_kernel
def fill_sheet(draws, key, numbers, begin, end, block, who, calorimeter):
    """Draw what the merged showers of a block's events look like as clusters; returns how many become clusters.

    ``who`` is scratch memory.
    """
    sheet, first = block.sheet, block.first
    for k in range(end - begin):
        event, start = np.uint64(numbers[begin + k]), first[k] & PLACE
        for j in range((first[k + 1] - first[k]) & PLACE):
            draws.event[start + j] = event
    n = first[end - begin]
    for j in range(n & PLACE):
        draws.label[j] = np.uint64(sheet[LABEL + j])
        draws.first[j] = np.uint64(sheet[FIRST + j])
    draw_blocks(draws, np.int64(0), n, key, np.int64(0), np.int64(1))
    find_times(draws, sheet, n, calorimeter)
    n = list_wanted(sheet, first, end - begin, who)
    close_up(draws.words, sheet, who, n)
    filled = whole(n)  # what lies behind the last one does no harm
    find_directions(sheet, filled)
    look_up_clusters(draws, sheet, n & PLACE, calorimeter)
    draw_shapes(sheet, filled)
    return n


@inlined_kernel
def match_tracks(sheet, first, last, first_track, points, tracks, match_distance):
    """Match an event's clusters with its tracks: the column ``tracks.cluster`` and the row MATCH are written."""
    for place in range(first, last):
        j = place & PLACE
        sheet[MATCH + j] = -1.0
        if sheet[DISTANCE + j] >= match_distance:
            continue
        track = points.row[np.float64(sheet[NEAREST + j]).view(np.int64) & 1023]
        sheet[MATCH + j] = track - first_track
        old = tracks.cluster[track]
        if old < 0 or sheet[E + ((first + old) & PLACE)] < sheet[E + j]:
            tracks.cluster[track] = place - first


@inlined_kernel
def copy_row(sheet, row, n, column, start):
    """Write a row of ``n`` clusters to a column of the record."""
    for j in range(n & PLACE):
        column[start + np.uint64(j)] = sheet[row + j]


@inlined_kernel
def write_clusters(sheet, n, flights, clusters, start):
    """Write ``n`` clusters to the record, from row ``start`` on, column by column."""
    start = np.uint64(start)  # never negative: numpy's rule for negative indices costs time
    copy_row(sheet, E, n, clusters.E, start)
    copy_row(sheet, POLAR, n, clusters.theta, start)
    copy_row(sheet, AZIMUTH, n, clusters.phi, start)
    copy_row(sheet, R, n, clusters.r, start)
    copy_row(sheet, SIGMA_E, n, clusters.E_error, start)
    copy_row(sheet, SIGMA_THETA, n, clusters.theta_error, start)
    copy_row(sheet, SIGMA_PHI, n, clusters.phi_error, start)
    copy_row(sheet, TIME, n, clusters.timing, start)
    copy_row(sheet, DT99, n, clusters.timing_error, start)
    copy_row(sheet, E1E9, n, clusters.E1E9, start)
    copy_row(sheet, E9E21, n, clusters.E9E21, start)
    copy_row(sheet, LAT, n, clusters.LAT, start)
    copy_row(sheet, PULSE, n, clusters.pulse_shape, start)
    copy_row(sheet, NUMBER, n, clusters.n_crystals, start)
    copy_row(sheet, REGION, n, clusters.region, start)
    copy_row(sheet, DISTANCE, n, clusters.minC2TDist, start)
    copy_row(sheet, MATCH, n, clusters.track, start)
    for j in range(n & PLACE):
        out, flight = start + np.uint64(j), np.int64(sheet[FLIGHT + j])
        clusters.mc[out] = -1 if flight < 0 else flights.mc[flight]
        clusters.mcPDG[out] = 0 if flight < 0 else flights.pdg[flight]


@kernel
def measure_calorimeter(
    draws, stream, key, numbers, begin, end, flights, tracks, clusters, who, block, points, arrivals,
    csi, calorimeter, background,
):  # fmt: skip
    """Clusters of the events from ``begin`` to ``end``; False when their memory is full.

    Reads the flights, writes ``tracks.cluster`` and ``arrivals``.
    """
    sheet, first = block.sheet, block.first
    for i_event in range(begin, end):
        first_track, last_track = tracks.offsets[i_event], tracks.offsets[i_event + 1]
        follow_tracks(
            flights, flights.offsets[i_event], flights.offsets[i_event + 1], first_track, last_track, arrivals
        )
    m = list_arrivals(draws, numbers, begin, end, flights, who, arrivals)
    draw_blocks(draws, np.int64(0), m, key, np.int64(0), np.int64(SLOT_BLOCKS))
    draw_background(draws, whole(m), key, numbers, begin, end, block, background)
    n, j = np.int64(0), 0
    for i_event in range(begin, end):
        k = i_event - begin
        first[k] = n
        fetch_row(clusters, clusters.offsets[begin] + (n >> 1))  # about half of the showers become clusters
        most, last = n + MAX_SHOWERS, flights.offsets[i_event + 1]
        while j < m and who[j] < last:
            if n < most - MAX_SPLIT_OFFS:
                n = flight_showers(draws, j, stream, key, flights, who[j], sheet, n, arrivals, csi, calorimeter)
            j += 1
        column = block.background[k]
        number = min(block.background[k + 1] - column, most - n)
        n = add_background(draws, column, number, sheet, n, background, calorimeter)
        merge_showers(sheet, first[k], (n - first[k]) & PLACE, calorimeter.merging_distance)
    first[end - begin] = n
    if clusters.offsets[begin] + n > clusters.E.shape[0]:
        return False
    n = fill_sheet(draws, key, numbers, begin, end, block, who, calorimeter)
    for i_event in range(begin, end):
        k = i_event - begin
        arrived = track_points(
            flights, tracks.offsets[i_event], tracks.offsets[i_event + 1], arrivals.carrier, points, calorimeter
        )
        first_track = tracks.offsets[i_event]
        find_nearest(sheet, first[k], first[k + 1] - first[k], points, arrived)
        for t in range(first_track, tracks.offsets[i_event + 1]):
            tracks.cluster[t] = -1
        match_tracks(sheet, first[k], first[k + 1], first_track, points, tracks, calorimeter.match_distance)
        clusters.offsets[i_event + 1] = clusters.offsets[begin] + first[k + 1]
    write_clusters(sheet, n, flights, clusters, clusters.offsets[begin])
    return True
