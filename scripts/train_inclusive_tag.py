"""Two boosted classifiers on the K⁺νν̄ dataset, trained as arXiv:2104.12624 trained its own; prints what comes out.

    python scripts/train_inclusive_tag.py data/knunu [--trees 400]

BDT1 learns signal against the backgrounds in equal parts; BDT2, with the same inputs, signal against background at
their luminosities among the events with BDT1 > 0.9.  Half of the events (even event numbers) train, the other half
is reported.  Needs the extra ``[train]``.
"""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

SIGNAL = "kplus-nunu"
CUT1 = 0.9
Q2_EDGES = np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 23.0])


class Rows:
    """Inputs, labels, weights and bookkeeping of all samples."""

    def __init__(self, folder: Path, variables: list[str]) -> None:
        from scripts.make_knunu_dataset import load

        needed = [*variables, "__event__", "mcQ2", "isSignal", "weight_sm", "kaonID"]
        samples = load(folder, needed)
        self.names = list(samples)
        self.generated = {name: int(rows["generated"]) for name, rows in samples.items()}
        self.sample = np.concatenate([np.full(len(r["__event__"]), i) for i, r in enumerate(samples.values())])
        join = lambda name: np.concatenate([r[name] for r in samples.values()])  # noqa: E731
        self.x = np.stack([join(v) for v in variables], axis=1).astype(np.float32)
        self.is_signal = self.sample == self.names.index(SIGNAL)
        self.weight, self.event_weight = join("luminosity_weight"), join("__weight__")
        self.q2, self.kaon_id = join("mcQ2"), join("kaonID")
        self.train = join("__event__").astype(np.int64) % 2 == 0


def equal_parts(rows: Rows, chosen: np.ndarray) -> np.ndarray:
    """Weights that give every background the same sum, and the signal as much as all of them."""
    weight = np.where(chosen, rows.event_weight, 0.0)
    backgrounds = len(rows.names) - 1
    for i, name in enumerate(rows.names):
        mine = rows.sample == i
        total = weight[mine].sum()
        if total > 0.0:
            weight[mine] /= total if name == SIGNAL else total * backgrounds
    return weight * chosen.sum() / max(weight.sum(), 1e-300)


def train(x: np.ndarray, y: np.ndarray, weight: np.ndarray, trees: int, depth: int, seed: int) -> Any:
    """Fit one classifier; missing values (NaN) have a branch of their own."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=trees, max_depth=depth, learning_rate=0.1, max_bins=64, early_stopping=False, random_state=seed
    )
    return model.fit(x, y, sample_weight=weight)


def efficiency(rows: Rows, passed: np.ndarray, name: str) -> tuple[float, float]:
    """Weighted efficiency of the test half, relative to the generated events, and its statistical error."""
    test = (rows.sample == rows.names.index(name)) & ~rows.train
    half = rows.generated[name] / 2
    weight = rows.event_weight[test & passed]
    return weight.sum() / half, float(np.sqrt((weight**2).sum()) / half)


def report_efficiencies(rows: Rows, title: str, passed: np.ndarray) -> None:
    """Print the efficiency of every sample and the expected yields."""
    print(f"\n{title}")
    print(f"{'sample':<12} {'efficiency':>12} {'error':>10} {'yield':>12}")
    yields = {}
    for i, name in enumerate(rows.names):
        value, error = efficiency(rows, passed, name)
        mine = (rows.sample == i) & ~rows.train & passed
        yields[name] = 2.0 * rows.weight[mine].sum()
        print(f"{name:<12} {value:>12.3e} {error:>10.1e} {yields[name]:>12.5g}")
    background = sum(v for name, v in yields.items() if name != SIGNAL)
    if background > 0.0:
        print(
            f"purity {yields[SIGNAL] / (background + yields[SIGNAL]):.3e}, S/√B {yields[SIGNAL] / background**0.5:.3g}"
        )


def report_q2(rows: Rows, passed: np.ndarray, title: str) -> None:
    """Print the signal efficiency after preselection and cut, relative to the preselected events, against q²."""
    test = rows.is_signal & ~rows.train
    print(f"\n{title}: signal kept of the preselected, against true q² [GeV²]")
    for low, high in pairwise(Q2_EDGES):
        here = test & (rows.q2 >= low) & (rows.q2 < high)
        n = int(here.sum())
        if n > 0:
            value = (here & passed).sum() / n
            print(f"{low:5.1f} – {high:4.1f}: {value:.3f} ± {np.sqrt(max(value * (1 - value), 1 / n) / n):.3f}")


def report_rejection(rows: Rows, score: np.ndarray, chosen: np.ndarray, title: str) -> None:
    """Print background efficiency at fixed signal efficiencies, and the area under the curve."""
    from sklearn.metrics import roc_auc_score

    test = chosen & ~rows.train
    signal, background = test & rows.is_signal, test & ~rows.is_signal
    if not signal.any() or not background.any():
        print(f"\n{title}: too few events to judge")
        return
    area = roc_auc_score(rows.is_signal[test], score[test], sample_weight=rows.weight[test])
    print(f"\n{title}: area under the curve {area:.4f}")
    order = np.argsort(-score[signal])
    kept = np.cumsum(rows.event_weight[signal][order]) / rows.event_weight[signal].sum()
    total = rows.weight[background].sum()
    for wanted in (0.8, 0.6, 0.4, 0.2, 0.1):
        cut = score[signal][order][np.searchsorted(kept, wanted)]
        passed = rows.weight[background & (score > cut)]
        print(f"signal {wanted:.0%}: background {passed.sum() / total:.2e} ± {np.sqrt((passed**2).sum()) / total:.1e}")


def main(
    folder: Annotated[Path, typer.Argument(help="Folder made by make_knunu_dataset.py.")] = Path("data/knunu"),
    trees: Annotated[int, typer.Option(help="Trees of each classifier (the paper: 2000).")] = 400,
    depth: Annotated[int, typer.Option(help="Depth of the trees (the paper: 4).")] = 4,
    kaon_id: Annotated[float, typer.Option(help="kaonID above which candidates are used; 0 for all.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the training.")] = 1,
) -> None:
    """Train both stages and print the efficiencies."""
    from sim.reconstruction.columns import TRAINING_VARIABLES_2021

    if not (folder / "manifest.json").is_file():
        print(f"error: {folder} holds no manifest.json: run scripts/make_knunu_dataset.py first", file=sys.stderr)
        raise typer.Exit(1)
    rows = Rows(folder, list(TRAINING_VARIABLES_2021))
    good = rows.kaon_id > kaon_id
    print(f"{len(rows.x)} candidates, {good.sum()} with kaonID > {kaon_id:g}; {len(TRAINING_VARIABLES_2021)} inputs")
    report_efficiencies(rows, "preselection", good)

    first = good & rows.train
    weight = equal_parts(rows, first)
    model = train(rows.x[first], rows.is_signal[first], weight[first], trees, depth, seed)
    score1 = model.predict_proba(rows.x)[:, 1]
    report_rejection(rows, score1, good, "BDT1")
    passed1 = good & (score1 > CUT1)
    report_efficiencies(rows, f"BDT1 > {CUT1}", passed1)
    report_q2(rows, passed1, f"BDT1 > {CUT1}")

    second = passed1 & rows.train
    if min((second & rows.is_signal).sum(), (second & ~rows.is_signal).sum()) < 50:
        print("\ntoo few events beyond BDT1 for a second stage: make a larger dataset")
        return
    weight = np.where(second, rows.weight, 0.0)
    weight[rows.is_signal] *= weight[~rows.is_signal].sum() / max(weight[rows.is_signal].sum(), 1e-300)
    weight *= second.sum() / weight.sum()
    model = train(rows.x[second], rows.is_signal[second], weight[second], trees, depth, seed)
    score2 = np.zeros(len(rows.x))
    score2[passed1] = model.predict_proba(rows.x[passed1])[:, 1]
    report_rejection(rows, score2, passed1, "BDT2, of BDT1 > 0.9")
    # the paper's BDT2 > 0.95 keeps 4 % of the signal: the same signal efficiency is used here
    test = rows.is_signal & ~rows.train
    half = rows.generated[SIGNAL] / 2
    order = np.sort(score2[test & passed1])[::-1]
    n = int(0.04 * half)
    if n < len(order):
        passed2 = passed1 & (score2 > order[n])
        report_efficiencies(rows, "BDT2 at 4 % signal efficiency (test half)", passed2)
        report_q2(rows, passed2, "BDT2 at 4 %")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    typer.run(main)
