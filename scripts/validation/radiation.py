"""Initial-state radiation beside KKMC: mass of the quark pair and photons, from files of reference
distributions.

    python scripts/validation/radiation.py --reference DIRECTORY [--events 1000000]

The directory holds ``uubar.json``, ``uubar_noisr.json``, ``ccbar.json``, ``ccbar_noisr.json``: histograms per
event (``hists``: lo, hi, n, per_event) at √s = 10.58 GeV without beam-energy spread.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numba import njit

from physics.radiation.isr import build_isr_table, draw_isr
from physics.random import new_stream, open_stream, stream_key

ROOT_S = 10.58
HARD_PHOTON = 3.5  # [GeV], above it hadron decays give few photons


@njit
def generate(stream, key, table, mass, energies, photons):
    """Fill the pair masses and the energies of all photons [GeV]; returns the number of photons."""
    filled = 0
    for k in range(mass.shape[0]):
        open_stream(stream, key, k, 0, 0)
        mass[k], n = draw_isr(stream, table, ROOT_S, photons)
        for j in range(n):
            if filled < energies.shape[0]:
                energies[filled] = photons[j, 3]
                filled += 1
    return filled


def histogram(directory: Path, name: str, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (edges, entries per event) of one reference histogram."""
    h = json.loads((directory / f"{name}.json").read_text())["hists"][which]
    return np.linspace(h["lo"], h["hi"], h["n"] + 1), np.array(h["per_event"])


def compare(directory: Path, flavour: int, name: str, events: int) -> list[tuple[str, float, float, bool]]:
    """Return rows (what, belfast, KKMC, passed)."""
    table = build_isr_table(flavour, ROOT_S)
    mass, energies, photons = np.empty(events), np.empty(4 * events), np.zeros((16, 4))
    generate(new_stream(), stream_key(0, name), table, mass[:100], energies, photons)
    start = time.perf_counter()
    energies = energies[: generate(new_stream(), stream_key(1, name), table, mass, energies, photons)]
    rate = events / (time.perf_counter() - start)

    edges, reference = histogram(directory, name, "sqrts_hard")
    ours = np.histogram(mass, edges)[0] / events
    difference = float(np.abs(np.cumsum(ours) - np.cumsum(reference)).max())
    rows = [(f"{name}: max |ΔCDF| of the pair's mass", difference, 0.0, difference < 0.01)]
    for limit in (2.0, 4.0, 10.0):
        mine, theirs = float((mass < limit).mean()), float(reference[edges[1:] < limit + 1e-6].sum())
        passed = abs(mine - theirs) < 0.03 * theirs + 1e-3
        rows.append((f"{name}: share below {limit:g} GeV", mine, theirs, passed))
    edges, with_isr = histogram(directory, name, "p_gamma")
    _, without = histogram(directory, name + "_noisr", "p_gamma")
    for low, high in ((HARD_PHOTON, 4.5), (4.5, 5.3)):
        inside = (edges[:-1] > low - 1e-6) & (edges[1:] < high + 1e-6)
        # photons of hadron decays remain, weighted by the share of events without hard radiation
        theirs = float((with_isr - without * (ours[-6:].sum()))[inside].sum())
        mine = float(((energies > low) & (energies < high)).sum() / events)
        passed = abs(mine - theirs) < 0.05 * theirs + 0.005
        rows.append((f"{name}: photons of {low:g}–{high:g} GeV per event", mine, theirs, passed))
    rows.append((f"{name}: million events per second", rate * 1e-6, float("nan"), True))
    return rows


def main() -> None:
    """Print the table; exit status 1 when a comparison fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, help="directory of the reference histograms")
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    failed = False
    print(f"{'':50s} {'belfast':>10s} {'KKMC':>10s}")
    for flavour, name in ((2, "uubar"), (4, "ccbar")):
        for what, mine, theirs, passed in compare(options.reference, flavour, name, options.events):
            print(f"{what:50s} {mine:10.4f} {theirs:10.4f} {'pass' if passed else 'FAIL'}")
            failed |= not passed
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
