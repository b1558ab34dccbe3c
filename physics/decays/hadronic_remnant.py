"""Decays listed by their partons: how known daughters and quarks become a list of hadrons (EvtGen's ``PYTHIA n``).

The scheme of PYTHIA's particle decays (Sjöstrand, Mrenna, Skands, JHEP 05 (2006) 026, section 13.2.1; numbers from
the documentation "Particle Decays" and "Flavour Selection" of PYTHIA 8): the multiplicity is Poisson distributed,
hadrons are split off random quark ends until it is reached, the rest is phase space.
"""

import math

from physics.jit import kernel
from physics.kinematics import two_body_momentum
from physics.random import poisson, uniform

# Flavour selection, PYTHIA 8 defaults and Belle II's tune (etaSup)
STRANGE_TO_UP = 0.217  # probStoUD
DIQUARK_TO_QUARK = 0.097  # probQQtoQ = 0.081, times 1.2: what PYTHIA effectively makes of it (popcorn weights)
STRANGE_DIQUARK = 0.915  # probSQtoQQ, on top of STRANGE_TO_UP for each s
SPIN_ONE_DIQUARK = 0.0275  # probQQ1toQQ0, on top of the three spin states
VECTOR_UD = 0.50  # mesonUDvector: vector to pseudoscalar
VECTOR_S = 0.55
VECTOR_C = 0.88
VECTOR_B = 2.20
ETA_SUPPRESSION = 0.60
ETA_PRIME_SUPPRESSION = 0.12
THETA_PSEUDOSCALAR = -15.0  # mixing angles [degree]
THETA_VECTOR = 36.0
COLOUR_REARRANGEMENT = 0.5
POPCORN_SHARE = 0.5  # popcornRate/(popcornRate + 0.5): a meson between baryon and antibaryon
POPCORN_SHARE_OF_ENDS = 0.8  # of a diquark that the decay started with; found from PYTHIA's D in B → cd ud
MULTIPLICITY_SCALE = 0.7  # multRefMass [GeV]
MULTIPLICITY_SLOPE = 4.0  # multIncrease
MULTIPLICITY_SLOPE_WEAK = 2.5  # multIncreaseWeak, mode 23
MAX_MULTIPLICITY = 10

TAU_MODE, WEAK_MODE = 21, 23
NU_TAU = 16
SPECTATOR_SCALE = 0.75

_IDEAL = 54.7356  # degree, angle of ideal mixing
_PS_STRANGE_ETA = math.sin(math.radians(THETA_PSEUDOSCALAR + _IDEAL)) ** 2  # ss̄ content of the η
_V_STRANGE_OMEGA = math.cos(math.radians(THETA_VECTOR + _IDEAL)) ** 2  # ss̄ content of the ω


@kernel
def constituent_mass(code):
    """Constituent mass [GeV] of a quark or diquark, as PYTHIA 8 has them."""
    c = abs(code)
    if c > 1000:
        return constituent_mass_of_quark(c // 1000) + constituent_mass_of_quark((c // 100) % 10)
    return constituent_mass_of_quark(c)


@kernel
def constituent_mass_of_quark(q):
    """Constituent mass [GeV] of one quark."""
    if q <= 2:
        return 0.325
    if q == 3:
        return 0.5
    if q == 4:
        return 1.6
    if q == 5:
        return 5.0
    return 0.7 if q == 21 else 0.0


@kernel
def draw_light_quark(stream):
    """u, d or s with the strangeness suppression."""
    u = uniform(stream) * (2.0 + STRANGE_TO_UP)
    if u < 1.0:
        return 2
    return 1 if u < 2.0 else 3


@kernel
def draw_diquark(stream, spin_one_weight):
    """Diquark code of a light pair: flavours and spin with the suppression factors."""
    while True:
        a = draw_light_quark(stream)
        b = draw_light_quark(stream)
        # strange diquarks are rarer than the product of quark rates
        if (a == 3 or b == 3) and uniform(stream) > STRANGE_DIQUARK:
            continue
        spin_one = uniform(stream) < spin_one_weight / (1.0 + spin_one_weight)
        if a == b and not spin_one:
            continue
        high, low = max(a, b), min(a, b)
        return 1000 * high + 100 * low + (3 if spin_one else 1)


@kernel
def draw_partner(stream, flavour, popcorn):
    """Flavour that joins ``flavour`` to a hadron; its opposite is the new end.

    With ``popcorn`` a meson will part the baryon from the antibaryon; the spin of the diquark is then only half
    as much suppressed (the square root: the other half falls to the next diquark).
    """
    if abs(flavour) > 1000:
        q = draw_light_quark(stream)
        return q if flavour > 0 else -q
    if uniform(stream) < DIQUARK_TO_QUARK / (1.0 + DIQUARK_TO_QUARK):
        weight = 3.0 * (math.sqrt(SPIN_ONE_DIQUARK) if popcorn else SPIN_ONE_DIQUARK)
        qq = draw_diquark(stream, weight)
        return qq if flavour > 0 else -qq
    q = draw_light_quark(stream)
    return -q if flavour > 0 else q


@kernel
def _meson(stream, a, b):
    """Meson of quark ``a`` > 0 and antiquark ``b`` < 0; 0 when the suppression of η, η′ says no."""
    q, qbar = a, -b
    high, low = max(q, qbar), min(q, qbar)
    ratio = VECTOR_UD
    if high == 3:
        ratio = VECTOR_S
    elif high == 4:
        ratio = VECTOR_C
    elif high == 5:
        ratio = VECTOR_B
    vector = uniform(stream) < ratio / (1.0 + ratio)
    if q != qbar:
        code = 100 * high + 10 * low + (3 if vector else 1)
        # the sign is that of the heavier quark, up-type positive
        positive = (high == q) == (high % 2 == 0)
        return code if positive else -code
    if high >= 4:
        return 110 * high + (3 if vector else 1)
    u = uniform(stream)
    if vector:
        if high == 3:
            return 223 if u < _V_STRANGE_OMEGA else 333
        if u < 0.5:
            return 113
        return 333 if uniform(stream) < _V_STRANGE_OMEGA else 223
    if high != 3 and u < 0.5:
        return 111
    eta = uniform(stream) < (_PS_STRANGE_ETA if high == 3 else 1.0 - _PS_STRANGE_ETA)
    if eta:
        return 221 if uniform(stream) < ETA_SUPPRESSION else 0
    return 331 if uniform(stream) < ETA_PRIME_SUPPRESSION else 0


@kernel
def _baryon(stream, quark, diquark):
    """Baryon of positive ``quark`` and ``diquark`` with SU(6) weights (Andersson et al., Phys. Rep. 97 (1983) 31).

    0 when the combination is rejected.
    """
    a = diquark // 1000
    b = (diquark // 100) % 10
    spin_one = diquark % 10 == 3
    inside = quark in (a, b)
    # octet and decuplet weights of diquark + quark
    if not spin_one:
        octet = 0.75 if inside else 0.5
        decuplet = 0.0
    elif a == b:
        if inside:
            octet, decuplet = 0.0, 1.0
        else:
            octet, decuplet = 1.0 / 6.0, 1.0 / 3.0
    elif inside:
        octet, decuplet = 1.0 / 12.0, 2.0 / 3.0
    else:
        octet, decuplet = 1.0 / 6.0, 1.0 / 3.0
    u = uniform(stream)
    if u > octet + decuplet:
        return 0
    is_decuplet = u > octet
    high = max(quark, a, b)
    low = min(quark, a, b)
    middle = quark + a + b - high - low
    if is_decuplet:
        return 1000 * high + 100 * middle + 10 * low + 4
    if high > middle > low:
        # Λ-like (light pair antisymmetric) or Σ-like: share by the spin of the light pair
        lambda_like = not spin_one if quark == high else uniform(stream) < (0.75 if spin_one else 0.25)
        if lambda_like:
            return 1000 * high + 100 * low + 10 * middle + 2
    return 1000 * high + 100 * middle + 10 * low + 2


@kernel
def combine(stream, a, b):
    """Hadron of two flavours (quarks, antiquarks, diquarks); 0 when they do not form one or are rejected."""
    if abs(a) > 1000 and abs(b) > 1000:
        return 0
    if abs(a) > 1000:
        a, b = b, a
    if abs(b) > 1000:
        if (a > 0) != (b > 0):
            return 0
        code = _baryon(stream, abs(a), abs(b))
        return code if a > 0 else -code
    if (a > 0) == (b > 0):
        return 0
    return _meson(stream, a, b) if a > 0 else _meson(stream, b, a)


@kernel
def _colour(flavour):
    """1 for a colour triplet (quark, antidiquark), −1 for an antitriplet."""
    return 1 if (flavour > 0) == (abs(flavour) < 1000) else -1


@kernel
def _pending_popcorn(stream, diquark, share):
    """Quark of a fresh diquark end that stays behind while the other one leaves in a meson; 0 for none."""
    if uniform(stream) >= share:
        return 0
    c = abs(diquark)
    return (c // 1000) if uniform(stream) < 0.5 else (c // 100) % 10


@kernel
def _join_quarks(stream, a, b):
    """Diquark code of two quarks that are there already."""
    high, low = max(a, b), min(a, b)
    weight = 3.0 * math.sqrt(SPIN_ONE_DIQUARK)
    spin_one = a == b or uniform(stream) < weight / (1.0 + weight)
    return 1000 * high + 100 * low + (3 if spin_one else 1)


@kernel
def spectator_weight(mass, momentum):
    """Weight beside phase space of mode 23, for the hadron with the spectator: it moves faster than phase space says.

    PYTHIA does not document it; p/√(p² + (0.75 m)²) describes the ratio of its D momenta in B → D + n light hadrons to
    phase space within 5 % for three and five bodies (found by experiment with PYTHIA 8.317).
    """
    scale = SPECTATOR_SCALE * mass
    return momentum / math.sqrt(momentum * momentum + scale * scale)


@kernel
def neutrino_weight(x):
    """Weight beside phase space of mode 21 for x = 2E_ν/m_τ: x (3 − 2x).

    "Weights up" the ν_τ (PYTHIA's words): with the flat x dx of phase space for massless particles the V − A spectrum
    x² (3 − 2x) of a lepton-like neutrino (Michel; Tsai, Phys. Rev. D4 (1971) 2821).
    """
    return x * (3.0 - 2.0 * x)


@kernel
def phase_space_weight(mode, mass, daughters, count):
    """Weight beside phase space of the momenta in ``daughters.p``: modes 21 (the neutrino) and 23 (the first)."""
    p = daughters.p
    if mode == WEAK_MODE:
        return spectator_weight(daughters.masses[0], math.sqrt(p[0, 0] ** 2 + p[0, 1] ** 2 + p[0, 2] ** 2))
    for k in range(count):
        if abs(daughters.pdg[k]) == NU_TAU:
            return neutrino_weight(2.0 * p[k, 3] / mass)
    return 1.125


@kernel
def largest_weight(mode, mass, masses, count):
    """Upper bound of :func:`phase_space_weight`."""
    if mode == WEAK_MODE:
        return spectator_weight(masses[0], two_body_momentum(mass, masses[0], 0.0))
    total = 0.0
    for k in range(count):
        total += masses[k]
    # x (3 − 2x) rises up to 3/4
    return neutrino_weight(min(0.75, 1.0 - (total / mass) ** 2))


@kernel
def split_off(stream, flavour, popcorn):
    """Take one hadron off an end; returns (hadron, new flavour, new popcorn quark)."""
    while True:
        if abs(flavour) > 1000 and popcorn != 0:
            c = abs(flavour)
            leaving = c // 1000 + (c // 100) % 10 - popcorn
            q = draw_light_quark(stream)
            sign = 1 if flavour > 0 else -1
            hadron = combine(stream, sign * leaving, -sign * q)
            if hadron != 0:
                return hadron, sign * _join_quarks(stream, popcorn, q), 0
            continue
        with_meson = uniform(stream) < POPCORN_SHARE
        partner = draw_partner(stream, flavour, with_meson)
        hadron = combine(stream, flavour, partner)
        if hadron != 0:
            pending = 0
            if with_meson and abs(partner) > 1000:
                pending = _pending_popcorn(stream, partner, 1.0)
            return hadron, -partner, pending


@kernel
def pick_hadrons(stream, mode, mass_left, rearranged, n_known, partons, n_partons, out):
    """Turn ``partons[:n_partons]`` (pairs of colour partners) into hadrons ``out``; returns their number or 0.

    ``mass_left`` [GeV] is the mother's mass less the known daughters' and the partons' constituent masses.
    ``rearranged``: the pairs exchange partners.  One attempt: the caller checks the masses and tries again,
    with another multiplicity but the same pairs.
    """
    n = 0
    if mode in (22, 23):
        # a weak decay: the last pair, the heavy quark's heir and the spectator, becomes one hadron
        hadron = 0
        for _ in range(20):
            hadron = combine(stream, partons[n_partons - 2], partons[n_partons - 1])
            if hadron != 0:
                break
        if hadron == 0:
            return 0
        out[0] = hadron
        n = 1
        n_partons -= 2
        if n_partons == 0:
            return 1
    n_strings = n_partons // 2
    settled = n_known + n
    lowest = max(2, settled + n_strings)
    if 60 <= mode <= 70:
        total = mode - 60
    else:
        if 40 <= mode <= 50:
            lowest = max(lowest, mode - 40)
        elif mode == 23:
            lowest = max(lowest, 3)
        slope = MULTIPLICITY_SLOPE_WEAK if mode == 23 else MULTIPLICITY_SLOPE
        mean = 0.5 * settled + 0.25 * n_partons + slope * math.log(max(1.1, mass_left / MULTIPLICITY_SCALE))
        total = poisson(stream, mean)
        while total < lowest or total > MAX_MULTIPLICITY:
            total = poisson(stream, mean)
    f0, f1, f2, f3 = partons[0], partons[1], 0, 0
    if n_strings == 2:
        f2, f3 = partons[2], partons[3]
    p0 = _pending_popcorn(stream, f0, POPCORN_SHARE_OF_ENDS) if abs(f0) > 1000 else 0
    p1 = _pending_popcorn(stream, f1, POPCORN_SHARE_OF_ENDS) if abs(f1) > 1000 else 0
    p2 = _pending_popcorn(stream, f2, POPCORN_SHARE_OF_ENDS) if abs(f2) > 1000 else 0
    for _ in range(total - settled - n_strings):
        end = int(uniform(stream) * (n_partons - 1))  # the last end, the spectator's, is left alone
        if end == 0:
            out[n], f0, p0 = split_off(stream, f0, p0)
        elif end == 1:
            out[n], f1, p1 = split_off(stream, f1, p1)
        else:
            out[n], f2, p2 = split_off(stream, f2, p2)
        n += 1
    if n_strings == 2 and rearranged:
        # the other pairing of triplets with antitriplets
        if _colour(f0) == _colour(f2):
            f1, f3 = f3, f1
        else:
            f1, f2 = f2, f1
    for s in range(n_strings):
        a = f0 if s == 0 else f2
        b = f1 if s == 0 else f3
        hadron = 0
        for _ in range(20):
            hadron = combine(stream, a, b)
            if hadron != 0:
                break
        if hadron == 0:
            return 0
        out[n] = hadron
        n += 1
    return n
