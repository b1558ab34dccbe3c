"""Charged particles fly on helices: hits, decays, interactions, radiation, and the track that comes of it."""

import math

import numpy as np

from detector.crossing import (
    END_ARC,
    END_MOMENTUM,
    EXACT,
    FATE_LEFT,
    FATE_NUCLEAR,
    FIRST_ARC,
    LAST_ARC,
    TABLE,
    cross_layers,
)
from detector.flight import ORIGIN_DECAY, REGION_BACKWARD, REGION_BARREL, REGION_FORWARD, REGION_NONE
from detector.helix import arc_to_radius, helix_at_poca, momentum, position
from detector.neutrals import start_flight
from detector.secondaries import (
    decay,
    interact,
    interaction_thickness,
    mean_flight,
    photon_share,
    photons_per_length,
    put_photon,
)
from detector.trackfit import filter_inward
from detector.tracking import count_hits, draw_chi2, draw_parameters, is_found
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import final_charge, final_mass
from physics.random import STAGE_MATERIAL, STAGE_TRACKING, exponential, open_stream

FATE_DECAY = 3
MAX_TURNS = 3.0
"""A particle that has not left the tracker after so many turns is taken as stopped."""
SECONDARY_STREAMS = 1024
"""Substream of secondary k of true particle i: i + k × this; MAX_EVENT_PARTICLES."""


@kernel
def calorimeter_arc(envelope, d0, phi0, omega, z0, tan_lambda, start):
    """Arc length and region where a helix meets the calorimeter's front face; region 0 for the beam holes."""
    s = arc_to_radius(d0, omega, envelope.radius)
    if s > start and envelope.backward_z < z0 + s * tan_lambda < envelope.forward_z:
        return s, REGION_BARREL
    plane = envelope.forward_z if tan_lambda > 0.0 else envelope.backward_z
    longest = start + MAX_TURNS * 2.0 * math.pi / abs(omega)
    s = (plane - z0) / tan_lambda if abs(tan_lambda) > 1e-9 else longest
    if s <= start or s > longest:
        return longest, REGION_NONE
    x, y, _ = position(d0, phi0, omega, z0, tan_lambda, s)
    r = math.sqrt(x * x + y * y)
    hole = envelope.forward_hole if tan_lambda > 0.0 else envelope.backward_hole
    if r < hole or r > envelope.radius:
        return s, REGION_NONE
    return s, REGION_FORWARD if tan_lambda > 0.0 else REGION_BACKWARD


@kernel
def wrapped(angle):
    """Angle in (−π, π]."""
    if angle > math.pi:
        return angle - 2.0 * math.pi
    if angle <= -math.pi:
        return angle + 2.0 * math.pi
    return angle


@kernel
def set_bias(bias, helix, other):
    """Displacement of a helix beyond a kink."""
    for i in range(5):
        bias[i] = other[i] - helix[i]
    bias[1] = wrapped(bias[1])


@kernel
def radiate(stream, tracker, work, waiting, n, particle, helix, start, p, end):
    """Bremsstrahlung of an electron in the layers just crossed, before arc length ``end``.

    Photons are put on the waiting list. Returns (n, momentum fraction kept, arc length of the hardest
    emission). Several emissions act on the track as one, at the place of the hardest.
    """
    layers = tracker.surfaces.layer
    cut = tracker.processes.bremsstrahlung_cut
    rate = photons_per_length(cut) * tracker.processes.bremsstrahlung
    kept, broken, hardest = 1.0, np.inf, 0.0
    depth = exponential(stream)  # in mean numbers of photons
    passed = 0.0
    for i in range(layers.shape[0]):
        crossing = work.surface[i]
        if crossing.met == 0 or crossing.arc > end:
            continue
        passed += rate * layers[i].x0 * crossing.met / crossing.slope
        while passed > depth:
            depth += exponential(stream)
            share = photon_share(stream, cut)
            d0, phi0, omega, z0, tan_lambda = helix
            x, y, z = position(d0, phi0, omega, z0, tan_lambda, crossing.arc)
            norm = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
            time = particle.t + (crossing.arc - start) / (norm * SPEED_OF_LIGHT)
            n = put_photon(
                waiting, n, share * kept * p, x, y, z, time, crossing.tx * norm, crossing.ty * norm, tan_lambda * norm
            )
            if share * kept > hardest:
                hardest = share * kept
                broken = crossing.arc
            kept *= 1.0 - share
    return n, kept, broken


@inlined_kernel
def fly_charged(stream, tracker, work, waiting, q, n, flight, track, new_track, key, event, mc, substream):
    """Fly charged particle ``q`` of the waiting list; returns (n, whether a track was written to ``track``).

    ``new_track`` is the index that track would get in the event.
    """
    particle = waiting[q]
    pdg = particle.pdg
    charge = final_charge(pdg)
    start_flight(flight, particle, mc, charge)
    mass = final_mass(pdg)
    px, py, pz = particle.px, particle.py, particle.pz
    p = math.sqrt(px * px + py * py + pz * pz)
    pt = math.sqrt(px * px + py * py)
    field, processes = tracker.field, tracker.processes
    if pt < 1e-3 * p or pt < 1e-3:  # along the beam, or far too soft to leave the beam pipe
        flight.region = REGION_NONE
        flight.x, flight.y, flight.z, flight.t = particle.x, particle.y, particle.z, particle.t
        flight.px, flight.py, flight.pz = px, py, pz
        flight.path = 0.0
        return n, False
    d0, phi0, omega, z0, tan_lambda, start = helix_at_poca(
        particle.x, particle.y, particle.z, px, py, pz, float(charge), field
    )
    helix = (d0, phi0, omega, z0, tan_lambda)
    cos_lambda = pt / p
    end, region = calorimeter_arc(tracker.envelope, d0, phi0, omega, z0, tan_lambda, start)

    # What happens on the way.
    species = abs(pdg)
    fate_at_end = FATE_LEFT
    interaction = np.inf
    broken, kept = np.inf, 1.0
    last = end
    if species == 211 or species == 321 or species > 1000:
        open_stream(stream, key, event, STAGE_MATERIAL, substream)
        if processes.decay_in_flight > 0.0:
            path = exponential(stream) * mean_flight(pdg, p) / processes.decay_in_flight
            if start + path * cos_lambda < end:
                end = start + path * cos_lambda
                fate_at_end = FATE_DECAY
        interaction = interaction_thickness(stream, pdg, processes)
    open_stream(stream, key, event, STAGE_TRACKING, substream)
    fate = cross_layers(stream, tracker, work, d0, phi0, omega, z0, tan_lambda, mass, p, start, end, interaction, TABLE)
    p_end = work.numbers[END_MOMENTUM]
    if fate == FATE_LEFT:
        fate = fate_at_end
    else:
        end = work.numbers[END_ARC]
    x, y, z = position(d0, phi0, omega, z0, tan_lambda, end)
    qx, qy, qz = momentum(phi0, omega, tan_lambda, end, field)
    scale = p_end / p
    qx, qy, qz = scale * qx, scale * qy, scale * qz
    path = (end - start) / cos_lambda
    # Mean of 1/β along the way.
    slowness = 0.5 * (math.sqrt(1.0 + mass * mass / (p * p)) + math.sqrt(1.0 + mass * mass / (p_end * p_end)))
    time = particle.t + path * slowness / SPEED_OF_LIGHT
    first_secondary = n
    for i in range(5):
        work.bias[i] = 0.0
    if fate == FATE_DECAY:
        n = decay(stream_material(stream, key, event, substream), waiting, n, pdg, x, y, z, time, qx, qy, qz)
    elif fate == FATE_NUCLEAR:
        n = interact(stream_material(stream, key, event, substream), waiting, n, pdg, x, y, z, time, qx, qy, qz)
    elif species == 11 and processes.bremsstrahlung > 0.0:
        open_stream(stream, key, event, STAGE_MATERIAL, substream)
        n, kept, broken = radiate(stream, tracker, work, waiting, n, particle, helix, start, p, end)

    if work.numbers[FIRST_ARC] >= 0.0:
        flight.path_cdc = (work.numbers[LAST_ARC] - work.numbers[FIRST_ARC]) / cos_lambda
    strip_layers = count_hits(track, tracker, work)
    flight.nSVDHits = track.nSVDHits
    flight.nCDCHits = track.nCDCHits
    if kept < 1.0:
        # The electron goes on with less momentum from the hardest emission.
        bx, by, bz = position(d0, phi0, omega, z0, tan_lambda, broken)
        kx, ky, kz = momentum(phi0, omega, tan_lambda, broken, field)
        softer = helix_at_poca(bx, by, bz, kept * kx, kept * ky, kept * kz, float(charge), field)
        other = (softer[0], softer[1], softer[2], softer[3], softer[4])
        set_bias(work.bias, helix, other)
        after, region = calorimeter_arc(tracker.envelope, other[0], other[1], other[2], other[3], other[4], softer[5])
        x, y, z = position(other[0], other[1], other[2], other[3], other[4], after)
        qx, qy, qz = momentum(other[1], other[2], other[4], after, field)
        qx, qy, qz = scale * qx, scale * qy, scale * qz
        path = (broken - start + after - softer[5]) / cos_lambda
        time = particle.t + path / SPEED_OF_LIGHT
    flight.region = region if fate == FATE_LEFT else REGION_NONE
    flight.x, flight.y, flight.z, flight.t = x, y, z, time
    flight.px, flight.py, flight.pz = qx, qy, qz
    flight.path = path
    if particle.track >= 0:
        return n, False  # the track of its mother covers it

    # The track.
    track.mc = mc
    track.mcPDG = pdg
    open_stream(stream, key, event, STAGE_TRACKING, SECONDARY_STREAMS * 32 + substream)
    kink_chi2 = 0.0
    merged = -1
    behind = arc_to_radius(d0, omega, tracker.chamber.outer_radius)
    if fate == FATE_DECAY and (behind < 0.0 or end < behind):
        # Within the tracker: the hits up to here, or one track with the daughter's.
        merged = try_kink(stream, tracker, work, waiting, first_secondary, n, helix, mass, p, start, end, last)
        if merged >= 0:
            strip_layers = count_hits(track, tracker, work)
        else:
            for i in range(5):
                work.bias[i] = 0.0
            open_stream(stream, key, event, STAGE_TRACKING, SECONDARY_STREAMS * 32 + substream)
            cross_layers(stream, tracker, work, d0, phi0, omega, z0, tan_lambda, mass, p, start, end, np.inf, TABLE)
            strip_layers = count_hits(track, tracker, work)
    if not is_found(stream, tracker.finding, pt, charge, strip_layers, track.nCDCHits):
        return n, False
    broken = end if merged >= 0 else broken
    kink_chi2 = filter_inward(tracker, work, d0, phi0, omega, tan_lambda, mass, p, broken)
    finding = tracker.finding
    draw_parameters(stream, track, work, finding.tail_fraction, finding.tail_scale, d0, phi0, omega, z0, tan_lambda)
    if track.omega * omega <= 0.0:  # a charge mismeasured: nothing bends that little below 50 GeV
        return n, False
    draw_chi2(stream, track, kink_chi2)
    flight.track = new_track
    if merged >= 0:
        waiting[merged].track = new_track
    return n, True


@kernel
def stream_material(stream, key, event, substream):
    """Return the stream at the numbers of a particle's secondaries (behind those of its fate)."""
    open_stream(stream, key, event, STAGE_MATERIAL, SECONDARY_STREAMS * 32 + substream)
    return stream


@kernel
def try_kink(stream, tracker, work, waiting, first, n, helix, mass, p, start, end, last):
    """Fit mother and single charged daughter of a decay as one track; the daughter's place in the list, or
    −1.

    The hits continue along the mother's helix, the fit sees the daughter's; if the hits' χ² grows by more
    than the card's ``kink_chi2`` the two are not one track.
    """
    daughter = -1
    for i in range(first, n):
        if waiting[i].origin == ORIGIN_DECAY and final_charge(waiting[i].pdg) != 0:
            if daughter >= 0:
                return -1
            daughter = i
    if daughter < 0:
        return -1
    entry = waiting[daughter]
    d0, phi0, omega, z0, tan_lambda = helix
    if math.hypot(entry.px, entry.py) < 0.02:
        return -1
    other = helix_at_poca(
        entry.x, entry.y, entry.z, entry.px, entry.py, entry.pz, float(final_charge(entry.pdg)), tracker.field
    )
    if other[2] * omega < 0.0:
        return -1
    # A bend by more than a few degrees or a jump of the curvature is far beyond any χ² cut.
    turn = wrapped(other[1] - other[2] * other[5] - phi0 + omega * end)
    if abs(turn) > 0.15 or abs(other[2] / omega - 1.0) > 0.3:
        return -1
    set_bias(work.bias, helix, (other[0], other[1], other[2], other[3], other[4]))
    cross_layers(stream, tracker, work, d0, phi0, omega, z0, tan_lambda, mass, p, start, last, np.inf, EXACT)
    chi2 = filter_inward(tracker, work, d0, phi0, omega, tan_lambda, mass, p, end)
    if chi2 > tracker.finding.kink_chi2:
        return -1
    set_bias(work.bias, helix, (other[0], other[1], other[2], other[3], other[4]))
    return daughter
