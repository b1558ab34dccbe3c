"""Charged particles fly on helices, 32 at a time: hits, decays, interactions, radiation, and their tracks."""

import math

import numpy as np

from detector.crossing import EVERYTHING, MAX_TURNS, land, launch, walk
from detector.flight import (
    FATE_DECAY,
    FATE_LEFT,
    FATE_NUCLEAR,
    ORIGIN_DECAY,
    ORIGIN_FAKE,
    REGION_BACKWARD,
    REGION_BARREL,
    REGION_FORWARD,
    REGION_NONE,
    SECONDARY_STREAMS,
)
from detector.helix import FIELD_CONSTANT, arc_to_radius, helix_at_poca, momentum, position
from detector.lanes import (
    ARC,
    ASIDE,
    BIAS0,
    BIAS1,
    BIAS2,
    BIAS3,
    BIAS4,
    BROKEN,
    CHARGE,
    CHI2,
    COS0,
    COS_LAMBDA,
    D0,
    DECAYS,
    DELAY,
    DRAWS,
    END,
    FATE,
    FORTH,
    HARDNESS,
    HELP0,
    HELP1,
    HELP2,
    LANES,
    LIFE,
    LIMIT,
    LONGEST,
    MASS,
    MATTER,
    MET,
    MOMENTUM,
    OMEGA,
    PATH,
    PHI0,
    PX,
    PX_END,
    PY,
    PY_END,
    PZ,
    PZ_END,
    REGION,
    RESPOND,
    SIN0,
    START,
    STRIP_LAYERS,
    STRIPS,
    TAN_LAMBDA,
    WIRE_HITS,
    X_END,
    Y_END,
    Z0,
    Z_END,
    X,
    Y,
    Z,
    draw_bits,
    draw_normals,
    lane_kernel,
    select,
    to_uniform,
    wide_vectors,
)
from detector.secondaries import (
    charged_constants,
    decay,
    interact,
    photon_share,
    photons_per_length,
    put_photon,
)
from detector.trackfit import draw_parameters, filter_inward
from detector.tracking import count_hits, draw_chi2, find_losers, is_found, lose_hits, lose_wires, write_track
from physics.elementary import fast_log
from physics.jit import inlined_kernel, kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.particles import final_charge
from physics.random import STAGE_MATERIAL, STAGE_TRACKING, exponential, normal, open_stream

FLY, KINKED, AGAIN = np.int64(0), np.int64(1), np.int64(2)
"""What a group is for: to fly; to fit a decay's mother and daughter as one track; to fit the mother alone after all."""

# Rows of a track's random numbers.
_LOSE, _WIRES, _FIND, _TAIL, _NORMALS, _CLONE = (np.int64(i) for i in (0, 1, 2, 3, 4, 10))
_TRACKING, _MATERIAL, _SHIFT = np.uint64(STAGE_TRACKING), np.uint64(STAGE_MATERIAL), np.uint64(16)
_ONE_BLOCK = np.int64(1)
SECOND_STREAMS = 32 * SECONDARY_STREAMS
"""Added to a particle's substream for numbers whose count is not known beforehand."""
FAKE_END = 60.0
"""Length [cm] of fakes."""


@kernel
def substream_of(entry):
    """Substream of an entry's random numbers; those of fakes lie behind all particles'."""
    if entry.origin == ORIGIN_FAKE:
        return SECOND_STREAMS - 2 - entry.number
    return entry.mc + SECONDARY_STREAMS * entry.number


@kernel
def wrapped(angle):
    """Angle in (−π, π]."""
    if angle > math.pi:
        return angle - 2.0 * math.pi
    if angle <= -math.pi:
        return angle + 2.0 * math.pi
    return angle


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
    if r < abs(hole) or r > envelope.radius:
        return s, REGION_NONE
    return s, REGION_FORWARD if tan_lambda > 0.0 else REGION_BACKWARD


@kernel
def _load(lanes, numbers, entries, m, mode):
    """Put ``m`` particles into the lanes; the last ones repeat the first."""
    track = lanes.track
    for lane in range(LANES):
        entry = entries[lanes.entry[lane if lane < m else 0]]
        track[X + lane], track[Y + lane], track[Z + lane] = entry.x, entry.y, entry.z
        track[PX + lane], track[PY + lane], track[PZ + lane] = entry.px, entry.py, entry.pz
        mass, life, hardness = charged_constants(entry.pdg)
        fake = entry.origin == ORIGIN_FAKE
        lasts = fake or mode == KINKED
        track[CHARGE + lane], track[MASS + lane] = float(entry.charge), mass
        track[LIFE + lane], track[HARDNESS + lane] = (np.inf, np.inf) if lasts else (life, hardness)
        track[LONGEST + lane] = FAKE_END if fake else np.inf
        lanes.event[lane] = np.uint64(numbers[entry.event])
        lanes.name[lane] = np.uint64(substream_of(entry)) << _SHIFT | _MATERIAL


@lane_kernel
def _limit(lanes, first, second, decay_in_flight, nuclear_interaction):
    """Draw decay lengths and interaction depths (END, DECAYS, LIMIT) from random bits; no kinks yet.

    The next numbers are those of the tracking.
    """
    wide_vectors()
    track, name = lanes.track, lanes.name
    for lane in range(LANES):
        name[lane] ^= _MATERIAL ^ _TRACKING
        end, longest = track[END + lane], track[LONGEST + lane]
        mean = track[LIFE + lane] * track[MOMENTUM + lane] * track[COS_LAMBDA + lane] / decay_in_flight
        arc = track[START + lane] - mean * fast_log(to_uniform(first[lane]))
        track[DECAYS + lane] = select(arc < end, 1.0, 0.0)
        track[END + lane] = select(longest < np.inf, longest, min(arc, end))
        track[LIMIT + lane] = -track[HARDNESS + lane] * fast_log(to_uniform(second[lane])) / nuclear_interaction
        track[BROKEN + lane] = np.inf
        track[BIAS0 + lane], track[BIAS1 + lane], track[BIAS2 + lane] = 0.0, 0.0, 0.0
        track[BIAS3 + lane], track[BIAS4 + lane] = 0.0, 0.0


@inlined_kernel
def fly_group(stream, key, numbers, tracker, lanes, entries, n, m, rows, k, kinks, n_kinks, mode):
    """Fly the ``m`` charged particles in the lanes; returns the numbers of entries, of tracks and of ``kinks``.

    ``rows`` holds the tracks. Decays whose daughter may continue the track are put on the list ``kinks`` (``mode``
    FLY), those that do not after all (``mode`` KINKED) too.
    """
    track, processes = lanes.track, tracker.processes
    _load(lanes, numbers, entries, m, mode)
    launch(track, tracker.envelope, tracker.field)
    draw_bits(lanes.bits, key, lanes.event, lanes.name, _ONE_BLOCK)
    _limit(lanes, lanes.bits[0], lanes.bits[1], processes.decay_in_flight, processes.nuclear_interaction)
    walk(tracker, lanes, EVERYTHING)
    draw_bits(lanes.bits, key, lanes.event, lanes.name, DRAWS)
    if mode == FLY:
        land(track)
    layers, finding, field = tracker.surfaces.layer, tracker.finding, tracker.field
    losers = m if find_losers(track, lanes.bits[_LOSE], lanes.entry.shape[0]) else 0
    for lane in range(losers):
        if track[HELP0 + lane] > 0.0:
            _open_second(stream, key, numbers, entries[lanes.entry[lane]], STAGE_TRACKING)
            lose_hits(stream, lanes.surface, lane, layers, track[RESPOND + lane])
    lose_wires(track, lanes.bits[_WIRES], tracker.chamber.efficiency)
    count_hits(track, lanes.surface, layers, lanes.entry.shape[0])
    some, biased = False, False
    for lane in range(m):
        e = lanes.entry[lane]
        entry = entries[e]
        fake = entry.origin == ORIGIN_FAKE
        if mode == FLY and not fake:
            fate = np.int64(track[FATE + lane])
            if fate == FATE_LEFT and track[DECAYS + lane] > 0.0:
                fate = FATE_DECAY
            _end_flight(track, lane, entry, fate)
            entry.first_child = n
            if fate in (FATE_DECAY, FATE_NUCLEAR):
                _open_second(stream, key, numbers, entry, STAGE_MATERIAL)
                n = _break_up(stream, entries, n, entry, fate)
            elif abs(entry.pdg) == 11 and processes.bremsstrahlung > 0.0:
                open_stream(stream, key, numbers[entry.event], STAGE_MATERIAL, substream_of(entry))
                n = _radiate(stream, tracker, lanes, lane, entries, n, entry)
            entry.children = n - entry.first_child
            if entry.cover >= 0:
                continue
            if fate == FATE_DECAY:
                behind = arc_to_radius(track[D0 + lane], track[OMEGA + lane], tracker.chamber.outer_radius)
                within = behind < 0.0 or track[END + lane] < behind
                if within and _daughter(track, lane, entries, entry, track[END + lane], field) >= 0:
                    kinks[n_kinks] = e
                    n_kinks += 1
                    continue
        elif mode == KINKED:
            broken = track[START + lane] + entry.path * track[COS_LAMBDA + lane]
            _daughter(track, lane, entries, entry, broken, field)
            track[BROKEN + lane] = broken
        strip_layers, chamber_hits = track[STRIP_LAYERS + lane], track[WIRE_HITS + lane]
        if fake:
            found = strip_layers >= finding.minimum_strip_layers or chamber_hits >= finding.minimum_chamber_hits
        else:
            pt = track[MOMENTUM + lane] * track[COS_LAMBDA + lane]
            find = to_uniform(lanes.bits[_FIND, lane])
            found = is_found(find, finding, pt, entry.charge, strip_layers, chamber_hits)
        if found or mode == KINKED:
            row = rows[k]
            row.mc, row.mcPDG = (entry.mc, entry.pdg) if found else (-2, 0)
            entry.row = k
            k += 1
            some = True
            biased |= track[BROKEN + lane] < np.inf
    if not some:
        return n, k, n_kinks
    filter_inward(tracker, lanes, biased)
    _draw_normals(track, lanes.bits)
    for lane in range(m):
        e = lanes.entry[lane]
        entry = entries[e]
        if entry.row < 0:
            continue
        if mode == KINKED and track[CHI2 + lane] > finding.kink_chi2:
            entry.row = -1
            kinks[n_kinks] = e
            n_kinks += 1
        elif entry.origin != ORIGIN_FAKE and to_uniform(lanes.bits[_TAIL, lane]) < finding.tail_fraction:
            for i in range(5):
                track[HELP0 + LANES * i + lane] *= finding.tail_scale
    draw_parameters(lanes)
    draw_chi2(track)
    for lane in range(m):
        e = lanes.entry[lane]
        entry = entries[e]
        if entry.row < 0:
            continue
        row = rows[entry.row]
        # A charge mismeasured: nothing bends that little below 50 GeV.
        if row.mc == -2 or track[HELP2 + lane] * track[OMEGA + lane] <= 0.0:
            if mode == KINKED:
                _cover(entries, entry, e)
            entry.row = -1
            continue
        write_track(row, lanes.covariance, track, lane)
        if entry.origin == ORIGIN_FAKE:
            row.chi2 *= 2.0  # hits that do not belong together
            row.mc, row.mcPDG = -1, 0
            continue
        if mode == KINKED:
            _cover(entries, entry, e)
        soft = abs(row.omega) * finding.clone_momentum > FIELD_CONSTANT * field
        if soft and to_uniform(lanes.bits[_CLONE, lane]) < finding.clones:
            _open_second(stream, key, numbers, entry, STAGE_TRACKING)
            clone(stream, rows[k], row)
            entry.clone = k
            k += 1
    return n, k, n_kinks


@kernel
def _open_second(stream, key, numbers, entry, stage):
    """Open a particle's second stream of a stage, for numbers whose count is not known beforehand."""
    open_stream(stream, key, numbers[entry.event], stage, SECOND_STREAMS + substream_of(entry))


@kernel
def _draw_normals(track, bits):
    """Six normal numbers of each lane: HELP0 to HELP5."""
    for pair in range(3):
        first, second = HELP0 + 2 * LANES * pair, HELP1 + 2 * LANES * pair
        row = _NORMALS + 2 * pair
        draw_normals(track[first : first + LANES], track[second : second + LANES], bits[row], bits[row + 1])


@kernel
def _end_flight(track, lane, entry, fate):
    """Write where a flight ends."""
    entry.region = np.int64(track[REGION + lane]) if fate == FATE_LEFT else REGION_NONE
    entry.path = track[PATH + lane]
    entry.x_end, entry.y_end, entry.z_end = track[X_END + lane], track[Y_END + lane], track[Z_END + lane]
    entry.t_end = entry.t + track[DELAY + lane]
    entry.px_end, entry.py_end, entry.pz_end = track[PX_END + lane], track[PY_END + lane], track[PZ_END + lane]
    entry.nSVDHits, entry.nCDCHits = np.int64(track[STRIPS + lane]), np.int64(track[WIRE_HITS + lane])


@kernel
def _break_up(stream, entries, n, entry, fate):
    """What comes out of a decay or a nuclear interaction at a flight's end; returns the number of entries."""
    x, y, z, t = entry.x_end, entry.y_end, entry.z_end, entry.t_end
    px, py, pz, pdg = entry.px_end, entry.py_end, entry.pz_end, np.int64(entry.pdg)
    if fate == FATE_DECAY:
        return decay(stream, entries, n, pdg, x, y, z, t, px, py, pz)
    return interact(stream, entries, n, pdg, x, y, z, t, px, py, pz)


@kernel
def _radiate(stream, tracker, lanes, lane, entries, n, entry):
    """Bremsstrahlung of an electron, which goes on with less momentum from the hardest emission.

    Returns the number of entries.
    """
    track, field = lanes.track, tracker.field
    n, kept, broken = _emit(stream, tracker, lanes, lane, entries, n, entry)
    if kept == 1.0:
        return n
    d0, phi0, omega = track[D0 + lane], track[PHI0 + lane], track[OMEGA + lane]
    z0, tan_lambda = track[Z0 + lane], track[TAN_LAMBDA + lane]
    x, y, z = position(d0, phi0, omega, z0, tan_lambda, broken)
    px, py, pz = momentum(phi0, omega, tan_lambda, broken, field)
    softer = helix_at_poca(x, y, z, kept * px, kept * py, kept * pz, track[CHARGE + lane], field)
    _set_bias(track, lane, softer)
    track[BROKEN + lane] = broken
    after, entry.region = calorimeter_arc(
        tracker.envelope, softer[0], softer[1], softer[2], softer[3], softer[4], softer[5]
    )
    entry.x_end, entry.y_end, entry.z_end = position(softer[0], softer[1], softer[2], softer[3], softer[4], after)
    px, py, pz = entry.px_end, entry.py_end, entry.pz_end
    scale = math.sqrt(px * px + py * py + pz * pz) / track[MOMENTUM + lane]
    px, py, pz = momentum(softer[1], softer[2], softer[4], after, field)
    entry.px_end, entry.py_end, entry.pz_end = scale * px, scale * py, scale * pz
    entry.path = (broken - track[START + lane] + after - softer[5]) / track[COS_LAMBDA + lane]
    entry.t_end = entry.t + entry.path / SPEED_OF_LIGHT
    return n


@kernel
def _set_bias(track, lane, other):
    """Displacement of a lane's helix beyond a kink."""
    track[BIAS0 + lane] = other[0] - track[D0 + lane]
    track[BIAS0 + LANES + lane] = wrapped(other[1] - track[PHI0 + lane])
    track[BIAS0 + 2 * LANES + lane] = other[2] - track[OMEGA + lane]
    track[BIAS0 + 3 * LANES + lane] = other[3] - track[Z0 + lane]
    track[BIAS0 + 4 * LANES + lane] = other[4] - track[TAN_LAMBDA + lane]


@kernel
def _emit(stream, tracker, lanes, lane, entries, n, entry):
    """Bremsstrahlung photons of an electron in the layers just crossed.

    Returns (number of entries, momentum fraction kept, arc length of the hardest emission). Several emissions act on
    the track as one, at the place of the hardest.
    """
    track = lanes.track
    cut = tracker.processes.bremsstrahlung_cut
    rate = photons_per_length(cut) * tracker.processes.bremsstrahlung
    kept, broken, hardest = 1.0, np.inf, 0.0
    depth = exponential(stream)  # in mean numbers of photons
    passed = 0.0
    helix = (
        track[D0 + lane], track[PHI0 + lane], track[OMEGA + lane], track[Z0 + lane], track[TAN_LAMBDA + lane]
    )  # fmt: skip
    norm = track[COS_LAMBDA + lane]
    for i in range(tracker.surfaces.layer.shape[0]):
        here, point = lanes.surface[i], lanes.point[i]
        if here[MET + lane] == 0.0 or point[ARC + lane] > track[END + lane]:
            continue
        passed += rate * here[MATTER + lane]
        while passed > depth:
            depth += exponential(stream)
            share = photon_share(stream, cut)
            d0, phi0, omega, z0, tan_lambda = helix
            arc = point[ARC + lane]
            x, y, z = position(d0, phi0, omega, z0, tan_lambda, arc)
            time = entry.t + (arc - track[START + lane]) / (norm * SPEED_OF_LIGHT)
            energy = share * kept * track[MOMENTUM + lane]
            tx, ty = 1.0 - omega * point[ASIDE + lane], -omega * point[FORTH + lane]
            sin0, cos0 = track[SIN0 + lane], track[COS0 + lane]
            ux, uy = tx * cos0 - ty * sin0, tx * sin0 + ty * cos0
            n = put_photon(entries, n, energy, x, y, z, time, ux * norm, uy * norm, tan_lambda * norm)
            if share * kept > hardest:
                hardest = share * kept
                broken = arc
            kept *= 1.0 - share
    return n, kept, broken


@kernel
def _daughter(track, lane, entries, entry, end, field):
    """Entry of the single charged daughter that may continue the track of its mother, or −1.

    Sets the bias of the track to the daughter's helix. The hits continue along the mother's helix, the fit sees the
    daughter's; if the hits' χ² grows by more than the card's ``kink_chi2`` the two are not one track.
    """
    daughter = -1
    for i in range(entry.first_child, entry.first_child + entry.children):
        if entries[i].origin == ORIGIN_DECAY and final_charge(entries[i].pdg) != 0:
            if daughter >= 0:
                return -1
            daughter = i
    if daughter < 0:
        return -1
    child = entries[daughter]
    if child.px * child.px + child.py * child.py < 0.02**2:
        return -1
    other = helix_at_poca(
        child.x, child.y, child.z, child.px, child.py, child.pz, float(final_charge(child.pdg)), field
    )
    omega = track[OMEGA + lane]
    if other[2] * omega < 0.0:
        return -1
    # A bend by more than a few degrees or a jump of the curvature is far beyond any χ² cut.
    turn = wrapped(other[1] - other[2] * other[5] - track[PHI0 + lane] + omega * end)
    if abs(turn) > 0.15 or abs(other[2] / omega - 1.0) > 0.3:
        return -1
    _set_bias(track, lane, other)
    return daughter


@kernel
def _cover(entries, entry, e):
    """The track of ``e`` is also its charged daughter's."""
    for i in range(entry.first_child, entry.first_child + entry.children):
        if final_charge(entries[i].pdg) != 0:
            entries[i].cover = e


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
