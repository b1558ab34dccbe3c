"""Kalman updates of covariances of helix parameters: a measured coordinate, matter crossed. For lanes.

The state is the covariance of the five helix parameters (d0, φ0, ω, z0, tanλ) at the POCA, so the transport between
layers is the identity: its upper triangle row by row, 15 numbers. Beside it goes, for tracks with a kink that the fit
does not know of, the bias: the displacement of the parameters, and the χ² that it adds.
"""

from detector.lanes import ARC, BIAS0, BROKEN, CHI2, LANES, lane_function, lane_kernel, select


@lane_kernel
def begin_filter(c, p0, p1, p2, p3, p4):
    """Set diagonal covariances."""
    for i in range(15 * LANES):
        c[i] = 0.0
    for lane in range(LANES):
        c[lane], c[5 * LANES + lane], c[9 * LANES + lane] = p0, p1, p2
        c[12 * LANES + lane], c[14 * LANES + lane] = p3, p4


@lane_function
def load_state(c, lane):
    """State of a lane."""
    return (
        c[lane], c[LANES + lane], c[2 * LANES + lane], c[3 * LANES + lane], c[4 * LANES + lane], c[5 * LANES + lane],
        c[6 * LANES + lane], c[7 * LANES + lane], c[8 * LANES + lane], c[9 * LANES + lane], c[10 * LANES + lane],
        c[11 * LANES + lane], c[12 * LANES + lane], c[13 * LANES + lane], c[14 * LANES + lane],
    )  # fmt: skip


@lane_function
def store_state(c, lane, state):
    """Write the state of a lane back."""
    (
        c[lane], c[LANES + lane], c[2 * LANES + lane], c[3 * LANES + lane], c[4 * LANES + lane], c[5 * LANES + lane],
        c[6 * LANES + lane], c[7 * LANES + lane], c[8 * LANES + lane], c[9 * LANES + lane], c[10 * LANES + lane],
        c[11 * LANES + lane], c[12 * LANES + lane], c[13 * LANES + lane], c[14 * LANES + lane],
    ) = state  # fmt: skip


@lane_function
def slopes(cx, cy, cz, x, y, tx, ty, left, along, s):
    """Derivatives of the coordinate ``c · position`` with respect to (d0, φ0, ω, z0, tanλ), in the frame of the POCA.

    The point (x, y) with direction (tx, ty) lies at arc length ``s``; a change of ω displaces it by ``left`` to the
    left and by ``along`` along the direction.
    """
    return -cy, cy * x - cx * y, left * (cx * ty - cy * tx) - along * (cx * tx + cy * ty), cz, s * cz


@lane_function
def add_hits(state, h, number, variance):
    """Update a state with a coordinate of derivatives ``h``, measured ``number`` times with ``variance``.

    Returns the state and the gain: that of the parameters, and the inverse variance of the coordinate's residual.
    """
    c00, c01, c02, c03, c04, c11, c12, c13, c14, c22, c23, c24, c33, c34, c44 = state
    h0, h1, h2, h3, h4 = h
    g0 = c00 * h0 + c01 * h1 + c02 * h2 + c03 * h3 + c04 * h4
    g1 = c01 * h0 + c11 * h1 + c12 * h2 + c13 * h3 + c14 * h4
    g2 = c02 * h0 + c12 * h1 + c22 * h2 + c23 * h3 + c24 * h4
    g3 = c03 * h0 + c13 * h1 + c23 * h2 + c33 * h3 + c34 * h4
    g4 = c04 * h0 + c14 * h1 + c24 * h2 + c34 * h3 + c44 * h4
    # n hits of one coordinate weigh like one of variance / n.
    inverse = number / (variance + number * (g0 * h0 + g1 * h1 + g2 * h2 + g3 * h3 + g4 * h4))
    return _less(state, (g0, g1, g2, g3, g4), inverse)


@lane_function
def add_flat_hits(state, h, number, variance):
    """:func:`add_hits` of a coordinate that does not depend on z0 and tanλ."""
    c00, c01, c02, c03, c04, c11, c12, c13, c14, c22, c23, c24 = state[:12]
    h0, h1, h2 = h
    g0 = c00 * h0 + c01 * h1 + c02 * h2
    g1 = c01 * h0 + c11 * h1 + c12 * h2
    g2 = c02 * h0 + c12 * h1 + c22 * h2
    g3 = c03 * h0 + c13 * h1 + c23 * h2
    g4 = c04 * h0 + c14 * h1 + c24 * h2
    inverse = number / (variance + number * (g0 * h0 + g1 * h1 + g2 * h2))
    return _less(state, (g0, g1, g2, g3, g4), inverse)


@lane_function
def _less(state, g, inverse):
    """State − g gᵀ × inverse, and the gain."""
    c00, c01, c02, c03, c04, c11, c12, c13, c14, c22, c23, c24, c33, c34, c44 = state
    g0, g1, g2, g3, g4 = g
    f0, f1, f2, f3, f4 = inverse * g0, inverse * g1, inverse * g2, inverse * g3, inverse * g4
    return (
        c00 - f0 * g0, c01 - f0 * g1, c02 - f0 * g2, c03 - f0 * g3, c04 - f0 * g4, c11 - f1 * g1, c12 - f1 * g2,
        c13 - f1 * g3, c14 - f1 * g4, c22 - f2 * g2, c23 - f2 * g3, c24 - f2 * g4, c33 - f3 * g3, c34 - f3 * g4,
        c44 - f4 * g4,
    ), (f0, f1, f2, f3, f4, inverse)  # fmt: skip


@lane_function
def shift_bias(track, point, lane, h, gain):
    """What a hit at ``point`` does to the bias of a lane; beyond the kink it sees the track displaced."""
    h0, h1, h2, h3, h4 = h
    f0, f1, f2, f3, f4, inverse = gain
    b0, b1, b2 = track[BIAS0 + lane], track[BIAS0 + LANES + lane], track[BIAS0 + 2 * LANES + lane]
    b3, b4 = track[BIAS0 + 3 * LANES + lane], track[BIAS0 + 4 * LANES + lane]
    seen = select(point[ARC + lane] < track[BROKEN + lane], 1.0, 0.0)
    pull = seen * (h0 * b0 + h1 * b1 + h2 * b2 + h3 * b3 + h4 * b4)
    track[BIAS0 + lane], track[BIAS0 + LANES + lane] = b0 - pull * f0, b1 - pull * f1
    track[BIAS0 + 2 * LANES + lane], track[BIAS0 + 3 * LANES + lane] = b2 - pull * f2, b3 - pull * f3
    track[BIAS0 + 4 * LANES + lane] = b4 - pull * f4
    track[CHI2 + lane] += pull * pull * inverse


@lane_function
def add_kink(state, scale, omega, tan_lambda, d0, s, forth, aside, dip2, bend2):
    """Noise of matter at the point (``s``, ``forth``, ``aside``) of a helix; ``scale`` is 1/(1 + ω d0).

    ``dip2`` [rad²]: variance of the projected scattering angle; ``bend2``: variance of ln p by straggling. The
    derivatives of the helix, the point of the kink held: a turn in azimuth moves (d0, φ0, z0); a change of ln ω moves
    (d0, φ0, ω, z0); a scatter in dip moves tanλ and z0 and, since p stays, ln ω by tanλ.
    """
    c00, c01, c02, c03, c04, c11, c12, c13, c14, c22, c23, c24, c33, c34, c44 = state
    slope = 1.0 + tan_lambda * tan_lambda
    # Turn.
    a, b = forth, (1.0 - omega * aside) * scale
    d = tan_lambda * scale * (d0 + aside)
    turn2 = dip2 * slope
    fa, fb = turn2 * a, turn2 * b
    # Change of ln ω, by straggling and by scattering in dip.
    e, f = aside, omega * forth * scale
    g = tan_lambda * (s - forth * scale)
    both2 = bend2 + dip2 * tan_lambda * tan_lambda
    fe, ff, fw = both2 * e, both2 * f, both2 * omega
    # The direct effect of the dip on (z0, tanλ) and its products with the change of ln ω.
    h = -s * slope
    mixed = dip2 * tan_lambda
    mz, mt = mixed * h, mixed * slope
    return (
        c00 + fa * a + fe * e,
        c01 + fa * b + fe * f,
        c02 + fe * omega,
        c03 + fa * d + fe * g + mz * e,
        c04 + mt * e,
        c11 + fb * b + ff * f,
        c12 + ff * omega,
        c13 + fb * d + ff * g + mz * f,
        c14 + mt * f,
        c22 + fw * omega,
        c23 + fw * g + mz * omega,
        c24 + mt * omega,
        c33 + turn2 * d * d + both2 * g * g + 2.0 * mz * g + dip2 * h * h,
        c34 + mt * g + dip2 * slope * h,
        c44 + dip2 * slope * slope,
    )  # fmt: skip
