"""SuperKEKB: beam four-vectors with the crossing angle, energy spreads and the luminous region.

Laboratory frame: z along the solenoid towards the electron beam, x outward.  With the two beams at ±41.5 mrad to z
the boost is not along z: the whole four-vector is used everywhere.
"""

import math
from typing import Literal, NamedTuple

import numpy as np

from physics.jit import kernel
from physics.kinematics import boost_to_rest_frame, invariant_mass
from physics.random import normal

HER_ENERGY, LER_ENERGY = 7.004, 4.002
"""Energies [GeV] of e⁻ and e⁺ that give √s = 10.58 GeV (basf2 generators/scripts/beamparameters.py, 'Y4S')."""
HER_ANGLE, LER_ANGLE = 0.0415, math.pi - 0.0415
"""Angles [rad] to the z axis, both towards +x: crossing angle 83 mrad (same file; arXiv:2405.14625)."""
HER_SPREAD, LER_SPREAD = 5.13e-3, 2.375e-3
"""Gaussian energy spreads [GeV] (same file)."""
MEASURED_ROOT_S_SPREAD = 5.62e-3
"""Spread of √s [GeV] measured at the Υ(4S) (arXiv:2405.18928, Table 3); the design spreads give 4.99 MeV."""
OFF_RESONANCE_SHIFT = -0.060
"""Off-resonance data are taken 60 MeV below the Υ(4S) (arXiv:2104.12624)."""
ROOT_S = 10.57980
"""Mean √s [GeV] of the on-resonance data (arXiv:2405.18928, Table 3)."""

LUMINOUS_REGION = {
    "measured": (10e-4, 0.3e-4, 250e-4),  # arXiv:2108.03216, p. 5
    "design": (6.4e-4, 42e-7, 154e-4),  # product of the bunch shapes of basf2's beamparameters.py
}
"""Gaussian sizes (x, y, z) [cm] of the luminous region, centred at the origin."""

BeamEnergy = Literal["on-resonance", "off-resonance"]
LuminousRegion = Literal["measured", "design"]


class Beams(NamedTuple):
    """Constants of the machine for kernels; momenta in GeV, lengths in cm."""

    her: float  # e⁻ energy
    ler: float  # e⁺ energy
    her_spread: float
    ler_spread: float
    px: float  # nominal total momentum, laboratory frame
    py: float
    pz: float
    E: float
    root_s: float
    axis_x: float  # unit vector of the e⁻ in the c.m. frame reached by the pure boost
    axis_y: float
    axis_z: float
    size_x: float
    size_y: float
    size_z: float


@kernel
def total_momentum(her, ler):
    """Total (px, py, pz, E) [GeV] of massless beams of energies ``her`` (e⁻) and ``ler`` (e⁺)."""
    px = her * math.sin(HER_ANGLE) + ler * math.sin(LER_ANGLE)
    pz = her * math.cos(HER_ANGLE) + ler * math.cos(LER_ANGLE)
    return px, 0.0, pz, her + ler


def superkekb(
    beam: BeamEnergy = "on-resonance",
    luminous_region: LuminousRegion = "measured",
    spread: Literal["measured", "design"] = "measured",
) -> Beams:
    """Return the machine at a beam energy.

    √s is moved by scaling both beams by one factor (basf2 ``calculate_beamparameters``); the measured spread of
    √s likewise scales both design spreads.
    """
    px, py, pz, e = total_momentum(HER_ENERGY, LER_ENERGY)
    root_s = ROOT_S + (OFF_RESONANCE_SHIFT if beam == "off-resonance" else 0.0)
    scale = root_s / invariant_mass(px, py, pz, e)
    her, ler = scale * HER_ENERGY, scale * LER_ENERGY
    design = 0.5 * root_s * math.hypot(HER_SPREAD / HER_ENERGY, LER_SPREAD / LER_ENERGY)
    widen = MEASURED_ROOT_S_SPREAD / design if spread == "measured" else 1.0
    px, py, pz, e = total_momentum(her, ler)
    electron = boost_to_rest_frame(
        her * math.sin(HER_ANGLE), 0.0, her * math.cos(HER_ANGLE), her, px, py, pz, e, root_s
    )
    axis = np.array(electron[:3]) / electron[3]
    size = LUMINOUS_REGION[luminous_region]
    x, y, z = map(float, axis)
    return Beams(her, ler, widen * HER_SPREAD, widen * LER_SPREAD, px, py, pz, e, root_s, x, y, z, *size)


@kernel
def draw_collision(stream, beams):
    """Draw one collision: (px, py, pz, E) [GeV] of the e⁺e⁻ pair and its point (x, y, z) [cm]; t = 0."""
    her = beams.her + beams.her_spread * normal(stream)
    ler = beams.ler + beams.ler_spread * normal(stream)
    px, py, pz, e = total_momentum(her, ler)
    x = beams.size_x * normal(stream)
    y = beams.size_y * normal(stream)
    z = beams.size_z * normal(stream)
    return px, py, pz, e, x, y, z


@kernel
def from_beam_axis(x, y, z, beams):
    """Rotate a vector given with z along the e⁻ to the axes of the c.m. frame of the pure boost.

    The electron lies in the x–z plane, so the rotation is about y, as in basf2's ``PCmsLabTransform``.
    """
    c, s = beams.axis_z, beams.axis_x
    return c * x + s * z, y, -s * x + c * z
