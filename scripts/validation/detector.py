"""The detector: efficiencies, resolutions, pulls, identification, calorimeter, K_L, and masses as they emerge.

Nothing here is tuned to masses, vertices or lifetimes: their widths follow from hits, material and showers.  Working
points of identification and the composition of photon candidates are compared with Belle II's publications.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from detector.calorimeter import BARREL, ENERGY, resolution
from detector.card import Detector, load_detector
from detector.helix import FIELD_CONSTANT, helix_at_poca
from detector.identification import particle_id
from detector.record import Reco
from detector.response import measure
from detector.vertexing import fit_vertex, new_vertex, update_momenta
from physics.particles import mass
from physics.random import stream_key
from physics.record import Particles
from scripts.validation.guns import directions, dstar, pair, single
from scripts.validation.report import Report

DIAGONAL = [0, 5, 9, 12, 14]
PARAMETERS = ("d0", "phi0", "omega", "z0", "tanLambda")
KEY = stream_key(1, "validation-detector")
SPECIES = {"e": -11, "mu": -13, "pi": 211, "K": 321, "p": 2212}
KLONG_DATA = ((1.84, 0.37), (2.32, 0.42), (2.80, 0.45), (3.28, 0.44), (3.76, 0.44))
"""Energy [GeV] of K_L and their calorimeter efficiency above 100 MeV in data, arXiv:2311.14647, Fig. 5."""


def run(events: int, output: Path) -> bool:
    """Print the table, write the plots; ``events`` particles for each point. Returns whether all passed."""
    n = events or 4000
    detector = load_detector("belle2-run1")
    report = Report("detector", output)
    rng = np.random.default_rng(20)
    tracking(report, detector, rng, n)
    photons(report, detector, rng, n)
    klongs(report, detector, rng, n)
    identification(report, detector, rng, n)
    knunu(report, detector, rng, n)
    masses(report, detector, rng, n)
    generic(report, detector, n)
    return report.finish()


def _measure(particles: Particles, detector: Detector) -> Reco:
    return measure(particles, np.arange(len(particles.offsets) - 1), detector, KEY)


def half_width(values: np.ndarray) -> float:
    """Half the width of the central 68.3 %."""
    low, high = np.quantile(values, [0.1587, 0.8413])
    return float(0.5 * (high - low))


def _momentum(tracks: Any) -> np.ndarray:
    pt = FIELD_CONSTANT * 1.5 / np.abs(tracks.omega)
    return np.asarray(pt * np.sqrt(1.0 + tracks.tanLambda**2))


def matched(reco: Reco, entry: int, n: int) -> np.ndarray:
    """Row of the track made by entry ``entry`` of each event (the one with most hits), −1 for none."""
    tracks = reco.tracks
    rows = np.full(n, -1)
    event = np.repeat(np.arange(n), np.diff(tracks.offsets))
    own = np.flatnonzero(tracks.mc == entry)
    order = own[np.argsort((tracks.nCDCHits + tracks.nSVDHits)[own], kind="stable")]
    rows[event[order]] = order
    return rows


def _curves(
    report: Report, name: str, x: Any, curves: dict[str, Any], axes: tuple[str, str], *, log: bool = False,
    log_x: bool = False,
) -> None:  # fmt: skip
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import matplotlib.ticker

    figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    for label, y in curves.items():
        ax.plot(x, y, "o-", ms=3, lw=1, label=label)
    ax.set(xlabel=axes[0], ylabel=axes[1])
    plain = mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}")
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(plain)
        ax.yaxis.set_minor_formatter(mpl.ticker.LogFormatter(minor_thresholds=(3, 1)))
    if log_x:
        ax.set_xscale("log")
        ax.set_xticks(x, minor=False)
        ax.xaxis.set_major_formatter(plain)
        ax.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    figure.savefig(report.output / f"{report.station}_{name}.png", dpi=120)
    plt.close(figure)


# --- tracks


def tracking(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    """Efficiency against pT, resolutions against p and θ, pulls of the five helix parameters."""
    points = np.array([0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0])
    efficiency = []
    for pt in points:
        direction = directions(n, rng)
        reco = _measure(single(211, pt / np.hypot(*direction[:, :2].T), direction, rng), detector)
        efficiency.append(np.mean(matched(reco, 0, n) >= 0))
    _curves(report, "efficiency", points, {"π⁺": efficiency}, ("pT [GeV]", "track efficiency"), log_x=True)
    for i in (0, 1, 3, 6):
        report.note(f"track efficiency of π⁺ at pT = {points[i]:.2f} GeV", f"{efficiency[i]:.3f}")
    report.check("track efficiency of π⁺ at pT = 1 GeV", float(efficiency[6]), ">", 0.93)

    momenta = np.array([0.2, 0.5, 1.0, 2.0, 4.0])
    curves: dict[str, list[float]] = {name: [] for name in ("d0 [µm]", "z0 [µm]", "pT [%]")}
    for p in momenta:
        wide = _residuals(detector, 211, np.full(n, p), directions(n, rng, -0.1, 0.1), rng)[0]
        widths = [half_width(column) for column in wide.T]
        curves["d0 [µm]"].append(widths[0] * 1e4)
        curves["z0 [µm]"].append(widths[3] * 1e4)
        curves["pT [%]"].append(100.0 * widths[5])
    lengths = {name: curves[f"{name} [µm]"] for name in ("d0", "z0")}
    axes = "p [GeV], π⁺ at θ = 90°"
    _curves(
        report, "resolution_p", momenta, lengths, (axes, "half width of the central 68 % [µm]"), log=True, log_x=True
    )
    _curves(report, "resolution_pt", momenta, {"π⁺": curves["pT [%]"]}, (axes, "σ(pT)/pT [%]"), log_x=True)
    for name, values in curves.items():
        report.note(f"σ({name}) of π at 90° for p = 0.2, 0.5, 1, 2, 4 GeV", ", ".join(f"{v:.3g}" for v in values))
    report.check("σ(d0) at 4 GeV [µm] (12 µm for stiff tracks, arXiv:2104.12624)", curves["d0 [µm]"][-1], "<", 16.0)
    cosines = np.cos(np.radians([25, 40, 60, 90, 120, 140]))
    against: dict[str, list[float]] = {f"{p} GeV": [] for p in (0.5, 2.0)}
    for p in (0.5, 2.0):
        for c in cosines:
            wide = _residuals(detector, 211, np.full(n, p), directions(n, rng, c - 0.02, c + 0.02), rng)[0]
            against[f"{p} GeV"].append(half_width(wide[:, 0]) * 1e4)
    degrees = np.degrees(np.arccos(cosines))
    _curves(report, "resolution_theta", degrees, against, ("θ [degrees]", "σ(d0) [µm]"), log=True)

    # the core of the pulls is what is left without the card's tails
    tracker = detector.tracker
    core = replace(detector, tracker=tracker._replace(finding=tracker.finding._replace(tail_fraction=0.0)))
    for name, pdg in (("π", 211), ("K", 321), ("µ", -13), ("p", 2212)):
        for which, what in ((core, "core"), (detector, "with the card's tails")):
            momenta, direction = rng.uniform(0.4, 3.0, 48 * n), directions(48 * n, rng, -0.7, 0.85)
            pulls = _residuals(which, pdg, momenta, direction, rng)[1]
            sizes = np.array([half_width(column) for column in pulls.T])
            numbers = ", ".join(f"{w:.3f}" for w in sizes)
            report.note(f"pull widths of {name}, {what}: " + ", ".join(PARAMETERS), numbers)
            if which is core:
                report.check(f"largest |pull width − 1| of {name}, core", float(np.abs(sizes - 1.0).max()), "<", 0.02)


def _residuals(
    detector: Detector, pdg: int, p: np.ndarray, direction: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of (d0, φ0, ω, z0, tanλ) and relative pT (m, 6), and pulls (m, 5), of found tracks."""
    truth = single(pdg, p, direction, rng)
    reco = _measure(truth, detector)
    rows = matched(reco, 0, len(p))
    tracks = reco.tracks
    # kinks of decays in flight are the experiment's, not the fit's
    found = np.flatnonzero((rows >= 0) & (tracks.mcPDG[rows] == pdg))
    rows = rows[found]
    charge = np.sign(tracks.omega[rows])
    own = np.array(
        [
            helix_at_poca(
                truth.vx[i], truth.vy[i], truth.vz[i], truth.px[i], truth.py[i], truth.pz[i], q, detector.tracker.field
            )[:5]
            for i, q in zip(found, charge, strict=True)
        ]
    )
    measured = np.stack([getattr(tracks, name)[rows] for name in PARAMETERS], axis=1)
    difference = measured - own
    difference[:, 1] = (difference[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
    pulls = difference / np.sqrt(tracks.covariance[rows][:, DIAGONAL])
    relative = own[:, 2] / measured[:, 2] - 1.0
    return np.column_stack([difference, relative]), pulls


# --- calorimeter and K_L


def photons(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    """Resolution and efficiency of photons against energy."""
    energies = np.array([0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0])
    widths, cores, efficiency, tails = [], [], [], []
    for energy in energies:
        truth = single(22, np.full(n, energy), directions(n, rng, -0.5, 0.8), rng)
        clusters = _measure(truth, detector).clusters
        event = np.repeat(np.arange(n), np.diff(clusters.offsets))
        own = (clusters.mcPDG == 22) & (clusters.mc == 0) & (clusters.region == BARREL)
        efficiency.append(np.unique(event[own]).size / n)
        ratio = clusters.E[own] / energy
        core = float(resolution(energy, BARREL, ENERGY, detector.outer.calorimeter))
        widths.append(100.0 * half_width(ratio))
        cores.append(100.0 * core)
        pull = (ratio - 1.0) / core
        tails.append((np.mean(pull < -2.5), np.mean(pull > 2.5)))
    curves = {"simulated, central 68 %": widths, "basf2 parametrisation (core)": cores}
    _curves(report, "photon_resolution", energies, curves, ("E [GeV], barrel", "σ(E)/E [%]"), log=True)
    _curves(report, "photon_efficiency", energies, {"γ, barrel": efficiency}, ("E [GeV]", "efficiency"))
    for i in (2, 5, 7):
        what = f"photon σ(E)/E [%] at {energies[i]:g} GeV: central 68 %, basf2's core"
        report.note(what, f"{widths[i]:.2f}, {cores[i]:.2f}")
        report.check(f"photon width over core at {energies[i]:g} GeV", widths[i] / cores[i], "<", 1.4)
        report.check(f"photons low by 2.5σ over high by 2.5σ at {energies[i]:g} GeV",
                     tails[i][0] / max(tails[i][1], 0.5 / n), ">", 3.0)  # fmt: skip
    report.note("photon efficiency at 0.03, 0.1, 1 GeV, barrel", ", ".join(f"{efficiency[i]:.3f}" for i in (0, 2, 5)))


def klongs(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    """K_L in crystals and iron."""
    found, iron = [], []
    for energy, expected in KLONG_DATA:
        p = np.full(2 * n, np.sqrt(energy**2 - mass(130) ** 2))
        reco = _measure(single(130, p, directions(2 * n, rng, -0.5, 0.8), rng), detector)
        event = np.repeat(np.arange(2 * n), np.diff(reco.clusters.offsets))
        own = (reco.clusters.mc == 0) & (reco.clusters.E > 0.1)
        found.append(np.unique(event[own]).size / (2 * n))
        iron.append(np.mean(np.diff(reco.klm.offsets) > 0))
        report.check(f"K_L at {energy} GeV: |crystals − {expected} (data)|", abs(found[-1] - expected), "<", 0.05)
    energies = [e for e, _ in KLONG_DATA]
    data = [x for _, x in KLONG_DATA]
    curves = {"crystals, E > 100 MeV": found, "the same, data (arXiv:2311.14647)": data, "iron": iron}
    _curves(report, "klong", energies, curves, ("E(K_L) [GeV]", "efficiency"))
    report.note("K_L in iron at " + ", ".join(map(str, energies)) + " GeV", ", ".join(f"{x:.2f}" for x in iron))


# --- identification


def _ids(
    detector: Detector, pdg: int, p: np.ndarray, direction: np.ndarray, rng: np.random.Generator, names: tuple[str, ...]
) -> dict[str, np.ndarray]:
    reco = _measure(single(pdg, p, direction, rng), detector)
    rows = matched(reco, 0, len(p))
    log_l = reco.tracks.log_likelihood[rows[rows >= 0]]
    return {name: particle_id(log_l, name) for name in names}


def identification(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    """Efficiency and misidentification against momentum."""
    momenta = np.array([0.3, 0.5, 0.7, 0.9, 1.2, 1.6, 2.0, 2.5, 3.0, 4.0])
    cuts = {"K": 0.5, "mu": 0.9, "e": 0.9, "p": 0.5}
    rates: dict[str, dict[str, list[float]]] = {cut: {name: [] for name in SPECIES} for cut in cuts}
    for name, pdg in SPECIES.items():
        for p in momenta:
            values = _ids(detector, pdg, np.full(n, p), directions(n, rng), rng, tuple(cuts))
            for cut, threshold in cuts.items():
                rates[cut][name].append(float(np.mean(values[cut] > threshold)))
    for cut, threshold in cuts.items():
        _curves(report, f"id_{cut}", momenta, rates[cut], ("p [GeV]", f"rate of {cut}ID > {threshold}"))
        report.note(f"{cut}ID > {threshold}, p [GeV]", " ".join(f"{p:5.1f}" for p in momenta))
        for name in SPECIES:
            report.note(f"   {name}", " ".join(f"{r:5.3f}" for r in rates[cut][name]))


def knunu(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    """Working points of K⁺νν̄: its kaons and pions of the same momenta, with the papers' track requirements."""
    from sim.production import Request, build_line

    request = Request("kplus-nunu", 4 * n, seed=6, level="truth", signal_only=True, unweighted=True)
    truth = build_line(request).generate(0, 4 * n).particles
    kaons = np.abs(truth.pdg) == 321
    momentum = np.stack([truth.px, truth.py, truth.pz], axis=1)[kaons]
    p = np.sqrt(np.sum(momentum**2, axis=1))
    ids = {}
    for pdg in (321, 211):
        reco = _measure(single(pdg, p, momentum / p[:, None], rng), detector)
        rows = matched(reco, 0, len(p))
        rows = rows[rows >= 0]
        tracks = reco.tracks
        ids[pdg] = (particle_id(tracks.log_likelihood[rows], "K"), tracks.nPXDHits[rows], tracks.nCDCHits[rows])
    for efficiency, hits, published in ((0.62, 0, "3 %, arXiv:2104.12624"), (0.68, 20, "1.2 %, arXiv:2311.14647")):
        kaon, pion = (x[(pixels >= 1) & (chamber >= hits)] for x, pixels, chamber in ids.values())
        fake = float(np.mean(pion > np.quantile(kaon, 1.0 - efficiency)))
        what = f"K⁺νν̄: pions kept with {efficiency:.0%} of the kaons ({published})"
        report.check(what, fake, "<", 0.035)
        report.check(what, fake, ">", 0.006)


# --- masses


def masses(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    """Widths of two-body masses: what hits, material and showers give, with a vertex fit and the true hypotheses."""
    two_body = (
        ("K_S → π⁺π⁻", 310, (211, -211), (0.3, 2.5)),
        ("Λ → pπ⁻", 3122, (2212, -211), (0.5, 3.0)),
        ("φ → K⁺K⁻", 333, (321, -321), (0.5, 3.0)),
        ("J/ψ → µ⁺µ⁻", 443, (-13, 13), (0.5, 2.5)),
        ("J/ψ → e⁺e⁻ (no recovery of radiation)", 443, (-11, 11), (0.5, 2.5)),
        ("D⁰ → K⁻π⁺", 421, (-321, 211), (1.0, 3.5)),
    )
    for name, parent, daughters, (low, high) in two_body:
        truth = pair(parent, daughters, rng.uniform(low, high, 2 * n), directions(2 * n, rng, -0.6, 0.8), rng)
        found, m = _pair_masses(truth, detector, daughters)
        shift = np.median(m) - mass(parent)
        value = f"{1e3 * half_width(m):.2f} MeV, median {1e3 * shift:+.2f}"
        report.note(f"mass width of {name}, {found:.0%} found", value)
        report.check(f"mass bias / width of {name}", abs(shift) / half_width(m), "<", 1.0)
    _dstar(report, detector, rng, 2 * n)
    _pi0(report, detector, rng, n)


def _pair_masses(
    truth: Particles, detector: Detector, daughters: tuple[int, int], entries: tuple[int, int] = (1, 2)
) -> tuple[float, np.ndarray]:
    """Fraction of events with both tracks, and masses after a vertex fit started at the true vertex."""
    n = len(truth.offsets) - 1
    reco = _measure(truth, detector)
    rows = np.stack([matched(reco, entry, n) for entry in entries], axis=1)
    events = np.flatnonzero(np.all(rows >= 0, axis=1))
    p = _vertexed(reco, truth, rows, events, detector, entries[0])
    good = ~np.isnan(p[:, 0, 0])
    return float(good.sum() / n), _mass(p[good], [mass(d) for d in daughters])


def _vertexed(
    reco: Reco, truth: Particles, rows: np.ndarray, events: np.ndarray, detector: Detector, entry: int
) -> np.ndarray:
    """Momenta (events, tracks, 3) at the fitted vertex; NaN where the fit fails."""
    tracks = reco.tracks
    helices = np.ascontiguousarray(np.stack([getattr(tracks, name) for name in PARAMETERS], axis=1))
    vertex, spot = new_vertex(), np.zeros(9)
    k = rows.shape[1]
    out = np.full((len(events), k, 3), np.nan)
    for j, event in enumerate(events):
        i = truth.offsets[event] + entry
        vertex.position[:] = truth.vx[i], truth.vy[i], truth.vz[i]
        use = rows[event].astype(np.int64)
        if fit_vertex(helices, tracks.covariance, use, k, spot, False, vertex):
            update_momenta(helices, use, k, detector.tracker.field, vertex)
            out[j] = vertex.momenta[:k]
    return out


def _mass(p: np.ndarray, particle_masses: list[float]) -> np.ndarray:
    energy = np.sqrt(np.sum(p**2, axis=2) + np.array(particle_masses) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(energy**2 - np.sum(p.sum(axis=1) ** 2, axis=1), 0.0)))


def _dstar(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    truth = dstar(rng.uniform(2.5, 4.0, n), directions(n, rng, -0.5, 0.8), rng)
    reco = _measure(truth, detector)
    rows = np.stack([matched(reco, entry, n) for entry in (3, 4, 2)], axis=1)
    events = np.flatnonzero(np.all(rows >= 0, axis=1))
    pair_p = _vertexed(reco, truth, rows[:, :2], events, detector, 3)
    tracks = reco.tracks
    slow = rows[events, 2]
    pt = FIELD_CONSTANT * detector.tracker.field / np.abs(tracks.omega[slow])
    slow_p = np.stack([pt * np.cos(tracks.phi0[slow]), pt * np.sin(tracks.phi0[slow]), pt * tracks.tanLambda[slow]], 1)
    three = np.concatenate([pair_p, slow_p[:, None]], axis=1)
    good = ~np.isnan(pair_p[:, 0, 0])
    m_k, m_pi = mass(321), mass(211)
    delta = _mass(three[good], [m_k, m_pi, m_pi]) - _mass(pair_p[good], [m_k, m_pi])
    shift = np.median(delta) - (mass(413) - mass(421))
    what = f"width of m(D*⁺) − m(D⁰), {good.sum() / n:.0%} found"
    report.note(what, f"{1e3 * half_width(delta):.3f} MeV, median {1e3 * shift:+.3f}")


def _pi0(report: Report, detector: Detector, rng: np.random.Generator, n: int) -> None:
    for low, high in ((0.2, 0.6), (0.6, 1.5), (1.5, 3.0)):
        truth = pair(111, (22, 22), rng.uniform(low, high, 2 * n), directions(2 * n, rng, -0.4, 0.7), rng)
        clusters = _measure(truth, detector).clusters
        event = np.repeat(np.arange(2 * n), np.diff(clusters.offsets))
        best = np.full((2, 2 * n), -1)
        for entry in (1, 2):
            own = np.flatnonzero((clusters.mc == entry) & (clusters.mcPDG == 22) & (clusters.E > 0.03))
            best[entry - 1, event[own[np.argsort(clusters.E[own])]]] = own[np.argsort(clusters.E[own])]
        i, j = best[:, np.all(best >= 0, axis=0)]
        unit = np.stack(
            [
                np.sin(clusters.theta) * np.cos(clusters.phi),
                np.sin(clusters.theta) * np.sin(clusters.phi),
                np.cos(clusters.theta),
            ]
        )
        m = np.sqrt(2.0 * clusters.E[i] * clusters.E[j] * (1.0 - np.sum(unit[:, i] * unit[:, j], axis=0)))
        low_tail, high_tail = np.median(m) - np.quantile(m, 0.1587), np.quantile(m, 0.8413) - np.median(m)
        report.note(
            f"π⁰ mass, {low:g}-{high:g} GeV, {len(m) / (2 * n):.0%} found: half widths below, above, median − m",
            f"{1e3 * low_tail:.1f}, {1e3 * high_tail:.1f}, {1e3 * (np.median(m) - mass(111)):+.1f} MeV",
        )
        if low == 0.6:
            report.check("π⁰ mass width at 0.6-1.5 GeV [MeV]", 1e3 * half_width(m), "<", 9.0)
            report.check("π⁰ mass: width below over width above", low_tail / high_tail, ">", 1.0)


# --- events


def generic(report: Report, detector: Detector, n: int) -> None:
    """B⁺B⁻ events: what the photon candidates are made of, identification in their spectra."""
    from sim.production import Request, build_line

    truth = build_line(Request("charged", n, seed=5, level="truth")).generate(0, n)
    particles = truth.particles
    reco = measure(particles, truth.number, detector, KEY)
    clusters, tracks = reco.clusters, reco.tracks
    event = np.repeat(np.arange(n), np.diff(clusters.offsets))
    accepted = (clusters.theta > np.radians(17.0)) & (clusters.theta < np.radians(150.0))
    candidate = accepted & (clusters.track < 0) & (clusters.E > 0.1)
    true_row = np.where(clusters.mc >= 0, clusters.mc + particles.offsets[event], 0)
    photon = (clusters.mcPDG == 22) & (clusters.mc >= 0) & (particles.pdg[true_row] == 22)
    report.note("tracks, clusters, K_L/µ clusters for each event",
                f"{len(tracks.omega) / n:.2f}, {len(clusters.E) / n:.2f}, {len(reco.klm.x) / n:.2f}")  # fmt: skip
    report.note("photon candidates above 100 MeV for each event", f"{candidate.sum() / n:.2f}")
    unmatched = float(np.mean(~photon[candidate]))
    report.check("not from a generated photon (30 %, arXiv:2311.14647)", unmatched, ">", 0.22)
    report.check("not from a generated photon (30 %, arXiv:2311.14647)", unmatched, "<", 0.38)
    for name, which in (("beam background", (0,)), ("K_L, n", (130, 2112)), ("charged hadrons", (211, 321, 2212))):
        share = np.mean(np.isin(np.abs(clusters.mcPDG[candidate]), which))
        report.note(f"   {name}", f"{share:.3f}")

    track_event = np.repeat(np.arange(n), np.diff(tracks.offsets))
    species = np.where(tracks.mc >= 0, np.abs(particles.pdg[tracks.mc + particles.offsets[track_event]]), 0)
    p = _momentum(tracks)
    kaon = particle_id(tracks.log_likelihood, "K")
    for name, pdg, low, high in (("K (86 %, arXiv:2405.18928)", 321, 0.78, 0.93), ("π (7 %)", 211, 0.03, 0.10)):
        rate = float(np.mean(kaon[(species == pdg) & (p > 0.5)] > 0.1))
        report.check(f"kaonID > 0.1 of {name}, p > 0.5 GeV", rate, ">", low)
        report.check(f"kaonID > 0.1 of {name}, p > 0.5 GeV", rate, "<", high)
    muon, electron = particle_id(tracks.log_likelihood, "mu"), particle_id(tracks.log_likelihood, "e")
    fast = p > 1.0
    for what, ratio, pdg, relation, threshold in (
        ("muonID > 0.9, p > 1 GeV: µ (90 %, arXiv:2311.07248)", muon, 13, ">", 0.85),
        ("muonID > 0.9, p > 1 GeV: π (2.5 %)", muon, 211, "<", 0.05),
        ("muonID > 0.9, p > 1 GeV: K (1 %)", muon, 321, "<", 0.05),
        ("electronID > 0.9, p > 1 GeV: e (95 %)", electron, 11, ">", 0.92),
        ("electronID > 0.9, p > 1 GeV: π (0.1 %)", electron, 211, "<", 0.005),
        ("electronID > 0.9, p > 1 GeV: K (0.02 %)", electron, 321, "<", 0.01),
    ):
        report.check(what, float(np.mean(ratio[(species == pdg) & fast] > 0.9)), relation, threshold)
