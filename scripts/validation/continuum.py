"""qq̄ beside the full chain KKMC + Pythia 8 (Belle II's tune) + EvtGen, and primary hadrons beside a fresh Pythia 8.

The reference distributions (JSON: means per event and histograms in the centre-of-mass frame at √s = 10.58 GeV) are
looked for in the folder that the environment variable BELFAST_REFERENCE names; Pythia 8 is used where it is installed.
"""

import json
import os
from pathlib import Path

import numpy as np
from numba import njit

from physics.beams import Beams, superkekb
from physics.event_shapes import fox_wolfram_ratios, sphericity_eigenvalues, thrust
from physics.hadronization.hadronize import MAX_HADRONS, hadronize_pair, new_memory
from physics.hadronization.tune import compile_tune, read_tune
from physics.kinematics import boost_to_rest_frame
from physics.random import new_stream, open_stream, stream_key
from physics.record import STATUS_FINAL, Particles
from scripts.validation.report import Report
from sim.decay_table import load_described_table
from sim.generators.continuum import make_continuum
from sim.generators.setup import Setup
from sim.samples import SAMPLES

EVENTS = 50_000
SPECIES = {
    "n_pi+-": (211,), "n_K+-": (321,), "n_p": (2212,), "n_K_S": (310,), "n_pi0": (111,), "n_eta": (221,),
    "n_rho0": (113,), "n_rho+-": (213,), "n_Kst0": (313,), "n_Kst+-": (323,), "n_phi": (333,), "n_Lambda": (3122,),
    "n_Delta": (1114, 2114, 2214, 2224),
}  # fmt: skip
CHARM = {
    "n_D0": (421,), "n_D+-": (411,), "n_Ds": (431,), "n_Dst0": (423,), "n_Dst+-": (413,), "n_Lc": (4122,),
}  # fmt: skip
SPECTRA = {
    "p_pi": 211, "p_K": 321, "p_p": 2212, "p_KS": 310, "p_pi0": 111, "p_eta": 221, "p_rho0": 113, "p_phi": 333,
    "p_Lambda": 3122,
}  # fmt: skip
FRACTIONS = {"xp_D0": 421, "xp_D+-": 411, "xp_Ds": 431, "xp_Lc": 4122, "xp_Dst+-": 413}
VISIBLE = (11, 13, 22, 211, 321, 2212)
RARE = 0.05
MIN_ENTRIES = 1000
PHOTON_MIN = 0.05  # [GeV]


@njit(cache=True, nogil=True, _nrt=False)
def measure(particles, beams, visible, momentum, energy, shapes, p):
    """Fill |p*| and E* (n,) of all entries, and thrust, R2, sphericity (events, 3) of the visible ones."""
    for k in range(particles.offsets.shape[0] - 1):
        n = 0
        for i in range(particles.offsets[k], particles.offsets[k + 1]):
            x, y, z, e = boost_to_rest_frame(
                particles.px[i], particles.py[i], particles.pz[i], particles.E[i],
                beams.px, beams.py, beams.pz, beams.E, beams.root_s,
            )  # fmt: skip
            momentum[i] = np.sqrt(x * x + y * y + z * z)
            energy[i] = e
            if visible[i]:
                p[n, 0], p[n, 1], p[n, 2] = x, y, z
                n += 1
        shapes[k, 0], _, _, _ = thrust(p, n)
        _, shapes[k, 1], _, _ = fox_wolfram_ratios(p, n)
        l1, _, _ = sphericity_eigenvalues(p, n)
        shapes[k, 2] = 1.5 * (1.0 - l1)


def cdf_distance(values: np.ndarray, histogram: dict) -> float:
    """Return the largest difference of the cumulative distributions in the bins of ``histogram``."""
    expected = np.array(histogram["per_event"])
    counts = np.histogram(values, bins=len(expected), range=(histogram["lo"], histogram["hi"]))[0]
    return float(np.abs(np.cumsum(counts) / counts.sum() - np.cumsum(expected) / expected.sum()).max())


def compare(report: Report, name: str, beams: Beams, particles: Particles, reference: dict, charm: bool) -> None:
    """Add the comparison of one sample with its reference."""
    events = len(particles.offsets) - 1
    species = np.abs(particles.pdg)
    final = particles.status == STATUS_FINAL
    momentum, energy = np.empty(len(species)), np.empty(len(species))
    shapes = np.empty((events, 3))
    measure(particles, beams, final & np.isin(species, VISIBLE), momentum, energy, shapes, np.empty((1024, 3)))
    means, hists = reference["mean_err_rms"], reference["hists"]
    for what, keep in (
        ("n_ch", final & np.isin(species, (11, 13, 211, 321, 2212))),
        ("n_gam50", final & (species == 22) & (energy > PHOTON_MIN)),
    ):
        ours = keep.sum() / events
        report.check(f"{name} {what} {ours:.3f}, ratio − 1", abs(ours / means[what][0] - 1.0), "<", 0.01)
    for what, pdgs in (SPECIES | CHARM if charm else SPECIES).items():
        count, (mean, _, _) = np.isin(species, pdgs).sum(), means[what]
        allowed = (0.03 if mean > RARE else 0.10) + 2.0 / np.sqrt(count)
        report.check(f"{name} {what} {count / events:.4f}, ratio − 1", abs(count / events / mean - 1.0), "<", allowed)
    for what, pdg in SPECTRA.items():
        values = momentum[species == pdg]
        if len(values) > MIN_ENTRIES:
            allowed = 0.03 + 1.0 / np.sqrt(len(values))
            report.check(f"{name} {what}: max |ΔCDF|", cdf_distance(values, hists[what]), "<", allowed)
    if charm:
        for what, pdg in FRACTIONS.items():
            p = momentum[species == pdg]
            m2 = np.maximum(energy[species == pdg] ** 2 - p * p, 0.0)
            value = cdf_distance(p / np.sqrt(beams.root_s**2 / 4.0 - m2), hists[what])
            report.check(f"{name} {what}: max |ΔCDF|", value, "<", 0.03)
    for k, what in enumerate(("thrust", "R2", "spher")):
        report.check(f"{name} {what}: max |ΔCDF|", cdf_distance(shapes[:, k], hists[what]), "<", 0.03)
        histogram = hists[what]
        edges = np.linspace(histogram["lo"], histogram["hi"], len(histogram["per_event"]) + 1)
        counts = np.histogram(shapes[:, k], edges)[0]
        report.overlay(
            f"{name}_{what}", edges, counts / events, np.sqrt(counts) / events, np.array(histogram["per_event"]),
            what, f"{name} {what}",
        )  # fmt: skip


@njit(cache=True, nogil=True, _nrt=False)
def _primary(stream, tune, memory, flavour, mass, events, pdg, p, counts):
    for k in range(events):
        open_stream(stream, np.uint64(7), k, 0, 0)
        n = hadronize_pair(stream, tune, memory, flavour, -flavour, mass, 1, pdg, p)
        for i in range(n):
            counts[abs(pdg[i])] += 1.0


def compare_with_pythia(report: Report, flavour: int, events: int) -> None:
    """Add primary hadrons beside a fresh Pythia 8, where it is installed."""
    from sim.generators.pythia import fragment_with_pythia, start_pythia

    parameters = read_tune(charm=flavour == 4)
    try:
        pythia = start_pythia(parameters)
    except ValueError as error:
        report.note("Pythia 8", str(error))
        return
    tune = compile_tune(parameters)
    pdg, p = np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4))
    theirs, ours = np.zeros(20_500), np.zeros(20_500)
    for k in range(events):
        n = fragment_with_pythia(pythia, k + 1, flavour, 10.58, tune.pair_mass[flavour], pdg, p)
        np.add.at(theirs, np.abs(pdg[: max(n, 0)]), 1.0)
    _primary(new_stream(), tune, new_memory(), flavour, 10.58, events, pdg, p, ours)
    report.check(
        f"flavour {flavour}: primary hadrons, ratio to Pythia 8 − 1", abs(ours.sum() / theirs.sum() - 1), "<", 0.02
    )
    common = np.flatnonzero(theirs > 0.05 * events)
    pulls = np.abs(ours[common] / theirs[common] - 1.0) / (0.04 + 2.0 * np.sqrt(2.0 / theirs[common]))
    report.check(f"flavour {flavour}: species off by more than 4 % and 2σ", float((pulls > 1.0).sum()), "<", 1.0)


def run(events: int, output: Path) -> bool:
    """Make and print the comparisons; returns whether all passed."""
    events = events or EVENTS
    report = Report("continuum", output)
    folder = os.environ.get("BELFAST_REFERENCE", "")
    table, names = load_described_table()
    beams = superkekb()
    scale = 10.58 / beams.root_s
    # the reference has √s = 10.58 GeV without spread; 0.2 MeV are scaled away, the spread is switched off
    beams = beams._replace(
        her=beams.her * scale, ler=beams.ler * scale, her_spread=0.0, ler_spread=0.0, px=beams.px * scale,
        pz=beams.pz * scale, E=beams.E * scale, root_s=10.58,
    )  # fmt: skip
    for name in ("uubar", "ccbar"):
        for radiation in (False, True):
            label = name if radiation else f"{name}_noisr"
            setup = Setup(stream_key(1, label), beams, table, names)
            truth = make_continuum(SAMPLES[name], setup, radiation=radiation)(0, events)
            particles = truth.particles
            total = np.add.reduceat(
                np.where(particles.status == STATUS_FINAL, particles.E, 0.0), particles.offsets[:-1]
            )
            report.check(f"{label}: largest loss of energy [GeV]", float(np.abs(total - beams.E).max()), "<", 1e-6)
            path = Path(folder) / f"{label}.json"
            if folder and path.is_file():
                compare(report, label, beams, particles, json.loads(path.read_text()), name == "ccbar")
    for flavour in (1, 2, 3, 4):
        compare_with_pythia(report, flavour, min(events, 20_000))
    return report.finish()
