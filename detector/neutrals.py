"""Neutral particles fly straight to the calorimeter; photons may convert and K_L decay on the way."""

import math

import numpy as np

from detector.crossing import SILICON_ONLY, cross_layers
from detector.flight import REGION_BACKWARD, REGION_BARREL, REGION_FORWARD, REGION_NONE
from detector.helix import arc_to_radius, helix_at_poca
from detector.secondaries import conversion_rate, convert, decay, mean_flight
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import PION_MASS, final_mass
from physics.random import exponential


@kernel
def start_flight(flight, particle, mc, charge):
    """Write where a flight begins."""
    flight.mc = mc
    flight.pdg = particle.pdg
    flight.charge = charge
    flight.origin = particle.origin
    flight.track = particle.track
    flight.x0, flight.y0, flight.z0, flight.t0 = particle.x, particle.y, particle.z, particle.t
    flight.px0, flight.py0, flight.pz0 = particle.px, particle.py, particle.pz
    flight.path_cdc = 0.0
    flight.nSVDHits = 0
    flight.nCDCHits = 0


@inlined_kernel
def fly_neutral(stream, tracker, work, waiting, q, n, flight, mc):
    """Fly neutral ``q`` of the waiting list straight on; photons may convert, K_L may decay. Returns n."""
    particle = waiting[q]
    start_flight(flight, particle, mc, 0)
    px, py, pz = particle.px, particle.py, particle.pz
    x, y, z, t = particle.x, particle.y, particle.z, particle.t
    mass = max(final_mass(particle.pdg), 0.0)
    p = math.sqrt(px * px + py * py + pz * pz)
    energy = math.sqrt(p * p + mass * mass)
    ux, uy, uz = px / p, py / p, pz / p
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
        r = math.hypot(x + length * ux, y + length * uy)
        hole = envelope.forward_hole if forward else envelope.backward_hole
        region = REGION_NONE
        if r >= hole:
            region = REGION_FORWARD if forward else REGION_BACKWARD
    if particle.pdg == 22:
        rate = 7.0 / 9.0 * conversion_rate(energy) * processes.conversion
        thickness = exponential(stream)
        # Bound on the matter on the way: most photons need no walk.
        if thickness < rate * tracker.matter / max(math.sqrt(sine2), 0.05):
            converted = _convert_on_the_way(stream, tracker, work, waiting, n, particle, thickness / rate, length)
            if converted > n:
                end = waiting[n]
                region = REGION_NONE
                length = math.sqrt((end.x - x) ** 2 + (end.y - y) ** 2 + (end.z - z) ** 2)
                n = converted
    elif particle.pdg == 130 and processes.decay_in_flight > 0.0:
        path = exponential(stream) * mean_flight(particle.pdg, p) / processes.decay_in_flight
        if path < length:
            length = path
            region = REGION_NONE
            time = t + length * energy / (p * SPEED_OF_LIGHT)
            n = decay(
                stream, waiting, n, particle.pdg, x + length * ux, y + length * uy, z + length * uz, time, px, py, pz
            )
    flight.region = region
    flight.x, flight.y, flight.z = x + length * ux, y + length * uy, z + length * uz
    flight.t = t + length * energy / (p * SPEED_OF_LIGHT)
    flight.px, flight.py, flight.pz = px, py, pz
    flight.path = length
    return n


@kernel
def _convert_on_the_way(stream, tracker, work, waiting, n, particle, depth, length):
    """Convert a photon after ``depth`` radiation lengths if there is so much matter; returns the new n.

    The straight way is the helix of a fictitious particle a million times stiffer.
    """
    px, py, pz = particle.px, particle.py, particle.pz
    energy = math.sqrt(px * px + py * py + pz * pz)
    if math.hypot(px, py) < 1e-3 * energy:
        return n
    stiff = 1e6 / energy
    d0, phi0, omega, z0, tan_lambda, start = helix_at_poca(
        particle.x, particle.y, particle.z, stiff * px, stiff * py, stiff * pz, 1.0, tracker.field
    )
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    cross_layers(
        stream, tracker, work, d0, phi0, omega, z0, tan_lambda, PION_MASS, 1e6, start,
        start + length * cos_lambda, np.inf, SILICON_ONLY,
    )  # fmt: skip
    layers = tracker.surfaces.layer
    total = 0.0
    for i in range(layers.shape[0]):
        crossing = work.surface[i]
        if crossing.met == 0:
            continue
        total += layers[i].x0 * crossing.met / crossing.slope
        if total > depth:
            return _pair_at(stream, waiting, n, particle, energy, (crossing.arc - start) / cos_lambda)
    chamber = tracker.chamber
    inner = arc_to_radius(d0, omega, layers[layers.shape[0] - 1].radius)
    outer = arc_to_radius(d0, omega, chamber.outer_radius)
    gas = (outer - max(inner, start)) / cos_lambda
    if z0 + outer * tan_lambda > chamber.layer[-1].forward_z or z0 + outer * tan_lambda < chamber.layer[-1].backward_z:
        return n
    if gas > 0.0 and total + gas * chamber.gas.x0 > depth:
        way = (max(inner, start) - start) / cos_lambda + (depth - total) / chamber.gas.x0
        return _pair_at(stream, waiting, n, particle, energy, way)
    total += gas * chamber.gas.x0 + chamber.outer_wall.x0 / cos_lambda
    if total > depth:
        return _pair_at(stream, waiting, n, particle, energy, (outer - start) / cos_lambda)
    return n


@kernel
def _pair_at(stream, waiting, n, particle, energy, length):
    """Put the e⁺e⁻ pair of a photon at ``length`` [cm] from its start."""
    ux, uy, uz = particle.px / energy, particle.py / energy, particle.pz / energy
    return convert(
        stream, waiting, n, energy, particle.x + length * ux, particle.y + length * uy, particle.z + length * uz,
        particle.t + length / SPEED_OF_LIGHT, ux, uy, uz,
    )  # fmt: skip
