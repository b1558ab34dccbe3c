"""Probability tables of calorimeter and muon-system observables for each hypothesis.

basf2 takes these densities from simulated samples; so do we: the tables are filled once for a card by running the
very kernels of :mod:`detector.showers` and :mod:`detector.klm` on single particles, with a fixed random stream.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.klm import KLM, MAX_LAYERS, layers_in_range, penetrate
from detector.record import HYPOTHESIS_PDG
from detector.showers import Showers, charged_shower, electromagnetic_shower, new_showers
from detector.stopping import RangeTable, residual_beta_gamma
from physics.jit import kernel
from physics.particles import MUON_MASS, final_charge, final_mass
from physics.random import STAGE_IDENTIFICATION, new_stream, open_stream, uniform

MOMENTUM_BINS, MOMENTUM_LOW, MOMENTUM_HIGH = 20, math.log(0.2), math.log(6.0)
RATIO_BINS, RATIO_HIGH = 33, 1.6
"""Bins of E/p: bin 0 for no cluster, the others even up to RATIO_HIGH."""
PULSE_BINS = 8
SCATTER_BINS, SCATTER_HIGH = 6, 3.0
SAMPLES = 1000
"""Simulated particles for one bin of the tables."""


class Templates(NamedTuple):
    """Natural logarithms of probabilities."""

    ratio: np.ndarray  # (2 charges, momentum bins, 6 hypotheses, E/p bins)
    pulse: np.ndarray  # (2 charges, momentum bins, 6 hypotheses, pulse-shape bins)
    layer: np.ndarray  # (3 regions, 16 expected, 6 hypotheses, 16 outermost layers)
    scatter: np.ndarray  # (3 regions, 6 hypotheses, scatter bins), of tracks with hits


@kernel
def ratio_bin(energy, p):
    """Bin of E/p; 0 without a cluster."""
    if energy <= 0.0:
        return 0
    return 1 + min(int((RATIO_BINS - 1) * energy / (p * RATIO_HIGH)), RATIO_BINS - 2)


@kernel
def momentum_bin(log_p):
    """Bin of ln p."""
    i = int((log_p - MOMENTUM_LOW) / (MOMENTUM_HIGH - MOMENTUM_LOW) * MOMENTUM_BINS)
    return min(max(i, 0), MOMENTUM_BINS - 1)


@kernel
def pulse_bin(pulse):
    """Bin of the pulse-shape variable."""
    return min(int(pulse * PULSE_BINS), PULSE_BINS - 1)


@kernel
def scatter_bin(scatter):
    """Bin of the scatter of muon-system hits."""
    return min(int(scatter / SCATTER_HIGH * SCATTER_BINS), SCATTER_BINS - 1)


@kernel
def fill_ratio(stream, h, c, pdg, samples, showers, depths, left, csi, calorimeter, ratio, pulse):
    """Fill E/p and pulse shape of one species for barrel tracks at 90°, straight through the face."""
    step = (MOMENTUM_HIGH - MOMENTUM_LOW) / MOMENTUM_BINS
    r = calorimeter.barrel_radius
    for b in range(MOMENTUM_BINS):
        for _ in range(samples):
            p = math.exp(MOMENTUM_LOW + (b + uniform(stream)) * step)
            if abs(pdg) == 11:
                electromagnetic_shower(stream, showers, 0, p, r, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1, 0, calorimeter)
            else:
                charged_shower(
                    stream, showers, 0, pdg, p, r, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0, depths, left, csi, calorimeter
                )
            energy = showers.E[0]
            showers.E[0] = 0.0
            if energy < calorimeter.threshold:
                energy = 0.0
            ratio[c, b, h, ratio_bin(energy, p)] += 1.0
            if energy > 0.0:
                pulse[c, b, h, pulse_bin(showers.pulse[0])] += 1.0


@kernel
def fill_layers(stream, h, pdg, charge, samples, showers, depths, left, csi, iron, calorimeter, klm, layer, scatter):
    """Fill outermost layer and scatter of one species: flat in ln p above 0.4 GeV, incidence as in each region."""
    thickness = calorimeter.crystal_length * calorimeter.density
    mass = final_mass(pdg)
    r = calorimeter.barrel_radius
    for region in range(1, 4):
        for _ in range(samples):
            p = 0.4 * math.exp(2.5 * uniform(stream))
            cosine = 0.72 + 0.28 * uniform(stream)
            muon = residual_beta_gamma(p / MUON_MASS, MUON_MASS, thickness, csi)
            expected = layers_in_range(muon, MUON_MASS, region, cosine, 1.0, klm, iron)
            if abs(pdg) == 11:
                outer, hits, scattered = 0, 0, 1.0
            else:
                charged_shower(
                    stream, showers, 0, pdg, p, r, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0, depths, left, csi, calorimeter
                )
                kinetic = math.sqrt(p * p + mass * mass) - mass
                _, outer, hits, scattered = penetrate(
                    stream, pdg, charge, left[0], depths[0], kinetic, region, cosine, klm, iron
                )
            layer[region - 1, expected, h, outer] += 1.0
            if hits > 0:
                scatter[region - 1, h, scatter_bin(scattered)] += 1.0


def _log_probability(counts: np.ndarray, pseudo: float) -> np.ndarray:
    smooth = counts + pseudo
    logarithm: np.ndarray = np.log(smooth / smooth.sum(axis=-1, keepdims=True))
    return logarithm


def build_templates(calorimeter: NamedTuple, csi: RangeTable, klm: KLM, iron: RangeTable) -> Templates:
    """Fill the tables by simulation; the same card gives the same tables."""
    stream = new_stream()
    showers: Showers = new_showers()
    depths, left = np.zeros(1), np.zeros(1)
    ratio = np.zeros((2, MOMENTUM_BINS, 6, RATIO_BINS))
    pulse = np.zeros((2, MOMENTUM_BINS, 6, PULSE_BINS))
    layer = np.zeros((3, MAX_LAYERS + 1, 6, MAX_LAYERS + 1))
    scatter = np.zeros((3, 6, SCATTER_BINS))
    for h, species in enumerate(HYPOTHESIS_PDG):
        for c, sign in enumerate((1, -1)):
            pdg = sign * species if species > 20 else -sign * species  # c = 0 positive, 1 negative
            open_stream(stream, np.uint64(0), np.uint64(h), STAGE_IDENTIFICATION, c)
            fill_ratio(stream, h, c, pdg, SAMPLES, showers, depths, left, csi, calorimeter, ratio, pulse)
            charge = int(final_charge(pdg))
            arguments = (10 * SAMPLES, showers, depths, left, csi, iron, calorimeter, klm, layer, scatter)
            fill_layers(stream, h, pdg, charge, *arguments)
    # hits without the right extrapolation, decays and overlaps give every bin some probability
    return Templates(
        _log_probability(ratio, 0.002 * SAMPLES / RATIO_BINS * 2.0),
        _log_probability(pulse, 1.0),
        _log_probability(layer + 0.01 * layer.sum(axis=-1, keepdims=True) / (MAX_LAYERS + 1), 0.5),
        _log_probability(scatter, 1.0),
    )
