"""Generic B decays beside EvtGen + PHOTOS + PYTHIA: multiplicities, spectra, event shapes, branching fractions.

The reference distributions (JSON: means per event and histograms in the centre-of-mass frame at √s = 10.58 GeV) are
looked for in the folder that the environment variable BELFAST_REFERENCE names; without it only the comparisons that
need none are made.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
from numba import njit

from physics.decays.table import DecayTable
from physics.event_shapes import fox_wolfram_ratios, thrust
from physics.random import isotropic_direction, new_stream, open_stream, stream_key
from physics.record import (
    MAX_EVENT_PARTICLES,
    STATUS_DECAYED,
    STATUS_FINAL,
    STATUS_UNDECAYED,
    new_event,
    set_particle,
)
from scripts.validation import closures, signal_references
from scripts.validation.report import Report
from sim.decay_names import Descriptions
from sim.decay_table import load_described_table
from sim.generators.decay_tree import decay_event, new_work

EVENTS = 200_000
ROOT_S = 10.58
MULTIPLICITIES = {
    "n_pi+-": (211,), "n_K+-": (321,), "n_p": (2212,), "n_e": (11,), "n_mu": (13,), "n_K_S": (310,), "n_D0": (421,),
    "n_D+-": (411,), "n_Ds": (431,), "n_Dst0": (423,), "n_Dst+-": (413,), "n_Jpsi": (443,), "n_pi0": (111,),
    "n_eta": (221,), "n_K_L": (130,), "n_n": (2112,), "n_tau": (15,),
}  # fmt: skip
SPECTRA = {
    "p_pi": 211, "p_K": 321, "p_p": 2212, "p_e": 11, "p_mu": 13, "p_gamma": 22, "p_KS": 310, "p_D0": 421,
    "p_D+-": 411, "p_Ds": 431, "p_Dst0": 423, "p_Dst+-": 413, "p_Jpsi": 443, "p_pi0": 111, "p_KL": 130,
}  # fmt: skip
JUDGED = {"n_pi+-", "n_K+-", "n_p", "n_e", "n_mu", "n_K_S", "n_D0", "n_D+-", "n_Ds", "n_Dst0", "n_Dst+-", "n_Jpsi"}
"""Multiplicities and spectra with a criterion; the others are shown."""
RARE = 0.05  # per event; 5 % instead of 2 % allowed below
PHOTON_MIN = 0.05  # [GeV]
VISIBLE = (11, 13, 22, 211, 321, 2212)
BINS = 120
INCLUSIVE = {  # B± / B0 mixture at the Υ(4S): PDG 2024, "B± / B0 ADMIXTURE"
    "B → D⁰ X + anti-D⁰ X": (421, 0.616, 0.029),
    "B → D± X": (411, 0.227, 0.012),
    "B → D_s± X": (431, 0.083, 0.008),
    "B → J/ψ X": (443, 0.01094, 0.00032),
}
LEPTONIC = {  # PDG 2024, inclusive branching fractions of the listings, quoted from memory: shown, not judged
    ("B+", "e+"): (0.1099, 0.0028),
    ("B0", "e+"): (0.1033, 0.0028),
    ("B+", "mu+"): (0.1099, 0.0028),
    ("B0", "mu+"): (0.1033, 0.0028),
    ("D0", "e+"): (0.0649, 0.0011),
    ("D+", "e+"): (0.1607, 0.0030),
    ("D_s+", "e+"): (0.0633, 0.0015),
}


@njit(cache=True, nogil=True)
def _generate(stream, key, table, work, event, pdg, mass, first, events, modes, species, hists, width, shapes, p):
    """Generate pairs at rest in the c.m. frame; fill counts of modes, spectra by species and shapes by event."""
    energy = 0.5 * ROOT_S
    momentum = math.sqrt(energy * energy - mass * mass)
    for k in range(events):
        open_stream(stream, key, first + k, 0, 0)
        x, y, z = isotropic_direction(stream)
        for i in range(2):
            s = momentum * (1.0 - 2.0 * i)
            set_particle(
                event, i, pdg * (1 - 2 * i), s * x, s * y, s * z, energy, -1, STATUS_UNDECAYED, 0.0, 0.0, 0.0, 0.0
            )
        n = decay_event(stream, table, work, event, 2)
        visible = 0
        charged = 0
        for i in range(n):
            kind = abs(event.pdg[i])
            size = math.sqrt(event.px[i] ** 2 + event.py[i] ** 2 + event.pz[i] ** 2)
            if event.status[i] == STATUS_DECAYED and work.mode[i] >= 0:
                modes[work.mode[i]] += 1
            for j in range(len(species)):
                if kind == species[j] and (kind != 22 or size > PHOTON_MIN):
                    hists[j, min(int(size / width), BINS - 1)] += 1
            if event.status[i] == STATUS_FINAL and kind in VISIBLE:
                p[visible, 0], p[visible, 1], p[visible, 2] = event.px[i], event.py[i], event.pz[i]
                visible += 1
                charged += kind != 22
        shapes[k, 0] = charged
        shapes[k, 1] = fox_wolfram_ratios(p, visible)[1]
        shapes[k, 2] = thrust(p, visible)[0]


def generate(
    table: DecayTable, pdg: int, mass: float, events: int, seed: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return counts of modes (m,), species (s,), spectra (s, BINS), and (charged, R2, thrust) by event."""
    species = np.array(sorted({*SPECTRA.values(), *(x for pdgs in MULTIPLICITIES.values() for x in pdgs)}))
    modes, hists = np.zeros(len(table.modes), np.int64), np.zeros((len(species), BINS), np.int64)
    shapes = np.zeros((events, 3))
    _generate(
        new_stream(), stream_key(seed, f"validate {pdg}"), table, new_work(),
        new_event(), pdg, mass, 0, events, modes, species, hists, 0.05, shapes,
        np.zeros((MAX_EVENT_PARTICLES, 4)),
    )  # fmt: skip
    return modes, species, hists, shapes


def cdf_distance(counts: np.ndarray, reference: np.ndarray) -> float:
    """Return the largest difference of two normalised cumulative histograms."""
    return float(np.abs(np.cumsum(counts) / counts.sum() - np.cumsum(reference) / reference.sum()).max())


def compare_with_reference(
    report: Report, name: str, reference: dict, species: np.ndarray, hists: np.ndarray, shapes: np.ndarray
) -> None:
    """Add the means, spectra and shapes of one sample."""
    events = len(shapes)
    index = {int(pdg): k for k, pdg in enumerate(species)}
    for what, pdgs in MULTIPLICITIES.items():
        mean, error, _ = reference["mean_err_rms"][what]
        ours = sum(hists[index[pdg]].sum() for pdg in pdgs) / events
        text = f"{name} {what}: {ours:.4f} beside {mean:.4f} ± {error:.4f}"
        if what in JUDGED:
            report.check(text + ", ratio − 1", abs(ours / mean - 1.0), "<", 0.02 if mean > RARE else 0.05)
        else:
            report.note(text + ", ratio", f"{ours / mean:.4f}")
    photons = hists[index[22]].sum() / events
    report.check(f"{name} n_gam50, ratio − 1", abs(photons / reference["mean_err_rms"]["n_gam50"][0] - 1.0), "<", 0.02)
    for what, pdg in SPECTRA.items():
        histogram = reference["hists"][what]
        n, width = histogram["n"], (histogram["hi"] - histogram["lo"]) / histogram["n"]
        expected = np.array(histogram["per_event"])
        if not np.isclose(width, 0.05) or histogram["lo"] != 0.0:
            continue
        counts = np.zeros(n)
        counts[: min(n, BINS)] = hists[index[pdg], :n]
        if pdg == 22:
            counts[0] = expected[0] = 0.0
        distance = cdf_distance(counts, expected)
        report.check(f"{name} {what}: max |ΔCDF|", distance, "<", 0.02 + 1.0 / math.sqrt(counts.sum()))
        edges = np.linspace(0.0, histogram["hi"], n + 1)
        report.overlay(
            f"{name}_{what}", edges, counts / events, np.sqrt(counts) / events, expected, "p* [GeV]", f"{name} {what}"
        )
    for k, what in enumerate(("n_ch", "R2", "thrust")):
        histogram = reference["hists"][what]
        edges = np.linspace(histogram["lo"], histogram["hi"], histogram["n"] + 1)
        counts = np.histogram(shapes[:, k], edges)[0]
        expected = np.array(histogram["per_event"])
        report.check(f"{name} {what}: max |ΔCDF|", cdf_distance(counts, expected), "<", 0.02)
        report.overlay(
            f"{name}_{what}", edges, counts / events, np.sqrt(counts) / events, expected, what, f"{name} {what}"
        )


def branching_pulls(table: DecayTable, names: Descriptions, modes: np.ndarray) -> np.ndarray:
    """Return (mode, pull) of the lines with a fraction above 1e-4 and at least 25 expected decays."""
    rows = []
    for particle in table.particles:
        own = np.arange(particle["first_mode"], particle["first_mode"] + particle["n_modes"])
        total = modes[own].sum()
        fraction = table.modes["fraction"][own]
        keep = (fraction > 1e-4) & (total * fraction > 25) & (fraction < 1.0)
        expected = total * fraction[keep]
        pull = (modes[own][keep] - expected) / np.sqrt(expected * (1.0 - fraction[keep]))
        rows.append(np.c_[own[keep], pull])
    return np.concatenate(rows)


def leptonic_share(names: Descriptions, modes: np.ndarray, mother: str, lepton: str) -> float:
    """Return the share of a mother's decays that have a lepton among the daughters."""
    own = [k for k, mode in enumerate(names.modes) if mode.mother == mother]
    with_lepton = [k for k in own if lepton in names.modes[k].daughters]
    return float(modes[with_lepton].sum() / max(modes[own].sum(), 1))


def run(events: int, output: Path) -> bool:
    """Make and print the comparisons; returns whether all passed."""
    events = events or EVENTS
    report = Report("decays", output)
    folder = os.environ.get("BELFAST_REFERENCE", "")
    all_modes = np.zeros(0, np.int64)
    inclusive = dict.fromkeys(INCLUSIVE, 0.0)
    for name, fsr, pdg, mass in (
        ("charged_nofsr", False, 521, 5.27941), ("charged", True, 521, 5.27941), ("mixed", True, 511, 5.27972),
    ):  # fmt: skip
        table, names = load_described_table(fsr=fsr)
        modes, species, hists, shapes = generate(table, pdg, mass, events)
        all_modes = modes if len(all_modes) == 0 else all_modes + modes
        path = Path(folder) / f"{name}.json"
        if folder and path.is_file():
            compare_with_reference(report, name, json.loads(path.read_text()), species, hists, shapes)
        if fsr:
            for what, (daughter, _, _) in INCLUSIVE.items():
                inclusive[what] += 0.25 * hists[list(species).index(daughter)].sum() / events
    for what, (_, value, error) in INCLUSIVE.items():
        report.note(f"{what}, beside PDG {value} ± {error}", f"{inclusive[what]:.4f}")
    for (mother, lepton), (value, error) in LEPTONIC.items():
        share = leptonic_share(names, all_modes, mother, lepton)
        report.note(f"{mother} → {lepton} X, beside PDG {value} ± {error}", f"{share:.4f}")
    pulls = branching_pulls(table, names, all_modes)
    beyond = pulls[np.abs(pulls[:, 1]) > 4.0]
    for m, pull in beyond[np.argsort(-np.abs(beyond[:, 1]))][:10]:
        report.note(f"branching fraction of {names.modes[int(m)].identity}, pull", f"{pull:+.1f}")
    # 6.3e-5 of Gaussian pulls are beyond 4σ
    allowed = 1 + 3 * 6.3e-5 * len(pulls)
    report.note("decays and lines compared", f"{int(np.sum(all_modes))}, {len(pulls)}")
    report.check("lines with BF > 1e-4 more than 4σ off", len(beyond), "<", allowed + 1e-9)
    report.check("decays counted", -float(np.sum(all_modes)), "<", -5e6 if events >= EVENTS else 0.0)
    signal_references.run(report, events)
    closures.run(report, events // 2)
    return report.finish()
