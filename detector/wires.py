"""Where tracks cross the superlayers of the drift chamber, and what the gas does to them there.

The layers of one superlayer are equidistant within half a millimetre and replaced by two points at the mean radius ±
the standard deviation of the radii of those crossed, which keeps the first three moments of the lever arm. Which layers
are crossed follows from the radii that the track reaches and from where the wires end; z is taken to change linearly
from layer to layer of a superlayer.
"""

import math

import numpy as np

from detector.flight import FATE_LEFT, FATE_NUCLEAR, FATE_STOPPED
from detector.lanes import (
    ARC,
    ASIDE,
    CURL,
    D2,
    DIAMETER,
    END,
    ENERGY,
    FATE,
    FIRST,
    FIRST_ARC,
    FIRST_WIRE,
    FORTH,
    GAS_ANGLE2,
    GAS_BEND2,
    HELP3,
    HIGH_TILT,
    INNER,
    LANES,
    LAST,
    LAST_ARC,
    LAST_WIRE,
    LAYERS,
    LIMIT,
    LOSS_LOG,
    LOW_TILT,
    MASS,
    OMEGA,
    OUTER,
    PART,
    SCALE,
    SECANT,
    START,
    TAN_LAMBDA,
    THICKNESS,
    TOTAL,
    WIRES,
    Z0,
    Z_FIRST,
    Z_LAST,
    circle,
    lane_function,
    lane_kernel,
    put_point,
    reach,
    select,
    wide_vectors,
)
from detector.material import BETHE, STRAGGLING
from physics.jit import inlined_kernel

_LEFT, _STOPPED, _NUCLEAR = float(FATE_LEFT), float(FATE_STOPPED), float(FATE_NUCLEAR)
_SOME, _PARTLY = np.int64(1), np.int64(2)


@lane_kernel
def _begin(track, radius):
    """Nothing crossed yet; INNER and OUTER are the radii between which the helices run from START to END.

    The gas begins at the inner wall, or where the particle does; HELP3 is the arc length reached in it.
    Returns a radius that no lane goes beyond.
    """
    radius2, farthest = radius * radius, np.int64(0)
    for lane in range(LANES):
        d2, scale, curl = track[D2 + lane], track[SCALE + lane], track[CURL + lane]
        start, end, diameter = track[START + lane], track[END + lane], abs(track[DIAMETER + lane])
        half_turn = 0.5 * math.pi * diameter
        _, sine = circle(max(start, 0.0) / diameter)
        inner = math.sqrt(d2 + (diameter * sine) ** 2 / scale)
        _, sine = circle(min(max(end, 0.0), half_turn) / diameter)
        outer = math.sqrt(d2 + (diameter * sine) ** 2 / scale)
        track[INNER + lane] = select(start < half_turn, inner, np.inf)
        outer = select((track[FATE + lane] == _LEFT) & (end > 0.0), outer, 0.0)
        track[OUTER + lane] = outer
        farthest = max(farthest, np.int64(outer))
        track[HELP3 + lane] = max(reach(radius2, d2, scale, curl)[2], start)
        track[WIRES + lane], track[FIRST_WIRE + lane], track[LAST_WIRE + lane] = 0.0, -1.0, -1.0
        track[FIRST_ARC + lane], track[LAST_ARC + lane] = -1.0, -1.0
    return farthest + 1.0


@lane_kernel
def _cross(track, here, low_point, high_point, superlayer):
    """Points of superlayers that are crossed as a whole.

    Returns whether some lane crosses the whole (bit 0), or perhaps only a part (bit 1; PART).
    """
    wide_vectors()
    number, layers, beyond = superlayer.number, superlayer.layers, superlayer.beyond
    low2, high2 = superlayer.low_radius * superlayer.low_radius, superlayer.high_radius * superlayer.high_radius
    low_tilt, high_tilt = superlayer.low_tilt, superlayer.high_tilt
    first, last = superlayer.first, superlayer.last
    first_radius, first_backward, first_forward = first.radius, first.backward_z, first.forward_z
    last_radius, last_backward, last_forward = last.radius, last.backward_z, last.forward_z
    what = np.int64(0)
    for lane in range(LANES):
        d2, scale, curl = track[D2 + lane], track[SCALE + lane], track[CURL + lane]
        chord2, half_cosine, low = reach(low2, d2, scale, curl)
        put_point(track, low_point, lane, chord2, half_cosine, low)
        chord2, half_cosine, high = reach(high2, d2, scale, curl)
        put_point(track, high_point, lane, chord2, half_cosine, high)
        z0, tan_lambda = track[Z0 + lane], track[TAN_LAMBDA + lane]
        inner, outer = track[INNER + lane], track[OUTER + lane]
        rise = (high - low) * beyond
        z_first, z_last = z0 + (low - rise) * tan_lambda, z0 + (high + rise) * tan_lambda
        whole = (inner < first_radius) & (outer > last_radius) & (z_first > first_backward) & (z_first < first_forward)
        whole &= (z_last > last_backward) & (z_last < last_forward)
        outside = (inner >= last_radius) | (outer <= first_radius)
        outside |= (z_first >= first_forward) & (z_last >= last_forward)
        outside |= (z_first <= first_backward) & (z_last <= last_backward)
        size = select(whole, layers, 0.0)
        part = select(whole | outside, 0.0, 1.0)
        what |= select(whole, _SOME, 0) | select(whole | outside, 0, _PARTLY)
        here[LAYERS + lane], here[PART + lane] = size, part
        here[LOW_TILT + lane], here[HIGH_TILT + lane] = low_tilt, high_tilt
        here[FIRST + lane], here[LAST + lane] = number, number + layers - 1.0
        here[Z_FIRST + lane], here[Z_LAST + lane] = z_first, z_last
    return what


@lane_function
def _clip(low, high, offset, slope):
    """Those of the whole numbers from ``low`` to ``high`` where ``offset`` + i × ``slope`` is negative."""
    border = -offset / select(abs(slope) < 1e-9, 1e-9, slope)
    rising = slope > -1e-9
    low = select(rising, low, max(low, np.floor(border) + 1.0))
    return low, select(rising, min(high, np.ceil(border) - 1.0), high)


@lane_kernel
def _cross_partly(track, here, low_point, high_point, superlayer):
    """First and last layer crossed of those that cross only a part of a superlayer, and their points."""
    wide_vectors()
    number, layers, first, last = superlayer.number, superlayer.layers, superlayer.first, superlayer.last
    per_layer = 1.0 / max(layers - 1.0, 1.0)
    radius, backward, forward, stereo = first.radius, first.backward_z, first.forward_z, first.stereo
    pitch, stereo_pitch = (last.radius - radius) * per_layer, (last.stereo - stereo) * per_layer
    backward_pitch, forward_pitch = (last.backward_z - backward) * per_layer, (last.forward_z - forward) * per_layer
    for lane in range(LANES):
        z, step = here[Z_FIRST + lane], (here[Z_LAST + lane] - here[Z_FIRST + lane]) * per_layer
        low, high = _clip(0.0, layers - 1.0, track[INNER + lane] - radius, -pitch)
        low, high = _clip(low, high, radius - track[OUTER + lane], pitch)
        low, high = _clip(low, high, z - forward, step - forward_pitch)
        low, high = _clip(low, high, backward - z, backward_pitch - step)
        size = max(high - low + 1.0, 0.0)
        middle = radius + 0.5 * (low + high) * pitch
        spread = 0.5 * (high - low) * pitch * math.sqrt((size + 1.0) / (3.0 * max(size - 1.0, 1.0)))
        partly = here[PART + lane] > 0.0
        here[LAYERS + lane] = select(partly, size, here[LAYERS + lane])
        here[FIRST + lane] = select(partly, number + low, here[FIRST + lane])
        here[LAST + lane] = select(partly, number + high, here[LAST + lane])
        # The tangent by its series; stereo angles are below 0.1.
        angle = stereo + 0.5 * (low + high) * stereo_pitch
        tangent = angle * (1.0 + angle * angle * (1 / 3 + angle * angle * (2 / 15)))
        here[LOW_TILT + lane] = select(partly, tangent / (middle - spread), here[LOW_TILT + lane])
        here[HIGH_TILT + lane] = select(partly, tangent / (middle + spread), here[HIGH_TILT + lane])
        _move(track, low_point, lane, partly, middle - spread)
        _move(track, high_point, lane, partly, middle + spread)


@lane_function
def _move(track, point, lane, really, radius):
    """Move a point to another radius."""
    chord2, half_cosine, arc = reach(radius * radius, track[D2 + lane], track[SCALE + lane], track[CURL + lane])
    point[ARC + lane] = select(really, arc, point[ARC + lane])
    point[FORTH + lane] = select(really, math.sqrt(chord2) * half_cosine, point[FORTH + lane])
    point[ASIDE + lane] = select(really, 0.5 * chord2 * track[OMEGA + lane], point[ASIDE + lane])


@lane_kernel
def _pass_gas(track, here, low_point, high_point, gas):
    """Gas up to the middle of a superlayer."""
    wide_vectors()
    x0, interaction, electrons, log_excitation = gas.x0, gas.interaction, gas.electrons, gas.log_excitation
    straggling = (STRAGGLING * electrons) ** 2
    for lane in range(LANES):
        size, mass, energy = here[LAYERS + lane], track[MASS + lane], track[ENERGY + lane]
        low, high = low_point[ARC + lane], high_point[ARC + lane]
        crossed = size > 0.0
        begins = crossed & (track[WIRES + lane] == 0.0)
        energy2 = energy * energy
        inverse_p2 = 1.0 / (energy2 - mass * mass)
        inverse_beta2 = energy2 * inverse_p2
        weakness = inverse_beta2 * inverse_p2
        here[GAS_ANGLE2 + lane] = select(crossed, x0 * weakness, 0.0)
        here[GAS_BEND2 + lane] = select(crossed, straggling * inverse_beta2 * inverse_beta2 * weakness, 0.0)
        track[FIRST_ARC + lane] = select(begins, low, track[FIRST_ARC + lane])
        track[FIRST_WIRE + lane] = select(begins, here[FIRST + lane], track[FIRST_WIRE + lane])
        track[LAST_ARC + lane] = select(crossed, high, track[LAST_ARC + lane])
        track[LAST_WIRE + lane] = select(crossed, here[LAST + lane], track[LAST_WIRE + lane])
        track[WIRES + lane] += size
        middle = 0.5 * (low + high)
        step = (middle - track[HELP3 + lane]) * track[SECANT + lane]
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
        track[OUTER + lane] = select(ends, 0.0, track[OUTER + lane])
        track[ENERGY + lane] = max(energy, 1.002 * mass)


@lane_kernel
def _pass_outer_wall(track, wall, radius, backward_z, forward_z):
    """Energy loss and nuclear interaction in the outer wall."""
    interaction, electrons, log_excitation = wall.interaction, wall.electrons, wall.log_excitation
    radius2 = radius * radius
    for lane in range(LANES):
        mass, energy = track[MASS + lane], track[ENERGY + lane]
        s = reach(radius2, track[D2 + lane], track[SCALE + lane], track[CURL + lane])[2]
        z = track[Z0 + lane] + s * track[TAN_LAMBDA + lane]
        crossed = (track[INNER + lane] < radius) & (track[OUTER + lane] > radius) & (z > backward_z) & (z < forward_z)
        steep = select(crossed, track[SECANT + lane], 0.0)
        energy2 = energy * energy
        inverse_beta2 = energy2 / (energy2 - mass * mass)
        energy -= electrons * steep * BETHE * (inverse_beta2 * (track[LOSS_LOG + lane] - log_excitation) - 1.0)
        thickness = track[THICKNESS + lane] + interaction * steep
        fate = select(energy <= 1.002 * mass, _STOPPED, select(thickness > track[LIMIT + lane], _NUCLEAR, _LEFT))
        ends = crossed & (fate != _LEFT)
        track[FATE + lane] = select(ends, fate, track[FATE + lane])
        track[END + lane] = select(ends, s, track[END + lane])
        track[ENERGY + lane] = max(energy, 1.002 * mass)


@inlined_kernel
def walk_chamber(tracker, lanes):
    """Walk the helices through the superlayers and the outer wall."""
    chamber, track = tracker.chamber, lanes.track
    layers = tracker.surfaces.layer
    farthest = _begin(track, layers[layers.shape[0] - 1].radius)
    for k in range(chamber.superlayer.shape[0]):
        superlayer, here, low, high = chamber.superlayer[k], lanes.superlayer[k], lanes.low[k], lanes.high[k]
        what = np.int64(0)
        if superlayer.first.radius < farthest:
            what = _cross(track, here, low, high, superlayer)
        lanes.used[k] = what
        if what == 0:
            continue
        if what & _PARTLY:
            _cross_partly(track, here, low, high, superlayer)
        _pass_gas(track, here, low, high, chamber.gas)
    last = chamber.layer[chamber.layer.shape[0] - 1]
    _pass_outer_wall(track, chamber.outer_wall, chamber.outer_radius, last.backward_z, last.forward_z)
