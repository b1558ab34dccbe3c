"""Decays listed by their partons: how known daughters and quarks become a list of hadrons (EvtGen's ``PYTHIA n``).

The scheme of PYTHIA's particle decays (Sjöstrand, Mrenna, Skands, JHEP 05 (2006) 026, section 13.2.1; numbers from
the documentation "Particle Decays" and "Flavour Selection" of PYTHIA 8): the multiplicity is Poisson distributed,
hadrons are split off random quark ends until it is reached, the rest is phase space.
"""

import math

from numba import njit

from physics.random import poisson, uniform

# Flavour selection, PYTHIA 8 defaults and Belle II's tune (etaSup)
STRANGE_TO_UP = 0.217  # probStoUD
DIQUARK_TO_QUARK = 0.081  # probQQtoQ
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
MULTIPLICITY_SCALE = 0.7  # multRefMass [GeV]
MULTIPLICITY_SLOPE = 4.5  # multIncrease
MULTIPLICITY_SLOPE_WEAK = 2.0  # multIncreaseWeak, mode 23
MAX_MULTIPLICITY = 10

_IDEAL = 54.7356  # degree, angle of ideal mixing
_PS_STRANGE_ETA = math.sin(math.radians(THETA_PSEUDOSCALAR + _IDEAL)) ** 2  # ss̄ content of the η
_V_STRANGE_OMEGA = math.cos(math.radians(THETA_VECTOR + _IDEAL)) ** 2  # ss̄ content of the ω


@njit(cache=True, nogil=True)
def constituent_mass(code):
    """Constituent mass [GeV] of a quark (PYTHIA: 0.33, 0.5, 1.5, 4.8) or diquark (their sum)."""
    c = abs(code)
    if c > 1000:
        return constituent_mass_of_quark(c // 1000) + constituent_mass_of_quark((c // 100) % 10)
    return constituent_mass_of_quark(c)


@njit(cache=True, nogil=True)
def constituent_mass_of_quark(q):
    """Constituent mass [GeV] of one quark."""
    if q <= 2:
        return 0.33
    if q == 3:
        return 0.5
    if q == 4:
        return 1.5
    if q == 5:
        return 4.8
    return 0.0


@njit(cache=True, nogil=True)
def draw_light_quark(stream):
    """u, d or s with the strangeness suppression."""
    u = uniform(stream) * (2.0 + STRANGE_TO_UP)
    if u < 1.0:
        return 2
    return 1 if u < 2.0 else 3


@njit(cache=True, nogil=True)
def draw_diquark(stream):
    """Diquark code of a light pair: flavours and spin with the suppression factors."""
    while True:
        a = draw_light_quark(stream)
        b = draw_light_quark(stream)
        # strange diquarks are rarer than the product of quark rates
        if (a == 3 or b == 3) and uniform(stream) > STRANGE_DIQUARK:
            continue
        spin_one = uniform(stream) < 3.0 * SPIN_ONE_DIQUARK / (1.0 + 3.0 * SPIN_ONE_DIQUARK)
        if a == b and not spin_one:
            continue
        high, low = max(a, b), min(a, b)
        return 1000 * high + 100 * low + (3 if spin_one else 1)


@njit(cache=True, nogil=True)
def draw_partner(stream, flavour):
    """Flavour that joins ``flavour`` to a hadron; its opposite is the new end."""
    if abs(flavour) > 1000:
        q = draw_light_quark(stream)
        return q if flavour > 0 else -q
    if uniform(stream) < DIQUARK_TO_QUARK / (1.0 + DIQUARK_TO_QUARK):
        qq = draw_diquark(stream)
        return qq if flavour > 0 else -qq
    q = draw_light_quark(stream)
    return -q if flavour > 0 else q


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
        if quark == high:
            lambda_like = not spin_one
        else:
            lambda_like = uniform(stream) < (0.75 if spin_one else 0.25)
        if lambda_like:
            return 1000 * high + 100 * low + 10 * middle + 2
    return 1000 * high + 100 * middle + 10 * low + 2


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def pick_hadrons(stream, mode, mass_left, n_known, partons, n_partons, out):
    """Turn ``partons[:n_partons]`` (pairs of colour partners) into hadrons ``out``; returns their number or 0.

    ``mass_left`` [GeV] is the mother's mass less the known daughters' and the partons' constituent masses.  One
    attempt: the caller checks the masses and tries again, with another multiplicity.
    """
    n_strings = n_partons // 2
    lowest = max(2, n_known + n_strings)
    if mode >= 60:
        total = mode - 60
    else:
        if 40 <= mode <= 50:
            lowest = max(lowest, mode - 40)
        elif mode == 23:
            lowest = max(lowest, 3)
        slope = MULTIPLICITY_SLOPE_WEAK if mode == 23 else MULTIPLICITY_SLOPE
        mean = 0.5 * n_known + 0.25 * n_partons + slope * math.log(max(1.1, mass_left / MULTIPLICITY_SCALE))
        total = poisson(stream, mean)
        while total < lowest or total > MAX_MULTIPLICITY:
            total = poisson(stream, mean)
    f0, f1 = partons[0], partons[1]
    f2, f3 = 0, 0
    if n_strings == 2:
        f2, f3 = partons[2], partons[3]
        if uniform(stream) < COLOUR_REARRANGEMENT:
            f1, f3 = f3, f1
    n = 0
    for _ in range(total - n_known - n_strings):
        end = int(uniform(stream) * n_partons)
        flavour = f0 if end == 0 else (f1 if end == 1 else (f2 if end == 2 else f3))
        hadron = 0
        partner = 0
        while hadron == 0:
            partner = draw_partner(stream, flavour)
            hadron = combine(stream, flavour, partner)
        out[n] = hadron
        n += 1
        if end == 0:
            f0 = -partner
        elif end == 1:
            f1 = -partner
        elif end == 2:
            f2 = -partner
        else:
            f3 = -partner
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
