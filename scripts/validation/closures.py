"""Angles, mixing, CP violation and radiative tails against closed forms, by decay chains made for the purpose."""

import math
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import integrate, stats

from physics.decays.mixing import B0_LIFETIME, DELTA_M, integrated_mixing
from physics.form_factors.b_to_charm import bgl_vector
from physics.form_factors.b_to_kstar import coefficients
from physics.jit import driver
from physics.particles import mass
from physics.penguins import kstar_longitudinal_fraction
from physics.radiation.fsr import ALPHA
from physics.random import new_stream, open_stream, stream_key
from physics.record import (
    STATUS_FINAL,
    STATUS_UNDECAYED,
    Particles,
    append_event,
    new_event,
    new_particles,
    set_particle,
    trimmed,
)
from scripts.validation.report import Report
from sim.decay_table import load_described_table
from sim.generators.decay_tree import decay_prepared, new_work, prepare_entry
from sim.production import Request, build_line, process

EVENTS = 100_000
PARTICLES = 16
"""Memory for the particles of one chain; the longest has ten and photons."""
BGL = (0.02596, -0.06049, 0.01311, 0.01713, 0.00753, -0.09346)
"""B → D*ℓν of DECAY_BELLE2.DEC (arXiv:2008.09341)."""
CHAINS = {
    "JpsiK": ("B+", "MyJpsi K+ SVS", {"MyJpsi": ("J/psi", "mu+ mu- VLL")}),
    "JpsiKee": ("B+", "MyJpsie K+ SVS", {"MyJpsie": ("J/psi", "e+ e- PHOTOS VLL")}),
    "Dstpi": ("B0", "MyDst pi+ SVS", {"MyDst": ("D*-", "MyD0 pi- VSS"), "MyD0": ("anti-D0", "K+ pi- PHSP")}),
    "Dstlnu": ("B0", f"MyDst e+ nu_e BGL {' '.join(map(str, BGL))}", {}),
    "Kstgamma": ("B0", "MyKst gamma SVP_HELAMP 1.0 0.0 1.0 0.0", {"MyKst": ("K*0", "K+ pi- VSS")}),
    "Kstnunu": ("B0", "MyKst nu_e anti-nu_e KSTARNUNU", {}),
    "taunu": ("B+", "MyTau nu_tau SLN", {"MyTau": ("tau+", "pi+ anti-nu_tau TAUSCALARNU")}),
}


def _decay_file(folder: str) -> Path:
    lines = []
    for name, (mother, decay, inner) in CHAINS.items():
        lines += [f"Alias {name} {mother}", *(f"Alias {alias} {target}" for alias, (target, _) in inner.items())]
        for alias, line in ((name, decay), *((alias, line) for alias, (_, line) in inner.items())):
            lines += [f"Decay {alias}", f"1.0 {line};", "Enddecay"]
    path = Path(folder) / "closures.dec"
    path.write_text("\n".join([*lines, "End", ""]))
    return path


@driver
def _decay(stream, key, table, work, event, particles, row, pdg, m, events):
    for k in range(events):
        open_stream(stream, key, k, 0, 0)
        set_particle(event, 0, pdg, 0.3, 0.0, 1.4, math.sqrt(2.05 + m * m), -1, STATUS_UNDECAYED, 0.0, 0.0, 0.0, 0.0)
        prepare_entry(table, work, event, np.int64(0))
        work.row[0] = row
        append_event(particles, k, event, decay_prepared(stream, table, work, event, np.int64(1)))


class Chains:
    """Decays of a B in flight by one chain each."""

    def __init__(self, events: int) -> None:
        self.events = events
        with tempfile.TemporaryDirectory() as folder:
            path = _decay_file(folder)
            self.tables = {fsr: load_described_table([path], fsr=fsr) for fsr in (False, True)}

    def make(self, name: str, *, fsr: bool = False) -> Particles:
        """Return the events of one chain."""
        table, names = self.tables[fsr]
        row = names.row(name)
        mother = table.particles[row]
        particles = new_particles(PARTICLES * self.events, self.events)
        _decay(
            new_stream(), stream_key(3, name), table, new_work(), new_event(), particles, row, int(mother["pdg"]),
            float(mother["mass"]), self.events,
        )  # fmt: skip
        return trimmed(particles)


def momenta(particles: Particles, pdg: int) -> np.ndarray:
    """Return (px, py, pz, E) of the first particle ``pdg`` of every event, shape (events, 4)."""
    number = np.repeat(np.arange(len(particles.offsets) - 1), np.diff(particles.offsets))
    rows = np.flatnonzero(particles.pdg == pdg)
    _, first = np.unique(number[rows], return_index=True)
    rows = rows[first]
    return np.c_[particles.px[rows], particles.py[rows], particles.pz[rows], particles.E[rows]]


def boosted(p: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Return momenta ``p`` in the rest frame of ``frame``."""
    m = invariant(frame)
    e = (p[:, 3] * frame[:, 3] - np.sum(p[:, :3] * frame[:, :3], axis=1)) / m
    return np.c_[p[:, :3] - ((p[:, 3] + e) / (frame[:, 3] + m))[:, None] * frame[:, :3], e]


def invariant(p: np.ndarray) -> np.ndarray:
    """Return invariant masses."""
    return np.sqrt(np.maximum(p[:, 3] ** 2 - np.sum(p[:, :3] ** 2, axis=1), 0.0))


def helicity_cosine(grandmother: np.ndarray, mother: np.ndarray, daughter: np.ndarray) -> np.ndarray:
    """Return the cosine of a daughter to its mother's flight, in the mother's rest frame."""
    d, g = boosted(daughter, mother)[:, :3], boosted(grandmother, mother)[:, :3]
    return -np.sum(d * g, axis=1) / np.linalg.norm(d, axis=1) / np.linalg.norm(g, axis=1)


def check_angle(
    report: Report, name: str, title: str, cosine: np.ndarray, density: Callable[[float], float], shift: float = 0.0
) -> None:
    """Add the χ² of a distribution in cosθ with a normalised ``density``; ``shift`` spoils it (for tests)."""
    edges = np.linspace(-1.0, 1.0, 41)
    counts = np.histogram(cosine, edges)[0].astype(float)
    expected = len(cosine) * np.array([integrate.quad(density, a + shift, b + shift)[0] for a, b in pairwise(edges)])
    chi2 = float(((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum())
    report.check(f"{title}: p-value, χ²/ndf {chi2:.1f}/39", float(stats.chi2.sf(chi2, 39)), ">", 1e-3)
    report.overlay(name, edges, counts, np.sqrt(counts), expected, "cos θ", title)


def check_fraction(
    report: Report, name: str, title: str, q2: np.ndarray, cosine: np.ndarray, edges: np.ndarray, expected: np.ndarray
) -> None:
    """Add the χ² of F_L = (5⟨cos²θ⟩ − 1)/2 in bins of q² with the closed form."""
    values, errors = np.zeros(len(expected)), np.zeros(len(expected))
    for k, (a, b) in enumerate(pairwise(edges)):
        moment = 2.5 * cosine[(q2 >= a) & (q2 < b)] ** 2 - 0.5
        values[k], errors[k] = moment.mean(), moment.std() / math.sqrt(len(moment))
    chi2 = float((((values - expected) / errors) ** 2).sum())
    n = len(expected)
    report.check(f"{title}: p-value, χ²/ndf {chi2:.1f}/{n}", float(stats.chi2.sf(chi2, n)), ">", 1e-3)
    report.overlay(name, edges, values, errors, expected, "q² [GeV²]", title)


def angles(report: Report, chains: Chains) -> None:
    """Angular distributions of two-body chains."""
    events = chains.make("JpsiK")
    b, jpsi, lepton = (momenta(events, pdg) for pdg in (521, 443, 13))
    spin_flip = 4.0 * mass(13) ** 2 / mass(443) ** 2
    check_angle(
        report, "JpsiK", "B → J/ψK, J/ψ → µµ: sin²θ", helicity_cosine(b, jpsi, lepton),
        lambda c: (1.0 - c * c + spin_flip * c * c) / (4.0 / 3.0 + 2.0 / 3.0 * spin_flip),
    )  # fmt: skip
    for name, title, pdgs, density in (
        ("Dstpi", "B → D*π, D* → Dπ: cos²θ", (511, -413, -421), lambda c: 1.5 * c * c),
        ("Kstgamma", "B → K*γ, K* → Kπ: sin²θ", (511, 313, 321), lambda c: 0.75 * (1.0 - c * c)),
        ("taunu", "B → τν, τ → πν: 1 + cosθ", (521, -15, 211), lambda c: 0.5 * (1.0 + c)),
    ):
        events = chains.make(name)
        check_angle(report, name, title, helicity_cosine(*(momenta(events, pdg) for pdg in pdgs)), density)


def longitudinal_fractions(report: Report, chains: Chains) -> None:
    """F_L(q²) of B → D*ℓν and B → K*νν̄."""
    events = chains.make("Dstlnu")
    b, dstar, d, e, nu = (momenta(events, pdg) for pdg in (511, -413, -421, -11, 12))
    m_b, m = mass(511), mass(413)
    edges = np.linspace(0.0, (m_b - m) ** 2, 9)

    def rates(q2: float) -> tuple[float, float]:
        v, a1, a2, _ = (float(f[0]) for f in bgl_vector(BGL, np.array([q2]), m_b, m))
        k = math.sqrt(max(((m_b + m) ** 2 - q2) * ((m_b - m) ** 2 - q2), 0.0)) / (2.0 * m_b)
        total, root = m_b + m, math.sqrt(q2)
        h0 = ((m_b**2 - m**2 - q2) * total * a1 - 4.0 * m_b**2 * k**2 * a2 / total) / (2.0 * m * root)
        plus, minus = total * a1 - 2.0 * m_b * k * v / total, total * a1 + 2.0 * m_b * k * v / total
        return k * q2 * h0**2, k * q2 * (h0**2 + plus**2 + minus**2)

    parts = [
        [integrate.quad(lambda x, i=i: rates(x)[i], max(a, 1e-6), c)[0] for i in (0, 1)] for a, c in pairwise(edges)
    ]
    expected = np.array([longitudinal / total for longitudinal, total in parts])
    q2, cosine = invariant(e + nu) ** 2, helicity_cosine(b, dstar, d)
    check_fraction(report, "Dstlnu", "B → D*eν, F_L(q²), BGL", q2, cosine, edges, expected)
    whole = sum(p[0] for p in parts) / sum(p[1] for p in parts)
    moment = 2.5 * cosine**2 - 0.5
    pull = (moment.mean() - whole) / (moment.std() / math.sqrt(len(moment)))
    report.check(f"B → D*eν: F_L {moment.mean():.4f} beside {whole:.4f}, pull", abs(float(pull)), "<", 4.0)

    events = chains.make("Kstnunu")
    b, kstar, kaon = (momenta(events, pdg) for pdg in (511, 313, 321))
    q2 = invariant(b - kstar) ** 2
    # the form factors are those of a K* of its nominal mass, whatever mass the line shape gives it
    a, m = coefficients(), mass(313)
    predicted = np.array([kstar_longitudinal_fraction(x, m_b, m, a) for x in q2])
    edges = np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0])
    expected = np.array([predicted[(q2 >= x) & (q2 < y)].mean() for x, y in pairwise(edges)])
    check_fraction(report, "Kstnunu", "B → K*νν̄, F_L(q²)", q2, helicity_cosine(b, kstar, kaon), edges, expected)


def mixing(report: Report, events: int) -> None:
    """χ_d and the asymmetry of mixed and unmixed pairs in Δt, from the sample ``mixed`` without CP modes."""
    line = build_line(Request("mixed", events, seed=5, level="truth"))
    table, _ = load_described_table()
    without_flavour = ~np.isnan(table.asymmetry[:, 0])  # CP modes do not tell the flavour
    same, dt = [], []
    for result in process(line, threads=1):
        offsets, mc = result.table.collections["mc"]
        first = offsets[:-1]
        pdg = mc["PDG"]
        columns = result.table.columns
        told = ~(without_flavour[columns["mcDecayMode_B1"]] | without_flavour[columns["mcDecayMode_B2"]])
        same.append((pdg[first + 1] == pdg[first + 2])[told])
        dt.append(columns["mcDeltaT"][told])
    mixed, delta_t = np.concatenate(same), np.concatenate(dt)
    chi_d = integrated_mixing(B0_LIFETIME, DELTA_M)
    pull = (mixed.mean() - chi_d) / math.sqrt(chi_d * (1.0 - chi_d) / len(mixed))
    report.check(f"mixed: χ_d {mixed.mean():.4f} beside {chi_d:.4f} (PDG 0.1858), pull", abs(float(pull)), "<", 4.0)
    edges = np.linspace(0.0, 8.0 * B0_LIFETIME, 21)
    size = np.abs(delta_t)
    total, odd = np.histogram(size, edges)[0], np.histogram(size[mixed], edges)[0]

    def share(a: float, b: float) -> float:
        weight = [
            integrate.quad(lambda t, f=f: math.exp(-t / B0_LIFETIME) * f(DELTA_M * t), a, b)[0]
            for f in (math.cos, lambda _: 1.0)
        ]
        return weight[0] / weight[1]

    expected = np.array([share(a, b) for a, b in pairwise(edges)])
    keep = total > 25
    asymmetry = 1.0 - 2.0 * odd / np.maximum(total, 1)
    error = np.sqrt((1.0 - np.minimum(expected**2, 0.9999)) / np.maximum(total, 1))
    chi2, n = float((((asymmetry - expected) / error)[keep] ** 2).sum()), int(keep.sum())
    title = "mixed: (unmixed − mixed)/all = cos Δm Δt"
    report.check(f"{title}: p-value, χ²/ndf {chi2:.1f}/{n}", float(stats.chi2.sf(chi2, n)), ">", 1e-3)
    report.overlay("mixing", edges, asymmetry, error, expected, "|Δt| [ns]", title)
    edges = np.linspace(-6.0 * B0_LIFETIME, 6.0 * B0_LIFETIME, 41)
    counts = np.histogram(delta_t, edges)[0].astype(float)
    cdf = np.where(edges < 0.0, 0.5 * np.exp(edges / B0_LIFETIME), 1.0 - 0.5 * np.exp(-edges / B0_LIFETIME))
    expected = len(delta_t) * np.diff(cdf)
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    report.check(f"mixed: e^(−|Δt|/τ), p-value, χ²/ndf {chi2:.1f}/40", float(stats.chi2.sf(chi2, 40)), ">", 1e-3)


def radiative_tail(report: Report, chains: Chains) -> None:
    """Shape of m(ee) of J/ψ → ee against the exponentiated radiator of Kuraev and Fadin.

    With x = 1 − m²(ee)/M² the share below x is x^β (1 + ¾β) − β (x − x²/4), β = (2α/π)(ln M²/m² − 1) (Sov. J. Nucl.
    Phys. 41 (1985) 466), in the collinear approximation of order α: half a percent is allowed for what it leaves out.
    """
    events = chains.make("JpsiKee", fsr=True)
    plus, minus = momenta(events, -11), momenta(events, 11)
    m = invariant(plus + minus)
    big = mass(443)
    beta = 2.0 * ALPHA / math.pi * (2.0 * math.log(big / mass(11)) - 1.0)

    def below(x: np.ndarray) -> np.ndarray:
        return x**beta * (1.0 + 0.75 * beta) - beta * (x - 0.25 * x * x)

    for cut in (3.08, 3.05, 3.0, 2.8, 2.5):
        measured = float(np.mean(m < cut))
        expected = 1.0 - float(below(np.array(1.0 - (cut / big) ** 2)))
        text = f"J/ψ → ee: share below {cut:.2f} GeV {measured:.4f} beside {expected:.4f}, difference"
        report.check(text, abs(measured - expected), "<", 0.005)
    edges = np.linspace(2.4, 3.1, 36)
    counts = np.histogram(m, edges)[0].astype(float)
    share = below(np.maximum(1.0 - (edges / big) ** 2, 0.0))
    report.overlay(
        "Jpsi_ee", edges, counts, np.sqrt(counts), -len(m) * np.diff(share), "m(ee) [GeV]", "J/ψ → ee(γ)", log=True
    )
    photons = (events.pdg == 22) & (events.status == STATUS_FINAL) & (events.E > 0.02)
    report.note("J/ψ → ee: photons above 20 MeV by event", f"{photons.sum() / chains.events:.4f}")


def run(report: Report, events: int = EVENTS) -> None:
    """Add all closures."""
    chains = Chains(events)
    angles(report, chains)
    longitudinal_fractions(report, chains)
    radiative_tail(report, chains)
    mixing(report, 2 * events)
