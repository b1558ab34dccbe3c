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
    ENERGY,
    HELP0,
    HELP1,
    HELP2,
    LANES,
    LIMIT,
    MASS,
    MATTER,
    MET,
    MOMENTUM,
    OMEGA,
    PX,
    PY,
    PZ,
    REGION,
    START,
    TAN_LAMBDA,
    Z0,
    X,
    Y,
    Z,
    draw_bits,
    lane_kernel,
    select,
    to_uniform,
)
from detector.secondaries import K_LONG_CTAU, conversion_rate, convert, decay
from physics.elementary import fast_log
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import KAON0_MASS, PION_MASS, final_mass
from physics.random import STAGE_MATERIAL, open_stream

_NONE, _BARREL = float(REGION_NONE), float(REGION_BARREL)
_FORWARD, _BACKWARD = float(REGION_FORWARD), float(REGION_BACKWARD)
_MATERIAL, _SHIFT, _ONE_BLOCK = np.uint64(STAGE_MATERIAL), np.uint64(16), np.int64(1)
K_LONG = np.int64(130)
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


@inlined_kernel
def fly_neutrals(stream, key, numbers, envelope, processes, matter, lanes, entries, n, m, photons, n_photons):
    """Fly the ``m`` neutral particles in the lanes straight on; K_L may decay.

    Returns the numbers of entries and of ``photons``, the list of those that may convert: they keep in ``depth`` after
    how many radiation lengths. ``matter`` is an upper bound on the radiation lengths at normal incidence.
    """
    track = lanes.track
    for lane in range(LANES):
        entry = entries[lanes.entry[min(lane, m - 1)]]
        track[X + lane], track[Y + lane], track[Z + lane] = entry.x, entry.y, entry.z
        track[PX + lane], track[PY + lane], track[PZ + lane] = entry.px, entry.py, entry.pz
        track[MASS + lane] = 0.0 if entry.pdg == 22 else max(final_mass(entry.pdg), 0.0)
        lanes.event[lane] = np.uint64(numbers[entry.event])
        lanes.name[lane] = np.uint64(entry.mc + SECONDARY_STREAMS * entry.number) << _SHIFT | _MATERIAL
    draw_bits(lanes.bits, key, lanes.event, lanes.name, _ONE_BLOCK)
    _fly_straight(track, lanes.bits[0], envelope, processes.conversion)
    for lane in range(m):
        e = lanes.entry[lane]
        entry = entries[e]
        p, energy, length = track[MOMENTUM + lane], track[ENERGY + lane], track[END + lane]
        region = np.int64(track[REGION + lane])
        entry.first_child = n
        if entry.pdg == 22:
            # Bound on the matter on the way: most photons need no walk.
            if track[HELP0 + lane] < matter:
                entry.depth = track[HELP1 + lane]
                photons[n_photons] = e
                n_photons += 1
        elif entry.pdg == K_LONG and processes.decay_in_flight > 0.0:
            path = track[HELP2 + lane] * K_LONG_CTAU * p / KAON0_MASS / processes.decay_in_flight
            if path < length:
                land_neutral(entry, path, REGION_NONE, energy, p)
                substream = SECONDARY_STREAMS * 32 + entry.mc + SECONDARY_STREAMS * entry.number
                open_stream(stream, key, numbers[entry.event], STAGE_MATERIAL, substream)
                n = decay(
                    stream, entries, n, K_LONG, entry.x_end, entry.y_end, entry.z_end, entry.t_end,
                    entry.px, entry.py, entry.pz,
                )  # fmt: skip
                entry.children = n - entry.first_child
                continue
        land_neutral(entry, length, region, energy, p)
    return n, n_photons


@lane_kernel
def _fly_straight(track, bits, envelope, conversion):
    """Length to the barrel cylinder or to the end plane (END), the region there, and an exponential number (HELP2).

    HELP1 is the depth in radiation lengths at which a photon would convert, HELP0 what that is at normal incidence: at
    least a twentieth of it, so steeply nothing is crossed.
    """
    radius2 = envelope.radius * envelope.radius
    forward_z, backward_z = envelope.forward_z, envelope.backward_z
    forward_hole2, backward_hole2 = envelope.forward_hole**2, envelope.backward_hole**2
    for lane in range(LANES):
        x, y, z = track[X + lane], track[Y + lane], track[Z + lane]
        px, py, pz, mass = track[PX + lane], track[PY + lane], track[PZ + lane], track[MASS + lane]
        p2 = px * px + py * py + pz * pz
        p, energy = math.sqrt(p2), math.sqrt(p2 + mass * mass)
        inverse = 1.0 / p
        ux, uy, uz = px * inverse, py * inverse, pz * inverse
        sine2 = max(ux * ux + uy * uy, 1e-12)
        b = x * ux + y * uy
        length = (math.sqrt(max(b * b + sine2 * (radius2 - x * x - y * y), 0.0)) - b) / sine2
        end_z = z + length * uz
        forward, backward = end_z > forward_z, end_z < backward_z
        to_plane = (select(forward, forward_z, backward_z) - z) / select(forward | backward, uz, 1.0)
        end_x, end_y = x + to_plane * ux, y + to_plane * uy
        missed = end_x * end_x + end_y * end_y < select(forward, forward_hole2, backward_hole2)
        plane = select(missed, _NONE, select(forward, _FORWARD, _BACKWARD))
        track[END + lane] = select(forward | backward, to_plane, length)
        track[REGION + lane] = select(forward | backward, plane, _BARREL)
        track[MOMENTUM + lane], track[ENERGY + lane] = p, energy
        thickness = -fast_log(to_uniform(bits[lane]))
        rate = 7.0 / 9.0 * conversion * conversion_rate(energy)
        converts = (rate > 0.0) & (sine2 > 1e-6)
        depth = select(converts, thickness / select(converts, rate, 1.0), np.inf)
        track[HELP0 + lane], track[HELP1 + lane] = depth * math.sqrt(max(sine2, 0.0025)), depth
        track[HELP2 + lane] = thickness


@inlined_kernel
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
