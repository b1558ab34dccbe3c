"""Isobar models of D_DALITZ: which resonances, how strong, in which pair (data; the amplitude is in dalitz.py).

Roles are numbered as in the key of a table; a pair (a, b) is the resonance a b recoiling against the third.  Masses
and widths in GeV, phases in degrees; amplitudes as in EvtGen's D_DALITZ, whose sources are quoted at each mode.
"""

from typing import NamedTuple

RELATIVISTIC, RELATIVISTIC_AB, SIMPLE, P_WAVE, FLATTE = range(5)
"""Forms of a term: Blatt–Weisskopf with the resonance's mass or with the pair's mass in the spin sum (CLEO,
hep-ex/0011065), non-relativistic with Legendre polynomial, Mark III P wave, coupled channels ππ and KK̄."""


class Isobar(NamedTuple):
    """One resonance in one pair."""

    a: int
    b: int
    size: float
    phase: float
    width: float
    mass: float
    spin: int
    form: int = RELATIVISTIC


class Model(NamedTuple):
    """Roles (PDG identities for the particle, 311 for any neutral kaon), non-resonant (size, phase), isobars."""

    roles: tuple[int, int, int]
    flat: tuple[float, float]
    isobars: tuple[Isobar, ...]


def _both(
    size: float, phase: float, width: float, mass: float, spin: int, form: int = RELATIVISTIC
) -> tuple[Isobar, Isobar]:
    """The resonance in the pairs (0, 1) and (2, 0) of two like particles 1 and 2, Bose symmetric."""
    sign = -1.0 if spin == 1 else 1.0
    return Isobar(0, 1, sign * size, phase, width, mass, spin, form), Isobar(2, 0, size, phase, width, mass, spin, form)


_H = 2**-0.5
_AB = RELATIVISTIC_AB

# CLEO-c, arXiv:0802.4214
_DP_KPIPI = Model(
    (-321, 211, 211),
    (7.4, 161.6),
    _both(_H, 0.0, 0.0503, 0.896, 1, _AB)
    + _both(3.0 * _H, -130.3, 0.164, 1.463, 0)
    + _both(0.96 * _H, 150.1, 0.109, 1.4324, 2, _AB)
    + _both(6.5 * _H, 29.0, 0.323, 1.717, 1, _AB)
    + _both(5.01 * _H, 16.3, 0.470, 0.809, 0),
)
# Mark III, Phys. Lett. B196 (1987) 107
_DP_K0PIPI0 = Model(
    (311, 211, 111),
    (0.9522, -106.37),
    (
        Isobar(1, 2, 1.0, 0.0, 0.1512, 0.7699, 1, P_WAVE),
        Isobar(2, 0, 0.8695, 41.20, 0.0498, 0.89159, 1, P_WAVE),
    ),
)
# CLEO, hep-ex/0207067 with the omission of doubly Cabibbo-suppressed D⁰ modes other than K*⁺
_D0_K0PIPI = Model(
    (311, -211, 211),
    (1.0, 0.0),
    (
        Isobar(0, 1, 1.418, -190.0, 0.0508, 0.89166, 1),
        Isobar(0, 1, 1.818, -337.0, 0.294, 1.412, 0),
        Isobar(0, 1, 0.909, -5.0, 0.0985, 1.4256, 2),
        Isobar(0, 1, 5.091, -166.0, 0.322, 1.717, 1),
        Isobar(0, 2, 0.100, -19.0, 0.0508, 0.89166, 1),
        Isobar(2, 1, 0.909, -340.0, 0.1502, 0.7693, 1),
        Isobar(2, 1, 0.0336, -226.0, 0.00844, 0.78257, 1),
        Isobar(2, 1, 0.309, -152.0, 0.05, 0.977, 0),
        Isobar(2, 1, 1.636, -255.0, 0.272, 1.31, 0),
        Isobar(2, 1, 0.636, -32.0, 0.1851, 1.2754, 2),
    ),
)
# CLEO, hep-ex/0011065
_D0_KPIPI0 = Model(
    (-321, 211, 111),
    (1.75, 31.2),
    (
        Isobar(1, 2, 1.0, 0.0, 0.1507, 0.770, 1),
        Isobar(0, 1, 0.39, -0.2, 0.0505, 0.8961, 1),
        Isobar(0, 2, 0.44, 163.0, 0.050, 0.8915, 1),
        Isobar(0, 2, 0.77, 55.5, 0.294, 1.412, 0),
        Isobar(0, 1, 0.85, 166.0, 0.294, 1.412, 0),
        Isobar(1, 2, 2.5, 171.0, 0.240, 1.700, 1),
        Isobar(0, 2, 2.5, 103.0, 0.322, 1.717, 1),
    ),
)
# BaBar, hep-ex/0207089
_D0_K0KK = Model(
    (311, 321, -321),
    (1.0, 0.0),
    (
        Isobar(1, 2, 113.75, -40.0, 0.0043, 1.019456, 1, SIMPLE),
        Isobar(1, 2, 152.25, 69.0, 0.1196, 0.9847, 0, SIMPLE),
        Isobar(1, 2, 30.5, -201.0, 0.05, 0.980, 0, SIMPLE),
        Isobar(0, 1, 85.75, -93.0, 0.1196, 0.9847, 0, SIMPLE),
        Isobar(2, 0, 8.0, -53.0, 0.1196, 0.9847, 0, SIMPLE),
    ),
)
# BaBar, arXiv:1011.4190
_DS_KKPI = Model(
    (-321, 321, 211),
    (0.0, 0.0),
    (
        Isobar(2, 0, 1.0, 0.0, 0.0455, 0.8944, 1, _AB),
        Isobar(2, 0, 1.48, 138.0, 0.290, 1.414, 0),
        Isobar(0, 1, 5.07, 156.0, 0.0, 0.965, 0, FLATTE),
        Isobar(0, 1, 1.15, -10.0, 0.00426, 1.019455, 1, _AB),
        Isobar(0, 1, 1.28, 53.0, 0.265, 1.350, 0),
        Isobar(0, 1, 1.19, 87.0, 0.137, 1.724, 0),
    ),
)
# CLEO, arXiv:0807.4545, fit A
_DP_KKPI = Model(
    (-321, 321, 211),
    (5.1, 53.0),
    (
        Isobar(2, 0, 1.0, 0.0, 0.0503, 0.8960, 1, _AB),
        Isobar(2, 0, 3.7, 73.0, 0.290, 1.414, 0),
        Isobar(0, 1, 1.189, 1.0, 0.00426, 1.019455, 1, _AB),
        Isobar(0, 1, 1.72, 123.0, 0.265, 1.474, 0),
        Isobar(0, 1, 1.9, 128.0, 0.15, 1.68, 1, _AB),
        Isobar(2, 0, 6.4, 150.0, 0.109, 1.4324, 2, _AB),
    ),
)
# FOCUS, Phys. Lett. B601 (2004) 10; sizes renormalised by EvtGen's authors
_DP_PIPIK = Model(
    (-211, 211, 321),
    (0.0, 0.0),
    (
        Isobar(0, 1, 1.0, 0.0, 0.149, 0.775, 1, _AB),
        Isobar(2, 0, 1.0971, -167.1, 0.0487, 0.896, 1, _AB),
        Isobar(0, 1, 0.4738, -134.5, 0.059, 0.972, 0),
        Isobar(2, 0, 2.2688, 54.4, 0.109, 1.432, 2, _AB),
    ),
)
_DS_PIPIK = Model(
    (-211, 211, 321),
    (3.98, 43.1),
    (
        Isobar(0, 1, 1.0, 0.0, 0.149, 0.775, 1, _AB),
        Isobar(2, 0, 0.7236, -18.3, 0.0487, 0.896, 1, _AB),
        Isobar(2, 0, 2.711, 145.2, 0.232, 1.414, 1, _AB),
        Isobar(2, 0, 1.7549, 59.3, 0.270, 1.425, 0),
        Isobar(0, 1, 7.0589, -151.7, 0.400, 1.465, 1, _AB),
    ),
)


def _three_pions(flat: tuple[float, float], *terms: tuple[float, float, float, float, int]) -> Model:
    isobars: tuple[Isobar, ...] = ()
    for size, phase, width, mass, spin in terms:
        form = _AB if spin else RELATIVISTIC
        first = Isobar(0, 1, size, phase, width, mass, spin, form)
        isobars += (first, Isobar(2, 0, -size if spin == 1 else size, phase, width, mass, spin, form))
    return Model((-211, 211, 211), flat, isobars)


# E791, Phys. Rev. Lett. 86 (2001) 770 and 765; sizes renormalised by EvtGen's authors
_DP_3PI = _three_pions(
    (-3.98, 57.3),
    (1.0, 0.0, 0.150, 0.769, 1),
    (2.2811, 205.7, 0.324, 0.478, 0),
    (0.4265, 165.0, 0.044, 0.977, 0),
    (2.0321, 57.3, 0.185, 1.275, 2),
    (0.7888, 105.4, 0.173, 1.434, 0),
    (0.7363, 319.1, 0.310, 1.465, 1),
)
_DS_3PI = _three_pions(
    (-0.723, 181.0),
    (0.288, 109.0, 0.150, 0.769, 1),
    (1.0, 0.0, 0.044, 0.977, 0),
    (1.075, 133.0, 0.185, 1.275, 2),
    (2.225, 198.0, 0.173, 1.434, 0),
    (1.107, 162.0, 0.310, 1.465, 1),
)
# BaBar, hep-ex/0703037
_D0_3PI = Model(
    (-211, 211, 111),
    (0.57, -11.0),
    (
        Isobar(1, 2, 1.0, 0.0, 0.149, 0.775, 1, _AB),
        Isobar(0, 1, 0.588, 16.2, 0.149, 0.775, 1, _AB),
        Isobar(2, 0, 0.714, -2.0, 0.149, 0.775, 1, _AB),
        Isobar(1, 2, 0.21, -146.0, 0.400, 1.465, 1, _AB),
        Isobar(0, 1, 0.33, 10.0, 0.400, 1.465, 1, _AB),
        Isobar(2, 0, 0.82, 16.0, 0.400, 1.465, 1, _AB),
        Isobar(1, 2, 2.25, -17.0, 0.250, 1.720, 1, _AB),
        Isobar(0, 1, 2.51, -17.0, 0.250, 1.720, 1, _AB),
        Isobar(2, 0, 2.00, -50.0, 0.250, 1.720, 1, _AB),
        Isobar(0, 1, 0.015, -59.0, 0.07, 0.980, 0),
        Isobar(0, 1, 0.063, 156.0, 0.350, 1.370, 0),
        Isobar(0, 1, 0.058, 12.0, 0.109, 1.505, 0),
        Isobar(0, 1, 0.112, 51.0, 0.135, 1.720, 0),
        Isobar(0, 1, 1.04, -171.0, 0.185, 1.275, 2, _AB),
        Isobar(0, 1, 0.069, 8.0, 0.600, 0.400, 0),
    ),
)

MODELS: dict[int, tuple[Model, ...]] = {
    411: (_DP_KPIPI, _DP_K0PIPI0, _DP_KKPI, _DP_PIPIK, _DP_3PI),
    421: (_D0_K0PIPI, _D0_KPIPI0, _D0_K0KK, _D0_3PI),
    431: (_DS_KKPI, _DS_PIPIK, _DS_3PI),
}
"""Models by mother (the particle)."""

# B⁰ → π⁺π⁻π⁰ through ρ's for BTO3PI_CP: equal moduli and no strong phases (assumption; 2.4e-5 of B⁰ decays)
B0_3PI = Model(
    (211, -211, 111),
    (0.0, 0.0),
    tuple(Isobar(a, b, 1.0, 0.0, 0.1491, 0.7753, 1, _AB) for a, b in ((0, 2), (2, 1), (1, 0))),
)
