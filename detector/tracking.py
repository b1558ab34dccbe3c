"""Tracks: which layers a particle hits, the covariance those hits give, and whether the track is found."""

import math
from typing import NamedTuple, Self

import numpy as np
from pydantic import model_validator

from detector.geometry import PIXEL
from detector.lanes import (
    CHI2,
    FIRST_WIRE,
    HELP0,
    HELP1,
    HELP2,
    HELP3,
    HELP4,
    HITS,
    LANES,
    LAST_WIRE,
    WEIGHT,
    WIRES,
)
from detector.units import Energies, Energy, Fraction, Fractions, Number, Scale, Section
from physics.jit import inlined_kernel, kernel
from physics.random import uniform


class TrackFindingSection(Section):
    """Efficiency of the track finding, tails of the fit, fakes and clones."""

    momenta: Energies
    efficiency: Fractions
    efficiency_without_strips: Fraction
    charge_asymmetry: Number
    minimum_strip_layers: Scale
    minimum_chamber_hits: Scale
    tail_fraction: Fraction
    tail_scale: Scale
    kink_chi2: Scale
    fakes: Scale
    clones: Fraction
    clone_momentum: Energy

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.momenta) != len(self.efficiency):
            msg = f"momenta has {len(self.momenta)} points but efficiency has {len(self.efficiency)}"
            raise ValueError(msg)
        if np.any(np.diff(self.momenta.numbers) <= 0.0):
            msg = "momenta must increase"
            raise ValueError(msg)
        if abs(self.charge_asymmetry.number) > 0.5:
            msg = "charge_asymmetry must lie within -0.5 to 0.5"
            raise ValueError(msg)
        return self


class Finding(NamedTuple):
    """Constants for kernels."""

    momenta: np.ndarray
    efficiency: np.ndarray
    efficiency_without_strips: float
    charge_asymmetry: float
    minimum_strip_layers: float
    minimum_chamber_hits: float
    tail_fraction: float
    tail_scale: float
    kink_chi2: float
    fakes: float
    clones: float
    clone_momentum: float


def build_finding(section: TrackFindingSection) -> Finding:
    """Compile the section."""
    return Finding(
        section.momenta.numbers,
        section.efficiency.numbers,
        *(getattr(section, name).number for name in Finding._fields[2:]),
    )


TRACK = np.dtype(
    [
        ("mc", np.int32),
        ("mcPDG", np.int32),
        ("d0", np.float64),
        ("phi0", np.float64),
        ("omega", np.float64),
        ("z0", np.float64),
        ("tanLambda", np.float64),
        ("covariance", np.float64, (15,)),
        ("chi2", np.float64),
        ("ndf", np.int32),
        ("nPXDHits", np.int32),
        ("nSVDHits", np.int32),
        ("nCDCHits", np.int32),
        ("firstPXDLayer", np.int32),
        ("firstSVDLayer", np.int32),
        ("firstCDCLayer", np.int32),
        ("lastCDCLayer", np.int32),
    ]
)
"""What tracking writes of a track; the other columns of the record belong to the outer detectors."""


@kernel
def lose_hits(stream, lanes, lane, layers, respond):
    """Remove silicon hits of a lane with the layers' inefficiencies, given that at least one is lost.

    ``respond`` is the chance that none is: as long as all hits were kept, the next is lost with its own chance over
    that of losing any of those left.
    """
    lost = False
    for i in range(layers.shape[0]):
        here, efficiency = lanes.surface[i], layers[i].efficiency
        for _ in range(int(here[HITS + lane])):
            chance = 1.0 - efficiency
            if not lost:
                chance /= max(1.0 - respond, 1e-300)
                respond /= efficiency
            if uniform(stream) < chance:
                here[HITS + lane] -= 1.0
                lost = True


@kernel
def chamber_weight(number, wires, efficiency):
    """Fraction of drift-chamber hits kept, a Poisson number being lost; by inversion of one uniform number."""
    if wires <= 0.0:
        return 1.0
    mean = (1.0 - efficiency) * wires
    probability = math.exp(-mean)
    total, lost = probability, 0.0
    while number > total and lost < wires:
        lost += 1.0
        probability *= mean / lost
        total += probability
    return (wires - lost) / wires


@inlined_kernel
def count_hits(track, tracker, lanes, lane):
    """Write the numbers of hits, first and last layers of a lane; return the number of strip layers hit.

    A pixel hit counts once, a strip hit twice (its two sides are two clusters), as in basf2.
    """
    layers = tracker.surfaces.layer
    pixels, strips, strip_layers = 0.0, 0.0, np.int64(0)
    first_pixel, first_strip = np.int64(0), np.int64(0)
    for i in range(layers.shape[0]):
        hits = lanes.surface[i][HITS + lane]
        if hits == 0.0:
            continue
        if layers[i].kind == PIXEL:
            pixels += hits
            if first_pixel == 0:
                first_pixel = layers[i].number
        else:
            strips += 2.0 * hits
            strip_layers += 1
            if first_strip == 0:
                first_strip = layers[i].number
    track.firstPXDLayer, track.firstSVDLayer = first_pixel, first_strip
    track.firstCDCLayer, track.lastCDCLayer = int(lanes.track[FIRST_WIRE + lane]), int(lanes.track[LAST_WIRE + lane])
    track.nPXDHits, track.nSVDHits = int(pixels), int(strips)
    track.nCDCHits = int(lanes.track[WIRES + lane] * lanes.track[WEIGHT + lane] + 0.5)
    return strip_layers


@inlined_kernel
def is_found(number, finding, pt, charge, strip_layers, chamber_hits):
    """Whether the track finding finds these hits; ``number`` is uniform."""
    with_chamber = chamber_hits >= finding.minimum_chamber_hits
    with_strips = strip_layers >= finding.minimum_strip_layers
    if not (with_chamber or with_strips):
        return False
    momenta, efficiency = finding.momenta, finding.efficiency
    n = momenta.shape[0]
    if pt >= momenta[n - 1]:
        probability = efficiency[n - 1]
    elif pt <= momenta[0]:
        probability = efficiency[0] * pt / momenta[0]
    else:
        i = 0
        while pt >= momenta[i + 1]:
            i += 1
        f = (pt - momenta[i]) / (momenta[i + 1] - momenta[i])
        probability = efficiency[i] + f * (efficiency[i + 1] - efficiency[i])
    if not with_strips:
        probability *= finding.efficiency_without_strips
    # The favoured charge keeps its efficiency, so that nothing exceeds 1.
    asymmetry = finding.charge_asymmetry
    return number < probability * (1.0 + charge * asymmetry) / (1.0 + abs(asymmetry))


@inlined_kernel
def write_track(track, lanes, lane, number):
    """Write drawn parameters and covariance of a lane, with degrees of freedom and χ² (Wilson and Hilferty 1931).

    ``number`` is normal; the χ² includes what a kink adds.
    """
    for k in range(15):
        track.covariance[k] = lanes.covariance[LANES * k + lane]
    rows = lanes.track
    track.d0, track.phi0, track.omega = rows[HELP0 + lane], rows[HELP1 + lane], rows[HELP2 + lane]
    track.z0, track.tanLambda = rows[HELP3 + lane], rows[HELP4 + lane]
    track.ndf = max(2 * track.nPXDHits + track.nSVDHits + track.nCDCHits - 5, 1)
    width = 2.0 / (9.0 * track.ndf)
    track.chi2 = track.ndf * max(1.0 - width + math.sqrt(width) * number, 0.0) ** 3 + rows[CHI2 + lane]
