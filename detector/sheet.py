"""Scratch memory for the showers of a block of events on their way to clusters: rows of flat arrays.

The rows are at constant places, so that the compiler sees that they do not overlap and turns loops over the showers
into vector instructions.
"""

from typing import NamedTuple

import numpy as np

BLOCK_EVENTS = 32
"""Most events of a block."""
MAX_SHOWERS = 512
"""Most showers of an event; those beyond are dropped."""
PITCH = BLOCK_EVENTS * MAX_SHOWERS + 40
"""From row to row: not a multiple of the distance at which places share lines of the cache."""
PLACE, WHOLE = 0x7FFF, 0x7FF8
"""What places and numbers of showers are masked with: the compiler then sees that no index is negative, and loops run
over whole vectors.
"""
(
    E, X, Y, Z, TIME, SHARE,  # measured energy [GeV] and centroid [cm], true time [ns], energy not the strongest's
    HADRONIC,  # 1 if its shape is that of a hadronic shower
    FLIGHT,  # that made it, −1 for beam background
    LABEL, FIRST,  # whose random numbers its shape is drawn with (:mod:`detector.draws`), and which of them
    R, UX, UY, UZ, POLAR, AZIMUTH, REGION,  # distance [cm], direction, angles [rad], ``clusterReg``
    SIGMA_E, SIGMA_THETA, SIGMA_PHI, WIDE, LOGIT,  # from the calorimeter's tables
    GAUSS, _, _, _,  # normal numbers of its words, the first one's left out
    E1E9, DT99, E9E21, LAT, PULSE, NUMBER,  # columns of the cluster, :class:`detector.record.Clusters`
) = (np.int64(PITCH * i) for i in range(32))  # fmt: skip
"""Rows of a sheet."""
SHOWER_ROWS, CLUSTER_ROWS = 10, 32


class Block(NamedTuple):
    """Memory of a block of events; the showers and clusters of an event lie side by side."""

    showers: np.ndarray  # (SHOWER_ROWS × PITCH,) those of the flights, behind them those of the beam background
    sheet: np.ndarray  # (CLUSTER_ROWS × PITCH,) merged ones that become clusters
    own: np.ndarray  # int64 (BLOCK_EVENTS + 1,) first shower of each event
    background: np.ndarray  # int64 (BLOCK_EVENTS + 1,) first background shower of each event
    kept: np.ndarray  # int64 (BLOCK_EVENTS + 1,) first merged one of each event


def new_block() -> Block:
    """Return the memory; most of it is never touched."""
    offsets = np.zeros((3, BLOCK_EVENTS + 1), np.int64)
    return Block(np.zeros(SHOWER_ROWS * PITCH), np.zeros(CLUSTER_ROWS * PITCH), *offsets)
