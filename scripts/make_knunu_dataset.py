"""The dataset of a B⁺ → K⁺νν̄ search: signal and the seven backgrounds, on and off resonance, with weights.

    python scripts/make_knunu_dataset.py --fraction 0.001 --output data/knunu [--threads 2] [--plot]

The default luminosities are those of arXiv:2104.12624, 63 fb⁻¹ on and 9 fb⁻¹ off resonance; ``--fraction`` says how
much of them is generated.  Every row carries ``luminosity_weight``: with it the rows of all files add up to the
whole luminosity, signal at its standard-model rate.  Parts that are complete are kept: run the same line again
after an interruption, and only what is missing is made.
"""

import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

SIGNAL = "kplus-nunu"
B_BACKGROUNDS = ("charged", "mixed")
CONTINUUM = ("uubar", "ddbar", "ssbar", "ccbar", "taupair")
LUMINOSITY_ON, LUMINOSITY_OFF = 63.0, 9.0
"""[fb⁻¹], arXiv:2104.12624."""
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Part:
    """One file of the dataset."""

    sample: str
    beam: str
    first: int
    events: int
    total: int
    luminosity_fb: float

    @property
    def file(self) -> str:
        """Name in the folder."""
        return f"{self.sample}_{self.beam}_{self.first:010d}.parquet"

    @property
    def factor(self) -> float:
        """Luminosity weight of an event of ``__weight__`` 1."""
        from physics.beams import superkekb
        from sim.production import NB_TO_PER_FB
        from sim.samples import sample

        cross_section = sample(self.sample).cross_section(self.beam, superkekb(self.beam).root_s)  # type: ignore[arg-type]
        return self.luminosity_fb * NB_TO_PER_FB * cross_section / self.total


def plan(
    fraction: float, signal_events: int, part_events: int, on_fb: float = LUMINOSITY_ON, off_fb: float = LUMINOSITY_OFF
) -> list[Part]:
    """Return the files of the dataset."""
    from sim.production import events_of_luminosity

    wanted = [(SIGNAL, "on-resonance", signal_events, on_fb)]
    for beam, luminosity, samples in (
        ("on-resonance", on_fb, B_BACKGROUNDS + CONTINUUM),
        ("off-resonance", off_fb, CONTINUUM),
    ):
        wanted += [
            (name, beam, events_of_luminosity(name, fraction * luminosity, beam), luminosity)  # type: ignore[arg-type]
            for name in samples
            if luminosity > 0.0
        ]
    return [
        Part(name, beam, first, min(part_events, total - first), total, luminosity)
        for name, beam, total, luminosity in wanted
        for first in range(0, total, part_events)
    ]


def recipe(part: Part, seed: int, selection: str | None) -> dict[str, object]:
    """Return what a part's file must have been made from to be kept."""
    return {
        "seed": seed,
        "first_event": part.first,
        "events": part.events,
        "total": part.total,
        "luminosity_fb": part.luminosity_fb,
        "selection": selection,
    }


def is_complete(part: Part, folder: Path, seed: int, selection: str | None) -> bool:
    """Whether the part's file is there and is this one."""
    from sim.files import read_metadata

    path = folder / part.file
    if not path.exists():
        return False
    _, metadata = read_metadata(path)
    return metadata.get("dataset") == recipe(part, seed, selection)


def make_part(part: Part, folder: Path, seed: int, selection: str | None, threads: int) -> dict[str, object]:
    """Produce one file; returns its metadata."""
    from sim.files import OutputFile
    from sim.production import Account, Request, build_line, process
    from sim.tables import Table

    request = Request(
        part.sample,
        part.events,
        seed,
        "ntuple",
        part.first,
        beam=part.beam,
        selection=selection,  # type: ignore[arg-type]
    )
    line = build_line(request)
    account = Account()
    with OutputFile(folder / part.file, request.tree, account.metadata(line)) as file:
        for result in process(line, threads):
            account.add(result)
            weight = result.table.columns["__weight__"]
            columns = {
                **result.table.columns,
                "luminosity_weight": part.factor * weight,
                "is_off_resonance": np.full(len(weight), part.beam == "off-resonance", np.int8),
            }
            file.write(Table(columns))
        metadata = account.metadata(line)
        metadata["dataset"] = recipe(part, seed, selection)
        metadata["columns"]["luminosity_weight"] = {
            "unit": "",
            "description": f"weight that brings the dataset to {part.luminosity_fb:g} fb-1 ({part.beam})",
        }
        metadata["columns"]["is_off_resonance"] = {"unit": "", "description": "1 for off-resonance collisions"}
        file.finish(metadata)
    return metadata


def main(
    output: Annotated[Path, typer.Option(help="Folder of the files.")] = Path("data/knunu"),
    fraction: Annotated[float, typer.Option(help="Part of the backgrounds' luminosity to generate.")] = 0.001,
    signal_events: Annotated[int, typer.Option(help="Signal events to generate.")] = 100_000,
    on_luminosity: Annotated[float, typer.Option(help="On-resonance luminosity in fb-1.")] = LUMINOSITY_ON,
    off_luminosity: Annotated[float, typer.Option(help="Off-resonance luminosity in fb-1.")] = LUMINOSITY_OFF,
    part_events: Annotated[int, typer.Option(help="Events in one file at most.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
    selection: Annotated[str | None, typer.Option(help="Selection card, by name or path.")] = None,
    threads: Annotated[int, typer.Option(help="Threads.")] = 1,
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the most discriminating variables (extra [plot]).")
    ] = False,
) -> None:
    """Make what is missing, write the manifest."""
    if not 0.0 < fraction <= 1.0:
        print(f"error: --fraction must lie in (0, 1], not {fraction}", file=sys.stderr)
        raise typer.Exit(1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leaves no half-written file, as Ctrl-C
    output.mkdir(parents=True, exist_ok=True)
    parts = plan(fraction, signal_events, part_events, on_luminosity, off_luminosity)
    try:
        for i, part in enumerate(parts):
            if is_complete(part, output, seed, selection):
                state = "kept"
            else:
                made = make_part(part, output, seed, selection, threads)
                state = f"{made['selected']} rows"
            print(f"[{i + 1}/{len(parts)}] {part.file}: {part.events} events, {state}", flush=True)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    write_manifest(parts, output, seed, fraction)
    print_yields(output)
    if plot:
        draw(output)


def write_manifest(parts: list[Part], folder: Path, seed: int, fraction: float) -> None:
    """Write ``manifest.json``: every file with its sample, beam, events and weight."""
    entries = [
        {"file": p.file, "sample": p.sample, "beam": p.beam, "events": p.events, "weight": p.factor, "total": p.total}
        for p in parts
    ]
    content = {"seed": seed, "fraction": fraction, "files": entries}
    temporary = folder / f".{MANIFEST}.partial"
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(folder / MANIFEST)


def load(folder: Path, columns: list[str], beam: str = "on-resonance") -> dict[str, dict[str, np.ndarray]]:
    """Return the columns of all samples of a dataset by sample, with ``generated`` and ``luminosity_weight``."""
    import pyarrow.parquet as pq

    manifest = json.loads((folder / MANIFEST).read_text())
    names = list(dict.fromkeys([*columns, "luminosity_weight", "__weight__"]))
    samples: dict[str, list[dict[str, np.ndarray]]] = {}
    generated: dict[str, int] = {}
    for entry in manifest["files"]:
        if entry["beam"] != beam:
            continue
        file = pq.ParquetFile(folder / entry["file"])
        there = [name for name in names if name in file.schema_arrow.names]
        table = file.read(columns=there)
        rows = {name: table[name].to_numpy() for name in there}
        missing = {name: np.full(len(table), np.nan) for name in names if name not in there}
        samples.setdefault(entry["sample"], []).append({**rows, **missing})
        generated[entry["sample"]] = generated.get(entry["sample"], 0) + entry["events"]
    return {
        sample: {
            **{name: np.concatenate([part[name] for part in rows]) for name in names},
            "generated": np.array(generated[sample]),
        }
        for sample, rows in samples.items()
    }


def print_yields(folder: Path) -> None:
    """Print the rows and the yields at full luminosity."""
    print(f"{'sample':<12} {'beam':<14} {'generated':>11} {'rows':>9} {'yield':>14}")
    for beam in ("on-resonance", "off-resonance"):
        for sample, rows in load(folder, [], beam).items():
            weight = rows["luminosity_weight"]
            error = np.sqrt((weight**2).sum())
            total = f"{weight.sum():>14.6g} ± {error:.3g}"
            print(f"{sample:<12} {beam:<14} {int(rows['generated']):>11} {len(weight):>9} {total}")


PLOTTED = {
    "roeDeltae": ("$\\Delta E_\\mathrm{ROE}$ [GeV]", -4.0, 4.0),
    "foxWolframR1": ("$R_1$", 0.0, 0.4),
    "cosTBTO": ("|cos(K, thrust axis of the rest)|", 0.0, 1.0),
    "missingMass2OfEvent": ("$M^2_\\mathrm{miss}$ [GeV$^2$]", -8.0, 44.0),
    "pt": ("$p_T(K)$ [GeV]", 0.0, 3.5),
    "q2rec": ("$q^2_\\mathrm{rec}$ [GeV$^2$]", -5.0, 23.0),
}
"""Variables that are drawn: label, range."""
STACK = {
    "taupair": ("$\\tau^+\\tau^-$", "#bdbdbd"),
    "uubar": ("$u\\bar u$", "#9ecae1"),
    "ddbar": ("$d\\bar d$", "#6baed6"),
    "ssbar": ("$s\\bar s$", "#4292c6"),
    "ccbar": ("$c\\bar c$", "#2171b5"),
    "mixed": ("$B^0\\bar B^0$", "#fdae6b"),
    "charged": ("$B^+B^-$", "#e6550d"),
}
"""Backgrounds from bottom to top: label, colour; continuum in blue, B pairs in orange."""


def draw(folder: Path) -> None:
    """Draw signal against stacked on-resonance backgrounds to ``dataset.png``."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    samples = load(folder, list(PLOTTED))
    backgrounds = {name: samples[name] for name in STACK if name in samples}
    weights = [rows["luminosity_weight"] / 1e6 for rows in backgrounds.values()]
    figure, axes = plt.subplots(2, 3, figsize=(10.5, 6.2), layout="constrained")
    for axis, (name, (label, low, high)) in zip(axes.flat, PLOTTED.items(), strict=True):
        edges = np.linspace(low, high, 41)
        heights, _, _ = axis.hist(
            [rows[name] for rows in backgrounds.values()],
            edges,
            weights=weights,
            histtype="stepfilled",
            stacked=True,
            label=[STACK[b][0] for b in backgrounds],
            color=[STACK[b][1] for b in backgrounds],
        )
        shape, _ = np.histogram(samples[SIGNAL][name], edges, weights=samples[SIGNAL]["luminosity_weight"])
        total = np.asarray(heights)[-1].sum()
        axis.stairs(shape * total / max(shape.sum(), 1e-300), edges, color="k", lw=1.6, label=r"$B^+\to K^+\nu\bar\nu$")
        axis.set(xlabel=label, xlim=(low, high))
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("candidates / $10^6$")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=8, frameon=False)
    figure.savefig(folder / "dataset.png", dpi=100)
    plt.close(figure)
    print(f"{folder / 'dataset.png'}: backgrounds at their luminosity, signal scaled to their sum")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    typer.run(main)
