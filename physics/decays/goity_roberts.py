"""Non-resonant B → D(*)πℓν of Goity and Roberts, Phys. Rev. D51 (1995) 3459: heavy-quark and chiral symmetry.

Pole terms of B*, D* (not for Dπ, where D* → Dπ is another decay) and of the excited mesons with a soft pion; the
narrow and broad D** themselves are removed, as they have lines of their own (as EvtGen's GOITY_ROBERTS does).
Wave-function parameters and couplings: the paper's table I.
"""

import math
from collections.abc import Sequence

import numpy as np

from physics.decays.semileptonic import lepton_current
from physics.decays.species import CHARGED_LEPTONS, NEUTRINOS, Species, check_count, conjugated, numbers
from physics.jit import kernel
from physics.spin import polarisation_vector

_G, _F0 = 0.5, 0.093  # axial coupling; pion decay constant [GeV]
_ALPHA1, _ALPHA2, _ALPHA3 = -1.430, -0.140, 0.690
_BETA_S, _BETA_P, _BETA_D, _LAMBDA = 0.285, 0.280, 0.260, 0.750  # GeV
_B_SPLIT = complex(0.0460, -0.5e-5)  # GeV, M(B*) − M(B) − iΓ/2
_D_SPLIT = complex(0.1421, -0.3e-4)
_SPLIT1, _SPLIT2, _SPLIT3 = complex(0.392, -0.520), complex(0.709, -0.2025), complex(0.563, -0.0955)


@kernel
def _isgur_wise(w):
    """ξ(w) and the transition functions ξ₁, ρ₁, ρ₂ of harmonic-oscillator wave functions."""
    l2, s2, x = _LAMBDA * _LAMBDA, _BETA_S * _BETA_S, w * w - 1.0
    p2, d2 = s2 + _BETA_P * _BETA_P, s2 + _BETA_D * _BETA_D
    xi = math.exp(-l2 * x / (4.0 * s2))
    xi1 = -math.sqrt(2.0 / 3.0) * l2 * x / (4.0 * s2) * xi
    rho1 = math.sqrt(0.5) * _LAMBDA / _BETA_S * (2.0 * _BETA_S * _BETA_P / p2) ** 2.5 * math.exp(-l2 * x / (2.0 * p2))
    rho2 = math.sqrt(0.125) * l2 / s2 * (2.0 * _BETA_S * _BETA_D / d2) ** 3.5 * math.exp(-l2 * x / (2.0 * d2))
    return xi, xi1, rho1, rho2


@kernel
def goity_roberts(parameters, p, masses, spins2, amp):
    """Fill ``amp`` of B → D(*) π ℓ ν, any order of daughters."""
    mirror, sign = parameters[0], parameters[1]
    meson, pion, lepton, neutrino = int(parameters[2]), int(parameters[3]), int(parameters[4]), int(parameters[5])
    strides = (spins2[2] * spins2[3] * spins2[4], spins2[3] * spins2[4], spins2[4], 1)
    for k in range(strides[0] * spins2[1]):
        amp[k] = 0.0
    m = masses[meson + 1]
    ux, uy, uz, w = p[meson, 0] / m, p[meson, 1] / m, p[meson, 2] / m, p[meson, 3] / m
    x, y, z, e = p[pion, 0], p[pion, 1], p[pion, 2], p[pion, 3]
    pv, pu = e, e * w - x * ux - y * uy - z * uz  # π·v, π·v'
    xi, xi1, rho1, rho2 = _isgur_wise(w)
    b, t1, t2, t3 = 1.0 / (pv + _B_SPLIT), 1.0 / (pv + _SPLIT1), 1.0 / (pv + _SPLIT2), 1.0 / (pv + _SPLIT3)
    # v' × π
    cx, cy, cz = uy * z - uz * y, uz * x - ux * z, ux * y - uy * x
    half = 0.5 / _F0
    n_lepton = spins2[lepton + 1]
    for i in range(n_lepton):
        l = lepton_current(p, lepton, neutrino, sign, 1 - 2 * i, -1)
        l_v = l[0]
        l_u = w * l[0] - ux * l[1] - uy * l[2] - uz * l[3]
        l_pi = e * l[0] - x * l[1] - y * l[2] - z * l[3]
        if spins2[meson + 1] == 1:
            h = half * (_G * xi * b + _ALPHA2 * rho2 * (w - 1.0) / 3.0 * t2 + _ALPHA3 * xi1 * t3)
            a1 = -half * (
                _G * xi * (1.0 + w) * b + _ALPHA2 * rho2 * (w * w - 1.0) / 3.0 * t2 + _ALPHA3 * xi1 * (1.0 + w) * t3
            )
            a2 = half * (
                _G * xi * (pv + pu) * b
                + _ALPHA1 * rho1 * pv * t1
                + _ALPHA2 * rho2 * 2.0 / 3.0 * (0.5 * (w * pu - pv) + pu - w * pv) * t2
                + _ALPHA3 * xi1 * (pv + pu) * t3
            )
            a3 = -half * (_ALPHA1 * rho1 * pv * t1 + _ALPHA2 * rho2 * (pu - w * pv) * t2)
            cross = -(cx * l[1] + cy * l[2] + cz * l[3])
            amp[i * strides[lepton]] = complex(0.0, -mirror) * h * cross + a1 * l_pi + a2 * l_v + a3 * l_u
            continue
        d = 1.0 / (pu + _D_SPLIT)
        # coefficients with their powers of M and m taken out
        h1 = (
            2.0
            * half
            * (
                -_G * xi * pv * b
                - _ALPHA1 * rho1 * pv * t1
                + _ALPHA2 * rho2 / 3.0 * (pv + 2.0 * w * pv - pu) * t2
                - _ALPHA3 * xi1 * pv * t3
            )
        )
        h2 = 2.0 * half * (-_G * xi * b - _ALPHA2 * (1.0 + w) * rho2 / 3.0 * t2 - _ALPHA3 * xi1 * t3)
        h3 = 2.0 * half * (-_G * xi * (b - (1.0 + w) / pu) + _ALPHA2 * rho2 * (1.0 + w) / 3.0 * t2 - _ALPHA3 * xi1 * t3)
        f1 = half * (-_G * xi * (b - d) - _ALPHA2 * rho2 * (w - 1.0) / 3.0 * t2 - _ALPHA3 * xi1 * t3)
        f5 = half * (
            _G * xi * (1.0 + pv * b)
            + _ALPHA1 * rho1 * pv * t1
            + _ALPHA2 * rho2 * (pu - pv / 3.0 - 2.0 / 3.0 * w * pv) * t2
            + _ALPHA3 * xi1 * pv * t3
        )
        f6 = half * (_G * xi * (b - 1.0 / pu) + _ALPHA2 * rho2 * (w - 1.0) / 3.0 * t2 + _ALPHA3 * xi1 * t3)
        kk = half * (
            _G * xi * ((pu - w * pv) * b + (pv - w * pu) / pu)
            - _ALPHA1 * rho1 * (w - 1.0) * pv * t1
            - _ALPHA2 * rho2 * (w - 1.0) * (pu - w * pv) * 2.0 / 3.0 * t2
            + _ALPHA3 * xi1 * (pu - w * pv) * t3
        )
        g4 = 2.0 * half * (_G * xi / pu + 2.0 / 3.0 * _ALPHA2 * rho2 * t2)
        # w π − e v' : the time-space part of the plane (v', π)
        qx, qy, qz = w * x - e * ux, w * y - e * uy, w * z - e * uz
        for j in range(3):
            s = polarisation_vector(p[meson, 0], p[meson, 1], p[meson, 2], p[meson, 3], m, 1 - j)
            et, ex, ey, ez = s[0].conjugate(), s[1].conjugate(), s[2].conjugate(), s[3].conjugate()
            pi_e = e * et - x * ex - y * ey - z * ez
            along = cx * ex + cy * ey + cz * ez  # (v' × π)·ε
            # spatial parts of the three dual tensors times ε: −ε × c with c = v', π, (wπ − e v')
            tx = -(h1 * (ey * uz - ez * uy) + h2 * (ey * z - ez * y) + h3 * (ey * qz - ez * qy - cx * et))
            ty = -(h1 * (ez * ux - ex * uz) + h2 * (ez * x - ex * z) + h3 * (ez * qx - ex * qz - cy * et))
            tz = -(h1 * (ex * uy - ey * ux) + h2 * (ex * y - ey * x) + h3 * (ex * qy - ey * qx - cz * et))
            dual = h3 * along * l[0] - tx * l[1] - ty * l[2] - tz * l[3]
            l_e = et * l[0] - ex * l[1] - ey * l[2] - ez * l[3]
            amp[j * strides[meson] + i * strides[lepton]] = (
                complex(0.0, 0.5 * mirror) * (dual - g4 * along * l_u)
                + f1 * pi_e * (l_v + l_u)
                + et * (f5 * l_u + f6 * l_pi)
                + kk * l_e
            )


def prepare_goity_roberts(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return ``[mirror, lepton sign, positions of D, π, ℓ, ν]``; raises ValueError on wrong daughters."""
    check_count(model, numbers(model, args), [0])
    flavours = [abs(d.pdg) for d in daughters]
    charm = [i for i, f in enumerate(flavours) if f in (411, 421, 413, 423)]
    pions = [i for i, f in enumerate(flavours) if f in (111, 211)]
    leptons = [i for i, f in enumerate(flavours) if f in CHARGED_LEPTONS]
    neutrinos = [i for i, f in enumerate(flavours) if f in NEUTRINOS]
    if len(daughters) != 4 or not len(charm) == len(pions) == len(leptons) == len(neutrinos) == 1:
        message = f"{model} needs the daughters D or D*, pion, lepton and neutrino; correct the line of {mother.pdg}."
        raise ValueError(message)
    mirror = -1.0 if conjugated(mother) else 1.0
    sign = 1.0 if daughters[leptons[0]].pdg > 0 else -1.0
    return np.array([mirror, sign, charm[0], pions[0], leptons[0], neutrinos[0]])
