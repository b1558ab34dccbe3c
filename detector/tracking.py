"""Tracks: which layers a particle hits, the covariance those hits give, and whether the track is found."""

import math
from typing import NamedTuple, Self

import numpy as np
from pydantic import model_validator

from detector.geometry import PIXEL, STRIP
from detector.lanes import (
    CHI2,
    FIRST_PIXEL,
    FIRST_STRIP,
    FIRST_WIRE,
    HELP0,
    HELP1,
    HELP2,
    HELP3,
    HELP4,
    HELP5,
    HITS,
    LANES,
    LAST_WIRE,
    NDF,
    PIXELS,
    RESPOND,
    STRIP_LAYERS,
    STRIPS,
    WEIGHT,
    WIRE_HITS,
    WIRES,
    lane_kernel,
    select,
    to_uniform,
)
from detector.units import Energies, Energy, Fraction, Fractions, Number, Scale, Section
from physics.elementary import fast_exp
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


@lane_kernel
def find_losers(track, bits, lanes):
    """Mark lanes that lose silicon hits (HELP0); returns whether there are any."""
    some = np.int64(0)
    for lane in range(lanes):
        loses = select(to_uniform(bits[lane]) > track[RESPOND + lane], 1, 0)
        track[HELP0 + lane] = loses
        some |= loses
    return some != 0


@kernel
def lose_hits(stream, surface, lane, layers, respond):
    """Remove silicon hits of a lane with the layers' inefficiencies, given that at least one is lost.

    ``respond`` is the chance that none is: as long as all hits were kept, the next is lost with its own chance over
    that of losing any of those left.
    """
    lost = False
    for i in range(layers.shape[0]):
        here, efficiency = surface[i], layers[i].efficiency
        for _ in range(int(here[HITS + lane])):
            chance = 1.0 - efficiency
            if not lost:
                chance /= max(1.0 - respond, 1e-300)
                respond /= efficiency
            if uniform(stream) < chance:
                here[HITS + lane] -= 1.0
                lost = True


@inlined_kernel
def lose_wires(track, bits, efficiency):
    """Fill drift-chamber hits kept (WIRE_HITS) and their fraction (WEIGHT), Poisson numbers being lost.

    By inversion of one uniform number each: HELP0 is the chance of losing HELP2 hits, HELP1 of at most so many.
    """
    _begin_to_lose(track, efficiency, bits.shape[0])
    lost, more = 0.0, np.int64(1)
    while more != 0:
        lost += 1.0
        more = _lose_one(track, bits, efficiency, 1.0 / lost, bits.shape[0])
    _keep(track, bits.shape[0])


@lane_kernel
def _begin_to_lose(track, efficiency, lanes):
    """Chance that no hit is lost."""
    for lane in range(lanes):
        none = fast_exp((efficiency - 1.0) * track[WIRES + lane])
        track[HELP0 + lane], track[HELP1 + lane], track[HELP2 + lane] = none, none, 0.0


@lane_kernel
def _lose_one(track, bits, efficiency, inverse, lanes):
    """One hit less in the lanes whose numbers ask for it, the ``1/inverse``-th; returns whether there are any."""
    some = np.int64(0)
    for lane in range(lanes):
        wires, total = track[WIRES + lane], track[HELP1 + lane]
        loses = (to_uniform(bits[lane]) > total) & (track[HELP2 + lane] < wires)
        probability = track[HELP0 + lane] * (1.0 - efficiency) * wires * inverse
        some |= select(loses, np.int64(1), np.int64(0))
        track[HELP0 + lane], track[HELP1 + lane] = probability, total + probability
        track[HELP2 + lane] += select(loses, 1.0, 0.0)
    return some


@lane_kernel
def _keep(track, lanes):
    """The hits not lost."""
    for lane in range(lanes):
        wires = track[WIRES + lane]
        kept = max(wires - track[HELP2 + lane], 0.0)
        track[WIRE_HITS + lane] = kept
        track[WEIGHT + lane] = select(wires > 0.0, kept / max(wires, 1.0), 1.0)


@inlined_kernel
def count_hits(track, surface, layers, lanes):
    """Fill the numbers of silicon hits, of strip layers hit, and the first layers.

    A pixel hit counts once, a strip hit twice (its two sides are two clusters), as in basf2.
    """
    _count_nothing(track, lanes)
    for i in range(layers.shape[0]):
        layer = layers[i]
        if layer.kind == PIXEL:
            _count_pixels(track, surface[i], float(layer.number), lanes)
        elif layer.kind == STRIP:
            _count_strips(track, surface[i], float(layer.number), lanes)


@lane_kernel
def _count_nothing(track, lanes):
    """No silicon hits yet."""
    for lane in range(lanes):
        track[PIXELS + lane], track[STRIPS + lane], track[STRIP_LAYERS + lane] = 0.0, 0.0, 0.0
        track[FIRST_PIXEL + lane], track[FIRST_STRIP + lane] = 0.0, 0.0


@lane_kernel
def _count_pixels(track, here, number, lanes):
    """Count the hits of a pixel layer."""
    for lane in range(lanes):
        hits, first = here[HITS + lane], track[FIRST_PIXEL + lane]
        track[PIXELS + lane] += hits
        track[FIRST_PIXEL + lane] = select((hits > 0.0) & (first == 0.0), number, first)


@lane_kernel
def _count_strips(track, here, number, lanes):
    """Count the hits of a strip layer, and the layer."""
    for lane in range(lanes):
        hits, first = here[HITS + lane], track[FIRST_STRIP + lane]
        track[STRIPS + lane] += 2.0 * hits
        track[STRIP_LAYERS + lane] += select(hits > 0.0, 1.0, 0.0)
        track[FIRST_STRIP + lane] = select((hits > 0.0) & (first == 0.0), number, first)


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


@lane_kernel
def draw_chi2(track):
    """Fill degrees of freedom and χ² (Wilson and Hilferty 1931) from normal numbers HELP5, beside what kinks add."""
    for lane in range(LANES):
        ndf = max(2.0 * track[PIXELS + lane] + track[STRIPS + lane] + track[WIRE_HITS + lane] - 5.0, 1.0)
        width = 2.0 / (9.0 * ndf)
        kept = max(1.0 - width + math.sqrt(width) * track[HELP5 + lane], 0.0)
        track[NDF + lane] = ndf
        track[CHI2 + lane] += ndf * kept * kept * kept


@inlined_kernel
def write_track(track, covariance, rows, lane):
    """Write hits, drawn parameters, covariance and χ² of a lane."""
    track.firstPXDLayer, track.firstSVDLayer = int(rows[FIRST_PIXEL + lane]), int(rows[FIRST_STRIP + lane])
    track.firstCDCLayer, track.lastCDCLayer = int(rows[FIRST_WIRE + lane]), int(rows[LAST_WIRE + lane])
    track.nPXDHits, track.nSVDHits = int(rows[PIXELS + lane]), int(rows[STRIPS + lane])
    track.nCDCHits = int(rows[WIRE_HITS + lane])
    for k in range(15):
        track.covariance[k] = covariance[LANES * k + lane]
    track.d0, track.phi0, track.omega = rows[HELP0 + lane], rows[HELP1 + lane], rows[HELP2 + lane]
    track.z0, track.tanLambda = rows[HELP3 + lane], rows[HELP4 + lane]
    track.ndf, track.chi2 = int(rows[NDF + lane]), rows[CHI2 + lane]
