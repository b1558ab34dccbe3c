"""The K_L and muon detector: how deep particles go into the iron, and the clusters they leave.

Muons range out (Bethe range in crystals, coil and iron); hadrons interact on the way with the interaction lengths of
the materials, so punch-through is what has not interacted yet plus the tail of the shower; K_L and neutrons appear
where they interact.  The field bends tracks up to the coil.  Geometry: basf2 klm/data/BKLM.xml and EKLM.xml.
"""

import math
from typing import NamedTuple

import numpy as np
from pydantic import model_validator

from detector.draws import gauss, unit
from detector.octaves import look_up, octave_nodes
from detector.showers import STOPPED
from detector.stopping import RangeTable, ranges_behind, stopping_range
from detector.units import Angle, Density, Energy, Fraction, Lengths, Numbers, Scale, Section, Thickness, Time
from physics.elementary import fast_exp, fast_log
from physics.jit import inlined_kernel
from physics.particles import MUON_MASS, final_mass

BARREL, FORWARD, BACKWARD = 1, 2, 3
MAX_LAYERS = 15
MUON_LOW, MUON_HIGH = -4, 5
"""Exponents of two of the least and the largest momentum [GeV] of ``KLM.muon_range``."""
TIMING_ROW, BLUR_ROW, LAYER_ROW = 2, 5, 8
"""Words of a passage that blur the cluster's time, the three of its place, those that decide two layers' hits each."""


class KLMSection(Section):
    """The section ``klm`` of a card."""

    barrel_radius: Thickness
    barrel_z: Lengths
    barrel_layers: Scale
    endcap_radii: Lengths
    endcap_layers: Numbers
    iron: Thickness
    gap: Thickness
    iron_density: Density
    pion_length: Thickness
    nucleon_length: Thickness
    coil_radius: Thickness
    coil_mass: Scale
    coil_lengths: Scale
    straggling: Fraction
    layer_efficiency: Fraction
    minimum_layers: Scale
    shower_layers: Scale
    leakage: Fraction
    leakage_energy: Energy
    neutral_energy: Energy
    position: Thickness
    shower_position: Thickness
    timing: Time
    match_angle: Angle

    @model_validator(mode="after")
    def _check(self) -> "KLMSection":
        for name in ("barrel_z", "endcap_radii", "endcap_layers"):
            values = getattr(self, name)
            if len(values) != 2:
                msg = f"{name} needs two numbers"
                raise ValueError(msg)
        if self.barrel_z.numbers[0] >= self.barrel_z.numbers[1]:
            msg = "barrel_z must increase"
            raise ValueError(msg)
        if max(self.barrel_layers.number, *self.endcap_layers.numbers) > MAX_LAYERS:
            msg = f"at most {MAX_LAYERS} layers can be described"
            raise ValueError(msg)
        return self


class KLM(NamedTuple):
    """Constants of the K_L and muon detector for kernels; cm, g/cm², ns."""

    barrel_radius: float  # distance of the first layer's octagon from the axis
    backward_z: float
    forward_z: float
    inner_radius: float
    outer_radius: float
    barrel_layers: int
    forward_layers: int
    backward_layers: int
    plate: float  # g/cm² of iron between layers
    pitch: float  # cm between layers
    pion_lengths: float  # interaction lengths of one plate
    nucleon_lengths: float
    coil_radius: float
    coil_mass: float
    coil_lengths: float
    straggling: float
    layer_efficiency: float
    minimum_layers: int
    shower_layers: float
    leakage: float
    leakage_energy: float
    neutral_energy: float
    position: float
    shower_position: float
    timing: float
    match_angle: float
    bending: float  # 0.0029979 × field [GeV/cm]
    muon_range: np.ndarray  # g/cm² of iron that muons pass behind the crystals, on the nodes of their momentum


def compile_klm(section: KLMSection, field: float, crystals: float, csi: RangeTable, iron: RangeTable) -> KLM:
    """Return the kernel constants.

    ``field`` [T] bends the tracks inside the coil, ``crystals`` [g/cm²] of caesium iodide are in front of it.
    """
    plate = section.iron.number
    return KLM(
        section.barrel_radius.number,
        float(section.barrel_z.numbers[0]),
        float(section.barrel_z.numbers[1]),
        float(section.endcap_radii.numbers[0]),
        float(section.endcap_radii.numbers[1]),
        int(section.barrel_layers.number),
        int(section.endcap_layers.numbers[0]),
        int(section.endcap_layers.numbers[1]),
        plate * section.iron_density.number,
        plate + section.gap.number,
        plate / section.pion_length.number,
        plate / section.nucleon_length.number,
        section.coil_radius.number,
        section.coil_mass.number,
        section.coil_lengths.number,
        section.straggling.number,
        section.layer_efficiency.number,
        int(section.minimum_layers.number),
        section.shower_layers.number,
        section.leakage.number,
        section.leakage_energy.number,
        section.neutral_energy.number,
        section.position.number,
        section.shower_position.number,
        section.timing.number,
        section.match_angle.number,
        0.00299792458 * field,
        ranges_behind(octave_nodes(MUON_LOW, MUON_HIGH), MUON_MASS, crystals, csi, iron),
    )


@inlined_kernel
def bend_to_coil(x, y, z, ux, uy, uz, rigidity, klm):
    """Take a track from the calorimeter's face through the field to the coil; returns point and direction.

    One chord of the helix; its length is that of the straight way to the coil or to the end of the barrel.
    ``rigidity`` is charge over momentum [1/GeV].
    """
    u2 = ux * ux + uy * uy
    b = x * ux + y * uy
    way = (math.sqrt(b * b + u2 * max(klm.coil_radius * klm.coil_radius - x * x - y * y, 0.0)) - b) / u2
    forward, backward = max(klm.forward_z - z, 0.0) / uz, min(klm.backward_z - z, 0.0) / uz
    way = forward if z + way * uz > klm.forward_z else backward if z + way * uz < klm.backward_z else way
    half = 0.5 * rigidity * klm.bending * way  # turning of the transverse direction [rad]
    half = min(max(half, -1.0), 1.0)
    h2 = half * half
    s, c = half * (1.0 - h2 / 6.0 * (1.0 - h2 / 20.0)), 1.0 - h2 * (0.5 - h2 / 24.0)
    mx, my = c * ux + s * uy, c * uy - s * ux
    chord = way * (1.0 - h2 / 6.0)
    bends = (rigidity != 0.0) & (u2 > 1e-6)
    x, y, z = (x + chord * mx if bends else x), (y + chord * my if bends else y), (z + way * uz if bends else z)
    return x, y, z, (c * mx + s * my if bends else ux), (c * my - s * mx if bends else uy), uz


@inlined_kernel
def octagon_normal(x, y):
    """Unit normal of the side of the octagon that faces (x, y); sides at multiples of 45°."""
    tangent = 0.41421356237309503  # tan 22.5°
    ax, ay = abs(x), abs(y)
    nx = math.copysign(1.0, x) if ax > tangent * ay else 0.0
    ny = math.copysign(1.0, y) if ay > tangent * ax else 0.0
    f = 0.7071067811865476 if (nx != 0.0) & (ny != 0.0) else 1.0
    return f * nx, f * ny


@inlined_kernel
def klm_entry(x, y, z, ux, uy, uz, klm):
    """Where a straight line meets the first layer: region (0 for none), distance [cm] and cosine of incidence."""
    transverse = math.sqrt(ux * ux + uy * uy)
    guess = (klm.barrel_radius - math.sqrt(x * x + y * y)) / transverse
    nx, ny = octagon_normal(x + guess * ux, y + guess * uy)
    cosine = nx * ux + ny * uy
    side = (klm.barrel_radius - nx * x - ny * y) / cosine
    at = z + side * uz
    barrel = (transverse > 1e-6) & (cosine > 0.05) & (side >= 0.0) & (klm.backward_z < at) & (at < klm.forward_z)
    front = ((klm.forward_z if uz > 0.0 else klm.backward_z) - z) / uz
    rho = math.sqrt((x + front * ux) ** 2 + (y + front * uy) ** 2)
    endcap = (abs(uz) > 1e-6) & (front >= 0.0) & (klm.inner_radius < rho) & (rho < klm.outer_radius)
    region = BARREL if barrel else (FORWARD if uz > 0.0 else BACKWARD) if endcap else 0
    distance = side if barrel else front if endcap else 0.0
    return region, distance, (cosine if barrel else abs(uz) if endcap else 1.0)


@inlined_kernel
def available_layers(region, klm):
    """Instrumented layers of a region."""
    if region == BARREL:
        return klm.barrel_layers
    return klm.forward_layers if region == FORWARD else klm.backward_layers


@inlined_kernel
def layers_in_range(iron, region, cosine, klm):
    """Outermost layer (1 is the first, 0 none) that a particle reaches, which passes ``iron`` [g/cm²].

    The first barrel layer lies before the iron, the first endcap layer behind a plate.
    """
    left = iron - klm.coil_mass / cosine
    if left <= 0.0 or region == 0:
        return 0
    plates = int(left * cosine / klm.plate)
    layer = plates + 1 if region == BARREL else plates
    return min(layer, available_layers(region, klm))


@inlined_kernel
def expected_layer(p, region, cosine, klm):
    """Outermost layer of the muon system that a muon of momentum ``p`` [GeV] reaches."""
    return layers_in_range(look_up(klm.muon_range, MUON_LOW, p), region, cosine, klm)


@inlined_kernel
def shower_length(word, klm):
    """Length of a hadronic shower in layers."""
    return -klm.shower_layers * fast_log(unit(word))


@inlined_kernel
def layers_reached(words, normal, m, pdg, charge, beta_gamma, depth, energy, region, cosine, klm, iron):
    """How far a particle that entered the muon system's first layer region gets, by the first words of column ``m``.

    Parameters
    ----------
    beta_gamma : βγ behind the crystals (charged particles).
    depth : interaction lengths it can still go there, huge for muons; SHOWERED or STOPPED in the crystals.
    energy : kinetic energy [GeV] available to a shower.

    Returns (first layer, last layer, whether there was a shower); layers count from 1, the last is 0 for none.
    """
    species = abs(pdg)
    if species == 11:
        return 0, 0, False
    slant = 1.0 / cosine
    available = available_layers(region, klm)
    first, last = 0, 0
    showered = False
    u = unit(words[0, m])  # decides about showers; straggling matters only where there is none
    if charge != 0 and depth > 0.0:
        fluctuation = 1.0 + klm.straggling * gauss(words[0, m], normal)
        last = layers_in_range(fluctuation * stopping_range(beta_gamma, final_mass(pdg), iron), region, cosine, klm)
        first = 1 if last > 0 else 0
    if species != 13:
        plate_lengths = klm.pion_lengths if species in (211, 321, 130) else klm.nucleon_lengths
        room = depth - klm.coil_lengths * slant
        if room <= 0.0:
            # showered before the iron: hadrons of its tail reach the first layers
            first, last = 0, 0
            tail = depth != STOPPED and u < klm.leakage
            if tail and u < klm.leakage * (1.0 - fast_exp(-energy / klm.leakage_energy)):
                showered = True
                first, last = 1, 1 + int(shower_length(words[1, m], klm))
        else:
            plates = int(room / (plate_lengths * slant))
            stop = plates + 1 if region == BARREL else plates
            if charge == 0:
                if stop <= available and u < 1.0 - fast_exp(-energy / klm.neutral_energy):
                    showered = True
                    first = max(stop, 1)
                    last = first + int(shower_length(words[1, m], klm) + 0.5)
            elif stop < last:
                showered = True
                last = stop + int(0.5 * shower_length(words[1, m], klm))
    last = min(last, available)
    return (first, last, showered) if first > 0 and last > 0 else (0, 0, False)


@inlined_kernel
def layers_hit(words, normal, m, first, last, showered, klm):
    """Hits of a particle in the layers ``first`` … ``last``, by column ``m`` of the words.

    Returns (innermost layer, outermost layer, layers with hits, scatter): 0 for none; ``scatter`` is the χ²/ndf of the
    hits about the extrapolated track, 1 for a clean one.
    """
    hits, inner, outer = 0, 0, 0
    limit = np.int64(65536.0 * klm.layer_efficiency)
    for layer in range(first, last + 1):
        word = np.int64(words[LAYER_ROW + (layer >> 1), m])
        if (word >> (16 * (layer & 1))) & 0xFFFF < limit:
            hits += 1
            outer = layer
            if inner == 0:
                inner = layer
    if hits == 0:
        return 0, 0, 0, 1.0
    scatter = abs(1.0 + gauss(words[3, m], normal) / math.sqrt(2.0 * hits))  # χ²/ndf of 2 coordinates for each hit
    if showered:
        scatter -= 1.5 * fast_log(unit(words[4, m]))
    return inner, outer, hits, scatter
