"""B⁺ → K⁺νν̄ at truth level: conservation, weighted q² against an independent calculation, effective sample size."""

import itertools
from pathlib import Path

import numpy as np
from scipy import integrate

from physics.conservation import decay_residuals
from physics.particles import mass
from physics.penguins import k_nunu_spectrum
from physics.record import Particles
from scripts.validation.report import Report
from sim.production import Request, build_line, process

BINS = np.linspace(0.0, (mass(521) - mass(321)) ** 2, 21)


def run(events: int, output: Path) -> bool:
    """Print the table, write the plot; returns whether all comparisons passed."""
    events = events or 200_000
    report = Report("signal", output)
    q2, weights, worst, charge = _weighted(events)
    report.check("four-momentum: largest |Σp − p|/E of a decay", worst, "<", 1e-9)
    report.check("charge: largest |ΣQ − Q| of a decay", charge, "<", 1e-9)
    for name, model in (("weight_sm", "bsz14"), ("weight_sm_hpqcd22", "hpqcd22")):
        chi2, counts, expected, errors = _chi2(q2, weights[name], model, events)
        report.check(f"{name}: χ²/ndf of q² in 20 bins", chi2 / len(counts), "<", 1.5)
        report.overlay(f"q2_{name}", BINS, counts, errors, expected, "q² [GeV²]", f"{name} and the integrated rate")
        ess = weights[name].sum() ** 2 / (weights[name] ** 2).sum() / events
        report.check(f"{name}: effective sample size / N", ess, ">", 0.95)
    for name, values in weights.items():
        pull = (values.mean() - 1.0) / (values.std() / np.sqrt(events))
        report.check(f"{name}: (mean − 1)/error", abs(pull), "<", 4.0)
    line = build_line(Request("kplus-nunu", events, seed=12, level="truth", signal_only=True, unweighted=True))
    direct = np.concatenate([r.table.columns["mcQ2"] for r in process(line)])
    chi2, counts, expected, errors = _chi2(direct, np.ones(len(direct)), "bsz14", events)
    report.check("--unweighted: χ²/ndf of q² in 20 bins", chi2 / len(counts), "<", 1.5)
    report.overlay("q2_unweighted", BINS, counts, errors, expected, "q² [GeV²]", "--unweighted and the integrated rate")
    return report.finish()


def _weighted(events: int) -> tuple[np.ndarray, dict[str, np.ndarray], float, float]:
    """q², weights and the worst violations of conservation in a full sample, tag side included."""
    line = build_line(Request("kplus-nunu", events, seed=11, level="truth"))
    q2, weights, worst, charge = [], [], 0.0, 0.0
    for result in process(line, threads=2):
        table = result.table
        q2.append(table.columns["mcQ2"])
        weights.append({n: v for n, v in table.columns.items() if n.startswith("weight_")})
        offsets, mc = table.collections["mc"]
        momentum, charges = decay_residuals(Particles(offsets, *mc.values()))
        worst, charge = max(worst, momentum.max()), max(charge, np.abs(charges).max())
    return np.concatenate(q2), {n: np.concatenate([w[n] for w in weights]) for n in weights[0]}, worst, charge


def _chi2(
    q2: np.ndarray, weights: np.ndarray, model: str, events: int
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """χ² of a weighted histogram against the integrated rate, normalised to the events."""
    counts, _ = np.histogram(q2, BINS, weights=weights)
    variance, _ = np.histogram(q2, BINS, weights=weights**2)

    def rate(x: float) -> float:
        return float(k_nunu_spectrum(np.array([x]), mass(521), mass(321), 1.638, model=model)[0])

    integrals = np.array([integrate.quad(rate, a, b)[0] for a, b in itertools.pairwise(BINS)])
    expected = events * integrals / integrals.sum()
    return float(((counts - expected) ** 2 / variance).sum()), counts, expected, np.sqrt(variance)
