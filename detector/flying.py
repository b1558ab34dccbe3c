"""Particles fly: from their vertex through the tracker to the calorimeter, leaving tracks and secondaries
behind.
"""

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
    SILICON_ONLY,
    TABLE,
    cross_layers,
)
from detector.flight import (
    ORIGIN_DECAY,
    ORIGIN_TRUTH,
    REGION_BACKWARD,
    REGION_BARREL,
    REGION_FORWARD,
    REGION_NONE,
    Flights,
)
from detector.helix import FIELD_CONSTANT, arc_to_radius, helix_at_poca, momentum, position
from detector.secondaries import (
    conversion_rate,
    convert,
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
from physics.particles import PION_MASS, final_charge, final_mass
from physics.random import (
    STAGE_MATERIAL,
    STAGE_TRACKING,
    exponential,
    isotropic_direction,
    normal,
    open_stream,
    poisson,
    uniform,
)
from physics.record import STATUS_FINAL

FLIGHT = np.dtype(
    [
        (name, np.int32 if name in ("mc", "pdg", "charge", "origin", "track", "region", "nSVDHits", "nCDCHits")
         else np.float64)
        for name in Flights._fields[1:]
    ]
)  # fmt: skip
"""One row of :class:`detector.flight.Flights`."""

FATE_DECAY = 3
DONE, FLIGHTS_FULL, TRACKS_FULL = 0, 1, 2
MAX_TURNS = 3.0
"""A particle that has not left the tracker after so many turns is taken as stopped."""
SECONDARY_STREAMS = 1024
"""Substream of secondary k of true particle i: i + k × this; MAX_EVENT_PARTICLES."""
FAKE_SUBSTREAM = 65535
MAX_FLIGHTS = 32
"""Flights from one true particle; SECONDARY_STREAMS times this stays within the substreams."""


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
def start_flight(flight, particle, mc, charge):
    """Write where a flight begins."""
    flight.mc = mc
    flight.pdg = particle.pdg
    flight.charge = charge
    flight.origin = particle.origin
    flight.track = particle.track
    flight.x0, flight.y0, flight.z0, flight.t0 = particle.x, particle.y, particle.z, particle.t
    flight.px0, flight.py0, flight.pz0 = particle.px, particle.py, particle.pz
    flight.path_cdc = 0.0
    flight.nSVDHits = 0
    flight.nCDCHits = 0


@inlined_kernel
def fly_neutral(stream, tracker, work, waiting, q, n, flight, mc):
    """Fly neutral ``q`` of the waiting list straight on; photons may convert, K_L may decay. Returns n."""
    particle = waiting[q]
    start_flight(flight, particle, mc, 0)
    px, py, pz = particle.px, particle.py, particle.pz
    x, y, z, t = particle.x, particle.y, particle.z, particle.t
    mass = max(final_mass(particle.pdg), 0.0)
    p = math.sqrt(px * px + py * py + pz * pz)
    energy = math.sqrt(p * p + mass * mass)
    ux, uy, uz = px / p, py / p, pz / p
    envelope, processes = tracker.envelope, tracker.processes
    sine2 = ux * ux + uy * uy
    # Distance to the barrel cylinder, then to the end plane.
    b = x * ux + y * uy
    gap = envelope.radius * envelope.radius - x * x - y * y
    region = REGION_BARREL
    length = 1e9
    if sine2 > 1e-12:
        length = (math.sqrt(max(b * b + sine2 * gap, 0.0)) - b) / sine2
    end_z = z + length * uz
    if end_z > envelope.forward_z or end_z < envelope.backward_z:
        forward = end_z > envelope.forward_z
        length = ((envelope.forward_z if forward else envelope.backward_z) - z) / uz
        r = math.hypot(x + length * ux, y + length * uy)
        hole = envelope.forward_hole if forward else envelope.backward_hole
        region = REGION_NONE
        if r >= hole:
            region = REGION_FORWARD if forward else REGION_BACKWARD
    if particle.pdg == 22:
        rate = 7.0 / 9.0 * conversion_rate(energy) * processes.conversion
        thickness = exponential(stream)
        # Bound on the matter on the way: most photons need no walk.
        if thickness < rate * tracker.matter / max(math.sqrt(sine2), 0.05):
            converted = _convert_on_the_way(stream, tracker, work, waiting, n, particle, thickness / rate, length)
            if converted > n:
                end = waiting[n]
                region = REGION_NONE
                length = math.sqrt((end.x - x) ** 2 + (end.y - y) ** 2 + (end.z - z) ** 2)
                n = converted
    elif particle.pdg == 130 and processes.decay_in_flight > 0.0:
        path = exponential(stream) * mean_flight(particle.pdg, p) / processes.decay_in_flight
        if path < length:
            length = path
            region = REGION_NONE
            time = t + length * energy / (p * SPEED_OF_LIGHT)
            n = decay(
                stream, waiting, n, particle.pdg, x + length * ux, y + length * uy, z + length * uz, time, px, py, pz
            )
    flight.region = region
    flight.x, flight.y, flight.z = x + length * ux, y + length * uy, z + length * uz
    flight.t = t + length * energy / (p * SPEED_OF_LIGHT)
    flight.px, flight.py, flight.pz = px, py, pz
    flight.path = length
    return n


@kernel
def _convert_on_the_way(stream, tracker, work, waiting, n, particle, depth, length):
    """Convert a photon after ``depth`` radiation lengths if there is so much matter; returns the new n.

    The straight way is the helix of a fictitious particle a million times stiffer.
    """
    px, py, pz = particle.px, particle.py, particle.pz
    energy = math.sqrt(px * px + py * py + pz * pz)
    if math.hypot(px, py) < 1e-3 * energy:
        return n
    stiff = 1e6 / energy
    d0, phi0, omega, z0, tan_lambda, start = helix_at_poca(
        particle.x, particle.y, particle.z, stiff * px, stiff * py, stiff * pz, 1.0, tracker.field
    )
    cos_lambda = 1.0 / math.sqrt(1.0 + tan_lambda * tan_lambda)
    cross_layers(
        stream, tracker, work, d0, phi0, omega, z0, tan_lambda, PION_MASS, 1e6, start,
        start + length * cos_lambda, np.inf, SILICON_ONLY,
    )  # fmt: skip
    layers = tracker.surfaces.layer
    total = 0.0
    for i in range(layers.shape[0]):
        crossing = work.surface[i]
        if crossing.met == 0:
            continue
        total += layers[i].x0 * crossing.met / crossing.slope
        if total > depth:
            return _pair_at(stream, waiting, n, particle, energy, (crossing.arc - start) / cos_lambda)
    chamber = tracker.chamber
    inner = arc_to_radius(d0, omega, layers[layers.shape[0] - 1].radius)
    outer = arc_to_radius(d0, omega, chamber.outer_radius)
    gas = (outer - max(inner, start)) / cos_lambda
    if z0 + outer * tan_lambda > chamber.layer[-1].forward_z or z0 + outer * tan_lambda < chamber.layer[-1].backward_z:
        return n
    if gas > 0.0 and total + gas * chamber.gas.x0 > depth:
        way = (max(inner, start) - start) / cos_lambda + (depth - total) / chamber.gas.x0
        return _pair_at(stream, waiting, n, particle, energy, way)
    total += gas * chamber.gas.x0 + chamber.outer_wall.x0 / cos_lambda
    if total > depth:
        return _pair_at(stream, waiting, n, particle, energy, (outer - start) / cos_lambda)
    return n


@kernel
def _pair_at(stream, waiting, n, particle, energy, length):
    """Put the e⁺e⁻ pair of a photon at ``length`` [cm] from its start."""
    ux, uy, uz = particle.px / energy, particle.py / energy, particle.pz / energy
    return convert(
        stream, waiting, n, energy, particle.x + length * ux, particle.y + length * uy, particle.z + length * uz,
        particle.t + length / SPEED_OF_LIGHT, ux, uy, uz,
    )  # fmt: skip


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


@inlined_kernel
def add_fakes(stream, tracker, work, tracks, n_tracks, key, event):
    """Tracks that no particle made: soft pions' helices far from the collision. Returns the number of tracks.

    Assumption: pT falls exponentially with 0.15 GeV from 0.06 GeV, d0 and z0 spread over 1 and 4 cm.
    """
    open_stream(stream, key, event, STAGE_TRACKING, FAKE_SUBSTREAM)
    for _ in range(poisson(stream, tracker.finding.fakes)):
        if n_tracks >= tracks.shape[0]:
            break
        _, _, cosine = isotropic_direction(stream)
        cosine = min(max(cosine, -0.85), 0.95)
        pt = 0.06 + 0.15 * exponential(stream)
        tan_lambda = cosine / math.sqrt(1.0 - cosine * cosine)
        omega = FIELD_CONSTANT * tracker.field / pt
        if uniform(stream) < 0.5:
            omega = -omega
        phi0 = math.pi * (2.0 * uniform(stream) - 1.0)
        d0, z0 = normal(stream), 4.0 * normal(stream)
        p = pt * math.sqrt(1.0 + tan_lambda * tan_lambda)
        cross_layers(stream, tracker, work, d0, phi0, omega, z0, tan_lambda, PION_MASS, p, 0.0, 60.0, np.inf, EXACT)
        track = tracks[n_tracks]
        strip_layers = count_hits(track, tracker, work)
        if (
            strip_layers < tracker.finding.minimum_strip_layers
            and track.nCDCHits < tracker.finding.minimum_chamber_hits
        ):
            continue
        for i in range(5):
            work.bias[i] = 0.0
        filter_inward(tracker, work, d0, phi0, omega, tan_lambda, PION_MASS, p, np.inf)
        draw_parameters(stream, track, work, 0.0, 1.0, d0, phi0, omega, z0, tan_lambda)
        if track.omega * omega <= 0.0:
            continue
        draw_chi2(stream, track, 0.0)
        track.chi2 *= 2.0  # hits that do not belong together
        track.mc = -1
        track.mcPDG = 0
        n_tracks += 1
    return n_tracks


@kernel
def fly_events(stream, key, numbers, particles, tracker, work, waiting, rows, track_rows, flights, tracks, first):
    """Fly all particles of the events from ``first`` on; returns (the event it stopped at, DONE or what was
    full).

    ``rows`` and ``track_rows`` are record arrays for one event; a finished event is copied behind the others
    of the columns ``flights`` and ``tracks``.
    """
    n_events = numbers.shape[0]
    clone_omega = FIELD_CONSTANT * tracker.field / max(tracker.finding.clone_momentum, 1e-6)
    for i_event in range(first, n_events):
        event = numbers[i_event]
        begin, stop = particles.offsets[i_event], particles.offsets[i_event + 1]
        f, k = np.int64(0), np.int64(0)
        for i in range(begin, stop):
            if particles.status[i] != STATUS_FINAL:
                continue
            pdg = np.int64(particles.pdg[i])
            species = abs(pdg)
            if species == 12 or species == 14 or species == 16 or final_mass(pdg) < 0.0:
                continue
            mc = i - begin
            entry = waiting[0]
            entry.pdg = pdg
            entry.origin = ORIGIN_TRUTH
            entry.track = -1
            entry.x, entry.y, entry.z, entry.t = particles.vx[i], particles.vy[i], particles.vz[i], particles.t[i]
            entry.px, entry.py, entry.pz = particles.px[i], particles.py[i], particles.pz[i]
            n, q = np.int64(1), np.int64(0)
            while q < n and q < MAX_FLIGHTS and f < rows.shape[0] and k + 1 < track_rows.shape[0]:
                substream = mc + SECONDARY_STREAMS * q
                entry = waiting[q]
                energetic = abs(entry.px) + abs(entry.py) + abs(entry.pz) > 1e-4
                if energetic and final_charge(entry.pdg) == 0:
                    open_stream(stream, key, event, STAGE_MATERIAL, substream)
                    n = fly_neutral(stream, tracker, work, waiting, q, n, rows[f], mc)
                    f += 1
                elif energetic:
                    n, seen = fly_charged(
                        stream, tracker, work, waiting, q, n, rows[f], track_rows[k], k, key, event, mc, substream
                    )
                    f += 1
                    if seen:
                        track = track_rows[k]
                        k += 1
                        if abs(track.omega) > clone_omega and uniform(stream) < tracker.finding.clones:
                            clone(stream, track_rows[k], track)
                            k += 1
                q += 1
        k = add_fakes(stream, tracker, work, track_rows, k, key, event)
        f0, k0 = flights.offsets[i_event], tracks.offsets[i_event]
        if f0 + f > flights.pdg.shape[0]:
            return i_event, FLIGHTS_FULL
        if k0 + k > tracks.d0.shape[0]:
            return i_event, TRACKS_FULL
        _append_flights(flights, f0, rows, f)
        _append_tracks(tracks, k0, track_rows, k)
        flights.offsets[i_event + 1] = f0 + f
        tracks.offsets[i_event + 1] = k0 + k
    return n_events, DONE


@kernel
def _append_flights(flights, start, rows, n):
    """Copy an event's flights from rows to columns."""
    for i in range(n):
        row = rows[i]
        j = start + i
        flights.mc[j] = row.mc
        flights.pdg[j] = row.pdg
        flights.charge[j] = row.charge
        flights.origin[j] = row.origin
        flights.track[j] = row.track
        flights.region[j] = row.region
        flights.x0[j] = row.x0
        flights.y0[j] = row.y0
        flights.z0[j] = row.z0
        flights.t0[j] = row.t0
        flights.px0[j] = row.px0
        flights.py0[j] = row.py0
        flights.pz0[j] = row.pz0
        flights.x[j] = row.x
        flights.y[j] = row.y
        flights.z[j] = row.z
        flights.t[j] = row.t
        flights.px[j] = row.px
        flights.py[j] = row.py
        flights.pz[j] = row.pz
        flights.path[j] = row.path
        flights.path_cdc[j] = row.path_cdc
        flights.nSVDHits[j] = row.nSVDHits
        flights.nCDCHits[j] = row.nCDCHits


@kernel
def _append_tracks(tracks, start, rows, n):
    """Copy an event's tracks from rows to columns; what the outer detectors will fill is left empty."""
    for i in range(n):
        row = rows[i]
        j = start + i
        for m in range(15):
            tracks.covariance[j, m] = row.covariance[m]
        tracks.d0[j] = row.d0
        tracks.phi0[j] = row.phi0
        tracks.omega[j] = row.omega
        tracks.z0[j] = row.z0
        tracks.tanLambda[j] = row.tanLambda
        tracks.chi2[j] = row.chi2
        tracks.ndf[j] = row.ndf
        tracks.nPXDHits[j] = row.nPXDHits
        tracks.nSVDHits[j] = row.nSVDHits
        tracks.nCDCHits[j] = row.nCDCHits
        tracks.firstPXDLayer[j] = row.firstPXDLayer
        tracks.firstSVDLayer[j] = row.firstSVDLayer
        tracks.firstCDCLayer[j] = row.firstCDCLayer
        tracks.lastCDCLayer[j] = row.lastCDCLayer
        tracks.mc[j] = row.mc
        tracks.mcPDG[j] = row.mcPDG
        tracks.cluster[j] = -1
        tracks.klm[j] = -1


@kernel
def clone(stream, copy, track):
    """A second track from a particle's other hits: parameters spread anew with three times the errors
    (assumption).
    """
    copy.mc, copy.mcPDG = track.mc, track.mcPDG
    for i in range(15):
        copy.covariance[i] = 9.0 * track.covariance[i]
    copy.d0 = track.d0 + 3.0 * math.sqrt(track.covariance[0]) * normal(stream)
    copy.phi0 = wrapped(track.phi0 + 3.0 * math.sqrt(track.covariance[5]) * normal(stream))
    copy.omega = track.omega * (1.0 + 3.0 * math.sqrt(track.covariance[9]) / abs(track.omega) * normal(stream))
    copy.z0 = track.z0 + 3.0 * math.sqrt(track.covariance[12]) * normal(stream)
    copy.tanLambda = track.tanLambda + 3.0 * math.sqrt(track.covariance[14]) * normal(stream)
    copy.chi2, copy.ndf = track.chi2, track.ndf
    copy.nPXDHits, copy.nSVDHits, copy.nCDCHits = 0, track.nSVDHits // 2, track.nCDCHits // 2
    copy.firstPXDLayer, copy.firstSVDLayer = 0, track.firstSVDLayer
    copy.firstCDCLayer, copy.lastCDCLayer = track.firstCDCLayer, track.lastCDCLayer
