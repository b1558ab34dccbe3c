"""The covariances of tracks from the layers they cross, 32 at once.

Two steps. :func:`detector.crossing.walk` walks the helices outward and notes where they meet walls, sensors and
superlayers, with the momentum left there. :func:`filter_inward` then runs a Kalman filter from the outermost hit to
the POCA (Billoir, NIM 225 (1984) 352; Frühwirth, NIM A 262 (1987) 444). Its state is the five helix parameters at the
POCA of the helix seen *between* two layers, so that the transport is the identity: a hit subtracts its information
through the derivative of the measured coordinate, a layer's scattering and energy straggling add noise through the
derivative of the parameters with respect to a kink there. The truth is the helix at the production vertex, thus only
matter after it counts.

The drift chamber's part comes from :mod:`detector.chamber`.
"""

import math

import numpy as np

from detector.chamber import filter_chamber
from detector.geometry import WALL
from detector.kalman import add_hits, add_kink, load_state, shift_bias, slopes, store_state
from detector.lanes import (
    ANGLE2,
    ARC,
    ASIDE,
    BEND2,
    BIAS0,
    CHI2,
    D0,
    DIAMETER,
    FORTH,
    HELP0,
    HIGHLAND,
    HITS,
    LANES,
    MASS,
    MET,
    MOMENTUM,
    NORMAL_X,
    NORMAL_Y,
    OMEGA,
    PHI0,
    SCALE,
    SLANTED,
    TAN_LAMBDA,
    TOTAL,
    Z0,
    lane_function,
    lane_kernel,
    select,
    wide_vectors,
)
from detector.material import highland_factor
from physics.jit import inlined_kernel, kernel


@inlined_kernel
def filter_inward(tracker, lanes, biased):
    """Fill the covariances at the POCA from the crossings.

    Where ``biased``, BIAS enters as the displacement of the helix beyond the arc length BROKEN (a decay, a lost photon)
    that the fit does not know of, and leaves as the shift of the fitted parameters; CHI2 is what it adds to the tracks'
    χ².
    """
    _set_highland(lanes.track)
    if biased:
        _filter(tracker, lanes, True)
    else:
        _filter(tracker, lanes, None)


@kernel
def _filter(tracker, lanes, biased):
    """Drift chamber, then silicon and beam pipe; compiled with and without bias (None)."""
    layers, track, c = tracker.surfaces.layer, lanes.track, lanes.covariance
    filter_chamber(tracker, lanes, biased)
    n = layers.shape[0]
    for step in range(n):
        i = n - 1 - step
        layer, here, point = layers[i], lanes.surface[i], lanes.point[i]
        if not _is_met(here):
            continue
        if layer.kind == WALL:
            _filter_wall(c, track, here, point)
        else:
            _filter_sensors(c, track, here, point, layer.slant_tan, layer.variance_u, layer.variance_v, biased)


@lane_kernel
def _is_met(here):
    """Whether any lane meets a surface."""
    some = np.int64(0)
    for lane in range(LANES):
        some |= np.int64(here[MET + lane] > 0.0)
    return some != 0


@lane_kernel
def _set_highland(track):
    """Scattering strength from all matter crossed."""
    for lane in range(LANES):
        track[CHI2 + lane] = 0.0
        track[HIGHLAND + lane] = highland_factor(
            max(track[TOTAL + lane], 1e-4), track[MOMENTUM + lane], track[MASS + lane]
        )


@lane_function
def _surface_kink(track, here, point, lane, state):
    """Noise of a surface's matter."""
    return add_kink(
        state, track[SCALE + lane], track[OMEGA + lane], track[TAN_LAMBDA + lane], track[D0 + lane], point[ARC + lane],
        point[FORTH + lane], point[ASIDE + lane], track[HIGHLAND + lane] * here[ANGLE2 + lane], here[BEND2 + lane],
    )  # fmt: skip


@lane_kernel
def _filter_wall(c, track, here, point):
    """Matter of a wall."""
    wide_vectors()
    for lane in range(LANES):
        store_state(c, lane, _surface_kink(track, here, point, lane, load_state(c, lane)))


@lane_kernel
def _filter_sensors(c, track, here, point, slant_tan, variance_u, variance_v, biased):
    """Both coordinates of a sensor, seen along the track, then its matter.

    The plane has normal M; the measured directions are U (across the ladder) and V (along it).
    """
    wide_vectors()
    slant_cosine = 1.0 / math.sqrt(1.0 + slant_tan * slant_tan)
    slant_sine = slant_tan * slant_cosine
    for lane in range(LANES):
        mx, my, hits = here[NORMAL_X + lane], here[NORMAL_Y + lane], here[HITS + lane]
        omega, tan_lambda, radius = track[OMEGA + lane], track[TAN_LAMBDA + lane], 0.5 * track[DIAMETER + lane]
        s, forth, aside = point[ARC + lane], point[FORTH + lane], point[ASIDE + lane]
        x, y, tx, ty = forth, -track[D0 + lane] - aside, 1.0 - omega * aside, -omega * forth
        slanted = here[SLANTED + lane] > 0.0
        c_tilt, s_tilt = select(slanted, slant_cosine, 1.0), select(slanted, slant_sine, 0.0)
        along, across = tx * mx + ty * my, ty * mx - tx * my
        inverse = 1.0 / select(hits > 0.0, along * c_tilt + tan_lambda * s_tilt, 1.0)
        fu, fv = across * inverse, (tan_lambda * c_tilt - along * s_tilt) * inverse
        lean = -s_tilt - fv * c_tilt
        left, forward = aside * radius, (forth - s) * radius
        u = slopes(-my - fu * mx * c_tilt, mx - fu * my * c_tilt, -fu * s_tilt, x, y, tx, ty, left, forward, s)
        v = slopes(mx * lean, my * lean, c_tilt - fv * s_tilt, x, y, tx, ty, left, forward, s)
        state, gain = add_hits(load_state(c, lane), u, hits, variance_u)
        if biased is not None:
            shift_bias(track, point, lane, u, gain)
        state, gain = add_hits(state, v, hits, variance_v)
        if biased is not None:
            shift_bias(track, point, lane, v, gain)
        store_state(c, lane, _surface_kink(track, here, point, lane, state))


@lane_kernel
def draw_parameters(lanes):
    """Turn five normal numbers (rows HELP0 to HELP4) into drawn parameters: truth + bias + Cholesky factor × numbers.

    The drawn helices replace the numbers; the covariances stay.
    """
    wide_vectors()
    c, track = lanes.covariance, lanes.track
    for lane in range(LANES):
        # Cholesky C = Uᵀ U; rounding may leave a pivot at zero, never far below.
        c00, c11, c22 = c[lane], c[5 * LANES + lane], c[9 * LANES + lane]
        c33, c44 = c[12 * LANES + lane], c[14 * LANES + lane]
        u00 = math.sqrt(max(c00, 1e-30))
        inverse = 1.0 / u00
        u01, u02 = c[LANES + lane] * inverse, c[2 * LANES + lane] * inverse
        u03, u04 = c[3 * LANES + lane] * inverse, c[4 * LANES + lane] * inverse
        u11 = math.sqrt(max(c11 - u01 * u01, 1e-14 * c11))
        inverse = 1.0 / u11
        u12, u13 = (c[6 * LANES + lane] - u01 * u02) * inverse, (c[7 * LANES + lane] - u01 * u03) * inverse
        u14 = (c[8 * LANES + lane] - u01 * u04) * inverse
        u22 = math.sqrt(max(c22 - u02 * u02 - u12 * u12, 1e-14 * c22))
        inverse = 1.0 / u22
        u23 = (c[10 * LANES + lane] - u02 * u03 - u12 * u13) * inverse
        u24 = (c[11 * LANES + lane] - u02 * u04 - u12 * u14) * inverse
        u33 = math.sqrt(max(c33 - u03 * u03 - u13 * u13 - u23 * u23, 1e-14 * c33))
        u34 = (c[13 * LANES + lane] - u03 * u04 - u13 * u14 - u23 * u24) / u33
        u44 = math.sqrt(max(c44 - u04 * u04 - u14 * u14 - u24 * u24 - u34 * u34, 1e-14 * c44))
        z0, z1, z2 = track[HELP0 + lane], track[HELP0 + LANES + lane], track[HELP0 + 2 * LANES + lane]
        z3, z4 = track[HELP0 + 3 * LANES + lane], track[HELP0 + 4 * LANES + lane]
        phi = track[PHI0 + lane] + track[BIAS0 + LANES + lane] + u01 * z0 + u11 * z1
        phi -= 2.0 * math.pi * np.rint(phi / (2.0 * math.pi))
        track[HELP0 + lane] = track[D0 + lane] + track[BIAS0 + lane] + u00 * z0
        track[HELP0 + LANES + lane] = phi
        track[HELP0 + 2 * LANES + lane] = (
            track[OMEGA + lane] + track[BIAS0 + 2 * LANES + lane] + u02 * z0 + u12 * z1 + u22 * z2
        )
        track[HELP0 + 3 * LANES + lane] = (
            track[Z0 + lane] + track[BIAS0 + 3 * LANES + lane] + u03 * z0 + u13 * z1 + u23 * z2 + u33 * z3
        )
        track[HELP0 + 4 * LANES + lane] = (
            track[TAN_LAMBDA + lane] + track[BIAS0 + 4 * LANES + lane]
            + u04 * z0 + u14 * z1 + u24 * z2 + u34 * z3 + u44 * z4
        )  # fmt: skip
