"""Neutral particles fly straight to the calorimeter; photons may convert and K_L decay on the way."""

import math

import numpy as np

from detector.crossing import SILICON, launch, walk
from detector.flight import REGION_BACKWARD, REGION_BARREL, REGION_FORWARD, REGION_NONE, SECONDARY_STREAMS
from detector.helix import arc_to_radius
from detector.lanes import (
    ARC,
    CHARGE,
    COS_LAMBDA,
    D0,
    END,
    LANES,
    LIMIT,
    MASS,
    MATTER,
    MET,
    OMEGA,
    PX,
    PY,
    PZ,
    START,
    TAN_LAMBDA,
    Z0,
    X,
    Y,
    Z,
)
from detector.secondaries import conversion_rate, convert, decay, mean_flight
from physics.jit import kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import PION_MASS, final_mass
from physics.random import STAGE_MATERIAL, exponential, open_stream

STIFF = 1e6
"""Momentum [GeV] of the fictitious particle whose helix is a photon's straight way."""


@kernel
def land_neutral(entry, length, region, energy, p):
    """Write where a neutral's flight ends."""
    scale = length / p
    entry.region = region
    entry.x_end, entry.y_end = entry.x + scale * entry.px, entry.y + scale * entry.py
    entry.z_end = entry.z + scale * entry.pz
    entry.t_end = entry.t + length * energy / (p * SPEED_OF_LIGHT)
    entry.px_end, entry.py_end, entry.pz_end = entry.px, entry.py, entry.pz
    entry.path = length


@kernel
def fly_neutral(stream, tracker, entries, e, n):
    """Fly neutral entry ``e`` straight on; K_L may decay. Returns the number of entries.

    A photon that may convert keeps in ``depth`` after how many radiation lengths; the others infinity.
    """
    entry = entries[e]
    px, py, pz = entry.px, entry.py, entry.pz
    x, y, z = entry.x, entry.y, entry.z
    photon = entry.pdg == 22
    mass = 0.0 if photon else max(final_mass(entry.pdg), 0.0)
    p = math.sqrt(px * px + py * py + pz * pz)
    energy = math.sqrt(p * p + mass * mass)
    inverse = 1.0 / p
    ux, uy, uz = px * inverse, py * inverse, pz * inverse
    envelope, processes = tracker.envelope, tracker.processes
    sine2 = ux * ux + uy * uy
    # Distance to the barrel cylinder, then to the end plane.
    b = x * ux + y * uy
    gap = envelope.radius * envelope.radius - x * x - y * y
    region = REGION_BARREL
    length = 1e9
    if sine2 > 1e-12:
        length = (math.sqrt(max(b * b + sine2 * gap, 0.0)) - b) / sine2
    end_z = z + length * uz
    if end_z > envelope.forward_z or end_z < envelope.backward_z:
        forward = end_z > envelope.forward_z
        length = ((envelope.forward_z if forward else envelope.backward_z) - z) / uz
        r2 = (x + length * ux) ** 2 + (y + length * uy) ** 2
        hole = envelope.forward_hole if forward else envelope.backward_hole
        region = REGION_NONE
        if r2 >= hole * hole:
            region = REGION_FORWARD if forward else REGION_BACKWARD
    entry.depth = np.inf
    if photon:
        rate = 7.0 / 9.0 * conversion_rate(energy) * processes.conversion
        thickness = exponential(stream)
        # Bound on the matter on the way: most photons need no walk.
        if sine2 > 1e-6 and thickness * thickness * max(sine2, 0.0025) < (rate * tracker.matter) ** 2:
            entry.depth = thickness / rate
    elif entry.pdg == 130 and processes.decay_in_flight > 0.0:
        path = exponential(stream) * mean_flight(entry.pdg, p) / processes.decay_in_flight
        if path < length:
            length = path
            region = REGION_NONE
            time = entry.t + length * energy / (p * SPEED_OF_LIGHT)
            n = decay(
                stream, entries, n, entry.pdg, x + length * ux, y + length * uy, z + length * uz, time, px, py, pz
            )
    land_neutral(entry, length, region, energy, p)
    return n


@kernel
def convert_group(stream, key, numbers, tracker, lanes, entries, n, m):
    """Convert those of the ``m`` photons in the lanes that meet enough matter; returns the number of entries.

    The straight way is the helix of a fictitious particle a million times stiffer.
    """
    track = lanes.track
    for lane in range(LANES):
        entry = entries[lanes.entry[min(lane, m - 1)]]
        stiff = STIFF / math.sqrt(entry.px * entry.px + entry.py * entry.py + entry.pz * entry.pz)
        track[X + lane], track[Y + lane], track[Z + lane] = entry.x, entry.y, entry.z
        track[PX + lane], track[PY + lane], track[PZ + lane] = stiff * entry.px, stiff * entry.py, stiff * entry.pz
        track[CHARGE + lane], track[MASS + lane] = 1.0, PION_MASS
        track[LIMIT + lane] = np.inf
    launch(track, tracker.envelope, tracker.field)
    for lane in range(LANES):
        path = entries[lanes.entry[min(lane, m - 1)]].path
        track[END + lane] = track[START + lane] + path * track[COS_LAMBDA + lane]
    walk(tracker, lanes, SILICON)
    for lane in range(m):
        e = lanes.entry[lane]
        entry = entries[e]
        way = _way_to_depth(tracker, lanes, lane, entry.depth)
        if way < 0.0:
            continue
        energy = math.sqrt(entry.px * entry.px + entry.py * entry.py + entry.pz * entry.pz)
        land_neutral(entry, way, REGION_NONE, energy, energy)
        substream = entry.mc + SECONDARY_STREAMS * entry.number
        open_stream(stream, key, numbers[entry.event], STAGE_MATERIAL, SECONDARY_STREAMS * 32 + substream)
        entry.first_child = n
        n = convert(
            stream, entries, n, energy, entry.x_end, entry.y_end, entry.z_end, entry.t_end,
            entry.px / energy, entry.py / energy, entry.pz / energy,
        )  # fmt: skip
        entry.children = n - entry.first_child
    return n


@kernel
def _way_to_depth(tracker, lanes, lane, depth):
    """Length [cm] after which a walked lane has passed ``depth`` radiation lengths; −1 if there is less matter."""
    track, layers, chamber = lanes.track, tracker.surfaces.layer, tracker.chamber
    start, cos_lambda = track[START + lane], track[COS_LAMBDA + lane]
    total = 0.0
    n = layers.shape[0]
    for i in range(n):
        here = lanes.surface[i]
        if here[MET + lane] == 0.0:
            continue
        total += here[MATTER + lane]
        if total > depth:
            return (lanes.point[i][ARC + lane] - start) / cos_lambda
    d0, omega, tan_lambda = track[D0 + lane], track[OMEGA + lane], track[TAN_LAMBDA + lane]
    inner = max(arc_to_radius(d0, omega, layers[n - 1].radius), start)
    outer = arc_to_radius(d0, omega, chamber.outer_radius)
    z = track[Z0 + lane] + outer * tan_lambda
    last = chamber.layer[chamber.layer.shape[0] - 1]
    if not last.backward_z <= z <= last.forward_z:
        return -1.0
    gas = (outer - inner) / cos_lambda
    if gas > 0.0 and total + gas * chamber.gas.x0 > depth:
        return (inner - start) / cos_lambda + (depth - total) / chamber.gas.x0
    if outer > start and total + max(gas, 0.0) * chamber.gas.x0 + chamber.outer_wall.x0 / cos_lambda > depth:
        return (outer - start) / cos_lambda
    return -1.0
