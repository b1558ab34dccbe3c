"""Production: a sample is cut into chunks; each is generated, measured, reconstructed and written.

The chunk is the only unit of work.  Kernels inside it are serial and release the GIL; threads map one function over
chunks here and nowhere else, and rows leave in the order of the events.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from physics.beams import BeamEnergy, LuminousRegion, superkekb
from physics.random import stream_key
from sim import provenance
from sim.samples import sample as find_sample
from sim.tables import Table, documentation, reco_table, truth_table

if TYPE_CHECKING:
    from sim.decay_names import Descriptions
    from sim.generators.setup import Generator

Level = Literal["truth", "reco", "ntuple"]
TREES: dict[Level, str] = {"truth": "truth", "reco": "reco", "ntuple": "variables"}
"""Name of the tree by level."""

CHUNK_EVENTS = 5_000
"""Events in a chunk: some ten MB of generic B pairs, far below the 50k events a ROOT basket may hold."""
MAXIMUM_X_MASS = 5.27941 - 0.493677
"""Mass [GeV] of the heaviest X in B⁺ → K⁺X (PDG 2026)."""
DECAY_MODE_COLUMNS = {"mcDecayMode_B1", "mcDecayMode_B2"}
"""Columns of rows of the decay table; a file says in ``decay_modes`` what those that occur in it are."""
NB_TO_PER_FB = 1e6
"""Events per fb⁻¹ and nb."""


@dataclass(frozen=True)
class Request:
    """What a user asks for; checked on creation.

    Attributes
    ----------
    sample : name in the catalogue.
    events : number of events to generate.
    seed : any non-negative integer below 2⁶³.
    level : how far each event is taken.
    first_event : number of the first event; jobs of one sample and seed share no event when their ranges do not.
    decay_file : decays in EvtGen syntax that replace those of the default file.
    detector : name of a card or path of a YAML file.
    selection : name of a selection card or path, None for the sample's own.
    candidates : rule that chooses among candidates, None for the selection's own.
    signal_only, unweighted, x_mass, fsr, generator, tune : see :class:`sim.generators.setup.Setup`.
    chunk_events : events that are worked on together, None for what suits their size; changes nothing for them.
    """

    sample: str
    events: int
    seed: int = 1
    level: Level = "ntuple"
    first_event: int = 0
    beam: BeamEnergy = "on-resonance"
    luminous_region: LuminousRegion = "measured"
    decay_file: Path | None = None
    detector: str = "belle2-run1"
    selection: str | None = None
    candidates: str | None = None
    signal_only: bool = False
    unweighted: bool = False
    x_mass: float | None = None
    fsr: bool = True
    generator: Literal["belfast", "pythia8"] = "belfast"
    tune: Path | None = None
    chunk_events: int | None = None

    def __post_init__(self) -> None:
        """Refuse impossible requests, one sentence each."""
        found = find_sample(self.sample)
        found.cross_section(self.beam, superkekb(self.beam).root_s)
        _at_least("events", self.events, 1)
        _at_least("first-event", self.first_event, 0)
        _at_least("seed", self.seed, 0)
        if self.seed >= 2**63 or self.first_event + self.events >= 2**63:
            _fail("seed and event numbers must stay below 2^63")
        if self.chunk_events is not None and not 1 <= self.chunk_events <= 50_000:
            _fail(f"chunks hold 1 to 50000 events, not {self.chunk_events}")
        _one_of("level", self.level, get_args(Level))
        _one_of("luminous-region", self.luminous_region, get_args(LuminousRegion))
        _one_of("generator", self.generator, ("belfast", "pythia8"))
        if self.signal_only and not found.signal:
            _fail(f"--signal-only needs a signal sample, and '{self.sample}' has no signal B")
        if self.unweighted and not found.nunu:
            _fail(f"--unweighted is for the νν̄ signals; '{self.sample}' carries no weights")
        if (self.x_mass is not None) != (found.signal == "kplus-x"):
            _fail("--x-mass belongs to sample 'kplus-x', which needs it: give the mass of X in GeV")
        if self.x_mass is not None and not 0.0 <= self.x_mass < MAXIMUM_X_MASS:
            _fail(f"--x-mass must lie between 0 and {MAXIMUM_X_MASS:.3f} GeV, m(B) - m(K), not at {self.x_mass} GeV")
        for option, path in (("decay-file", self.decay_file), ("tune", self.tune)):
            if path is not None and not path.is_file():
                _fail(f"--{option}: there is no file '{path}'")

    @property
    def tree(self) -> str:
        """Name of the tree that the rows go to."""
        return TREES[self.level]


def events_of_luminosity(sample: str, luminosity_fb: float, beam: BeamEnergy = "on-resonance") -> int:
    """Return the expected number of events of a sample in ``luminosity_fb`` [fb⁻¹], rounded, at least 1."""
    if not luminosity_fb > 0.0:
        _fail(f"the luminosity must be positive, not {luminosity_fb} fb⁻¹")
    cross_section = find_sample(sample).cross_section(beam, superkekb(beam).root_s)
    return max(1, round(luminosity_fb * cross_section * NB_TO_PER_FB))


@dataclass(frozen=True)
class Chunk:
    """A run of events, the unit of work."""

    first: int
    events: int


def chunks(request: Request) -> Iterator[Chunk]:
    """Yield the runs of events that are worked on together; a lone signal B takes a tenth of the work and memory."""
    size = request.chunk_events or (2 * CHUNK_EVENTS if request.signal_only else CHUNK_EVENTS)
    last = request.first_event + request.events
    for first in range(request.first_event, last, size):
        yield Chunk(first, min(size, last - first))


@dataclass(frozen=True)
class ChunkResult:
    """Rows of a chunk and what they stand for."""

    table: Table
    generated: int
    sum_weights: float
    cut_flow: dict[str, int]


@dataclass
class Line:
    """The stations of the production line, built once and used by every chunk."""

    request: Request
    generate: Generator
    decays: Descriptions
    measure: Callable[..., Any] | None = None
    reconstruct: Callable[..., Any] | None = None
    tables: dict[str, Path] = field(default_factory=dict)
    magnetic_field: float = math.nan
    """Solenoid of the detector [T]."""

    def process(self, chunk: Chunk) -> ChunkResult:
        """Take one chunk down the line."""
        truth = self.generate(chunk.first, chunk.events)
        weights = float(np.sum(truth.columns["__weight__"]))
        if self.measure is None:
            return ChunkResult(truth_table(truth), len(truth), weights, {})
        reco = self.measure(truth)
        if self.reconstruct is None:
            return ChunkResult(reco_table(truth, reco), len(truth), weights, {})
        rows = self.reconstruct(reco, truth)
        return ChunkResult(rows.table(), len(truth), weights, rows.cut_flow)


def build_line(request: Request, compiling: Callable[[int], None] = lambda _: None) -> Line:
    """Load the tables that the request needs and connect the stations, which are compiled first where they are not.

    ``compiling`` is called as :func:`sim.compilation.compile_ahead` says.
    """
    from sim.compilation import compile_ahead
    from sim.decay_file import default_decay_file
    from sim.decay_table import load_described_table
    from sim.generators import make_generator
    from sim.generators.setup import Setup

    if request.level != "truth":
        from detector.card import card_path, load_detector

        card_path(request.detector)  # a wrong name does not wait for compilers
    compile_ahead(request.level, compiling)
    found = find_sample(request.sample)
    beams = superkekb(request.beam, request.luminous_region)
    key = stream_key(request.seed, request.sample)
    decay_files = [f for f in (found.decay_file(unweighted=request.unweighted), request.decay_file) if f is not None]
    table, names = load_described_table(decay_files, fsr=request.fsr)
    if request.x_mass is not None:
        table.particles["mass"][names.row("X_invisible")] = request.x_mass
    setup = Setup(key, beams, table, names, request.signal_only, request.unweighted, request.tune, request.generator)
    tables = {"decay file": default_decay_file(), **{f"decays {f.stem}": f for f in decay_files}}
    line = Line(request, make_generator(found, setup), names, tables=tables)
    if request.level != "truth":
        from detector.response import measure

        detector = load_detector(request.detector)
        line.magnetic_field = detector.tracker.field
        line.measure = lambda events: measure(events.particles, events.number, detector, key)
        line.tables["detector card"] = card_path(request.detector)
    if request.level == "ntuple":
        from sim.reconstruction import load_selection, reconstruct, selection_path

        name = request.selection or "kplus-nunu-2021"
        selection = load_selection(name, sample=request.sample, candidates=request.candidates)
        line.reconstruct = lambda reco, events: reconstruct(
            reco, events, selection, beams, field=line.magnetic_field, key=int(key)
        )
        line.tables["selection card"] = selection_path(name)
    return line


def process(line: Line, threads: int = 1) -> Iterator[ChunkResult]:
    """Yield the results of all chunks in the order of the events, at most ``threads`` + 1 in memory."""
    if threads == 1:
        yield from map(line.process, chunks(line.request))
        return
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[ChunkResult]] = deque()
        try:
            for chunk in chunks(line.request):
                running.append(pool.submit(line.process, chunk))
                if len(running) > threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


@dataclass
class Account:
    """Running totals of a production, and the metadata of its file."""

    generated: int = 0
    selected: int = 0
    sum_weights: float = 0.0
    cut_flow: dict[str, int] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    modes: set[int] = field(default_factory=set)

    def add(self, result: ChunkResult) -> None:
        """Count one chunk."""
        self.generated += result.generated
        self.selected += len(result.table)
        self.sum_weights += result.sum_weights
        for cut, n in result.cut_flow.items():
            self.cut_flow[cut] = self.cut_flow.get(cut, 0) + n
        table = result.table
        for name in DECAY_MODE_COLUMNS & table.columns.keys():
            self.modes.update(np.unique(table.columns[name]).tolist())
        self.columns = [*table.columns, *(f"{p}_{c}" for p, (_, cs) in table.collections.items() for c in cs)]

    def metadata(self, line: Line) -> dict[str, Any]:
        """Return the record that goes into the file, JSON-ready."""
        request = line.request
        found = find_sample(request.sample)
        cross_section = found.cross_section(request.beam, superkekb(request.beam).root_s)
        extra: dict[str, Any] = {}
        if request.level == "ntuple":
            from sim.reconstruction import candidate_columns

            extra = candidate_columns()
        options = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(request).items()}
        return {
            "tree": request.tree,
            "sample": request.sample,
            "process": found.process,
            "seed": request.seed,
            "first_event": request.first_event,
            "generated": self.generated,
            "selected": self.selected,
            "cross_section_nb": cross_section,
            "luminosity_fb": self.generated / (cross_section * NB_TO_PER_FB),
            "sum_weights": self.sum_weights,
            "cut_flow": self.cut_flow,
            "columns": documentation(self.columns, extra),
            "decay_modes": {
                str(row): {"decay": mode.identity, "fraction": mode.fraction, "model": mode.model}
                for row, mode in ((row, line.decays.modes[row]) for row in sorted(self.modes) if row >= 0)
            },
            "provenance": provenance.record(options, line.tables),
        }


def write_file(
    request: Request,
    output: Path,
    *,
    threads: int = 1,
    force: bool = False,
    report: Callable[[int], None] = lambda _: None,
    compiling: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Produce ``request`` into the file ``output``; returns its metadata.

    ``report`` is called with the number of events after each chunk, ``compiling`` as :func:`build_line` says.
    Raises ValueError for what a user can mend; whatever happens, no half-written file stays behind.
    """
    from sim.files import OutputFile, check_output

    check_output(output, request.level, force=force)
    line = build_line(request, compiling)
    account = Account(generated=request.events, selected=request.events, sum_weights=float(request.events))
    with OutputFile(output, request.tree, account.metadata(line)) as file:
        account = Account()
        for result in process(line, threads):
            account.add(result)
            file.write(result.table)
            report(result.generated)
        metadata = account.metadata(line)
        file.finish(metadata)
    return metadata


def _at_least(option: str, value: int, minimum: int) -> None:
    if value < minimum:
        _fail(f"--{option} must be at least {minimum}, not {value}")


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        _fail(f"--{option} must be one of {', '.join(choices)}, not '{value}'")


def _fail(message: str) -> None:
    raise ValueError(message)
