"""What an event leaves in the K_L and muon detector: layers crossed by each flight, and clusters.

The passage of one particle is in :mod:`detector.klm`; here it is done for all flights of an event, clusters are
made of the hits and matched with tracks and calorimeter clusters.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.klm import bend_to_coil, klm_entry, penetrate
from detector.record import KLMClusters
from physics.jit import kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import final_mass
from physics.random import STAGE_KLM, normal, open_stream


class Passages(NamedTuple):
    """Scratch memory: how each flight of an event went through the muon system."""

    region: np.ndarray  # int64, 0 where the flight does not point to it
    inner: np.ndarray  # int64, first layer with a hit, from 1
    outer: np.ndarray  # int64
    hits: np.ndarray  # int64
    cosine: np.ndarray  # float64, of the incidence on the layers
    scatter: np.ndarray  # float64, χ²/ndf of the hits about the track
    x: np.ndarray  # float64 [cm], middle of the hits (first layer where there are none)
    y: np.ndarray
    z: np.ndarray


def new_passages(flights: int) -> Passages:
    """Return scratch memory for events of up to ``flights`` flights."""
    return Passages(*(np.zeros(flights, np.int64) for _ in range(4)), *(np.zeros(flights) for _ in range(5)))


def new_klm_clusters(capacity: int, events: int) -> KLMClusters:
    """Return memory for ``capacity`` clusters of ``events`` events (``offsets[0] = 0``)."""
    reals = ("x", "y", "z", "timing")
    return KLMClusters(
        np.zeros(events + 1, np.int64),
        *(np.zeros(capacity, np.float64 if name in reals else np.int32) for name in KLMClusters._fields[1:]),
    )


def grown_klm_clusters(klm_clusters: KLMClusters) -> KLMClusters:
    """Return a copy with twice the capacity."""
    larger = new_klm_clusters(2 * len(klm_clusters.x), len(klm_clusters.offsets) - 1)
    for old, new in zip(klm_clusters, larger, strict=True):
        new[: len(old)] = old
    return larger


def trimmed_klm_clusters(klm_clusters: KLMClusters) -> KLMClusters:
    """Return views of the filled part."""
    n = klm_clusters.offsets[-1]
    return KLMClusters(klm_clusters.offsets, *(column[:n] for column in klm_clusters[1:]))


@kernel
def pass_flight(stream, flights, i, k, depths, left, passages, klm, iron):
    """Passage of flight ``i`` (index ``k`` in the event) through the muon system."""
    passages.region[k] = 0
    passages.inner[k] = 0
    passages.outer[k] = 0
    passages.hits[k] = 0
    passages.scatter[k] = 1.0
    pdg = np.int64(flights.pdg[i])
    species = abs(pdg)
    mass = final_mass(pdg)
    if flights.region[i] <= 0 or species in (22, 11) or mass <= 0.0:
        return
    px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
    p = math.sqrt(px * px + py * py + pz * pz)
    if p < 0.3:  # GeV; ranges out in crystals and coil
        return
    charge = np.int64(flights.charge[i])
    x, y, z, ux, uy, uz = bend_to_coil(flights.x[i], flights.y[i], flights.z[i], px / p, py / p, pz / p, charge, p, klm)
    region, distance, cosine = klm_entry(x, y, z, ux, uy, uz, klm)
    passages.region[k] = region
    passages.cosine[k] = cosine
    passages.x[k], passages.y[k], passages.z[k] = x + distance * ux, y + distance * uy, z + distance * uz
    if region == 0:
        return
    kinetic = math.sqrt(p * p + mass * mass) - mass
    inner, outer, hits, scatter = penetrate(stream, pdg, charge, left[k], depths[k], kinetic, region, cosine, klm, iron)
    passages.inner[k] = inner
    passages.outer[k] = outer
    passages.hits[k] = hits
    passages.scatter[k] = scatter
    if hits > 0:
        blur = klm.position / math.sqrt(hits)
        if charge == 0 or depths[k] < 0.0:
            blur = klm.shower_position
        way = distance + (0.5 * (inner + outer) - 1.0) * klm.pitch / cosine
        passages.x[k] = x + way * ux + blur * normal(stream)
        passages.y[k] = y + way * uy + blur * normal(stream)
        passages.z[k] = z + way * uz + blur * normal(stream)


@kernel
def _angle2(ax, ay, az, bx, by, bz):
    """Squared angle (small angles) between two directions."""
    cross_x, cross_y, cross_z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    dot = ax * bx + ay * by + az * bz
    if dot <= 0.0:
        return 9.0
    return (cross_x * cross_x + cross_y * cross_y + cross_z * cross_z) / (dot * dot)


@kernel
def measure_klm(
    stream, key, event, i_event, flights, tracks, clusters, klm_clusters, depths, left, carrier, passages, klm, iron
):
    """Muon-system clusters of event ``i_event`` behind the others; False when their memory is full.

    Fills ``passages`` for every flight and the tracks' column ``klm``.
    """
    first, last = flights.offsets[i_event], flights.offsets[i_event + 1]
    first_track = tracks.offsets[i_event]
    n_tracks = tracks.offsets[i_event + 1] - first_track
    for t in range(n_tracks):
        tracks.klm[first_track + t] = -1
    start = klm_clusters.offsets[i_event]
    out = start
    for i in range(first, last):
        k = i - first
        open_stream(stream, key, event, STAGE_KLM, k)
        pass_flight(stream, flights, i, k, depths, left, passages, klm, iron)
        if passages.hits[k] < klm.minimum_layers:
            continue
        if out >= klm_clusters.x.shape[0]:
            return False
        x, y, z = passages.x[k], passages.y[k], passages.z[k]
        klm_clusters.x[out], klm_clusters.y[out], klm_clusters.z[out] = x, y, z
        late = math.sqrt(x * x + y * y + z * z) / SPEED_OF_LIGHT
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        p2 = px * px + py * py + pz * pz
        mass = final_mass(np.int64(flights.pdg[i]))
        slowness = math.sqrt(1.0 + mass * mass / p2)
        way = math.sqrt((x - flights.x[i]) ** 2 + (y - flights.y[i]) ** 2 + (z - flights.z[i]) ** 2)
        t = flights.t[i] + way * slowness / SPEED_OF_LIGHT
        klm_clusters.timing[out] = t - late + klm.timing * normal(stream)
        klm_clusters.layers[out] = passages.hits[k]
        klm_clusters.innermost_layer[out] = passages.inner[k]
        klm_clusters.track[out] = -1
        klm_clusters.cluster[out] = -1
        klm_clusters.mc[out] = flights.mc[i]
        klm_clusters.mcPDG[out] = flights.pdg[i]
        out += 1
    klm_clusters.offsets[i_event + 1] = out
    if out == start:
        return True
    limit = klm.match_angle * klm.match_angle
    first_cluster, last_cluster = clusters.offsets[i_event], clusters.offsets[i_event + 1]
    for c in range(start, out):
        x, y, z = klm_clusters.x[c], klm_clusters.y[c], klm_clusters.z[c]
        best = limit
        for t in range(n_tracks):
            k = carrier[t]
            if k < 0 or passages.region[k] == 0:
                continue
            a = _angle2(x, y, z, passages.x[k], passages.y[k], passages.z[k])
            if a < best:
                best = a
                klm_clusters.track[c] = t
        t = klm_clusters.track[c]
        if t >= 0 and tracks.klm[first_track + t] < 0:
            tracks.klm[first_track + t] = c - start
        best = limit
        for e in range(first_cluster, last_cluster):
            s = math.sin(clusters.theta[e])
            a = _angle2(
                x, y, z, s * math.cos(clusters.phi[e]), s * math.sin(clusters.phi[e]), math.cos(clusters.theta[e])
            )
            if a < best:
                best = a
                klm_clusters.cluster[c] = e - first_cluster
    return True
