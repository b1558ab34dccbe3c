"""Events per second on one core, stage by stage, with the libraries that can be installed measured in the same run.

    python scripts/benchmark.py [--events N] [--only TEXT]

Only ratios carry from one machine to another.  Rates are process time, best of three, after compilation.
"""

import importlib.util
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numba import njit
from rich.console import Console
from rich.table import Table

from physics.phase_space import n_body, phase_space_bound
from physics.random import new_stream, open_stream, stream_key
from sim.production import Request, build_line, chunks, write_file
from sim.samples import SAMPLES, Sample

console = Console()

# Rates of the generators that cannot be installed, beside that of Pythia 8 on the same machine (one core of an AMD
# EPYC, process time): only the ratios are used.
PYTHIA_U_THERE = 30_200.0
EVTGEN_PHOTOS_THERE = {"charged": 2_480.0, "mixed": 1_910.0}
FULL_CHAIN_THERE = {"uubar": 7_300.0, "ccbar": 4_000.0}
KKMC_TAUOLA_THERE = 950.0
CONTINUUM = ("uubar", "ddbar", "ssbar", "ccbar")
CONTINUUM_MIX = "continuum mixed by cross section, truth"
RAPIDSIM_RECO_THERE = 486_000.0


def rate(work: Callable[[int], None], events: int) -> float:
    """Events per second of ``work(events)``: best of three in process time, after a warm-up."""
    work(min(events, 100))
    seconds = []
    for _ in range(3):
        start = time.process_time()
        work(events)
        seconds.append(time.process_time() - start)
    return events / min(seconds)


@njit
def _phase_space(stream, key, mass, masses, bound, events, p):
    for i in range(events):
        open_stream(stream, key, i, 0, 0)
        n_body(stream, mass, masses, len(masses), bound, p[i % len(p)])


def phase_space_rate(mass: float, masses: list[float], events: int) -> float:
    """Unweighted phase-space events per second."""
    m = np.array(masses)
    bound = phase_space_bound(mass, m, len(m))
    p = np.empty((10_000, len(m), 4))
    key = stream_key(1, "benchmark")
    return rate(lambda n: _phase_space(new_stream(), key, mass, m, bound, n, p), events)


def phasespace_library_rate(mass: float, masses: list[float], events: int) -> float | None:
    """Weighted events per second of the ``phasespace`` library, None when it is not installed."""
    if importlib.util.find_spec("phasespace") is None:
        return None
    import phasespace
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    decay = phasespace.nbody_decay(mass, masses)
    batch = 100_000

    def work(n: int) -> None:
        for _ in range(max(1, n // batch)):
            decay.generate(batch)

    return rate(work, max(batch, events // batch * batch))


def pythia_rate(flavour: int, events: int) -> float | None:
    """Pythia 8 events per second for e⁺e⁻ → qq̄ without initial-state radiation, None when it is not installed."""
    if importlib.util.find_spec("pythia8mc") is None:
        return None
    import pythia8mc as pythia8

    pythia = pythia8.Pythia("", False)
    for line in (
        "Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 10.58", "PDF:lepton = off",
        "WeakSingleBoson:ffbar2gmZ = on", "WeakZ0:gmZmode = 1", "23:onMode = off", f"23:onIfAny = {flavour}",
        "23:mMin = 1.0", "Print:quiet = on",
    ):  # fmt: skip
        pythia.readString(line)
    pythia.init()

    def work(n: int) -> None:
        for _ in range(n):
            pythia.next()

    return rate(work, events)


def line_rate(sample: str, level: str, events: int, **options: object) -> float:
    """Events per second of a production on one thread, without writing."""
    line = build_line(Request(sample, events, level=level, **options))

    def work(n: int) -> None:
        for chunk in chunks(replace(line.request, events=n)):
            line.process(chunk)

    return rate(work, events)


def mixed_rate(rate_of: Callable[[Sample], float]) -> float:
    """Events per second of the four flavours in proportion to their cross sections."""
    samples = [SAMPLES[name] for name in CONTINUUM]
    total = sum(sample.cross_section_nb for sample in samples)
    return total / sum(sample.cross_section_nb / rate_of(sample) for sample in samples)


def file_rate(sample: str, events: int) -> float:
    """Events per second from beams to the ntuple on disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.root"
        return rate(lambda n: write_file(Request(sample, n), path, force=True) and None, events)


def main(
    events: Annotated[int, typer.Option(help="Generic events for each measurement; quick ones use more.")] = 20_000,
    only: Annotated[str, typer.Option(help="Run the rows whose name holds this text.")] = "",
) -> None:
    """Print the table."""
    table = Table(title="Events per second on one core", title_justify="left")
    for title in ("what", "events/s", "beside", "its events/s", "ratio", "target"):
        table.add_column(title, justify="left" if title in ("what", "beside") else "right")

    def add(what: str, ours: float, beside: str = "", theirs: float | None = None, target: float = 0.0) -> None:
        ratio = f"{ours / theirs:.3g}" if theirs else ""
        goal = f"{target:g}" if target else ""
        table.add_row(what, f"{ours:,.0f}", beside, f"{theirs:,.0f}" if theirs else "not installed", ratio, goal)

    def wanted(what: str) -> bool:
        return only in what

    for name, mass, masses in (
        ("3-body phase space, B+ → K+νν̄", 5.27941, [0.493677, 0.0, 0.0]),
        ("5-body phase space, B0 → 5π", 5.27972, [0.13957] * 5),
    ):
        if wanted(name):
            ours = phase_space_rate(mass, masses, 100 * events)
            add(name, ours, "phasespace, weighted", phasespace_library_rate(mass, masses, 50 * events), 2.0)

    pythia = {SAMPLES[name].pdg: pythia_rate(SAMPLES[name].pdg, 5_000) for name in CONTINUUM}
    scale = pythia[2] / PYTHIA_U_THERE if pythia[2] else None

    for name, sample, level, options, target in (
        ("kplus-nunu signal only, truth", "kplus-nunu", "truth", {"signal_only": True}, 0.0),
        ("kplus-nunu signal only, reco", "kplus-nunu", "reco", {"signal_only": True}, 1.0),
    ):
        if wanted(name):
            n = 20 * events
            theirs = RAPIDSIM_RECO_THERE * scale if scale and level == "reco" else None
            add(name, line_rate(sample, level, n, **options), "RapidSim, scaled" if theirs else "", theirs, target)
    for sample, there in EVTGEN_PHOTOS_THERE.items():
        if wanted(f"{sample}, truth"):
            theirs = there * scale if scale else None
            add(f"{sample}, truth", line_rate(sample, "truth", events), "EvtGen + PHOTOS, scaled", theirs, 40.0)
    for sample, there in FULL_CHAIN_THERE.items():
        if wanted(f"{sample}, truth"):
            ours = line_rate(sample, "truth", events)
            theirs = there * scale if scale else None
            add(f"{sample}, truth", ours, "Pythia 8", pythia[SAMPLES[sample].pdg], 5.0)
            add(f"{sample}, truth", ours, "KKMC + Pythia 8 + EvtGen, scaled", theirs, 20.0)
    if wanted(CONTINUUM_MIX):
        ours = mixed_rate(lambda sample: line_rate(sample.name, "truth", events))
        theirs = mixed_rate(lambda sample: pythia[sample.pdg]) if scale else None
        add(CONTINUUM_MIX, ours, "Pythia 8", theirs, 5.0)
    if wanted("taupair, truth"):
        theirs = KKMC_TAUOLA_THERE * scale if scale else None
        add("taupair, truth", line_rate("taupair", "truth", events), "KKMC + TAUOLA, scaled", theirs, 100.0)

    if wanted("charged, stages"):
        before = 0.0
        for level in ("truth", "reco", "ntuple"):
            microseconds = 1e6 / line_rate("charged", level, events)
            add(f"charged, {level}: {microseconds - before:.1f} µs for this stage", 1e6 / microseconds)
            before = microseconds
        on_disk = file_rate("charged", 5 * events)  # start-up counts: as long a run as users make
        add(f"charged, ntuple on disk: {1e6 / on_disk - before:.1f} µs for writing", on_disk)
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    console.print(f"peak memory {peak:,.0f} MiB (with the libraries above)")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    typer.run(main)
