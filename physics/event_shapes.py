"""Event shapes: thrust, sphericity, Fox–Wolfram and harmonic moments, CLEO cones and the KSFW moments.

Kernels take ``p``, a C-contiguous float64 array whose first three columns are momenta [GeV] in the
centre-of-mass frame, and the number ``n`` of rows to use; further columns (the energy, say) are not looked
at.  Definitions are those of basf2's ``EventShape`` and ``ContinuumSuppression`` variables.  What does not
exist is NaN (the thrust of nothing), what is mathematically fixed is returned (one particle has thrust 1 and
sphericity 0).
"""

import math

import numpy as np

from physics.jit import kernel, summing_kernel

MAX_ORDER = 8
"""Highest order of Legendre polynomials offered, as in basf2."""
N_CONES = 9
"""CLEO cones of 10° each."""
N_KSFW = 18
MAX_EXHAUSTIVE = 6
"""Number of particles up to which thrust is found by trying all planes."""

KSFW_NAMES = (
    "mm2",
    "et",
    *(f"hso0{order}" for order in range(5)),
    *(f"hso{kind}{order}" for kind in (1, 2) for order in (0, 2, 4)),
    *(f"hoo{order}" for order in range(5)),
)
"""Names of the KSFW variables in the order of :func:`ksfw_moments`."""
KSFW_MAX_MOMENTUM = 3.2
"""Rest-of-event particles above this c.m. momentum [GeV] are left out (basf2 ContinuumSuppression.cc)."""

_CONE_COSINES = tuple(math.cos(math.radians(10.0 * edge)) for edge in range(1, N_CONES))


@kernel
def legendre(x, highest, values):
    """Write P_0(x) … P_highest(x) to ``values`` by Bonnet's recursion."""
    values[0] = 1.0
    if highest > 0:
        values[1] = x
    for order in range(1, highest):
        values[order + 1] = ((2 * order + 1) * x * values[order] - order * values[order - 1]) / (order + 1)


@summing_kernel
def _hemispheres(p, n, x, y, z):
    """Σ sign(p·t) p for the direction t = (x, y, z)."""
    sx = sy = sz = 0.0
    for k in range(n):
        px, py, pz = p[k, 0], p[k, 1], p[k, 2]
        sign = math.copysign(1.0, px * x + py * y + pz * z)
        sx, sy, sz = sx + sign * px, sy + sign * py, sz + sign * pz
    return sx, sy, sz


@kernel
def _ascend(p, n, x, y, z, known):
    """Climb from the direction (x, y, z) to a local maximum of Σ|p·t|: (Σ sign(p·t) p, its square) where it ends.

    ``known`` is the square at a maximum found before, at which the climb may stop.
    """
    x, y, z = _hemispheres(p, n, x, y, z)
    norm2 = x * x + y * y + z * z
    while norm2 != known:
        sx, sy, sz = _hemispheres(p, n, x, y, z)
        grown = sx * sx + sy * sy + sz * sz
        if not grown > norm2:
            break
        x, y, z, norm2 = sx, sy, sz, grown
    return x, y, z, norm2


@kernel
def _thrust_search(p, n):
    """The longest Σ ±p climbed to from all particles and, at the end, by turning single particles over."""
    best = bx = by = bz = 0.0
    for seed in range(n):
        x, y, z, norm2 = _ascend(p, n, p[seed, 0], p[seed, 1], p[seed, 2], best)
        if norm2 > best:
            best, bx, by, bz = norm2, x, y, z
    k = 0
    while k < n:
        flip = -2.0 if p[k, 0] * bx + p[k, 1] * by + p[k, 2] * bz >= 0.0 else 2.0
        x, y, z = bx + flip * p[k, 0], by + flip * p[k, 1], bz + flip * p[k, 2]
        k += 1
        if x * x + y * y + z * z > best * (1.0 + 1e-12):
            bx, by, bz, best = _ascend(p, n, x, y, z, -1.0)
            k = 0
    return bx, by, bz


@kernel
def _thrust_exhaustive(p, n):
    """The vector Σ ±p of greatest length, from all planes through two particles; O(n³).

    The plane that parts the two hemispheres of the maximum can be turned until it contains two of the
    particles, which may then lie on either side (Brandt et al., Phys. Lett. 12 (1964) 57).
    """
    bx, by, bz, best = _ascend(p, n, p[0, 0], p[0, 1], p[0, 2], -1.0)  # all in one plane leaves no normal
    for i in range(n):
        ix, iy, iz = p[i, 0], p[i, 1], p[i, 2]
        for j in range(i + 1, n):
            jx, jy, jz = p[j, 0], p[j, 1], p[j, 2]
            nx, ny, nz = iy * jz - iz * jy, iz * jx - ix * jz, ix * jy - iy * jx
            sx = sy = sz = 0.0
            for k in range(n):
                kx, ky, kz = p[k, 0], p[k, 1], p[k, 2]
                sign = 1.0 if kx * nx + ky * ny + kz * nz >= 0.0 else -1.0
                if k in (i, j):
                    sign = 0.0
                sx, sy, sz = sx + sign * kx, sy + sign * ky, sz + sign * kz
            # the signs of the two: their products with the sum and with each other decide
            a, b = sx * ix + sy * iy + sz * iz, sx * jx + sy * jy + sz * jz
            c = ix * jx + iy * jy + iz * jz
            si, sj = 1.0, 1.0
            if abs(a + b) + c >= abs(a - b) - c:
                if a + b < 0.0:
                    si = sj = -1.0
            elif a >= b:
                sj = -1.0
            else:
                si = -1.0
            x, y, z = sx + si * ix + sj * jx, sy + si * iy + sj * jy, sz + si * iz + sj * jz
            norm2 = x * x + y * y + z * z
            if norm2 > best:
                best, bx, by, bz = norm2, x, y, z
    x, y, z, norm2 = _ascend(p, n, bx, by, bz, -1.0)  # particles in that plane may still gain
    if norm2 > best:
        bx, by, bz = x, y, z
    return bx, by, bz


@kernel
def thrust(p, n):
    """Thrust and its axis: max over t of Σ|p·t| / Σ|p| (Farhi, Phys. Rev. Lett. 39 (1977) 1587).

    Exhaustive, hence exact, up to six particles.  Above, local maxima are climbed to from every particle by
    repeating t ← Σ sign(p·t) p, which can only grow (Brandt, Dahmen, Z. Phys. C 1 (1979) 61), as basf2 does: against
    the exhaustive search it misses the maximum in a few events in a thousand, by less than a percent.

    Returns
    -------
    (thrust, x, y, z) : the axis is a unit vector with z ≥ 0; all NaN without momentum.
    """
    total = 0.0
    for k in range(n):
        total += math.sqrt(p[k, 0] * p[k, 0] + p[k, 1] * p[k, 1] + p[k, 2] * p[k, 2])
    if total <= 0.0:
        return math.nan, math.nan, math.nan, math.nan
    x, y, z = _thrust_exhaustive(p, n) if n <= MAX_EXHAUSTIVE else _thrust_search(p, n)
    norm = math.sqrt(x * x + y * y + z * z)
    if z < 0.0:
        norm = -norm
    return abs(norm) / total, x / norm, y / norm, z / norm


@kernel
def symmetric_eigenvalues(xx, xy, xz, yy, yz, zz):
    """Eigenvalues of a symmetric 3×3 matrix, largest first, by Jacobi rotations (exact to rounding)."""
    scale = abs(xx) + abs(yy) + abs(zz) + abs(xy) + abs(xz) + abs(yz)
    for _ in range(12):
        if abs(xy) + abs(xz) + abs(yz) <= 1e-17 * scale:
            break
        if xy != 0.0:
            h = 0.5 * (yy - xx) / xy
            t = (1.0 if h >= 0.0 else -1.0) / (abs(h) + math.sqrt(1.0 + h * h))
            c = 1.0 / math.sqrt(1.0 + t * t)
            s = t * c
            xx, yy = xx - t * xy, yy + t * xy
            xz, yz = c * xz - s * yz, s * xz + c * yz
            xy = 0.0
        if xz != 0.0:
            h = 0.5 * (zz - xx) / xz
            t = (1.0 if h >= 0.0 else -1.0) / (abs(h) + math.sqrt(1.0 + h * h))
            c = 1.0 / math.sqrt(1.0 + t * t)
            s = t * c
            xx, zz = xx - t * xz, zz + t * xz
            xy, yz = c * xy - s * yz, s * xy + c * yz
            xz = 0.0
        if yz != 0.0:
            h = 0.5 * (zz - yy) / yz
            t = (1.0 if h >= 0.0 else -1.0) / (abs(h) + math.sqrt(1.0 + h * h))
            c = 1.0 / math.sqrt(1.0 + t * t)
            s = t * c
            yy, zz = yy - t * yz, zz + t * yz
            xy, xz = c * xy - s * xz, s * xy + c * xz
            yz = 0.0
    if xx < yy:
        xx, yy = yy, xx
    if yy < zz:
        yy, zz = zz, yy
    if xx < yy:
        xx, yy = yy, xx
    return xx, yy, zz


@kernel
def sphericity_eigenvalues(p, n):
    """Eigenvalues λ1 ≥ λ2 ≥ λ3 (sum 1) of Σ p_a p_b / Σ p² (Bjorken, Brodsky, Phys. Rev. D 1 (1970) 1416)."""
    xx = xy = xz = yy = yz = zz = 0.0
    for k in range(n):
        x, y, z = p[k, 0], p[k, 1], p[k, 2]
        xx += x * x
        xy += x * y
        xz += x * z
        yy += y * y
        yz += y * z
        zz += z * z
    norm = xx + yy + zz
    if norm <= 0.0:
        return math.nan, math.nan, math.nan
    l1, l2, l3 = symmetric_eigenvalues(xx / norm, xy / norm, xz / norm, yy / norm, yz / norm, zz / norm)
    return l1, max(l2, 0.0), max(l3, 0.0)


@kernel
def fox_wolfram(p, n, highest, values, moments):
    """Write H_0 … H_highest = Σ_ij |p_i||p_j| P_l(cos θ_ij) [GeV²] to ``moments``.

    Fox, Wolfram, Phys. Rev. Lett. 41 (1978) 1581, without its 1/s: only the ratios R_l = H_l/H_0 are usual
    (basf2). ``values`` is scratch of length ≥ highest + 1.
    """
    for order in range(highest + 1):
        moments[order] = 0.0
    for i in range(n):
        xi, yi, zi = p[i, 0], p[i, 1], p[i, 2]
        pi = math.sqrt(xi * xi + yi * yi + zi * zi)
        if pi <= 0.0:
            continue
        for order in range(highest + 1):  # a particle with itself: P_l(1) = 1
            moments[order] += pi * pi
        for j in range(i):
            xj, yj, zj = p[j, 0], p[j, 1], p[j, 2]
            weight = pi * math.sqrt(xj * xj + yj * yj + zj * zj)
            if weight > 0.0:
                legendre((xi * xj + yi * yj + zi * zj) / weight, highest, values)
                for order in range(highest + 1):
                    moments[order] += 2.0 * weight * values[order]


@kernel
def fox_wolfram_ratios(p, n):
    """(R_1, R_2, R_3, R_4) of :func:`fox_wolfram` in O(n); NaN without momentum.

    Σ_ij |p_i||p_j| cos^k θ_ij is the square of the tensor Σ_i |p_i| n_i ⊗ … ⊗ n_i of rank k; the Legendre moments
    are combinations of these.
    """
    t0 = x = y = z = 0.0
    xx = xy = xz = yy = yz = zz = 0.0
    xxx = xxy = xxz = xyy = xyz = xzz = yyy = yyz = yzz = zzz = 0.0
    x4 = y4 = z4 = x3y = x3z = y3x = y3z = z3x = z3y = x2y2 = x2z2 = y2z2 = x2yz = y2xz = z2xy = 0.0
    for k in range(n):
        px, py, pz = p[k, 0], p[k, 1], p[k, 2]
        m2 = px * px + py * py + pz * pz
        if m2 <= 0.0:
            continue
        m = math.sqrt(m2)
        u, v, w = px / m, py / m, pz / m
        t0 += m
        x, y, z = x + px, y + py, z + pz
        a, b, c, d, e, f = px * u, px * v, px * w, py * v, py * w, pz * w  # |p| n n
        xx, xy, xz, yy, yz, zz = xx + a, xy + b, xz + c, yy + d, yz + e, zz + f
        xxx, xxy, xxz, xyy, xyz = xxx + a * u, xxy + a * v, xxz + a * w, xyy + b * v, xyz + b * w
        xzz, yyy, yyz, yzz, zzz = xzz + c * w, yyy + d * v, yyz + d * w, yzz + e * w, zzz + f * w
        x4, y4, z4 = x4 + a * u * u, y4 + d * v * v, z4 + f * w * w
        x3y, x3z, y3x = x3y + a * u * v, x3z + a * u * w, y3x + d * v * u
        y3z, z3x, z3y = y3z + d * v * w, z3x + f * w * u, z3y + f * w * v
        x2y2, x2z2, y2z2 = x2y2 + a * v * v, x2z2 + a * w * w, y2z2 + d * w * w
        x2yz, y2xz, z2xy = x2yz + a * v * w, y2xz + d * u * w, z2xy + f * u * v
    h0 = t0 * t0
    if h0 <= 0.0:
        return math.nan, math.nan, math.nan, math.nan
    c1 = (x * x + y * y + z * z) / h0
    c2 = (xx * xx + yy * yy + zz * zz + 2.0 * (xy * xy + xz * xz + yz * yz)) / h0
    c3 = xxx * xxx + yyy * yyy + zzz * zzz + 6.0 * xyz * xyz
    c3 += 3.0 * (xxy * xxy + xxz * xxz + xyy * xyy + xzz * xzz + yyz * yyz + yzz * yzz)
    c3 /= h0
    c4 = x4 * x4 + y4 * y4 + z4 * z4
    c4 += 4.0 * (x3y * x3y + x3z * x3z + y3x * y3x + y3z * y3z + z3x * z3x + z3y * z3y)
    c4 += 6.0 * (x2y2 * x2y2 + x2z2 * x2z2 + y2z2 * y2z2)
    c4 += 12.0 * (x2yz * x2yz + y2xz * y2xz + z2xy * z2xy)
    c4 /= h0
    return c1, 1.5 * c2 - 0.5, 2.5 * c3 - 1.5 * c1, 4.375 * c4 - 3.75 * c2 + 0.375


@kernel
def harmonic_moments(p, n, x, y, z, root_s, highest, values, moments):
    """Write Σ |p| P_l(cos θ)/√s, l = 0 … highest, about the unit axis (x, y, z) to ``moments`` (basf2)."""
    for order in range(highest + 1):
        moments[order] = math.nan if math.isnan(x) else 0.0
    for k in range(n):
        magnitude = math.sqrt(p[k, 0] * p[k, 0] + p[k, 1] * p[k, 1] + p[k, 2] * p[k, 2])
        if magnitude > 0.0:
            legendre((p[k, 0] * x + p[k, 1] * y + p[k, 2] * z) / magnitude, highest, values)
            for order in range(highest + 1):
                moments[order] += magnitude * values[order] / root_s


@kernel
def cleo_cones(p, n, x, y, z, flows):
    """Write the momentum flow Σ|p| [GeV] into nine 10° cones about the axis, both ways, to ``flows``.

    CLEO, Phys. Rev. D 53 (1996) 1039; like basf2 not divided by the total.
    """
    for cone in range(N_CONES):
        flows[cone] = math.nan if math.isnan(x) else 0.0
    for k in range(n):
        magnitude = math.sqrt(p[k, 0] * p[k, 0] + p[k, 1] * p[k, 1] + p[k, 2] * p[k, 2])
        projection = abs(p[k, 0] * x + p[k, 1] * y + p[k, 2] * z)
        cone = 0
        for edge in _CONE_COSINES:
            if projection <= magnitude * edge:
                cone += 1
        flows[cone] += magnitude


@kernel
def ksfw_moments(signal, signal_charge, n_signal, roe, roe_charge, n_roe, missing, scale, out):
    """Write the 18 KSFW variables (``KSFW_NAMES``) to ``out``.

    Belle's "modified" or "super" Fox–Wolfram moments (Belle, Phys. Rev. Lett. 91 (2003) 261801; basf2
    KsfwMoments.cc): ``hso`` correlate signal daughters (s) with the others (o), first index 0 for charged,
    1 neutral, 2 missing; ``hoo`` the others with each other, the missing momentum among them.  Odd orders
    carry the product of the charges.  Divided by ``scale`` and its square, so that they do not depend on ΔE.

    Parameters
    ----------
    signal, roe : momenta in the c.m. frame, z along the electron beam [GeV].
    signal_charge, roe_charge : charges, float64.
    missing : float64 (4,), missing momentum and energy (px, py, pz, E) of the event in the c.m. frame [GeV].
    scale : 2 (√s − E*_B) of the candidate [GeV].
    """
    for k in range(N_KSFW):
        out[k] = 0.0
    mx, my, mz, me = missing[0], missing[1], missing[2], missing[3]
    m2 = mx * mx + my * my + mz * mz
    m_mag = math.sqrt(m2)
    out[0] = me * me - m2 if me > 0.0 else -me * me - m2
    for i in range(n_signal):
        out[1] += math.sqrt(signal[i, 0] * signal[i, 0] + signal[i, 1] * signal[i, 1])
    for j in range(n_roe):
        out[1] += math.sqrt(roe[j, 0] * roe[j, 0] + roe[j, 1] * roe[j, 1])
    for i in range(n_signal):
        x, y, z, charge = signal[i, 0], signal[i, 1], signal[i, 2], signal_charge[i]
        magnitude = math.sqrt(x * x + y * y + z * z)
        if magnitude <= 0.0:
            continue
        for j in range(n_roe):
            xj, yj, zj = roe[j, 0], roe[j, 1], roe[j, 2]
            other = math.sqrt(xj * xj + yj * yj + zj * zj)
            if other <= 0.0:
                continue
            c = (x * xj + y * yj + z * zj) / (magnitude * other)
            c2 = c * c
            if roe_charge[j] != 0.0:
                product = charge * roe_charge[j] * other * c
                out[2] += other
                out[3] += product
                out[4] += other * (1.5 * c2 - 0.5)
                out[5] += product * (2.5 * c2 - 1.5)
                out[6] += other * ((4.375 * c2 - 3.75) * c2 + 0.375)
            else:
                out[7] += other
                out[8] += other * (1.5 * c2 - 0.5)
                out[9] += other * ((4.375 * c2 - 3.75) * c2 + 0.375)
        if m_mag > 0.0:
            c = (x * mx + y * my + z * mz) / (magnitude * m_mag)
            c2 = c * c
            out[10] += m_mag
            out[11] += m_mag * (1.5 * c2 - 0.5)
            out[12] += m_mag * ((4.375 * c2 - 3.75) * c2 + 0.375)
    total = total2 = total4 = odd1 = odd3 = 0.0
    for i in range(n_roe + 1):
        if i < n_roe:
            x, y, z, charge = roe[i, 0], roe[i, 1], roe[i, 2], roe_charge[i]
        else:  # missing momentum counts as a neutral particle
            x, y, z, charge = mx, my, mz, 0.0
        size2 = x * x + y * y + z * z
        for j in range(min(i, n_roe)):
            xj, yj, zj = roe[j, 0], roe[j, 1], roe[j, 2]
            weight = math.sqrt(size2 * (xj * xj + yj * yj + zj * zj))
            if weight > 0.0:
                c = (x * xj + y * yj + z * zj) / weight
                c2 = c * c
                odd = weight * charge * roe_charge[j] * c
                total += weight
                odd1 += odd
                total2 += weight * (1.5 * c2 - 0.5)
                odd3 += odd * (2.5 * c2 - 1.5)
                total4 += weight * ((4.375 * c2 - 3.75) * c2 + 0.375)
    out[13], out[14], out[15], out[16], out[17] = total, odd1, total2, odd3, total4
    for k in range(2, 13):
        out[k] /= scale
    for k in range(13, N_KSFW):
        out[k] /= scale * scale


def new_shape_scratch() -> np.ndarray:
    """Return scratch for the Legendre values of any kernel here."""
    return np.zeros(MAX_ORDER + 1)
