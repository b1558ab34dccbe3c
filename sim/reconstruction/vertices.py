"""A fast common-vertex fit of tracks: three coordinates from the tracks' impact parameters.

Each track is represented by its distances to an expansion point, transverse and along z, with their
covariance carried there from the POCA; the directions are then known well enough to be profiled away
(Billoir, Qian, Nucl. Instrum. Meth. A 311 (1992) 139, "fast vertex fit").  Momenta are not updated: for the
rest of the event and the charm veto only position and χ² are asked for.

Near the interaction point what a track adds to the normal equations hardly depends on where they are
expanded: :func:`add_normals` computes it once, and every set of tracks is fitted by adding rows.

``helix`` is float64 ``(n, 6)``: d0, cos φ0, sin φ0, 1/ω, z0, tanλ, by :func:`set_helix`; ``covariance`` the
``(n, 15)`` upper triangles; ``normals`` ``(n, 10)``.
"""

import math

import numpy as np

from physics.jit import kernel

LINEAR_RANGE = 0.05
"""Shift [cm] of the vertex below which the expansion holds: the sagitta 0.05² / (2 · 22 cm) is below 1 µm."""
MAX_ITERATIONS = 6
FIRST = np.int64(0)


@kernel
def set_helix(d0, phi0, omega, z0, tan_lambda, helix, t):
    """Write row ``t`` of ``helix``."""
    helix[t, 0], helix[t, 1], helix[t, 2] = d0, math.cos(phi0), math.sin(phi0)
    helix[t, 3], helix[t, 4], helix[t, 5] = 1.0 / omega, z0, tan_lambda


@kernel
def relative_helix(helix, t, x, y):
    """Row ``t`` of ``helix`` about the line through (x, y) parallel to z: (d, cos φ, sin φ, z, s).

    ``s`` is the arc length from the old POCA to the new one, ``z`` is absolute.  In basf2's convention the
    circle's centre is at (d0 + 1/ω)(sin φ0, −cos φ0).
    """
    d0, radius, cosine, sine = helix[t, 0], helix[t, 3], helix[t, 1], helix[t, 2]
    cx = (d0 + radius) * sine - x
    cy = -(d0 + radius) * cosine - y
    sign = 1.0 if radius > 0.0 else -1.0
    to_centre = math.sqrt(cx * cx + cy * cy)
    new_sine, new_cosine = sign * cx / to_centre, -sign * cy / to_centre
    turn = new_sine * cosine - new_cosine * sine
    if abs(turn) < 0.03 and new_cosine * cosine + new_sine * sine > 0.0:
        turn += turn * turn * turn / 6.0  # arc sine to 2e-9 rad
    else:
        turn = math.atan2(turn, new_cosine * cosine + new_sine * sine)
    s = -turn * radius
    return sign * to_centre - radius, new_cosine, new_sine, helix[t, 4] + s * helix[t, 5], s


@kernel
def add_track(helix, covariance, t, x, y, z, fits, f):
    """Add track ``t`` to row ``f`` of the normal equations ``fits`` at the expansion point.

    Elements 0 to 5: upper triangle of the information, 6 to 8: its product with the shift, 9: χ² of no
    shift.  A track without a valid covariance makes them NaN.
    """
    d, cosine, sine, z_track, s = relative_helix(helix, t, x, y)
    radius, tan_lambda = helix[t, 3], helix[t, 5]
    # How d and z change with (d0, φ0, ω, z0, tanλ): the centre moves, the new POCA follows it.
    turn_sine = sine * helix[t, 1] - cosine * helix[t, 2]
    turn_cosine = cosine * helix[t, 1] + sine * helix[t, 2]
    rim, scale = radius + helix[t, 0], 1.0 / (radius + d)
    d0, d1, d2 = turn_cosine, turn_sine * rim, (1.0 - turn_cosine) * radius * radius
    z0 = tan_lambda * radius * turn_sine * scale
    z1 = tan_lambda * radius * (1.0 - turn_cosine * rim * scale)
    z2 = -tan_lambda * radius * (turn_sine * radius * radius * scale + s)
    c0, c1, c2 = covariance[t, 0], covariance[t, 1], covariance[t, 2]
    c5, c6, c9 = covariance[t, 5], covariance[t, 6], covariance[t, 9]
    # covariances of d and of the part of z that moves with the POCA with (d0, φ0, ω)
    a0, a1, a2 = d0 * c0 + d1 * c1 + d2 * c2, d0 * c1 + d1 * c5 + d2 * c6, d0 * c2 + d1 * c6 + d2 * c9
    b0, b1, b2 = z0 * c0 + z1 * c1 + z2 * c2, z0 * c1 + z1 * c5 + z2 * c6, z0 * c2 + z1 * c6 + z2 * c9
    # covariances of z0 + s tanλ with (d0, φ0, ω)
    e0 = covariance[t, 3] + s * covariance[t, 4]
    e1 = covariance[t, 7] + s * covariance[t, 8]
    e2 = covariance[t, 10] + s * covariance[t, 11]
    cdd = d0 * a0 + d1 * a1 + d2 * a2
    cdz = d0 * (b0 + e0) + d1 * (b1 + e1) + d2 * (b2 + e2)
    czz = z0 * (b0 + 2.0 * e0) + z1 * (b1 + 2.0 * e1) + z2 * (b2 + 2.0 * e2)
    czz += covariance[t, 12] + 2.0 * s * covariance[t, 13] + s * s * covariance[t, 14]
    _add_residuals(d, z_track - z, cosine, sine, tan_lambda, cdd, cdz, czz, fits, f)


@kernel
def _add_residuals(rd, rz, cosine, sine, tan_lambda, cdd, cdz, czz, fits, f):
    """Add the residuals (rd, rz) of a track of covariance (cdd, cdz, czz) to row ``f`` of the normal equations.

    They are d − n·v and z − (v_z − tanλ t·v) with n = (sin, −cos), t = (cos, sin).
    """
    det = cdd * czz - cdz * cdz
    inverse = 1.0 / det if det > 0.0 else math.nan
    wdd, wdz, wzz = czz * inverse, -cdz * inverse, cdd * inverse
    ax, ay = sine, -cosine
    bx, by = -tan_lambda * cosine, -tan_lambda * sine
    fits[f, 0] += wdd * ax * ax + 2.0 * wdz * ax * bx + wzz * bx * bx
    fits[f, 1] += wdd * ax * ay + wdz * (ax * by + ay * bx) + wzz * bx * by
    fits[f, 2] += wdz * ax + wzz * bx
    fits[f, 3] += wdd * ay * ay + 2.0 * wdz * ay * by + wzz * by * by
    fits[f, 4] += wdz * ay + wzz * by
    fits[f, 5] += wzz
    fd, fz = wdd * rd + wdz * rz, wdz * rd + wzz * rz
    fits[f, 6] += ax * fd + bx * fz
    fits[f, 7] += ay * fd + by * fz
    fits[f, 8] += fz
    fits[f, 9] += rd * fd + rz * fz


@kernel
def add_normals(helix, covariance, n, normals):
    """Write what each of ``n`` tracks adds to the normal equations at the origin."""
    for t in range(n):
        for k in range(10):
            normals[t, k] = 0.0
        cosine, sine, tan_lambda = helix[t, 1], helix[t, 2], helix[t, 5]
        cdd, cdz, czz = covariance[t, 0], covariance[t, 3], covariance[t, 12]
        _add_residuals(helix[t, 0], helix[t, 4], cosine, sine, tan_lambda, cdd, cdz, czz, normals, t)


@kernel
def _add_spot(spot, x, y, z, fit):
    """Add the Gaussian constraint ``spot`` (position and widths [cm]), unless its widths are 0."""
    if spot[3] > 0.0:
        wx, wy, wz = 1.0 / (spot[3] * spot[3]), 1.0 / (spot[4] * spot[4]), 1.0 / (spot[5] * spot[5])
        rx, ry, rz = spot[0] - x, spot[1] - y, spot[2] - z
        fit[0, 0] += wx
        fit[0, 3] += wy
        fit[0, 5] += wz
        fit[0, 6] += wx * rx
        fit[0, 7] += wy * ry
        fit[0, 8] += wz * rz
        fit[0, 9] += wx * rx * rx + wy * ry * ry + wz * rz * rz


@kernel
def _inverse(x):
    return 1.0 / x if x > 0.0 else math.nan


@kernel
def _solve(fit):
    """Shift and χ² of the normal equations, by L D Lᵀ: (x, y, z, χ²); NaN when they are singular."""
    i0 = _inverse(fit[0, 0])
    l10, l20 = fit[0, 1] * i0, fit[0, 2] * i0
    i1 = _inverse(fit[0, 3] - l10 * fit[0, 1])
    below = fit[0, 4] - l20 * fit[0, 1]
    l21 = below * i1
    i2 = _inverse(fit[0, 5] - l20 * fit[0, 2] - l21 * below)
    b0 = fit[0, 6]
    b1 = fit[0, 7] - l10 * b0
    b2 = fit[0, 8] - l20 * b0 - l21 * b1
    y0, y1, z = b0 * i0, b1 * i1, b2 * i2
    y = y1 - l21 * z
    x = y0 - l10 * y - l20 * z
    return x, y, z, max(fit[0, 9] - b0 * y0 - b1 * y1 - b2 * z, 0.0)


@kernel
def degrees_of_freedom(n, spot):
    """Degrees of freedom of a vertex of ``n`` tracks."""
    return 2 * n if spot[3] > 0.0 else 2 * n - 3


@kernel
def vertex_fit(helix, covariance, index, n, x, y, z, spot, fit):
    """Fit the ``n`` tracks ``index[:n]`` to a common vertex, beginning at (x, y, z).

    Parameters
    ----------
    spot : float64 (6,), a Gaussian constraint: position and widths [cm]; widths of 0 mean none.
    fit : scratch, float64 (1, 10); holds the information matrix of the vertex in its first six elements afterwards.

    Returns
    -------
    (x, y, z, χ²) : [cm]; all NaN when the fit fails.
    """
    chi2 = math.nan
    if degrees_of_freedom(n, spot) < 1:
        return math.nan, math.nan, math.nan, math.nan
    for _ in range(MAX_ITERATIONS):
        for k in range(10):
            fit[0, k] = 0.0
        for k in range(n):
            add_track(helix, covariance, index[k], x, y, z, fit, FIRST)
        _add_spot(spot, x, y, z, fit)
        sx, sy, sz, chi2 = _solve(fit)
        x, y, z = x + sx, y + sy, z + sz
        if sx * sx + sy * sy + sz * sz < LINEAR_RANGE * LINEAR_RANGE:
            return x, y, z, chi2
        if not (abs(x) < 200.0 and abs(y) < 200.0 and abs(z) < 300.0):  # gone from the detector, or NaN
            break
    return math.nan, math.nan, math.nan, math.nan


@kernel
def vertex_near_origin(helix, covariance, normals, index, n, spot, fit):
    """As :func:`vertex_fit` from the origin, with the tracks' ``normals`` there."""
    if degrees_of_freedom(n, spot) < 1:
        return math.nan, math.nan, math.nan, math.nan
    for k in range(10):
        fit[0, k] = 0.0
    for t in range(n):
        for k in range(10):
            fit[0, k] += normals[index[t], k]
    _add_spot(spot, 0.0, 0.0, 0.0, fit)
    x, y, z, chi2 = _solve(fit)
    if x * x + y * y + z * z < LINEAR_RANGE * LINEAR_RANGE:
        return x, y, z, chi2
    if not (abs(x) < 20.0 and abs(y) < 20.0 and abs(z) < 50.0):
        return math.nan, math.nan, math.nan, math.nan
    return vertex_fit(helix, covariance, index, n, x, y, z, spot, fit)


@kernel
def chi2_probability(chi2, ndf):
    """Probability of a χ² above ``chi2``, closed form (Abramowitz, Stegun, 26.4.4-5)."""
    if math.isnan(chi2) or ndf < 1:
        return math.nan
    if chi2 <= 0.0:
        return 1.0
    half = 0.5 * chi2
    term = math.exp(-half)
    if ndf % 2 == 0:
        total = 0.0
        for k in range(ndf // 2):
            total += term
            term *= half / (k + 1)
        return min(total, 1.0)
    total = math.erfc(math.sqrt(half))
    term *= math.sqrt(2.0 * chi2 / math.pi)
    for k in range((ndf - 1) // 2):
        total += term
        term *= chi2 / (2 * k + 3)
    return min(total, 1.0)


@kernel
def crossing_point(helix, i, j):
    """Where two tracks cross in the transverse plane, with the closer z: (x, y, z).

    Circles that miss each other by less than 1 cm give the middle of the gap; NaN if they are further apart.
    """
    ra, rb = helix[i, 0] + helix[i, 3], helix[j, 0] + helix[j, 3]
    xa, ya = ra * helix[i, 2], -ra * helix[i, 1]
    dx, dy = rb * helix[j, 2] - xa, -rb * helix[j, 1] - ya
    ra, rb = abs(helix[i, 3]), abs(helix[j, 3])
    distance = math.sqrt(dx * dx + dy * dy)
    if distance <= 0.0 or distance > ra + rb + 1.0 or distance < abs(ra - rb) - 1.0:
        return math.nan, math.nan, math.nan
    along = 0.5 * (distance + (ra - rb) * (ra + rb) / distance)
    across2 = ra * ra - along * along
    if across2 < 0.0:
        if distance >= ra + rb:
            along = 0.5 * (ra + distance - rb)
        elif ra > rb:
            along = 0.5 * (ra + distance + rb)
        else:
            along = -0.5 * (ra + rb - distance)
    across = math.sqrt(max(across2, 0.0))
    best = math.inf
    x = y = z = math.nan
    for side in range(2):
        h = across if side == 0 else -across
        px = xa + (along * dx - h * dy) / distance
        py = ya + (along * dy + h * dx) / distance
        za, zb = relative_helix(helix, i, px, py)[3], relative_helix(helix, j, px, py)[3]
        if abs(za - zb) < best:
            best = abs(za - zb)
            x, y, z = px, py, 0.5 * (za + zb)
    return x, y, z
