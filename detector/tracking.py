"""Tracks: which layers a particle hits, the covariance those hits give, and whether the track is found."""

import math
from typing import NamedTuple, Self

import numpy as np
from pydantic import model_validator

from detector.crossing import LAST_LAYER, WEIGHT, WHOLE
from detector.geometry import PIXEL
from detector.units import Energies, Energy, Fraction, Fractions, Number, Scale, Section
from physics.jit import inlined_kernel
from physics.random import normal, uniform


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


@inlined_kernel
def count_hits(track, tracker, work):
    """Write the numbers of hits, first and last layers of the crossings; return the number of strip layers
    hit.

    A pixel hit counts once, a strip hit twice (its two sides are two clusters), as in basf2.
    """
    layers, firsts = tracker.surfaces.layer, tracker.chamber.first
    pixels, strips, strip_layers = 0, 0, 0
    track.firstPXDLayer = 0
    track.firstSVDLayer = 0
    track.firstCDCLayer = -1
    track.lastCDCLayer = -1
    for i in range(layers.shape[0]):
        hits = work.surface[i].hits
        if hits == 0:
            continue
        if layers[i].kind == PIXEL:
            pixels += hits
            if track.firstPXDLayer == 0:
                track.firstPXDLayer = layers[i].number
        else:
            strips += 2 * hits
            strip_layers += 1
            if track.firstSVDLayer == 0:
                track.firstSVDLayer = layers[i].number
    wires = 0
    if work.numbers[WHOLE] > 0.0:
        wires = int(work.numbers[LAST_LAYER]) + 1
        track.firstCDCLayer = 0
        track.lastCDCLayer = wires - 1
        firsts = firsts[:1]
    for k in range(firsts.shape[0] - 1):
        superlayer = work.superlayer[k]
        if superlayer.layers > 0:
            wires += superlayer.layers
            if track.firstCDCLayer < 0:
                track.firstCDCLayer = superlayer.first
            track.lastCDCLayer = superlayer.last
    track.nPXDHits = pixels
    track.nSVDHits = strips
    track.nCDCHits = round(wires * work.numbers[WEIGHT])
    return strip_layers


@inlined_kernel
def is_found(stream, finding, pt, charge, strip_layers, chamber_hits):
    """Draw whether the track finding finds these hits; one number of the stream."""
    number = uniform(stream)
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
def draw_parameters(stream, track, work, tail_fraction, tail_scale, d0, phi0, omega, z0, tan_lambda):
    """Write covariance and drawn helix of a track: truth + bias + Cholesky factor × five normal numbers.

    A fraction of tracks has its errors scaled up (the documented tail); the covariance written stays the
    core's. Needs ``work.covariance`` (upper triangle) and ``work.bias`` from the filter; destroys the
    former.
    """
    c, z, shift = work.covariance, work.gain, work.bias
    k = 0
    for i in range(5):
        for j in range(i, 5):
            track.covariance[k] = c[i, j]
            k += 1
    scale = tail_scale if uniform(stream) < tail_fraction else 1.0
    for i in range(5):
        z[i] = scale * normal(stream)
    # Cholesky C = Uᵀ U in the upper triangle; rounding may leave a pivot at zero, never far below.
    for i in range(5):
        pivot = c[i, i]
        for m in range(i):
            pivot -= c[m, i] * c[m, i]
        root = math.sqrt(max(pivot, 1e-14 * c[i, i], 1e-30))
        c[i, i] = root
        for j in range(i + 1, 5):
            value = c[i, j]
            for m in range(i):
                value -= c[m, i] * c[m, j]
            c[i, j] = value / root
    for i in range(5):
        for m in range(i + 1):
            shift[i] += c[m, i] * z[m]
    track.d0 = d0 + shift[0]
    phi = phi0 + shift[1]
    if phi > math.pi:
        phi -= 2.0 * math.pi
    elif phi < -math.pi:
        phi += 2.0 * math.pi
    track.phi0 = phi
    track.omega = omega + shift[2]
    track.z0 = z0 + shift[3]
    track.tanLambda = tan_lambda + shift[4]


@inlined_kernel
def draw_chi2(stream, track, kink_chi2):
    """Write number of degrees of freedom and χ² (Wilson and Hilferty 1931) of a track, with what a kink
    adds.
    """
    ndf = 2 * track.nPXDHits + track.nSVDHits + track.nCDCHits - 5
    track.ndf = max(ndf, 1)
    width = 2.0 / (9.0 * track.ndf)
    track.chi2 = track.ndf * max(1.0 - width + math.sqrt(width) * normal(stream), 0.0) ** 3 + kink_chi2
