"""The CsI(Tl) calorimeter: acceptance, energy response and resolutions of electromagnetic showers.

The core widths of energy and angles are the functions basf2 assigns to its photons, by region and background level
(basf2 ecl/modules/eclCovarianceMatrix); the energy has a Novosibirsk shape with its tail towards low energies, plus
a rare larger leakage.  What other particles leave behind is in :mod:`detector.showers`; what happens between a shower
and a reconstructed cluster in :mod:`detector.clusters`.
"""

import math
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from detector.octaves import octave_bin, octave_nodes
from detector.units import Angles, Density, Energy, Fraction, Number, Numbers, Scale, Section, Thickness
from physics.elementary import fast_exp
from physics.jit import inlined_kernel

FORWARD, BARREL, BACKWARD = 1, 2, 3
FORWARD_GAP, BACKWARD_GAP, OUTSIDE = 11, 13, 0
"""Values of ``clusterReg`` (basf2 analysis/variables/src/ECLVariables.cc)."""
_REGIONS = np.array([OUTSIDE, FORWARD, FORWARD_GAP, BARREL, BACKWARD_GAP, BACKWARD, OUTSIDE])
"""From the beam's direction on, one behind each edge of ``Calorimeter.edges``."""

ENERGY, THETA, PHI = 0, 1, 2
EFFICIENCY, DEPTH = 3, 4
"""Columns of the tables of :class:`Calorimeter`."""
COLUMNS = 5
ENERGY_LOW, ENERGY_HIGH = -9, 4
"""Exponents of two of the least and the largest energy [GeV] of the tables."""

Row = Annotated[Numbers, Field(description="a, b, c, d, E_min [GeV], value at and below E_min")]


class ResolutionLevels(Section):
    """One quantity's resolution at the three background levels of basf2."""

    low: Row
    middle: Row
    high: Row

    @model_validator(mode="after")
    def _six(self) -> "ResolutionLevels":
        for name in ("low", "middle", "high"):
            if len(getattr(self, name)) != 6:
                msg = f"{name} needs six numbers: a, b, c, d, E_min and the value below E_min"
                raise ValueError(msg)
        return self

    def row(self, background_level: float) -> np.ndarray:
        """The six numbers for a background level in units of the nominal one (basf2's borders 0.05 and 0.3)."""
        name = "low" if background_level < 0.05 else "middle" if background_level <= 0.3 else "high"
        row: np.ndarray = getattr(self, name).numbers
        return row


class RegionResolution(Section):
    """Resolutions of one region: f(E) = a/E + b/√E + c/E^¼ + d with E in GeV; σ_E/E in %, angles in mrad."""

    energy: ResolutionLevels
    theta: ResolutionLevels
    phi: ResolutionLevels


class CalorimeterSection(Section):
    """The section ``calorimeter`` of a card."""

    theta_edges: Angles
    crystal_length: Thickness
    crystal_width: Thickness
    radiation_length: Thickness
    density: Density
    critical_energy: Energy
    forward: RegionResolution
    barrel: RegionResolution
    backward: RegionResolution
    tail: Number
    leakage_probability: Fraction
    leakage_fraction: Fraction
    efficiency: Fraction
    efficiency_scale: Energy
    gap_efficiency: Fraction
    threshold: Energy
    timing_energy: Energy
    timing: Numbers
    timing_floor: Scale
    merging_distance: Thickness
    match_distance: Thickness
    pion_length: Thickness
    kaon_length: Thickness
    nucleon_length: Thickness
    klong_length: Thickness
    klong_turn_on: Energy
    annihilation_turn_on: Energy
    visible_fraction: Fraction
    annihilation_visible: Fraction
    charge_exchange: Fraction
    split_offs: Scale
    split_off_energy: Energy
    split_off_distance: Thickness
    hadron_position: Thickness

    @model_validator(mode="after")
    def _check_geometry(self) -> "CalorimeterSection":
        edges = self.theta_edges.numbers
        if len(edges) != 6 or np.any(np.diff(edges) <= 0.0):
            msg = "theta_edges needs six increasing angles: forward, barrel and backward, begin and end"
            raise ValueError(msg)
        if len(self.timing) != 3:
            msg = "timing needs three numbers: constant, linear and quadratic term in the background level"
            raise ValueError(msg)
        return self


class Calorimeter(NamedTuple):
    """Constants of the calorimeter for kernels; cm, GeV, ns, rad."""

    edges: np.ndarray  # (6,) cos θ of forward begin, end, barrel begin, end, backward begin, end
    resolution: np.ndarray  # (3 regions, 3 quantities, 6)
    table: np.ndarray  # (3 regions, nodes of energy, COLUMNS)
    barrel_radius: float
    forward_z: float
    backward_z: float
    crystal_length: float
    crystal_width: float
    radiation_length: float
    density: float
    critical_energy: float
    tail: float  # η of the Novosibirsk shape, negative: towards low energies
    tail_scale: float
    leakage_probability: float
    leakage_fraction: float
    efficiency: float
    efficiency_scale: float
    gap_efficiency: float
    threshold: float
    timing_energy: float  # below it the timing cut is already applied
    timing_slope: float  # dt99 × energy of the highest crystal [ns GeV]
    timing_floor: float
    merging_distance: float
    match_distance: float
    pion_length: float
    kaon_length: float
    nucleon_length: float
    klong_length: float
    klong_turn_on: float
    annihilation_turn_on: float
    visible_fraction: float
    annihilation_visible: float
    charge_exchange: float
    split_offs: float
    split_off_energy: float
    split_off_distance: float
    hadron_position: float


def compile_calorimeter(
    section: CalorimeterSection, radius: float, forward_z: float, backward_z: float, background_level: float
) -> Calorimeter:
    """Return the kernel constants.

    ``radius``, ``forward_z`` and ``backward_z`` [cm] are the front face; ``background_level`` is in units of basf2's
    nominal background (183 out-of-time crystals).
    """
    resolution = np.array(
        [
            [getattr(getattr(section, region), name).row(background_level) for name in ("energy", "theta", "phi")]
            for region in ("forward", "barrel", "backward")
        ]
    )
    resolution[:, ENERGY, [0, 1, 2, 3, 5]] *= 0.01
    resolution[:, THETA:, [0, 1, 2, 3, 5]] *= 0.001
    constant, linear, quadratic = section.timing.numbers
    level = min(background_level, -linear / (2.0 * quadratic)) if quadratic < 0.0 else background_level
    scalars = {
        name: getattr(section, name).number for name in Calorimeter._fields if name in CalorimeterSection.model_fields
    }  # fmt: skip
    nodes = octave_nodes(ENERGY_LOW, ENERGY_HIGH)
    calorimeter = Calorimeter(
        edges=np.cos(section.theta_edges.numbers),
        resolution=resolution,
        table=np.zeros((3, len(nodes), COLUMNS)),
        tail_scale=novosibirsk_scale(section.tail.number),
        barrel_radius=radius,
        forward_z=forward_z,
        backward_z=backward_z,
        timing_slope=1e-3 * (constant + linear * level + quadratic * level * level),
        **scalars,
    )
    for index in range(3):
        for node, energy in zip(calorimeter.table[index], nodes, strict=True):
            for quantity in (ENERGY, THETA, PHI):
                node[quantity] = resolution_formula(energy, calorimeter.resolution[index, quantity])
            node[EFFICIENCY] = detection_efficiency(energy, calorimeter)
            node[DEPTH] = shower_depth(energy, calorimeter)
    return calorimeter


@inlined_kernel
def cluster_region(cosine, calorimeter):
    """Region (``clusterReg``) of a direction with this cos θ, from the number of edges before it."""
    e = calorimeter.edges
    forward = (cosine <= e[0]) + (cosine <= e[1])
    return _REGIONS[forward + (cosine <= e[2]) + (cosine < e[3]) + (cosine <= e[4]) + (cosine < e[5])]


@inlined_kernel
def region_index(region):
    """Row of a region in the tables; the gaps count as barrel, as in basf2."""
    return 0 if region == FORWARD else 2 if region == BACKWARD else 1


def resolution_formula(energy: float, row: np.ndarray) -> float:
    """f(E) = a/E + b/√E + c/E^¼ + d, constant below E_min; ``row`` holds these six numbers."""
    a, b, c, d, least, below = row
    return float(a / energy + b / energy**0.5 + c / energy**0.25 + d) if energy > least else float(below)


@inlined_kernel
def resolution(energy, region, quantity, calorimeter):
    """Core width for an energy [GeV]: σ_E/E, σ_θ [rad] or σ_φ [rad] (``quantity`` ENERGY, THETA, PHI)."""
    table = calorimeter.table[region_index(region)]
    i, f = octave_bin(energy, ENERGY_LOW, table.shape[0])
    return table[i, quantity] + f * (table[i + 1, quantity] - table[i, quantity])


def novosibirsk_scale(tail: float) -> float:
    """Λη of the Novosibirsk shape with tail parameter ``tail`` (η), see :func:`novosibirsk`."""
    return math.sinh(tail * 1.1774100225154747) / 1.1774100225154747


@inlined_kernel
def novosibirsk(z, tail, scale):
    """Novosibirsk number of a normal number ``z``: peak 0, width 1 (FWHM/2.355), tail parameter ``tail`` (η).

    ``scale`` from :func:`novosibirsk_scale`.

    With Λ = sinh(η√ln4)/(η√ln4) the density exp(−½[ln²(1 + Λη x)/η² + η²]) (H. Ikeda et al., Nucl. Instrum. Meth.
    A441 (2000) 401) is a shifted log-normal one: ln(1 + Λη x) is Gaussian with mean η² and width |η|.
    """
    return (fast_exp(tail * tail - tail * z) - 1.0) / scale


def detection_efficiency(energy: float, calorimeter: Calorimeter) -> float:
    """Probability that a photon showers in crystals and is found; the 20 MeV threshold comes on top of it."""
    return calorimeter.efficiency * (1.0 - math.exp(-energy / calorimeter.efficiency_scale))


def shower_depth(energy: float, calorimeter: Calorimeter) -> float:
    """Mean depth [cm] of an electromagnetic shower: (ln(E/E_c) + ½ + 2) X0 for photons (PDG, Passage, 34.36)."""
    t = math.log(max(energy / calorimeter.critical_energy, 1.0)) + 2.5
    return min(t * calorimeter.radiation_length, 0.6 * calorimeter.crystal_length)


@inlined_kernel
def timing_error(energy, e1_fraction, slope, floor):
    """dt99 [ns] of a cluster: inversely proportional to the energy of its highest crystal, with a floor.

    basf2 ecl/modules/eclDigitCalibration.
    """
    return max(slope / (energy * e1_fraction), floor)
