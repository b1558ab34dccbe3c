"""From showers to clusters: overlaps merged, tracks matched, thresholds applied, the record filled."""

import math
from typing import NamedTuple

import numpy as np

from detector.arrivals import flight_showers, follow_tracks, list_arrivals
from detector.background import add_background, draw_background
from detector.calorimeter import (
    CRYSTALS,
    ENERGY,
    ENERGY_LOW,
    OUTSIDE,
    PHI,
    SEPARATION,
    THETA,
    WIDTH,
    cluster_region,
    region_index,
    timing_error,
)
from detector.draws import draw_blocks, gauss
from detector.elementary import fast_atan2, fast_exp
from detector.flight import column
from detector.merging import keep_showers, merge_showers
from detector.octaves import octave_bin
from detector.sheet import (
    AZIMUTH,
    DT99,
    E1E9,
    E9E21,
    FIRST,
    FLIGHT,
    GAUSS,
    HADRONIC,
    LABEL,
    LAT,
    LOGIT,
    MAX_SHOWERS,
    NUMBER,
    PITCH,
    PLACE,
    POLAR,
    PULSE,
    REGION,
    SHARE,
    SIGMA_E,
    SIGMA_PHI,
    SIGMA_THETA,
    TIME,
    UX,
    UY,
    UZ,
    WIDE,
    E,
    R,
    X,
    Y,
    Z,
    whole,
)
from detector.showers import MAX_SPLIT_OFFS, SLOT_BLOCKS
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT

MAX_DISTANCE = 250.0
"""Largest ``minC2TDist`` [cm] (basf2 ECLVariables.cc)."""


@inlined_kernel
def track_points(flights, first_track, last_track, carrier, points, calorimeter):
    """Write (x, y, z, x² + y² + z²) of each track that arrives, three radiation lengths behind the face.

    Returns how many, filled up with points far away to a multiple of 8; ``points.row`` names their tracks.
    """
    arrived = 0
    for row in range(first_track, last_track):
        i = carrier[row]
        if i < 0:
            continue
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        f = 3.0 * calorimeter.radiation_length / max(math.sqrt(px * px + py * py + pz * pz), 1e-6)
        x, y, z = flights.x[i] + f * px, flights.y[i] + f * py, flights.z[i] + f * pz
        points.x[arrived], points.y[arrived], points.z[arrived] = x, y, z
        points.square[arrived] = x * x + y * y + z * z
        points.row[arrived] = row
        arrived += 1
    filled = min((arrived + 7) & -8, 1016)
    for a in range(arrived, filled):
        points.x[a], points.y[a], points.z[a] = 0.0, 0.0, 0.0
        points.square[a] = 1e9
    return filled


@inlined_kernel
def nearest_point(points, n, ux, uy, uz, r):
    """Nearest of ``n`` points (a multiple of 8) to a line of sight, and its squared distance.

    Depths differ from shower to shower: points are compared across the line, if not more than 60 cm from the
    distance ``r`` along it.  Positive numbers are ordered as their bits are; the last ten hold the place, and so the
    smallest of all is found in vector instructions.
    """
    least = np.int64(0x7FFFFFFFFFFFFFFF)
    for a in range(n):
        along = points.x[a] * ux + points.y[a] * uy + points.z[a] * uz
        across2 = max(points.square[a] - along * along, 0.0)
        across2 = across2 if abs(along - r) < 60.0 else 1e9
        least = min(least, (np.float64(across2).view(np.int64) & -1024) | a)
    return least & 1023, np.int64(least & -1024).view(np.float64)


class Points(NamedTuple):
    """Scratch memory: where an event's tracks are."""

    x: np.ndarray  # [cm]
    y: np.ndarray
    z: np.ndarray
    square: np.ndarray  # [cm²]
    row: np.ndarray  # int64


def new_points(tracks: int) -> Points:
    """Return scratch memory for events of up to so many tracks."""
    kinds = (np.float64,) * 4 + (np.int64,)
    return Points(*(column(tracks + 16, kind, place) for place, kind in enumerate(kinds)))


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
    """Fill distances, directions and angles of the first ``n`` showers."""
    for j in range(n):
        x, y, z = sheet[X + j], sheet[Y + j], sheet[Z + j]
        rho2 = x * x + y * y
        r = math.sqrt(rho2 + z * z)
        to_unit = 1.0 / r
        sheet[R + j] = r
        sheet[UX + j], sheet[UY + j], sheet[UZ + j] = x * to_unit, y * to_unit, z * to_unit
        sheet[POLAR + j] = fast_atan2(math.sqrt(rho2), z)
        sheet[AZIMUTH + j] = fast_atan2(y, x)


@inlined_kernel
def look_up_clusters(draws, sheet, n, calorimeter):
    """Fill what comes from tables: region, resolutions and mean shapes, and the normal numbers."""
    words, normal, tables = draws.words, draws.normal, calorimeter.table
    for j in range(n):
        region = cluster_region(sheet[UZ + j], calorimeter)
        i, f = octave_bin(sheet[E + j], ENERGY_LOW, tables.shape[1])
        low = tables[region_index(region), i]
        high = tables[region_index(region), i + 1]
        sheet[REGION + j] = region
        sheet[SIGMA_E + j] = low[ENERGY] + f * (high[ENERGY] - low[ENERGY])
        sheet[SIGMA_THETA + j] = low[THETA] + f * (high[THETA] - low[THETA])
        sheet[SIGMA_PHI + j] = low[PHI] + f * (high[PHI] - low[PHI])
        sheet[NUMBER + j] = low[CRYSTALS] + f * (high[CRYSTALS] - low[CRYSTALS])
        sheet[WIDE + j] = low[WIDTH] + f * (high[WIDTH] - low[WIDTH])
        sheet[LOGIT + j] = low[SEPARATION] + f * (high[SEPARATION] - low[SEPARATION])
        for k in range(1, 4):
            sheet[GAUSS + k * PITCH + j] = gauss(words[k, j], normal)


@inlined_kernel
def draw_shapes(words, sheet, n, timing_slope, timing_floor):
    """Fill time, E1/E9, E9/E21, lateral spread, pulse shape and number of crystals of the first ``n`` clusters.

    Hadronic showers are wider and fluctuate more; their pulse shape is told apart better at higher energy.  The widths
    are assumptions that give the values and separations basf2's documentation and arXiv:2007.09642 quote (E9/E21 of
    photons above 0.9, lateral spread about 0.3).  Weaker showers close by, with a share of the energy, make a cluster
    wider, with less in the centre.
    """
    for j in range(n):
        hadronic, share = sheet[HADRONIC + j] > 0.5, sheet[SHARE + j]
        central = central_part(words[0, j], hadronic)
        e1e9 = central * (1.0 - 0.6 * share)
        dt99 = timing_error(sheet[E + j], e1e9, timing_slope, timing_floor)
        wide = 0.10 if hadronic else sheet[WIDE + j]
        wide *= fast_exp((0.8 if hadronic else 0.4) * sheet[GAUSS + PITCH + j])
        lat = min(0.62 * (1.0 - central) + 3.0 * wide + 0.6 * share, 0.98)
        # logit of the pulse-shape variable: ±(separation/2) with unit width
        logit = (-0.5 if hadronic else 0.5) * sheet[LOGIT + j] + 1.2 * sheet[GAUSS + 2 * PITCH + j]
        sheet[E1E9 + j] = e1e9
        sheet[DT99 + j] = dt99
        sheet[TIME + j] += dt99 * (1.0 / 2.5758293) * sheet[GAUSS + 3 * PITCH + j] - sheet[R + j] / SPEED_OF_LIGHT
        sheet[E9E21 + j] = max(1.0 - wide, 0.3) * (1.0 - 0.5 * share)
        sheet[LAT + j] = lat
        sheet[PULSE + j] = 1.0 / (1.0 + fast_exp(-logit))
        # and with the width (assumption)
        sheet[NUMBER + j] = max(1.0, sheet[NUMBER + j] * (0.7 + lat))


@inlined_kernel
def fill_sheet(draws, key, numbers, begin, end, block, calorimeter):
    """Draw what the merged showers of a block's events look like as clusters."""
    sheet = block.sheet
    for k in range(end - begin):
        event = np.uint64(numbers[begin + k])
        for j in range(block.kept[k], block.kept[k + 1]):
            i = j & PLACE
            draws.event[i] = event
            draws.label[i] = np.uint64(sheet[LABEL + i])
            draws.first[i] = np.uint64(sheet[FIRST + i])
    n = block.kept[end - begin]
    draw_blocks(draws, np.int64(0), n, key, np.int64(0), np.int64(1))
    filled = whole(n)  # what lies behind the last one does no harm
    find_directions(sheet, filled)
    look_up_clusters(draws, sheet, n & PLACE, calorimeter)
    draw_shapes(draws.words, sheet, filled, calorimeter.timing_slope, calorimeter.timing_floor)


@inlined_kernel
def write_clusters(i_event, sheet, first, last, flights, points, arrived, tracks, clusters, calorimeter):
    """Write an event's clusters behind the others and match them with its tracks, whose column ``cluster`` is
    written.
    """
    start = clusters.offsets[i_event]
    out = np.uint64(start)  # never negative: numpy's rule for negative indices costs time
    first_track = tracks.offsets[i_event]
    for t in range(first_track, tracks.offsets[i_event + 1]):
        tracks.cluster[t] = -1
    for place in range(first, last):
        j = place & PLACE
        energy, timing, dt99, region = sheet[E + j], sheet[TIME + j], sheet[DT99 + j], np.int64(sheet[REGION + j])
        late = energy < calorimeter.timing_energy and abs(timing) > dt99
        if late or region == OUTSIDE:
            continue
        clusters.E[out] = energy
        clusters.theta[out] = sheet[POLAR + j]
        clusters.phi[out] = sheet[AZIMUTH + j]
        clusters.r[out] = sheet[R + j]
        clusters.E_error[out] = energy * sheet[SIGMA_E + j]
        clusters.theta_error[out] = sheet[SIGMA_THETA + j]
        clusters.phi_error[out] = sheet[SIGMA_PHI + j]
        clusters.timing[out] = timing
        clusters.timing_error[out] = dt99
        clusters.E1E9[out] = sheet[E1E9 + j]
        clusters.E9E21[out] = sheet[E9E21 + j]
        clusters.LAT[out] = sheet[LAT + j]
        clusters.pulse_shape[out] = sheet[PULSE + j]
        clusters.n_crystals[out] = sheet[NUMBER + j]
        clusters.region[out] = region
        nearest, d2 = nearest_point(points, arrived, sheet[UX + j], sheet[UY + j], sheet[UZ + j], sheet[R + j])
        distance = min(math.sqrt(d2), MAX_DISTANCE)
        clusters.minC2TDist[out] = distance
        clusters.track[out] = -1
        if distance < calorimeter.match_distance:
            track = points.row[nearest]
            clusters.track[out] = track - first_track
            old = tracks.cluster[track]
            if old < 0 or clusters.E[start + old] < energy:
                tracks.cluster[track] = np.int64(out) - start
        flight = np.int64(sheet[FLIGHT + j])
        clusters.mc[out] = -1 if flight < 0 else flights.mc[flight]
        clusters.mcPDG[out] = 0 if flight < 0 else flights.pdg[flight]
        out += np.uint64(1)
    clusters.offsets[i_event + 1] = out


@kernel
def measure_calorimeter(
    draws, stream, key, numbers, begin, end, flights, tracks, clusters, who, block, points, arrivals,
    csi, calorimeter, background,
):  # fmt: skip
    """Clusters of the events from ``begin`` to ``end``; False when their memory is full.

    Reads the flights, writes ``tracks.cluster`` and ``arrivals``.
    """
    showers = block.showers
    for i_event in range(begin, end):
        first_track, last_track = tracks.offsets[i_event], tracks.offsets[i_event + 1]
        follow_tracks(
            flights, flights.offsets[i_event], flights.offsets[i_event + 1], first_track, last_track, arrivals
        )
    m = list_arrivals(draws, numbers, begin, end, flights, who, arrivals)
    draw_blocks(draws, np.int64(0), m, key, np.int64(0), np.int64(SLOT_BLOCKS))
    draw_background(draws, whole(m), key, numbers, begin, end, block, background)
    kept, j = np.int64(0), 0
    for i_event in range(begin, end):
        k = i_event - begin
        block.kept[k] = kept
        n, last = np.int64(0), flights.offsets[i_event + 1]
        while j < m and who[j] < last:
            if n < MAX_SHOWERS - MAX_SPLIT_OFFS:
                n = flight_showers(draws, j, stream, key, flights, who[j], showers, n, arrivals, csi, calorimeter)
            j += 1
        column = block.background[k]
        number = min(block.background[k + 1] - column, MAX_SHOWERS - n)
        n = add_background(draws, column, number, showers, n, background, calorimeter)
        merge_showers(showers, n & PLACE, calorimeter.merging_distance)
        kept = keep_showers(showers, n & PLACE, block.sheet, kept, calorimeter.threshold)
    n = kept
    block.kept[end - begin] = n
    if clusters.offsets[begin] + n > clusters.E.shape[0]:
        return False
    fill_sheet(draws, key, numbers, begin, end, block, calorimeter)
    for i_event in range(begin, end):
        k = i_event - begin
        arrived = track_points(
            flights, tracks.offsets[i_event], tracks.offsets[i_event + 1], arrivals.carrier, points, calorimeter
        )
        write_clusters(
            i_event, block.sheet, block.kept[k], block.kept[k + 1], flights, points, arrived, tracks, clusters,
            calorimeter,
        )  # fmt: skip
    return True
