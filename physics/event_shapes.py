"""Event shapes: thrust, sphericity, Fox–Wolfram and harmonic moments, CLEO cones and the KSFW moments.

Kernels take ``p``, a C-contiguous float64 array whose first three columns are momenta [GeV] in the
centre-of-mass frame, and the number ``n`` of rows to use; further columns (the energy, say) are not looked
at.  Definitions are those of basf2's ``EventShape`` and ``ContinuumSuppression`` variables.  What does not
exist is NaN (the thrust of nothing), what is mathematically fixed is returned (one particle has thrust 1 and
sphericity 0).
"""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from physics.jit import kernel, summing_kernel

MAX_ORDER = 8
"""Highest order of Legendre polynomials offered, as in basf2."""
N_CONES = 9
"""CLEO cones of 10° each."""
N_KSFW = 18
MAX_EXHAUSTIVE = 6
"""Number of particles up to which thrust is found by trying all planes."""
LANES = 16
"""Particles, or directions, that are looked at side by side; the compiler turns them into vector instructions."""
CLIMBS = 2
"""Double steps of the climb to a thrust axis, after which hardly any direction still turns."""

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

X, Y, Z, SIZE, CHARGED, NEUTRAL, SIGNED = range(7)
"""Rows of a block of particles: direction, |p|, |p| of the charged ones, |p| of the neutral ones, charge times |p|."""
BLOCK_ROWS = 7
SMALLEST = 1e-300
"""Length [GeV] below which a particle has no direction."""
_MULTIPLICITY = np.array([1.0] + 3 * [1.0] + 3 * [1.0] + 3 * [2.0]
                         + 3 * [1.0] + 6 * [3.0] + [6.0] + 3 * [1.0] + 6 * [4.0] + 3 * [6.0] + 3 * [12.0])  # fmt: skip
"""How often each component of the symmetric tensors of rank 0 to 4 occurs; those of rank l follow ``_RANKS[l]``."""
_RANKS = np.array([0, 1, 4, 10, 20, 35])
N_COMPONENTS = 35
_RECIPROCALS = 1.0 / np.arange(1.0, MAX_ORDER + 1.0)
_CONE_COSINES = tuple(math.cos(math.radians(10.0 * edge)) for edge in range(1, N_CONES))


@kernel
def legendre(x, highest, values):
    """Write P_0(x) … P_highest(x) to ``values`` by Bonnet's recursion."""
    values[0] = 1.0
    if highest > 0:
        values[1] = x
    for order in range(1, highest):
        values[order + 1] = ((2 * order + 1) * x * values[order] - order * values[order - 1]) * _RECIPROCALS[order]


@intrinsic(prefer_literal=True)
def _on_stack(_context, rows, columns, number):
    """An array (rows, columns) of a type on the stack, for the time of the kernel that asks."""
    shape = (rows.literal_value, columns.literal_value)

    def generate(context, builder, signature, _values):
        item = context.get_value_type(number.dtype)
        size = context.get_abi_sizeof(item)
        memory = cgutils.alloca_once(builder, ir.ArrayType(item, shape[0] * shape[1]))
        array = make_array(signature.return_type)(context, builder)
        populate_array(
            array,
            data=builder.bitcast(memory, item.as_pointer()),
            shape=[context.get_constant(types.intp, length) for length in shape],
            strides=[context.get_constant(types.intp, stride) for stride in (shape[1] * size, size)],
            itemsize=context.get_constant(types.intp, size),
            meminfo=None,
        )
        return array._getvalue()

    return types.Array(number.dtype, 2, "C")(rows, columns, number), generate


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
def _ascend(p, n, x, y, z):
    """Climb from the direction (x, y, z) to a local maximum of Σ|p·t|: (Σ sign(p·t) p, its square) where it ends."""
    x, y, z = _hemispheres(p, n, x, y, z)
    norm2 = x * x + y * y + z * z
    while True:
        sx, sy, sz = _hemispheres(p, n, x, y, z)
        grown = sx * sx + sy * sy + sz * sz
        if not grown > norm2:
            return x, y, z, norm2
        x, y, z, norm2 = sx, sy, sz, grown


@summing_kernel
def _climb(p, n, directions, sums):
    """One step of :func:`_ascend` from LANES directions at a time, in single precision: rows x, y, z."""
    for axis in range(3):
        for lane in range(LANES):
            sums[axis, lane] = np.float32(0.0)
    for k in range(n):
        px, py, pz = np.float32(p[k, 0]), np.float32(p[k, 1]), np.float32(p[k, 2])
        for lane in range(LANES):
            projection = px * directions[0, lane] + py * directions[1, lane] + pz * directions[2, lane]
            sign = np.float32(math.copysign(np.float32(1.0), projection))
            sums[0, lane] += sign * px
            sums[1, lane] += sign * py
            sums[2, lane] += sign * pz


@kernel
def _thrust_search(p, n):
    """The longest Σ ±p climbed to from the first LANES particles and, at the end, by turning single ones over."""
    here = _on_stack(3, LANES, np.float32)
    there = _on_stack(3, LANES, np.float32)
    for lane in range(LANES):
        for axis in range(3):
            here[axis, lane] = p[min(lane, n - 1), axis]
    for _ in range(CLIMBS):
        _climb(p, n, here, there)
        _climb(p, n, there, here)
    longest = np.float32(0.0)
    bx = by = bz = 0.0
    for lane in range(LANES):
        x, y, z = here[0, lane], here[1, lane], here[2, lane]
        norm2 = x * x + y * y + z * z
        if norm2 > longest:
            longest, bx, by, bz = norm2, np.float64(x), np.float64(y), np.float64(z)
    bx, by, bz, best = _ascend(p, n, bx, by, bz)
    k = 0
    while k < n:
        flip = -2.0 if p[k, 0] * bx + p[k, 1] * by + p[k, 2] * bz >= 0.0 else 2.0
        x, y, z = bx + flip * p[k, 0], by + flip * p[k, 1], bz + flip * p[k, 2]
        k += 1
        if x * x + y * y + z * z > best * (1.0 + 1e-12):
            bx, by, bz, best = _ascend(p, n, x, y, z)
            k = 0
    return bx, by, bz


@kernel
def _thrust_exhaustive(p, n):
    """The vector Σ ±p of greatest length, from all planes through two particles; O(n³).

    The plane that parts the two hemispheres of the maximum can be turned until it contains two of the
    particles, which may then lie on either side (Brandt et al., Phys. Lett. 12 (1964) 57).
    """
    bx, by, bz, best = _ascend(p, n, p[0, 0], p[0, 1], p[0, 2])  # all in one plane leaves no normal
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
    x, y, z, norm2 = _ascend(p, n, bx, by, bz)  # particles in that plane may still gain
    if norm2 > best:
        bx, by, bz = x, y, z
    return bx, by, bz


@kernel
def thrust(p, n):
    """Thrust and its axis: max over t of Σ|p·t| / Σ|p| (Farhi, Phys. Rev. Lett. 39 (1977) 1587).

    Exhaustive, hence exact, up to six particles.  Above, local maxima are climbed to from sixteen particles by
    repeating t ← Σ sign(p·t) p, which can only grow (Brandt, Dahmen, Z. Phys. C 1 (1979) 61), as basf2 does from all:
    against the exhaustive search it misses the maximum in two of a thousand B B̄ events, by a few percent at most.

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
def _fill_block(p, n, first, block):
    """Write the momenta of the particles from ``first`` on to ``block``, nothing where there are none."""
    for lane in range(LANES):
        k = first + lane
        there = k < n
        block[X, lane] = p[k, 0] if there else 0.0
        block[Y, lane] = p[k, 1] if there else 0.0
        block[Z, lane] = p[k, 2] if there else 0.0


@kernel
def _normalise(block):
    """Turn the momenta of a block into directions and lengths."""
    for lane in range(LANES):
        x, y, z = block[X, lane], block[Y, lane], block[Z, lane]
        size = math.sqrt(x * x + y * y + z * z)
        inverse = 1.0 / max(size, SMALLEST)
        block[X, lane], block[Y, lane], block[Z, lane] = x * inverse, y * inverse, z * inverse
        block[SIZE, lane] = size


@kernel
def _fill_charges(charge, n, first, block):
    """Write the lengths of a block by charge."""
    for lane in range(LANES):
        there = first + lane < n
        q = charge[first + lane] if there else 0.0
        block[CHARGED, lane] = block[SIZE, lane] if q != 0.0 else 0.0
        block[NEUTRAL, lane] = block[SIZE, lane] if there and q == 0.0 else 0.0
        block[SIGNED, lane] = q * block[SIZE, lane]


@summing_kernel
def _add_low_ranks(block, weight, sums):
    """Add Σ w, Σ w n and Σ w n⊗n of a block, of weights in row ``weight``, to ``sums``."""
    total = x = y = z = xx = yy = zz = xy = xz = yz = 0.0
    for lane in range(LANES):
        u, v, w, m = block[X, lane], block[Y, lane], block[Z, lane], block[weight, lane]
        total, x, y, z = total + m, x + m * u, y + m * v, z + m * w
        xx, yy, zz = xx + m * u * u, yy + m * v * v, zz + m * w * w
        xy, xz, yz = xy + m * u * v, xz + m * u * w, yz + m * v * w
    for k, value in enumerate((total, x, y, z, xx, yy, zz, xy, xz, yz)):
        sums[k] += value


@summing_kernel
def _add_third_rank(block, weight, sums):
    """Add Σ w n⊗n⊗n of a block."""
    xxx = yyy = zzz = xxy = xxz = yyx = yyz = zzx = zzy = xyz = 0.0
    for lane in range(LANES):
        u, v, w, m = block[X, lane], block[Y, lane], block[Z, lane], block[weight, lane]
        a, b, c = m * u * u, m * v * v, m * w * w
        xxx, yyy, zzz, xyz = xxx + a * u, yyy + b * v, zzz + c * w, xyz + m * u * v * w
        xxy, xxz, yyx, yyz, zzx, zzy = xxy + a * v, xxz + a * w, yyx + b * u, yyz + b * w, zzx + c * u, zzy + c * v
    for k, value in enumerate((xxx, yyy, zzz, xxy, xxz, yyx, yyz, zzx, zzy, xyz)):
        sums[10 + k] += value


@summing_kernel
def _add_fourth_rank(block, weight, sums):
    """Add Σ w n⊗n⊗n⊗n of a block."""
    x4 = y4 = z4 = x3y = x3z = y3x = y3z = z3x = z3y = x2y2 = x2z2 = y2z2 = x2yz = y2xz = z2xy = 0.0
    for lane in range(LANES):
        u, v, w, m = block[X, lane], block[Y, lane], block[Z, lane], block[weight, lane]
        a, b, c, d, e, f = m * u * u, m * v * v, m * w * w, u * v, u * w, v * w
        x4, y4, z4 = x4 + a * u * u, y4 + b * v * v, z4 + c * w * w
        x3y, x3z, y3x, y3z, z3x, z3y = x3y + a * d, x3z + a * e, y3x + b * d, y3z + b * f, z3x + c * e, z3y + c * f
        x2y2, x2z2, y2z2 = x2y2 + a * v * v, x2z2 + a * w * w, y2z2 + b * w * w
        x2yz, y2xz, z2xy = x2yz + a * f, y2xz + b * e, z2xy + c * d
    for k, value in enumerate((x4, y4, z4, x3y, x3z, y3x, y3z, z3x, z3y, x2y2, x2z2, y2z2, x2yz, y2xz, z2xy)):
        sums[20 + k] += value


@kernel
def _cosine_moment(sums, rank):
    """Σ_ij w_i w_j cos^l θ_ij: the square of the tensor of rank l."""
    total = 0.0
    for k in range(_RANKS[rank], _RANKS[rank + 1]):
        total += _MULTIPLICITY[k] * sums[k] * sums[k]
    return total


@kernel
def fox_wolfram_ratios(p, n):
    """(R_1, R_2, R_3, R_4) of :func:`fox_wolfram` in O(n); NaN without momentum.

    Σ_ij |p_i||p_j| cos^l θ_ij is the square of the tensor Σ_i |p_i| n_i ⊗ … ⊗ n_i of rank l; the Legendre moments
    are combinations of these.
    """
    block, sums = _on_stack(BLOCK_ROWS, LANES, np.float64), _on_stack(1, N_COMPONENTS, np.float64)[0]
    sums[:] = 0.0
    for first in range(0, n, LANES):
        _fill_block(p, n, first, block)
        _normalise(block)
        _add_low_ranks(block, SIZE, sums)
        _add_third_rank(block, SIZE, sums)
        _add_fourth_rank(block, SIZE, sums)
    h0 = sums[0] * sums[0]
    if h0 <= 0.0:
        return math.nan, math.nan, math.nan, math.nan
    c1, c2 = _cosine_moment(sums, 1) / h0, _cosine_moment(sums, 2) / h0
    c3, c4 = _cosine_moment(sums, 3) / h0, _cosine_moment(sums, 4) / h0
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
                moments[order] += magnitude / root_s * values[order]


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


@summing_kernel
def _add_correlations(block, x, y, z, charge, out):
    """Add the correlations of a signal daughter of direction (x, y, z) with the particles of a block to ``out``."""
    c0 = c1 = c2 = c3 = c4 = n0 = n2 = n4 = 0.0
    for lane in range(LANES):
        cosine = x * block[X, lane] + y * block[Y, lane] + z * block[Z, lane]
        square = cosine * cosine
        second, fourth = 1.5 * square - 0.5, (4.375 * square - 3.75) * square + 0.375
        charged, neutral, signed = block[CHARGED, lane], block[NEUTRAL, lane], block[SIGNED, lane] * cosine
        c0, c2, c4 = c0 + charged, c2 + charged * second, c4 + charged * fourth
        n0, n2, n4 = n0 + neutral, n2 + neutral * second, n4 + neutral * fourth
        c1, c3 = c1 + signed, c3 + signed * (2.5 * square - 1.5)
    for k, value in enumerate((c0, charge * c1, c2, charge * c3, c4, n0, n2, n4)):
        out[2 + k] += value


@summing_kernel
def _sums_of_block(block):
    """Σ p_t of the charged and neutral ones, Σ p² and Σ (qp)² of a block."""
    transverse = squares = signed = 0.0
    for lane in range(LANES):
        others = block[CHARGED, lane] + block[NEUTRAL, lane]
        transverse += others * math.sqrt(block[X, lane] * block[X, lane] + block[Y, lane] * block[Y, lane])
        squares += block[SIZE, lane] * block[SIZE, lane]
        signed += block[SIGNED, lane] * block[SIGNED, lane]
    return transverse, squares, signed


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
    m_size = math.sqrt(m2)
    out[0] = me * me - m2 if me > 0.0 else -me * me - m2
    block = _on_stack(BLOCK_ROWS, LANES, np.float64)
    sums, signed_sums = _on_stack(1, N_COMPONENTS, np.float64)[0], _on_stack(1, N_COMPONENTS, np.float64)[0]
    sums[:] = 0.0
    signed_sums[:] = 0.0
    squares = signed_squares = 0.0
    for first in range(0, n_roe + 1, LANES):
        _fill_block(roe, n_roe, first, block)
        if n_roe - first < LANES:  # missing momentum counts as a neutral particle
            last = n_roe - first
            block[X, last], block[Y, last], block[Z, last] = mx, my, mz
        _normalise(block)
        _fill_charges(roe_charge, n_roe, first, block)
        for i in range(n_signal):
            x, y, z = signal[i, 0], signal[i, 1], signal[i, 2]
            size = math.sqrt(x * x + y * y + z * z)
            if size > 0.0:
                _add_correlations(block, x / size, y / size, z / size, signal_charge[i], out)
        transverse, square, signed_square = _sums_of_block(block)
        out[1], squares, signed_squares = out[1] + transverse, squares + square, signed_squares + signed_square
        _add_low_ranks(block, SIZE, sums)
        _add_fourth_rank(block, SIZE, sums)
        _add_low_ranks(block, SIGNED, signed_sums)
        _add_third_rank(block, SIGNED, signed_sums)
    for i in range(n_signal):
        x, y, z = signal[i, 0], signal[i, 1], signal[i, 2]
        out[1] += math.sqrt(x * x + y * y)
        size = math.sqrt(x * x + y * y + z * z)
        if size * m_size <= 0.0:
            continue
        c = (x * mx + y * my + z * mz) / (size * m_size)
        c2 = c * c
        out[10] += m_size
        out[11] += m_size * (1.5 * c2 - 0.5)
        out[12] += m_size * ((4.375 * c2 - 3.75) * c2 + 0.375)
    # each pair of others comes twice in the tensors' squares, each particle once with itself, where P_l = 1
    c0, c2, c4 = sums[0] * sums[0], _cosine_moment(sums, 2), _cosine_moment(sums, 4)
    c1, c3 = _cosine_moment(signed_sums, 1), _cosine_moment(signed_sums, 3)
    out[13], out[14] = 0.5 * (c0 - squares), 0.5 * (c1 - signed_squares)
    out[15], out[16] = 0.5 * (1.5 * c2 - 0.5 * c0 - squares), 0.5 * (2.5 * c3 - 1.5 * c1 - signed_squares)
    out[17] = 0.5 * (4.375 * c4 - 3.75 * c2 + 0.375 * c0 - squares)
    for k in range(2, 13):
        out[k] /= scale
    for k in range(13, N_KSFW):
        out[k] /= scale * scale


def new_shape_scratch() -> np.ndarray:
    """Return scratch for the Legendre values of any kernel here."""
    return np.zeros(MAX_ORDER + 1)
