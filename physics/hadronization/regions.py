"""A string with gluon kinks: hadrons along its world sheet.

Sjöstrand, Nucl. Phys. B248 (1984) 469.  Each neighbouring pair of partons spans a flat piece of the world sheet with
two light-like vectors, a gluon giving half its momentum to either side; pieces drift into each other and span higher
regions (i, j) of ``plus[i]`` and ``minus[j]``, i ≤ j.  A break is a point (i, x; j, y); what lies between it and the
end of the string is the sum of the parts of ``plus`` and ``minus`` that are used up to there.  The next break
follows from the two conditions of the straight string, the hadron's mass and the invariant time
Γ = (1 − z)(Γ_old + m_T²/z), which in every region are two bilinear equations for (x, y).
"""

import math

import numpy as np

from physics.jit import kernel

MAX_REGIONS = 32
_PARALLEL = 1e-9
"""Product of light-like vectors [GeV²] below which they span nothing."""
_SAME = 1e-9
"""Share of the square of the product of two vectors below which they have one direction; a closed string of two
gluons that is not yet broken has zero, up to rounding."""
_NOWHERE = -1e9
"""Below every step that can be made on a sheet."""


_N = MAX_REGIONS
SHEET = np.dtype(
    (
        np.record,
        [
            ("vectors", np.float64, (2, _N, 4)),  # light-like ``plus`` and ``minus``, left and right parton
            ("axes", np.float64, (_N, _N, 2, 4)),  # transverse unit vectors
            ("ready", np.int64, (_N, _N)),
            ("products", np.float64, (_N, _N)),  # mass² [GeV²] of each region, left ≤ right
            # sums of them: over all regions between, and over the strips to the left and to the right
            ("inside", np.float64, (_N, _N)),
            ("along_left", np.float64, (_N, _N)),
            ("along_right", np.float64, (_N, _N)),
            ("p", np.float64, (_N + 1, 4)),  # partons after joining
            ("gluon", np.int64, (_N + 1,)),
            ("region", np.int64, (2, 2)),  # own and opposite index of each end, counted from its side
            ("x", np.float64, (2, 2)),  # own fraction left, opposite fraction used
            ("pt", np.float64, (2, 2)),  # transverse momentum in the axes of the end's region
            ("gamma", np.float64, (2,)),  # Γ of the end [GeV²]
            ("rest", np.float64, (4,)),  # momentum not yet fragmented
            ("scratch", np.float64, (8, 4)),
        ],
    )
)
"""Memory of one string: its regions, and its two ends (0 from the left, 1 from the right)."""


def new_sheet() -> np.record:
    """Return memory for one string."""
    memory: np.record = np.zeros(1, SHEET)[0]
    return memory


@kernel
def dot(a, b):
    """Minkowski product of (px, py, pz, E)."""
    return a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]


@kernel
def light_like_pair(a, b, first, second):
    """Write the light-like vectors in the plane of ``a`` and ``b`` with the same sum; False where none exist."""
    s, m1, m2 = dot(a, b), max(0.0, dot(a, a)), max(0.0, dot(b, b))
    root2 = s * s - m1 * m2
    if s <= _PARALLEL or root2 <= _SAME * s * s:
        return False
    alpha = m1 / (s + math.sqrt(root2))
    beta = m2 / (s + math.sqrt(root2))
    f = 1.0 / (1.0 - alpha * beta)
    for i in range(4):
        first[i] = (1.0 + beta) * f * (a[i] - alpha * b[i])
        second[i] = (1.0 + alpha) * f * (b[i] - beta * a[i])
    return True


@kernel
def transverse_axes(a, b, axes):
    """Write two space-like unit vectors (2, 4) orthogonal to the light-like ``a`` and ``b`` and to each other."""
    ab = dot(a, b)
    if ab < _PARALLEL:
        return
    found = 0
    # try the three space axes, those most across the string first
    dx, dy, dz = abs(a[0] - b[0]), abs(a[1] - b[1]), abs(a[2] - b[2])
    order = 2 if dz >= dx and dz >= dy else (1 if dy >= dx else 0)
    for k in range(1, 4):
        axis = (order + k) % 3
        t = axes[found]
        ta, tb = -a[axis], -b[axis]
        for i in range(4):
            t[i] = -(tb * a[i] + ta * b[i]) / ab
        t[axis] += 1.0
        if found == 1:
            overlap = dot(t, axes[0])
            for i in range(4):
                t[i] += overlap * axes[0, i]
        norm = -dot(t, t)
        if norm > 1e-6:
            norm = 1.0 / math.sqrt(norm)
            for i in range(4):
                t[i] *= norm
            found += 1
            if found == 2:
                return


@kernel
def join_close_partons(sheet, n, join_mass):
    """Join neighbours closer than ``join_mass`` [GeV], gluons counted with half their momentum; returns the number."""
    while n > 2:
        best, least = -1, join_mass
        for k in range(n - 1):
            f1 = 0.5 if sheet.gluon[k] == 1 else 1.0
            f2 = 0.5 if sheet.gluon[k + 1] == 1 else 1.0
            m1, m2 = max(0.0, dot(sheet.p[k], sheet.p[k])), max(0.0, dot(sheet.p[k + 1], sheet.p[k + 1]))
            # the mass of a pair above that of its quarks; joined gluons may have a mass, which counts
            m = f1 * f1 * m1 + f2 * f2 * m2 + 2.0 * f1 * f2 * dot(sheet.p[k], sheet.p[k + 1])
            m = math.sqrt(max(0.0, m))
            if sheet.gluon[k] == 0:
                m -= math.sqrt(m1)
            if sheet.gluon[k + 1] == 0:
                m -= math.sqrt(m2)
            if m < least:
                best, least = k, m
        if best < 0:
            break
        for i in range(4):
            sheet.p[best, i] += sheet.p[best + 1, i]
        sheet.gluon[best] = sheet.gluon[best] * sheet.gluon[best + 1]
        for k in range(best + 1, n - 1):
            sheet.gluon[k] = sheet.gluon[k + 1]
            for i in range(4):
                sheet.p[k, i] = sheet.p[k + 1, i]
        n -= 1
    return n


@kernel
def set_regions(sheet, n):
    """Span the n − 1 lowest regions of ``n`` partons in ``sheet.p``; False when a pair has no room."""
    a, b = sheet.scratch[0], sheet.scratch[1]
    for k in range(n - 1):
        fa = 0.5 if sheet.gluon[k] == 1 else 1.0
        fb = 0.5 if sheet.gluon[k + 1] == 1 else 1.0
        for i in range(4):
            a[i] = fa * sheet.p[k, i]
            b[i] = fb * sheet.p[k + 1, i]
        if not light_like_pair(a, b, sheet.vectors[0, k], sheet.vectors[1, k]):
            return False
    for left in range(n - 1):
        for right in range(left, n - 1):
            sheet.ready[left, right] = 0
            sheet.products[left, right] = 2.0 * dot(sheet.vectors[0, left], sheet.vectors[1, right])
    _sum_products(sheet, n - 1)
    return True


@kernel
def _sum_products(sheet, regions):
    """Areas next to region (left, right), l ≤ r: along_left is l = left, r < right; along_right l > left, r = right;
    inside l > left, r < right."""
    for left in range(regions - 1, -1, -1):
        sheet.inside[left, left] = 0.0
        sheet.along_left[left, left] = 0.0
        sheet.along_right[left, left] = 0.0
        for right in range(left + 1, regions):
            sheet.inside[left, right] = sheet.inside[left, right - 1] + sheet.along_right[left, right - 1]
            sheet.along_left[left, right] = sheet.along_left[left, right - 1] + sheet.products[left, right - 1]
            sheet.along_right[left, right] = sheet.along_right[left + 1, right] + sheet.products[left + 1, right]


@kernel
def start_ends(sheet, n):
    """Put both ends at the ends of the string of ``n`` partons."""
    for i in range(4):
        sheet.rest[i] = 0.0
        for k in range(n):
            sheet.rest[i] += sheet.p[k, i]
    for side in range(2):
        sheet.region[side, 0] = 0
        sheet.region[side, 1] = 0
        sheet.x[side, 0] = 1.0
        sheet.x[side, 1] = 0.0
        sheet.pt[side, 0] = 0.0
        sheet.pt[side, 1] = 0.0
        sheet.gamma[side] = 0.0


@kernel
def from_left(regions, side, k):
    """Index from the left of what is ``k`` counted from ``side``."""
    return k if side == 0 else regions - 1 - k


@kernel
def prepare_axes(sheet, regions, side, i, j):
    """Set the transverse axes of a region counted from ``side``; returns its place (left, right) in ``sheet.axes``."""
    left, right = (i, j) if side == 0 else (regions - 1 - j, regions - 1 - i)
    if sheet.ready[left, right] == 0:
        transverse_axes(sheet.vectors[0, left], sheet.vectors[1, right], sheet.axes[left, right])
        sheet.ready[left, right] = 1
    return left, right


@kernel
def step(sheet, regions, side, z, mass2, kick_x, kick_y, hadron):
    """Move an end by one hadron: writes its momentum and the end's new place; False when there is no place.

    ``mass2`` the hadron's squared mass [GeV²], (kick_x, kick_y) the transverse momentum of the new break [GeV] in
    the axes of the region where it happens, ``hadron`` (4,).  Regions are tried from the end's own one inwards: where
    the solution needs more than there is of the opposite vector, the next one of the opposite side, where it needs
    more of the own vector, the next one of the own side (Sjöstrand 1984).  A solution outside at the other edges
    (a step backwards) is the continuation of the same equations and is taken: next to small regions Γ of a light
    hadron lies beyond the sheet's edge.
    """
    i, j = sheet.region[side, 0], sheet.region[side, 1]
    own_left, used = sheet.x[side, 0], sheet.x[side, 1]
    px, py = sheet.pt[side, 0], sheet.pt[side, 1]
    mt2 = mass2 + (px + kick_x) ** 2 + (py + kick_y) ** 2
    gamma = (1.0 - z) * (sheet.gamma[side] + mt2 / z)
    left, right = prepare_axes(sheet, regions, side, i, j)
    for k in range(4):
        hadron[k] = px * sheet.axes[left, right, 0, k] + py * sheet.axes[left, right, 1, k]
    if i == j:
        dx = z * own_left
        dy = mt2 / (dx * sheet.products[left, right])
        if used + dy < 1.0:
            _advance(sheet, regions, side, i, j, dx, dy, kick_x, kick_y, hadron)
            _place(sheet, side, i, j, own_left - dx, used + dy, kick_x, kick_y, gamma)
            return True
        used, j = _next_opposite(sheet, regions, side, j, used, hadron)
    while j < regions:
        dx, dy = _solve(sheet, regions, side, i, j, own_left, used, mass2, gamma, kick_x, kick_y, hadron)
        if dy < _NOWHERE:
            return False
        if used + dy > 1.0:
            used, j = _next_opposite(sheet, regions, side, j, used, hadron)
        elif dx > own_left:
            place = from_left(regions, side, i)
            for k in range(4):
                hadron[k] += own_left * sheet.vectors[side, place, k]
            own_left = 1.0
            i += 1
            if i > j:
                return False
        else:
            _advance(sheet, regions, side, i, j, dx, dy, kick_x, kick_y, hadron)
            _place(sheet, side, i, j, own_left - dx, used + dy, kick_x, kick_y, gamma)
            return hadron[3] > 0.0
    return False


@kernel
def _next_opposite(sheet, regions, side, j, used, hadron):
    """Leave region j of the opposite side: ``hadron`` takes what is left of its vector; (used, j) of the next one."""
    place = from_left(regions, side, j)
    for k in range(4):
        hadron[k] += (1.0 - used) * sheet.vectors[1 - side, place, k]
    return 0.0, j + 1


@kernel
def _advance(sheet, regions, side, i, j, dx, dy, kick_x, kick_y, hadron):
    """Add to ``hadron`` what it takes in region (i, j), counted from ``side``."""
    left, right = (i, j) if side == 0 else (regions - 1 - j, regions - 1 - i)
    x_left, x_right = (dx, dy) if side == 0 else (dy, dx)
    for k in range(4):
        hadron[k] += (
            x_left * sheet.vectors[0, left, k]
            + x_right * sheet.vectors[1, right, k]
            + kick_x * sheet.axes[left, right, 0, k]
            + kick_y * sheet.axes[left, right, 1, k]
        )


@kernel
def _solve(sheet, regions, side, i, j, own_left, used, mass2, gamma, kick_x, kick_y, hadron):
    """Steps (dx, dy) in region (i, j), counted from ``side``, to the next break; dy below ``_NOWHERE`` if none.

    ``hadron`` is what the hadron has before it takes anything there.  Γ is the area of the sheet, in units of p²,
    that lies before the break: the sum over pairs of light-like vectors that it spans.
    """
    left, right = prepare_axes(sheet, regions, side, i, j)
    w = sheet.products[left, right]
    if w < _PARALLEL:
        return 0.0, 2.0 * _NOWHERE
    area = sheet.inside[left, right]
    along_own, along_opposite = sheet.along_left[left, right], sheet.along_right[left, right]
    x_own, x_opposite = (left, right) if side == 0 else (right, left)
    if side == 1:
        along_own, along_opposite = along_opposite, along_own
    # momentum² = m² and area = Γ, each bilinear in (dx, dy); their sum is linear
    c0, c1, c2 = -mass2, 0.0, 0.0
    for k in range(4):
        known = hadron[k] + kick_x * sheet.axes[left, right, 0, k] + kick_y * sheet.axes[left, right, 1, k]
        sign = 1.0 if k == 3 else -1.0
        c0 += sign * known * known
        c1 += 2.0 * sign * known * sheet.vectors[side, x_own, k]
        c2 += 2.0 * sign * known * sheet.vectors[1 - side, x_opposite, k]
    d0 = area + own_left * along_own + used * along_opposite + own_left * used * w - gamma
    d1, d2 = -along_own - used * w, along_opposite + own_left * w
    s0, s1, s2 = c0 + d0, c1 + d1, c2 + d2
    a, b, c = -w * s2, c2 * s1 - c1 * s2 - w * s0, c0 * s1 - c1 * s0
    if abs(a) < 1e-14:
        return 0.0, 2.0 * _NOWHERE
    # the larger root: the break after the end, not the one before it
    half = 0.5 / a
    dy = abs(half) * math.sqrt(max(0.0, b * b - 4.0 * a * c)) - half * b
    return -(c0 + c2 * dy) / (c1 + w * dy), dy


@kernel
def _add(vector, factor, other):
    for i in range(4):
        vector[i] += factor * other[i]


@kernel
def _place(sheet, side, i, j, own_left, used, kick_x, kick_y, gamma):
    sheet.region[side, 0] = i
    sheet.region[side, 1] = j
    sheet.x[side, 0] = own_left
    sheet.x[side, 1] = used
    sheet.pt[side, 0] = -kick_x
    sheet.pt[side, 1] = -kick_y
    sheet.gamma[side] = gamma


@kernel
def remaining_vectors(sheet, regions, forward, backward):
    """Write what is left of ``plus`` and of ``minus`` between the two ends; False when they have passed each other."""
    i0, j0 = sheet.region[0, 0], sheet.region[0, 1]
    i1, j1 = regions - 1 - sheet.region[1, 1], regions - 1 - sheet.region[1, 0]
    if i0 > i1 or j0 > j1:
        return False
    for i in range(4):
        forward[i] = 0.0
        backward[i] = 0.0
    if i0 == i1:
        left = sheet.x[0, 0] - sheet.x[1, 1]
        if left <= 0.0:
            return False
        _add(forward, left, sheet.vectors[0, i0])
    else:
        _add(forward, sheet.x[0, 0], sheet.vectors[0, i0])
        for k in range(i0 + 1, i1):
            _add(forward, 1.0, sheet.vectors[0, k])
        _add(forward, 1.0 - sheet.x[1, 1], sheet.vectors[0, i1])
    if j0 == j1:
        left = sheet.x[1, 0] - sheet.x[0, 1]
        if left <= 0.0:
            return False
        _add(backward, left, sheet.vectors[1, j0])
    else:
        _add(backward, 1.0 - sheet.x[0, 1], sheet.vectors[1, j0])
        for k in range(j0 + 1, j1):
            _add(backward, 1.0, sheet.vectors[1, k])
        _add(backward, sheet.x[1, 0], sheet.vectors[1, j1])
    return True


@kernel
def join_frame(sheet, regions):
    """Frame of the last two hadrons: in ``scratch`` 4, 5 its light-like vectors and 6, 7 its axes.

    Moves both ends' transverse momenta to these axes.  Returns (x+, x−, px, py) of the remaining momentum, x+ ≤ 0
    when there is none.
    """
    s = sheet.scratch
    if not remaining_vectors(sheet, regions, s[2], s[3]):
        return -1.0, -1.0, 0.0, 0.0
    if not light_like_pair(s[2], s[3], s[4], s[5]):
        return -1.0, -1.0, 0.0, 0.0
    transverse_axes(s[4], s[5], s[6:8])
    for side in range(2):
        left, right = prepare_axes(sheet, regions, side, sheet.region[side, 0], sheet.region[side, 1])
        axes = sheet.axes[left, right]
        px, py = sheet.pt[side, 0], sheet.pt[side, 1]
        xx, xy = -dot(axes[0], s[6]), -dot(axes[0], s[7])
        yx, yy = -dot(axes[1], s[6]), -dot(axes[1], s[7])
        sheet.pt[side, 0] = px * xx + py * yx
        sheet.pt[side, 1] = px * xy + py * yy
    ab = dot(s[4], s[5])
    return dot(sheet.rest, s[5]) / ab, dot(sheet.rest, s[4]) / ab, -dot(sheet.rest, s[6]), -dot(sheet.rest, s[7])
