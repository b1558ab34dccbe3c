"""A fast common-vertex fit of tracks: three coordinates from the tracks' impact parameters.

Each track is represented by its distances to an expansion point, transverse and along z, with their
covariance carried there from the POCA; the directions are then known well enough to be profiled away
(Billoir, Qian, Nucl. Instrum. Meth. A 311 (1992) 139, "fast vertex fit").  Momenta are not updated: for the rest of the event and the
charm veto only position and χ² are asked for.
"""

import math

from numba import njit

MAX_SHIFT = 1e-4
"""The fit is linearised anew until the vertex moves by less than this [cm]."""
MAX_ITERATIONS = 6


@njit(cache=True, nogil=True)
def relative_helix(d0, phi0, omega, z0, tan_lambda, x, y):
    """Helix parameters about the line through (x, y) parallel to z: (d, φ, z, s).

    ``s`` is the arc length from the old POCA to the new one, ``z`` is absolute.  In basf2's convention the
    circle's centre is at (d0 + 1/ω)(sin φ0, −cos φ0).
    """
    radius = 1.0 / omega
    sine, cosine = math.sin(phi0), math.cos(phi0)
    cx = (d0 + radius) * sine - x
    cy = -(d0 + radius) * cosine - y
    sign = 1.0 if omega > 0.0 else -1.0
    to_centre = math.sqrt(cx * cx + cy * cy)
    turn_sine = sign * (cx * cosine + cy * sine) / to_centre
    turn_cosine = sign * (cx * sine - cy * cosine) / to_centre
    turn = math.atan2(turn_sine, turn_cosine)
    s = -turn * radius
    return sign * to_centre - radius, phi0 + turn, z0 + s * tan_lambda, s


@njit(cache=True, nogil=True)
def _add_track(tracks, t, x, y, z, fit):
    """Add track ``t`` to the normal equations ``fit`` at the expansion point.

    ``fit[0:6]``: upper triangle of the information, ``fit[6:9]``: its product with the shift, ``fit[9]``: χ²
    of no shift.
    """
    d, phi, z_track, s = relative_helix(
        tracks.d0[t], tracks.phi0[t], tracks.omega[t], tracks.z0[t], tracks.tanLambda[t], x, y
    )
    tan_lambda = tracks.tanLambda[t]
    c = tracks.covariance[t]
    half_s2 = 0.5 * s * s
    # d = d0 − s φ0 + s²/2 ω and z = z0 + s tanλ, for small errors; c is the upper triangle row by row
    cdd = (
        c[0]
        - 2.0 * s * c[1]
        + 2.0 * half_s2 * c[2]
        + s * s * c[5]
        - 2.0 * s * half_s2 * c[6]
        + half_s2 * half_s2 * c[9]
    )
    cdz = c[3] + s * c[4] - s * (c[7] + s * c[8]) + half_s2 * (c[10] + s * c[11])
    czz = c[12] + 2.0 * s * c[13] + s * s * c[14]
    det = cdd * czz - cdz * cdz
    if not det > 0.0:
        return False
    wdd, wdz, wzz = czz / det, -cdz / det, cdd / det
    cosine, sine = math.cos(phi), math.sin(phi)
    # residuals d − n·v and z − (v_z − tanλ t·v) with n = (sin, −cos), t = (cos, sin)
    rd, rz = d, z_track - z
    ax, ay = sine, -cosine
    bx, by = -tan_lambda * cosine, -tan_lambda * sine
    fit[0] += wdd * ax * ax + 2.0 * wdz * ax * bx + wzz * bx * bx
    fit[1] += wdd * ax * ay + wdz * (ax * by + ay * bx) + wzz * bx * by
    fit[2] += wdz * ax + wzz * bx
    fit[3] += wdd * ay * ay + 2.0 * wdz * ay * by + wzz * by * by
    fit[4] += wdz * ay + wzz * by
    fit[5] += wzz
    fd, fz = wdd * rd + wdz * rz, wdz * rd + wzz * rz
    fit[6] += ax * fd + bx * fz
    fit[7] += ay * fd + by * fz
    fit[8] += fz
    fit[9] += rd * fd + rz * fz
    return True


@njit(cache=True, nogil=True)
def vertex_fit(tracks, index, n, x, y, z, spot, fit):
    """Fit the ``n`` tracks ``index[:n]`` (rows of ``tracks``) to a common vertex.

    Parameters
    ----------
    x, y, z : where to begin [cm].
    spot : float64 (6,), a Gaussian constraint: position and widths [cm] of the beam spot; widths of 0 mean
    none. fit : scratch, float64 (10,); after the call ``fit[0:6]`` is the information matrix of the vertex.

    Returns
    -------
    (x, y, z, χ², ndf) : χ² is NaN when the fit fails.
    """
    constrained = spot[3] > 0.0
    ndf = 2 * n if constrained else 2 * n - 3
    chi2 = math.nan
    if n < 1 or ndf < 1:
        return math.nan, math.nan, math.nan, chi2, ndf
    for _ in range(MAX_ITERATIONS):
        fit[:] = 0.0
        for k in range(n):
            if not _add_track(tracks, index[k], x, y, z, fit):
                return math.nan, math.nan, math.nan, math.nan, ndf
        if constrained:
            wx, wy, wz = 1.0 / spot[3] ** 2, 1.0 / spot[4] ** 2, 1.0 / spot[5] ** 2
            rx, ry, rz = spot[0] - x, spot[1] - y, spot[2] - z
            fit[0] += wx
            fit[3] += wy
            fit[5] += wz
            fit[6] += wx * rx
            fit[7] += wy * ry
            fit[8] += wz * rz
            fit[9] += wx * rx * rx + wy * ry * ry + wz * rz * rz
        # Cholesky of the information matrix
        if not fit[0] > 0.0:
            return math.nan, math.nan, math.nan, math.nan, ndf
        l00 = math.sqrt(fit[0])
        l10, l20 = fit[1] / l00, fit[2] / l00
        d11 = fit[3] - l10 * l10
        if not d11 > 0.0:
            return math.nan, math.nan, math.nan, math.nan, ndf
        l11 = math.sqrt(d11)
        l21 = (fit[4] - l20 * l10) / l11
        d22 = fit[5] - l20 * l20 - l21 * l21
        if not d22 > 0.0:
            return math.nan, math.nan, math.nan, math.nan, ndf
        l22 = math.sqrt(d22)
        y0 = fit[6] / l00
        y1 = (fit[7] - l10 * y0) / l11
        y2 = (fit[8] - l20 * y0 - l21 * y1) / l22
        sz = y2 / l22
        sy = (y1 - l21 * sz) / l11
        sx = (y0 - l10 * sy - l20 * sz) / l00
        chi2 = max(fit[9] - y0 * y0 - y1 * y1 - y2 * y2, 0.0)
        x, y, z = x + sx, y + sy, z + sz
        if sx * sx + sy * sy + sz * sz < MAX_SHIFT * MAX_SHIFT:
            break
        if not (abs(x) < 200.0 and abs(y) < 200.0 and abs(z) < 300.0):
            return math.nan, math.nan, math.nan, math.nan, ndf
    return x, y, z, chi2, ndf


@njit(cache=True, nogil=True)
def chi2_probability(chi2, ndf):
    """Probability of a χ² above ``chi2``, closed form for integer ``ndf`` (Abramowitz, Stegun, 26.4.4 and 26.4.5)."""
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


@njit(cache=True, nogil=True)
def crossing_point(tracks, i, j):
    """Where two tracks cross in the transverse plane, with the closer z: (x, y, z); NaN if nowhere near.

    Circles that miss each other by less than 1 cm give the middle of the gap.
    """
    ri, rj = 1.0 / tracks.omega[i], 1.0 / tracks.omega[j]
    xi = (tracks.d0[i] + ri) * math.sin(tracks.phi0[i])
    yi = -(tracks.d0[i] + ri) * math.cos(tracks.phi0[i])
    dx = (tracks.d0[j] + rj) * math.sin(tracks.phi0[j]) - xi
    dy = -(tracks.d0[j] + rj) * math.cos(tracks.phi0[j]) - yi
    ri, rj = abs(ri), abs(rj)
    distance = math.sqrt(dx * dx + dy * dy)
    if distance <= 0.0 or distance > ri + rj + 1.0 or distance < abs(ri - rj) - 1.0:
        return math.nan, math.nan, math.nan
    along = 0.5 * (distance + (ri - rj) * (ri + rj) / distance)
    across2 = ri * ri - along * along
    if across2 < 0.0:
        if distance >= ri + rj:
            along = 0.5 * (ri + distance - rj)
        elif ri > rj:
            along = 0.5 * (ri + distance + rj)
        else:
            along = -0.5 * (ri + rj - distance)
    across = math.sqrt(max(across2, 0.0))
    best = math.inf
    x = y = z = math.nan
    for side in (-1.0, 1.0):
        px = xi + (along * dx - side * across * dy) / distance
        py = yi + (along * dy + side * across * dx) / distance
        _, _, zi, _ = relative_helix(
            tracks.d0[i], tracks.phi0[i], tracks.omega[i], tracks.z0[i], tracks.tanLambda[i], px, py
        )
        _, _, zj, _ = relative_helix(
            tracks.d0[j], tracks.phi0[j], tracks.omega[j], tracks.z0[j], tracks.tanLambda[j], px, py
        )
        if abs(zi - zj) < best:
            best = abs(zi - zj)
            x, y, z = px, py, 0.5 * (zi + zj)
    return x, y, z
