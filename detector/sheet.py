"""Scratch memory for an event's showers on their way to clusters: rows of a flat array.

The rows are at constant places, so that the compiler sees that they do not overlap and turns loops over the showers
into vector instructions.
"""

import numpy as np

from detector.showers import MAX_SHOWERS

PITCH = MAX_SHOWERS + 40
"""From row to row of the sheet: not a multiple of the distance at which places share lines of the cache."""
(
    X, Y, Z, E, TIME, SHARE, HADRONIC,  # of a shower that may become a cluster
    R, UX, UY, UZ, POLAR, AZIMUTH, REGION,  # distance [cm], direction, angles [rad], ``clusterReg``
    SIGMA_E, SIGMA_THETA, SIGMA_PHI, WIDE, LOGIT,  # from the calorimeter's tables
    GAUSS, _, _, _,  # normal numbers of its words, the first one's left out
    E1E9, DT99, E9E21, LAT, PULSE, NUMBER,  # columns of the cluster, :class:`detector.record.Clusters`
) = (np.int64(PITCH * i) for i in range(29))  # fmt: skip
"""Rows of the sheet; in a loop over showers up to a variable number, only a bounded one (masked) lets the compiler see
that no index is negative.
"""


def new_sheet() -> np.ndarray:
    """Return the sheet's memory."""
    return np.ones(29 * PITCH)
