"""The command line: ``belfast generate``, ``belfast samples``, ``belfast info``.

Heavy imports live inside the functions: ``--help`` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from sim.production import Request

app = typer.Typer(
    name="belfast",
    help="Fast simulation of Belle II: from e⁺e⁻ beams to an analysis-ready ntuple.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Level(StrEnum):
    """How far events are taken."""

    truth = "truth"
    reco = "reco"
    ntuple = "ntuple"


class Beam(StrEnum):
    """Collision energy."""

    on_resonance = "on-resonance"
    off_resonance = "off-resonance"


class LuminousRegion(StrEnum):
    """Size of the region of collisions."""

    measured = "measured"
    design = "design"


class Candidates(StrEnum):
    """Rule that chooses among the signal candidates of an event."""

    highest_pt = "highest-pt"
    lowest_q2 = "lowest-q2"
    all = "all"


class Program(StrEnum):
    """Program that fragments quarks."""

    belfast = "belfast"
    pythia8 = "pythia8"


def fail(message: object) -> NoReturn:
    """Print one sentence to stderr and leave with exit code 1."""
    typer.secho(f"error: {message}", fg="red", err=True)
    raise typer.Exit(1)


@contextmanager
def _own_process() -> Iterator[None]:
    """Spare a process that runs no kernels but ours what they do not need: a quarter of its start.

    OpenBLAS would spread a few small matrices over all cores; Python would search the million objects of the start for
    garbage again and again, and take them apart one by one at exit; numba would have awkward and vector teach it their
    types, which no kernel of ours knows. Numba and the garbage collection are as they were for whoever goes on from
    here.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is loaded
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)  # and leave what there is then to the operating system
    from numba.core import entrypoints

    extensions = entrypoints.init_all
    entrypoints.init_all = lambda: None
    try:
        yield
    finally:
        entrypoints.init_all = extensions
        gc.set_threshold(*thresholds)


@app.command(context_settings={"ignore_unknown_options": False})
def generate(
    sample: Annotated[str, typer.Argument(help="Name of the sample; 'belfast samples' lists them.")],
    events: Annotated[int | None, typer.Option("--events", "-n", help="Number of events to generate.")] = None,
    luminosity: Annotated[
        float | None, typer.Option(help="Generate the events expected in this luminosity [fb⁻¹].")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed; the same (sample, seed, event) is always the same event.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write: .root, .parquet or .hepmc3 (truth only).")
    ] = None,
    level: Annotated[Level, typer.Option(help="How far events are taken.")] = Level.ntuple,
    threads: Annotated[int, typer.Option(help="Threads; the events do not depend on it.")] = 1,
    beam: Annotated[Beam, typer.Option(help="On the Υ(4S) or 60 MeV below.")] = Beam.on_resonance,
    luminous_region: Annotated[
        LuminousRegion, typer.Option(help="Luminous region as measured or as designed.")
    ] = LuminousRegion.measured,
    decay_file: Annotated[Path | None, typer.Option(help="Decays in EvtGen syntax on top of DECAY_BELLE2.DEC.")] = None,
    detector: Annotated[str, typer.Option(help="Detector card: a name or a YAML file.")] = "belle2-run1",
    selection: Annotated[
        str | None, typer.Option(help="Selection card: a name or a YAML file; default: the 2021 analysis.")
    ] = None,
    candidates: Annotated[Candidates | None, typer.Option(help="Which candidates to keep.")] = None,
    first_event: Annotated[int, typer.Option(help="Number of the first event, to split a sample over jobs.")] = 0,
    signal_only: Annotated[bool, typer.Option("--signal-only", help="Drop the other B: quick toys.")] = False,
    unweighted: Annotated[
        bool, typer.Option("--unweighted", help="νν̄ signals: standard-model shape with weights 1.")
    ] = False,
    x_mass: Annotated[float | None, typer.Option(help="Mass of X [GeV] for sample kplus-x.")] = None,
    fsr: Annotated[bool, typer.Option("--fsr/--no-fsr", help="Final-state radiation.")] = True,
    generator: Annotated[Program, typer.Option(help="Program that fragments quarks.")] = Program.belfast,
    tune: Annotated[Path | None, typer.Option(help="YAML file with hadronization parameters.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output file.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Generate a sample into a file."""
    if (events is None) == (luminosity is None):
        fail("give either --events N or --luminosity FB, one of the two")
    if threads < 1:
        fail(f"--threads must be at least 1, not {threads}")
    path = output or Path(f"{sample}.root")
    try:
        with _own_process():
            from sim.production import Request, events_of_luminosity

            if events is None:
                events = events_of_luminosity(sample, luminosity or 0.0, beam.value)
            request = Request(
                sample=sample, events=events, seed=seed, level=level.value, first_event=first_event, beam=beam.value,
                luminous_region=luminous_region.value, decay_file=decay_file, detector=detector, selection=selection,
                candidates=candidates.value if candidates else None, signal_only=signal_only, unweighted=unweighted,
                x_mass=x_mass, fsr=fsr, generator=generator.value, tune=tune,
            )  # fmt: skip
            metadata = _produce(request, path, threads=threads, force=force, quiet=quiet)
    except ValueError as error:
        fail(error)
    except OSError as error:
        fail(f"'{path}' could not be written: {error.strerror or error}")
    except KeyboardInterrupt:
        fail("interrupted; nothing was left behind")
    if not quiet:
        _summary(path, metadata)


def _produce(request: Request, path: Path, *, threads: int, force: bool, quiet: bool) -> dict[str, Any]:
    """Write the file with a progress bar; SIGTERM ends it as cleanly as Ctrl-C."""
    import signal

    from sim.compilation import missing_pieces
    from sim.production import write_file

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    if quiet:
        return write_file(request, path, threads=threads, force=force)

    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Events per second."""

        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.0f} events/s" if task.speed else "", style="progress.data.speed")

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        pieces = len(missing_pieces(request.level))
        compilation = progress.add_task("compiling kernels, once for all", total=pieces, visible=False)
        task = progress.add_task(request.sample, total=request.events, visible=False)
        return write_file(
            request,
            path,
            threads=threads,
            force=force,
            report=lambda events: progress.update(task, advance=events, visible=True),
            compiling=lambda done: progress.update(compilation, advance=done, visible=True),
        )


def _summary(path: Path, metadata: dict[str, Any]) -> None:
    rows = "candidates" if metadata["tree"] == "variables" else "events"
    typer.echo(
        f"{path}: {metadata['selected']:,} {rows} from {metadata['generated']:,} events of {metadata['process']}, "
        f"{metadata['luminosity_fb']:.4g} fb⁻¹"
    )


@app.command()
def samples(
    models: Annotated[bool, typer.Option("--models", help="Show the decay models of generic B decays.")] = False,
) -> None:
    """List every sample: name, process, cross section, events per fb⁻¹."""
    from rich.console import Console
    from rich.table import Table

    from sim.samples import SAMPLES

    console = Console()
    if models:
        _models(console)
        return
    table = Table(title="Samples", title_justify="left")
    for title in ("name", "process", "cross section [nb]", "events / fb⁻¹", "source"):
        table.add_column(title, justify="right" if "[" in title or "/" in title else "left", no_wrap=title == "name")
    for found in SAMPLES.values():
        sigma = found.cross_section_nb
        per_fb = sigma * 1e6
        events = f"{per_fb:,.0f}" if per_fb > 100 else f"{per_fb:.3g}"
        table.add_row(found.name, found.process, f"{sigma:.3g}", events, found.source)
    console.print(table)


def _models(console: Any) -> None:
    from rich.table import Table

    from sim.decay_table import load_described_table, model_shares

    table = Table(title="Decay models of DECAY_BELLE2.DEC by branching fraction", title_justify="left")
    for title in ("model", "B+", "B0", "D0", "D+", "generated as"):
        table.add_column(title, justify="right" if title not in ("model", "generated as") else "left")
    decays, names = load_described_table()
    shares = {mother: model_shares(decays, names, mother) for mother in ("B+", "B0", "D0", "D+")}
    models = sorted({m for s in shares.values() for m in s}, key=lambda m: -shares["B+"].get(m, (0.0, True))[0])
    for model in models:
        found = [s.get(model, (0.0, True)) for s in shares.values()]
        as_itself = all(implemented for _, implemented in found)
        cells = [f"{100 * share:.3f} %" if share else "" for share, _ in found]
        table.add_row(model, *cells, "itself" if as_itself else "PHSP (not implemented)")
    console.print(table)


@app.command()
def info(
    file: Annotated[Path, typer.Argument(help="A file made by belfast.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Show where a file comes from, what was counted, and its columns."""
    from sim.files import column_ranges, read_metadata

    try:
        tree, metadata = read_metadata(file)
        ranges = column_ranges(file, tree)
    except ValueError as error:
        fail(error)
    for name, (low, mean, high) in ranges.items():
        metadata["columns"].setdefault(name, {"unit": "", "description": ""})
        metadata["columns"][name] |= {"min": low, "mean": mean, "max": high}
    if as_json:
        import json

        json.dump(_without_nan(metadata), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
        return
    _show(file, metadata)


def _without_nan(value: Any) -> Any:
    """Replace NaN, which JSON does not know, by null."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124


def _show(file: Path, metadata: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    facts = Table(title=str(file), title_justify="left", show_header=False)
    for key in (
        "sample", "process", "tree", "seed", "first_event", "generated", "selected", "cross_section_nb",
        "luminosity_fb", "sum_weights",
    ):  # fmt: skip
        value = metadata[key]
        facts.add_row(key, f"{value:.6g}" if isinstance(value, float) else str(value))
    origin = metadata["provenance"]
    facts.add_row("made by", f"belfast {origin['version']} {origin['commit']}")
    facts.add_row("command", origin["command"])
    facts.add_row("created", origin["created"])
    for name, table in origin["tables"].items():
        facts.add_row(name, f"{table['file']} (sha256 {table['sha256'][:16]}…)")
    modes = metadata.get("decay_modes", {})
    if modes:
        facts.add_row("decay modes", f"{len(modes):,} kinds, named by --json")
    console.print(facts)
    if metadata["cut_flow"]:
        flow = Table(title="Cut flow", title_justify="left")
        flow.add_column("cut")
        flow.add_column("passing", justify="right")
        flow.add_column("of generated", justify="right")
        for cut, n in metadata["cut_flow"].items():
            flow.add_row(cut, f"{n:,}", f"{100 * n / metadata['generated']:.2f} %")
        console.print(flow)
    columns = Table(title="Columns", title_justify="left")
    for title in ("name", "unit", "min", "mean", "max", "meaning"):
        numeric = title in ("min", "mean", "max")
        columns.add_column(title, justify="right" if numeric else "left", no_wrap=title != "meaning")
    for name, column in metadata["columns"].items():
        numbers = [f"{column[k]:.4g}" if k in column else "" for k in ("min", "mean", "max")]
        columns.add_row(name, column["unit"], *numbers, column["description"])
    console.print(columns)
