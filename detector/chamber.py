"""The drift chamber's part of a track's covariance: by superlayers, and from tables for tracks from the
origin.

Layers of one superlayer are replaced by two points at the mean radius ± the standard deviation of their
radii, which keeps the first three moments of the lever arm; the gas scatters half way between superlayers.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from detector.crossing import (
    EXACT,
    LEAVING_FORWARD,
    LEAVING_TURN,
    MAX_INVERSE_BETA,
    TOTAL_X0,
    TURNING,
    WEIGHT,
    WHOLE_CHAMBER,
    WHOLE_TURN,
    _set_superlayer,
    cross_layers,
    new_crossings,
)
from detector.helix import FIELD_CONSTANT, arc_to_radius
from detector.kalman import add_hit, add_kink, measurement_row
from detector.material import STRAGGLING, highland_factor
from physics.jit import kernel
from physics.random import new_stream

PRIOR = (900.0, 1.0, 0.01, 1e4, 25.0)
"""Variances [cm², 1, 1/cm², cm², 1] before the first hit: too wide to matter once a track can be found."""


@kernel
def filter_chamber(tracker, work, d0, phi0, omega, tan_lambda, highland, broken):
    """Filter the drift chamber, superlayer by superlayer, into ``work.covariance``; return the χ² of the
    bias.
    """
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
            _add_gas(
                c,
                radius,
                scale,
                omega,
                tan_lambda,
                points[outer, 0],
                points[k, 1],
                path / cos_lambda,
                superlayer,
                highland,
            )
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


@kernel
def _add_gas(c, radius, scale, omega, tan_lambda, a, b, path, superlayer, highland):
    """Noise of gas between two points, on the bisector of their directions."""
    sine, cosine = a.sin + b.sin, a.cos + b.cos
    norm = 1.0 / math.sqrt(sine * sine + cosine * cosine)
    add_kink(
        c, radius, scale, omega, tan_lambda, 0.5 * (a.arc + b.arc), sine * norm, cosine * norm,
        highland * superlayer.angle2 * path, superlayer.bend2 * path * path,
    )  # fmt: skip


class ChamberTable(NamedTuple):
    """Covariance of the drift chamber alone, at its inner wall, for tracks from the origin.

    ``values`` (nodes, 15): the upper triangles, in three blocks. Whole chamber: (sign of ω, 1/β, 1/pT, z at
    the last layer), trilinear. Leaving through an end plate after a given layer: (end, sign, last layer,
    1/β, turning at that layer), bilinear. Turning round: (sign, last layer, 1/β, tanλ), bilinear.
    """

    values: np.ndarray
    beta_step: float
    pt_step: float  # [1/GeV]
    z_first: float  # [cm]
    z_step: float


EMPTY_TABLE = ChamberTable(np.zeros((1, 15)), 1.0, 1.0, 0.0, 1.0)

BETAS, MOMENTA, PLACES = 6, 28, 12
"""Nodes of the first block."""
LEAVING_BETAS, TURNS = 4, 12
SLOPES, SLOPE_FIRST, SLOPE_STEP = 10, -1.35, 0.45
"""Nodes of the others: sine of half the turning angle from 0 to LEAVING_TURN; tanλ."""


def chamber_table(tracker: Any) -> ChamberTable:
    """Fill the table with the exact filter; ``tracker.table`` may still be empty."""
    wires = tracker.chamber.layer
    z = np.linspace(wires["backward_z"][-1], wires["forward_z"][-1], PLACES)
    pt_max = 2.0 * np.sqrt(WHOLE_TURN) / (FIELD_CONSTANT * tracker.field * wires["radius"][-1])
    n = len(wires)
    nodes = 2 * BETAS * MOMENTA * PLACES + 4 * n * LEAVING_BETAS * TURNS + 2 * n * LEAVING_BETAS * SLOPES
    table = ChamberTable(
        np.zeros((nodes, 15)),
        (MAX_INVERSE_BETA - 1.0) / (BETAS - 1),
        float(pt_max / (MOMENTA - 1)),
        float(z[0]),
        float(z[1] - z[0]),
    )
    # Wires without ends: the last layer is a coordinate of the table.
    endless = wires.copy()
    endless["backward_z"], endless["forward_z"] = -1e9, 1e9
    opened = tracker._replace(chamber=tracker.chamber._replace(layer=endless))
    _fill_table(table.values, opened, wires, new_crossings(), new_stream(), table.pt_step, table.z_first, table.z_step)
    return table


@kernel
def _fill_table(values, tracker, wires, work, stream, pt_step, z_first, z_step):
    n = wires.shape[0]
    unit = FIELD_CONSTANT * tracker.field
    node = 0
    for side in range(2):
        sign = 1.0 - 2.0 * side
        for b in range(BETAS):
            inverse_beta = 1.0 + b * (MAX_INVERSE_BETA - 1.0) / (BETAS - 1)
            for k in range(MOMENTA):
                omega = sign * unit * max(k * pt_step, 1e-3)
                for m in range(PLACES):
                    slope = (z_first + m * z_step) / arc_to_radius(0.0, omega, wires[n - 1].radius)
                    _fill_node(values[node], tracker, work, stream, n - 1, omega, slope, inverse_beta)
                    node += 1
    for end in range(2):
        for side in range(2):
            sign = 1.0 - 2.0 * side
            for last in range(n):
                for b in range(LEAVING_BETAS):
                    inverse_beta = 1.0 + b * (MAX_INVERSE_BETA - 1.0) / (LEAVING_BETAS - 1)
                    for k in range(TURNS):
                        omega = sign * max(2.0 * k * LEAVING_TURN / (TURNS - 1) / wires[last].radius, 1e-3 * unit)
                        # Half way between leaving just after this layer and just before the next.
                        beyond = min(last + 1, n - 1)
                        if end == 0:
                            z = 0.5 * (wires[last].forward_z + wires[beyond].forward_z)
                        else:
                            z = 0.5 * (wires[last].backward_z + wires[beyond].backward_z)
                        slope = 0.5 * z / arc_to_radius(0.0, omega, wires[last].radius)
                        further = arc_to_radius(0.0, omega, wires[beyond].radius)
                        slope += 0.5 * z / further if further > 0.0 else slope
                        _fill_node(values[node], tracker, work, stream, last, omega, slope, inverse_beta)
                        node += 1
    for side in range(2):
        sign = 1.0 - 2.0 * side
        for last in range(n):
            beyond = wires[min(last + 1, n - 1)].radius
            omega = sign * 2.0 / math.sqrt(wires[last].radius * beyond) * (1.0 - 1e-9)
            for b in range(LEAVING_BETAS):
                inverse_beta = 1.0 + b * (MAX_INVERSE_BETA - 1.0) / (LEAVING_BETAS - 1)
                for k in range(SLOPES):
                    slope = SLOPE_FIRST + k * SLOPE_STEP
                    _fill_node(values[node], tracker, work, stream, last, omega, slope, inverse_beta)
                    node += 1


@kernel
def _fill_node(value, tracker, work, stream, last, omega, slope, inverse_beta):
    """Covariance of the layers up to ``last`` of a track from the origin at a given velocity."""
    chamber = tracker.chamber
    pt = FIELD_CONSTANT * tracker.field / abs(omega)
    p = pt * math.sqrt(1.0 + slope * slope)
    # A light, fast particle makes the walk; velocity and momentum of the node are put in afterwards.
    cross_layers(stream, tracker, work, 0.0, 0.0, omega, 0.0, slope, 1e-6 * p, p, 0.0, 1e9, np.inf, EXACT)
    for k in range(chamber.first.shape[0] - 1):
        superlayer = work.superlayer[k]
        if chamber.first[k] > last:
            superlayer.layers = 0
        elif superlayer.layers > 0:
            if last < chamber.first[k + 1] - 1:
                bow = 0.25 * omega * omega
                _set_superlayer(work, k, chamber.layer, chamber.first[k], last, 0.0, 0.0, 1.0, 2.0 / omega, bow)
            weakness = (inverse_beta / p) ** 2
            superlayer.angle2 = chamber.gas.x0 * weakness
            superlayer.bend2 = (chamber.gas.electrons * STRAGGLING * inverse_beta * inverse_beta) ** 2 * weakness
    work.numbers[WEIGHT] = chamber.efficiency
    highland = highland_factor(work.numbers[TOTAL_X0], 1.0, math.sqrt(inverse_beta * inverse_beta - 1.0))
    filter_chamber(tracker, work, 0.0, 0.0, omega, slope, highland, np.inf)
    e = 0
    for i in range(5):
        for j in range(i, 5):
            value[e] = work.covariance[i, j]
            e += 1


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, fastmath={"contract"}, forceinline=True)
def look_up(table, n, c, omega, tan_lambda, kind, last, last_arc, last_radius, inverse_beta, field):
    """Write the drift chamber's covariance from the table into the upper triangle of C.

    ``n`` layers in all; ``kind`` of table, last layer, arc length and radius there as :func:`cross_layers`
    left them.
    """
    values = table.values
    side = 0 if omega > 0.0 else 1
    if kind == WHOLE_CHAMBER:
        x = (inverse_beta - 1.0) / table.beta_step
        y = abs(omega) / (FIELD_CONSTANT * field * table.pt_step)
        z = (last_arc * tan_lambda - table.z_first) / table.z_step
        i, j, k = min(int(x), BETAS - 2), min(int(y), MOMENTA - 2), min(max(int(z), 0), PLACES - 2)
        x, y, z = min(x - i, 1.0), min(y - j, 1.0), min(max(z - k, 0.0), 1.0)
        a = ((side * BETAS + i) * MOMENTA + j) * PLACES + k
        b = a + MOMENTA * PLACES
        w0, w1, w2, w3 = (1.0 - y) * (1.0 - z), (1.0 - y) * z, y * (1.0 - z), y * z
        e = 0
        for row in range(5):
            for column in range(row, 5):
                near = w0 * values[a, e] + w1 * values[a + 1, e]
                near += w2 * values[a + PLACES, e] + w3 * values[a + PLACES + 1, e]
                far = w0 * values[b, e] + w1 * values[b + 1, e]
                far += w2 * values[b + PLACES, e] + w3 * values[b + PLACES + 1, e]
                c[row, column] = near + x * (far - near)
                e += 1
        return
    x = (inverse_beta - 1.0) * (LEAVING_BETAS - 1) / (MAX_INVERSE_BETA - 1.0)
    i = min(int(x), LEAVING_BETAS - 2)
    x = min(x - i, 1.0)
    base = 2 * BETAS * MOMENTA * PLACES
    if kind == TURNING:
        base += 4 * n * LEAVING_BETAS * TURNS
        y = (tan_lambda - SLOPE_FIRST) / SLOPE_STEP
        length = SLOPES
        a = side * n + last
    else:
        y = 0.5 * abs(omega) * last_radius * (TURNS - 1) / LEAVING_TURN
        length = TURNS
        end = 0 if kind == LEAVING_FORWARD else 1
        a = (end * 2 + side) * n + last
    j = min(max(int(y), 0), length - 2)
    y = min(max(y - j, 0.0), 1.0)
    a = base + (a * LEAVING_BETAS + i) * length + j
    b = a + length
    w0, w1, w2, w3 = (1.0 - x) * (1.0 - y), (1.0 - x) * y, x * (1.0 - y), x * y
    e = 0
    for row in range(5):
        for column in range(row, 5):
            c[row, column] = w0 * values[a, e] + w1 * values[a + 1, e] + w2 * values[b, e] + w3 * values[b + 1, e]
            e += 1
