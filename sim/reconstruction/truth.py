"""Truth of a candidate: is it the signal, and where does it come from (basf2 MCTruthVariables)."""

import math

from physics.jit import kernel
from sim.reconstruction.columns import at
from sim.reconstruction.selection import KPLUS, KSHORT, KSTAR0

(IS_SIGNAL, MC_PDG, MOTHER, GRANDMOTHER, PARTICLE_ID, MC_E, MC_P, MC_PT, MC_THETA, MC_PHI) = at(
    *("isSignal", "mcPDG", "genMotherPDG", "genMotherPDG__bo1__bc", "genParticleID", "mcE", "mcP", "mcPT"),
    *("mcTheta", "mcPhi"),
)
INVISIBLE_X = 51
"""PDG identity of the invisible X of B → K X (sim/particle_properties.py)."""


@kernel
def mother_of(pdg, mother, first, i):
    """Index in the event of the mother of ``i``, looking through K⁰ → K_S; −1 for none."""
    m = mother[first + i]
    while m >= 0 and abs(pdg[first + m]) == 311:
        m = mother[first + m]
    return m


@kernel
def _daughter(pdg, first, objects, k, species):
    """Index of the true particle of track ``k`` if it is of the signed ``species``; −1 otherwise."""
    i = objects.mc[k, 0]
    if i < 0 or objects.mc[k, 1] != species or pdg[first + i] != species:
        return -1
    return i


@kernel
def true_head(pdg, mother, first, objects, found, c, cuts):
    """Index of the true K⁺, K_S or K* with the daughters of candidate ``c``, rightly named; or −1."""
    t0, t1, t2 = found.tracks[c, 0], found.tracks[c, 1], found.tracks[c, 2]
    q0 = 1 if objects.charge[t0] > 0.0 else -1
    if cuts.candidate == KPLUS:
        return _daughter(pdg, first, objects, t0, 321 * q0)
    if cuts.candidate == KSTAR0:
        a = _daughter(pdg, first, objects, t0, 321 * q0)
        b = _daughter(pdg, first, objects, t1, -211 * q0)
        if a < 0 or b < 0 or mother_of(pdg, mother, first, a) != mother_of(pdg, mother, first, b):
            return -1
        head = mother_of(pdg, mother, first, a)
        return head if head >= 0 and abs(pdg[first + head]) == 313 else -1
    if found.photons[c, 0] >= 0:  # K*+ → K+ π0
        a = _daughter(pdg, first, objects, t0, 321 * q0)
        g0 = objects.photon_mc[found.photons[c, 0]]
        g1 = objects.photon_mc[found.photons[c, 1]]
        if a < 0 or g0 < 0 or g1 < 0 or g0 == g1:
            return -1
        pizero = mother[first + g0]
        if pizero < 0 or pizero != mother[first + g1] or pdg[first + pizero] != 111:
            return -1
        head = mother_of(pdg, mother, first, a)
        if head < 0 or mother[first + pizero] != head:
            return -1
        return head if abs(pdg[first + head]) == 323 else -1
    a = _daughter(pdg, first, objects, t0, 211 * q0)
    b = _daughter(pdg, first, objects, t1, -211 * q0)
    if a < 0 or b < 0 or mother[first + a] != mother[first + b]:
        return -1
    kshort = mother[first + a]
    if kshort < 0 or pdg[first + kshort] != 310:
        return -1
    if cuts.candidate == KSHORT:
        return kshort
    q2 = 1 if objects.charge[t2] > 0.0 else -1
    p = _daughter(pdg, first, objects, t2, 211 * q2)
    head = mother_of(pdg, mother, first, kshort)
    if p < 0 or head < 0 or mother_of(pdg, mother, first, p) != head:
        return -1
    return head if abs(pdg[first + head]) == 323 else -1


@kernel
def is_signal_head(pdg, mother, first, last, head, cuts):
    """Whether ``head`` comes from a B together with invisible particles (or the J/ψ of the control sample)
    only.

    Photons radiated in the decay are let through.  ν from a τ do not count: B → τ(→ Kν)ν is a background
    (arXiv:2311.14647).
    """
    b = mother_of(pdg, mother, first, head)
    if b < 0 or abs(pdg[first + b]) not in (511, 521):
        return False
    below = head
    while mother[first + below] != b:  # the K⁰ above a K_S
        below = mother[first + below]
    invisible = 0
    for j in range(b + 1, last - first):
        if mother[first + j] != b or j == below:
            continue
        species = abs(pdg[first + j])
        if species in (12, 14, 16, INVISIBLE_X) or (species == 443 and cuts.jpsi):
            invisible += 1
        elif species != 22:
            return False
    return invisible > 0


@kernel
def fill_truth(particles, i_event, objects, found, c, cuts, row):
    """Truth columns of candidate ``c``; NaN where nothing true is behind it."""
    first, last = particles.offsets[i_event], particles.offsets[i_event + 1]
    pdg, mother = particles.pdg, particles.mother
    head = true_head(pdg, mother, first, objects, found, c, cuts)
    if head >= 0:
        row[IS_SIGNAL] = 1.0 if is_signal_head(pdg, mother, first, last, head, cuts) else 0.0
        row[MC_PDG] = pdg[first + head]
        above = mother_of(pdg, mother, first, head)
    elif cuts.candidate == KPLUS:
        k = found.tracks[c, 0]
        head = objects.mc[k, 0]
        if head < 0:
            return
        row[IS_SIGNAL] = 0.0
        row[MC_PDG] = objects.mc[k, 1]
        # what was made in the detector, or in flight, has the particle of the record as its mother
        own = objects.mc[k, 1] == pdg[first + head]
        above = mother[first + head] if own else head
    else:
        row[IS_SIGNAL] = 0.0
        return
    row[PARTICLE_ID] = head
    px, py, pz = particles.px[first + head], particles.py[first + head], particles.pz[first + head]
    pt2 = px * px + py * py
    row[MC_E], row[MC_P], row[MC_PT] = particles.E[first + head], math.sqrt(pt2 + pz * pz), math.sqrt(pt2)
    row[MC_THETA], row[MC_PHI] = math.atan2(math.sqrt(pt2), pz), math.atan2(py, px)
    if above >= 0:
        row[MOTHER] = pdg[first + above]
        higher = mother[first + above]
        if higher >= 0:
            row[GRANDMOTHER] = pdg[first + higher]
