"""Lund strings, straight or with gluon kinks: hadrons from both ends inwards, joined in the middle.

Andersson, Gustafson, Ingelman, Sjöstrand, Phys. Rept. 97 (1983) 31; steering, joining and small systems as in
arXiv:2203.11601, sec. 7.1.
"""

import math

import numpy as np

from physics.hadronization.flavour import constituent_mass, is_diquark, join_flavours, new_hadron
from physics.hadronization.fragmentation import break_pt, draw_z
from physics.hadronization.hadrons import hadron_mass
from physics.hadronization.regions import dot, join_frame, step
from physics.jit import kernel
from physics.kinematics import two_body_momentum
from physics.random import isotropic_direction, uniform

_PAIR_TRIES = 1000
_FREE_TRIES = 2
"""Attempts with hadrons drawn as on a string; the lightest of their flavours are taken then (arXiv:2203.11601, 7.1.3,
``MiniStringFragmentation:nTry``)."""
_ALIGNED = 0.75
"""Momentum [GeV] from which two hadrons of a small string remember its direction (read off Pythia 8's; assumption)."""


@kernel
def set_hadron(pdg_out, p_out, n, pdg, px, py, pz, e):
    """Write hadron ``n``."""
    pdg_out[n] = pdg
    p_out[n, 0] = px
    p_out[n, 1] = py
    p_out[n, 2] = pz
    p_out[n, 3] = e


@kernel
def last_hadron(stream, tune, first, second):
    """Draw the hadron of what both chains left; 0 when these flavours make none."""
    if is_diquark(first) and is_diquark(second):
        return 0
    for _ in range(10):
        pdg = join_flavours(stream, tune, first, second)
        if pdg != 0:
            return pdg
    return 0


@kernel
def stop_mass(tune, end, other, new, u):
    """Remaining mass [GeV] below which the break next to ``end`` makes the last two hadrons; ``u`` smears it."""
    masses = tune.constituent_mass
    m = tune.stop_mass + constituent_mass(masses, other) + tune.stop_new_flavour * constituent_mass(masses, new)
    # around a popcorn meson the new diquark stands in the place of the old one, which is not counted again
    if not (is_diquark(end) and is_diquark(new)):
        m += constituent_mass(masses, end)
    return m * (1.0 + (2.0 * u - 1.0) * tune.stop_smear)


@kernel
def share_light_cone(stream, b, w2, mt2_plus, mt2_minus):
    """Light-cone fractions (x+, x−) of the forward one of two hadrons that share transverse mass² ``w2``.

    The hadron of the quark end is the forward one but for the probability 1/(1 + exp(b Δ)), Δ = √λ
    (arXiv:2203.11601, sec. 7.1.1).  Returns (−1, −1) when the masses do not fit.
    """
    w = math.sqrt(w2)
    if w <= math.sqrt(mt2_plus) + math.sqrt(mt2_minus):
        return -1.0, -1.0
    span = (w2 - mt2_plus - mt2_minus) ** 2 - 4.0 * mt2_plus * mt2_minus
    if span <= 0.0:
        return -1.0, -1.0
    span = math.sqrt(span)
    reverse = 1.0 / (1.0 + math.exp(min(b * span, 50.0)))
    shift = 0.5 * span / w2
    if uniform(stream) < reverse:
        shift = -shift
    mean = 0.5 * (1.0 + (mt2_plus - mt2_minus) / w2)
    return mean + shift, mean - shift


@kernel
def _lightest_mesons(tune, first, second, new):
    """Lightest mesons of the ends ``first`` and ``second``, a quark and an antiquark, with a pair ``new`` between."""
    if first > 0:
        return tune.lightest_meson[first, new], tune.lightest_meson[new, -second]
    return tune.lightest_meson[new, -first], tune.lightest_meson[second, new]


@kernel
def _lightest_pair(tune, first, second):
    """Smallest mass [GeV] of two mesons of the ends ``first`` and ``second``: with an up or down pair between."""
    least = np.inf
    for new in range(1, 3):
        pdg1, pdg2 = _lightest_mesons(tune, first, second, new)
        least = min(least, tune.mass[tune.hadron_row[abs(pdg1)]] + tune.mass[tune.hadron_row[abs(pdg2)]])
    return least


@kernel
def two_hadrons(stream, tune, first, second, mass, pdg_out, p_out, n0):
    """Let a small system of ``mass`` [GeV], at rest and with ``first`` along +z, make two hadrons.

    Hadrons too heavy for it are drawn anew, then the lightest of their flavours are taken.  Writes entries ``n0`` and
    ``n0 + 1``; returns 2, or −1 when none fit.  Charm below the threshold of two charmed mesons makes η_c π⁰, as in
    Pythia 8.
    """
    if abs(first) == 4 and first == -second and mass < 2.0 * tune.mass[tune.hadron_row[421]]:
        m1, m2 = tune.mass[tune.hadron_row[441]], tune.mass[tune.hadron_row[111]]
        p = two_body_momentum(mass, m1, m2)
        if p <= 0.0:
            return -1
        x, y, z = isotropic_direction(stream)
        set_hadron(pdg_out, p_out, n0, 441, p * x, p * y, p * z, math.sqrt(p * p + m1 * m1))
        set_hadron(pdg_out, p_out, n0 + 1, 111, -p * x, -p * y, -p * z, math.sqrt(p * p + m2 * m2))
        return 2
    mesonic = not is_diquark(first) and not is_diquark(second)
    if mesonic and mass <= _lightest_pair(tune, first, second):
        return -1
    for attempt in range(_PAIR_TRIES):
        if attempt >= _FREE_TRIES and mesonic:
            u = uniform(stream)
            new = 1 if u < tune.quark[0] else (2 if u < tune.quark[1] else 3)
            pdg1, pdg2 = _lightest_mesons(tune, first, second, new)
        else:
            pdg1, pdg2 = 0, 0
            while pdg2 == 0:
                new, pdg1, _ = new_hadron(stream, tune, first)
                if not (is_diquark(new) and is_diquark(second)):
                    pdg2 = join_flavours(stream, tune, -new, second)
        m1, m2 = hadron_mass(tune, pdg1, uniform(stream)), hadron_mass(tune, pdg2, uniform(stream))
        if m1 + m2 >= mass:
            continue
        p = two_body_momentum(mass, m1, m2)
        x, y, z = isotropic_direction(stream)
        if uniform(stream) > math.exp(-((p / _ALIGNED) ** 2)):
            kick_x, kick_y, _ = break_pt(stream, tune, uniform(stream))
            pt2 = kick_x * kick_x + kick_y * kick_y
            if pt2 < p * p:
                reverse = 1.0 / (1.0 + math.exp(min(2.0 * tune.b * mass * p, 50.0)))
                z = math.sqrt(1.0 - pt2 / (p * p)) * (-1.0 if uniform(stream) < reverse else 1.0)
                x, y = kick_x / p, kick_y / p
        set_hadron(pdg_out, p_out, n0, pdg1, p * x, p * y, p * z, math.sqrt(p * p + m1 * m1))
        set_hadron(pdg_out, p_out, n0 + 1, pdg2, -p * x, -p * y, -p * z, math.sqrt(p * p + m2 * m2))
        return 2
    return -1


@kernel
def fragment_sheet(stream, tune, sheet, regions, left, right, pdg_out, p_out, n0):
    """Fragment once the string of ``sheet`` (regions set, ends started) with the end flavours ``left`` and ``right``.

    Hadrons go to entries ``n0`` … in the frame of the partons; returns their number, or −1 on failure.
    """
    capacity = pdg_out.shape[0]
    n_left, n_right = 0, 0  # hadrons of the right end wait, reversed, at the end of the memory
    hadron, rest = sheet.scratch[0], sheet.rest
    while True:
        # one number chooses the side, the width of pT and the smearing of the stop
        u = 2.0 * uniform(stream)
        side = 0 if u < 1.0 else 1
        end, other = (left, right) if side == 0 else (right, left)
        new, pdg, shape = new_hadron(stream, tune, end)
        kick_x, kick_y, u = break_pt(stream, tune, u - side)
        m = hadron_mass(tune, pdg, shape)
        stop = stop_mass(tune, end, other, new, u)
        rest2 = dot(rest, rest)
        if rest[3] <= 0.0 or rest2 < stop * stop:
            break
        mt2 = m * m + (sheet.pt[side, 0] + kick_x) ** 2 + (sheet.pt[side, 1] + kick_y) ** 2
        z = draw_z(stream, tune, end, new, mt2)
        if not step(sheet, regions, side, z, m * m, kick_x, kick_y, hadron):
            return -1
        if n0 + n_left + n_right + 3 >= capacity:
            return -1
        if side == 0:
            left = -new
            i = n0 + n_left
            n_left += 1
        else:
            right = -new
            n_right += 1
            i = capacity - n_right
        set_hadron(pdg_out, p_out, i, pdg, hadron[0], hadron[1], hadron[2], hadron[3])
        for k in range(4):
            rest[k] -= hadron[k]
    if rest[3] <= 0.0 or rest2 <= 0.0:
        return -1

    first, second = (-new, right) if side == 0 else (left, -new)
    pdg_last = last_hadron(stream, tune, first, second)
    if pdg_last == 0:
        return -1
    m_last = hadron_mass(tune, pdg_last, uniform(stream))
    x_plus, x_minus, px, py = join_frame(sheet, regions)
    if x_plus <= 0.0 or x_minus <= 0.0:
        return -1
    # the ends' transverse momenta, and what the frame adds, shared evenly
    extra_x = 0.5 * (px - sheet.pt[0, 0] - sheet.pt[1, 0])
    extra_y = 0.5 * (py - sheet.pt[0, 1] - sheet.pt[1, 1])
    sign = 1.0 if side == 0 else -1.0
    px_left, py_left = sheet.pt[0, 0] + extra_x + sign * kick_x, sheet.pt[0, 1] + extra_y + sign * kick_y
    px_right, py_right = px - px_left, py - py_left
    pdg_left, m_left, pdg_right, m_right = (pdg, m, pdg_last, m_last) if side == 0 else (pdg_last, m_last, pdg, m)
    mt2_left = m_left * m_left + px_left * px_left + py_left * py_left
    mt2_right = m_right * m_right + px_right * px_right + py_right * py_right
    f_plus, f_minus = share_light_cone(stream, tune.b, rest2 + px * px + py * py, mt2_left, mt2_right)
    if f_plus < 0.0:
        return -1
    forward, backward, x_axis, y_axis = sheet.scratch[4], sheet.scratch[5], sheet.scratch[6], sheet.scratch[7]
    n = n0 + n_left
    pdg_out[n] = pdg_left
    pdg_out[n + 1] = pdg_right
    for k in range(4):
        p_out[n, k] = (
            f_plus * x_plus * forward[k] + f_minus * x_minus * backward[k] + px_left * x_axis[k] + py_left * y_axis[k]
        )
        p_out[n + 1, k] = rest[k] - p_out[n, k]
    n += 2
    for i in range(capacity - n_right, capacity):
        pdg_out[n] = pdg_out[i]
        for k in range(4):
            p_out[n, k] = p_out[i, k]
        n += 1
    return n - n0
