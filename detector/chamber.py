"""The drift chamber's part of a track's covariance, superlayer by superlayer.

Layers of one superlayer are replaced by two points (:mod:`detector.wires`); the gas scatters half way between
superlayers.
"""

from detector.kalman import (
    add_flat_hits,
    add_hits,
    add_kink,
    begin_filter,
    load_state,
    shift_bias,
    slopes,
    store_state,
)
from detector.lanes import (
    ARC,
    ASIDE,
    D0,
    DIAMETER,
    FORTH,
    GAS_ANGLE2,
    GAS_BEND2,
    HIGH_TILT,
    HIGHLAND,
    INNER_ANGLE2,
    INNER_BEND2,
    LANES,
    LAYERS,
    LOW_TILT,
    MET,
    OMEGA,
    OUTER_ARC,
    OUTER_ASIDE,
    OUTER_FORTH,
    OUTER_MIDDLE,
    SCALE,
    SECANT,
    TAN_LAMBDA,
    WEIGHT,
    lane_function,
    lane_kernel,
    select,
    wide_vectors,
)
from physics.jit import inlined_kernel

PRIOR = (900.0, 1.0, 0.01, 1e4, 25.0)
"""Variances [cm², 1, 1/cm², cm², 1] before the first hit: too wide to matter once a track can be found."""


@inlined_kernel
def filter_chamber(tracker, lanes, biased):
    """Filter the drift chamber from outside to inside into ``lanes.covariance``; ``biased`` is None or not."""
    chamber, track, c = tracker.chamber, lanes.track, lanes.covariance
    n = chamber.superlayer.shape[0]
    p0, p1, p2, p3, p4 = PRIOR
    begin_filter(c, p0, p1, p2, p3, p4)
    for lane in range(LANES):
        track[OUTER_ARC + lane] = -1.0
    for step in range(n):
        k = n - 1 - step
        if lanes.used[k] == 0:
            continue
        here, low, high = lanes.superlayer[k], lanes.low[k], lanes.high[k]
        if chamber.superlayer[k].axial:
            _filter_axial(c, track, here, low, high, chamber.variance, biased)
        else:
            _filter_stereo(c, track, here, low, high, chamber.variance, biased)
    wall = tracker.surfaces.layer.shape[0] - 1
    _add_first_gas(c, track, lanes.surface[wall], lanes.point[wall])


@lane_function
def _gas_before(track, here, low, high, lane, state):
    """Noise of the gas between the middles of a superlayer and of the one before; then this is the one before."""
    crossed = here[LAYERS + lane] > 0.0
    arc, low_arc = high[ARC + lane], low[ARC + lane]
    middle = 0.5 * (low_arc + arc)
    outer_arc = track[OUTER_ARC + lane]
    between = crossed & (outer_arc >= 0.0)
    path = select(between, (track[OUTER_MIDDLE + lane] - middle) * track[SECANT + lane], 0.0)
    angle2, bend2 = here[GAS_ANGLE2 + lane], here[GAS_BEND2 + lane]
    state = _gas_kink(track, lane, state, arc, high[FORTH + lane], high[ASIDE + lane], path, angle2, bend2)
    track[OUTER_ARC + lane] = select(crossed, low_arc, outer_arc)
    track[OUTER_MIDDLE + lane] = select(crossed, middle, track[OUTER_MIDDLE + lane])
    track[OUTER_FORTH + lane] = select(crossed, low[FORTH + lane], track[OUTER_FORTH + lane])
    track[OUTER_ASIDE + lane] = select(crossed, low[ASIDE + lane], track[OUTER_ASIDE + lane])
    track[INNER_ANGLE2 + lane] = select(crossed, angle2, track[INNER_ANGLE2 + lane])
    track[INNER_BEND2 + lane] = select(crossed, bend2, track[INNER_BEND2 + lane])
    return state


@lane_function
def _gas_kink(track, lane, state, arc, forth, aside, path, angle2, bend2):
    """Noise of ``path`` of gas before the point OUTER, at the middle of the arc between.

    There sine and cosine are the means of those of its ends over the cosine of half the angle between them, of which
    the series is taken.
    """
    omega, outer_arc = track[OMEGA + lane], track[OUTER_ARC + lane]
    between = outer_arc - arc
    turn2 = 0.25 * (omega * between) * (omega * between)
    secant = 1.0 + 0.5 * turn2 + (5 / 24) * turn2 * turn2
    sagitta = 0.125 * omega * between * between * (1.0 + (5 / 12) * turn2)
    forth = 0.5 * (forth + track[OUTER_FORTH + lane]) * secant
    aside = 0.5 * (aside + track[OUTER_ASIDE + lane]) * secant - sagitta
    return add_kink(
        state, track[SCALE + lane], omega, track[TAN_LAMBDA + lane], track[D0 + lane], 0.5 * (arc + outer_arc),
        forth, aside, track[HIGHLAND + lane] * angle2 * path, bend2 * path * path,
    )  # fmt: skip


@lane_function
def _add_axial(track, state, point, lane, number, variance, biased):
    """Drift distances to axial wires: across the track."""
    omega, aside = track[OMEGA + lane], point[ASIDE + lane]
    h0 = omega * aside - 1.0
    h1 = point[FORTH + lane] * (1.0 + omega * track[D0 + lane])
    h2 = -0.5 * aside * track[DIAMETER + lane]
    state, gain = add_flat_hits(state, (h0, h1, h2), number, variance)
    if biased is not None:
        shift_bias(track, point, lane, (h0, h1, h2, 0.0, 0.0), gain)
    return state


@lane_kernel
def _filter_axial(c, track, here, low, high, variance, biased):
    """Gas and drift distances of a superlayer of axial wires.

    Half of the layers are taken to measure at each of the two points.
    """
    wide_vectors()
    for lane in range(LANES):
        state = _gas_before(track, here, low, high, lane, load_state(c, lane))
        number = 0.5 * here[LAYERS + lane] * track[WEIGHT + lane]
        state = _add_axial(track, state, high, lane, number, variance, biased)
        store_state(c, lane, _add_axial(track, state, low, lane, number, variance, biased))


@lane_function
def _add_stereo(track, state, point, lane, tilt, number, variance, biased):
    """Drift distances to wires that lean by the stereo angle along the azimuth: across wire and track.

    The vector across is the product of the two directions; the variance grows with its square. ``tilt`` is the tangent
    of the stereo angle over the radius.
    """
    omega, tan_lambda = track[OMEGA + lane], track[TAN_LAMBDA + lane]
    s, forth, aside = point[ARC + lane], point[FORTH + lane], point[ASIDE + lane]
    x, y = forth, -track[D0 + lane] - aside
    tx, ty = 1.0 - omega * aside, -omega * forth
    wx, wy = -y * tilt, x * tilt
    cx, cy, cz = wy * tan_lambda - ty, tx - wx * tan_lambda, wx * ty - wy * tx
    radius = 0.5 * track[DIAMETER + lane]
    h = slopes(cx, cy, cz, x, y, tx, ty, aside * radius, (forth - s) * radius, s)
    state, gain = add_hits(state, h, number, variance * (cx * cx + cy * cy + cz * cz))
    if biased is not None:
        shift_bias(track, point, lane, h, gain)
    return state


@lane_kernel
def _filter_stereo(c, track, here, low, high, variance, biased):
    """The same of stereo wires."""
    wide_vectors()
    for lane in range(LANES):
        state = _gas_before(track, here, low, high, lane, load_state(c, lane))
        number = 0.5 * here[LAYERS + lane] * track[WEIGHT + lane]
        state = _add_stereo(track, state, high, lane, here[HIGH_TILT + lane], number, variance, biased)
        store_state(c, lane, _add_stereo(track, state, low, lane, here[LOW_TILT + lane], number, variance, biased))


@lane_kernel
def _add_first_gas(c, track, wall, point):
    """Noise of the gas between the inner wall and the innermost superlayer."""
    for lane in range(LANES):
        between = (wall[MET + lane] > 0.0) & (track[OUTER_ARC + lane] >= 0.0)
        arc = point[ARC + lane]
        path = select(between, (track[OUTER_MIDDLE + lane] - arc) * track[SECANT + lane], 0.0)
        state = _gas_kink(
            track, lane, load_state(c, lane), arc, point[FORTH + lane], point[ASIDE + lane], path,
            track[INNER_ANGLE2 + lane], track[INNER_BEND2 + lane],
        )  # fmt: skip
        store_state(c, lane, state)
