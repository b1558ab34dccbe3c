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
from typing import NamedTuple

import numpy as np
from numba import njit

from detector.geometry import WALL, in_sensor, ladder_hit
from detector.helix import arc_to_radius
from detector.material import energy_loss, highland_factor, straggling_sigma
from physics.random import poisson, uniform

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
        ("slope", np.float64),  # cosine of the incidence angle in space
        ("momentum", np.float64),  # before the layer
        *_POINT,  # arc length, position, direction, sine and cosine of the angle turned since the POCA (ω s)
    ]
)
SUPERLAYER_CROSSING = np.dtype(
    [("layers", np.int64), ("first", np.int64), ("last", np.int64), ("momentum", np.float64)]
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
    kink: np.ndarray  # (3, 5) derivative with respect to a kink in azimuth, in dip, in ln ω
    bias: np.ndarray  # (5,) unmodelled displacement of the state
    draw: np.ndarray  # (5,)


TOTAL_X0, WEIGHT, END_MOMENTUM, END_ARC = 0, 1, 2, 3
"""Indices of ``numbers``: radiation lengths crossed, fraction of drift-chamber hits kept, momentum and arc length at
the end of the walk."""


def new_crossings() -> Crossings:
    """Return the scratch memory."""
    return Crossings(
        np.zeros(MAX_SURFACES, SURFACE_CROSSING),
        np.zeros(MAX_SUPERLAYERS, SUPERLAYER_CROSSING),
        np.zeros((MAX_SUPERLAYERS, 2), CHAMBER_POINT),
        np.zeros(4),
        np.zeros((5, 5)),
        np.zeros(5),
        np.zeros(5),
        np.zeros((3, 5)),
        np.zeros(5),
        np.zeros(5),
    )


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _set_point(point, d0, sin0, cos0, omega, s, half_sine):
    """Fill a crossing at arc length ``s``; ``half_sine`` is sin(ωs/2)."""
    half_cosine = math.sqrt(max(1.0 - half_sine * half_sine, 0.0))
    chord = 2.0 * half_sine / omega
    point.arc = s
    point.x = d0 * sin0 + chord * (cos0 * half_cosine + sin0 * half_sine)
    point.y = -d0 * cos0 + chord * (sin0 * half_cosine - cos0 * half_sine)
    cosine, sine = 1.0 - 2.0 * half_sine * half_sine, 2.0 * half_sine * half_cosine
    point.sin, point.cos = sine, cosine
    point.tx, point.ty = cos0 * cosine + sin0 * sine, sin0 * cosine - cos0 * sine


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def cross_layers(
    stream, tracker, work, d0, phi0, omega, z0, tan_lambda, mass, momentum, start, end, interaction
):
    """Walk the helix outward from arc length ``start`` to ``end``; fill ``work`` and return the fate.

    ``interaction`` is the thickness in nuclear interaction lengths after which the particle interacts (infinite for
    leptons).  Hits are kept with the layers' efficiencies.  Only the first, outgoing half turn leaves hits.
    """
    layers, normals, edges = tracker.surfaces.layer, tracker.surfaces.normal, tracker.surfaces.edges
    crossings = work.surface
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    energy = math.sqrt(momentum * momentum + mass * mass)
    sin0, cos0 = math.sin(phi0), math.cos(phi0)
    sign = 1.0 if omega > 0.0 else -1.0
    total, thickness = 0.0, 0.0
    all_respond = 1.0
    fate = FATE_LEFT
    n = layers.shape[0]
    for i in range(n):
        crossing = crossings[i]
        crossing.met = 0
        crossing.hits = 0
        if fate != FATE_LEFT:
            continue
        layer = layers[i]
        radius = layer.radius
        s = arc_to_radius(d0, omega, radius)
        slanted = False
        if layer.slant_tan > 0.0 and (s < 0.0 or z0 + s * tan_lambda > layer.slant_z_min):
            slanted = True
            radius = layer.slant_radius
            for _ in range(3):  # fixed point of r(z(s)); the slope is small
                s = arc_to_radius(d0, omega, radius)
                if s < 0.0:
                    break
                z = min(max(z0 + s * tan_lambda, layer.slant_z_min), layer.slant_z_max)
                radius = layer.slant_radius - layer.slant_tan * (z - layer.slant_z)
        if s < 0.0:
            continue
        half_sine = sign * 0.5 * math.sqrt(max(radius * radius - d0 * d0, 0.0) / (1.0 + omega * d0)) * abs(omega)
        _set_point(crossing, d0, sin0, cos0, omega, s, half_sine)
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
            met, ladder, ds = ladder_hit(
                layer, normals[i], radius, crossing.x, crossing.y, tx, ty, half_width, tilt * tan_lambda
            )
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
            mx, my = normals[i, ladder, 0], normals[i, ladder, 1]
            slope = (tx * mx + ty * my + tilt * tan_lambda) / math.sqrt(1.0 + tilt * tilt) * cos_lambda
            crossing.ladder = ladder
            crossing.slanted = 1 if slanted else 0
            if active:
                hits = met
                all_respond *= layer.efficiency if met == 1 else layer.efficiency * layer.efficiency
        crossing.met = met
        crossing.hits = hits
        crossing.slope = slope
        crossing.momentum = momentum
        crossed = met / slope
        total += layer.x0 * crossed
        beta2 = momentum * momentum / (energy * energy)
        energy -= energy_loss(layer.electrons * crossed, layer.log_excitation, mass, beta2)
        if energy <= 1.002 * mass:
            fate = FATE_STOPPED
            end = s
            continue
        momentum = math.sqrt(energy * energy - mass * mass)
        thickness += layer.interaction * crossed
        if thickness > interaction:
            fate = FATE_NUCLEAR
            end = s
    if uniform(stream) > all_respond:
        _lose_hits(stream, layers, crossings)

    # Superlayers: a full one is recognised by its first and last layer.
    chamber = tracker.chamber
    wires, firsts = chamber.layer, chamber.first
    previous = max(arc_to_radius(d0, omega, layers[n - 1].radius), start)
    count = 0
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
        size = last - first + 1
        middle = 0.5 * (wires[first].radius + wires[last].radius)
        spread = 0.5 * (wires[last].radius - wires[first].radius)
        if size > 1:
            spread *= math.sqrt((size + 1.0) / (3.0 * (size - 1.0)))  # equidistant layers
        superlayer.layers = size
        superlayer.first = first
        superlayer.last = last
        superlayer.momentum = momentum
        for side in range(2):
            radius = middle - spread if side == 0 else middle + spread
            bow = 0.25 * (radius * radius - d0 * d0) * omega * omega / (1.0 + omega * d0)
            half_sine = math.sqrt(min(max(bow, 0.0), 1.0))
            s = 2.0 * math.asin(half_sine) / abs(omega)
            _set_point(work.point[k, side], d0, sin0, cos0, omega, s, sign * half_sine)
        count += size
        middle = 0.5 * (work.point[k, 0].arc + work.point[k, 1].arc)
        step = (middle - previous) / cos_lambda
        if step > 0.0:
            previous = middle
            total += chamber.gas.x0 * step
            beta2 = momentum * momentum / (energy * energy)
            energy -= energy_loss(chamber.gas.electrons * step, chamber.gas.log_excitation, mass, beta2)
            if energy <= 1.002 * mass:
                fate = FATE_STOPPED
                end = work.point[k, 1].arc
                continue
            momentum = math.sqrt(energy * energy - mass * mass)
            thickness += chamber.gas.interaction * step
            if thickness > interaction:
                fate = FATE_NUCLEAR
                end = work.point[k, 1].arc
    if fate == FATE_LEFT:
        s = arc_to_radius(d0, omega, chamber.outer_radius)
        z = z0 + s * tan_lambda
        outer = wires[wires.shape[0] - 1]
        if start < s < end and outer.backward_z < z < outer.forward_z:
            wall = chamber.outer_wall
            crossed = 1.0 / cos_lambda
            beta2 = momentum * momentum / (energy * energy)
            energy -= energy_loss(wall.electrons * crossed, wall.log_excitation, mass, beta2)
            thickness += wall.interaction * crossed
            if energy <= 1.002 * mass:
                fate = FATE_STOPPED
                end = s
            else:
                momentum = math.sqrt(energy * energy - mass * mass)
                if thickness > interaction:
                    fate = FATE_NUCLEAR
                    end = s
    numbers = work.numbers
    numbers[TOTAL_X0] = max(total, 1e-4)
    numbers[END_MOMENTUM] = momentum
    numbers[END_ARC] = end
    numbers[WEIGHT] = 1.0
    if count > 0:
        numbers[WEIGHT] = max(count - poisson(stream, (1.0 - chamber.efficiency) * count), 0) / count
    return fate


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
    for _ in range(10000):
        lost = 0
        for i in range(layers.shape[0]):
            kept = 0
            for _ in range(crossings[i].hits):
                if uniform(stream) < layers[i].efficiency:
                    kept += 1
            lost += crossings[i].hits - kept
            crossings[i].hits = kept - 10 * crossings[i].hits  # both numbers, until it is decided
        for i in range(layers.shape[0]):
            before = -(crossings[i].hits // 10)
            crossings[i].hits = crossings[i].hits + 10 * before if lost > 0 else before
        if lost > 0:
            return


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def measurement_row(row, cx, cy, cz, point, sin0, cos0, omega):
    """Derivatives of a measured coordinate ``c · δposition`` with respect to (d0, φ0, ω, z0, tanλ)."""
    s, tx, ty = point.arc, point.tx, point.ty
    turned = omega * s
    if abs(turned) < 1e-3:
        left, along = 0.5 * s * s, -turned * s * s / 6.0
    else:
        left = (1.0 - point.cos) / (omega * omega)
        along = (point.sin - turned) / (omega * omega)
    row[0] = cx * sin0 - cy * cos0
    row[1] = cy * point.x - cx * point.y
    row[2] = left * (cx * ty - cy * tx) - along * (cx * tx + cy * ty)
    row[3] = cz
    row[4] = s * cz


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def kink_rows(kink, d0, omega, tan_lambda, s, sine, cosine):
    """Derivatives of the helix with respect to a kink at arc length ``s`` (sine and cosine of ω s given).

    Row 0: azimuth [1/rad]; row 1: scattering angle in dip [1/rad], which also turns pT; row 2: ln ω.  The point of
    the kink stays.
    """
    scale = 1.0 / (1.0 + omega * d0)
    turned = cosine * scale
    turn_z = tan_lambda * (1.0 - turned) / omega
    kink[0, 0] = sine / omega
    kink[0, 1] = turned
    kink[0, 3] = turn_z
    bend_d = (1.0 - cosine) / omega
    bend_phi = sine * scale
    bend_z = tan_lambda * (s - bend_phi / omega)
    kink[2, 0] = bend_d
    kink[2, 1] = bend_phi
    kink[2, 2] = omega
    kink[2, 3] = bend_z
    slope = 1.0 + tan_lambda * tan_lambda
    kink[1, 0] = tan_lambda * bend_d
    kink[1, 1] = tan_lambda * bend_phi
    kink[1, 2] = tan_lambda * omega
    kink[1, 3] = tan_lambda * bend_z - s * slope
    kink[1, 4] = slope


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"})
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


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"})
def add_matter(c, kink, x0, electrons, highland, tan_lambda, momentum, mass):
    """Noise of matter crossed, in radiation lengths and g/cm² of electrons along the track."""
    beta2 = momentum * momentum / (momentum * momentum + mass * mass)
    dip2 = x0 * highland / (momentum * momentum * beta2)
    turn2 = dip2 * (1.0 + tan_lambda * tan_lambda)
    a, b, d = kink[0, 0], kink[0, 1], kink[0, 3]
    c[0, 0] += turn2 * a * a
    c[0, 1] += turn2 * a * b
    c[0, 3] += turn2 * a * d
    c[1, 1] += turn2 * b * b
    c[1, 3] += turn2 * b * d
    c[3, 3] += turn2 * d * d
    for i in range(5):
        f = dip2 * kink[1, i]
        for j in range(i, 5):
            c[i, j] += f * kink[1, j]
    relative = straggling_sigma(electrons, beta2) / (momentum * math.sqrt(beta2))  # δp/p = δE / (pβ)
    if relative > 1e-4:
        relative *= relative
        for i in range(4):
            f = relative * kink[2, i]
            for j in range(i, 4):
                c[i, j] += f * kink[2, j]


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def filter_inward(tracker, work, d0, phi0, omega, tan_lambda, mass, broken):
    """Fill ``work.covariance`` (upper triangle) at the POCA from the crossings; return the χ² of the bias.

    ``work.bias`` enters as the displacement of the helix beyond the arc length ``broken`` (a decay, a lost photon)
    that the fit does not know of, and leaves as the shift of the fitted parameters.
    """
    layers, normals = tracker.surfaces.layer, tracker.surfaces.normal
    wires, firsts, gas = tracker.chamber.layer, tracker.chamber.first, tracker.chamber.gas
    crossings, superlayers, points = work.surface, work.superlayer, work.point
    c, row, gain, kink, bias, nothing = work.covariance, work.row, work.gain, work.kink, work.bias, work.draw
    for i in range(5):
        nothing[i] = 0.0
        for j in range(5):
            c[i, j] = 0.0
    c[0, 0], c[1, 1], c[2, 2], c[3, 3], c[4, 4] = PRIOR
    sin0, cos0 = math.sin(phi0), math.cos(phi0)
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    n = layers.shape[0]
    n_super = firsts.shape[0] - 1
    # One logarithm for the whole track; its velocity is that of the beam-pipe side.
    fastest = superlayers[0].momentum
    for i in range(n):
        if crossings[i].met > 0:
            fastest = crossings[i].momentum
            break
    highland = highland_factor(work.numbers[TOTAL_X0], fastest, mass)
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
            a, b = points[outer, 0], points[k, 1]
            _kink_between(kink, d0, omega, tan_lambda, a.arc, a.sin, a.cos, b.arc, b.sin, b.cos)
            path /= cos_lambda
            add_matter(
                c, kink, gas.x0 * path, gas.electrons * path, highland, tan_lambda, superlayer.momentum, mass
            )
        outer = k
        variance = 2.0 * tracker.chamber.variance / max(superlayer.layers * weight, 1e-3)
        stereo = 0.5 * (wires[superlayer.first].stereo + wires[superlayer.last].stereo)
        for step_point in range(2):
            point = points[k, 1 - step_point]
            if stereo == 0.0:
                measurement_row(row, -point.ty, point.tx, 0.0, point, sin0, cos0, omega)
            else:
                # Distance along wire × track; the wire leans by the stereo angle along the azimuth.
                tilt = math.tan(stereo) / math.sqrt(point.x * point.x + point.y * point.y)
                wx, wy = -point.y * tilt, point.x * tilt
                nx, ny = wy * tan_lambda - point.ty, point.tx - wx * tan_lambda
                nz = wx * point.ty - wy * point.tx
                norm = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
                measurement_row(row, nx * norm, ny * norm, nz * norm, point, sin0, cos0, omega)
            chi2 += add_hit(c, row, gain, variance, nothing if point.arc >= broken else bias)
    for step in range(n):
        i = n - 1 - step
        crossing = crossings[i]
        if crossing.met == 0:
            continue
        layer = layers[i]
        if outer >= 0 and i == n - 1:
            a = points[outer, 0]
            path = (0.5 * (a.arc + points[outer, 1].arc) - crossing.arc) / cos_lambda
            _kink_between(
                kink, d0, omega, tan_lambda, a.arc, a.sin, a.cos, crossing.arc, crossing.sin, crossing.cos
            )
            add_matter(
                c, kink, gas.x0 * path, gas.electrons * path, highland, tan_lambda, crossing.momentum, mass
            )
        if crossing.hits > 0:
            # Plane: normal M, measured directions U (tangential) and V (along the ladder).
            tilt = layer.slant_tan if crossing.slanted else 0.0
            c_tilt = 1.0 / math.sqrt(1.0 + tilt * tilt)
            s_tilt = tilt * c_tilt
            mx, my = normals[i, crossing.ladder, 0], normals[i, crossing.ladder, 1]
            along = crossing.tx * mx + crossing.ty * my
            normal = along * c_tilt + tan_lambda * s_tilt
            fu = (crossing.ty * mx - crossing.tx * my) / normal
            fv = (tan_lambda * c_tilt - along * s_tilt) / normal
            seen = nothing if crossing.arc >= broken else bias
            measurement_row(
                row, -my - fu * mx * c_tilt, mx - fu * my * c_tilt, -fu * s_tilt, crossing, sin0, cos0, omega
            )
            chi2 += add_hit(c, row, gain, layer.variance_u / crossing.hits, seen)
            lean = -s_tilt - fv * c_tilt
            measurement_row(row, mx * lean, my * lean, c_tilt - fv * s_tilt, crossing, sin0, cos0, omega)
            chi2 += add_hit(c, row, gain, layer.variance_v / crossing.hits, seen)
        crossed = crossing.met / crossing.slope
        kink_rows(kink, d0, omega, tan_lambda, crossing.arc, crossing.sin, crossing.cos)
        add_matter(
            c, kink, layer.x0 * crossed, layer.electrons * crossed, highland, tan_lambda, crossing.momentum, mass
        )
    return chi2


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def _kink_between(kink, d0, omega, tan_lambda, arc_a, sin_a, cos_a, arc_b, sin_b, cos_b):
    """Kink half way between two points: the bisector of their directions."""
    sine, cosine = sin_a + sin_b, cos_a + cos_b
    norm = 1.0 / math.sqrt(sine * sine + cosine * cosine)
    kink_rows(kink, d0, omega, tan_lambda, 0.5 * (arc_a + arc_b), sine * norm, cosine * norm)
