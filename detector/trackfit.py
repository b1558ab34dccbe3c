"""The covariance of a track from the layers it crosses.

Two steps.  :func:`cross_layers` walks the helix outward and notes where it meets walls, sensors and superlayers,
with the momentum left there.  :func:`filter_inward` then runs a Kalman filter from the outermost hit to the POCA
(Billoir, NIM 225 (1984) 352; Frühwirth, NIM A 262 (1987) 444).  Its state is the five helix parameters at the POCA
of the helix seen *between* two layers, so that the transport is the identity: a hit subtracts its information
through the derivative of the measured coordinate, a layer's scattering and energy straggling add noise through the
derivative of the parameters with respect to a kink there.  The truth is the helix at the production vertex, thus
only matter after it counts.

Drift-chamber layers of one superlayer are replaced by two points at the mean radius ± the standard deviation of
their radii, which keeps the first three moments of the lever arm; the gas scatters half way between superlayers.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from detector.geometry import WALL, in_sensor, ladder_hit
from detector.helix import FIELD_CONSTANT, arc_sine, arc_to_radius
from detector.material import STRAGGLING, highland_factor, loss_terms
from physics.random import poisson, uniform

TABLE, EXACT, SILICON_ONLY = 0, 1, 2
"""How the drift chamber is walked through."""

FATE_LEFT, FATE_STOPPED, FATE_NUCLEAR = 0, 1, 2
"""The walk ended where it was asked to, by ranging out, or by a nuclear interaction."""

MAX_SURFACES, MAX_SUPERLAYERS = 16, 16

PRIOR = (900.0, 1.0, 0.01, 1e4, 25.0)
"""Variances [cm², 1, 1/cm², cm², 1] before the first hit: too wide to matter once a track can be found."""

_POINT = [("arc", np.float64), ("x", np.float64), ("y", np.float64), ("tx", np.float64), ("ty", np.float64),
          ("sin", np.float64), ("cos", np.float64)]  # fmt: skip

SURFACE_CROSSING = np.dtype(
    [
        ("met", np.int64),  # sensors or walls crossed: 0, 1, 2
        ("hits", np.int64),  # of them measured
        ("ladder", np.int64),
        ("slanted", np.int64),
        ("kept", np.int64),
        ("slope", np.float64),  # cosine of the incidence angle in space
        ("angle2", np.float64),  # scattering: radiation lengths crossed / (pβ)² [1/GeV²]
        ("bend2", np.float64),  # straggling: variance of ln p
        *_POINT,  # arc length, position, direction, sine and cosine of the angle turned since the POCA (ω s)
    ]
)
SUPERLAYER_CROSSING = np.dtype(
    [
        ("layers", np.int64),
        ("first", np.int64),
        ("last", np.int64),
        ("angle2", np.float64),  # of one cm of gas
        ("bend2", np.float64),  # of one cm², it grows with the square of the path
    ]
)
CHAMBER_POINT = np.dtype(_POINT)


class Crossings(NamedTuple):
    """Where one particle met the layers, and the fit's scratch; overwritten by each particle."""

    surface: np.ndarray  # SURFACE_CROSSING (surfaces,)
    superlayer: np.ndarray  # SUPERLAYER_CROSSING (superlayers,)
    point: np.ndarray  # CHAMBER_POINT (superlayers, 2), inner and outer point
    numbers: np.ndarray  # see the indices below
    covariance: np.ndarray  # (5, 5), upper triangle
    row: np.ndarray  # (5,) derivative of the measured coordinate
    gain: np.ndarray  # (5,)
    bias: np.ndarray  # (5,) unmodelled displacement of the state
    draw: np.ndarray  # (5,)


TOTAL_X0, WEIGHT, END_MOMENTUM, END_ARC, WHOLE, LAST_ARC, FIRST_ARC, AT_CHAMBER = range(8)
"""Indices of ``numbers``: radiation lengths crossed, fraction of drift-chamber hits kept, momentum and arc length at
the end of the walk, whether the drift chamber is left to the table (1) the arc lengths of its last and first layer crossed,
and the momentum before it."""


def new_crossings() -> Crossings:
    """Return the scratch memory."""
    return Crossings(
        np.zeros(MAX_SURFACES, SURFACE_CROSSING),
        np.zeros(MAX_SUPERLAYERS, SUPERLAYER_CROSSING),
        np.zeros((MAX_SUPERLAYERS, 2), CHAMBER_POINT),
        np.zeros(8),
        np.zeros((5, 5)),
        np.zeros(5),
        np.zeros(5),
        np.zeros(5),
        np.zeros(5),
    )


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def _set_point(point, d0, sin0, cos0, diameter, s, half_sine):
    """Fill a crossing at arc length ``s``; ``half_sine`` is sin(ωs/2), ``diameter`` 2/ω; returns cos(ωs/2)."""
    half_cosine = math.sqrt(max(1.0 - half_sine * half_sine, 0.0))
    chord = diameter * half_sine
    point.arc = s
    point.x = d0 * sin0 + chord * (cos0 * half_cosine + sin0 * half_sine)
    point.y = -d0 * cos0 + chord * (sin0 * half_cosine - cos0 * half_sine)
    cosine, sine = 1.0 - 2.0 * half_sine * half_sine, 2.0 * half_sine * half_cosine
    point.sin, point.cos = sine, cosine
    point.tx, point.ty = cos0 * cosine + sin0 * sine, sin0 * cosine - cos0 * sine
    return half_cosine


RENEWAL = 0.985
"""Energy loss and scattering strength are renewed when the kinetic energy has fallen by this factor."""


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _weakness(energy2, mass2):
    """1/(pβ)² [1/GeV²], and the variance of ln p by straggling for 1 g/cm² of electrons."""
    p2 = energy2 - mass2
    weakness = energy2 / (p2 * p2)
    width = STRAGGLING * energy2 / p2
    return weakness, width * width * weakness


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def cross_layers(
    stream, tracker, work, d0, phi0, omega, z0, tan_lambda, mass, momentum, start, end, interaction, mode
):
    """Walk the helix outward from arc length ``start`` to ``end``; fill ``work`` and return the fate.

    ``interaction`` is the thickness in nuclear interaction lengths after which the particle interacts (infinite for
    leptons).  Hits are kept with the layers' efficiencies.  Only the first, outgoing half turn leaves hits.  With
    ``mode`` TABLE a track from the luminous region that crosses the whole drift chamber leaves it to
    :func:`chamber_table`; EXACT walks through it, SILICON_ONLY stops before it.
    """
    layers, normals, edges = tracker.surfaces.layer, tracker.surfaces.normal, tracker.surfaces.edges
    crossings, numbers = work.surface, work.numbers
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    mass2 = mass * mass
    energy2 = momentum * momentum + mass2
    energy = math.sqrt(energy2)
    sin0, cos0 = math.sin(phi0), math.cos(phi0)
    # sin²(ωs/2) at radius r is (r² − d0²) × bow.
    bow = 0.25 * omega * omega / (1.0 + omega * d0)
    d2 = d0 * d0
    diameter = 2.0 / omega
    sign = 1.0 if omega > 0.0 else -1.0
    total, thickness = 0.0, 0.0
    all_respond = 1.0
    fate = FATE_LEFT
    # Energy loss: factor and logarithm, renewed when the velocity has changed.
    loss_scale, loss_log = loss_terms(mass, energy2)
    renew = mass + RENEWAL * (energy - mass)
    weakness, spread = _weakness(energy2, mass2)
    n = layers.shape[0]
    for i in range(n):
        crossing = crossings[i]
        crossing.met = 0
        crossing.hits = 0
        if fate != FATE_LEFT:
            continue
        layer = layers[i]
        radius = layer.radius
        half2 = (radius * radius - d2) * bow
        reached = 0.0 <= half2 <= 1.0
        half_sine = sign * math.sqrt(half2) if reached else 0.0
        half_angle = arc_sine(half_sine)
        s = half_angle * diameter
        slanted = False
        if layer.slant_tan > 0.0 and (not reached or z0 + s * tan_lambda > layer.slant_z_min):
            slanted = True
            radius = layer.slant_radius
            for _ in range(3):  # fixed point of r(z(s)); the slope is small
                half2 = (radius * radius - d2) * bow
                reached = 0.0 <= half2 <= 1.0
                if not reached:
                    break
                half_sine = sign * math.sqrt(half2)
                half_angle = arc_sine(half_sine)
                s = half_angle * diameter
                z = min(max(z0 + s * tan_lambda, layer.slant_z_min), layer.slant_z_max)
                radius = layer.slant_radius - layer.slant_tan * (z - layer.slant_z)
        if not reached:
            continue
        half_cosine = _set_point(crossing, d0, sin0, cos0, diameter, s, half_sine)
        tx, ty = crossing.tx, crossing.ty
        hits = 0
        met = 1
        if layer.kind == WALL:
            if s <= start or s >= end:
                continue
            slope = max((crossing.x * tx + crossing.y * ty) / radius, 0.05) * cos_lambda
        else:
            z = z0 + s * tan_lambda
            half_width = layer.half_width
            tilt = 0.0
            if slanted:
                tilt = layer.slant_tan
                half_width = layer.slant_half_width + layer.slant_taper * (z - layer.slant_z)
                radius = layer.slant_radius - tilt * (z - layer.slant_z)
            # Azimuth of the point: the chord's φ0 − ωs/2 and the small angle of d0 seen from there.
            lean = arc_sine(-d0 * half_cosine * layer.inverse_radius)
            met, ladder, ds = ladder_hit(
                layer, normals[i], radius, phi0 - half_angle + lean, crossing.x, crossing.y, tx, ty, half_width,
                tilt * tan_lambda,
            )  # fmt: skip
            if met == 0:
                continue
            s += ds
            if s <= start or s >= end:
                continue
            z += ds * tan_lambda
            if slanted:
                if z > layer.slant_z_max:
                    continue
                active = True
            else:
                if z < edges[i, 0, 0] or z > edges[i, layer.sensors - 1, 1]:
                    continue
                active = in_sensor(edges[i], layer.sensors, z)
            # On along the curve to the sensor's plane; the angle turned is small.
            turn = omega * ds
            crossing.arc = s
            crossing.x += ds * (tx + 0.5 * turn * ty)
            crossing.y += ds * (ty - 0.5 * turn * tx)
            cosine = 1.0 - 0.5 * turn * turn
            tx, ty = cosine * tx + turn * ty, cosine * ty - turn * tx
            crossing.tx, crossing.ty = tx, ty
            crossing.sin, crossing.cos = (
                cosine * crossing.sin + turn * crossing.cos,
                cosine * crossing.cos - turn * crossing.sin,
            )
            slope = tx * normals[i, ladder, 0] + ty * normals[i, ladder, 1]
            if slanted:
                slope = (slope + tilt * tan_lambda) / math.sqrt(1.0 + tilt * tilt)
            slope *= cos_lambda
            crossing.ladder = ladder
            crossing.slanted = 1 if slanted else 0
            if active:
                hits = met
                all_respond *= layer.efficiency if met == 1 else layer.efficiency * layer.efficiency
        crossing.met = met
        crossing.hits = hits
        crossed = met / slope
        total += layer.x0 * crossed
        electrons = layer.electrons * crossed
        crossing.slope = slope
        crossing.angle2 = layer.x0 * crossed * weakness
        crossing.bend2 = electrons * electrons * spread
        energy -= electrons * loss_scale * (loss_log - layer.log_excitation)
        if energy <= 1.002 * mass:
            fate = FATE_STOPPED
            end = s
            continue
        energy2 = energy * energy
        if energy < renew:
            loss_scale, loss_log = loss_terms(mass, energy2)
            renew = mass + RENEWAL * (energy - mass)
            weakness, spread = _weakness(energy2, mass2)
        thickness += layer.interaction * crossed
        if thickness > interaction:
            fate = FATE_NUCLEAR
            end = s
    if uniform(stream) > all_respond:
        _lose_hits(stream, layers, crossings)

    # The drift chamber: whole and seen from the luminous region, or superlayer by superlayer.
    chamber = tracker.chamber
    wires, firsts, gas = chamber.layer, chamber.first, chamber.gas
    outer = wires[wires.shape[0] - 1]
    half2 = (outer.radius * outer.radius - d2) * bow
    numbers[WHOLE] = 0.0
    numbers[AT_CHAMBER] = math.sqrt(max(energy2 - mass2, 1e-12))
    count = 0
    usual = mode == TABLE and fate == FATE_LEFT and d2 < WHOLE_D0**2 and abs(z0) < WHOLE_Z0
    fast = energy2 < MAX_INVERSE_BETA**2 * (energy2 - mass2)
    if usual and fast and 0.0 <= half2 < WHOLE_TURN:
        s = abs(arc_sine(math.sqrt(half2)) * diameter)
        z = z0 + s * tan_lambda
        if outer.backward_z < z < outer.forward_z and end > s and start < wires[0].radius:
            numbers[WHOLE] = 1.0
            numbers[LAST_ARC] = s
            numbers[FIRST_ARC] = wires[0].radius
            count = wires.shape[0]
            step = (s - crossings[n - 1].arc) / cos_lambda
            total += gas.x0 * step
            thickness += gas.interaction * step
            energy -= gas.electrons * step * loss_scale * (loss_log - gas.log_excitation)
            if energy <= 1.002 * mass or thickness > interaction:
                # It ends in the gas: undo, and walk through the layers.
                numbers[WHOLE] = 0.0
                count = 0
                total -= gas.x0 * step
                thickness -= gas.interaction * step
                energy += gas.electrons * step * loss_scale * (loss_log - gas.log_excitation)
            energy2 = energy * energy
    numbers[FIRST_ARC] = numbers[FIRST_ARC] if numbers[WHOLE] > 0.0 else -1.0
    if numbers[WHOLE] == 0.0 and mode != SILICON_ONLY:
        previous = max(arc_to_radius(d0, omega, layers[n - 1].radius), start)
        for k in range(firsts.shape[0] - 1):
            superlayer = work.superlayer[k]
            superlayer.layers = 0
            if fate != FATE_LEFT:
                continue
            first, last = firsts[k], firsts[k + 1] - 1
            whole = _crosses(wires[first], d0, omega, z0, tan_lambda, start, end) and _crosses(
                wires[last], d0, omega, z0, tan_lambda, start, end
            )
            if not whole:
                while first <= last and not _crosses(wires[first], d0, omega, z0, tan_lambda, start, end):
                    first += 1
                while last >= first and not _crosses(wires[last], d0, omega, z0, tan_lambda, start, end):
                    last -= 1
                if last < first:
                    continue
            count += last - first + 1
            _set_superlayer(work, k, wires, first, last, d0, sin0, cos0, diameter, bow)
            low, high = work.point[k, 0], work.point[k, 1]
            if numbers[FIRST_ARC] < 0.0:
                numbers[FIRST_ARC] = low.arc
            numbers[LAST_ARC] = high.arc
            superlayer.angle2 = gas.x0 * weakness
            superlayer.bend2 = gas.electrons * gas.electrons * spread
            middle = 0.5 * (low.arc + high.arc)
            step = (middle - previous) / cos_lambda
            if step > 0.0:
                previous = middle
                total += gas.x0 * step
                energy -= gas.electrons * step * loss_scale * (loss_log - gas.log_excitation)
                thickness += gas.interaction * step
                if energy <= 1.002 * mass:
                    fate = FATE_STOPPED
                    end = high.arc
                elif thickness > interaction:
                    fate = FATE_NUCLEAR
                    end = high.arc
                else:
                    energy2 = energy * energy
                    if energy < renew:
                        loss_scale, loss_log = loss_terms(mass, energy2)
                        renew = mass + RENEWAL * (energy - mass)
                        weakness, spread = _weakness(energy2, mass2)
    half2 = (chamber.outer_radius * chamber.outer_radius - d2) * bow
    if fate == FATE_LEFT and 0.0 <= half2 <= 1.0:
        s = abs(arc_sine(math.sqrt(half2)) * diameter)
        z = z0 + s * tan_lambda
        if start < s < end and outer.backward_z < z < outer.forward_z:
            wall = chamber.outer_wall
            crossed = 1.0 / cos_lambda
            energy -= wall.electrons * crossed * loss_scale * (loss_log - wall.log_excitation)
            thickness += wall.interaction * crossed
            if energy <= 1.002 * mass:
                fate = FATE_STOPPED
                end = s
            elif thickness > interaction:
                fate = FATE_NUCLEAR
                end = s
    numbers[TOTAL_X0] = max(total, 1e-4)
    numbers[END_MOMENTUM] = math.sqrt(max(energy * energy, 1.004 * mass2) - mass2)
    numbers[END_ARC] = end
    numbers[WEIGHT] = 1.0
    if count > 0:
        numbers[WEIGHT] = max(count - poisson(stream, (1.0 - chamber.efficiency) * count), 0) / count
    return fate


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _set_superlayer(work, k, wires, first, last, d0, sin0, cos0, diameter, bow):
    """Replace layers ``first`` to ``last`` of superlayer ``k`` by two points."""
    size = last - first + 1
    middle = 0.5 * (wires[first].radius + wires[last].radius)
    spread = 0.5 * (wires[last].radius - wires[first].radius)
    if size > 1:
        spread *= math.sqrt((size + 1.0) / (3.0 * (size - 1.0)))  # equidistant layers
    superlayer = work.superlayer[k]
    superlayer.layers = size
    superlayer.first = first
    superlayer.last = last
    for side in range(2):
        radius = middle - spread if side == 0 else middle + spread
        half_sine = math.sqrt(min(max((radius * radius - d0 * d0) * bow, 0.0), 1.0))
        if diameter < 0.0:
            half_sine = -half_sine
        _set_point(work.point[k, side], d0, sin0, cos0, diameter, arc_sine(half_sine) * diameter, half_sine)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _crosses(wire, d0, omega, z0, tan_lambda, start, end):
    """Whether the outgoing half turn crosses a drift-chamber layer within its wires."""
    s = arc_to_radius(d0, omega, wire.radius)
    if s <= start or s >= end:
        return False
    z = z0 + s * tan_lambda
    return wire.backward_z < z < wire.forward_z


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _lose_hits(stream, layers, crossings):
    """Remove hits with the layers' inefficiencies, given that at least one is lost.

    One number has decided that; drawing all hits until one is lost is exact and mostly avoids their numbers.
    """
    lost = 0
    while lost == 0:
        for i in range(layers.shape[0]):
            kept = 0
            for _ in range(crossings[i].hits):
                if uniform(stream) < layers[i].efficiency:
                    kept += 1
            lost += crossings[i].hits - kept
            crossings[i].kept = kept
    for i in range(layers.shape[0]):
        crossings[i].hits = crossings[i].kept


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def measurement_row(row, cx, cy, cz, point, sin0, cos0, omega, radius2):
    """Derivatives of a measured coordinate ``c · δposition`` with respect to (d0, φ0, ω, z0, tanλ).

    ``radius2`` is 1/ω².
    """
    s, tx, ty = point.arc, point.tx, point.ty
    turned = omega * s
    if abs(turned) < 1e-3:
        left, along = 0.5 * s * s, -turned * s * s / 6.0
    else:
        left = (1.0 - point.cos) * radius2
        along = (point.sin - turned) * radius2
    row[0] = cx * sin0 - cy * cos0
    row[1] = cy * point.x - cx * point.y
    row[2] = left * (cx * ty - cy * tx) - along * (cx * tx + cy * ty)
    row[3] = cz
    row[4] = s * cz


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"}, forceinline=True)
def add_hit(c, h, g, variance, bias):
    """Kalman update of the upper triangle of C and of the bias with one coordinate; return its χ² from the bias."""
    h0, h1, h2, h3, h4 = h[0], h[1], h[2], h[3], h[4]
    g[0] = c[0, 0] * h0 + c[0, 1] * h1 + c[0, 2] * h2 + c[0, 3] * h3 + c[0, 4] * h4
    g[1] = c[0, 1] * h0 + c[1, 1] * h1 + c[1, 2] * h2 + c[1, 3] * h3 + c[1, 4] * h4
    g[2] = c[0, 2] * h0 + c[1, 2] * h1 + c[2, 2] * h2 + c[2, 3] * h3 + c[2, 4] * h4
    g[3] = c[0, 3] * h0 + c[1, 3] * h1 + c[2, 3] * h2 + c[3, 3] * h3 + c[3, 4] * h4
    g[4] = c[0, 4] * h0 + c[1, 4] * h1 + c[2, 4] * h2 + c[3, 4] * h3 + c[4, 4] * h4
    inverse = 1.0 / (variance + g[0] * h0 + g[1] * h1 + g[2] * h2 + g[3] * h3 + g[4] * h4)
    for i in range(5):
        f = inverse * g[i]
        for j in range(i, 5):
            c[i, j] -= f * g[j]
    pull = h0 * bias[0] + h1 * bias[1] + h2 * bias[2] + h3 * bias[3] + h4 * bias[4]
    if pull == 0.0:
        return 0.0
    f = pull * inverse
    for i in range(5):
        bias[i] -= f * g[i]
    return pull * f


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"}, forceinline=True)
def add_flat_hit(c, h0, h1, h2, variance, bias):
    """:func:`add_hit` of a coordinate that does not depend on z0 and tanλ."""
    g0 = c[0, 0] * h0 + c[0, 1] * h1 + c[0, 2] * h2
    g1 = c[0, 1] * h0 + c[1, 1] * h1 + c[1, 2] * h2
    g2 = c[0, 2] * h0 + c[1, 2] * h1 + c[2, 2] * h2
    g3 = c[0, 3] * h0 + c[1, 3] * h1 + c[2, 3] * h2
    g4 = c[0, 4] * h0 + c[1, 4] * h1 + c[2, 4] * h2
    inverse = 1.0 / (variance + g0 * h0 + g1 * h1 + g2 * h2)
    f = inverse * g0
    c[0, 0] -= f * g0
    c[0, 1] -= f * g1
    c[0, 2] -= f * g2
    c[0, 3] -= f * g3
    c[0, 4] -= f * g4
    f = inverse * g1
    c[1, 1] -= f * g1
    c[1, 2] -= f * g2
    c[1, 3] -= f * g3
    c[1, 4] -= f * g4
    f = inverse * g2
    c[2, 2] -= f * g2
    c[2, 3] -= f * g3
    c[2, 4] -= f * g4
    f = inverse * g3
    c[3, 3] -= f * g3
    c[3, 4] -= f * g4
    c[4, 4] -= inverse * g4 * g4
    pull = h0 * bias[0] + h1 * bias[1] + h2 * bias[2]
    if pull == 0.0:
        return 0.0
    f = pull * inverse
    bias[0] -= f * g0
    bias[1] -= f * g1
    bias[2] -= f * g2
    bias[3] -= f * g3
    bias[4] -= f * g4
    return pull * f


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"}, forceinline=True)
def add_kink(c, radius, scale, omega, tan_lambda, s, sine, cosine, dip2, bend2):
    """Noise of matter at arc length ``s`` (sine and cosine of ω s, 1/ω and 1/(1 + ω d0) given).

    ``dip2`` [rad²]: variance of the projected scattering angle; ``bend2``: variance of ln p by straggling.  The
    derivatives of the helix, the point of the kink held: a turn in azimuth moves (d0, φ0, z0); a change of ln ω
    moves (d0, φ0, ω, z0); a scatter in dip moves tanλ and z0 and, since p stays, ln ω by tanλ.
    """
    slope = 1.0 + tan_lambda * tan_lambda
    # Turn.
    a, b = sine * radius, cosine * scale
    d = tan_lambda * (1.0 - b) * radius
    turn2 = dip2 * slope
    fa, fb = turn2 * a, turn2 * b
    # Change of ln ω, by straggling and by scattering in dip.
    e, f = (1.0 - cosine) * radius, sine * scale
    g = tan_lambda * (s - f * radius)
    both2 = bend2 + dip2 * tan_lambda * tan_lambda
    fe, ff, fw, fg = both2 * e, both2 * f, both2 * omega, both2 * g
    c[0, 0] += fa * a + fe * e
    c[0, 1] += fa * b + fe * f
    c[0, 2] += fe * omega
    c[0, 3] += fa * d + fe * g
    c[1, 1] += fb * b + ff * f
    c[1, 2] += ff * omega
    c[1, 3] += fb * d + ff * g
    c[2, 2] += fw * omega
    c[2, 3] += fw * g
    c[3, 3] += turn2 * d * d + fg * g
    # The direct effect of the dip on (z0, tanλ) and its products with the change of ln ω.
    h = -s * slope
    mixed = dip2 * tan_lambda
    mz, mt = mixed * h, mixed * slope
    c[0, 3] += mz * e
    c[1, 3] += mz * f
    c[2, 3] += mz * omega
    c[3, 3] += 2.0 * mz * g + dip2 * h * h
    c[0, 4] += mt * e
    c[1, 4] += mt * f
    c[2, 4] += mt * omega
    c[3, 4] += mt * g + dip2 * slope * h
    c[4, 4] += dip2 * slope * slope


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def filter_chamber(tracker, work, d0, phi0, omega, tan_lambda, highland, broken):
    """Filter the drift chamber, superlayer by superlayer, into ``work.covariance``; return the χ² of the bias."""
    wires, firsts = tracker.chamber.layer, tracker.chamber.first
    superlayers, points = work.superlayer, work.point
    c, row, gain, bias, nothing = work.covariance, work.row, work.gain, work.bias, work.draw
    for i in range(5):
        nothing[i] = 0.0
        for j in range(5):
            c[i, j] = 0.0
    c[0, 0], c[1, 1], c[2, 2], c[3, 3], c[4, 4] = PRIOR
    sin0, cos0 = math.sin(phi0), math.cos(phi0)
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    radius, scale = 1.0 / omega, 1.0 / (1.0 + omega * d0)
    radius2 = radius * radius
    n_super = firsts.shape[0] - 1
    n = tracker.surfaces.layer.shape[0]
    weight = work.numbers[WEIGHT]
    chi2 = 0.0
    outer = -1
    for step in range(n_super):
        k = n_super - 1 - step
        superlayer = superlayers[k]
        if superlayer.layers == 0:
            continue
        if outer >= 0:
            # Gas between the middles of the two superlayers; it scatters on the bisector.
            path = 0.5 * (points[outer, 0].arc + points[outer, 1].arc - points[k, 0].arc - points[k, 1].arc)
            _add_gas(c, radius, scale, omega, tan_lambda, points[outer, 0], points[k, 1], path / cos_lambda, superlayer, highland)
        outer = k
        variance = 2.0 * tracker.chamber.variance / max(superlayer.layers * weight, 1e-3)
        stereo = 0.5 * (wires[superlayer.first].stereo + wires[superlayer.last].stereo)
        for step_point in range(2):
            point = points[k, 1 - step_point]
            if stereo == 0.0:
                measurement_row(row, -point.ty, point.tx, 0.0, point, sin0, cos0, omega, radius2)
            else:
                # Distance along wire × track; the wire leans by the stereo angle along the azimuth.
                tilt = math.tan(stereo) / math.sqrt(point.x * point.x + point.y * point.y)
                wx, wy = -point.y * tilt, point.x * tilt
                nx, ny = wy * tan_lambda - point.ty, point.tx - wx * tan_lambda
                nz = wx * point.ty - wy * point.tx
                norm = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
                measurement_row(row, nx * norm, ny * norm, nz * norm, point, sin0, cos0, omega, radius2)
            chi2 += add_hit(c, row, gain, variance, nothing if point.arc >= broken else bias)
    if outer >= 0 and work.surface[n - 1].met > 0:
        wall = work.surface[n - 1]
        path = (0.5 * (points[outer, 0].arc + points[outer, 1].arc) - wall.arc) / cos_lambda
        _add_gas(c, radius, scale, omega, tan_lambda, points[outer, 0], wall, path, superlayers[outer], highland)
    return chi2


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _add_gas(c, radius, scale, omega, tan_lambda, a, b, path, superlayer, highland):
    """Noise of gas between two points, on the bisector of their directions."""
    sine, cosine = a.sin + b.sin, a.cos + b.cos
    norm = 1.0 / math.sqrt(sine * sine + cosine * cosine)
    add_kink(
        c, radius, scale, omega, tan_lambda, 0.5 * (a.arc + b.arc), sine * norm, cosine * norm,
        highland * superlayer.angle2 * path, superlayer.bend2 * path * path,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def filter_inward(tracker, work, d0, phi0, omega, tan_lambda, mass, momentum, broken):
    """Fill ``work.covariance`` (upper triangle) at the POCA from the crossings; return the χ² of the bias.

    ``work.bias`` enters as the displacement of the helix beyond the arc length ``broken`` (a decay, a lost photon)
    that the fit does not know of, and leaves as the shift of the fitted parameters.
    """
    layers, normals = tracker.surfaces.layer, tracker.surfaces.normal
    crossings = work.surface
    c, row, gain, bias, nothing = work.covariance, work.row, work.gain, work.bias, work.draw
    highland = highland_factor(work.numbers[TOTAL_X0], momentum, mass)
    if work.numbers[WHOLE] > 0.0:
        chi2 = 0.0
        for i in range(5):
            nothing[i] = 0.0
        look_up(tracker.table, c, omega, tan_lambda, work.numbers[LAST_ARC], mass, work.numbers[AT_CHAMBER], tracker.field)
    else:
        chi2 = filter_chamber(tracker, work, d0, phi0, omega, tan_lambda, highland, broken)
    sin0, cos0 = math.sin(phi0), math.cos(phi0)
    radius, scale = 1.0 / omega, 1.0 / (1.0 + omega * d0)
    radius2 = radius * radius
    n = layers.shape[0]
    for step in range(n):
        i = n - 1 - step
        crossing = crossings[i]
        if crossing.met == 0:
            continue
        if crossing.hits > 0:
            # Plane: normal M, measured directions U (tangential) and V (along the ladder).
            layer = layers[i]
            mx, my = normals[i, crossing.ladder, 0], normals[i, crossing.ladder, 1]
            tx, ty = crossing.tx, crossing.ty
            along = tx * mx + ty * my
            across = ty * mx - tx * my
            seen = nothing if crossing.arc >= broken else bias
            number = 1.0 if crossing.hits == 1 else 0.5
            if crossing.slanted == 0:
                inverse = 1.0 / along
                measurement_row(
                    row, -my - across * inverse * mx, mx - across * inverse * my, 0.0, crossing, sin0, cos0, omega, radius2
                )
                chi2 += add_flat_hit(c, row[0], row[1], row[2], layer.variance_u * number, seen)
                lean = -tan_lambda * inverse
                measurement_row(row, mx * lean, my * lean, 1.0, crossing, sin0, cos0, omega, radius2)
            else:
                tilt = layer.slant_tan
                c_tilt = 1.0 / math.sqrt(1.0 + tilt * tilt)
                s_tilt = tilt * c_tilt
                inverse = 1.0 / (along * c_tilt + tan_lambda * s_tilt)
                fu = across * inverse
                fv = (tan_lambda * c_tilt - along * s_tilt) * inverse
                measurement_row(
                    row, -my - fu * mx * c_tilt, mx - fu * my * c_tilt, -fu * s_tilt, crossing, sin0, cos0, omega, radius2
                )
                chi2 += add_hit(c, row, gain, layer.variance_u * number, seen)
                lean = -s_tilt - fv * c_tilt
                measurement_row(row, mx * lean, my * lean, c_tilt - fv * s_tilt, crossing, sin0, cos0, omega, radius2)
            chi2 += add_hit(c, row, gain, layer.variance_v * number, seen)
        add_kink(
            c, radius, scale, omega, tan_lambda, crossing.arc, crossing.sin, crossing.cos, highland * crossing.angle2,
            crossing.bend2,
        )  # fmt: skip
    return chi2


class ChamberTable(NamedTuple):
    """Covariance that the whole drift chamber gives to tracks from the origin, at its inner wall.

    ``values`` (2 signs of ω, 1/β, 1/pT, z at the last layer, 15 elements); trilinear between them.
    """

    values: np.ndarray
    beta_step: float
    pt_step: float  # [1/GeV]
    z_first: float  # [cm]
    z_step: float


EMPTY_TABLE = ChamberTable(np.zeros((2, 2, 2, 2, 15)), 1.0, 1.0, 0.0, 1.0)

WHOLE_D0, WHOLE_Z0, WHOLE_TURN = 0.5, 3.0, 0.75
"""The table is used for |d0| [cm], |z0| [cm] and sin²(half the turning angle at the last layer) below these."""
TABLE_BETA, TABLE_PT, TABLE_Z = 6, 28, 12
MAX_INVERSE_BETA = 2.0


def chamber_table(tracker: Any) -> ChamberTable:
    """Fill the table with the exact filter; ``tracker.table`` may still be empty."""
    outer = tracker.chamber.layer[-1]
    # A tenth of a millimetre inside, so that the outermost nodes cross the last layer.
    z = np.linspace(outer["backward_z"] + 0.01, outer["forward_z"] - 0.01, TABLE_Z)
    pt_max = 2.0 * np.sqrt(WHOLE_TURN) / (FIELD_CONSTANT * tracker.field * outer["radius"])
    inverse_pt = np.linspace(0.0, pt_max, TABLE_PT)
    inverse_beta = np.linspace(1.0, MAX_INVERSE_BETA, TABLE_BETA)
    values = np.zeros((2, TABLE_BETA, TABLE_PT, TABLE_Z, 15))
    _fill_table(values, tracker, new_crossings(), np.zeros(8, np.uint64), inverse_beta, inverse_pt, z)
    return ChamberTable(
        values, float(inverse_beta[1] - 1.0), float(inverse_pt[1]), float(z[0]), float(z[1] - z[0])
    )


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _fill_table(values, tracker, work, stream, inverse_beta, inverse_pt, z):
    chamber = tracker.chamber
    radius = chamber.layer[chamber.layer.shape[0] - 1].radius
    for side in range(2):
        for b in range(inverse_beta.shape[0]):
            for k in range(inverse_pt.shape[0]):
                for m in range(z.shape[0]):
                    pt = 1.0 / max(inverse_pt[k], 1e-3)
                    omega = FIELD_CONSTANT * tracker.field / pt
                    if side == 1:
                        omega = -omega
                    tan_lambda = z[m] / arc_to_radius(0.0, omega, radius)
                    p = pt * math.sqrt(1.0 + tan_lambda * tan_lambda)
                    mass = p * math.sqrt(max(inverse_beta[b] ** 2 - 1.0, 1e-6))
                    # Momentum scaled up a little against stopping; the particle is at its nominal velocity.
                    cross_layers(
                        stream, tracker, work, 0.0, 0.0, omega, 0.0, tan_lambda, mass, p, 0.0, 1e9, np.inf, EXACT
                    )
                    for n in range(chamber.first.shape[0] - 1):
                        _pin(work.superlayer[n], chamber.gas, inverse_beta[b], p)
                    work.numbers[WEIGHT] = chamber.efficiency
                    highland = highland_factor(work.numbers[TOTAL_X0], p, mass)
                    filter_chamber(tracker, work, 0.0, 0.0, omega, tan_lambda, highland, np.inf)
                    e = 0
                    for i in range(5):
                        for j in range(i, 5):
                            values[side, b, k, m, e] = work.covariance[i, j]
                            e += 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _pin(superlayer, gas, inverse_beta, momentum):
    """Scattering and straggling of one centimetre of gas at a given momentum."""
    weakness = (inverse_beta / momentum) ** 2
    superlayer.angle2 = gas.x0 * weakness
    superlayer.bend2 = (gas.electrons * STRAGGLING * inverse_beta * inverse_beta) ** 2 * weakness


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"}, forceinline=True)
def look_up(table, c, omega, tan_lambda, last_arc, mass, momentum, field):
    """Write the drift chamber's covariance from the table into the upper triangle of C."""
    values = table.values
    side = 0 if omega > 0.0 else 1
    x = (math.sqrt(1.0 + mass * mass / (momentum * momentum)) - 1.0) / table.beta_step
    y = abs(omega) / (FIELD_CONSTANT * field * table.pt_step)
    z = (last_arc * tan_lambda - table.z_first) / table.z_step
    i = min(max(int(x), 0), values.shape[1] - 2)
    j = min(max(int(y), 0), values.shape[2] - 2)
    k = min(max(int(z), 0), values.shape[3] - 2)
    x, y, z = x - i, min(y - j, 1.0), min(max(z - k, 0.0), 1.0)
    x = min(x, 1.0)
    w000, w001 = (1.0 - x) * (1.0 - y) * (1.0 - z), (1.0 - x) * (1.0 - y) * z
    w010, w011 = (1.0 - x) * y * (1.0 - z), (1.0 - x) * y * z
    w100, w101 = x * (1.0 - y) * (1.0 - z), x * (1.0 - y) * z
    w110, w111 = x * y * (1.0 - z), x * y * z
    near, far = values[side, i], values[side, i + 1]
    e = 0
    for row in range(5):
        for column in range(row, 5):
            c[row, column] = (
                w000 * near[j, k, e] + w001 * near[j, k + 1, e] + w010 * near[j + 1, k, e] + w011 * near[j + 1, k + 1, e]
                + w100 * far[j, k, e] + w101 * far[j, k + 1, e] + w110 * far[j + 1, k, e] + w111 * far[j + 1, k + 1, e]
            )  # fmt: skip
            e += 1
