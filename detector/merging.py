"""Showers that overlap become one cluster."""

import numpy as np

from detector.sheet import FIRST, FLIGHT, HADRONIC, LABEL, PLACE, SHARE, TIME, E, X, Y, Z, whole
from physics.jit import inlined_kernel

FAR = 1e9


@inlined_kernel
def nearest_shower(showers, n, x, y, z):
    """Nearest of the first ``n`` showers and its squared distance.

    Positive numbers are ordered as their bits are; the last ten hold the place, and so the smallest of all is found
    in vector instructions.
    """
    most = np.int64(0x7FEFFFFFFFFFFFFF)
    least = most
    for a in range(whole(n)):
        dx, dy, dz = showers[X + a] - x, showers[Y + a] - y, showers[Z + a] - z
        bits = (np.float64(dx * dx + dy * dy + dz * dz).view(np.int64) & -1024) | a
        least = min(least, bits if a < n else most)
    return least & 1023, np.int64(least & -1024).view(np.float64)


@inlined_kernel
def merge_showers(showers, n, distance):
    """Merge every shower of an event with a stronger one nearer than ``distance`` [cm].

    The stronger one keeps place and shape, the weaker one is left without energy.
    """
    d2 = distance * distance
    for j in range(1, n):
        x, y, z = showers[X + j], showers[Y + j], showers[Z + j]
        a, least = nearest_shower(showers, j, x, y, z)
        if least > d2:
            continue
        s = np.int64(j)
        while least <= d2:
            showers[X + s] = x
            s, weak = merge_pair(showers, a, s)
            x, y, z = showers[X + s], showers[Y + s], showers[Z + s]
            showers[E + weak] = 0.0
            showers[X + weak] = showers[X + s] = FAR  # until it has no neighbour left it is not to find itself
            a, least = nearest_shower(showers, j, x, y, z)
        showers[X + s] = x


@inlined_kernel
def merge_pair(showers, i, j):
    """Add the weaker of two showers to the stronger one; returns both."""
    strong, weak = (i, j) if showers[E + i] >= showers[E + j] else (j, i)
    total = showers[E + i] + showers[E + j]
    w = showers[E + weak] / total
    showers[X + strong] += w * (showers[X + weak] - showers[X + strong])
    showers[Y + strong] += w * (showers[Y + weak] - showers[Y + strong])
    showers[Z + strong] += w * (showers[Z + weak] - showers[Z + strong])
    showers[SHARE + strong] += w * (1.0 - showers[SHARE + strong])
    showers[E + strong] = total
    return strong, weak


@inlined_kernel
def keep_showers(showers, n, sheet, kept, threshold):
    """Copy the showers above ``threshold`` [GeV] to the sheet, behind those that it holds; returns how many it holds
    then.
    """
    for s in range(n):
        if showers[E + s] < threshold:
            continue
        i = kept & PLACE
        sheet[E + i], sheet[X + i], sheet[Y + i], sheet[Z + i] = (
            showers[E + s], showers[X + s], showers[Y + s], showers[Z + s],
        )  # fmt: skip
        sheet[TIME + i], sheet[SHARE + i], sheet[HADRONIC + i] = (
            showers[TIME + s], showers[SHARE + s], showers[HADRONIC + s],
        )  # fmt: skip
        sheet[FLIGHT + i], sheet[LABEL + i], sheet[FIRST + i] = (
            showers[FLIGHT + s], showers[LABEL + s], showers[FIRST + s],
        )  # fmt: skip
        kept += 1
    return kept
