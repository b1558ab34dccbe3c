"""Where particles meet the tracker's layers: walls, sensors, drift-chamber layers, and the hits they leave.

Everything is done for a group of lanes (:mod:`detector.lanes`). :func:`launch` finds the helices, :func:`walk` walks
them outward and notes for each layer the point, the matter crossed and the strength of scattering and straggling
there; :mod:`detector.trackfit` turns that into a covariance. Only the first, outgoing half turn leaves hits.
"""

import math

import numpy as np

from detector.elementary import fast_log
from detector.flight import REGION_BACKWARD, REGION_BARREL, REGION_FORWARD, REGION_NONE
from detector.geometry import WALL
from detector.helix import FIELD_CONSTANT
from detector.lanes import (
    ACTIVE,
    ANGLE2,
    ARC,
    BEND2,
    BOW,
    CHARGE,
    COS0,
    COS_LAMBDA,
    COSINE,
    D0,
    D2,
    DIAMETER,
    END,
    ENERGY,
    FATE,
    FIRST,
    FIRST_ARC,
    FIRST_WIRE,
    GAS_ANGLE2,
    GAS_BEND2,
    HELP3,
    HITS,
    INVERSE_MASS,
    LANES,
    LAST,
    LAST_ARC,
    LAST_WIRE,
    LAYERS,
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
    PHI0,
    POINT_X,
    POINT_Y,
    PX,
    PX_END,
    PY,
    PY_END,
    PZ,
    PZ_END,
    RADIUS0,
    RADIUS1,
    REGION,
    RESPOND,
    SCALE,
    SIN0,
    SINE,
    SLANTED,
    SLOPE,
    START,
    STEREO,
    TAN_LAMBDA,
    THICKNESS,
    TOTAL,
    TX,
    TY,
    WIRES,
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
    select,
)
from detector.material import BETHE, STRAGGLING
from physics.jit import kernel
from physics.particles import ELECTRON_MASS

FATE_LEFT, FATE_STOPPED, FATE_NUCLEAR, FATE_DECAY = 0, 1, 2, 3
"""A flight ended where it was asked to, by ranging out, by a nuclear interaction, by a decay."""
SILICON, EVERYTHING = np.int64(0), np.int64(1)
"""How far to walk: to the inner wall of the drift chamber, or through it."""
BISECTIONS = 3
"""Enough for nine layers in a superlayer."""
MAX_TURNS = 3.0
"""A particle that has not left the tracker after so many turns is taken as stopped."""
_LEFT, _STOPPED, _NUCLEAR = float(FATE_LEFT), float(FATE_STOPPED), float(FATE_NUCLEAR)
_NONE, _BARREL = float(REGION_NONE), float(REGION_BARREL)
_FORWARD, _BACKWARD = float(REGION_FORWARD), float(REGION_BACKWARD)
MAX_BG2 = 100.0


@lane_function
def _loss_ratio(gamma2, ratio):
    """Argument of Bethe's logarithm in units of (2 mₑ)²: (βγ)⁴ / (1 + 2γ mₑ/m + (mₑ/m)²), βγ at most 10."""
    bg2 = min(gamma2 - 1.0, MAX_BG2)
    return bg2 * bg2 / (1.0 + 2.0 * math.sqrt(1.0 + bg2) * ratio + ratio * ratio)


@lane_kernel
def launch(track, envelope, field):
    """Fill the helices of the particles at (X, Y, Z, PX, PY, PZ, CHARGE, MASS), and where they would meet the
    calorimeter.

    ``BOW`` is ω²/4/(1 + ω d0): the square of sin(ωs/2) at radius r is (r² − d0²) × BOW; ``SCALE`` is 1/(1 + ω d0).
    """
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
        bow = 0.25 * omega * omega * turned
        mass = track[MASS + lane]
        energy = math.sqrt(momentum * momentum + mass * mass)
        inverse_mass = 1.0 / mass
        gamma = energy * inverse_mass
        track[PHI0 + lane] = angle_of(cos0, sin0)
        track[D0 + lane], track[OMEGA + lane] = d0, omega
        track[Z0 + lane], track[TAN_LAMBDA + lane], track[START + lane] = z0, tan_lambda, start
        track[SIN0 + lane], track[COS0 + lane] = sin0, cos0
        track[COS_LAMBDA + lane], track[MOMENTUM + lane] = pt / momentum, momentum
        track[D2 + lane], track[BOW + lane], track[DIAMETER + lane] = d2, bow, 2.0 * radius
        track[SCALE + lane] = turned
        track[ENERGY + lane], track[INVERSE_MASS + lane] = energy, inverse_mass
        ratio = _loss_ratio(gamma * gamma, ELECTRON_MASS * inverse_mass)
        track[LOSS_RATIO + lane] = ratio
        track[LOSS_LOG + lane] = 0.5 * fast_log(4.0 * ELECTRON_MASS * ELECTRON_MASS * ratio)
    for lane in range(LANES):
        d2, bow, omega = track[D2 + lane], track[BOW + lane], track[OMEGA + lane]
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
    """Fill position and momentum where the flights end, with the energy left there."""
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


@lane_kernel
def _place(track, point):
    """Fill the point whose row SINE holds sin²(ωs/2): position, direction, angle turned."""
    for lane in range(LANES):
        d0, sin0, cos0 = track[D0 + lane], track[SIN0 + lane], track[COS0 + lane]
        half2 = min(max(point[SINE + lane], 0.0), 1.0)
        half_sine = math.copysign(math.sqrt(half2), track[OMEGA + lane])
        half_cosine = math.sqrt(1.0 - half2)
        chord = track[DIAMETER + lane] * half_sine
        cosine, sine = 1.0 - 2.0 * half2, 2.0 * half_sine * half_cosine
        point[POINT_X + lane] = d0 * sin0 + chord * (cos0 * half_cosine + sin0 * half_sine)
        point[POINT_Y + lane] = -d0 * cos0 + chord * (sin0 * half_cosine - cos0 * half_sine)
        point[SINE + lane], point[COSINE + lane] = sine, cosine
        point[TX + lane] = cos0 * cosine + sin0 * sine
        point[TY + lane] = sin0 * cosine - cos0 * sine


@lane_kernel
def _meet_cylinder(track, here, point, radius):
    """Arc length to a cylinder; MET tells whether it is reached."""
    radius2 = radius * radius
    for lane in range(LANES):
        half2 = (radius2 - track[D2 + lane]) * track[BOW + lane]
        point[SINE + lane] = half2
        point[ARC + lane] = abs(track[DIAMETER + lane]) * arc_of(half2)
        here[MET + lane] = select((half2 >= 0.0) & (half2 <= 1.0), 1.0, 0.0)
        here[SLANTED + lane] = 0.0


@lane_kernel
def _meet_slant(track, here, point, barrel_radius, radius, tangent, z_middle, z_min, z_max):
    """The same for the slanted sensors of those that pass in front of the barrel part or never reach it.

    Two steps of Newton's method for the radius at which z lies on the sensors; :func:`_meet_ladders` makes the last.
    """
    for lane in range(LANES):
        d2, bow, size = track[D2 + lane], track[BOW + lane], abs(track[DIAMETER + lane])
        z0, tan_lambda = track[Z0 + lane], track[TAN_LAMBDA + lane]
        arc = point[ARC + lane]
        z = z0 + arc * tan_lambda
        slanted = (here[MET + lane] == 0.0) | (z > z_min)
        steepness = 1.0 / (1.0 + tangent * abs(tan_lambda))
        z = min(max(z, z_min), z_max)
        r = barrel_radius - (barrel_radius - radius + tangent * (z - z_middle)) * steepness
        half2 = (r * r - d2) * bow
        z = min(max(z0 + size * arc_of(half2) * tan_lambda, z_min), z_max)
        r -= (r - radius + tangent * (z - z_middle)) * steepness
        half2 = (r * r - d2) * bow
        s = size * arc_of(half2)
        reached = (half2 >= 0.0) & (half2 <= 1.0)
        point[ARC + lane] = select(slanted, s, arc)
        point[SINE + lane] = select(slanted, half2, point[SINE + lane])
        here[MET + lane] = select(slanted, select(reached, 1.0, 0.0), here[MET + lane])
        here[SLANTED + lane] = select(slanted, 1.0, 0.0)


@lane_kernel
def _meet_wall(track, here, point, inverse_radius):
    """Whether the walls are crossed between start and end, and at which angle."""
    for lane in range(LANES):
        s = point[ARC + lane]
        crossed = (s > track[START + lane]) & (s < track[END + lane]) & (track[FATE + lane] == _LEFT)
        here[MET + lane] = select(crossed, here[MET + lane], 0.0)
        here[HITS + lane] = 0.0
        outward = point[POINT_X + lane] * point[TX + lane]
        outward += point[POINT_Y + lane] * point[TY + lane]
        here[SLOPE + lane] = max(outward * inverse_radius, 0.05) * track[COS_LAMBDA + lane]


@lane_kernel
def _find_ladders(here, point, first_phi, per_radian):
    """Normals of the nearest ladders (NORMAL_X, NORMAL_Y) and their numbers from 0, unbounded (ACTIVE)."""
    spacing = 1.0 / per_radian
    for lane in range(LANES):
        x, y = point[POINT_X + lane], point[POINT_Y + lane]
        distance = 1.0 / math.sqrt(x * x + y * y + 1e-12)
        rx, ry = x * distance, y * distance
        phi = angle_of(rx, ry) - first_phi
        nearest = np.floor(phi * per_radian + 0.5)
        cosine, sine = circle(phi - nearest * spacing)
        here[NORMAL_X + lane], here[NORMAL_Y + lane] = rx * cosine + ry * sine, ry * cosine - rx * sine
        here[ACTIVE + lane] = nearest
        here[HITS + lane], here[SLOPE + lane] = 1.0, 1.0


@lane_kernel
def _find_gaps(here, ladders, present, side):
    """Whether the nearest ladders (HITS) and the next ones on their ``side`` (SLOPE) are installed."""
    for lane in range(LANES):
        nearest = np.int64(here[ACTIVE + lane])
        here[HITS + lane] = float((present >> (nearest % ladders)) & 1)
        here[SLOPE + lane] = float((present >> ((nearest + side) % ladders)) & 1)


@lane_kernel
def _meet_ladders(track, here, point, layer, z_low, z_high):
    """Which ladders are crossed and where.

    Moves the points to the plane of the first sensor crossed; between neighbouring ladders of the windmill there are
    none, one or two.
    """
    barrel_radius, barrel_width = layer.radius, layer.half_width
    slant_radius, tangent, slant_z, slant_z_max = layer.slant_radius, layer.slant_tan, layer.slant_z, layer.slant_z_max
    slant_width, taper, shift = layer.slant_half_width, layer.slant_taper, layer.shift
    # The neighbour whose shifted end reaches here, and the rotation to its normal.
    side = -1 if shift > 0.0 else 1
    side_cosine, side_sine = math.cos(side / layer.per_radian), math.sin(side / layer.per_radian)
    slant_cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    _find_ladders(here, point, layer.first_phi, layer.per_radian)
    if layer.present != (1 << layer.ladders) - 1:
        _find_gaps(here, layer.ladders, layer.present, side)
    for lane in range(LANES):
        s, x, y = point[ARC + lane], point[POINT_X + lane], point[POINT_Y + lane]
        tx, ty = point[TX + lane], point[TY + lane]
        tan_lambda, omega = track[TAN_LAMBDA + lane], track[OMEGA + lane]
        slanted = here[SLANTED + lane] > 0.0
        z = track[Z0 + lane] + s * tan_lambda
        tilt = select(slanted, tangent, 0.0)
        half_width = select(slanted, slant_width + taper * (z - slant_z), barrel_width)
        radius = select(slanted, slant_radius - tangent * (z - slant_z), barrel_radius)
        # First candidate.
        mx, my = here[NORMAL_X + lane], here[NORMAL_Y + lane]
        along = tx * mx + ty * my
        forth = along >= 0.05
        ds = (radius - x * mx - y * my) / (select(forth, along, 1.0) + tilt * tan_lambda)
        u = (y + ty * ds) * mx - (x + tx * ds) * my - shift
        hit = forth & (here[HITS + lane] > 0.0) & (abs(u) < half_width)
        # Second candidate.
        other_x, other_y = mx * side_cosine - my * side_sine, my * side_cosine + mx * side_sine
        other_along = tx * other_x + ty * other_y
        forth = other_along >= 0.05
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
        point[POINT_X + lane] = x + ds * (tx + 0.5 * turn * ty)
        point[POINT_Y + lane] = y + ds * (ty - 0.5 * turn * tx)
        point[TX + lane], point[TY + lane] = new_x, new_y
        old_sine, old_cosine = point[SINE + lane], point[COSINE + lane]
        point[SINE + lane] = cosine * old_sine + turn * old_cosine
        point[COSINE + lane] = cosine * old_cosine - turn * old_sine
        here[NORMAL_X + lane], here[NORMAL_Y + lane] = mx, my
        slope = new_x * mx + new_y * my
        slope = select(slanted, (slope + tilt * tan_lambda) * slant_cosine, slope)
        here[SLOPE + lane] = select(met > 0.0, slope * track[COS_LAMBDA + lane], 1.0)
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
        gamma = energy * inverse_mass
        new = _loss_ratio(gamma * gamma, ELECTRON_MASS * inverse_mass)
        step = (new - ratio) / (new + ratio)
        step2 = step * step
        track[LOSS_RATIO + lane] = new
        track[LOSS_LOG + lane] = log + step * (1.0 + step2 * (1 / 3 + step2 * (1 / 5 + step2 * (1 / 7 + step2 / 9))))


@kernel
def walk(tracker, lanes, what):
    """Walk the helices outward from START to END; what happens on the way may bring END nearer (FATE).

    LIMIT is the thickness in nuclear interaction lengths after which a particle interacts; LOSS_LOG is half the
    logarithm of (2 mₑ)² × LOSS_RATIO.
    """
    layers, edges = tracker.surfaces.layer, tracker.surfaces.edges
    track = lanes.track
    for i in range(layers.shape[0]):
        layer, here, point = layers[i], lanes.surface[i], lanes.point[i]
        _meet_cylinder(track, here, point, layer.radius)
        if layer.slant_tan > 0.0:
            _meet_slant(
                track, here, point, layer.radius, layer.slant_radius, layer.slant_tan, layer.slant_z,
                layer.slant_z_min, layer.slant_z_max,
            )  # fmt: skip
        _place(track, point)
        if layer.kind == WALL:
            _meet_wall(track, here, point, layer.inverse_radius)
        else:
            _meet_ladders(track, here, point, layer, edges[i, 0, 0], edges[i, layer.sensors - 1, 1])
            for k in range(layer.sensors):
                _activate(here, edges[i, k, 0], edges[i, k, 1], lanes.entry.shape[0])
        _pass_matter(track, here, point, layer)
    if what == EVERYTHING:
        _walk_chamber(tracker, lanes)


@lane_kernel
def _meet_wire(track, flag, radius, backward_z, forward_z):
    """Whether a drift-chamber layer is crossed within its wires."""
    radius2 = radius * radius
    for lane in range(LANES):
        half2 = (radius2 - track[D2 + lane]) * track[BOW + lane]
        s = abs(track[DIAMETER + lane]) * arc_of(half2)
        z = track[Z0 + lane] + s * track[TAN_LAMBDA + lane]
        crossed = (half2 >= 0.0) & (half2 <= 1.0) & (s > track[START + lane]) & (s < track[END + lane])
        crossed &= (z > backward_z) & (z < forward_z) & (track[FATE + lane] == _LEFT)
        flag[lane] = select(crossed, 1.0, 0.0)


@lane_kernel
def _begin_border(inner, outer, here, layers):
    """Where only the first or only the last layer is crossed: one that is (FIRST) and one that is not (LAST)."""
    for lane in range(inner.shape[0]):
        here[FIRST + lane] = (layers - 1.0) * (1.0 - inner[lane])
        here[LAST + lane] = (layers - 1.0) * inner[lane]


@lane_kernel
def _halve(track, here, low, high, layers):
    """Halve the distance of the two; the layers are equidistant within half a millimetre."""
    scale = 1.0 / max(layers - 1.0, 1.0)
    radius, backward_z, forward_z = low.radius, low.backward_z, low.forward_z
    pitch, backward_pitch = (high.radius - radius) * scale, (high.backward_z - backward_z) * scale
    forward_pitch = (high.forward_z - forward_z) * scale
    for lane in range(LANES):
        yes, no = here[FIRST + lane], here[LAST + lane]
        i = np.floor(0.5 * (yes + no))
        r = radius + i * pitch
        half2 = (r * r - track[D2 + lane]) * track[BOW + lane]
        s = abs(track[DIAMETER + lane]) * arc_of(half2)
        z = track[Z0 + lane] + s * track[TAN_LAMBDA + lane]
        crossed = (half2 <= 1.0) & (s > track[START + lane]) & (s < track[END + lane])
        crossed &= (z > backward_z + i * backward_pitch) & (z < forward_z + i * forward_pitch)
        here[FIRST + lane], here[LAST + lane] = select(crossed, i, yes), select(crossed, no, i)


@lane_kernel
def _end_border(inner, outer, here, low, high, first, layers):
    """First and last layer crossed of a superlayer."""
    scale = 1.0 / max(layers - 1.0, 1.0)
    radius, stereo = low.radius, low.stereo
    pitch, stereo_pitch = (high.radius - radius) * scale, 0.5 * (high.stereo - stereo) * scale
    for lane in range(inner.shape[0]):
        border = here[FIRST + lane]
        low_layer = (1.0 - inner[lane]) * border
        high_layer = outer[lane] * (layers - 1.0) + (1.0 - outer[lane]) * border
        here[LAYERS + lane] = max(inner[lane], outer[lane]) * (high_layer - low_layer + 1.0)
        here[FIRST + lane], here[LAST + lane] = first + low_layer, first + high_layer
        here[RADIUS0 + lane], here[RADIUS1 + lane] = radius + low_layer * pitch, radius + high_layer * pitch
        here[STEREO + lane] = stereo + (low_layer + high_layer) * stereo_pitch


@lane_kernel
def _set_points(track, here, low_point, high_point):
    """Replace the layers crossed in a superlayer by two points: mean radius ± standard deviation of the radii."""
    for lane in range(LANES):
        size = here[LAYERS + lane]
        middle = 0.5 * (here[RADIUS0 + lane] + here[RADIUS1 + lane])
        spread = 0.5 * (here[RADIUS1 + lane] - here[RADIUS0 + lane])
        spread *= math.sqrt((size + 1.0) / (3.0 * max(size - 1.0, 1.0)))  # equidistant layers
        d2, bow, diameter = track[D2 + lane], track[BOW + lane], abs(track[DIAMETER + lane])
        low, high = middle - spread, middle + spread
        low2, high2 = (low * low - d2) * bow, (high * high - d2) * bow
        low_point[SINE + lane], high_point[SINE + lane] = low2, high2
        low_point[ARC + lane], high_point[ARC + lane] = diameter * arc_of(low2), diameter * arc_of(high2)


@lane_kernel
def _pass_gas(track, here, low_point, high_point, gas):
    """Gas up to the middle of a superlayer; HELP3 is the arc length reached before."""
    x0, interaction, electrons, log_excitation = gas.x0, gas.interaction, gas.electrons, gas.log_excitation
    straggling = (STRAGGLING * electrons) ** 2
    for lane in range(LANES):
        size, mass, energy = here[LAYERS + lane], track[MASS + lane], track[ENERGY + lane]
        low, high = low_point[ARC + lane], high_point[ARC + lane]
        crossed = size > 0.0
        energy2 = energy * energy
        inverse_p2 = 1.0 / (energy2 - mass * mass)
        inverse_beta2 = energy2 * inverse_p2
        weakness = inverse_beta2 * inverse_p2
        here[GAS_ANGLE2 + lane] = select(crossed, x0 * weakness, 0.0)
        here[GAS_BEND2 + lane] = select(crossed, straggling * inverse_beta2 * inverse_beta2 * weakness, 0.0)
        track[FIRST_ARC + lane] = select(crossed & (track[WIRES + lane] == 0.0), low, track[FIRST_ARC + lane])
        track[FIRST_WIRE + lane] = select(
            crossed & (track[WIRES + lane] == 0.0), here[FIRST + lane], track[FIRST_WIRE + lane]
        )
        track[LAST_ARC + lane] = select(crossed, high, track[LAST_ARC + lane])
        track[LAST_WIRE + lane] = select(crossed, here[LAST + lane], track[LAST_WIRE + lane])
        track[WIRES + lane] += size
        middle = 0.5 * (low + high)
        step = (middle - track[HELP3 + lane]) / track[COS_LAMBDA + lane]
        step = select(crossed, max(step, 0.0), 0.0)
        track[HELP3 + lane] = select(crossed, max(middle, track[HELP3 + lane]), track[HELP3 + lane])
        track[TOTAL + lane] += x0 * step
        thickness = track[THICKNESS + lane] + interaction * step
        track[THICKNESS + lane] = thickness
        energy -= electrons * step * BETHE * (inverse_beta2 * (track[LOSS_LOG + lane] - log_excitation) - 1.0)
        fate = select(energy <= 1.002 * mass, _STOPPED, select(thickness > track[LIMIT + lane], _NUCLEAR, _LEFT))
        ends = crossed & (fate != _LEFT)
        track[FATE + lane] = select(ends, fate, track[FATE + lane])
        track[END + lane] = select(ends, high, track[END + lane])
        track[ENERGY + lane] = max(energy, 1.002 * mass)


@lane_kernel
def _pass_outer_wall(track, wall, radius, backward_z, forward_z):
    """Energy loss and nuclear interaction in the outer wall of the drift chamber."""
    radius2 = radius * radius
    interaction, electrons, log_excitation = wall.interaction, wall.electrons, wall.log_excitation
    for lane in range(LANES):
        mass, energy = track[MASS + lane], track[ENERGY + lane]
        half2 = (radius2 - track[D2 + lane]) * track[BOW + lane]
        s = abs(track[DIAMETER + lane]) * arc_of(half2)
        z = track[Z0 + lane] + s * track[TAN_LAMBDA + lane]
        crossed = (half2 >= 0.0) & (half2 <= 1.0) & (s > track[START + lane]) & (s < track[END + lane])
        crossed &= (z > backward_z) & (z < forward_z) & (track[FATE + lane] == _LEFT)
        steep = select(crossed, 1.0 / track[COS_LAMBDA + lane], 0.0)
        energy2 = energy * energy
        inverse_beta2 = energy2 / (energy2 - mass * mass)
        energy -= electrons * steep * BETHE * (inverse_beta2 * (track[LOSS_LOG + lane] - log_excitation) - 1.0)
        thickness = track[THICKNESS + lane] + interaction * steep
        fate = select(energy <= 1.002 * mass, _STOPPED, select(thickness > track[LIMIT + lane], _NUCLEAR, _LEFT))
        ends = crossed & (fate != _LEFT)
        track[FATE + lane] = select(ends, fate, track[FATE + lane])
        track[END + lane] = select(ends, s, track[END + lane])
        track[ENERGY + lane] = max(energy, 1.002 * mass)


@lane_kernel
def _begin_chamber(track, radius):
    """Nothing crossed yet; the gas begins at the inner wall, or where the particle does."""
    radius2 = radius * radius
    for lane in range(LANES):
        s = abs(track[DIAMETER + lane]) * arc_of((radius2 - track[D2 + lane]) * track[BOW + lane])
        track[HELP3 + lane] = max(s, track[START + lane])
        track[WIRES + lane], track[FIRST_WIRE + lane], track[LAST_WIRE + lane] = 0.0, -1.0, -1.0
        track[FIRST_ARC + lane], track[LAST_ARC + lane] = -1.0, -1.0


@kernel
def _walk_chamber(tracker, lanes):
    """Superlayer by superlayer; one of which neither the first nor the last layer is crossed counts as not crossed."""
    chamber, track = tracker.chamber, lanes.track
    wires, firsts = chamber.layer, chamber.first
    layers = tracker.surfaces.layer
    _begin_chamber(track, layers[layers.shape[0] - 1].radius)
    inner, outer = lanes.flag[0], lanes.flag[1]
    for k in range(firsts.shape[0] - 1):
        here, low_point, high_point = lanes.superlayer[k], lanes.low[k], lanes.high[k]
        low, high = wires[firsts[k]], wires[firsts[k + 1] - 1]
        _meet_wire(track, inner, low.radius, low.backward_z, low.forward_z)
        _meet_wire(track, outer, high.radius, high.backward_z, high.forward_z)
        some, whole = 0.0, 0.0
        for lane in range(LANES):
            some += inner[lane] + outer[lane]
            whole += inner[lane] * outer[lane]
        lanes.used[k] = 1 if some > 0.0 else 0
        if some == 0.0:
            continue
        layers = float(firsts[k + 1] - firsts[k])
        _begin_border(inner, outer, here, layers)
        if some != 2.0 * whole:
            for _ in range(BISECTIONS):
                _halve(track, here, low, high, layers)
        _end_border(inner, outer, here, low, high, float(firsts[k]), layers)
        _set_points(track, here, low_point, high_point)
        _place(track, low_point)
        _place(track, high_point)
        _pass_gas(track, here, low_point, high_point, chamber.gas)
    last = wires[wires.shape[0] - 1]
    _pass_outer_wall(track, chamber.outer_wall, chamber.outer_radius, last.backward_z, last.forward_z)
