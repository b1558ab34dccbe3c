"""The ISGW2 quark model of semileptonic form factors (Scora and Isgur, Phys. Rev. D52 (1995) 2783).

Quark masses, β² [GeV²] and hyperfine-averaged masses [GeV] are the paper's (tables II, III and appendix) with the
extensions to D_s → light and B_s → charm that EvtGen's ISGW2 made.  Conventions of the returned functions as in
:mod:`physics.form_factors.b_to_charm`; functions take q² as an array, at nominal meson masses.
"""

import math
from dataclasses import dataclass

import numpy as np

FormFactors = tuple[np.ndarray, ...]

SCALAR_STATES, VECTOR_STATES, TENSOR_STATES = ("1S0", "2S0", "3P0"), ("3S1", "2S1", "1P1", "3P1"), ("3P2",)


@dataclass(frozen=True)
class _Parent:
    quark: float  # mass of the decaying quark
    spectator: float
    beta: float
    average: float  # hyperfine-averaged meson mass
    radial_average: float  # the same in transitions to 2S
    flavours: float


@dataclass(frozen=True)
class _Daughter:
    quark: float
    beta: float
    average: float
    flavours: float
    relativistic: float = 1.0  # C_f of the ³S₁ states


_PARENTS = {
    "B": _Parent(5.2, 0.33, 0.431, 5.31, 0.75 * 5.325 + 0.25 * 5.279, 4.0),
    "D": _Parent(1.82, 0.33, 0.45, 1.963, 1.963, 3.0),
    "Ds": _Parent(1.82, 0.55, 0.56, 1.968, 1.968, 3.0),
    "Bs": _Parent(5.2, 0.55, 0.54, 5.38, 5.38, 4.0),
}
_LIGHT_1S, _STRANGE_1S, _CHARM_1S = (
    0.75 * 0.770 + 0.25 * 0.14,
    0.75 * 0.892 + 0.25 * 0.49767,
    0.75 * 2.01 + 0.25 * 1.87,
)
_LIGHT_P = (3 * 1.23 + 0.98 + 5 * 1.32 + 3 * 1.26) / 12
_LIGHT_1P1 = (3 * 1.123 + 0.98 + 5 * 1.32 + 3 * 1.26) / 12
_STRANGE_P = (3 * 1.40 + 1.43 + 5 * 1.43 + 3 * 1.27) / 12
_STRANGE_1P1 = (3 * 1.27 + 1.43 + 5 * 1.43 + 3 * 1.4) / 12
_CHARM_BROAD, _CHARM_NARROW = (3 * 2.49 + 2.40) / 4, (5 * 2.46 + 3 * 2.42) / 8
_LIGHT_2S, _CHARM_2S = 0.75 * 1.45 + 0.25 * 1.300, 0.75 * 2.64 + 0.25 * 2.58
_DS_BROAD, _DS_NARROW, _DS_1S = (3 * 2.54 + 2.46) / 4, (5 * 2.61 + 3 * 2.54) / 8, 0.75 * 2.11 + 0.25 * 1.97

# (parent, flavour of the daughter's new quark, state)
_DAUGHTERS: dict[tuple[str, str, str], _Daughter] = {
    ("B", "light", "1S0"): _Daughter(0.33, 0.406, _LIGHT_1S, 0),
    ("B", "charm", "1S0"): _Daughter(1.82, 0.45, _CHARM_1S, 3),
    ("B", "light", "2S0"): _Daughter(0.33, 0.406, _LIGHT_2S, 0),
    ("B", "charm", "2S0"): _Daughter(1.82, 0.45, _CHARM_2S, 3),
    ("B", "light", "3S1"): _Daughter(0.33, 0.299, _LIGHT_1S, 0, 0.905),
    ("B", "charm", "3S1"): _Daughter(1.82, 0.38, _CHARM_1S, 3, 0.989),
    ("B", "light", "2S1"): _Daughter(0.33, 0.299, _LIGHT_2S, 0, 0.776),
    ("B", "charm", "2S1"): _Daughter(1.82, 0.38, _CHARM_2S, 3, 0.929),
    ("B", "light", "1P1"): _Daughter(0.33, 0.275, _LIGHT_1P1, 0),
    ("B", "charm", "1P1"): _Daughter(1.82, 0.33, _CHARM_NARROW, 3),
    ("B", "light", "3P1"): _Daughter(0.33, 0.275, _LIGHT_P, 0),
    ("B", "charm", "3P1"): _Daughter(1.82, 0.33, _CHARM_BROAD, 3),
    ("B", "light", "3P0"): _Daughter(0.33, 0.275, _LIGHT_P, 0),
    ("B", "charm", "3P0"): _Daughter(1.82, 0.33, _CHARM_BROAD, 3),
    ("B", "light", "3P2"): _Daughter(0.33, 0.275, _LIGHT_P, 0),
    ("B", "charm", "3P2"): _Daughter(1.82, 0.33, _CHARM_NARROW, 3),
    ("D", "light", "1S0"): _Daughter(0.33, 0.406, _LIGHT_1S, 0),
    ("D", "strange", "1S0"): _Daughter(0.55, 0.44, _STRANGE_1S, 2),
    ("D", "light", "2S0"): _Daughter(0.33, 0.406, _LIGHT_2S, 0),
    ("D", "light", "3S1"): _Daughter(0.33, 0.299, _LIGHT_1S, 0, 0.889),
    ("D", "strange", "3S1"): _Daughter(0.55, 0.33, 0.75 * 0.892 + 0.25 * 0.494, 2, 0.928),
    ("D", "light", "2S1"): _Daughter(0.33, 0.299, _LIGHT_2S, 0, 0.74),
    ("D", "light", "1P1"): _Daughter(0.33, 0.275, _LIGHT_1P1, 0),
    ("D", "strange", "1P1"): _Daughter(0.55, 0.30, _STRANGE_1P1, 2),
    ("D", "light", "3P1"): _Daughter(0.33, 0.275, _LIGHT_P, 0),
    ("D", "strange", "3P1"): _Daughter(0.55, 0.30, _STRANGE_P, 2),
    ("D", "light", "3P0"): _Daughter(0.33, 0.275, _LIGHT_P, 0),
    ("D", "strange", "3P0"): _Daughter(0.55, 0.30, _STRANGE_P, 2),
    ("D", "light", "3P2"): _Daughter(0.33, 0.275, _LIGHT_P, 0),
    ("D", "strange", "3P2"): _Daughter(0.55, 0.30, _STRANGE_P, 2),
    ("Ds", "strange", "1S0"): _Daughter(0.33, 0.44, _LIGHT_1S, 0),  # K⁰: c → d with a strange spectator
    ("Ds", "light", "1S0"): _Daughter(0.33, 0.53, _STRANGE_1S, 0),  # η, η': EvtGen's numbers
    ("Ds", "strange", "3S1"): _Daughter(0.55, 0.33, 0.87, 2, 0.8731),
    ("Ds", "light", "3S1"): _Daughter(0.55, 0.37, 0.97, 2, 0.911),  # φ
    ("Ds", "light", "3P0"): _Daughter(0.55, 0.33, _STRANGE_P, 2),
    ("Ds", "strange", "3P0"): _Daughter(0.33, 0.30, _LIGHT_P, 0),
    ("Bs", "charm", "1S0"): _Daughter(1.82, 0.56, _DS_1S, 3),
    ("Bs", "strange", "1S0"): _Daughter(0.55, 0.44, _STRANGE_1S, 2),
    ("Bs", "charm", "3S1"): _Daughter(1.82, 0.49, _DS_1S, 3, 0.984),
    ("Bs", "strange", "3S1"): _Daughter(0.55, 0.33, 0.75 * 0.892 + 0.25 * 0.494, 2, 0.928),
    ("Bs", "charm", "1P1"): _Daughter(1.82, 0.41, _DS_NARROW, 3),
    ("Bs", "strange", "1P1"): _Daughter(0.55, 0.30, _STRANGE_1P1, 2),
    ("Bs", "charm", "3P1"): _Daughter(1.82, 0.41, _DS_BROAD, 3),
    ("Bs", "strange", "3P1"): _Daughter(0.55, 0.30, _STRANGE_P, 2),
    ("Bs", "charm", "3P0"): _Daughter(1.82, 0.41, _DS_BROAD, 3),
    ("Bs", "strange", "3P0"): _Daughter(0.55, 0.30, _STRANGE_P, 2),
    ("Bs", "charm", "3P2"): _Daughter(1.82, 0.41, _DS_NARROW, 3),
    ("Bs", "strange", "3P2"): _Daughter(0.55, 0.30, _STRANGE_P, 2),
}


def classify(parent_pdg: int, daughter_pdg: int) -> tuple[str, str, str]:
    """Return (parent, flavour, state) of a transition; raises ValueError for one that ISGW2 does not know."""
    parents = {521: "B", 511: "B", 531: "Bs", 411: "D", 421: "D", 431: "Ds"}
    pdg = abs(daughter_pdg)
    spin, radial, orbital = pdg % 10, (pdg // 100000) % 10, (pdg // 10000) % 10
    quarks = (pdg // 10) % 10, (pdg // 100) % 10
    if pdg in (9000111, 9000211, 9010221, 9000221):  # a₀(980), f₀(980), f₀(500), as EvtGen reads a_0 and f_0
        state = "3P0"
    elif pdg in (130, 310):
        spin, state, quarks = 1, "1S0", (3, 1)
    elif spin == 1:
        state = "3P0" if orbital else ("2S0" if radial else "1S0")
    elif spin == 3:
        state = {1: "1P1", 2: "3P1"}.get(orbital, "2S1" if radial else "3S1")
    else:
        state = "3P2"
    flavour = (
        "charm" if 4 in quarks else ("strange" if 3 in quarks and pdg not in (331, 333, 335, 10333, 20333) else "light")
    )
    key = (parents.get(abs(parent_pdg), "?"), flavour, state)
    if key not in _DAUGHTERS:
        message = f"ISGW2 has no form factors for {parent_pdg} to {daughter_pdg}; choose another model."
        raise ValueError(message)
    return key


def _alpha_s(quark: float, scale: float) -> float:
    if scale <= 0.6:
        return 0.6
    return 12 * math.pi / (33 - 2 * (3 if quark < 1.85 else 4)) / math.log(scale**2 / 0.04)


class Isgw2:
    """Form factors of one transition; call with q² [GeV²] (array) to get them."""

    def __init__(self, parent_pdg: int, daughter_pdg: int, m_parent: float, m_daughter: float) -> None:
        key = classify(parent_pdg, daughter_pdg)
        self.state = key[2]
        p, d = _PARENTS[key[0]], _DAUGHTERS[key]
        self.m_parent, self.m_daughter = m_parent, m_daughter
        self.mb, self.mq, self.md = p.quark, d.quark, p.spectator
        self.flavours, self.cf = p.flavours, d.relativistic
        self.bb2, self.bx2 = p.beta**2, d.beta**2
        self.bbx2 = 0.5 * (self.bb2 + self.bx2)
        self.mbb = p.radial_average if self.state in ("2S0", "2S1") else p.average
        self.mbx = d.average
        self.mtb, self.mtx = p.quark + p.spectator, d.quark + p.spectator
        self.mu_plus = 1 / (1 / d.quark + 1 / p.quark)
        self.mu_minus = 1 / (1 / d.quark - 1 / p.quark)
        self.r2 = (
            3 / (4 * self.mb * self.mq)
            + 3 * self.md**2 / (2 * self.mbb * self.mbx * self.bbx2)
            + 16 / (self.mbb * self.mbx * (33 - 2 * d.flavours)) * math.log(0.6 / _alpha_s(self.mq, self.mq))
        )

    def __call__(self, q2: np.ndarray) -> FormFactors:
        """Return (f₊, f₀), (V, A₁, A₂, A₀) or (h, k, b₊, b₋)."""
        tau = np.maximum((self.m_parent - self.m_daughter) ** 2 - q2, 0.0)
        w = 1 + tau / (2 * self.mbb * self.mbx)
        values: FormFactors = getattr(self, f"_{self.state.lower()}")(tau, w)
        if self.state in TENSOR_STATES:
            return values
        total, mx = self.m_parent + self.m_daughter, self.m_daughter
        if self.state in SCALAR_STATES:
            plus, minus = values
            return plus, plus + minus * q2 / (self.m_parent**2 - mx**2)
        f, g, a_plus, a_minus = values
        a1, a2 = f / total, -a_plus * total
        a3 = total / (2 * mx) * a1 - (self.m_parent - mx) / (2 * mx) * a2
        return g * total, a1, a2, a3 + q2 * a_minus / (2 * mx)

    def _scale(self, tau: np.ndarray, n: int, divisor: float, power: int) -> np.ndarray:
        """F_n without its factors of hyperfine-averaged masses."""
        overlap = (math.sqrt(self.bx2 * self.bb2) / self.bbx2) ** (n / 2)
        return np.asarray(math.sqrt(self.mtx / self.mtb) * overlap / (1 + self.r2 * tau / divisor) ** power)

    def _masses(self, b: float, x: float) -> float:
        return float((self.mbb / self.mtb) ** b * (self.mbx / self.mtx) ** x)

    def _matching(self) -> tuple[float, float, float]:
        """Return C_ji, γ_ji and χ_ji of the matching to heavy-quark effective theory."""
        c = (_alpha_s(self.mb, self.mb) / _alpha_s(self.mq, self.mq)) ** (-6 / (33 - 2 * self.flavours))
        z = self.mq / self.mb
        gamma = -(2 + 2 * z / (1 - z) * math.log(z))
        return c, gamma, -1 - gamma / (1 - z)

    def _1s0(self, tau: np.ndarray, _w: np.ndarray) -> FormFactors:
        c, gamma, chi = self._matching()
        f3 = self._scale(tau, 3, 12, 2)
        alpha = _alpha_s(self.mq, math.sqrt(self.mb * self.mq)) / math.pi
        inner = 1 - self.md * self.mq * self.bb2 / (2 * self.mu_plus * self.mtx * self.bbx2)
        total = (
            f3 * self._masses(-0.5, 0.5) * c * (1 + (gamma - 2 / 3 * chi) * alpha) * (2 - self.mtx / self.mq * inner)
        )
        difference = f3 * self._masses(0.5, -0.5) * c * (1 + (gamma + 2 / 3 * chi) * alpha) * self.mtb / self.mq * inner
        return (total + difference) / 2, (total - difference) / 2

    def _2s0(self, tau: np.ndarray, w: np.ndarray) -> FormFactors:
        f3 = self._scale(tau, 3, 24, 4)
        t = self.md**2 * self.bx2 * (w - 1) / (self.bb2 * self.bbx2)
        u = (self.bb2 - self.bx2) / (2 * self.bbx2) + self.bb2 * t / (3 * self.bbx2)
        v = self.bb2 * (1 + self.mq / self.mb) / (6 * self.bbx2) * (7 - self.bb2 / self.bbx2 * (5 + t))
        ratio = self.md / self.mq
        total = f3 * self._masses(-0.5, 0.5) * math.sqrt(1.5) * ((1 - ratio) * u - ratio * v)
        difference = f3 * self._masses(0.5, -0.5) * math.sqrt(1.5) * self.mtb / self.mq * (u + self.md * v / self.mtx)
        return (total + difference) / 2, (total - difference) / 2

    def _3s1(self, tau: np.ndarray, w: np.ndarray) -> FormFactors:
        c, gamma, chi = self._matching()
        z, alpha = self.mq / self.mb, _alpha_s(self.mq, math.sqrt(self.m_parent * self.mq)) / math.pi
        skew = 4 / (3 * (1 - z)) + 2 * (1 + z) * gamma / (3 * (1 - z) ** 2)
        f3 = self._scale(tau, 3, 12, 2)
        md, mq, mb, mtb, mtx = self.md, self.mq, self.mb, self.mtb, self.mtx
        recoil = 1 - md * self.bx2 / (2 * mtb * self.bbx2)
        f = self.cf * mtb * (1 + w + md * (w - 1) / (2 * self.mu_plus)) * f3 * self._masses(0.5, 0.5)
        f = f * c * (1 + (gamma - 2 / 3) * alpha)
        g = 0.5 * (1 / mq - md * self.bb2 / (2 * self.mu_minus * mtx * self.bbx2)) * f3 * self._masses(-0.5, -0.5)
        g = g * c * (1 + (gamma + 2 / 3) * alpha)
        spin = md * self.bx2 * recoil / ((1 + w) * mq * mb * self.bbx2)
        total = c * (spin - (skew - 1 - chi) * alpha / mtb) * f3 * self._masses(-1.5, 0.5)
        difference = -(mtb / mb - md * self.bx2 / (2 * self.mu_plus * self.bbx2) + w * mtb * spin)
        difference = difference * f3 * self._masses(-0.5, -0.5) * c * (1 + (1 / 3 - chi - skew + gamma) * alpha) / mtx
        return f, g, (total + difference) / 2, (total - difference) / 2

    def _2s1(self, tau: np.ndarray, w: np.ndarray) -> FormFactors:
        f3 = self._scale(tau, 3, 24, 4)
        md, mq, mb, mtb, mtx = self.md, self.mq, self.mb, self.mtb, self.mtx
        bb2, bx2, bbx2 = self.bb2, self.bx2, self.bbx2
        t = md**2 * bx2 * (w - 1) / (bb2 * bbx2)
        u = (bb2 - bx2) / (2 * bbx2) + bb2 * t / (3 * bbx2)
        f = self.cf * math.sqrt(1.5) * mtb * (1 + w) * u * f3 * self._masses(0.5, 0.5)
        g = math.sqrt(3 / 8) * f3 * self._masses(-0.5, -0.5)
        g = g * (
            (1 / mq - md * bb2 / (2 * self.mu_minus * mtx * bbx2)) * u
            + md * bb2 * bx2 / (3 * self.mu_minus * mtx * bbx2**2)
        )
        total = f3 * self._masses(-1.5, 0.5) * math.sqrt(2 / 3) * bb2 / (mq * mb * bbx2)
        total = total * (
            -7 * md**2 * bx2**2 * (1 + t / 7) / (8 * mtb * bbx2**2)
            + 5 * md * bx2 * (1 + t / 5) / (4 * bbx2)
            + 3 * md**2 * bx2**2 / (8 * mtb * bb2 * bbx2)
            - 3 * md * bx2 / (4 * bb2)
        )
        difference = f3 * self._masses(-0.5, -0.5) * math.sqrt(1.5) * mtb / (mb * mtx)
        difference = difference * (
            1
            - bb2 * (1 + t / 7) / bbx2
            - md * bx2 * (1 - 5 * bb2 * (1 + t / 5) / (3 * bbx2)) / (2 * mtb * bbx2)
            - 7 * md**2 * bb2 * bx2 / (12 * mq * mtb * bbx2**2) * (1 - bx2 / bbx2 + bb2 * t / (7 * bbx2))
        )
        return f, g, (total + difference) / 2, (total - difference) / 2

    def _1p1(self, tau: np.ndarray, w: np.ndarray) -> FormFactors:
        """¹P₁ for equal quark masses, else the j = 3/2 state of heavy-quark symmetry; (r, v, s₊, s₋)."""
        f5 = self._scale(tau, 5, 18, 3)
        md, mq, mb, mtb, mtx = self.md, self.mq, self.mb, self.mtb, self.mtx
        bb2, bbx2 = self.bb2, self.bbx2
        beta = math.sqrt(bb2)
        if mq == md:
            v = mtb * beta / (4 * math.sqrt(2) * mb * mq * mtx) + (w - 1) * md / (6 * math.sqrt(2) * beta * mtx)
            r = mtb * beta / math.sqrt(2) * (1 / self.mu_plus + md * mtx * (w - 1) ** 2 / (3 * mq * bb2))
            total = md / (math.sqrt(2) * beta * mtb) * (1 - md / mq + md * bb2 / (2 * self.mu_plus * bbx2))
            difference = (
                md / (math.sqrt(2) * beta * mq) * ((4 - w) / 3 - md * mq * bb2 / (2 * mtx * self.mu_plus * bbx2))
            )
        else:
            mixed = 1 / (2 * self.mu_minus) - 1 / self.mu_plus
            v = -md / (2 * math.sqrt(3) * beta * mtx) * ((w + 1) / 2 + bb2 * mtb / (2 * md * mq * mb))
            inner = (w + 1) / (2 * mq) - md * bb2 / (2 * self.mu_minus * mtx * bbx2)
            r = -2 * mtb * beta / math.sqrt(3) * (1 / mq + mtx * md * (w - 1) / (2 * bb2) * inner)
            total = -math.sqrt(3) * md / (2 * beta * mtb) * (1 - md / (3 * mq) - md * bb2 / (3 * bbx2) * mixed)
            difference = -md / (2 * math.sqrt(3) * beta * mtx) * ((2 - w) * mtx / mq + md * bb2 / bbx2 * mixed)
        return self._p_wave_vector(f5, r, v, total, difference)

    def _3p1(self, tau: np.ndarray, w: np.ndarray) -> FormFactors:
        """³P₁ for equal quark masses, else the j = ½ state of heavy-quark symmetry; (l, q, c₊, c₋)."""
        f5 = self._scale(tau, 5, 18, 3)
        md, mq, mb, mtb, mtx = self.md, self.mq, self.mb, self.mtb, self.mtx
        bb2, bx2, bbx2 = self.bb2, self.bx2, self.bbx2
        beta = math.sqrt(bb2)
        shift = md * bb2 / (2 * self.mu_minus * mtx * bbx2)
        if mq == md:
            q = -md * (5 + w) / (12 * mtx * beta)
            l = -mtb * beta * (1 / self.mu_minus + md * mtx * (w - 1) / bb2 * ((5 + w) / (6 * mq) - shift))
            total = -md * mtx / (2 * mq * mtb * beta) * (1 - mq * shift)
            difference = md * mtx / (2 * mq * mtb * beta) * ((w + 2) / 3 - mq * shift) * mtb / mtx
        else:
            q = np.ones_like(w) * md / (math.sqrt(6) * beta * mtx) * (1 - bb2 * mtb / (4 * md * mq * mb))
            l = 1 / (2 * mq) - 3 / (2 * mb) + md * mtx * (w - 1) / bb2 * (1 / mq - shift)
            l = math.sqrt(2 / 3) * mtb * beta * l
            total = md**2 * bx2 / (math.sqrt(6) * mtb * mq * beta * bbx2)
            difference = -np.ones_like(w) * math.sqrt(2 / 3) * md / (beta * mtx) * (1 + md * bx2 / (2 * mq * bbx2))
        return self._p_wave_vector(f5, l, q, total, difference)

    def _p_wave_vector(
        self, f5: np.ndarray, f: np.ndarray, g: np.ndarray, total: float | np.ndarray, difference: np.ndarray
    ) -> FormFactors:
        total = total * f5 * self._masses(-1.5, 0.5)
        difference = difference * f5 * self._masses(-0.5, -0.5)
        f, g = f * f5 * self._masses(0.5, 0.5), g * f5 * self._masses(-0.5, -0.5)
        return f, g, (total + difference) / 2, (total - difference) / 2

    def _3p0(self, tau: np.ndarray, _w: np.ndarray) -> FormFactors:
        f5 = self._scale(tau, 5, 18, 3)
        size = math.sqrt(2 / (3 * self.bb2)) * self.md
        total = -f5 * self._masses(-0.5, 0.5) * size
        difference = f5 * self._masses(0.5, -0.5) * size * self.mtb / self.mtx
        return (total + difference) / 2, (total - difference) / 2

    def _3p2(self, tau: np.ndarray, w: np.ndarray) -> FormFactors:
        f5 = self._scale(tau, 5, 18, 3)
        md, mq, mb, mtb, mtx = self.md, self.mq, self.mb, self.mtb, self.mtx
        bb2, bx2, bbx2 = self.bb2, self.bx2, self.bbx2
        beta = math.sqrt(bb2)
        recoil = 1 - md * bx2 / (2 * mtb * bbx2)
        h = f5 * self._masses(-1.5, -0.5) * md / (math.sqrt(8) * beta * mtb)
        h = h * (1 / mq - md * bb2 / (2 * self.mu_minus * mtx * bbx2))
        k = f5 * self._masses(-0.5, 0.5) * md / (math.sqrt(2) * beta) * (1 + w)
        total = f5 * self._masses(-2.5, 0.5) * md**2 * bx2 / (math.sqrt(32) * beta * mq * mb * mtb * bbx2) * recoil
        difference = -f5 * self._masses(-1.5, -0.5) * md / (math.sqrt(2) * beta * mb * mtx)
        difference = difference * (
            1 - md * mb * bx2 / (2 * self.mu_plus * mtb * bbx2) + md * bx2 * recoil / (4 * mq * bbx2)
        )
        return h, k, (total + difference) / 2, (total - difference) / 2
