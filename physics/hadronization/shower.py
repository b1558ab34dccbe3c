"""Gluons (and photons) radiated by quarks before they fragment: a shower ordered in transverse momentum.

Dipole shower with parton-branching kernels of Sjöstrand and Skands, Eur. Phys. J. C39 (2005) 129: evolution in
pT² = z (1 − z)(m² − m₀²), recoil taken by the colour neighbour.  The emissions of the two primary quarks are corrected
to the O(αₛ) matrix element of γ* → q q̄ g with masses until each has radiated once (Norrbin, Sjöstrand, Nucl. Phys.
B603 (2001) 297).  Left out: azimuthal asymmetries from the polarisation of gluons.
"""

import math

import numpy as np

from physics.elementary import fast_exp, fast_log
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, boost_to_rest_frame
from physics.random import uniform, unit_circle

MAX_PARTONS = 32
GLUON, PHOTON = 21, 22
_MZ = 91.188
_ALPHA_EM = 1.0 / 137.036
_CHARM_THRESHOLD, _BOTTOM_THRESHOLD = 1.5, 4.8
"""Masses [GeV] at which αₛ changes its number of flavours (arXiv:2203.11601)."""
_NEW_FLAVOURS = 4
"""u, d, s, c in g → q q̄."""


PARTONS = np.dtype(
    (
        np.record,
        [
            ("pdg", np.int64, (MAX_PARTONS,)),
            ("p", np.float64, (MAX_PARTONS, 4)),  # px, py, pz, E [GeV]
            ("mass", np.float64, (MAX_PARTONS,)),  # [GeV]
            ("linked", np.int64, (MAX_PARTONS,)),  # 1: same string as the next
            ("corrected", np.int64, (2,)),  # 1: first or last quark still follows the matrix element
            ("rates", np.float64, (2 * MAX_PARTONS, 6)),  # of the ends of the dipoles
            ("trial", np.float64, (3, 4)),  # momenta of a branching: radiator, emitted, recoiler
            ("photons", np.float64, (MAX_PARTONS, 4)),
        ],
    )
)
"""A chain of partons in the order of colour, each linked to the next one unless a string ends there."""


def new_partons() -> np.record:
    """Return memory for one chain."""
    memory: np.record = np.zeros(1, PARTONS)[0]
    return memory


def lambda_squared(alpha_s_mz: float) -> np.ndarray:
    """Return Λ² [GeV²] of the one-loop αₛ with 3, 4 and 5 flavours, matched at the charm and bottom masses."""
    log5 = 2.0 * math.log(_MZ) - 12.0 * math.pi / (23.0 * alpha_s_mz)
    log4 = log5 + 2.0 / 25.0 * (2.0 * math.log(_BOTTOM_THRESHOLD) - log5)
    log3 = log4 + 2.0 / 27.0 * (2.0 * math.log(_CHARM_THRESHOLD) - log4)
    return np.exp([log3, log4, log5])


@kernel
def next_pt2(stream, lambda2, coefficient, pt2, pt2_min):
    """Draw the next pT² [GeV²] below ``pt2`` of emissions at the rate coefficient · αₛ(pT²)/2π d ln pT².

    ``lambda2`` :func:`lambda_squared`; 0 when it is below ``pt2_min``.
    """
    while pt2 > pt2_min:
        if pt2 > _BOTTOM_THRESHOLD**2:
            flavours, low = 5, _BOTTOM_THRESHOLD**2
        elif pt2 > _CHARM_THRESHOLD**2:
            flavours, low = 4, _CHARM_THRESHOLD**2
        else:
            flavours, low = 3, pt2_min
        scale = lambda2[flavours - 3]
        if pt2 <= 1.1 * scale:
            return 0.0
        power = (33.0 - 2.0 * flavours) / (6.0 * coefficient)
        new = scale * fast_exp(fast_log(pt2 / scale) * fast_exp(max(power * fast_log(uniform(stream)), -700.0)))
        if new > low:
            return new
        pt2 = low
    return 0.0


@kernel
def gluon_matrix_element(x1, x2, ratio):
    """γ* → Q Q̄ g over the sum of both shower ends, for energy fractions and ratio = m²/s.

    (1 − x₁)(1 − x₂)/2 times the vector-current spectrum in units of αₛ C_F/2π (Ioffe, Phys. Lett. B78 (1978) 277;
    Ellis, Stirling, Webber, QCD and Collider Physics, sec. 8.6); (x₁² + x₂²)/2 for massless quarks.
    """
    rho = 4.0 * ratio
    y1, y2 = 1.0 - x1, 1.0 - x2
    if y1 <= 0.0 or y2 <= 0.0 or rho >= 1.0:
        return 0.0
    value = (
        2.0 * (x1 + x2 - 1.0 - 0.5 * rho) - 0.5 * rho * (y1 / y2 + y2 / y1) + (y1 * y1 + y2 * y2) / (1.0 + 0.5 * rho)
    )
    return max(0.0, 0.5 * value / math.sqrt(1.0 - rho))


@kernel
def branch(partons, radiator, recoiler, q2, z, mass_radiator, mass_emitted, turns):
    """Momenta of a branching into ``partons.trial``; False where it cannot be.

    ``q2`` [GeV²] is the squared mass of the branching parton, ``z`` the radiator's share of the energy in the
    dipole's rest frame for massless daughters; masses are then put in at fixed direction of the light-like
    combination (Sjöstrand, Skands 2005, sec. 2.3).  ``turns`` is the azimuth in units of 2π.
    """
    p, trial = partons.p, partons.trial
    px, py = p[radiator, 0] + p[recoiler, 0], p[radiator, 1] + p[recoiler, 1]
    pz, e = p[radiator, 2] + p[recoiler, 2], p[radiator, 3] + p[recoiler, 3]
    s = e * e - px * px - py * py - pz * pz
    if s <= 0.0:
        return False
    m = math.sqrt(s)
    m_rec = partons.mass[recoiler]
    if math.sqrt(q2) + m_rec >= m or q2 <= (mass_radiator + mass_emitted) ** 2:
        return False
    energy = 0.5 * (s + q2 - m_rec * m_rec) / m
    pl2 = energy * energy - q2
    if pl2 <= 0.0:
        return False
    pl = math.sqrt(pl2)
    pt2 = q2 * (energy * energy * z * (1.0 - z) - 0.25 * q2) / pl2
    if pt2 <= 0.0:
        return False
    pt = math.sqrt(pt2)
    rad_l = (energy * energy * z - 0.5 * q2) / pl
    emt_l = (energy * energy * (1.0 - z) - 0.5 * q2) / pl
    m12, m22 = mass_radiator * mass_radiator, mass_emitted * mass_emitted
    root = math.sqrt((q2 - m12 - m22) ** 2 - 4.0 * m12 * m22)
    k_rad = 0.5 * (q2 + m12 - m22 - root) / q2
    k_emt = 0.5 * (q2 - m12 + m22 - root) / q2
    e1 = z * energy * (1.0 - k_emt) + (1.0 - z) * energy * k_rad
    l1 = rad_l * (1.0 - k_emt) + emt_l * k_rad
    t1 = pt * (1.0 - k_rad - k_emt)

    # direction of the radiator in the dipole's rest frame
    dx, dy, dz, _ = boost_to_rest_frame(
        p[radiator, 0], p[radiator, 1], p[radiator, 2], p[radiator, 3], px, py, pz, e, m
    )
    norm = math.sqrt(dx * dx + dy * dy + dz * dz)
    if norm <= 0.0:
        return False
    dx, dy, dz = dx / norm, dy / norm, dz / norm
    sign = 1.0 if dz >= 0.0 else -1.0
    f = -1.0 / (sign + dz)
    g = dx * dy * f
    cos_phi, sin_phi = unit_circle(turns)
    cx, cy = t1 * cos_phi, t1 * sin_phi
    tx = cx * (1.0 + sign * dx * dx * f) + cy * g
    ty = cx * sign * g + cy * (sign + dy * dy * f)
    tz = -cx * sign * dx - cy * dy
    trial[0, 0], trial[0, 1], trial[0, 2], trial[0, 3] = boost_to_parent_frame(
        tx + l1 * dx, ty + l1 * dy, tz + l1 * dz, e1, px, py, pz, e, m
    )
    l2 = pl - l1
    trial[1, 0], trial[1, 1], trial[1, 2], trial[1, 3] = boost_to_parent_frame(
        -tx + l2 * dx, -ty + l2 * dy, -tz + l2 * dz, energy - e1, px, py, pz, e, m
    )
    trial[2, 0], trial[2, 1], trial[2, 2], trial[2, 3] = boost_to_parent_frame(
        -pl * dx, -pl * dy, -pl * dz, m - energy, px, py, pz, e, m
    )
    return True


@kernel
def _dot(a, b):
    return a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]


@kernel
def _correction(partons, partner):
    """Matrix-element weight of the trial branching of a primary quark, ``partner`` the other one's momentum."""
    rad, emt = partons.trial[0], partons.trial[1]
    rp, re, ep = _dot(rad, partner), _dot(rad, emt), _dot(emt, partner)
    m2_rad, m2_partner = max(0.0, _dot(rad, rad)), max(0.0, _dot(partner, partner))
    s = m2_rad + m2_partner + 2.0 * (rp + re + ep)
    x1 = 2.0 * (m2_rad + rp + re) / s
    x2 = 2.0 * (m2_partner + rp + ep) / s
    return gluon_matrix_element(x1, x2, 0.5 * (m2_rad + m2_partner) / s)


@kernel
def _insert(partons, n, k):
    """Make room for a parton at position ``k``."""
    for i in range(n, k, -1):
        partons.pdg[i] = partons.pdg[i - 1]
        partons.mass[i] = partons.mass[i - 1]
        partons.linked[i] = partons.linked[i - 1]
        for j in range(4):
            partons.p[i, j] = partons.p[i - 1, j]


@kernel
def shower(stream, tune, partons, n, pt2):
    """Let the chain of ``n`` partons radiate below ``pt2`` [GeV²]; returns (partons, photons).

    The first and last partons are the primary quarks of opposite flavour (or a closed chain's gluons, uncorrected).
    All ends of dipoles compete as one process whose rate is the sum of theirs; the end is drawn afterwards, and what
    it cannot emit is refused (veto algorithm).
    """
    pt2_min = tune.pt_min * tune.pt_min
    n_photons = 0
    photon_rate, photon_width = _photon_rate(partons, n, pt2_min)
    photon_pt2 = pt2 * uniform(stream) ** (1.0 / photon_rate) if photon_rate > 0.0 else 0.0
    total = _set_rates(partons, n, pt2_min)
    while n < MAX_PARTONS - 2 and n_photons < MAX_PARTONS:
        gluon_pt2 = next_pt2(stream, tune.lambda2, total, pt2, pt2_min) if total > 0.0 else 0.0
        pt2 = max(gluon_pt2, photon_pt2)
        if pt2 <= pt2_min:
            break
        before = n
        if photon_pt2 > gluon_pt2:
            photon_pt2 *= uniform(stream) ** (1.0 / photon_rate)
            u = 2.0 * uniform(stream)
            radiator = 0 if u < 1.0 else n - 1
            z = 1.0 - math.exp(photon_width * (u - math.floor(u))) / (1.0 + math.exp(photon_width))
            emitted = _try_branching(stream, tune, partons, n, n_photons, pt2, z, radiator, n - 1 - radiator, 3, 0.0)
            if emitted:
                n_photons += 1
        else:
            left = total * uniform(stream)
            end = 0
            while left >= partons.rates[end, 0] and end < 2 * n - 3:
                left -= partons.rates[end, 0]
                end += 1
            if pt2 > partons.rates[end, 2]:
                continue
            k = end // 2
            radiator, recoiler = (k, k + 1) if end % 2 == 0 else (k + 1, k)
            z_min = partons.rates[end, 4]
            emit = partons.rates[end, 1]
            if left < emit:
                # z from dz/(1 − z); what is left of the number that chose the end is uniform below its rate
                z, kind = 1.0 - z_min * math.exp(partons.rates[end, 5] * left / emit), 1
            else:
                z, kind = z_min + (1.0 - 2.0 * z_min) * min(1.0, (left - emit) / (partons.rates[end, 0] - emit)), 2
            s, edge = partons.rates[end, 3], min(z, 1.0 - z)
            if edge * edge * s < pt2:
                continue
            emitted = _try_branching(stream, tune, partons, n, n_photons, pt2, z, radiator, recoiler, kind, s)
            if emitted:
                n = before + 1
        if emitted:
            total = _set_rates(partons, n, pt2_min)
    return n, n_photons


@kernel
def _photon_rate(partons, n, pt2_min):
    """Upper limit of d(photons)/d ln pT² of a chain with quarks at its ends, and the range of ln(1 − z)."""
    if abs(partons.pdg[0]) > 6 or abs(partons.pdg[n - 1]) > 6:
        return 0.0, 0.0
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        px += partons.p[k, 0]
        py += partons.p[k, 1]
        pz += partons.p[k, 2]
        e += partons.p[k, 3]
    span = 0.25 * (e * e - px * px - py * py - pz * pz)
    if span <= pt2_min:
        return 0.0, 0.0
    root = math.sqrt(1.0 - pt2_min / span)
    width = math.log((1.0 + root) / (1.0 - root))
    charges2 = 0.0
    for k in range(2):
        charges2 += 4.0 / 9.0 if abs(partons.pdg[k * (n - 1)]) % 2 == 0 else 1.0 / 9.0
    return 2.0 * charges2 * width * _ALPHA_EM / (2.0 * math.pi), width


@kernel
def _set_rates(partons, n, pt2_min):
    """Set the rates of all ends of dipoles, those of the link k to k + 1 at 2k and 2k + 1; returns their sum.

    Rows: upper limits, in units of αₛ/2π d ln pT², of all branchings and of gluon emissions; the largest pT² [GeV²];
    the dipole's mass² s [GeV²]; the smallest z; the range of ln(1 − z).  The branching parton of mass² pT²/z(1 − z)
    has the energy that z shares only for pT/√s < z < 1 − pT/√s, and less room still where partons have masses.
    """
    total = 0.0
    for k in range(n - 1):
        m1, m2 = partons.mass[k], partons.mass[k + 1]
        s = m1 * m1 + m2 * m2 + 2.0 * _dot(partons.p[k], partons.p[k + 1])
        open_link = partons.linked[k] == 1 and s > 4.0 * pt2_min
        root_s, z_min, width = 0.0, 0.0, 0.0
        if open_link:
            root_s = math.sqrt(s)
            z_min = math.sqrt(pt2_min) / root_s
            width = math.log((1.0 - z_min) / z_min)
        for side in range(2):
            rates = partons.rates[2 * k + side]
            m_rad, m_rec = (m1, m2) if side == 0 else (m2, m1)
            span = 0.25 * ((root_s - m_rec) ** 2 - m_rad * m_rad)
            rates[0] = 0.0
            rates[1] = 0.0
            rates[2] = span
            rates[3] = s
            rates[4] = z_min
            rates[5] = width
            if open_link and span > pt2_min:
                gluon = partons.pdg[k + side] == GLUON
                rates[1] = (3.0 if gluon else 8.0 / 3.0) * width
                rates[0] = rates[1] + (0.25 * (1.0 - 2.0 * z_min) * _NEW_FLAVOURS if gluon else 0.0)
                total += rates[0]
    return total


@kernel
def _quark_pair_weight(z, r, q2, s):
    """Weight of g → q q̄ with r = m_q²/m_qq̄² in a dipole of mass² ``s``, m_qq̄² = ``q2``.

    Shape z² + (1 − z)² + 8 r z (1 − z) in the z that a massless recoiler leaves open, its integral β/3 (1 + r/2)
    per ½ of the kernel, times (1 − m_qq̄²/s)³: few heavy pairs, as the four-parton matrix element has them
    (arXiv:2203.11601, ``weightGluonToQuark = 4``).
    """
    width = (s - q2) / (s + q2)
    third = width * width / 3.0
    integral = width * (0.5 * (1.0 + third) + 2.0 * r * (1.0 - third))
    shape = z * z + (1.0 - z) ** 2 + 8.0 * r * z * (1.0 - z)
    beta = math.sqrt(1.0 - 4.0 * r)
    return shape * 2.0 / 3.0 * beta * (1.0 + 0.5 * r) / integral * (1.0 - q2 / s) ** 3


@kernel
def _try_branching(stream, tune, partons, n, n_photons, pt2, z, radiator, recoiler, kind, s):
    """Accept or refuse a trial branching of kind 1 (gluon), 2 (q q̄) or 3 (photon) and carry it out; True if done.

    ``s`` the mass² [GeV²] of the dipole, used by kind 2.
    """
    mass = partons.mass[radiator]
    q2 = mass * mass + pt2 / (z * (1.0 - z))
    flavour, new_mass = 0, 0.0
    if kind == 2:
        flavour = 1 + int(_NEW_FLAVOURS * uniform(stream))
        new_mass = tune.quark_mass[flavour]
        if q2 <= 4.0 * new_mass * new_mass:
            return False
    # the mass of the radiator takes its share of the transverse momentum; what is left must be above the cut
    reduction = mass * mass / q2
    if pt2 * (1.0 - reduction) ** 2 < tune.pt_min * tune.pt_min:
        return False
    primary = (radiator == 0 or radiator == n - 1) and partons.pdg[radiator] != GLUON
    side = 0 if radiator == 0 else 1
    by_matrix_element = kind != 2 and primary and partons.corrected[side] == 1
    # what of the weight is known without momenta goes first
    if kind == 2:
        weight = _quark_pair_weight(z, new_mass * new_mass / q2, q2, s)
    elif by_matrix_element:
        weight = 1.0
    elif partons.pdg[radiator] == GLUON:
        weight = 0.5 * (1.0 + z**3)
    else:
        weight = 0.5 * (1.0 + z * z)
    chance = uniform(stream)
    if chance >= weight:
        return False
    turns = uniform(stream)
    mass_rad = new_mass if kind == 2 else mass
    if not branch(partons, radiator, recoiler, q2, z, mass_rad, new_mass, turns):
        return False
    if by_matrix_element:
        partner = partons.p[n - 1 - radiator] if recoiler != n - 1 - radiator else partons.trial[2]
        weight = _correction(partons, partner)
    elif kind == 1 and partons.pdg[radiator] == GLUON and partons.mass[recoiler] > 0.0:
        # no radiation along a massive recoiler: massive over massless eikonal factor
        m_rec = partons.mass[recoiler]
        rad, emt, rec = partons.trial[0], partons.trial[1], partons.trial[2]
        weight *= max(0.0, 1.0 - m_rec * m_rec * _dot(rad, emt) / (2.0 * _dot(rad, rec) * _dot(rec, emt)))
    if chance >= weight:
        return False

    trial = partons.trial
    for j in range(4):
        partons.p[radiator, j] = trial[0, j]
        partons.p[recoiler, j] = trial[2, j]
    if kind == 3:
        for j in range(4):
            partons.photons[n_photons, j] = trial[1, j]
        return True
    if kind == 1:
        if primary:
            partons.corrected[side] = 0
        position = max(radiator, recoiler)
        _insert(partons, n, position)
        partons.pdg[position] = GLUON
        partons.mass[position] = 0.0
        partons.linked[position - 1] = 1
        partons.linked[position] = 1
        for j in range(4):
            partons.p[position, j] = trial[1, j]
        return True
    # g → q q̄: the string is cut here; the end on the left has the opposite colour of the first parton
    first = partons.pdg[0]
    colour = 1 if (0 < first < 10) or first < -1000 or first == GLUON else -1
    _insert(partons, n, radiator)
    partons.pdg[radiator] = -colour * flavour
    partons.pdg[radiator + 1] = colour * flavour
    partons.mass[radiator] = new_mass
    partons.mass[radiator + 1] = new_mass
    partons.linked[radiator] = 0
    swap = uniform(stream) < 0.5
    for j in range(4):
        a, b = trial[0, j], trial[1, j]
        partons.p[radiator, j] = b if swap else a
        partons.p[radiator + 1, j] = a if swap else b
    return True
