"""Signals beside EvtGen + PHOTOS: B → Kνν̄, Kµµ and K*γ from the folder that BELFAST_REFERENCE names."""

import json
import math
import os
from pathlib import Path

import numpy as np

from physics.beams import superkekb
from physics.record import Particles
from scripts.validation.closures import boosted, helicity_cosine, invariant, momenta
from scripts.validation.report import Report
from sim.production import Request, build_line

SIGNALS = {
    "kplus-nunu": ("kplus-nunu_signal-only_nofsr", False),
    "kplus-mumu": ("kplus-mumu_signal-only", True),
    "kstar0-gamma": ("kstar0-gamma_signal-only", True),
}
"""Sample: its reference and whether that has final-state radiation."""
MAX_CDF = 0.02
PHOTON = 22


def _flavours(particles: Particles, pdgs: tuple[int, ...]) -> list[np.ndarray]:
    """Return the momenta of particles and of their antiparticles where the signal is an anti-B."""
    anti = np.sign(particles.pdg[particles.offsets[:-1]])
    flipped = np.repeat(anti, np.diff(particles.offsets)).astype(particles.pdg.dtype)
    own = particles._replace(pdg=np.where(np.isin(particles.pdg, (22, 443)), particles.pdg, particles.pdg * flipped))
    return [momenta(own, pdg) for pdg in pdgs]


def _kaon_numbers(b: np.ndarray, kaon: np.ndarray, frame: np.ndarray) -> dict[str, np.ndarray]:
    p = np.linalg.norm(kaon[:, :3], axis=1)
    return {
        "q2_born": invariant(b - kaon) ** 2,
        "pK_B": np.linalg.norm(boosted(kaon, b)[:, :3], axis=1),
        "pK_cms": np.linalg.norm(boosted(kaon, frame)[:, :3], axis=1),
        "pT_lab": np.hypot(kaon[:, 0], kaon[:, 1]),
        "p_lab": p,
        "cth_lab": kaon[:, 2] / p,
    }


def numbers(sample: str, particles: Particles, frame: np.ndarray) -> dict[str, np.ndarray]:
    """Return the quantities of a reference, one value for each event; ``frame`` is the mean Υ(4S) momentum."""
    if sample == "kstar0-gamma":
        b, kstar, gamma, kaon, pion = _flavours(particles, (511, 313, 22, 321, -211))
        return {
            "Eg_B": boosted(gamma, b)[:, 3],
            "Eg_cms": boosted(gamma, frame)[:, 3],
            "Eg_lab": gamma[:, 3],
            "m_Kpi": invariant(kaon + pion),
            "cth_hel": helicity_cosine(b, kstar, kaon),
        }
    if sample == "kplus-mumu":
        b, kaon, minus, plus = _flavours(particles, (521, 321, 13, -13))
        leptons = minus + plus
        return _kaon_numbers(b, kaon, frame) | {
            "q2": invariant(leptons) ** 2,
            "cth_l": helicity_cosine(b, leptons, plus),
            "m_Kll": invariant(kaon + leptons),
        }
    b, kaon = _flavours(particles, (521, 321))
    return _kaon_numbers(b, kaon, frame) | {"q2": invariant(b - kaon) ** 2}


def cdf_difference(values: np.ndarray, histogram: dict) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the largest difference of the cumulative distributions within the histogram, the edges, and our counts."""
    edges = np.linspace(histogram["lo"], histogram["hi"], histogram["n"] + 1)
    counts = np.histogram(values, edges)[0].astype(float)
    ours, theirs = np.cumsum(counts), np.cumsum(histogram["per_event"])
    return float(np.abs(ours / ours[-1] - theirs / theirs[-1]).max()), edges, counts


def run(report: Report, events: int) -> None:
    """Add the comparisons for which there is a reference."""
    folder = os.environ.get("BELFAST_REFERENCE", "")
    beams = superkekb("on-resonance")
    frame = np.array([beams.px, beams.py, beams.pz, beams.E])
    for sample, (name, fsr) in SIGNALS.items():
        path = Path(folder) / f"{name}.json"
        if not folder or not path.is_file():
            continue
        reference = json.loads(path.read_text())
        request = Request(
            sample, events, seed=21, level="truth", signal_only=True, unweighted=sample == "kplus-nunu", fsr=fsr
        )
        particles = build_line(request).generate(0, events).particles
        ours = numbers(sample, particles, np.tile(frame, (events, 1)))
        for what, values in ours.items():
            histogram = reference["hists"].get(what)
            if histogram is None or not sum(histogram["per_event"]):
                continue
            difference, edges, counts = cdf_difference(values, histogram)
            expected = np.array(histogram["per_event"])
            report.check(f"{name} {what}: max |ΔCDF|", difference, "<", MAX_CDF)
            title = f"{sample} {what}"
            report.overlay(f"{sample}_{what}", edges, counts / events, np.sqrt(counts) / events, expected, what, title)
        if fsr:
            _check_photons(report, name, particles, frame, reference["mean_err_rms"], events)


def _check_photons(
    report: Report, name: str, particles: Particles, frame: np.ndarray, means: dict, events: int
) -> None:
    """Add the numbers of photons by event: 2 % and the statistics of both are allowed."""
    rows = particles.pdg == PHOTON
    p = np.c_[particles.px[rows], particles.py[rows], particles.pz[rows], particles.E[rows]]
    energy = boosted(p, np.tile(frame, (len(p), 1)))[:, 3]
    for what, threshold in (("n_gam20", 0.02), ("n_gam50", 0.05), ("n_gam100", 0.1)):
        mean, error, _ = means[what]
        count = float(np.sum(energy > threshold)) / events
        allowed = 0.02 * mean + 4.0 * math.hypot(error, math.sqrt(count / events))
        report.check(f"{name} {what}: {count:.4f} beside {mean:.4f}, difference", abs(count - mean), "<", allowed)
