"""Where a particle meets the tracker's layers: walls, sensors, drift-chamber layers, and the hits it leaves.

:func:`cross_layers` walks the helix outward and notes for each layer the point, the matter crossed and the
strength of scattering and straggling there; :mod:`detector.trackfit` turns that into a covariance.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.geometry import WALL, in_sensor, ladder_hit
from detector.helix import arc_sine, arc_to_radius
from detector.material import STRAGGLING, loss_terms
from physics.jit import inlined_kernel, kernel
from physics.random import poisson, uniform

TABLE, EXACT, SILICON_ONLY = np.int64(0), np.int64(1), np.int64(2)  # numba compiles a kernel for each plain int
"""How the drift chamber is walked through."""

FATE_LEFT, FATE_STOPPED, FATE_NUCLEAR = 0, 1, 2
"""The walk ended where it was asked to, by ranging out, or by a nuclear interaction."""

MAX_SURFACES, MAX_SUPERLAYERS = 16, 16

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


TOTAL_X0, WEIGHT, END_MOMENTUM, END_ARC, WHOLE, LAST_ARC, FIRST_ARC, AT_CHAMBER, LAST_LAYER = range(9)
"""Indices of ``numbers``: radiation lengths crossed, fraction of drift-chamber hits kept, momentum and arc
length at the end of the walk, whether the drift chamber is left to the table (1) the arc lengths of its
last and first layer crossed, the momentum before it, and for the tables the last layer.
"""


def new_crossings() -> Crossings:
    """Return the scratch memory."""
    return Crossings(
        np.zeros(MAX_SURFACES, SURFACE_CROSSING),
        np.zeros(MAX_SUPERLAYERS, SUPERLAYER_CROSSING),
        np.zeros((MAX_SUPERLAYERS, 2), CHAMBER_POINT),
        np.zeros(9),
        np.zeros((5, 5)),
        np.zeros(5),
        np.zeros(5),
        np.zeros(5),
        np.zeros(5),
    )


@inlined_kernel
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


BY_LAYERS, WHOLE_CHAMBER, LEAVING_FORWARD, LEAVING_BACKWARD, TURNING = range(5)
"""How the drift chamber is described: no table; or all layers crossed; out through an end plate; turning
round before the last layer.
"""
WHOLE_D0, WHOLE_Z0, WHOLE_TURN, LEAVING_TURN = 0.5, 3.0, 0.75, 0.9
"""The tables are used for |d0| and |z0| [cm] below these; for tracks through all layers with sin² of half
the turning angle at the last layer below the third, for those through the end plates with its sine below
the fourth.
"""
FEWEST_LAYERS = 14
"""The conical end plates of the first superlayers let tracks leave and enter: these are walked layer by
layer.
"""
MAX_INVERSE_BETA = 2.0
"""Slower particles are not in the tables."""
RENEWAL = 0.985
"""Energy loss and scattering strength are renewed when the kinetic energy has fallen by this factor."""


@kernel
def _weakness(energy2, mass2):
    """1/(pβ)² [1/GeV²], and the variance of ln p by straggling for 1 g/cm² of electrons."""
    p2 = energy2 - mass2
    weakness = energy2 / (p2 * p2)
    width = STRAGGLING * energy2 / p2
    return weakness, width * width * weakness


@kernel
def cross_layers(stream, tracker, work, d0, phi0, omega, z0, tan_lambda, mass, momentum, start, end, interaction, mode):
    """Walk the helix outward from arc length ``start`` to ``end``; fill ``work`` and return the fate.

    ``interaction`` is the thickness in nuclear interaction lengths after which the particle interacts
    (infinite for leptons). Hits are kept with the layers' efficiencies. Only the first, outgoing half turn
    leaves hits. With ``mode`` TABLE a track from the luminous region that crosses the whole drift chamber
    leaves it to :func:`chamber_table`; EXACT walks through it, SILICON_ONLY stops before it.
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

    # The drift chamber: by tables for tracks from the luminous region, or superlayer by superlayer.
    chamber = tracker.chamber
    wires, firsts, gas = chamber.layer, chamber.first, chamber.gas
    outer = wires[wires.shape[0] - 1]
    numbers[WHOLE] = BY_LAYERS
    numbers[AT_CHAMBER] = math.sqrt(max(energy2 - mass2, 1e-12))
    count = 0
    usual = mode == TABLE and fate == FATE_LEFT and d2 < WHOLE_D0**2 and abs(z0) < WHOLE_Z0
    if usual and crossings[n - 1].met > 0 and energy2 < MAX_INVERSE_BETA**2 * (energy2 - mass2):
        kind, last, s = _leave_chamber(wires, z0, tan_lambda, d2, bow, abs(diameter))
        if kind != BY_LAYERS and end > s:
            step = (s - crossings[n - 1].arc) / cos_lambda
            after = energy - gas.electrons * step * loss_scale * (loss_log - gas.log_excitation)
            if after > 1.002 * mass and thickness + gas.interaction * step <= interaction:
                numbers[WHOLE] = kind
                numbers[LAST_LAYER] = last
                numbers[LAST_ARC] = s
                numbers[FIRST_ARC] = wires[0].radius
                count = last + 1
                total += gas.x0 * step
                thickness += gas.interaction * step
                energy = after
                energy2 = energy * energy
    numbers[FIRST_ARC] = numbers[FIRST_ARC] if numbers[WHOLE] > BY_LAYERS else -1.0
    if numbers[WHOLE] == BY_LAYERS and mode != SILICON_ONLY:
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


@kernel
def _leave_chamber(wires, z0, tan_lambda, d2, bow, diameter):
    """How a track from the luminous region leaves the drift chamber: (table, last layer, arc length there).

    Inside the first layer at all; then z decides which layer is the last, or the radius where the track
    turns.
    """
    n = wires.shape[0]
    high = n - 1
    if (wires[high].radius * wires[high].radius - d2) * bow > 1.0:
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            if (wires[middle].radius * wires[middle].radius - d2) * bow > 1.0:
                high = middle
            else:
                low = middle
        high = low
    half = math.sqrt(max((wires[high].radius * wires[high].radius - d2) * bow, 0.0))
    if half > 1.0:
        return BY_LAYERS, 0, 0.0
    s = arc_sine(half) * diameter
    z = z0 + s * tan_lambda
    if wires[high].backward_z < z < wires[high].forward_z:
        if high == n - 1:
            return (WHOLE_CHAMBER if half * half < WHOLE_TURN else BY_LAYERS), high, s
        return TURNING, high, s
    low = 0
    half = math.sqrt(max((wires[0].radius * wires[0].radius - d2) * bow, 0.0))
    s = arc_sine(half) * diameter
    z = z0 + s * tan_lambda
    if not wires[0].backward_z < z < wires[0].forward_z:
        return BY_LAYERS, 0, 0.0
    while high - low > 1:
        middle = (low + high) // 2
        half = math.sqrt(max((wires[middle].radius * wires[middle].radius - d2) * bow, 0.0))
        arc = arc_sine(half) * diameter
        z = z0 + arc * tan_lambda
        if wires[middle].backward_z < z < wires[middle].forward_z:
            low, s = middle, arc
        else:
            high = middle
    half2 = (wires[low].radius * wires[low].radius - d2) * bow
    if half2 > LEAVING_TURN**2 or low < FEWEST_LAYERS:
        return BY_LAYERS, 0, 0.0
    return (LEAVING_FORWARD if tan_lambda > 0.0 else LEAVING_BACKWARD), low, s


@kernel
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


@kernel
def _crosses(wire, d0, omega, z0, tan_lambda, start, end):
    """Whether the outgoing half turn crosses a drift-chamber layer within its wires."""
    s = arc_to_radius(d0, omega, wire.radius)
    if s <= start or s >= end:
        return False
    z = z0 + s * tan_lambda
    return wire.backward_z < z < wire.forward_z


@kernel
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
