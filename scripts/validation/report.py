"""A table of comparisons with pass and fail, and overlay plots; shared by the validation stations."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table


class Report:
    """Collects comparisons of one station and prints them at the end.

    Plots need the extra ``[plot]``; without it only the table is made.
    """

    def __init__(self, station: str, output: Path) -> None:
        self.station = station
        self.output = output
        self.passed = True
        self._table = Table(title=f"Validation: {station}", title_justify="left")
        for title in ("comparison", "value", "criterion", ""):
            self._table.add_column(title, justify="left" if title == "comparison" else "right")

    def check(self, what: str, value: float, relation: str, threshold: float) -> None:
        """Add ``value`` ``relation`` (< or >) ``threshold``."""
        passed = value < threshold if relation == "<" else value > threshold
        self.passed &= bool(passed)
        verdict = "[green]pass" if passed else "[red]FAIL"
        self._table.add_row(what, f"{value:.4g}", f"{relation} {threshold:g}", verdict)

    def note(self, what: str, value: str) -> None:
        """Add a number that is shown, not judged."""
        self._table.add_row(what, value, "", "")

    def overlay(
        self,
        name: str,
        edges: np.ndarray,
        values: np.ndarray,
        errors: np.ndarray,
        reference: np.ndarray,
        axis: str,
        title: str,
        *,
        log: bool = False,
    ) -> None:
        """Write a histogram with its reference and their ratio to ``<station>_<name>.png``; ``log``: logarithmic."""
        try:
            import matplotlib as mpl
        except ModuleNotFoundError:
            return
        mpl.use("Agg")
        import matplotlib.pyplot as plt

        centres = 0.5 * (edges[1:] + edges[:-1])
        figure, (top, bottom) = plt.subplots(
            2, 1, sharex=True, figsize=(6, 5), height_ratios=(3, 1), layout="constrained"
        )
        top.stairs(reference, edges, color="0.4", label="reference")
        top.errorbar(centres, values, errors, fmt="o", ms=3, lw=1, color="C0", label="belfast")
        top.set(ylabel="entries / bin", title=title)
        if log:
            top.set_yscale("log")
        top.legend(frameon=False)
        with np.errstate(divide="ignore", invalid="ignore"):
            bottom.errorbar(centres, values / reference, errors / np.abs(reference), fmt="o", ms=3, lw=1, color="C0")
        bottom.axhline(1.0, color="0.4", lw=1)
        bottom.set(xlabel=axis, ylabel="ratio", ylim=(0.8, 1.2))
        figure.savefig(self.output / f"{self.station}_{name}.png", dpi=120)
        plt.close(figure)

    def finish(self) -> bool:
        """Print the table; returns whether every comparison passed."""
        Console(width=120).print(self._table)
        return self.passed
