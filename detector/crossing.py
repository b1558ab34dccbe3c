"""Where particles meet the tracker's layers: walls, sensors, drift-chamber layers, and the hits they leave.

Everything is done for a group of lanes (:mod:`detector.lanes`). :func:`launch` finds the helices, :func:`walk` walks
them outward and notes for each layer the point, the matter crossed and the strength of scattering and straggling
there; :mod:`detector.trackfit` turns that into a covariance. Only the first, outgoing half turn leaves hits.
"""

import math

import numpy as np

from detector.flight import (
    FATE_LEFT,
    FATE_NUCLEAR,
    FATE_STOPPED,
    REGION_BACKWARD,
    REGION_BARREL,
    REGION_FORWARD,
    REGION_NONE,
)
from detector.geometry import WALL
from detector.helix import FIELD_CONSTANT
from detector.lanes import (
    ACTIVE,
    ANGLE2,
    ARC,
    ASIDE,
    BEND2,
    CHARGE,
    COS0,
    COS_LAMBDA,
    CURL,
    D0,
    D2,
    DELAY,
    DIAMETER,
    END,
    ENERGY,
    FATE,
    FORTH,
    HITS,
    INVERSE_MASS,
    LANES,
    LIMIT,
    LOSS_LOG,
    LOSS_RATIO,
    MASS,
    MATTER,
    MET,
    MOMENTUM,
    NORMAL_X,
    NORMAL_Y,
    OMEGA,
    PATH,
    PHI0,
    PX,
    PX_END,
    PY,
    PY_END,
    PZ,
    PZ_END,
    REGION,
    RESPOND,
    SCALE,
    SECANT,
    SIN0,
    SLANTED,
    SLOPE,
    START,
    TAN_LAMBDA,
    THICKNESS,
    TOTAL,
    X_END,
    Y_END,
    Z0,
    Z_END,
    X,
    Y,
    Z,
    angle_of,
    arc_of,
    circle,
    lane_function,
    lane_kernel,
    put_point,
    reach,
    rough_angle_of,
    select,
    small_circle,
    wide_vectors,
)
from detector.material import BETHE, STRAGGLING
from detector.wires import walk_chamber
from physics.elementary import fast_log
from physics.jit import inlined_kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import ELECTRON_MASS

SILICON, EVERYTHING = np.int64(0), np.int64(1)
"""How far to walk: to the inner wall of the drift chamber, or through it."""
MAX_TURNS = 3.0
"""A particle that has not left the tracker after so many turns is taken as stopped."""
GRAZING = 0.05
"""Least cosine of the angle of incidence on a surface: a helix may turn round in it."""
_LEFT, _STOPPED, _NUCLEAR = float(FATE_LEFT), float(FATE_STOPPED), float(FATE_NUCLEAR)
_NONE, _BARREL = float(REGION_NONE), float(REGION_BARREL)
_FORWARD, _BACKWARD = float(REGION_FORWARD), float(REGION_BACKWARD)
MAX_GAMMA = math.sqrt(101.0)


@lane_function
def _loss_ratio(gamma, ratio):
    """Argument of Bethe's logarithm in units of (2 mₑ)²: (βγ)⁴ / (1 + 2γ mₑ/m + (mₑ/m)²), βγ at most 10."""
    gamma = min(gamma, MAX_GAMMA)
    bg2 = gamma * gamma - 1.0
    return bg2 * bg2 / (1.0 + 2.0 * gamma * ratio + ratio * ratio)


@lane_kernel
def launch(track, envelope, field):
    """Fill the helices of the particles at (X, Y, Z, PX, PY, PZ, CHARGE, MASS), and where they would meet the
    calorimeter.

    ``SECANT`` is 1/cosλ, ``SCALE`` 1/(1 + ω d0), ``CURL`` ω²/4: the square of the chord from the POCA to the point at
    radius r is (r² − d0²) × SCALE, that of sin(ωs/2) is chord² × CURL.
    """
    wide_vectors()
    unit = FIELD_CONSTANT * field
    radius2 = envelope.radius * envelope.radius
    forward_z, backward_z = envelope.forward_z, envelope.backward_z
    forward_hole2, backward_hole2 = envelope.forward_hole**2, envelope.backward_hole**2
    for lane in range(LANES):
        x, y, px, py, pz = track[X + lane], track[Y + lane], track[PX + lane], track[PY + lane], track[PZ + lane]
        sign = track[CHARGE + lane]
        pt2 = px * px + py * py
        pt = math.sqrt(pt2)
        inverse = 1.0 / pt
        ux, uy = px * inverse, py * inverse
        radius = sign * pt / unit
        omega = 1.0 / radius
        # Centre of the circle: left of the direction for negative omega, at (d0 + 1/ω) (sin φ0, −cos φ0).
        cx, cy = x + uy * radius, y - ux * radius
        r = math.sqrt(cx * cx + cy * cy)
        scale = sign / r
        d0 = sign * r - radius
        sin0, cos0 = cx * scale, -cy * scale
        start = angle_of(ux * cos0 + uy * sin0, sin0 * ux - cos0 * uy) * radius
        tan_lambda = pz * inverse
        z0 = track[Z + lane] - start * tan_lambda
        momentum = math.sqrt(pt2 + pz * pz)
        d2 = d0 * d0
        turned = radius / (d0 + radius)  # 1/(1 + ω d0)
        mass = track[MASS + lane]
        energy = math.sqrt(momentum * momentum + mass * mass)
        inverse_mass = 1.0 / mass
        track[PHI0 + lane] = angle_of(cos0, sin0)
        track[D0 + lane], track[OMEGA + lane] = d0, omega
        track[Z0 + lane], track[TAN_LAMBDA + lane], track[START + lane] = z0, tan_lambda, start
        track[SIN0 + lane], track[COS0 + lane] = sin0, cos0
        track[COS_LAMBDA + lane], track[SECANT + lane] = pt / momentum, momentum * inverse
        track[MOMENTUM + lane] = momentum
        track[D2 + lane], track[CURL + lane], track[DIAMETER + lane] = d2, 0.25 * omega * omega, 2.0 * radius
        track[SCALE + lane] = turned
        track[ENERGY + lane], track[INVERSE_MASS + lane] = energy, inverse_mass
        ratio = _loss_ratio(energy * inverse_mass, ELECTRON_MASS * inverse_mass)
        track[LOSS_RATIO + lane] = ratio
        track[LOSS_LOG + lane] = 0.5 * fast_log(4.0 * ELECTRON_MASS * ELECTRON_MASS * ratio)
    for lane in range(LANES):
        d2, omega = track[D2 + lane], track[OMEGA + lane]
        bow = track[SCALE + lane] * track[CURL + lane]
        z0, tan_lambda, start = track[Z0 + lane], track[TAN_LAMBDA + lane], track[START + lane]
        size = abs(track[DIAMETER + lane])
        half2 = (radius2 - d2) * bow
        s = size * arc_of(half2)
        z = z0 + s * tan_lambda
        barrel = (half2 >= 0.0) & (half2 <= 1.0) & (s > start) & (z > backward_z) & (z < forward_z)
        ahead = tan_lambda > 0.0
        longest = start + MAX_TURNS * math.pi * size
        flat = abs(tan_lambda) < 1e-9
        to_plane = (select(ahead, forward_z, backward_z) - z0) / select(flat, 1e-9, tan_lambda)
        never = flat | (to_plane <= start) | (to_plane > longest)
        to_plane = select(never, longest, to_plane)
        _, half_sine = circle(0.5 * omega * to_plane)
        r2 = d2 + half_sine * half_sine / bow
        missed = never | (r2 < select(ahead, forward_hole2, backward_hole2)) | (r2 > radius2)
        track[REGION + lane] = select(barrel, _BARREL, select(missed, _NONE, select(ahead, _FORWARD, _BACKWARD)))
        track[END + lane] = select(barrel, s, to_plane)
        track[TOTAL + lane], track[THICKNESS + lane], track[RESPOND + lane], track[FATE + lane] = 0.0, 0.0, 1.0, _LEFT


@lane_kernel
def land(track):
    """Fill position and momentum where the flights end, with the energy left there, and the way and time to it."""
    wide_vectors()
    for lane in range(LANES):
        d0, sin0, cos0, end = track[D0 + lane], track[SIN0 + lane], track[COS0 + lane], track[END + lane]
        mass = track[MASS + lane]
        half_cosine, half_sine = circle(0.5 * track[OMEGA + lane] * end)
        chord = track[DIAMETER + lane] * half_sine
        cosine, sine = 1.0 - 2.0 * half_sine * half_sine, 2.0 * half_sine * half_cosine
        energy2, mass2 = track[ENERGY + lane] ** 2, mass * mass
        p = math.sqrt(max(energy2, 1.004 * mass2) - mass2)
        pt = p * track[COS_LAMBDA + lane]
        track[X_END + lane] = d0 * sin0 + chord * (cos0 * half_cosine + sin0 * half_sine)
        track[Y_END + lane] = -d0 * cos0 + chord * (sin0 * half_cosine - cos0 * half_sine)
        track[Z_END + lane] = track[Z0 + lane] + end * track[TAN_LAMBDA + lane]
        track[PX_END + lane] = pt * (cos0 * cosine + sin0 * sine)
        track[PY_END + lane] = pt * (sin0 * cosine - cos0 * sine)
        track[PZ_END + lane] = pt * track[TAN_LAMBDA + lane]
        # Mean of 1/β along the way.
        slowness = 0.5 * (math.sqrt(1.0 + mass2 / track[MOMENTUM + lane] ** 2) + math.sqrt(1.0 + mass2 / (p * p)))
        path = (end - track[START + lane]) * track[SECANT + lane]
        track[PATH + lane], track[DELAY + lane] = path, path * slowness * (1.0 / SPEED_OF_LIGHT)


@lane_kernel
def _meet_cylinder(track, here, point, layer):
    """Point on a cylinder; MET tells whether it is reached, SLOPE holds 1/radius.

    Returns whether some lane may cross the slanted sensors instead, being in front of the barrel part or never there.
    """
    wide_vectors()
    radius2, inverse_radius, z_end = layer.radius * layer.radius, layer.inverse_radius, layer.slant_z_min
    some = np.int64(0)
    for lane in range(LANES):
        d2, curl = track[D2 + lane], track[CURL + lane]
        chord2, half_cosine, arc = reach(radius2, d2, track[SCALE + lane], curl)
        put_point(track, point, lane, chord2, half_cosine, arc)
        reached = (chord2 * curl <= 1.0) & (radius2 >= d2)
        ahead = track[Z0 + lane] + arc * track[TAN_LAMBDA + lane] > z_end
        some |= select(reached, np.int64(ahead), 1)
        here[MET + lane] = select(reached, 1.0, 0.0)
        here[SLANTED + lane], here[SLOPE + lane] = 0.0, inverse_radius
    return (some != 0) & (layer.slant_tan > 0.0)


@lane_kernel
def _meet_slant(track, here, point, layer):
    """The same for the slanted sensors of those that pass in front of the barrel part or never reach it.

    Two steps of Newton's method for the radius at which z lies on the sensors; :func:`_meet_ladders` makes the last.
    """
    wide_vectors()
    barrel_radius, radius, tangent, z_middle = layer.radius, layer.slant_radius, layer.slant_tan, layer.slant_z
    z_min, z_max = layer.slant_z_min, layer.slant_z_max
    for lane in range(LANES):
        d2, scale, curl = track[D2 + lane], track[SCALE + lane], track[CURL + lane]
        z0, tan_lambda = track[Z0 + lane], track[TAN_LAMBDA + lane]
        z = z0 + point[ARC + lane] * tan_lambda
        slanted = (here[MET + lane] == 0.0) | (z > z_min)
        steepness = 1.0 / (1.0 + tangent * abs(tan_lambda))
        z = min(max(z, z_min), z_max)
        r = barrel_radius - (barrel_radius - radius + tangent * (z - z_middle)) * steepness
        z = min(max(z0 + reach(r * r, d2, scale, curl)[2] * tan_lambda, z_min), z_max)
        r -= (r - radius + tangent * (z - z_middle)) * steepness
        chord2, half_cosine, arc = reach(r * r, d2, scale, curl)
        reached = (chord2 * curl <= 1.0) & (r * r >= d2)
        point[ARC + lane] = select(slanted, arc, point[ARC + lane])
        point[FORTH + lane] = select(slanted, math.sqrt(chord2) * half_cosine, point[FORTH + lane])
        point[ASIDE + lane] = select(slanted, 0.5 * chord2 * track[OMEGA + lane], point[ASIDE + lane])
        here[MET + lane] = select(slanted, select(reached, 1.0, 0.0), here[MET + lane])
        here[SLANTED + lane] = select(slanted, 1.0, 0.0)
        here[SLOPE + lane] = select(slanted, 1.0 / r, here[SLOPE + lane])


@lane_kernel
def _meet_wall(track, here, point, inverse_radius):
    """Whether the walls are crossed between start and end, and at which angle."""
    for lane in range(LANES):
        s = point[ARC + lane]
        crossed = (s > track[START + lane]) & (s < track[END + lane]) & (track[FATE + lane] == _LEFT)
        here[MET + lane] = select(crossed, here[MET + lane], 0.0)
        here[HITS + lane] = 0.0
        outward = point[FORTH + lane] * (1.0 + track[OMEGA + lane] * track[D0 + lane])  # position × direction
        here[SLOPE + lane] = max(outward * inverse_radius, GRAZING) * track[COS_LAMBDA + lane]


@lane_kernel
def _find_ladders(track, here, point, first_phi, per_radian):
    """Normals of the nearest ladders (NORMAL_X, NORMAL_Y) and their numbers from 0, unbounded (ACTIVE)."""
    wide_vectors()
    spacing = 1.0 / per_radian
    for lane in range(LANES):
        inverse_radius = here[SLOPE + lane]
        rx, ry = point[FORTH + lane] * inverse_radius, -(track[D0 + lane] + point[ASIDE + lane]) * inverse_radius
        phi = track[PHI0 + lane] + rough_angle_of(rx, ry) - first_phi
        nearest = np.floor(phi * per_radian + 0.5)
        cosine, sine = small_circle(phi - nearest * spacing)
        here[NORMAL_X + lane], here[NORMAL_Y + lane] = rx * cosine + ry * sine, ry * cosine - rx * sine
        here[ACTIVE + lane] = nearest
        here[HITS + lane], here[SLOPE + lane] = 1.0, 1.0


@lane_kernel
def _find_gaps(here, ladders, present, side):
    """Whether the nearest ladders (HITS) and the next ones on their ``side`` (SLOPE) are installed."""
    for lane in range(LANES):
        nearest = here[ACTIVE + lane]
        here[HITS + lane] = _bit(present, nearest, ladders)
        here[SLOPE + lane] = _bit(present, nearest + side, ladders)


@lane_function
def _bit(bits, place, period):
    """Bit of a whole number's place within the period, as 0 or 1."""
    place -= period * np.floor((place + 0.5) / period)
    return float((bits >> np.int64(place)) & 1)


@lane_kernel
def _meet_ladders(track, here, point, layer, z_low, z_high):
    """Which ladders are crossed and where.

    Moves the points to the plane of the first sensor crossed; between neighbouring ladders of the windmill there are
    none, one or two.
    """
    wide_vectors()
    barrel_radius, barrel_width = layer.radius, layer.half_width
    slant_radius, tangent, slant_z, slant_z_max = layer.slant_radius, layer.slant_tan, layer.slant_z, layer.slant_z_max
    slant_width, taper, shift = layer.slant_half_width, layer.slant_taper, layer.shift
    side_cosine, side_sine = layer.side_cosine, layer.side_sine
    slant_cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    _find_ladders(track, here, point, layer.first_phi, layer.per_radian)
    if layer.present != (1 << layer.ladders) - 1:
        _find_gaps(here, float(layer.ladders), layer.present, layer.side)
    for lane in range(LANES):
        s, x, aside = point[ARC + lane], point[FORTH + lane], point[ASIDE + lane]
        tan_lambda, omega = track[TAN_LAMBDA + lane], track[OMEGA + lane]
        y, tx, ty = -track[D0 + lane] - aside, 1.0 - omega * aside, -omega * x
        slanted = here[SLANTED + lane] > 0.0
        z = track[Z0 + lane] + s * tan_lambda
        tilt = select(slanted, tangent, 0.0)
        half_width = select(slanted, slant_width + taper * (z - slant_z), barrel_width)
        radius = select(slanted, slant_radius - tangent * (z - slant_z), barrel_radius)
        # First candidate.
        mx, my = here[NORMAL_X + lane], here[NORMAL_Y + lane]
        along = tx * mx + ty * my
        forth = along >= GRAZING
        ds = (radius - x * mx - y * my) / (select(forth, along, 1.0) + tilt * tan_lambda)
        u = (y + ty * ds) * mx - (x + tx * ds) * my - shift
        hit = forth & (here[HITS + lane] > 0.0) & (abs(u) < half_width)
        # Second candidate.
        other_x, other_y = mx * side_cosine - my * side_sine, my * side_cosine + mx * side_sine
        other_along = tx * other_x + ty * other_y
        forth = other_along >= GRAZING
        other_ds = (radius - x * other_x - y * other_y) / (select(forth, other_along, 1.0) + tilt * tan_lambda)
        u = (y + ty * other_ds) * other_x - (x + tx * other_ds) * other_y - shift
        other_hit = forth & (here[SLOPE + lane] > 0.0) & (abs(u) < half_width)
        mx, my = select(hit, mx, other_x), select(hit, my, other_y)
        ds = select(hit, ds, select(other_hit, other_ds, 0.0))
        met = select(hit, 1.0, 0.0) + select(other_hit, 1.0, 0.0)
        s += ds
        z += ds * tan_lambda
        crossed = (s > track[START + lane]) & (s < track[END + lane]) & (track[FATE + lane] == _LEFT)
        inside = select(slanted, z, z_low) <= select(slanted, slant_z_max, z_high)
        inside &= slanted | ((z >= z_low) & (z <= z_high))
        met = select(crossed & inside & (here[MET + lane] > 0.0), met, 0.0)
        here[MET + lane] = met
        here[ACTIVE + lane] = z
        # On along the curve to the sensor's plane; the angle turned is small.
        turn = omega * ds
        cosine = 1.0 - 0.5 * turn * turn
        new_x, new_y = cosine * tx + turn * ty, cosine * ty - turn * tx
        point[ARC + lane] = s
        point[FORTH + lane] = x + ds * (tx + 0.5 * turn * ty)
        point[ASIDE + lane] = aside - ds * (ty - 0.5 * turn * tx)
        here[NORMAL_X + lane], here[NORMAL_Y + lane] = mx, my
        slope = new_x * mx + new_y * my
        slope = select(slanted, (slope + tilt * tan_lambda) * slant_cosine, slope)
        here[SLOPE + lane] = select(met > 0.0, max(slope, GRAZING) * track[COS_LAMBDA + lane], 1.0)
        here[HITS + lane] = select(slanted, met, 0.0)


@lane_kernel
def _activate(here, low, high, lanes):
    """Hits of those that pass one of the barrel part's sensors, between ``low`` and ``high`` in z."""
    for lane in range(lanes):
        z = here[ACTIVE + lane]
        active = select((here[SLANTED + lane] == 0.0) & (z >= low) & (z <= high), 1.0, 0.0)
        here[HITS + lane] += active * here[MET + lane]


@lane_kernel
def _pass_matter(track, here, point, layer):
    """Scattering, straggling, energy loss and nuclear interaction in a surface."""
    wide_vectors()
    x0, interaction, electrons, log_excitation = layer.x0, layer.interaction, layer.electrons, layer.log_excitation
    efficiency = layer.efficiency
    twice = efficiency * efficiency
    for lane in range(LANES):
        met, energy, mass = here[MET + lane], track[ENERGY + lane], track[MASS + lane]
        inverse_mass = track[INVERSE_MASS + lane]
        energy2 = energy * energy
        p2 = energy2 - mass * mass
        inverse_p2 = 1.0 / p2
        inverse_beta2 = energy2 * inverse_p2
        weakness = inverse_beta2 * inverse_p2
        crossed = met / here[SLOPE + lane]
        matter, dense = x0 * crossed, electrons * crossed
        width = STRAGGLING * inverse_beta2 * dense
        here[MATTER + lane] = matter
        here[ANGLE2 + lane], here[BEND2 + lane] = matter * weakness, width * width * weakness
        track[TOTAL + lane] += matter
        log, ratio = track[LOSS_LOG + lane], track[LOSS_RATIO + lane]
        energy -= dense * BETHE * (inverse_beta2 * (log - log_excitation) - 1.0)
        thickness = track[THICKNESS + lane] + interaction * crossed
        track[THICKNESS + lane] = thickness
        fate = select(energy <= 1.002 * mass, _STOPPED, select(thickness > track[LIMIT + lane], _NUCLEAR, _LEFT))
        here_ends = (met > 0.0) & (fate != _LEFT)
        track[FATE + lane] = select(here_ends, fate, track[FATE + lane])
        track[END + lane] = select(here_ends, point[ARC + lane], track[END + lane])
        energy = max(energy, 1.002 * mass)
        track[ENERGY + lane] = energy
        hits = here[HITS + lane]
        track[RESPOND + lane] *= select(hits == 0.0, 1.0, select(hits == 1.0, efficiency, twice))
        # The logarithm follows by the series of ln(new / old).
        new = _loss_ratio(energy * inverse_mass, ELECTRON_MASS * inverse_mass)
        step = (new - ratio) / (new + ratio)
        step2 = step * step
        track[LOSS_RATIO + lane] = new
        series = 1.0 + step2 * (1 / 3 + step2 * (1 / 5 + step2 * (1 / 7 + step2 * (1 / 9))))
        track[LOSS_LOG + lane] = log + step * series


@inlined_kernel
def walk(tracker, lanes, what):
    """Walk the helices outward from START to END; what happens on the way may bring END nearer (FATE).

    LIMIT is the thickness in nuclear interaction lengths after which a particle interacts; LOSS_LOG is half the
    logarithm of (2 mₑ)² × LOSS_RATIO.
    """
    layers, edges = tracker.surfaces.layer, tracker.surfaces.edges
    track = lanes.track
    for i in range(layers.shape[0]):
        layer, here, point = layers[i], lanes.surface[i], lanes.point[i]
        if _meet_cylinder(track, here, point, layer):
            _meet_slant(track, here, point, layer)
        if layer.kind == WALL:
            _meet_wall(track, here, point, layer.inverse_radius)
        else:
            _meet_ladders(track, here, point, layer, edges[i, 0, 0], edges[i, layer.sensors - 1, 1])
            for k in range(layer.sensors):
                _activate(here, edges[i, k, 0], edges[i, k, 1], lanes.entry.shape[0])
        _pass_matter(track, here, point, layer)
    if what == EVERYTHING:
        walk_chamber(tracker, lanes)
