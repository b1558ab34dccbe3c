"""e⁺e⁻ → Υ(4S) → BB̄: the energy of the pair and the direction of the B mesons."""

import math

from physics.beams import draw_collision
from physics.jit import kernel
from physics.kinematics import invariant_mass
from physics.random import uniform, unit_circle


@kernel
def draw_upsilon4s(stream, beams, m_b):
    """Draw one Υ(4S) above the BB̄ threshold: (px, py, pz, E, √s) [GeV] and its point (x, y, z) [cm].

    No line shape is folded in: the spread of √s measured with B pairs (5.62 MeV, arXiv:2405.18928; 5.4 MeV of the
    B energies, arXiv:2305.19116) is that of the pairs already, and basf2 does the same.
    """
    while True:
        px, py, pz, e, x, y, z = draw_collision(stream, beams)
        root_s = invariant_mass(px, py, pz, e)
        if root_s > 2.0 * m_b:
            return px, py, pz, e, root_s, x, y, z


@kernel
def draw_b_direction(stream):
    """Unit vector of one B in the Υ(4S) frame, z along the e⁻: dN/dcosθ* ∝ sin²θ* (spin 1 → two spin 0).

    (1 + cosθ)/2 has the density 6x(1 − x), that of the middle one of three uniform numbers.
    """
    u, v, w = uniform(stream), uniform(stream), uniform(stream)
    cos_theta = 2.0 * max(min(u, v), min(max(u, v), w)) - 1.0
    sin_theta = math.sqrt((1.0 - cos_theta) * (1.0 + cos_theta))
    cos_phi, sin_phi = unit_circle(uniform(stream))
    return sin_theta * cos_phi, sin_theta * sin_phi, cos_theta
