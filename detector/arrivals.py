"""What arrives at the calorimeter: which flights carry the tracks on, and the showers they make."""

import math
from typing import NamedTuple

import numpy as np

from detector.draws import name_stream
from detector.flight import ORIGIN_DECAY
from detector.showers import (
    LEAST_MOMENTUM,
    STOPPED,
    charged_shower,
    electromagnetic_shower,
    hadronic_shower,
    neutral_passage,
)
from physics.jit import inlined_kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.memory import side_by_side
from physics.particles import final_mass
from physics.random import STAGE_CALORIMETER


class Arrivals(NamedTuple):
    """What arrives behind the crystals, for all events of a chunk."""

    depth: np.ndarray  # float64 (flights,), interaction lengths it can still go, huge for muons; SHOWERED or STOPPED;
    # 0: of no interest
    left: np.ndarray  # float64 (flights,), βγ behind the crystals
    origin: np.ndarray  # int64 (tracks,), flight that made the track, −1 for fakes and clones
    carrier: np.ndarray  # int64 (tracks,), flight that carries it on to the calorimeter, −1 for none


def new_arrivals(flights: int, tracks: int) -> Arrivals:
    """Return memory for a chunk."""
    return Arrivals(*side_by_side((flights, np.float64), (flights, np.float64), (tracks, np.int64), (tracks, np.int64)))


@inlined_kernel
def follow_tracks(flights, first, last, first_track, last_track, arrivals):
    """Fill ``arrivals.origin`` and ``arrivals.carrier`` of an event's tracks.

    The carrier is the track's own flight, or, after a decay in flight, the charged daughter.
    """
    origin, carrier = arrivals.origin, arrivals.carrier
    for row in range(first_track, last_track):
        origin[row] = -1
        carrier[row] = -1
    for i in range(first, last):
        row = first_track + flights.track[i]
        if flights.track[i] < 0 or carrier[row] >= 0:
            continue
        origin[row] = i
        if flights.region[i] > 0:
            carrier[row] = i
            continue
        for j in range(i + 1, last):  # a daughter begins where its mother ended
            if flights.mc[j] != flights.mc[i]:
                break  # a family's flights are side by side
            if (
                flights.origin[j] == ORIGIN_DECAY
                and flights.charge[j] != 0
                and flights.region[j] > 0
                and abs(flights.x0[j] - flights.x[i]) + abs(flights.z0[j] - flights.z[i]) < 1.0
            ):
                carrier[row] = j
                break


@inlined_kernel
def flight_showers(draws, m, stream, key, flights, flight, sheet, n, arrivals, csi, calorimeter):
    """Showers of a flight whose numbers are column ``m`` of ``draws``; returns their number."""
    i = np.uint64(flight)  # never negative: numpy's rule for negative indices costs time
    px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
    p = math.sqrt(px * px + py * py + pz * pz)
    f = 1.0 / p
    ux, uy, uz = f * px, f * py, f * pz
    x, y, z, t = flights.x[i], flights.y[i], flights.z[i], flights.t[i]
    pdg = np.int64(flights.pdg[i])
    species = abs(pdg)
    if species in (22, 11):
        if species == 11 and p > LEAST_MOMENTUM:
            arrivals.depth[i] = STOPPED
        return electromagnetic_shower(draws, m, sheet, n, p, x, y, z, ux, uy, uz, t, flight, calorimeter)
    mass = final_mass(pdg)
    kinetic = math.sqrt(p * p + mass * mass) - mass
    loss, late = 0.0, 0.0
    if flights.charge[i] != 0:
        n, loss, way = charged_shower(
            draws, m, sheet, n, pdg, p, mass, x, y, z, ux, uy, uz, t, flight, arrivals, csi, calorimeter
        )
    elif species in (130, 2112):
        way = neutral_passage(draws, m, pdg, p, flight, arrivals, calorimeter)
        late = way * (kinetic + mass) / (p * SPEED_OF_LIGHT)
    else:
        return n
    if way >= 0.0:
        n = hadronic_shower(
            draws, m, stream, key, sheet, n, kinetic - loss, loss, pdg,
            x + way * ux, y + way * uy, z + way * uz, ux, uy, uz, t + late, flight, calorimeter,
        )  # fmt: skip
    if p < LEAST_MOMENTUM:
        arrivals.depth[i] = 0.0
    return n


@inlined_kernel
def list_arrivals(draws, numbers, begin, end, flights, who, arrivals):
    """List the flights of the events from ``begin`` to ``end`` that reach the calorimeter; returns how many."""
    n = 0
    for i_event in range(begin, end):
        first = flights.offsets[i_event]
        for place in range(first, flights.offsets[i_event + 1]):
            i = np.uint64(place)
            arrivals.depth[i] = 0.0
            arrivals.left[i] = 0.0
            if flights.region[i] <= 0:
                continue
            px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
            if px * px + py * py + pz * pz > 9e-6:  # below a few MeV nothing reaches the cluster threshold
                who[n] = place
                name_stream(draws, n, np.uint64(numbers[i_event]), STAGE_CALORIMETER, place - first)
                n += 1
    return n
