"""Showers that overlap become one cluster."""

import numpy as np

from detector.sheet import PLACE, SHARE, E, X, Y, Z, whole
from physics.jit import inlined_kernel

FAR = 1e9


@inlined_kernel
def nearest_shower(sheet, first, n, x, y, z):
    """Nearest of the ``n`` showers from ``first`` on, and its squared distance.

    Positive numbers are ordered as their bits are; the last ten hold the place, and so the smallest of all is found
    in vector instructions.
    """
    most = np.int64(0x7FEFFFFFFFFFFFFF)
    least = most
    begin = first & PLACE
    for a in range(whole(n)):
        i = begin + a
        dx, dy, dz = sheet[X + i] - x, sheet[Y + i] - y, sheet[Z + i] - z
        bits = (np.float64(dx * dx + dy * dy + dz * dz).view(np.int64) & -1024) | a
        least = min(least, bits if a < n else most)
    return begin + (least & 1023), np.int64(least & -1024).view(np.float64)


@inlined_kernel
def merge_showers(sheet, first, n, distance):
    """Merge every shower of an event, ``n`` from ``first`` on, with a stronger one nearer than ``distance`` [cm].

    The stronger one keeps place and shape, the weaker one is left without energy.
    """
    d2 = distance * distance
    for k in range(1, n):
        s = (first + k) & PLACE
        x, y, z = sheet[X + s], sheet[Y + s], sheet[Z + s]
        a, least = nearest_shower(sheet, first, k, x, y, z)
        if least > d2:
            continue
        while least <= d2:
            sheet[X + s] = x
            s, weak = merge_pair(sheet, a, s)
            x, y, z = sheet[X + s], sheet[Y + s], sheet[Z + s]
            sheet[E + weak] = 0.0
            sheet[X + weak] = sheet[X + s] = FAR  # until it has no neighbour left it is not to find itself
            a, least = nearest_shower(sheet, first, k, x, y, z)
        sheet[X + s] = x


@inlined_kernel
def merge_pair(sheet, i, j):
    """Add the weaker of two showers to the stronger one; returns both."""
    strong, weak = (i, j) if sheet[E + i] >= sheet[E + j] else (j, i)
    total = sheet[E + i] + sheet[E + j]
    w = sheet[E + weak] / total
    sheet[X + strong] += w * (sheet[X + weak] - sheet[X + strong])
    sheet[Y + strong] += w * (sheet[Y + weak] - sheet[Y + strong])
    sheet[Z + strong] += w * (sheet[Z + weak] - sheet[Z + strong])
    sheet[SHARE + strong] += w * (1.0 - sheet[SHARE + strong])
    sheet[E + strong] = total
    return strong, weak
