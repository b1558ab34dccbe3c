"""The drift chamber's part of a track's covariance, superlayer by superlayer.

Layers of one superlayer are replaced by two points at the mean radius ± the standard deviation of their radii, which
keeps the first three moments of the lever arm; the gas scatters half way between superlayers.
"""

import math

from detector.kalman import add_flat_hits, add_hits, add_kink, begin_filter, bend_terms, load_state, store_state
from detector.lanes import (
    ARC,
    BROKEN,
    COS0,
    COS_LAMBDA,
    COSINE,
    DIAMETER,
    GAS_ANGLE2,
    GAS_BEND2,
    HIGHLAND,
    INNER_ANGLE2,
    INNER_BEND2,
    LANES,
    LAYERS,
    MET,
    OMEGA,
    OUTER_ARC,
    OUTER_COSINE,
    OUTER_MIDDLE,
    OUTER_SINE,
    POINT_X,
    POINT_Y,
    SCALE,
    SIN0,
    SINE,
    STEREO,
    TAN_LAMBDA,
    TX,
    TY,
    WEIGHT,
    lane_function,
    lane_kernel,
    select,
)
from physics.jit import kernel

PRIOR = (900.0, 1.0, 0.01, 1e4, 25.0)
"""Variances [cm², 1, 1/cm², cm², 1] before the first hit: too wide to matter once a track can be found."""


@kernel
def filter_chamber(tracker, lanes):
    """Filter the drift chamber from outside to inside into ``lanes.covariance``."""
    chamber, track, c = tracker.chamber, lanes.track, lanes.covariance
    n = chamber.first.shape[0] - 1
    p0, p1, p2, p3, p4 = PRIOR
    begin_filter(c, p0, p1, p2, p3, p4)
    for lane in range(LANES):
        track[OUTER_ARC + lane] = -1.0
    for step in range(n):
        k = n - 1 - step
        if lanes.used[k] == 0:
            continue
        here, low, high = lanes.superlayer[k], lanes.low[k], lanes.high[k]
        if chamber.layer[chamber.first[k]].stereo == 0.0:
            _filter_axial(c, track, here, low, high, chamber.variance)
        else:
            _filter_stereo(c, track, here, low, high, chamber.variance)
    wall = tracker.surfaces.layer.shape[0] - 1
    _add_first_gas(c, track, lanes.surface[wall], lanes.point[wall])


@lane_function
def _before(track, here, low, high, lane, state):
    """Noise of the gas between the middles of a superlayer and of the one before; then this is the one before."""
    crossed = here[LAYERS + lane] > 0.0
    arc, low_arc = high[ARC + lane], low[ARC + lane]
    middle = 0.5 * (low_arc + arc)
    outer_arc = track[OUTER_ARC + lane]
    between = crossed & (outer_arc >= 0.0)
    path = select(between, (track[OUTER_MIDDLE + lane] - middle) / track[COS_LAMBDA + lane], 0.0)
    angle2, bend2 = here[GAS_ANGLE2 + lane], here[GAS_BEND2 + lane]
    state = _gas_kink(track, lane, state, arc, high[SINE + lane], high[COSINE + lane], path, angle2, bend2)
    track[OUTER_ARC + lane] = select(crossed, low_arc, outer_arc)
    track[OUTER_MIDDLE + lane] = select(crossed, middle, track[OUTER_MIDDLE + lane])
    track[OUTER_SINE + lane] = select(crossed, low[SINE + lane], track[OUTER_SINE + lane])
    track[OUTER_COSINE + lane] = select(crossed, low[COSINE + lane], track[OUTER_COSINE + lane])
    track[INNER_ANGLE2 + lane] = select(crossed, angle2, track[INNER_ANGLE2 + lane])
    track[INNER_BEND2 + lane] = select(crossed, bend2, track[INNER_BEND2 + lane])
    return state


@lane_function
def _gas_kink(track, lane, state, arc, sine, cosine, path, angle2, bend2):
    """Noise of ``path`` of gas before the point OUTER, on the bisector of the two directions."""
    other_sine, other_cosine = track[OUTER_SINE + lane], track[OUTER_COSINE + lane]
    # 1 / |a + b| of two unit vectors a, b.
    norm = math.sqrt(0.5 / (1.0 + max(sine * other_sine + cosine * other_cosine, -0.5)))
    return add_kink(
        state, 0.5 * track[DIAMETER + lane], track[SCALE + lane], track[OMEGA + lane], track[TAN_LAMBDA + lane],
        0.5 * (arc + track[OUTER_ARC + lane]), (sine + other_sine) * norm, (cosine + other_cosine) * norm,
        track[HIGHLAND + lane] * angle2 * path, bend2 * path * path,
    )  # fmt: skip


@lane_kernel
def _filter_axial(c, track, here, low, high, variance):
    """Gas and drift distances of a superlayer of axial wires: across the track.

    Half of the layers are taken to measure at each of the two points.
    """
    for lane in range(LANES):
        state = _before(track, here, low, high, lane, load_state(c, track, lane))
        number = 0.5 * here[LAYERS + lane] * track[WEIGHT + lane]
        omega, radius, broken = track[OMEGA + lane], 0.5 * track[DIAMETER + lane], track[BROKEN + lane]
        sin0, cos0 = track[SIN0 + lane], track[COS0 + lane]
        s, tx, ty = high[ARC + lane], high[TX + lane], high[TY + lane]
        left, along = bend_terms(omega, radius, s, high[SINE + lane], high[COSINE + lane])
        state = add_flat_hits(
            state, -ty, tx, high[POINT_X + lane], high[POINT_Y + lane], tx, ty, left, along, sin0, cos0,
            number, variance, select(s < broken, 1.0, 0.0),
        )  # fmt: skip
        s, tx, ty = low[ARC + lane], low[TX + lane], low[TY + lane]
        left, along = bend_terms(omega, radius, s, low[SINE + lane], low[COSINE + lane])
        state = add_flat_hits(
            state, -ty, tx, low[POINT_X + lane], low[POINT_Y + lane], tx, ty, left, along, sin0, cos0,
            number, variance, select(s < broken, 1.0, 0.0),
        )  # fmt: skip
        store_state(c, track, lane, state)


@lane_function
def _across_wire(x, y, tx, ty, tan_lambda, tangent):
    """Unit vector across track and wire; the wire leans by the stereo angle along the azimuth."""
    tilt = tangent / math.sqrt(x * x + y * y + 1e-12)
    wx, wy = -y * tilt, x * tilt
    nx, ny, nz = wy * tan_lambda - ty, tx - wx * tan_lambda, wx * ty - wy * tx
    norm = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * norm, ny * norm, nz * norm


@lane_kernel
def _filter_stereo(c, track, here, low, high, variance):
    """The same of stereo wires: across wire and track."""
    for lane in range(LANES):
        state = _before(track, here, low, high, lane, load_state(c, track, lane))
        number = 0.5 * here[LAYERS + lane] * track[WEIGHT + lane]
        omega, radius, broken = track[OMEGA + lane], 0.5 * track[DIAMETER + lane], track[BROKEN + lane]
        sin0, cos0, tan_lambda = track[SIN0 + lane], track[COS0 + lane], track[TAN_LAMBDA + lane]
        angle = here[STEREO + lane]
        # tan by its series; stereo angles are below 0.1.
        tangent = angle * (1.0 + angle * angle * (1 / 3 + angle * angle * (2 / 15)))
        x, y = high[POINT_X + lane], high[POINT_Y + lane]
        s, tx, ty = high[ARC + lane], high[TX + lane], high[TY + lane]
        cx, cy, cz = _across_wire(x, y, tx, ty, tan_lambda, tangent)
        left, along = bend_terms(omega, radius, s, high[SINE + lane], high[COSINE + lane])
        state = add_hits(
            state, cx, cy, cz, x, y, s, tx, ty, left, along, sin0, cos0, number, variance,
            select(s < broken, 1.0, 0.0),
        )  # fmt: skip
        x, y = low[POINT_X + lane], low[POINT_Y + lane]
        s, tx, ty = low[ARC + lane], low[TX + lane], low[TY + lane]
        cx, cy, cz = _across_wire(x, y, tx, ty, tan_lambda, tangent)
        left, along = bend_terms(omega, radius, s, low[SINE + lane], low[COSINE + lane])
        state = add_hits(
            state, cx, cy, cz, x, y, s, tx, ty, left, along, sin0, cos0, number, variance,
            select(s < broken, 1.0, 0.0),
        )  # fmt: skip
        store_state(c, track, lane, state)


@lane_kernel
def _add_first_gas(c, track, wall, point):
    """Noise of the gas between the inner wall and the innermost superlayer."""
    for lane in range(LANES):
        between = (wall[MET + lane] > 0.0) & (track[OUTER_ARC + lane] >= 0.0)
        arc = point[ARC + lane]
        path = select(between, (track[OUTER_MIDDLE + lane] - arc) / track[COS_LAMBDA + lane], 0.0)
        state = _gas_kink(
            track, lane, load_state(c, track, lane), arc, point[SINE + lane], point[COSINE + lane], path,
            track[INNER_ANGLE2 + lane], track[INNER_BEND2 + lane],
        )  # fmt: skip
        store_state(c, track, lane, state)
