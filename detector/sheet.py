"""Scratch memory for showers on their way to clusters: rows of flat arrays.

The rows are at constant places, so that the compiler sees that they do not overlap and turns loops over the showers
into vector instructions.
"""

from typing import NamedTuple

import numpy as np

from physics.jit import inlined_kernel
from physics.memory import scratch

BLOCK_EVENTS = 128
"""Most events of a block."""
MAX_SHOWERS = 512
"""Most showers of an event; those beyond are dropped."""
PITCH = BLOCK_EVENTS * MAX_SHOWERS + 40
"""From row to row: not a multiple of the distance at which places share lines of the cache."""
PLACE = 0x1FFFF
"""What places are masked with: the compiler then sees that an index is not negative."""
(
    E, X, Y, Z, TIME, SHARE,  # measured energy [GeV] and centroid [cm], true time [ns], energy not the strongest's
    HADRONIC,  # 1 if its shape is that of a hadronic shower
    FLIGHT,  # that made it, −1 for beam background
    LABEL, FIRST,  # whose random numbers its shape is drawn with (:mod:`detector.draws`), and which of them
    R, UX, UY, UZ, POLAR, AZIMUTH, REGION,  # distance [cm], direction, angles [rad], ``clusterReg``
    BLUR, WIDER, PURER,  # normal numbers of the time, the width and the pulse shape
    CENTRAL, WANTED,  # E1/E9 of a single shower there; 1 if it becomes a cluster
    SIGMA_E, SIGMA_THETA, SIGMA_PHI,  # uncertainties [GeV], [rad]
    E1E9, DT99, E9E21, LAT, PULSE, NUMBER,  # columns of the cluster, :class:`detector.record.Clusters`
    NEAREST, DISTANCE,  # nearest track: square of the distance with the place in its last bits; the distance [cm]
    MATCH,  # track that it belongs to, −1 for none
) = (np.int64(PITCH * i) for i in range(34))  # fmt: skip
"""Rows of a sheet; a shower has the first ten."""


class Block(NamedTuple):
    """Memory of a block of events."""

    sheet: np.ndarray  # (34 × PITCH,) showers of all events, those that become clusters in the end
    first: np.ndarray  # int64 (BLOCK_EVENTS + 1,) first shower of each event
    background: np.ndarray  # int64 (BLOCK_EVENTS + 1,) column of the draws of each event's first background shower


def new_block() -> Block:
    """Return the memory; most of it is never touched."""
    per_event = BLOCK_EVENTS + 1, np.int64
    return Block(*scratch((34 * PITCH, np.float64), per_event, per_event))


@inlined_kernel
def whole(n):
    """Return the number of showers with the last vector filled up."""
    return (n + 7) & 0x1FFF8
