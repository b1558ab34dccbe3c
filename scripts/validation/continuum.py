"""qq̄ beside the full chain KKMC + Pythia 8 (Belle II's tune) + EvtGen, and primary hadrons beside a fresh Pythia 8.

Allowed: n_ch and photons above 50 MeV 1 %; hadrons 3 % (10 % below 0.05 per event) and two standard deviations of the
sample; spectra, fractions and event shapes a largest difference of the cumulative distributions of 0.03, spectra of a
species plus one standard deviation of it, 1/√entries.

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
from physics.radiation.isr import cross_section
from physics.random import new_stream, open_stream, stream_key
from physics.record import STATUS_FINAL, Particles
from scripts.validation.report import Report
from sim.decay_table import load_described_table
from sim.generators.continuum import make_continuum
from sim.generators.setup import Setup
from sim.samples import SAMPLES

EVENTS = 100_000
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
PLOTTED = ("p_pi", "p_K", "p_p", "p_KS", "xp_D0", "xp_Dst+-")
KKMC_NB = {
    2: ("uū", 1.6054), 1: ("dd̄", 0.4009), 3: ("ss̄", 0.3825), 4: ("cc̄", 1.3280), 15: ("ττ", 0.9188),
}  # fmt: skip
"""Cross sections [nb] of KKMC at 10.58 GeV (made with the reference distributions)."""
RARE = 0.05
PYTHIA_EVENTS = 20_000
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
        compare_mean(report, f"{name} {what}", keep.sum() / events, means[what][0], 0.01)
    for what, pdgs in (SPECIES | CHARM if charm else SPECIES).items():
        count, (mean, _, _) = np.isin(species, pdgs).sum(), means[what]
        allowed = (0.03 if mean > RARE else 0.10) + 2.0 / np.sqrt(count)
        compare_mean(report, f"{name} {what}", count / events, mean, allowed)
    for what, pdg in SPECTRA.items():
        values = momentum[species == pdg]
        if len(values) > MIN_ENTRIES:
            allowed = 0.03 + 1.0 / np.sqrt(len(values))
            report.check(f"{name} {what}: max |ΔCDF|", cdf_distance(values, hists[what]), "<", allowed)
            if what in PLOTTED:
                overlay(report, name, what, values, hists[what], events)
    if charm:
        for what, pdg in FRACTIONS.items():
            p = momentum[species == pdg]
            m2 = np.maximum(energy[species == pdg] ** 2 - p * p, 0.0)
            fraction = p / np.sqrt(beams.root_s**2 / 4.0 - m2)
            report.check(f"{name} {what}: max |ΔCDF|", cdf_distance(fraction, hists[what]), "<", 0.03)
            if what in PLOTTED:
                overlay(report, name, what, fraction, hists[what], events)
    for k, what in enumerate(("thrust", "R2", "spher")):
        report.check(f"{name} {what}: max |ΔCDF|", cdf_distance(shapes[:, k], hists[what]), "<", 0.03)
        overlay(report, name, what, shapes[:, k], hists[what], events)


def compare_mean(report: Report, what: str, ours: float, theirs: float, allowed: float) -> None:
    """Add a mean per event beside the reference's."""
    ratio = ours / theirs - 1.0
    report.check(f"{what} {ours:.4f}, {100.0 * ratio:+.2f} %: |ratio − 1|", abs(ratio), "<", allowed)


def overlay(report: Report, name: str, what: str, values: np.ndarray, histogram: dict, events: int) -> None:
    """Draw values on a reference histogram."""
    edges = np.linspace(histogram["lo"], histogram["hi"], len(histogram["per_event"]) + 1)
    counts = np.histogram(values, edges)[0]
    report.overlay(
        f"{name}_{what}", edges, counts / events, np.sqrt(counts) / events, np.array(histogram["per_event"]), what,
        f"{name} {what}",
    )  # fmt: skip


@njit(cache=True, nogil=True, _nrt=False)
def _primary(stream, tune, memory, flavour, mass, first, last, pdg, p, species, momentum, filled):
    """Write |identity| and momentum of primary hadrons; returns the event where the memory is full and the entries."""
    for k in range(first, last):
        if filled + len(pdg) > len(species):
            return k, filled
        open_stream(stream, np.uint64(7), k, 0, 0)
        n = hadronize_pair(stream, tune, memory, flavour, -flavour, mass, 1, pdg, p)
        for i in range(n):
            species[filled] = abs(pdg[i])
            momentum[filled] = np.sqrt(p[i, 0] ** 2 + p[i, 1] ** 2 + p[i, 2] ** 2)
            filled += 1
    return last, filled


def primary_hadrons(flavour: int, mass: float, events: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (|identity|, momentum [GeV]) of what strings and shower make of ``events`` pairs at rest."""
    tune = compile_tune(read_tune(charm=flavour == 4))
    pdg, p = np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4))
    species, momentum = np.zeros(25 * events + MAX_HADRONS, np.int64), np.zeros(25 * events + MAX_HADRONS)
    _, filled = _primary(
        new_stream(), tune, new_memory(), flavour, mass, 0, events, pdg, p, species, momentum, 0
    )  # fmt: skip
    return species[:filled], momentum[:filled]


def primary_hadrons_of_pythia(flavour: int, mass: float, events: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same of Pythia 8 with the same tune.  Raises ValueError where it is not installed."""
    from sim.generators.pythia import fragment_with_pythia, start_pythia

    parameters = read_tune(charm=flavour == 4)
    pythia = start_pythia(parameters)
    quark_mass = compile_tune(parameters).pair_mass[flavour]
    pdg, p = np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4))
    species, momentum = [], []
    for k in range(events):
        n = max(0, fragment_with_pythia(pythia, k + 1, flavour, mass, quark_mass, pdg, p))
        species.append(np.abs(pdg[:n]))
        momentum.append(np.sqrt((p[:n, :3] ** 2).sum(1)))
    return np.concatenate(species), np.concatenate(momentum)


def compare_with_pythia(report: Report, flavour: int, mass: float, events: int) -> None:
    """Add primary hadrons beside a fresh Pythia 8, where it is installed: the shower and the strings alone."""
    label = f"{'duscb'[flavour - 1]} pairs at {mass:g} GeV, beside Pythia 8:"
    try:
        their_species, their_momentum = primary_hadrons_of_pythia(flavour, mass, events)
    except ValueError as error:
        report.note("Pythia 8", str(error))
        return
    species, momentum = primary_hadrons(flavour, mass, events)
    hadrons, theirs = species != 22, their_species != 22
    compare_mean(report, f"{label} primary hadrons", hadrons.sum() / events, theirs.sum() / events, 0.01)
    identities, counts = np.unique(their_species[theirs], return_counts=True)
    worst, where = 0.0, 0
    for pdg, count in zip(identities, counts, strict=True):
        allowed = (0.03 if count > RARE * events else 0.10) + 3.0 * np.sqrt(2.0 / count)
        excess = abs(float((species == pdg).sum()) / count - 1.0) / allowed
        if count > MIN_ENTRIES / 10 and excess > worst:
            worst, where = excess, pdg
    report.check(f"{label} worst species ({where}), off by part of 3 % (10 %) and 3σ", worst, "<", 1.0)
    for pdg in (111, 211, 321, 2212):
        ours, reference = momentum[species == pdg], their_momentum[their_species == pdg]
        edges = np.linspace(0.0, 0.5 * mass, 101)
        histogram = {"lo": 0.0, "hi": 0.5 * mass, "per_event": np.histogram(reference, edges)[0] / events}
        if min(len(ours), len(reference)) > MIN_ENTRIES:
            allowed = 0.03 + 1.0 / np.sqrt(len(ours))
            report.check(f"{label} momentum of {pdg}, max |ΔCDF|", cdf_distance(ours, histogram), "<", allowed)
        if pdg == 211:
            overlay(report, f"pythia_{'duscb'[flavour - 1]}_{mass:g}", "p_pi", ours, histogram, events)


def compare_cross_sections(report: Report) -> None:
    """Add cross sections beside KKMC's at 10.58 GeV, and off resonance: s σ changes by less than 1 %."""
    for pdg, (name, theirs) in KKMC_NB.items():
        ours = cross_section(pdg, 10.58)
        compare_mean(report, f"σ({name}) in nb beside KKMC", ours, theirs, 0.01)
        off = superkekb("off-resonance").root_s
        ratio = cross_section(pdg, off) * off**2 / (ours * 10.58**2)
        report.check(f"σ({name}) s off resonance over on, |ratio − 1|", abs(ratio - 1.0), "<", 0.01)


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
    compare_cross_sections(report)
    for flavour in (1, 2, 3, 4):
        compare_with_pythia(report, flavour, 10.58, min(events, PYTHIA_EVENTS))
    off = round(superkekb("off-resonance").root_s, 2)
    for flavour, mass in ((2, off), (1, 3.0), (3, 3.0), (4, 5.0)):
        compare_with_pythia(report, flavour, mass, min(events, PYTHIA_EVENTS))
    return report.finish()
