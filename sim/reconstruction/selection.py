"""The selection card: the cuts of an analysis as a YAML file, checked, then compiled for kernels."""

import math
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from physics.particles import mass
from sim.reconstruction.objects import Cleanup

CARDS = Path(__file__).parent / "cards"
SAMPLE_CANDIDATES = {
    "kshort-nunu": "kshort",
    "kstar0-nunu": "kstar0",
    "kstar0-gamma": "kstar0",
    "kstar0-mumu": "kstar0",
    "kstar0-ee": "kstar0",
    "kstarplus-nunu": "kstarplus",
    "kstarplus-gamma": "kstarplus",
    "kstarplus-mumu": "kstarplus",
    "kstarplus-ee": "kstarplus",
}
"""Candidate of the samples whose signal is not a K⁺."""

CandidateType = Literal["kplus", "kshort", "kstar0", "kstarplus"]
Choice = Literal["highest-pt", "lowest-q2", "all"]
TYPES: tuple[CandidateType, ...] = ("kplus", "kshort", "kstar0", "kstarplus")
CHOICES: tuple[Choice, ...] = ("highest-pt", "lowest-q2", "all")
KPLUS, KSHORT, KSTAR0, KSTARPLUS = range(4)
HIGHEST_PT, LOWEST_Q2, ALL = range(3)


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] >= limits[1]:
        msg = f"the lower limit {limits[0]:g} is not below the upper limit {limits[1]:g}"
        raise ValueError(msg)
    return limits


def _in_order(limits: tuple[int, int]) -> tuple[int, int]:
    if limits[0] > limits[1]:
        msg = f"the lower limit {limits[0]} is above the upper limit {limits[1]}"
        raise ValueError(msg)
    return limits


NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Angles = Annotated[
    tuple[Annotated[float, Field(gt=0.0, lt=180.0)], Annotated[float, Field(gt=0.0, lt=180.0)]],
    AfterValidator(_ordered),
]
Interval = Annotated[tuple[NotNegative, NotNegative], AfterValidator(_ordered)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrackCuts(_Section):
    """Track cleanup."""

    pt_above: NotNegative
    theta_between: Angles
    abs_dz_below: NotNegative
    dr_below: NotNegative
    energy_below: NotNegative
    masses: Literal["most-likely", "pion"]


class PhotonCuts(_Section):
    """Photon cleanup."""

    energy_above: NotNegative
    energy_below: NotNegative


class EventCuts(_Section):
    """Cuts on the whole event."""

    tracks_between: Annotated[tuple[Annotated[int, Field(ge=0)], int], AfterValidator(_in_order)]
    visible_energy_above: NotNegative
    missing_momentum_theta_between: Angles


class CandidateCuts(_Section):
    """What a signal candidate is and which is kept."""

    type: CandidateType
    choice: Choice
    pxd_hits_from: Annotated[int, Field(ge=0)]
    cdc_hits_from: Annotated[int, Field(ge=0)]
    kaon_id_above: Probability | None
    kaon_id_before_choice: bool


class KshortCuts(_Section):
    """K_S → π⁺π⁻."""

    mass_between: Interval
    vertex_probability_above: Probability
    flight_time_above: NotNegative
    cos_pointing_above: Annotated[float, Field(ge=-1.0, le=1.0)]


class KstarCuts(_Section):
    """K*⁰ → K⁺π⁻, K*⁺ → K_S π⁺ and K⁺π⁰."""

    mass_window: NotNegative
    vertex_probability_above: Probability


class PizeroCuts(_Section):
    """π⁰ → γγ."""

    mass_between: Interval


class LeptonCuts(_Section):
    """Electrons and muons to be counted."""

    identification_above: Probability


class JpsiCuts(_Section):
    """The control sample B⁺ → J/ψ K⁺ with the dimuon dropped."""

    replace_kaon: bool
    mass_window: NotNegative


class Selection(_Section):
    """A selection card."""

    name: str
    source: str
    tracks: TrackCuts
    photons: PhotonCuts
    event: EventCuts
    candidate: CandidateCuts
    kshort: KshortCuts
    kstar: KstarCuts
    pizero: PizeroCuts
    leptons: LeptonCuts
    jpsi: JpsiCuts

    def cleanup(self, field: float) -> Cleanup:
        """Return the constants of the cleanup for a magnetic field [T]."""
        low, high = (math.radians(angle) for angle in self.tracks.theta_between)
        return Cleanup(
            self.tracks.pt_above,
            low,
            high,
            self.tracks.abs_dz_below,
            self.tracks.dr_below,
            self.tracks.energy_below,
            self.photons.energy_above,
            self.photons.energy_below,
            self.tracks.masses == "pion",
            field,
        )

    def cuts(self) -> "Cuts":
        """Return the remaining constants for kernels."""
        low, high = (math.radians(angle) for angle in self.event.missing_momentum_theta_between)
        candidate = self.candidate
        return Cuts(
            self.event.tracks_between[0],
            self.event.tracks_between[1],
            self.event.visible_energy_above,
            math.cos(high),
            math.cos(low),
            TYPES.index(candidate.type),
            CHOICES.index(candidate.choice),
            candidate.pxd_hits_from,
            candidate.cdc_hits_from,
            -1.0 if candidate.kaon_id_above is None else candidate.kaon_id_above,
            candidate.kaon_id_before_choice,
            *self.kshort.mass_between,
            self.kshort.vertex_probability_above,
            self.kshort.flight_time_above,
            self.kshort.cos_pointing_above,
            mass(313),
            mass(323),
            self.kstar.mass_window,
            self.kstar.vertex_probability_above,
            *self.pizero.mass_between,
            self.leptons.identification_above,
            self.jpsi.replace_kaon,
            mass(443) - self.jpsi.mass_window,
            mass(443) + self.jpsi.mass_window,
        )


class Cuts(NamedTuple):
    """Constants of event and candidate selection for kernels; GeV, rad, ns."""

    tracks_low: int
    tracks_high: int
    visible_energy: float
    missing_cos_low: float
    missing_cos_high: float
    candidate: int
    choice: int
    pxd_hits: int
    cdc_hits: int
    kaon_id: float
    kaon_id_before_choice: bool
    kshort_mass_low: float
    kshort_mass_high: float
    kshort_probability: float
    kshort_time: float
    kshort_pointing: float
    kstar0_mass: float
    kstarplus_mass: float
    kstar_window: float
    kstar_probability: float
    pizero_mass_low: float
    pizero_mass_high: float
    lepton_id: float
    jpsi: bool
    jpsi_mass_low: float
    jpsi_mass_high: float


def selection_path(name_or_path: str | Path) -> Path:
    """Return the file of a card given by name or path; ValueError when there is none."""
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        if path.is_file():
            return path
        msg = f"selection card {path} does not exist: give the path of a .yaml file or one of {_known()}"
        raise ValueError(msg)
    card = CARDS / f"{name_or_path}.yaml"
    if card.is_file():
        return card
    import difflib

    near = difflib.get_close_matches(str(name_or_path), [c.stem for c in CARDS.glob("*.yaml")], n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {_known()}; a path ends in .yaml"
    msg = f"there is no selection card '{name_or_path}': {hint}"
    raise ValueError(msg)


def _known() -> str:
    return ", ".join(sorted(card.stem for card in CARDS.glob("*.yaml")))


def load_selection(
    name_or_path: str | Path = "kplus-nunu-2021",
    *,
    sample: str | None = None,
    candidates: str | None = None,
    jpsi_trick: bool | None = None,
) -> Selection:
    """Return a checked selection card.

    Parameters
    ----------
    name_or_path : name of a card of ours, or path of a ``.yaml`` file.
    sample : name of the sample; a K_S or K* signal brings its own type of candidate.
    candidates : ``highest-pt``, ``lowest-q2`` or ``all`` in place of the card's choice.
    jpsi_trick : in place of the card's ``jpsi: replace_kaon``.

    Raises
    ------
    ValueError : no such card, or what is wrong with it, in one sentence.
    """
    import yaml

    path = selection_path(name_or_path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        msg = f"selection card {path} cannot be read as YAML: {reason}"
        raise ValueError(msg) from None
    if not isinstance(content, dict):
        msg = f"selection card {path} holds no sections: copy {CARDS.name}/kplus-nunu-2021.yaml and edit it"
        raise ValueError(msg)
    if candidates is not None:
        if candidates not in CHOICES:
            msg = f"candidates '{candidates}' is not one of {', '.join(CHOICES)}"
            raise ValueError(msg)
        if isinstance(content.get("candidate"), dict):
            content["candidate"]["choice"] = candidates
    if sample in SAMPLE_CANDIDATES and isinstance(content.get("candidate"), dict):
        content["candidate"]["type"] = SAMPLE_CANDIDATES[sample]
    if jpsi_trick is not None and isinstance(content.get("jpsi"), dict):
        content["jpsi"]["replace_kaon"] = jpsi_trick
    try:
        return Selection.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join(str(part) for part in first["loc"])
        what = {"extra_forbidden": "is not a known key", "missing": "is missing"}.get(first["type"], first["msg"])
        msg = f"selection card {path}: '{where}' {what}"
        raise ValueError(msg) from None
