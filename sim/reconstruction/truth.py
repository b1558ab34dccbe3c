"""Truth of a candidate: is it the signal, and where does it come from (basf2 MCTruthVariables)."""

import math

from numba import njit

from sim.reconstruction.columns import at
from sim.reconstruction.selection import KPLUS, KSHORT, KSTAR0

(IS_SIGNAL, MC_PDG, MOTHER, GRANDMOTHER, PARTICLE_ID, MC_E, MC_P, MC_PT, MC_THETA, MC_PHI) = at(
    *("isSignal", "mcPDG", "genMotherPDG", "genMotherPDG__bo1__bc", "genParticleID", "mcE", "mcP", "mcPT"),
    *("mcTheta", "mcPhi"),
)
LAST_KNOWN_PDG = 1000000
"""PDG identities above are nuclei, supersymmetric partners and other things that do not come out of a B; the
invisible X of B → K X lies there or has a number of its own, and is known by its leaving nothing."""


@njit(cache=True, nogil=True)
def mother_of(particles, first, i):
    """Index in the event of the mother of ``i``, looking through K⁰ → K_S; −1 for none."""
    m = particles.mother[first + i]
    while m >= 0 and abs(particles.pdg[first + m]) == 311:
        m = particles.mother[first + m]
    return m


@njit(cache=True, nogil=True)
def _daughter(reco, particles, first, t, species):
    """Index of the true particle of track row ``t`` if it is the wanted ``species`` (signed); −1 otherwise."""
    i = reco.tracks.mc[t]
    if i < 0 or reco.tracks.mcPDG[t] != species or particles.pdg[first + i] != species:
        return -1
    return i


@njit(cache=True, nogil=True)
def true_head(reco, particles, first, objects, found, c, cuts):
    """Index of the true K⁺, K_S or K* whose all daughters candidate ``c`` holds with the right identities, or −1."""
    t0, t1 = objects.track[found.tracks[c, 0]], objects.track[found.tracks[c, 1]]
    q0 = 1 if objects.charge[found.tracks[c, 0]] > 0.0 else -1
    if cuts.candidate == KPLUS:
        return _daughter(reco, particles, first, t0, 321 * q0)
    if cuts.candidate == KSTAR0:
        a = _daughter(reco, particles, first, t0, 321 * q0)
        b = _daughter(reco, particles, first, t1, -211 * q0)
        if a < 0 or b < 0 or mother_of(particles, first, a) != mother_of(particles, first, b):
            return -1
        head = mother_of(particles, first, a)
        return head if head >= 0 and abs(particles.pdg[first + head]) == 313 else -1
    if found.photons[c, 0] >= 0:  # K*+ → K+ π0
        a = _daughter(reco, particles, first, t0, 321 * q0)
        g0 = reco.clusters.mc[objects.photon[found.photons[c, 0]]]
        g1 = reco.clusters.mc[objects.photon[found.photons[c, 1]]]
        if a < 0 or g0 < 0 or g1 < 0 or g0 == g1:
            return -1
        pizero = particles.mother[first + g0]
        if pizero < 0 or pizero != particles.mother[first + g1] or particles.pdg[first + pizero] != 111:
            return -1
        head = mother_of(particles, first, a)
        if head < 0 or particles.mother[first + pizero] != head:
            return -1
        return head if abs(particles.pdg[first + head]) == 323 else -1
    a = _daughter(reco, particles, first, t0, 211 * q0)
    b = _daughter(reco, particles, first, t1, -211 * q0)
    if a < 0 or b < 0 or particles.mother[first + a] != particles.mother[first + b]:
        return -1
    kshort = particles.mother[first + a]
    if kshort < 0 or particles.pdg[first + kshort] != 310:
        return -1
    if cuts.candidate == KSHORT:
        return kshort
    t2 = objects.track[found.tracks[c, 2]]
    q2 = 1 if objects.charge[found.tracks[c, 2]] > 0.0 else -1
    p = _daughter(reco, particles, first, t2, 211 * q2)
    head = mother_of(particles, first, kshort)
    if p < 0 or head < 0 or mother_of(particles, first, p) != head:
        return -1
    return head if abs(particles.pdg[first + head]) == 323 else -1


@njit(cache=True, nogil=True)
def is_signal_head(particles, first, last, head, cuts):
    """Whether ``head`` comes from a B together with invisible particles (or the J/ψ of the control sample)
    only.

    Photons radiated in the decay are let through.  ν from a τ do not count: B → τ(→ Kν)ν is a background
    (arXiv:2311.14647).
    """
    b = mother_of(particles, first, head)
    if b < 0 or abs(particles.pdg[first + b]) not in (511, 521):
        return False
    below = head
    while particles.mother[first + below] != b:  # the K⁰ above a K_S
        below = particles.mother[first + below]
    invisible = 0
    for j in range(b + 1, last - first):
        if particles.mother[first + j] != b or j == below:
            continue
        species = abs(particles.pdg[first + j])
        if species in (12, 14, 16) or species >= LAST_KNOWN_PDG or species in (32, 36, 51, 52, 53, 54, 55):
            invisible += 1
        elif species == 443 and cuts.jpsi:
            invisible += 1
        elif species != 22:
            return False
    return invisible > 0


@njit(cache=True, nogil=True)
def fill_truth(reco, particles, i_event, objects, found, c, cuts, row):
    """Truth columns of candidate ``c``; NaN where nothing true is behind it."""
    first, last = particles.offsets[i_event], particles.offsets[i_event + 1]
    head = true_head(reco, particles, first, objects, found, c, cuts)
    if head >= 0:
        row[IS_SIGNAL] = 1.0 if is_signal_head(particles, first, last, head, cuts) else 0.0
        row[MC_PDG] = particles.pdg[first + head]
        above = mother_of(particles, first, head)
    elif cuts.candidate == KPLUS:
        t = objects.track[found.tracks[c, 0]]
        head = reco.tracks.mc[t]
        if head < 0:
            return
        row[IS_SIGNAL] = 0.0
        row[MC_PDG] = reco.tracks.mcPDG[t]
        # what was made in the detector, or in flight, has the particle of the record as its mother
        own = reco.tracks.mcPDG[t] == particles.pdg[first + head]
        above = particles.mother[first + head] if own else head
    else:
        row[IS_SIGNAL] = 0.0
        return
    row[PARTICLE_ID] = head
    px, py, pz = particles.px[first + head], particles.py[first + head], particles.pz[first + head]
    pt2 = px * px + py * py
    row[MC_E], row[MC_P], row[MC_PT] = particles.E[first + head], math.sqrt(pt2 + pz * pz), math.sqrt(pt2)
    row[MC_THETA], row[MC_PHI] = math.atan2(math.sqrt(pt2), pz), math.atan2(py, px)
    if above >= 0:
        row[MOTHER] = particles.pdg[first + above]
        higher = particles.mother[first + above]
        if higher >= 0:
            row[GRANDMOTHER] = particles.pdg[first + higher]
