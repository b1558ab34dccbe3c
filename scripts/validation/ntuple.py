"""The ntuple against the numbers of arXiv:2104.12624 and arXiv:2311.14647: candidate, cut flow, separation.

Judged are only statements that the papers make about simulation before their classifiers; the rest is printed.
"""

from pathlib import Path

import numpy as np

from scripts.validation.report import Report
from sim.production import Request, build_line, process
from sim.reconstruction.columns import TRAINING_VARIABLES_2021

SIGNAL = "kplus-nunu"
BACKGROUNDS = ("charged", "mixed", "uubar", "ddbar", "ssbar", "ccbar", "taupair")
OVERLAYS = 12


def rows(sample: str, events: int, **options: object) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Return the columns and the cut flow of a sample at ntuple level."""
    line = build_line(Request(sample, events, seed=21, level="ntuple", **options))  # type: ignore[arg-type]
    columns: list[dict[str, np.ndarray]] = []
    flow: dict[str, int] = {}
    for result in process(line):
        columns.append(result.table.columns)
        for cut, n in result.cut_flow.items():
            flow[cut] = flow.get(cut, 0) + n
    return {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}, flow


def fraction(passed: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Weighted fraction and its binomial error with the effective number of entries."""
    value = float(weight[passed].sum() / weight.sum())
    entries = weight.sum() ** 2 / (weight**2).sum()
    return value, float(np.sqrt(value * (1.0 - value) / entries))


def separation(signal: np.ndarray, background: np.ndarray, w_signal: np.ndarray, w_background: np.ndarray) -> float:
    """Area under the ROC curve of one variable, at least 0.5; NaN (does not exist) counts as the lowest value."""
    values = np.concatenate([signal, background])
    values = np.where(np.isnan(values), -np.inf, values)
    order = np.argsort(values, kind="stable")
    is_signal = np.concatenate([np.ones(len(signal)), np.zeros(len(background))])[order]
    weight = np.concatenate([w_signal / w_signal.sum(), w_background / w_background.sum()])[order]
    below = np.cumsum(weight * (1.0 - is_signal))
    area = float((weight * is_signal * below).sum())
    return max(area, 1.0 - area)


def run(events: int, output: Path) -> bool:
    """Print the table, write the plots; returns whether all comparisons passed."""
    events = events or 20_000
    report = Report("ntuple", output)
    signal, flow = rows(SIGNAL, events)
    weight = signal["__weight__"]
    reachable, _ = rows(SIGNAL, events, candidates="all")
    _candidate(report, signal, weight, reachable)
    _identification(report, signal, weight)
    _multiplicity(report, flow)
    every, _ = rows(SIGNAL, events, selection="kplus-nunu-2023", candidates="all")
    _lowest_q2(report, every)
    backgrounds = {}
    for name in BACKGROUNDS:
        backgrounds[name], flow = rows(name, events)
        report.note(f"{name}: {' → '.join(flow)}", " → ".join(str(n) for n in flow.values()))
    b_pairs = np.concatenate([backgrounds[name]["foxWolframR1"] for name in ("charged", "mixed")])
    area = separation(signal["foxWolframR1"], b_pairs, weight, np.ones(len(b_pairs)))
    report.check("R1: area under the ROC curve, signal against BB̄", area, ">", 0.75)
    _overlays(report, signal, backgrounds, output)
    return report.finish()


def _candidate(report: Report, signal: dict[str, np.ndarray], weight: np.ndarray, every: dict[str, np.ndarray]) -> None:
    right = signal["isSignal"] == 1
    value, error = fraction(right, weight)
    report.note("highest-pT track with a PXD hit is the signal kaon (paper: 78 %)", f"{value:.3f} ± {error:.3f}")
    report.check("its distance from 78 %", abs(value - 0.78), "<", 0.06 + 3.0 * error)
    there = np.isin(signal["__event__"], every["__event__"][every["isSignal"] == 1])
    value, error = fraction(there, weight)
    report.note("the signal kaon is a track with a PXD hit in the acceptance", f"{value:.3f} ± {error:.3f}")
    value, error = fraction(right[there], weight[there])
    report.note("then it is the one of highest pT", f"{value:.3f} ± {error:.3f}")


def _identification(report: Report, signal: dict[str, np.ndarray], weight: np.ndarray) -> None:
    """Pions that pass the cut on kaonID that keeps 62 % (68 %) of kaons."""
    kaons = signal["isSignal"] == 1
    pions = np.abs(signal["mcPDG"]) == 211
    for wanted, paper in ((0.62, "3 %"), (0.68, "1.2 %")):
        cut = np.quantile(signal["kaonID"][kaons], 1.0 - wanted)
        value, error = fraction(signal["kaonID"][pions] > cut, weight[pions])
        report.note(
            f"kaonID > {cut:.3f} keeps {wanted:.0%} of K and of π (paper: {paper})", f"{value:.4f} ± {error:.4f}"
        )


def _multiplicity(report: Report, flow: dict[str, int]) -> None:
    total = flow["events"]
    for cut, n in flow.items():
        value = n / total
        report.note(f"signal: {cut}", f"{value:.4f} ± {np.sqrt(value * abs(1.0 - value) / total):.4f}")


def _lowest_q2(report: Report, every: dict[str, np.ndarray]) -> None:
    """How often the lowest q²_rec is right, of the events with the signal kaon among the identified candidates."""
    signal = every["isSignal"] == 1
    identified = every["kaonID"] > np.quantile(every["kaonID"][signal], 1.0 - 0.68)
    for what, chosen in (("any track", np.ones(len(signal), bool)), ("68 % kaon identification", identified)):
        event, q2, right, weight = (every[n][chosen] for n in ("__event__", "q2rec", "isSignal", "__weight__"))
        order = np.lexsort((q2, event))
        _, first, n = np.unique(event[order], return_index=True, return_counts=True)
        best = order[first]
        reachable = np.isin(event[best], event[right == 1])
        value, error = fraction(right[best][reachable] == 1, weight[best][reachable])
        report.note(
            f"{what}: lowest q²_rec is the signal kaon if that is there (paper: 96 %)", f"{value:.3f} ± {error:.3f}"
        )
        value, error = fraction(n > 1, np.ones(len(n)))
        report.note(f"{what}: events with more than one candidate (paper: 39 %)", f"{value:.3f} ± {error:.3f}")


def _overlays(
    report: Report, signal: dict[str, np.ndarray], backgrounds: dict[str, dict[str, np.ndarray]], output: Path
) -> None:
    """Rank the inputs of the 2021 classifiers by what each separates alone; draw the best."""
    from physics.beams import superkekb
    from sim.samples import sample

    root_s = superkekb().root_s
    cross_section = {name: sample(name).cross_section("on-resonance", root_s) for name in backgrounds}
    weights = {name: np.full(len(c["pt"]), cross_section[name]) for name, c in backgrounds.items()}
    joined = np.concatenate(list(weights.values()))
    values = {v: np.concatenate([c[v] for c in backgrounds.values()]) for v in TRAINING_VARIABLES_2021}
    areas = {v: separation(signal[v], values[v], signal["__weight__"], joined) for v in TRAINING_VARIABLES_2021}
    ranked = sorted(areas, key=lambda v: -areas[v])
    for name in ranked[:OVERLAYS]:
        report.note(f"separation of {name}", f"{areas[name]:.3f}")
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 4, figsize=(16, 10), layout="constrained")
    for axis, name in zip(axes.flat, ranked, strict=False):
        low, high = np.nanpercentile(np.concatenate([signal[name], values[name]]), [0.5, 99.5])
        edges = np.linspace(low, high if high > low else low + 1.0, 41)
        axis.hist(
            signal[name],
            edges,
            weights=signal["__weight__"],
            density=True,
            histtype="step",
            color="k",
            lw=2,
            label="signal",
        )
        for sample_name, columns in backgrounds.items():
            axis.hist(columns[name], edges, density=True, histtype="step", label=sample_name)
        axis.set(xlabel=name, yticks=[])
    axes.flat[0].legend(fontsize=8)
    figure.savefig(output / "ntuple_variables.png", dpi=110)
    plt.close(figure)
