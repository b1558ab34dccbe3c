"""Validation: physics against references and closed forms, as tables with pass/fail and plots.

    python scripts/validate.py STATION [--events N] [--output FOLDER]

Each station is a module of scripts/validation with ``run(events, output) -> bool``.
"""

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

STATIONS = {
    "signal": "q² of the νν̄ signals, weights, conservation laws",
    "decays": "generic B decays: multiplicities, spectra, branching fractions, angles, mixing",
    "continuum": "qq̄ and τ pairs: multiplicities, spectra, event shapes",
    "detector": "efficiencies, resolutions, pulls, masses, identification",
    "ntuple": "signal candidate, cut flow, most discriminating variables",
}


def main(
    station: Annotated[str, typer.Argument(help=f"One of {', '.join(STATIONS)}, or all.")] = "all",
    events: Annotated[int, typer.Option(help="Events for each sample; 0 for the station's own choice.")] = 0,
    output: Annotated[Path, typer.Option(help="Folder for the plots.")] = Path("output/validation"),
) -> None:
    """Run one station, or all; the exit code tells whether every comparison passed."""
    if station not in {*STATIONS, "all"}:
        print(f"error: there is no station '{station}': choose one of {', '.join(STATIONS)}, or all", file=sys.stderr)
        raise typer.Exit(1)
    output.mkdir(parents=True, exist_ok=True)
    passed = True
    for name in STATIONS if station == "all" else [station]:
        print(f"== {name}: {STATIONS[name]}")
        module = importlib.import_module(f"scripts.validation.{name}")
        passed &= module.run(events, output)
    raise typer.Exit(0 if passed else 1)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    typer.run(main)
