"""Kalman updates of a covariance of helix parameters: a measured coordinate, matter crossed.

The state is the five helix parameters (d0, φ0, ω, z0, tanλ) at the POCA, so the transport between layers is
the identity. Matrices are 5×5 with the upper triangle in use.
"""

from numba import njit

from physics.jit import inlined_kernel


@inlined_kernel
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
    """Kalman update of the upper triangle of C and of the bias with one coordinate; return its χ² from the
    bias.
    """
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

    ``dip2`` [rad²]: variance of the projected scattering angle; ``bend2``: variance of ln p by straggling.
    The derivatives of the helix, the point of the kink held: a turn in azimuth moves (d0, φ0, z0); a change
    of ln ω moves (d0, φ0, ω, z0); a scatter in dip moves tanλ and z0 and, since p stays, ln ω by tanλ.
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
