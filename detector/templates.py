"""Probability tables of calorimeter and muon-system observables for each hypothesis.

basf2 takes these densities from simulated samples; so do we: the tables are filled once for a card by sending
single particles through the very kernels that measure events, with fixed random numbers.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from detector.gun import single_flights, single_tracks
from detector.klm import MAX_LAYERS
from detector.octaves import octave_bin
from detector.record import HYPOTHESIS_PDG
from physics.jit import inlined_kernel, kernel

MOMENTUM_LOW, MOMENTUM_BINS = -3, 24
"""Exponent of two of the lowest momentum [GeV], and bins from there on: four for each octave."""
RATIO_BINS, RATIO_HIGH = 33, 1.6
"""Bins of E/p: bin 0 for no cluster, the others even up to RATIO_HIGH."""
PULSE_BINS = 8
SCATTER_BINS, SCATTER_HIGH = 6, 3.0
SAMPLES = 24_000
"""Simulated particles of each species and charge."""


class Templates(NamedTuple):
    """Natural logarithms of probabilities, float32; the hypotheses come last."""

    ratio: np.ndarray  # (2 charges, momentum bins, E/p bins, 6)
    pulse: np.ndarray  # (2 charges, momentum bins, pulse-shape bins, 6)
    layer: np.ndarray  # (3 regions, 16 expected, 16 outermost layers, 6)
    scatter: np.ndarray  # (3 regions, scatter bins, 6), of tracks with hits


def empty_templates() -> Templates:
    """Return tables of zeros."""
    return Templates(
        np.zeros((2, MOMENTUM_BINS, RATIO_BINS, 6), np.float32),
        np.zeros((2, MOMENTUM_BINS, PULSE_BINS, 6), np.float32),
        np.zeros((3, MAX_LAYERS + 1, MAX_LAYERS + 1, 6), np.float32),
        np.zeros((3, SCATTER_BINS, 6), np.float32),
    )


@inlined_kernel
def ratio_bin(energy, p):
    """Bin of E/p; 0 without a cluster."""
    if energy <= 0.0:
        return 0
    return 1 + min(int((RATIO_BINS - 1) * energy / (p * RATIO_HIGH)), RATIO_BINS - 2)


@inlined_kernel
def momentum_bin(p):
    """Bin of the momentum [GeV]."""
    i, _ = octave_bin(p, MOMENTUM_LOW, 8 * MOMENTUM_BINS + 1)
    return i >> 3


@inlined_kernel
def pulse_bin(pulse):
    """Bin of the pulse-shape variable."""
    return min(int(pulse * PULSE_BINS), PULSE_BINS - 1)


@inlined_kernel
def scatter_bin(scatter):
    """Bin of the scatter of muon-system hits."""
    return min(int(scatter / SCATTER_HIGH * SCATTER_BINS), SCATTER_BINS - 1)


class Observables(NamedTuple):
    """What identification sees of single particles behind the tracker, one row for each track that arrives."""

    p: np.ndarray  # measured momentum [GeV]
    energy: np.ndarray  # of the cluster [GeV], 0 without one
    pulse: np.ndarray  # its pulse shape
    region: np.ndarray  # of the muon system, 0 if the track does not point there
    expected: np.ndarray  # outermost layer of a muon of this momentum
    outer: np.ndarray  # outermost layer with a hit
    hits: np.ndarray
    scatter: np.ndarray


@kernel
def fill(observables, charge, h, muon_momentum, counts):
    """Add one species to the counts of all tables."""
    o = observables
    for i in range(o.p.shape[0]):
        b = momentum_bin(o.p[i])
        counts.ratio[charge, b, ratio_bin(o.energy[i], o.p[i]), h] += 1.0
        if o.energy[i] > 0.0:
            counts.pulse[charge, b, pulse_bin(o.pulse[i]), h] += 1.0
        if o.region[i] > 0 and o.p[i] > muon_momentum:
            counts.layer[o.region[i] - 1, o.expected[i], o.outer[i], h] += 1.0
            if o.hits[i] > 0:
                counts.scatter[o.region[i] - 1, scatter_bin(o.scatter[i]), h] += 1.0


def _log_probability(counts: np.ndarray, pseudo: float | np.ndarray) -> np.ndarray:
    smooth = counts.astype(np.float64) + pseudo
    logarithm: np.ndarray = np.log(smooth / smooth.sum(axis=-2, keepdims=True)).astype(np.float32)
    return logarithm


def build_templates(observe: Callable[[Any, Any], Observables], field: float, muon_momentum: float) -> Templates:
    """Fill the tables by simulation; the same card gives the same tables.

    Parameters
    ----------
    observe : measures flights and tracks of :mod:`detector.gun`.
    field : of the magnet [T].
    muon_momentum : below it [GeV] the muon system is not used.

    Momenta are even in their logarithm, polar angles from 17° to 150°, all azimuths.
    """
    counts = empty_templates()
    rng = np.random.default_rng(1)
    u, v, w = rng.random((3, SAMPLES))
    p = 2.0 ** (MOMENTUM_LOW + u * MOMENTUM_BINS / 4)
    theta, phi = np.radians(17.0 + 133.0 * v), math.pi * (2.0 * w - 1.0)
    for h, species in enumerate(HYPOTHESIS_PDG):
        for charge, sign in enumerate((1, -1)):  # positive first
            pdg = sign * species if species > 20 else -sign * species
            flights = single_flights(pdg, p, theta, phi, field=field)
            fill(observe(flights, single_tracks(flights, field=field)), charge, h, muon_momentum, counts)
    # hits without the right extrapolation, decays and overlaps give every bin some probability
    per_bin = SAMPLES / MOMENTUM_BINS
    return Templates(
        _log_probability(counts.ratio, 0.004 * per_bin / RATIO_BINS),
        _log_probability(counts.pulse, 1.0),
        _log_probability(counts.layer, 0.5 + 0.01 * counts.layer.sum(axis=-2, keepdims=True) / (MAX_LAYERS + 1)),
        _log_probability(counts.scatter, 1.0),
    )
