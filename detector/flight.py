"""The flights record: every particle's way through the tracker to the calorimeter's front face.

It is what tracking hands to the calorimeter, identification and K_L detectors. One entry is one straight or
helical flight of one particle: all final particles of the truth record that interact (neutrinos are left out)
*and* what they made on the way (decays in flight, conversions, bremsstrahlung, nuclear interactions), in the
order parent before secondary. A flight ends at the calorimeter's front face (``region`` > 0) or where the
particle decayed, interacted, ranged out or left through the beam hole (``region`` = 0).
"""

from typing import NamedTuple

import numpy as np

from physics.memory import side_by_side

REGION_NONE = 0
"""Did not reach the calorimeter: decayed, interacted, stopped, or left through the beam holes."""
REGION_BARREL = 1
REGION_FORWARD = 2
REGION_BACKWARD = 3

FATE_LEFT, FATE_STOPPED, FATE_NUCLEAR, FATE_DECAY = 0, 1, 2, 3
"""A flight ended where it was asked to, by ranging out, by a nuclear interaction, by a decay."""

ORIGIN_TRUTH = 0
"""The particle is in the truth record."""
ORIGIN_DECAY = 1
ORIGIN_CONVERSION = 2
ORIGIN_BREMSSTRAHLUNG = 3
ORIGIN_NUCLEAR = 4
ORIGIN_FAKE = 5
"""A track without a particle; never in the flights record."""

SECONDARY_STREAMS = 1024
"""Substream of member k of the family of true particle i: i + k × this; MAX_EVENT_PARTICLES."""
MAX_FLIGHTS = 32
"""Members of a family; SECONDARY_STREAMS times this is half of the substreams."""

ENTRY = np.dtype(
    [
        # What flies: identity, its true particle's family and its place there.
        ("pdg", np.int32),
        ("origin", np.int32),
        ("charge", np.int32),
        ("event", np.int32),  # place of the event in the chunk
        ("mc", np.int32),
        ("number", np.int32),  # in the family, names the random streams
        ("family", np.int32),  # entry of the true particle
        ("next", np.int32),  # entry of the next member, −1 for none
        ("last", np.int32),  # of a true particle: its family's last member, and their number
        ("members", np.int32),
        ("first_child", np.int32),  # what it turned into, entries in a row
        ("children", np.int32),
        ("cover", np.int32),  # entry whose track covers this particle, −1 for none
        # What came of it.
        ("flown", np.int32),
        ("region", np.int32),
        ("row", np.int32),  # of its track and of a clone of that, −1 for none
        ("clone", np.int32),
        ("track", np.int32),  # index of its track in the event
        ("nSVDHits", np.int32),
        ("nCDCHits", np.int32),
        *((name, np.float64) for name in ("x", "y", "z", "t", "px", "py", "pz")),
        *((name, np.float64) for name in ("x_end", "y_end", "z_end", "t_end", "px_end", "py_end", "pz_end")),
        ("path", np.float64),
        ("depth", np.float64),  # radiation lengths that a photon passes before it converts
    ]
)
"""One particle on its way; a flight once flown."""


class Flights(NamedTuple):
    """Columns of flights; shapes ``(n,)`` but ``offsets`` ``(n_events + 1,)``; laboratory frame, cm, ns,
    GeV.
    """

    offsets: np.ndarray  # int64
    mc: np.ndarray  # int32, index in the event of the true particle, or of the one that made this secondary
    pdg: np.ndarray  # int32, of the flying particle itself
    charge: np.ndarray  # int32 [e]
    origin: np.ndarray  # int32, ORIGIN_*
    track: np.ndarray  # int32, index in the event of its track, −1 for none
    region: np.ndarray  # int32, REGION_*: where it meets the calorimeter
    x0: np.ndarray  # float64 [cm], where the flight begins
    y0: np.ndarray
    z0: np.ndarray
    px0: np.ndarray  # float64 [GeV], momentum there
    py0: np.ndarray
    pz0: np.ndarray
    x: np.ndarray  # float64 [cm], where it ends: the calorimeter's front face if region > 0
    y: np.ndarray
    z: np.ndarray
    t: np.ndarray  # float64 [ns]
    px: np.ndarray  # float64 [GeV], momentum there, after energy loss in the tracker
    py: np.ndarray
    pz: np.ndarray
    path: np.ndarray  # float64 [cm], length of the way between the two points
    nSVDHits: np.ndarray  # int32, strip clusters it made (two for each sensor), whether or not a track was found
    nCDCHits: np.ndarray  # int32, drift-chamber hits it made


FLOAT_COLUMNS = 14


def new_flights(capacity: int, events: int) -> Flights:
    """Return memory for ``capacity`` flights of ``events`` events (``offsets[0] = 0``, the rest is zero)."""
    kinds = (np.int32,) * 6 + (np.float64,) * FLOAT_COLUMNS + (np.int32,) * 2
    columns = side_by_side(*((capacity, kind) for kind in kinds))
    for values in columns:
        values[:] = 0
    return Flights(np.zeros(events + 1, np.int64), *columns)


def grown_flights(flights: Flights) -> Flights:
    """Return a copy with twice the capacity."""
    larger = new_flights(2 * len(flights.pdg), len(flights.offsets) - 1)
    for old, new in zip(flights, larger, strict=True):
        new[: len(old)] = old
    return larger


def trimmed_flights(flights: Flights) -> Flights:
    """Return views of the filled part; ``offsets[-1]`` is the number of flights."""
    n = flights.offsets[-1]
    return Flights(flights.offsets, *(column[:n] for column in flights[1:]))
