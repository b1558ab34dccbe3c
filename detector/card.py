"""The detector card: a YAML file of ``{value, unit, source}`` numbers, checked here and compiled for
kernels.

A section's model and its compiled form live with the effect it describes (geometry, tracking, calorimeter,
…); this file only puts them together, so that a new effect is a new section.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from pydantic import ValidationError, model_validator

from detector.background import BackgroundSection
from detector.calorimeter import CalorimeterSection
from detector.geometry import (
    BeamPipeSection,
    Chamber,
    DriftChamberSection,
    Envelope,
    EnvelopeSection,
    MagnetSection,
    SiliconSection,
    Surfaces,
    build_chamber,
    build_envelope,
    build_surfaces,
)
from detector.identification import IdentificationSection
from detector.klm import KLMSection
from detector.material import MaterialSection
from detector.outer import Outer, compile_outer
from detector.secondaries import Processes, ProcessesSection, build_processes
from detector.tracking import Finding, TrackFindingSection, build_finding
from detector.units import Section

CARDS = Path(__file__).parent / "cards"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Card(Section):
    """The whole card; see the cards in ``detector/cards`` for what each number is."""

    name: str
    description: str
    magnet: MagnetSection
    materials: dict[str, MaterialSection]
    beam_pipe: BeamPipeSection
    pixels: SiliconSection
    strips: SiliconSection
    drift_chamber: DriftChamberSection
    envelope: EnvelopeSection
    processes: ProcessesSection
    track_finding: TrackFindingSection
    calorimeter: CalorimeterSection
    background: BackgroundSection
    identification: IdentificationSection
    klm: KLMSection

    @model_validator(mode="after")
    def _check(self) -> Self:
        chamber = self.drift_chamber
        cylinders = [*self.beam_pipe.layers, *chamber.inner_wall, *chamber.outer_wall]
        used = {layer.material for layer in cylinders} | {chamber.gas, "silicon", "carbon fibre"}
        for material in sorted(used - set(self.materials)):
            msg = f"materials: {material!r} is used but not listed"
            raise ValueError(msg)
        # Everything in the order of its radius: (field, inner radius, outer radius).
        layers = []
        for field, walls in (("beam_pipe.layers", self.beam_pipe.layers),):
            layers += [_extent(field, i, wall) for i, wall in enumerate(walls)]
        for field, silicon in (("pixels", self.pixels), ("strips", self.strips)):
            layers += [
                (f"{field}.layers[{i}]", layer.radius.number, layer.outer_radius)
                for i, layer in enumerate(silicon.layers)
            ]
        layers += [_extent("drift_chamber.inner_wall", i, wall) for i, wall in enumerate(chamber.inner_wall)]
        layers += [
            (f"drift_chamber.superlayers[{i}]", float(s.radii.numbers[0]), float(s.radii.numbers[-1]))
            for i, s in enumerate(chamber.superlayers)
        ]
        layers += [_extent("drift_chamber.outer_wall", i, wall) for i, wall in enumerate(chamber.outer_wall)]
        calorimeter = self.envelope.calorimeter_radius.number
        layers.append(("envelope.calorimeter_radius", calorimeter, calorimeter))
        for (inner, _, end), (outer, begin, _) in itertools.pairwise(layers):
            if begin < end - 1e-9:
                msg = f"{outer} begins at {begin:.4f} cm and overlaps {inner}, which ends at {end:.4f} cm"
                raise ValueError(msg)
        return self


def _extent(field: str, i: int, wall: Any) -> tuple[str, float, float]:
    radius = wall.inner_radius.number
    return f"{field}[{i}]", radius, radius + wall.thickness.number


class Tracker(NamedTuple):
    """Everything the tracking kernels need."""

    field: float  # [T]
    surfaces: Surfaces
    chamber: Chamber
    envelope: Envelope
    processes: Processes
    finding: Finding
    matter: float  # upper bound on the radiation lengths at normal incidence, overlaps and slants included


@dataclass(frozen=True)
class Detector:
    """A detector ready for :func:`detector.response.measure`.

    Attributes
    ----------
    name : the card's name.
    card : the checked card, with units and sources.
    tracker : constants of the tracking kernels.
    outer : constants of calorimeter, background, identification and muon system.
    """

    name: str
    card: Card
    tracker: Tracker
    outer: Outer


def _sentence(path: Path, error: ValidationError) -> str:
    """Turn pydantic's first complaint into one sentence naming the field."""
    first = error.errors()[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    where = f"field {field} " if field else ""
    n = error.error_count() - 1
    more = f" ({n} more after it)" if n else ""
    kind = first["type"]
    if kind == "extra_forbidden":
        what = "is not known; remove it or correct its name"
    elif kind == "missing":
        what = "is missing; every number needs value, unit and source"
    elif kind == "value_error":
        what = f"is refused: {first['ctx']['error']!s}"
    else:
        what = f"is refused: {first['msg'][0].lower()}{first['msg'][1:]}"
    return f"Detector card {path}: {where}{what}{more}."


def card_path(name_or_path: str | Path) -> Path:
    """Return the file of a card named in ``detector/cards`` or given by its path.

    Raises ValueError when there is none.
    """
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path
    shipped = CARDS / f"{name_or_path}.yaml"
    if shipped.is_file():
        return shipped
    known = ", ".join(sorted(p.stem for p in CARDS.glob("*.yaml")))
    msg = f"No detector card {str(name_or_path)!r}: give one of {known}, or the path of a .yaml file."
    raise ValueError(msg)


def load_detector(name_or_path: str | Path = "belle2-run1") -> Detector:
    """Read, check and compile a detector card.

    Raises ValueError, one sentence naming file and field, for a card that is not valid: unknown or missing
    keys, values outside their physical range, missing or wrong units, overlapping layers.
    """
    path = card_path(name_or_path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    except yaml.YAMLError as error:
        msg = f"Detector card {path} is not valid YAML: {' '.join(str(error).split())}"
        raise ValueError(msg) from error
    try:
        card = Card.model_validate(content)
    except ValidationError as error:
        raise ValueError(_sentence(path, error)) from error
    surfaces = build_surfaces(card.beam_pipe, card.pixels, card.strips, card.drift_chamber, card.materials)
    chamber = build_chamber(card.drift_chamber, card.materials)
    tracker = Tracker(
        card.magnet.field.number,
        surfaces,
        chamber,
        build_envelope(card.envelope),
        build_processes(card.processes),
        build_finding(card.track_finding),
        float(2.5 * surfaces.layer["x0"].sum() + 0.01 + chamber.outer_wall.x0),
    )
    return Detector(card.name, card, tracker, compile_outer(card))
