"""Least-squares vertex fits of helices, with beam-spot constraint and momentum update; V⁰ seeds; p-values.

A track is expanded at the POCA to the current vertex position: its two distances (transverse d, along z) are
linear in the vertex, and the other three parameters follow by their correlation with these. Iterated, this
is the full fit of position and momenta (Billoir, Frühwirth, Regler, NIM A 241 (1985) 115; Billoir, Qian, NIM
A 311 (1992) 139).

Everything works on rows of ``helices`` (n, 5) [d0, φ0, ω, z0, tanλ] and ``covariances`` (n, 15) (upper
triangles, as in the record), chosen by indices ``use[:n]``; results go into a :class:`Vertex` made once by
:func:`new_vertex`.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.helix import FIELD_CONSTANT
from physics.jit import kernel

MAX_TRACKS = 64
CHI2, NDF, ITERATIONS = 0, 1, 2
CONVERGENCE = 1e-5
"""Step [cm] of the vertex at which the iteration stops: a hundredth of the best resolution."""


class Vertex(NamedTuple):
    """Result and scratch of a vertex fit; cm and GeV."""

    position: np.ndarray  # (3,), read as the first expansion point
    covariance: np.ndarray  # (3, 3)
    numbers: np.ndarray  # χ², number of degrees of freedom, iterations
    momenta: np.ndarray  # (MAX_TRACKS, 3), of each track at the vertex, updated
    momentum: np.ndarray  # (3,), their sum
    momentum_covariance: np.ndarray  # (3, 3) of the sum
    correlation: np.ndarray  # (3, 3), covariance of the sum with the position (rows: momentum)
    local: np.ndarray  # (MAX_TRACKS, 20) scratch
    full: np.ndarray  # (5, 5) scratch
    jacobian: np.ndarray  # (5, 5) scratch


def new_vertex() -> Vertex:
    """Return the memory of one fit."""
    return Vertex(
        np.zeros(3), np.zeros((3, 3)), np.zeros(3), np.zeros((MAX_TRACKS, 3)), np.zeros(3), np.zeros((3, 3)),
        np.zeros((3, 3)), np.zeros((MAX_TRACKS, 20)), np.zeros((5, 5)), np.zeros((5, 5)),
    )  # fmt: skip


def beam_spot(x: float, y: float, z: float, covariance: np.ndarray) -> np.ndarray:
    """Return the constraint (9,) from centre [cm] and 3×3 covariance [cm²]: centre, inverse upper triangle.

    Raises ValueError when the covariance is not positive definite.
    """
    if np.any(np.linalg.eigvalsh(covariance) <= 0.0):
        msg = "The beam spot's covariance must be positive definite; give three sizes above zero."
        raise ValueError(msg)
    inverse = np.linalg.inv(covariance)
    return np.array([x, y, z, *inverse[np.triu_indices(3)]])


NO_SPOT = np.zeros(9)
"""No constraint."""


@kernel
def chi2_probability(chi2, ndf):
    """Probability of a larger χ² with ``ndf`` ≥ 1 degrees of freedom: the regularised incomplete gamma
    Q(ndf/2, χ²/2).

    By the recurrence Q(a+1, x) = Q(a, x) + xᵃe⁻ˣ/Γ(a+1) from Q(1/2) = erfc √x or Q(1) = e⁻ˣ (Abramowitz,
    Stegun 6.5.21); all terms are positive, so nothing cancels.
    """
    if chi2 <= 0.0:
        return 1.0
    x = 0.5 * chi2
    if x > 700.0:
        return 0.0
    if ndf % 2 == 0:
        term = math.exp(-x)
        total = term
        a = 1.0
    else:
        total = math.erfc(math.sqrt(x))
        term = math.exp(-x) / math.sqrt(math.pi * x)  # x^(-1/2) e^-x / Γ(1/2), of the step to a = 1/2
        a = 0.5
    while a < 0.5 * ndf - 0.25:
        term *= x / a
        total += term
        a += 1.0
    return min(total, 1.0)


@kernel
def relative_helix(helices, i, x, y):
    """Helix of row ``i`` about the line through (x, y): (d, φ, z, s), ``s`` the arc from the old to the new
    POCA.
    """
    d0, phi0, omega, z0, tan_lambda = helices[i, 0], helices[i, 1], helices[i, 2], helices[i, 3], helices[i, 4]
    radius = 1.0 / omega
    sine, cosine = math.sin(phi0), math.cos(phi0)
    cx = (d0 + radius) * sine - x
    cy = -(d0 + radius) * cosine - y
    sign = 1.0 if omega > 0.0 else -1.0
    r = math.sqrt(cx * cx + cy * cy)
    new_sine, new_cosine = sign * cx / r, -sign * cy / r
    turn = math.atan2(new_sine * cosine - new_cosine * sine, new_cosine * cosine + new_sine * sine)
    s = -turn * radius
    return sign * r - radius, phi0 + turn, z0 + s * tan_lambda, s


@kernel
def _transported(jacobian, full, covariance, d0, omega, tan_lambda, d, s):
    """Covariance (d, φ, ω, z, tanλ) about the new POCA into ``full``."""
    kappa = -omega
    a = kappa * s  # angle turned
    sine, cosine = math.sin(a), math.cos(a)
    scale = 1.0 / (1.0 + omega * d)
    for i in range(5):
        for j in range(5):
            jacobian[i, j] = 0.0
    # The new POCA after a change of the old helix: centre C = (1/ω + d0) u moves, u = (sin φ0, −cos φ0).
    rim = 1.0 + omega * d0
    jacobian[0, 0] = cosine
    jacobian[0, 1] = -sine * rim / kappa
    jacobian[0, 2] = (1.0 - cosine) / (omega * omega)
    jacobian[1, 0] = kappa * sine * scale
    jacobian[1, 1] = cosine * rim * scale
    jacobian[1, 2] = sine / omega * scale
    jacobian[2, 2] = 1.0
    # z = z0 + s tanλ with s = (φ0 − φ)/ω
    jacobian[3, 0] = -tan_lambda / omega * jacobian[1, 0]
    jacobian[3, 1] = tan_lambda / omega * (1.0 - jacobian[1, 1])
    jacobian[3, 2] = -tan_lambda * (jacobian[1, 2] + s) / omega
    jacobian[3, 3] = 1.0
    jacobian[3, 4] = s
    jacobian[4, 4] = 1.0
    for i in range(5):
        for j in range(i, 5):
            total = 0.0
            for k in range(5):
                if jacobian[i, k] == 0.0:
                    continue
                for m in range(5):
                    low, high = (k, m) if k <= m else (m, k)
                    total += jacobian[i, k] * jacobian[j, m] * covariance[low * 5 - low * (low - 1) // 2 + high - low]
            full[i, j] = total
            full[j, i] = total


@kernel
def invert_symmetric(a, xx, xy, xz, yy, yz, zz):
    """Write the inverse of a symmetric 3×3 matrix into ``a``; False if it is not positive definite."""
    mxx, mxy, mxz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    determinant = xx * mxx + xy * mxy + xz * mxz
    if not (determinant > 0.0 and xx > 0.0 and mxx > 0.0):
        return False
    f = 1.0 / determinant
    a[0, 0] = f * mxx
    a[0, 1] = a[1, 0] = f * mxy
    a[0, 2] = a[2, 0] = f * mxz
    a[1, 1] = f * (xx * zz - xz * xz)
    a[1, 2] = a[2, 1] = f * (xy * xz - xx * yz)
    a[2, 2] = f * (xx * yy - xy * xy)
    return True


@kernel
def fit_vertex(helices, covariances, use, n, spot, constrained, vertex):
    """Fit a common vertex of tracks ``use[:n]``, starting from ``vertex.position``; False if it fails.

    Parameters
    ----------
    helices, covariances : float64 (N, 5) and (N, 15).
    use : int64, rows of the tracks; ``n`` ≥ 2 of them (≥ 1 with the constraint), at most MAX_TRACKS.
    spot : float64 (9,) from :func:`beam_spot`; used if ``constrained``.
    vertex : receives position, covariance, χ² and number of degrees of freedom (2n − 3, or 2n with the
        constraint).  Momenta: :func:`update_momenta` afterwards.
    """
    if n < 1 or n > MAX_TRACKS or (n < 2 and not constrained):
        return False
    position, local, full, jacobian = vertex.position, vertex.local, vertex.full, vertex.jacobian
    chi2 = 0.0
    for iteration in range(12):
        x, y, z = position[0], position[1], position[2]
        xx = xy = xz = yy = yz = zz = 0.0
        bx = by = bz = 0.0
        chi2 = 0.0
        if constrained:
            xx, xy, xz, yy, yz, zz = spot[3], spot[4], spot[5], spot[6], spot[7], spot[8]
            dx, dy, dz = spot[0] - x, spot[1] - y, spot[2] - z
            bx, by, bz = xx * dx + xy * dy + xz * dz, xy * dx + yy * dy + yz * dz, xz * dx + yz * dy + zz * dz
            chi2 += dx * bx + dy * by + dz * bz
        for k in range(n):
            i = use[k]
            d, phi, z_track, s = relative_helix(helices, i, x, y)
            omega, tan_lambda = helices[i, 2], helices[i, 4]
            _transported(jacobian, full, covariances[i], helices[i, 0], omega, tan_lambda, d, s)
            determinant = full[0, 0] * full[3, 3] - full[0, 3] * full[0, 3]
            if not determinant > 0.0:
                return False
            wdd, wdz, wzz = full[3, 3] / determinant, -full[0, 3] / determinant, full[0, 0] / determinant
            sine, cosine = math.sin(phi), math.cos(phi)
            # d = n·v with n = (sin φ, −cos φ); z − z_v = −tanλ t·v with t = (cos φ, sin φ)
            nx, ny = sine, -cosine
            tx, ty = -tan_lambda * cosine, -tan_lambda * sine
            rd, rz = d, z_track - z
            ud, uz = wdd * rd + wdz * rz, wdz * rd + wzz * rz
            chi2 += rd * ud + rz * uz
            bx += nx * ud + tx * uz
            by += ny * ud + ty * uz
            bz += uz
            px, py, pz = wdd * nx + wdz * tx, wdd * ny + wdz * ty, wdz
            qx, qy, qz = wdz * nx + wzz * tx, wdz * ny + wzz * ty, wzz
            xx += nx * px + tx * qx
            xy += nx * py + tx * qy
            xz += nx * pz + tx * qz
            yy += ny * py + ty * qy
            yz += ny * pz + ty * qz
            zz += qz
            row = local[k]
            row[0], row[1], row[2], row[3], row[4] = d, phi, z_track, wdd, wdz
            row[5] = wzz
            # Correlations of (φ, ω, tanλ) with (d, z), and their own covariance, for the momentum update.
            row[6], row[7], row[8] = full[1, 0], full[2, 0], full[4, 0]
            row[9], row[10], row[11] = full[1, 3], full[2, 3], full[4, 3]
            row[12], row[13], row[14] = full[1, 1], full[1, 2], full[1, 4]
            row[15], row[16], row[17] = full[2, 2], full[2, 4], full[4, 4]
        if not invert_symmetric(vertex.covariance, xx, xy, xz, yy, yz, zz):
            return False
        c = vertex.covariance
        dx = c[0, 0] * bx + c[0, 1] * by + c[0, 2] * bz
        dy = c[1, 0] * bx + c[1, 1] * by + c[1, 2] * bz
        dz = c[2, 0] * bx + c[2, 1] * by + c[2, 2] * bz
        position[0], position[1], position[2] = x + dx, y + dy, z + dz
        vertex.numbers[ITERATIONS] = iteration + 1
        if not (abs(position[0]) < 200.0 and abs(position[1]) < 200.0 and abs(position[2]) < 400.0):
            return False
        if abs(dx) + abs(dy) + abs(dz) < CONVERGENCE:
            chi2 -= dx * bx + dy * by + dz * bz
            vertex.numbers[CHI2] = max(chi2, 0.0)
            vertex.numbers[NDF] = 2 * n if constrained else 2 * n - 3
            return True
    return False


@kernel
def update_momenta(helices, use, n, field, vertex):
    """Momenta of the tracks at the fitted vertex, their sum and its covariance; after :func:`fit_vertex`.

    A track's φ, ω and tanλ move with their correlation to the distances that the vertex fixes.
    """
    position, local, c = vertex.position, vertex.local, vertex.covariance
    total, covariance, correlation = vertex.momentum, vertex.momentum_covariance, vertex.correlation
    m = vertex.full  # rows 0..2: Σ J K N, momentum against position
    for i in range(3):
        total[i] = 0.0
        for j in range(3):
            covariance[i, j] = 0.0
            m[i, j] = 0.0
    jacobian = vertex.jacobian
    for k in range(n):
        i = use[k]
        # Expand at the final position; the covariances hold from the last iteration.
        d, phi, z_track, _ = relative_helix(helices, i, position[0], position[1])
        row = local[k]
        wdd, wdz, wzz = row[3], row[4], row[5]
        rd, rz = -d, position[2] - z_track
        # Gains K = V(p; d, z) W
        gd0, gz0 = row[6] * wdd + row[9] * wdz, row[6] * wdz + row[9] * wzz
        gd1, gz1 = row[7] * wdd + row[10] * wdz, row[7] * wdz + row[10] * wzz
        gd2, gz2 = row[8] * wdd + row[11] * wdz, row[8] * wdz + row[11] * wzz
        phi += gd0 * rd + gz0 * rz
        omega = helices[i, 2] + gd1 * rd + gz1 * rz
        tan_lambda = helices[i, 4] + gd2 * rd + gz2 * rz
        pt = FIELD_CONSTANT * field / abs(omega)
        sine, cosine = math.sin(phi), math.cos(phi)
        px, py, pz = pt * cosine, pt * sine, pt * tan_lambda
        momenta = vertex.momenta[k]
        momenta[0], momenta[1], momenta[2] = px, py, pz
        total[0] += px
        total[1] += py
        total[2] += pz
        # J: derivatives of (px, py, pz) with respect to (φ, ω, tanλ)
        jacobian[0, 0], jacobian[0, 1], jacobian[0, 2] = -py, -px / omega, 0.0
        jacobian[1, 0], jacobian[1, 1], jacobian[1, 2] = px, -py / omega, 0.0
        jacobian[2, 0], jacobian[2, 1], jacobian[2, 2] = 0.0, -pz / omega, pt
        # Conditional covariance V_pp − K V_dp of (φ, ω, tanλ)
        s00 = row[12] - gd0 * row[6] - gz0 * row[9]
        s01 = row[13] - gd0 * row[7] - gz0 * row[10]
        s02 = row[14] - gd0 * row[8] - gz0 * row[11]
        s11 = row[15] - gd1 * row[7] - gz1 * row[10]
        s12 = row[16] - gd1 * row[8] - gz1 * row[11]
        s22 = row[17] - gd2 * row[8] - gz2 * row[11]
        nx, ny = sine, -cosine
        tx, ty = -tan_lambda * cosine, -tan_lambda * sine
        for a in range(3):
            ja0, ja1, ja2 = jacobian[a, 0], jacobian[a, 1], jacobian[a, 2]
            v0 = ja0 * s00 + ja1 * s01 + ja2 * s02
            v1 = ja0 * s01 + ja1 * s11 + ja2 * s12
            v2 = ja0 * s02 + ja1 * s12 + ja2 * s22
            for b in range(3):
                covariance[a, b] += v0 * jacobian[b, 0] + v1 * jacobian[b, 1] + v2 * jacobian[b, 2]
            # J K N: N rows (nx, ny, 0) for d and (tx, ty, 1) for z
            jd = ja0 * gd0 + ja1 * gd1 + ja2 * gd2
            jz = ja0 * gz0 + ja1 * gz1 + ja2 * gz2
            m[a, 0] += jd * nx + jz * tx
            m[a, 1] += jd * ny + jz * ty
            m[a, 2] += jz
    for a in range(3):
        for b in range(3):
            correlation[a, b] = m[a, 0] * c[0, b] + m[a, 1] * c[1, b] + m[a, 2] * c[2, b]
    for a in range(3):
        for b in range(3):
            covariance[a, b] += correlation[a, 0] * m[b, 0] + correlation[a, 1] * m[b, 1] + correlation[a, 2] * m[b, 2]


@kernel
def seed_vertex(helices, i, j):
    """Point (x, y, z) near both helices and their distance in z there; for displaced two-track vertices.

    The circles' crossing with the smaller distance in z, or the middle of the gap where they do not cross.
    """
    ri, rj = 1.0 / helices[i, 2], 1.0 / helices[j, 2]
    xi, yi = (helices[i, 0] + ri) * math.sin(helices[i, 1]), -(helices[i, 0] + ri) * math.cos(helices[i, 1])
    xj, yj = (helices[j, 0] + rj) * math.sin(helices[j, 1]), -(helices[j, 0] + rj) * math.cos(helices[j, 1])
    ri, rj = abs(ri), abs(rj)
    dx, dy = xj - xi, yj - yi
    distance = math.sqrt(dx * dx + dy * dy)
    if distance < 1e-9:
        return 0.0, 0.0, 0.0, 1e9
    ux, uy = dx / distance, dy / distance
    along = 0.5 * (distance + (ri * ri - rj * rj) / distance)
    height2 = ri * ri - along * along
    if height2 <= 0.0:
        # No crossing: between the nearest points of the circles.
        if distance > ri + rj:
            along = 0.5 * (ri + distance - rj)
        elif ri > rj:
            along = 0.5 * (ri + distance + rj)
        else:
            along = 0.5 * (distance - rj - ri)
        height2 = 0.0
    height = math.sqrt(height2)
    best = 1e9
    x = y = z = 0.0
    for side in (1.0, -1.0):
        px = xi + along * ux - side * height * uy
        py = yi + along * uy + side * height * ux
        _, _, z_i, _ = relative_helix(helices, i, px, py)
        _, _, z_j, _ = relative_helix(helices, j, px, py)
        if abs(z_i - z_j) < best:
            best = abs(z_i - z_j)
            x, y, z = px, py, 0.5 * (z_i + z_j)
    return x, y, z, best


@kernel
def find_v0(helices, covariances, i, j, use, spot, field, minimum_flight, maximum_chi2, vertex):
    """Fit tracks ``i``, ``j`` of opposite charge as a displaced vertex with momenta; False if they are none.

    Cheap cuts first: opposite charges, seeds within 5 cm in z (assumption), flight of at least
    ``minimum_flight`` [cm] in the transverse plane from the spot, momentum pointing away from it; then χ² (1
    degree of freedom) at most ``maximum_chi2``. ``use`` (length ≥ 2) is overwritten with i, j.
    """
    if helices[i, 2] * helices[j, 2] >= 0.0:
        return False
    x, y, z, gap = seed_vertex(helices, i, j)
    if gap > 5.0 or math.hypot(x - spot[0], y - spot[1]) < 0.5 * minimum_flight:
        return False
    vertex.position[0], vertex.position[1], vertex.position[2] = x, y, z
    use[0], use[1] = i, j
    if not fit_vertex(helices, covariances, use, 2, spot, False, vertex) or vertex.numbers[CHI2] > maximum_chi2:
        return False
    fx, fy = vertex.position[0] - spot[0], vertex.position[1] - spot[1]
    if math.hypot(fx, fy) < minimum_flight:
        return False
    update_momenta(helices, use, 2, field, vertex)
    return fx * vertex.momentum[0] + fy * vertex.momentum[1] > 0.0
