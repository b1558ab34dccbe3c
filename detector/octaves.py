"""Tables whose nodes are spaced like floating-point numbers: found without a logarithm.

Each octave [2ᵏ, 2ᵏ⁺¹) is divided evenly, so the exponent and the first bits of the mantissa of a number are the
index of its bin, and the other bits how far it is on the way to the next node.
"""

import numpy as np

from physics.jit import inlined_kernel

BITS = 5
DIVISIONS = 2**BITS
"""Bins of an octave: linear interpolation of a power law xᵃ errs by |a(a − 1)|/8200 at most."""

_SHIFT = 52 - BITS
_MASK = (1 << _SHIFT) - 1
_TO_UNIT = 2.0**-_SHIFT


def octave_nodes(low: int, high: int) -> np.ndarray:
    """Return the nodes from 2**low to 2**high; tables hold the values at them."""
    octaves = np.arange(low, high)
    inside = 1.0 + np.arange(DIVISIONS) / DIVISIONS
    return np.append((2.0 ** octaves[:, None] * inside).ravel(), 2.0**high)


@inlined_kernel
def octave_inside(x, low):
    """Bin of ``x`` among nodes from 2**low on, and the fraction of the way to the next node; ``x`` is within them."""
    bits = np.float64(x).view(np.int64)
    return (bits >> _SHIFT) - ((np.int64(low) + 1023) << BITS), np.float64(bits & _MASK) * _TO_UNIT


@inlined_kernel
def octave_bin(x, low, size):
    """Bin of ``x`` among ``size`` nodes from 2**low on, and the fraction of the way to the next node.

    The last bin is that of everything beyond the last node; below the first one the fraction is 0.
    """
    i, f = octave_inside(x, low)
    f = 0.0 if i < 0 else 1.0 if i > size - 2 else f
    return max(min(i, size - 2), 0), f


@inlined_kernel
def look_up(table, low, x):
    """Value of ``x`` in a table on the nodes from 2**low on."""
    i, f = octave_bin(x, low, table.shape[0])
    return table[i] + f * (table[i + 1] - table[i])
