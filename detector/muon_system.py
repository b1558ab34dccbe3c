"""What an event leaves in the K_L and muon detector: layers crossed by each flight, and clusters.

The passage of one particle is in :mod:`detector.klm`; here it is done for all flights of an event, clusters are
made of the hits and matched with tracks and calorimeter clusters.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.draws import draw_blocks, draw_more, gauss, name_stream
from detector.klm import BLUR_ROW, TIMING_ROW, bend_to_coil, klm_entry, layers_hit, layers_reached
from physics.elementary import fast_atan2
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.memory import side_by_side
from physics.particles import final_mass
from physics.random import STAGE_KLM

SLICE = 128
"""Passages that are done together."""
PITCH = SLICE + 8
X, Y, Z, UX, UY, UZ, RIGIDITY, REGION, COSINE = (np.int64(PITCH * i) for i in range(9))
"""Rows of a sheet with one column for each passage: point [cm], direction, charge over momentum [1/GeV]; region (0 for
none) of the muon system that it meets, and cosine of the incidence.
"""


def new_passage_sheet() -> np.ndarray:
    """Return the sheet's memory."""
    return np.ones(9 * PITCH)


class Passages(NamedTuple):
    """How each track went through the muon system, for all events of a chunk."""

    region: np.ndarray  # int64, 0 where the track does not point to it
    outer: np.ndarray  # int64, last layer with a hit, from 1
    hits: np.ndarray  # int64
    cosine: np.ndarray  # float64, of the incidence on the layers
    scatter: np.ndarray  # float64, χ²/ndf of the hits about the track
    x: np.ndarray  # float64 [cm], middle of the hits (first layer where there are none)
    y: np.ndarray
    z: np.ndarray


def new_passages(tracks: int) -> Passages:
    """Return memory for the tracks of a chunk."""
    kinds = (np.int64,) * 3 + (np.float64,) * 5
    return Passages(*side_by_side(*((tracks, kind) for kind in kinds)))


@inlined_kernel
def _angle2(ax, ay, az, bx, by, bz):
    """Squared angle (small angles) between two directions."""
    cross_x, cross_y, cross_z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    dot = ax * bx + ay * by + az * bz
    if dot <= 0.0:
        return 9.0
    return (cross_x * cross_x + cross_y * cross_y + cross_z * cross_z) / (dot * dot)


@inlined_kernel
def list_passages(draws, numbers, begin, end, flights, tracks, who, carried, arrivals, passages):
    """List the flights of the events from ``begin`` to ``end`` that get behind the crystals; returns how many.

    ``carried`` holds for each flight of these events the track it carries on, −1 for none.
    """
    base = flights.offsets[begin]
    m = 0
    for i_event in range(begin, end):
        first = flights.offsets[i_event]
        for i in range(first, flights.offsets[i_event + 1]):
            carried[i - base] = -1
            if arrivals.depth[i] != 0.0:
                who[m] = i
                name_stream(draws, m, np.uint64(numbers[i_event]), STAGE_KLM, i - first)
                m += 1
    for row in range(tracks.offsets[begin], tracks.offsets[end]):
        tracks.klm[row] = -1
        passages.region[row] = 0
        if arrivals.carrier[row] >= 0:
            carried[arrivals.carrier[row] - base] = row
    return m


@inlined_kernel
def reach_klm(sheet, who, first, n, flights, klm):
    """Take the flights ``who[first]`` … from the calorimeter's face to the first layer of the muon system."""
    for t in range(n):
        i = np.uint64(who[first + t])  # never negative: numpy's rule for those costs time
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        f = 1.0 / math.sqrt(px * px + py * py + pz * pz)
        sheet[X + t], sheet[Y + t], sheet[Z + t] = flights.x[i], flights.y[i], flights.z[i]
        sheet[UX + t], sheet[UY + t], sheet[UZ + t] = f * px, f * py, f * pz
        sheet[RIGIDITY + t] = f * flights.charge[i]
    for t in range((n + 7) & 0xF8):  # whole vectors
        x, y, z, ux, uy, uz = bend_to_coil(
            sheet[X + t], sheet[Y + t], sheet[Z + t], sheet[UX + t], sheet[UY + t], sheet[UZ + t],
            sheet[RIGIDITY + t], klm,
        )  # fmt: skip
        region, distance, cosine = klm_entry(x, y, z, ux, uy, uz, klm)
        sheet[X + t], sheet[Y + t], sheet[Z + t] = x + distance * ux, y + distance * uy, z + distance * uz
        sheet[UX + t], sheet[UY + t], sheet[UZ + t] = ux, uy, uz
        sheet[REGION + t], sheet[COSINE + t] = region, cosine


@inlined_kernel
def pass_klm(draws, first, key, sheet, t, flights, i, row, klm_clusters, out, arrivals, passages, klm, iron):
    """Passage ``t`` of the sheet, that of flight ``i``; ``row`` is the track it carries or −1.

    Its cluster, without matches, is number ``out``; returns the number of clusters then.
    """
    words, normal, j = draws.words, draws.normal, first + t
    region, cosine = np.int64(sheet[REGION + t]), sheet[COSINE + t]
    if region == 0:
        return out
    pdg, charge = np.int64(flights.pdg[i]), np.int64(flights.charge[i])
    px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
    p = math.sqrt(px * px + py * py + pz * pz)
    mass = final_mass(pdg)
    energy = math.sqrt(p * p + mass * mass)
    depth = arrivals.depth[i]
    begin, end, showered = layers_reached(
        words, normal, j, pdg, charge, arrivals.left[i], depth, energy - mass, region, cosine, klm, iron
    )
    inner, outer, hits, scatter = 0, 0, 0, 1.0
    if end > 0:  # few get so far
        draw_more(draws, j, key, np.int64(1), np.int64(4))
        inner, outer, hits, scatter = layers_hit(words, normal, j, begin, end, showered, klm)
    x, y, z, ux, uy, uz = sheet[X + t], sheet[Y + t], sheet[Z + t], sheet[UX + t], sheet[UY + t], sheet[UZ + t]
    if hits > 0:
        blur = klm.shower_position if charge == 0 or depth < 0.0 else klm.position / math.sqrt(hits)
        way = (0.5 * (inner + outer) - 1.0) * klm.pitch / cosine
        x += way * ux + blur * gauss(words[BLUR_ROW, j], normal)
        y += way * uy + blur * gauss(words[BLUR_ROW + 1, j], normal)
        z += way * uz + blur * gauss(words[BLUR_ROW + 2, j], normal)
    if row >= 0:
        passages.region[row] = region
        passages.outer[row] = outer
        passages.hits[row] = hits
        passages.cosine[row] = cosine
        passages.scatter[row] = scatter
        passages.x[row], passages.y[row], passages.z[row] = x, y, z
    if hits < klm.minimum_layers:
        return out
    klm_clusters.x[out], klm_clusters.y[out], klm_clusters.z[out] = x, y, z
    late = math.sqrt(x * x + y * y + z * z) / SPEED_OF_LIGHT
    way = math.sqrt((x - flights.x[i]) ** 2 + (y - flights.y[i]) ** 2 + (z - flights.z[i]) ** 2)
    arrival = flights.t[i] + way * energy / (p * SPEED_OF_LIGHT)
    klm_clusters.timing[out] = arrival - late + klm.timing * gauss(words[TIMING_ROW, j], normal)
    klm_clusters.layers[out] = hits
    klm_clusters.innermost_layer[out] = inner
    klm_clusters.track[out] = -1
    klm_clusters.cluster[out] = -1
    klm_clusters.mc[out] = flights.mc[i]
    klm_clusters.mcPDG[out] = flights.pdg[i]
    return out + 1


@inlined_kernel
def match_klm(i_event, tracks, clusters, klm_clusters, passages, klm):
    """Match the muon-system clusters of an event with its tracks and calorimeter clusters."""
    start = klm_clusters.offsets[i_event]
    first_track, last_track = tracks.offsets[i_event], tracks.offsets[i_event + 1]
    first_cluster, last_cluster = clusters.offsets[i_event], clusters.offsets[i_event + 1]
    limit = klm.match_angle * klm.match_angle
    for c in range(start, klm_clusters.offsets[i_event + 1]):
        x, y, z = klm_clusters.x[c], klm_clusters.y[c], klm_clusters.z[c]
        best, nearest = limit, -1
        for row in range(first_track, last_track):
            if passages.region[row] == 0:
                continue
            a = _angle2(x, y, z, passages.x[row], passages.y[row], passages.z[row])
            if a < best:
                best, nearest = a, row
        if nearest >= 0:
            klm_clusters.track[c] = nearest - first_track
            if tracks.klm[nearest] < 0:
                tracks.klm[nearest] = c - start
        best = limit
        rho = math.sqrt(x * x + y * y)
        theta, phi = fast_atan2(rho, z), fast_atan2(y, x)
        stretch = rho * rho / (x * x + y * y + z * z)  # sin²θ
        for e in range(first_cluster, last_cluster):
            d_theta = clusters.theta[e] - theta
            if abs(d_theta) > klm.match_angle:
                continue
            d_phi = abs(clusters.phi[e] - phi)
            d_phi = min(d_phi, 2.0 * math.pi - d_phi)
            a = d_theta * d_theta + stretch * d_phi * d_phi
            if a < best:
                best = a
                klm_clusters.cluster[c] = e - first_cluster


@kernel
def measure_klm(
    draws, key, numbers, begin, end, flights, tracks, clusters, klm_clusters, who, carried, sheet, arrivals, passages,
    klm, iron,
):  # fmt: skip
    """Muon-system clusters of the events from ``begin`` to ``end``; False when their memory is full.

    Fills ``passages`` and the tracks' column ``klm``.
    """
    m = list_passages(draws, numbers, begin, end, flights, tracks, who, carried, arrivals, passages)
    out = klm_clusters.offsets[begin]
    if out + m > klm_clusters.x.shape[0]:
        return False
    draw_blocks(draws, np.int64(0), m, key, np.int64(0), np.int64(1))
    i_event = begin
    for first in range(0, m, SLICE):
        n = min(m - first, SLICE)
        reach_klm(sheet, who, first, n, flights, klm)
        for t in range(n):
            i = who[first + t]
            while flights.offsets[i_event + 1] <= i:
                i_event += 1
                klm_clusters.offsets[i_event] = out
            row = carried[i - flights.offsets[begin]]
            out = pass_klm(
                draws, first, key, sheet, t, flights, i, row, klm_clusters, out, arrivals, passages, klm, iron
            )
    for event in range(i_event, end):
        klm_clusters.offsets[event + 1] = out
    for event in range(begin, end):
        match_klm(event, tracks, clusters, klm_clusters, passages, klm)
    return True
