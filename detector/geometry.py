"""The tracker's layers: card sections of beam pipe, pixels, strips and drift chamber, compiled for kernels.

A ladder is a plane at its layer's radius, shifted tangentially (the windmill), cut along z into active
sensors; the forward sensors of strip layers 4 to 6 are slanted. Between neighbouring ladders a track has
one, two or no hits.
"""

import math
from typing import NamedTuple, Self

import numpy as np
from pydantic import model_validator

from detector.material import CylinderSection, MaterialSection, Slab, slab
from detector.units import (
    Angle,
    Angles,
    Fraction,
    Length,
    Lengths,
    MagneticField,
    Numbers,
    Scale,
    Section,
    Thickness,
    Thicknesses,
)

WALL, PIXEL, STRIP = 0, 1, 2


class MagnetSection(Section):
    """The solenoid; the field is uniform."""

    field: MagneticField


class BeamPipeSection(Section):
    """Cylinders of the central beam pipe, from inside to outside."""

    layers: list[CylinderSection]


class SlantSection(Section):
    """The slanted forward sensor of a ladder; ``radius`` and ``z`` of its centre, ``length`` along the
    slope.
    """

    angle: Angle
    radius: Thickness
    z: Length
    length: Thickness
    width_backward: Thickness
    width_forward: Thickness


class LadderSection(Section):
    """One layer of silicon ladders; ladder k stands at ``first_phi`` + (k − 1) 360°/``ladders``."""

    number: int
    radius: Thickness
    ladders: Scale
    first_phi: Angle
    shift: Length
    width: Thickness
    z_min: Lengths
    z_max: Lengths
    sensor_thickness: Thickness
    support: Fraction
    resolution_u: Thickness
    resolution_v: Thickness
    present: Numbers | None = None
    slant: SlantSection | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        n = self.ladders.number
        if n != round(n) or not 1 <= n <= 62:
            msg = f"ladders is {n:g} but must be a whole number from 1 to 62"
            raise ValueError(msg)
        if len(self.z_min) != len(self.z_max):
            msg = f"z_min has {len(self.z_min)} sensors but z_max has {len(self.z_max)}"
            raise ValueError(msg)
        edges = np.stack([self.z_min.numbers, self.z_max.numbers], axis=1).ravel()
        if np.any(np.diff(edges) <= 0.0):
            msg = "sensors overlap: z_min and z_max must alternate and increase along the ladder"
            raise ValueError(msg)
        if self.present is not None and not set(self.present.value) <= set(range(1, round(n) + 1)):
            msg = f"present names ladders outside 1 to {n:g}"
            raise ValueError(msg)
        if min(self.resolution_u.number, self.resolution_v.number, self.radius.number, self.width.number) <= 0:
            msg = "resolution_u, resolution_v, radius and width must be positive"
            raise ValueError(msg)
        return self

    @property
    def outer_radius(self) -> float:
        """Largest distance [cm] of the barrel part from the z axis."""
        return math.hypot(self.radius.number, 0.5 * self.width.number + abs(self.shift.number))


class SiliconSection(Section):
    """Pixel or strip detector."""

    hit_efficiency: Fraction
    layers: list[LadderSection]


class SuperlayerSection(Section):
    """Drift-chamber layers of one orientation; the pairs are of the first and the last layer, linear
    between.
    """

    radii: Thicknesses
    stereo: Angles
    backward_z: Lengths
    forward_z: Lengths

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("stereo", "backward_z", "forward_z"):
            if len(getattr(self, name)) != 2:
                msg = f"{name} needs two values, of the first and of the last layer"
                raise ValueError(msg)
        if np.any(np.diff(self.radii.numbers) <= 0.0):
            msg = "radii must increase"
            raise ValueError(msg)
        return self


class DriftChamberSection(Section):
    """The central drift chamber."""

    resolution: Thickness
    hit_efficiency: Fraction
    inner_wall: list[CylinderSection]
    outer_wall: list[CylinderSection]
    gas: str
    superlayers: list[SuperlayerSection]


class EnvelopeSection(Section):
    """Front face of the calorimeter, where flights end."""

    calorimeter_radius: Thickness
    calorimeter_forward_z: Length
    calorimeter_backward_z: Length
    forward_hole: Angle
    backward_hole: Angle


# Records, not one array for each number: a kernel then carries few arrays, and numba passes them cheaply.
SURFACE = np.dtype(
    [
        ("kind", np.int64),  # WALL, PIXEL, STRIP
        ("number", np.int64),  # layer number, 0 for walls
        ("radius", np.float64),
        ("inverse_radius", np.float64),
        ("x0", np.float64),
        ("interaction", np.float64),
        ("electrons", np.float64),
        ("log_excitation", np.float64),
        ("ladders", np.int64),
        ("present", np.int64),  # bit k: ladder k (from 0) is installed
        ("first_phi", np.float64),
        ("per_radian", np.float64),  # ladders / 2π
        ("side", np.float64),  # ±1: the neighbouring ladder whose shifted end reaches a ladder's middle, and the
        ("side_cosine", np.float64),  # rotation to its normal
        ("side_sine", np.float64),
        ("shift", np.float64),
        ("half_width", np.float64),
        ("sensors", np.int64),
        ("slant_tan", np.float64),  # 0 where the layer has no slanted part
        ("slant_radius", np.float64),
        ("slant_z", np.float64),
        ("slant_z_min", np.float64),
        ("slant_z_max", np.float64),
        ("slant_half_width", np.float64),  # at the centre
        ("slant_taper", np.float64),  # change of the half width with z
        ("variance_u", np.float64),  # [cm²]
        ("variance_v", np.float64),
        ("efficiency", np.float64),
    ]
)

CHAMBER_LAYER = np.dtype(
    [("radius", np.float64), ("stereo", np.float64), ("backward_z", np.float64), ("forward_z", np.float64)]
)

SUPERLAYER = np.dtype(
    [
        ("number", np.float64),  # of the first layer, and how many there are
        ("layers", np.float64),
        ("axial", np.int64),
        ("first", CHAMBER_LAYER),
        ("last", CHAMBER_LAYER),
        ("low_radius", np.float64),  # of the two points that stand for the layers: see ``detector.wires``
        ("high_radius", np.float64),
        ("low_tilt", np.float64),  # tangent of the stereo angle over the radius there
        ("high_tilt", np.float64),
        ("beyond", np.float64),  # how far the first layer is before the low point, in distances between the points
    ]
)


class Surfaces(NamedTuple):
    """Walls and silicon layers from inside to outside."""

    layer: np.ndarray  # SURFACE (n,)
    normal: np.ndarray  # (n, 62, 2) direction of each ladder's normal
    edges: np.ndarray  # (n, sensors, 2) ends in z of the active sensors


class Chamber(NamedTuple):
    """Drift chamber."""

    layer: np.ndarray  # CHAMBER_LAYER (56,)
    superlayer: np.ndarray  # SUPERLAYER (9,)
    variance: float
    efficiency: float
    gas: Slab  # of one centimetre
    outer_wall: Slab
    outer_radius: float


class Envelope(NamedTuple):
    """Calorimeter front face [cm]; radii of the holes in the end planes."""

    radius: float
    forward_z: float
    backward_z: float
    forward_hole: float
    backward_hole: float


def cylinders(layers: list[CylinderSection], materials: dict[str, MaterialSection]) -> tuple[float, Slab]:
    """Return the mean radius (weighted with radiation lengths) and the summed matter of nested cylinders."""
    parts = [(materials[layer.material], layer.thickness.number) for layer in layers]
    weights = np.array([t / m.radiation_length.number for m, t in parts])
    middles = np.array([layer.inner_radius.number + 0.5 * layer.thickness.number for layer in layers])
    radius = float(np.sum(weights * middles) / np.sum(weights)) if np.sum(weights) > 0 else float(middles[0])
    return radius, slab(parts)


def build_surfaces(
    pipe: BeamPipeSection,
    pixels: SiliconSection,
    strips: SiliconSection,
    chamber: DriftChamberSection,
    materials: dict[str, MaterialSection],
) -> Surfaces:
    """Compile the walls and silicon layers, from inside to outside."""
    silicon = [(PIXEL, layer, pixels.hit_efficiency.number) for layer in pixels.layers]
    silicon += [(STRIP, layer, strips.hit_efficiency.number) for layer in strips.layers]
    n = len(silicon) + 2
    width = max(len(layer.z_min) for _, layer, _ in silicon)
    record = np.zeros(n, SURFACE)
    normal = np.zeros((n, 62, 2))
    edges = np.full((n, width, 2), np.inf)

    def put(i: int, **values: float) -> None:
        for name, value in values.items():
            record[name][i] = value

    for i, layers in ((0, pipe.layers), (n - 1, chamber.inner_wall)):
        radius, matter = cylinders(layers, materials)
        put(i, radius=radius, inverse_radius=1.0 / radius, kind=WALL, **matter._asdict())
    for i, (kind, layer, efficiency) in enumerate(silicon, start=1):
        support = materials["carbon fibre"]
        carbon = layer.support.number * support.radiation_length.number
        matter = slab([(materials["silicon"], layer.sensor_thickness.number), (support, carbon)])
        count = round(layer.ladders.number)
        side = -1.0 if layer.shift.number > 0.0 else 1.0
        names = range(1, count + 1) if layer.present is None else [round(k) for k in layer.present.value]
        put(
            i, radius=layer.radius.number, inverse_radius=1.0 / layer.radius.number, kind=kind,
            number=layer.number, ladders=count,
            present=sum(1 << (k - 1) for k in names), first_phi=layer.first_phi.number,
            per_radian=count / (2.0 * math.pi), side=side, side_cosine=math.cos(side * 2.0 * math.pi / count),
            side_sine=math.sin(side * 2.0 * math.pi / count),
            shift=layer.shift.number, half_width=0.5 * layer.width.number,
            sensors=len(layer.z_min), variance_u=layer.resolution_u.number**2,
            variance_v=layer.resolution_v.number**2, efficiency=efficiency, **matter._asdict(),
        )  # fmt: skip
        phi = layer.first_phi.number + np.arange(62) * 2.0 * np.pi / count
        normal[i] = np.stack([np.cos(phi), np.sin(phi)], axis=1)
        edges[i, : len(layer.z_min)] = np.stack([layer.z_min.numbers, layer.z_max.numbers], axis=1)
        if layer.slant is not None:
            slant = layer.slant
            half = 0.5 * slant.length.number * math.cos(slant.angle.number)
            put(
                i, slant_tan=math.tan(slant.angle.number), slant_radius=slant.radius.number,
                slant_z=slant.z.number, slant_z_min=slant.z.number - half, slant_z_max=slant.z.number + half,
                slant_half_width=0.25 * (slant.width_backward.number + slant.width_forward.number),
                slant_taper=0.25 * (slant.width_forward.number - slant.width_backward.number) / half,
            )  # fmt: skip
    return Surfaces(record, normal, edges)


def build_chamber(section: DriftChamberSection, materials: dict[str, MaterialSection]) -> Chamber:
    """Compile the drift chamber."""
    layers = []
    for superlayer in section.superlayers:
        r = superlayer.radii.numbers
        fraction = np.linspace(0.0, 1.0, len(r))
        part = np.zeros(len(r), CHAMBER_LAYER)
        part["radius"] = r
        for name in ("stereo", "backward_z", "forward_z"):
            low, high = getattr(superlayer, name).numbers
            part[name] = low + fraction * (high - low)
        layers.append(part)
    first = np.cumsum([0, *map(len, layers)])
    outer_radius, outer_wall = cylinders(section.outer_wall, materials)
    return Chamber(
        np.concatenate(layers),
        np.array([_superlayer(*pair) for pair in zip(first, layers, strict=False)], SUPERLAYER),
        section.resolution.number**2,
        section.hit_efficiency.number,
        slab([(materials[section.gas], 1.0)]),
        outer_wall,
        outer_radius,
    )


def _superlayer(number: int, layers: np.ndarray) -> tuple[object, ...]:
    """Return the row of :data:`SUPERLAYER` of these layers."""
    n, first, last = len(layers), layers[0], layers[-1]
    middle, half = 0.5 * (first["radius"] + last["radius"]), 0.5 * (last["radius"] - first["radius"])
    spread = half * math.sqrt((n + 1.0) / (3.0 * max(n - 1.0, 1.0)))
    low, high = middle - spread, middle + spread
    tangent = math.tan(0.5 * (first["stereo"] + last["stereo"]))
    axial = first["stereo"] == 0.0 and last["stereo"] == 0.0
    beyond = 0.5 * (half / spread - 1.0) if spread > 0.0 else 0.0
    return number, n, axial, first, last, low, high, tangent / low, tangent / high, beyond


def build_envelope(section: EnvelopeSection) -> Envelope:
    """Compile the calorimeter's front face."""
    forward, backward = section.calorimeter_forward_z.number, section.calorimeter_backward_z.number
    return Envelope(
        section.calorimeter_radius.number,
        forward,
        backward,
        forward * math.tan(section.forward_hole.number),
        backward * math.tan(section.backward_hole.number),
    )
