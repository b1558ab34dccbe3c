"""From showers to clusters: overlaps merged, tracks matched, thresholds applied, the record filled."""

import math
from typing import NamedTuple

import numpy as np

from detector.background import background_showers
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
from detector.flight import ORIGIN_DECAY, column
from detector.octaves import octave_bin
from detector.showers import (
    ELECTRON,
    LEAST_MOMENTUM,
    MAX_SHOWERS,
    PHOTON,
    SLOT_BLOCKS,
    STOPPED,
    charged_shower,
    electromagnetic_shower,
    hadronic_shower,
    neutral_passage,
)
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import final_mass
from physics.random import STAGE_CALORIMETER

MAX_DISTANCE = 250.0
"""Largest ``minC2TDist`` [cm] (basf2 ECLVariables.cc)."""


@inlined_kernel
def follow_tracks(flights, first, last, first_track, last_track, arrivals):
    """Fill ``arrivals.origin`` and ``arrivals.carrier`` of an event's tracks.

    The carrier is the track's own flight, or, after a decay in flight, the charged daughter.
    """
    origin, carrier = arrivals.origin, arrivals.carrier
    for row in range(first_track, last_track):
        origin[row] = -1
        carrier[row] = -1
    for i in range(first, last):
        row = first_track + flights.track[i]
        if flights.track[i] < 0 or carrier[row] >= 0:
            continue
        origin[row] = i
        if flights.region[i] > 0:
            carrier[row] = i
            continue
        for j in range(i + 1, last):  # a daughter begins where its mother ended
            if (
                flights.origin[j] == ORIGIN_DECAY
                and flights.charge[j] != 0
                and flights.region[j] > 0
                and flights.mc[j] == flights.mc[i]
                and abs(flights.x0[j] - flights.x[i]) + abs(flights.z0[j] - flights.z[i]) < 1.0
            ):
                carrier[row] = j
                break


@inlined_kernel
def event_showers(draws, stream, key, event, flights, first, last, who, showers, arrivals, csi, calorimeter):
    """Showers of all flights of an event that reach the calorimeter; returns their number."""
    m = 0
    for i in range(first, last):
        arrivals.depth[i] = 0.0
        arrivals.left[i] = 0.0
        if flights.region[i] <= 0:
            continue
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        if px * px + py * py + pz * pz > 9e-6:  # below a few MeV nothing reaches the cluster threshold
            who[m] = i
            draws.label[m] = np.uint64(STAGE_CALORIMETER) | (np.uint64(i - first) << np.uint64(16))
            draws.first[m] = np.uint64(0)
            m += 1
    draw_blocks(draws, m, key, event, np.int64(0), np.int64(SLOT_BLOCKS))
    n = 0
    for j in range(m):
        i = who[j]
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        p = math.sqrt(px * px + py * py + pz * pz)
        f = 1.0 / p
        ux, uy, uz = f * px, f * py, f * pz
        x, y, z, t = flights.x[i], flights.y[i], flights.z[i], flights.t[i]
        pdg = np.int64(flights.pdg[i])
        species = abs(pdg)
        if species in (22, 11):
            if species == 11 and p > LEAST_MOMENTUM:
                arrivals.depth[i] = STOPPED
            kind = np.int64(PHOTON if species == 22 else ELECTRON)
            n = electromagnetic_shower(draws, j, showers, n, p, x, y, z, ux, uy, uz, t, kind, i, calorimeter)
            continue
        mass = final_mass(pdg)
        kinetic = math.sqrt(p * p + mass * mass) - mass
        loss, late = 0.0, 0.0
        if flights.charge[i] != 0:
            n, loss, way = charged_shower(
                draws, j, showers, n, pdg, p, mass, x, y, z, ux, uy, uz, t, i, arrivals, csi, calorimeter
            )
        elif species in (130, 2112):
            way = neutral_passage(draws, j, pdg, p, i, arrivals, calorimeter)
            late = way * (kinetic + mass) / (p * SPEED_OF_LIGHT)
        else:
            continue
        if way >= 0.0:
            n = hadronic_shower(
                draws, j, stream, key, event, showers, n, kinetic - loss, loss, pdg,
                x + way * ux, y + way * uy, z + way * uz, ux, uy, uz, t + late, i, calorimeter,
            )  # fmt: skip
        if p < LEAST_MOMENTUM:
            arrivals.depth[i] = 0.0
    return n


@inlined_kernel
def nearest_shower(points, n, x, y, z):
    """Nearest of the first ``n`` showers (a multiple of 8) of ``points`` and its squared distance.

    Positive numbers are ordered as their bits are; the last ten hold the place, and so the smallest of all is found
    in vector instructions.
    """
    least = np.int64(0x7FFFFFFFFFFFFFFF)
    for a in range(n):
        dx, dy, dz = points.cx[a] - x, points.cy[a] - y, points.cz[a] - z
        least = min(least, (np.float64(dx * dx + dy * dy + dz * dz).view(np.int64) & -1024) | a)
    return least & 1023, np.int64(least & -1024).view(np.float64)


@inlined_kernel
def merge_showers(showers, n, who, points, distance):
    """Merge every shower with a stronger one nearer than ``distance`` [cm]; the stronger one keeps place and shape.

    Returns how many are left; ``who`` names them, ``points`` holds where they are.
    """
    d2 = distance * distance
    for a in range((n + 7) & -8):
        points.cx[a], points.cy[a], points.cz[a] = 1e9, 1e9, 1e9
    left = 0
    for j in range(n):
        s = j
        while left > 0:
            a, least = nearest_shower(points, (left + 7) & -8, showers.x[s], showers.y[s], showers.z[s])
            if least > d2:
                break
            s = merge_pair(showers, who[a], s)
            left -= 1
            who[a] = who[left]
            points.cx[a], points.cy[a], points.cz[a] = points.cx[left], points.cy[left], points.cz[left]
            points.cx[left] = 1e9
        who[left] = s
        points.cx[left], points.cy[left], points.cz[left] = showers.x[s], showers.y[s], showers.z[s]
        left += 1
    return left


@inlined_kernel
def merge_pair(showers, i, j):
    """Merge the weaker of two showers into the stronger one; returns that."""
    strong, weak = (i, j) if showers.E[i] >= showers.E[j] else (j, i)
    total = showers.E[i] + showers.E[j]
    w = showers.E[weak] / total
    showers.x[strong] += w * (showers.x[weak] - showers.x[strong])
    showers.y[strong] += w * (showers.y[weak] - showers.y[strong])
    showers.z[strong] += w * (showers.z[weak] - showers.z[strong])
    showers.share[strong] += w * (1.0 - showers.share[strong])
    showers.E[strong] = total
    return strong


@inlined_kernel
def central_part(word, hadronic):
    """E1/E9 of a single shower: its centre is uniform on the face of the highest crystal.

    It falls from 0.87 in the middle of the face to about 0.26 in a corner; hadronic showers are wider and fluctuate.
    """
    bits = np.int64(word)  # three coarse numbers from one word
    u = np.float64(bits & 0x7FF) * 9.765625e-4 - 1.0
    v = np.float64((bits >> 11) & 0x7FF) * 9.765625e-4 - 1.0
    spread = 0.6 + 0.25 * np.float64(bits >> 22) * 9.765625e-4 if hadronic else 0.97
    return max(0.90 * (1.0 - 0.45 * u * u * abs(u)) * (1.0 - 0.45 * v * v * abs(v)) * spread, 0.12)


@inlined_kernel
def draw_shape(central, width, separation, hadronic, share, b, c, normal):
    """E9/E21, lateral spread and pulse shape of a cluster, from E1/E9 of its strongest shower and two words.

    Hadronic showers are wider and fluctuate more; their pulse shape is told apart better at higher energy (``width``
    and ``separation`` of the calorimeter's tables).  The widths are assumptions that give the values and separations
    basf2's documentation and arXiv:2007.09642 quote (E9/E21 of photons above 0.9, lateral spread about 0.3).
    ``share`` of the energy is that of weaker showers close by: two maxima make a cluster wider.
    """
    wide = (0.10 if hadronic else width) * fast_exp((0.8 if hadronic else 0.4) * gauss(b, normal))
    lat = min(0.62 * (1.0 - central) + 3.0 * wide + 0.6 * share, 0.98)
    # logit of the pulse-shape variable: ±(separation/2) with unit width
    logit = (-0.5 if hadronic else 0.5) * separation + 1.2 * gauss(c, normal)
    return max(1.0 - wide, 0.3) * (1.0 - 0.5 * share), lat, 1.0 / (1.0 + fast_exp(-logit))


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
    """Scratch memory: where an event's tracks and clusters are."""

    x: np.ndarray  # [cm], of tracks
    y: np.ndarray
    z: np.ndarray
    square: np.ndarray  # [cm²]
    row: np.ndarray  # int64
    cx: np.ndarray  # [cm], of showers that may become clusters
    cy: np.ndarray
    cz: np.ndarray
    r: np.ndarray  # [cm]
    theta: np.ndarray
    phi: np.ndarray


def new_points(tracks: int) -> Points:
    """Return scratch memory for events of up to so many tracks."""
    tracks += 16
    kinds = (np.float64,) * 4 + (np.int64,)
    showers = (column(MAX_SHOWERS + 8, np.float64, place + 5) for place in range(6))
    return Points(*(column(tracks, kind, place) for place, kind in enumerate(kinds)), *showers)


@inlined_kernel
def find_angles(points, n):
    """Fill distance and angles of the first ``n`` showers, in a loop that becomes vector instructions."""
    for j in range(n):
        x, y, z = points.cx[j], points.cy[j], points.cz[j]
        rho2 = x * x + y * y
        points.r[j] = math.sqrt(rho2 + z * z)
        points.theta[j] = fast_atan2(math.sqrt(rho2), z)
        points.phi[j] = fast_atan2(y, x)


@inlined_kernel
def fill_clusters(draws, key, event, i_event, flights, who, showers, n, points, arrived, tracks, clusters, calorimeter):
    """Write the clusters of an event behind the others and match them with tracks; False when the memory is full.

    ``tracks`` are the event's tracks from ``tracks.offsets[i_event]``; their column ``cluster`` is written.
    """
    start = clusters.offsets[i_event]
    out = start
    first_track = tracks.offsets[i_event]
    for t in range(first_track, tracks.offsets[i_event + 1]):
        tracks.cluster[t] = -1
    m = 0
    for a in range(n):
        s = who[a]
        if showers.E[s] >= calorimeter.threshold:
            who[m] = s
            draws.label[m] = showers.label[s]
            draws.first[m] = showers.block[s]
            points.cx[m], points.cy[m], points.cz[m] = points.cx[a], points.cy[a], points.cz[a]
            m += 1
    if out + m > clusters.E.shape[0]:
        return False
    draw_blocks(draws, m, key, event, np.int64(0), np.int64(1))
    find_angles(points, m)
    words, normal, tables = draws.words, draws.normal, calorimeter.table
    for j in range(m):
        s = who[j]
        energy, r = showers.E[s], points.r[j]
        to_unit = 1.0 / r
        cosine = points.cz[j] * to_unit
        region = cluster_region(cosine, calorimeter)
        if region == OUTSIDE:
            continue
        hadronic, share = showers.hadronic[s] == 1, showers.share[s]
        central = central_part(words[0, j], hadronic)
        e1e9 = central * (1.0 - 0.6 * share)  # with two maxima there is less in the centre
        dt99 = timing_error(energy, e1e9, calorimeter)
        timing = showers.t[s] - r * (1.0 / SPEED_OF_LIGHT) + dt99 * (1.0 / 2.5758293) * gauss(words[3, j], normal)
        if energy < calorimeter.timing_energy and abs(timing) > dt99:
            continue
        i, f = octave_bin(energy, ENERGY_LOW, tables.shape[1])
        row = region_index(region)
        low, high = tables[row, i], tables[row, i + 1]
        width = low[WIDTH] + f * (high[WIDTH] - low[WIDTH])
        separation = low[SEPARATION] + f * (high[SEPARATION] - low[SEPARATION])
        e9e21, lat, pulse = draw_shape(central, width, separation, hadronic, share, words[1, j], words[2, j], normal)
        clusters.E[out] = energy
        clusters.theta[out] = points.theta[j]
        clusters.phi[out] = points.phi[j]
        clusters.r[out] = r
        clusters.E_error[out] = energy * (low[ENERGY] + f * (high[ENERGY] - low[ENERGY]))
        clusters.theta_error[out] = low[THETA] + f * (high[THETA] - low[THETA])
        clusters.phi_error[out] = low[PHI] + f * (high[PHI] - low[PHI])
        clusters.timing[out] = timing
        clusters.timing_error[out] = dt99
        clusters.E1E9[out] = e1e9
        clusters.E9E21[out] = e9e21
        clusters.LAT[out] = lat
        clusters.pulse_shape[out] = pulse
        # and with the width (assumption)
        clusters.n_crystals[out] = max(1.0, (low[CRYSTALS] + f * (high[CRYSTALS] - low[CRYSTALS])) * (0.7 + lat))
        clusters.region[out] = region
        nearest, d2 = nearest_point(points, arrived, points.cx[j] * to_unit, points.cy[j] * to_unit, cosine, r)
        distance = min(math.sqrt(d2), MAX_DISTANCE)
        clusters.minC2TDist[out] = distance
        clusters.track[out] = -1
        if distance < calorimeter.match_distance:
            track = points.row[nearest]
            clusters.track[out] = track - first_track
            old = tracks.cluster[track]
            if old < 0 or clusters.E[start + old] < energy:
                tracks.cluster[track] = out - start
        flight = showers.flight[s]
        clusters.mc[out] = -1 if flight < 0 else flights.mc[flight]
        clusters.mcPDG[out] = 0 if flight < 0 else flights.pdg[flight]
        out += 1
    clusters.offsets[i_event + 1] = out
    return True


@kernel
def measure_calorimeter(
    draws, stream, key, numbers, begin, flights, tracks, clusters, who, showers, points, arrivals,
    csi, calorimeter, background,
):  # fmt: skip
    """Clusters of the events from ``begin`` on; returns the event it stopped at because their memory was full.

    Reads the flights, writes ``tracks.cluster`` and ``arrivals``.
    """
    for i_event in range(begin, numbers.shape[0]):
        event = np.uint64(numbers[i_event])
        first, last = flights.offsets[i_event], flights.offsets[i_event + 1]
        first_track, last_track = tracks.offsets[i_event], tracks.offsets[i_event + 1]
        follow_tracks(flights, first, last, first_track, last_track, arrivals)
        n = event_showers(draws, stream, key, event, flights, first, last, who, showers, arrivals, csi, calorimeter)
        n = background_showers(draws, key, event, showers, n, background, calorimeter)
        n = merge_showers(showers, n, who, points, calorimeter.merging_distance)
        arrived = track_points(flights, first_track, last_track, arrivals.carrier, points, calorimeter)
        if not fill_clusters(
            draws, key, event, i_event, flights, who, showers, n, points, arrived, tracks, clusters, calorimeter
        ):
            return i_event
    return numbers.shape[0]
