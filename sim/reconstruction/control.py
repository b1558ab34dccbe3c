"""The control sample B⁺ → J/ψ(→ µ⁺µ⁻) K⁺ made to look like the signal, as in arXiv:2104.12624.

The two muons are taken out of the event, which then misses momentum as if there were neutrinos, and the kaon gets
the kinematics of a B⁺ → K⁺νν̄ decay of the same B: the rest of the event stays as it was recorded.
"""

import math

import numpy as np

from detector.helix import FIELD_CONSTANT
from physics.form_factors.b_to_k import f_plus_bsz14
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, energy, invariant_mass, two_body_momentum
from physics.particles import KAON_MASS, MUON_MASS
from physics.random import isotropic_direction, uniform
from sim.reconstruction.candidates import NONE
from sim.reconstruction.objects import MU, K, global_id, set_row, to_cms
from sim.reconstruction.vertices import set_helix

B_MASS = 5.27941
"""PDG mass of the B⁺ [GeV]."""
B_WINDOW = 0.05
"""The kaon is the track whose mass with the J/ψ is nearest to the B's, within this [GeV] (assumption)."""
MAX_RATE = 1.8
"""Above p_K³ f₊² [GeV³] for any q²; its maximum is 1.75."""


@kernel
def signal_momentum(stream):
    """Kaon momentum [GeV] in the B's frame from dΓ/dq² ∝ p_K³ f₊²(q²) of B⁺ → K⁺νν̄ (arXiv:1409.4557)."""
    q2_max = (B_MASS - KAON_MASS) ** 2
    while True:
        q2 = q2_max * uniform(stream)
        p = two_body_momentum(B_MASS, KAON_MASS, math.sqrt(q2))
        f_plus = f_plus_bsz14(q2)
        if MAX_RATE * uniform(stream) < p * p * p * f_plus * f_plus:
            return p


@kernel
def find_dimuon(objects, n_good, cuts):
    """Positions (i, j) of the two identified muons nearest to the J/ψ's mass, (−1, −1) if there are none."""
    best, first, second = 0.5 * (cuts.jpsi_mass_high - cuts.jpsi_mass_low), NONE, NONE
    centre = 0.5 * (cuts.jpsi_mass_high + cuts.jpsi_mass_low)
    for i in range(n_good):
        if global_id(objects.log_likelihood[i], MU) < 0.5:
            continue
        for j in range(i):
            if objects.charge[i] == objects.charge[j] or global_id(objects.log_likelihood[j], MU) < 0.5:
                continue
            px, py, pz, e = pair(objects, i, j, MUON_MASS, MUON_MASS)
            off = abs(invariant_mass(px, py, pz, e) - centre)
            if off < best:
                best, first, second = off, j, i
    return first, second


@kernel
def pair(objects, i, j, mass_i, mass_j):
    """Sum (px, py, pz, E) of two tracks at their POCAs."""
    lab = objects.track_lab
    e = energy(lab[i, 0], lab[i, 1], lab[i, 2], mass_i) + energy(lab[j, 0], lab[j, 1], lab[j, 2], mass_j)
    return lab[i, 0] + lab[j, 0], lab[i, 1] + lab[j, 1], lab[i, 2] + lab[j, 2], e


@kernel
def move_track(objects, source, target):
    """Copy track ``source`` over ``target``."""
    objects.track[target] = objects.track[source]
    objects.charge[target] = objects.charge[source]
    objects.hypothesis[target] = objects.hypothesis[source]
    for k in range(2):
        objects.hits[target, k] = objects.hits[source, k]
        objects.mc[target, k] = objects.mc[source, k]
    for k in range(4):
        objects.track_lab[target, k] = objects.track_lab[source, k]
        objects.track_cms[target, k] = objects.track_cms[source, k]
    for k in range(6):
        objects.helix[target, k] = objects.helix[source, k]
        objects.log_likelihood[target, k] = objects.log_likelihood[source, k]


@kernel
def replace_kaon(stream, objects, k, bx, by, bz, be, cleanup, beams):
    """Give track ``k`` the momentum of a signal kaon from the B of momentum (bx, by, bz, be).

    Impact parameters, covariance, hits and likelihoods stay those of the recorded kaon.  Returns False when the
    new momentum fails the cleanup.
    """
    p = signal_momentum(stream)
    x, y, z = isotropic_direction(stream)
    mass = invariant_mass(bx, by, bz, be)
    e = math.sqrt(p * p + KAON_MASS * KAON_MASS)
    px, py, pz, e = boost_to_parent_frame(p * x, p * y, p * z, e, bx, by, bz, be, mass)
    pt = math.sqrt(px * px + py * py)
    theta = math.atan2(pt, pz)
    if pt <= cleanup.track_pt or not cleanup.theta_low < theta < cleanup.theta_high or e >= cleanup.energy_high:
        return False
    helix = objects.helix
    omega = objects.charge[k] * FIELD_CONSTANT * cleanup.field / pt
    set_helix(helix[k, 0], math.atan2(py, px), omega, helix[k, 4], pz / pt, helix, k)
    objects.hypothesis[k] = K
    set_row(objects.track_lab, k, px, py, pz, e)
    px, py, pz, e = to_cms(px, py, pz, e, beams)
    set_row(objects.track_cms, k, px, py, pz, e)
    return True


@kernel
def make_control_event(stream, objects, n_good, cuts, cleanup, beams):
    """Drop the dimuon and replace the kaon; returns the number of good tracks, −1 if this is no J/ψ K⁺ event."""
    i, j = find_dimuon(objects, n_good, cuts)
    if i < 0:
        return -1
    jx, jy, jz, je = pair(objects, i, j, MUON_MASS, MUON_MASS)
    best, kaon = B_WINDOW, NONE
    for k in range(n_good):
        if k in (i, j):
            continue
        px, py, pz = objects.track_lab[k, 0], objects.track_lab[k, 1], objects.track_lab[k, 2]
        mass = invariant_mass(jx + px, jy + py, jz + pz, je + energy(px, py, pz, KAON_MASS))
        if abs(mass - B_MASS) < best:
            best, kaon = abs(mass - B_MASS), k
    if kaon < 0:
        return -1
    px, py, pz = objects.track_lab[kaon, 0], objects.track_lab[kaon, 1], objects.track_lab[kaon, 2]
    e = energy(px, py, pz, KAON_MASS)
    if not replace_kaon(stream, objects, kaon, jx + px, jy + py, jz + pz, je + e, cleanup, beams):
        return -1
    n = np.int64(0)
    for k in range(n_good):
        if k not in (i, j):
            move_track(objects, k, n)
            n += 1
    return n
