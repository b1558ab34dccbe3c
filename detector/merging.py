"""Showers that overlap become one cluster."""

import numpy as np

from detector.sheet import FIRST, FLIGHT, HADRONIC, LABEL, PLACE, SHARE, TIME, WHOLE, E, X, Y, Z
from physics.jit import inlined_kernel


@inlined_kernel
def nearest_shower(sheet, begin, n, x, y, z):
    """Nearest of ``n`` showers (a multiple of 8) of the sheet from ``begin`` on, and its squared distance.

    Positive numbers are ordered as their bits are; the last ten hold the place, and so the smallest of all is found
    in vector instructions.
    """
    least = np.int64(0x7FFFFFFFFFFFFFFF)
    for a in range(n):
        i = begin + a
        dx, dy, dz = sheet[X + i] - x, sheet[Y + i] - y, sheet[Z + i] - z
        least = min(least, (np.float64(dx * dx + dy * dy + dz * dz).view(np.int64) & -1024) | a)
    return least & 1023, np.int64(least & -1024).view(np.float64)


@inlined_kernel
def merge_showers(block, k, who, begin, distance, threshold):
    """Merge every shower of the block's event ``k`` with a stronger one nearer than ``distance`` [cm].

    The stronger one keeps place and shape.  Those above ``threshold`` [GeV] are written to the sheet from ``begin``
    on; returns where the next event's begin.
    """
    showers, sheet = block.showers, block.sheet
    d2 = distance * distance
    begin &= PLACE
    own, other = block.own[k + 1] - block.own[k], block.background[k + 1] - block.background[k]
    for a in range((own + other + 7) & WHOLE):
        sheet[X + begin + a] = 1e9
    left = 0
    for j in range(own + other):
        s = (block.own[k] + j if j < own else block.background[k] + j - own) & PLACE
        while left > 0:
            a, least = nearest_shower(sheet, begin, (left + 7) & WHOLE, showers[X + s], showers[Y + s], showers[Z + s])
            if least > d2:
                break
            s = merge_pair(showers, who[a], s)
            left -= 1
            who[a] = who[left]
            i, last = begin + a, begin + left
            sheet[X + i], sheet[Y + i], sheet[Z + i] = sheet[X + last], sheet[Y + last], sheet[Z + last]
            sheet[X + last] = 1e9
        i = begin + left
        who[left] = s
        sheet[X + i], sheet[Y + i], sheet[Z + i] = showers[X + s], showers[Y + s], showers[Z + s]
        left += 1
    end = begin
    for a in range(left):
        s = who[a] & PLACE
        if showers[E + s] < threshold:
            continue
        i = end & PLACE
        sheet[E + i], sheet[X + i], sheet[Y + i], sheet[Z + i] = (
            showers[E + s], showers[X + s], showers[Y + s], showers[Z + s],
        )  # fmt: skip
        sheet[TIME + i], sheet[SHARE + i], sheet[HADRONIC + i] = (
            showers[TIME + s], showers[SHARE + s], showers[HADRONIC + s],
        )  # fmt: skip
        sheet[FLIGHT + i], sheet[LABEL + i], sheet[FIRST + i] = (
            showers[FLIGHT + s], showers[LABEL + s], showers[FIRST + s],
        )  # fmt: skip
        end += 1
    return end


@inlined_kernel
def merge_pair(showers, i, j):
    """Merge the weaker of two showers into the stronger one; returns that."""
    strong, weak = (i, j) if showers[E + i] >= showers[E + j] else (j, i)
    total = showers[E + i] + showers[E + j]
    w = showers[E + weak] / total
    for row in (X, Y, Z):
        showers[row + strong] += w * (showers[row + weak] - showers[row + strong])
    showers[SHARE + strong] += w * (1.0 - showers[SHARE + strong])
    showers[E + strong] = total
    return strong
