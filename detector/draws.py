"""Random numbers of many particles at once: their Philox blocks side by side.

The outer detector needs some ten numbers for each of some thirty particles of an event.  The counters are those of
:mod:`physics.random` (draw, stage | substream, event), so every particle keeps its own numbers; but the blocks of
many particles are made in one loop that the compiler turns into vector instructions, and each 32-bit word is one
number.  Normal and Poisson numbers come from tables of the inverse distribution.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.octaves import BITS, octave_inside, octave_nodes
from physics.elementary import fast_exp
from physics.jit import inlined_kernel, kernel
from physics.memory import scratch
from physics.random import philox

ROWS = 16
"""Words that can be kept for each particle."""
TAIL_LOW, TAIL_HIGH = -1, 31
"""Exponents of two of the least and the largest of the 2³¹ tail probabilities of normal numbers, in units of 2⁻³¹."""
POISSON_MEANS, POISSON_COLUMNS = 80, 128

_BINS = ((TAIL_HIGH - TAIL_LOW) << BITS) - 1
_LOW, _S32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_TWO_TO_MINUS_32 = 1.0 / 4294967296.0


class Draws(NamedTuple):
    """Memory of the numbers of many particles, and the tables they are made with."""

    words: np.ndarray  # uint32 (ROWS, particles)
    event: np.ndarray  # uint64 (particles,), number of the particle's event
    label: np.ndarray  # uint64 (particles,), stage | substream << 16
    first: np.ndarray  # uint64 (particles,), number of the particle's first block
    normal: np.ndarray  # float64, quantiles of |z| for a standard normal z, see :func:`normal_table`
    cut: np.ndarray  # uint32 (means, columns), Walker's alias tables of Poisson numbers, 25 bits
    alias: np.ndarray  # uint8 (means, columns)


def new_draws(particles: int) -> Draws:
    """Return memory for up to ``particles`` particles."""
    n = particles + 16 - particles % 16 + 16  # rows begin on different lines of the processor's cache
    tables = normal_table(), *poisson_tables()
    memory = scratch(((ROWS, n), np.uint32), *(3 * ((n, np.uint64),)), *((t.shape, t.dtype) for t in tables))
    for copy, table in zip(memory[4:], tables, strict=True):
        copy[:] = table
    return Draws(*memory)


def normal_table() -> np.ndarray:
    """Return |z| of a standard normal z on the nodes of the probability to be beyond it, in units of 2⁻³¹."""
    nodes = octave_nodes(TAIL_LOW, TAIL_HIGH)
    z = np.zeros(len(nodes))
    for i, node in enumerate(nodes[:-1]):  # the last one, probability 1, belongs to z = 0
        low, high = 0.0, 9.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if math.erfc(middle * math.sqrt(0.5)) * 2.0**31 > node else (low, middle)
        z[i] = low
    return z


def poisson_tables() -> tuple[np.ndarray, np.ndarray]:
    """Return the alias tables (A. J. Walker, ACM Trans. Math. Softw. 3 (1977) 253) of the means 0, 1, 2, …."""
    cut = np.zeros((POISSON_MEANS, POISSON_COLUMNS), np.uint32)
    alias = np.zeros((POISSON_MEANS, POISSON_COLUMNS), np.uint8)
    n = np.arange(POISSON_COLUMNS)
    log_factorial = np.cumsum(np.log(np.maximum(n, 1)))
    for mean in range(POISSON_MEANS):
        p = np.exp(n * math.log(mean) - mean - log_factorial) if mean else (n == 0).astype(float)
        p *= POISSON_COLUMNS / p.sum()
        small, large = list(np.flatnonzero(p < 1.0)), list(np.flatnonzero(p >= 1.0))
        while small and large:
            i, j = small.pop(), large[-1]
            cut[mean, i], alias[mean, i] = round(p[i] * 2.0**25), j
            p[j] -= 1.0 - p[i]
            if p[j] < 1.0:
                small.append(large.pop())
        for i in small + large:
            cut[mean, i], alias[mean, i] = 2**25, i
    return cut, alias


@inlined_kernel
def name_stream(draws, i, event, stage, substream):
    """Let particle ``i`` have the numbers of a stream of :mod:`physics.random` from its beginning."""
    draws.event[i] = event
    draws.label[i] = np.uint64(stage) | (np.uint64(substream) << np.uint64(16))
    draws.first[i] = np.uint64(0)


@kernel
def draw_blocks(draws, begin, end, key, row, blocks):
    """Fill rows ``row`` … ``row + 4 blocks − 1`` of the particles ``begin`` … ``end − 1`` from blocks ``draws.first``
    on of their streams.

    Up to seven columns behind them are overwritten.
    """
    k0, k1 = np.uint64(key) & _LOW, np.uint64(key) >> _S32
    words, event, label, first = draws.words, draws.event, draws.label, draws.first
    for block in range(blocks):
        b = np.uint64(block)
        r = row + 4 * block
        for column in range((end - begin + 7) & 0x7FFFFFF8):  # whole vectors: a rest would be computed one by one
            i = (begin & 0x7FFFFFFF) + column
            low, high = philox(first[i] + b, label[i], event[i] & _LOW, event[i] >> _S32, k0, k1)
            words[r, i] = np.uint32(low)
            words[r + 1, i] = np.uint32(low >> _S32)
            words[r + 2, i] = np.uint32(high)
            words[r + 3, i] = np.uint32(high >> _S32)


@kernel
def draw_more(draws, i, key, begin, end):
    """Fill rows ``4 begin`` … ``4 end − 1`` of particle ``i`` from the blocks ``begin`` … ``end − 1`` of its stream."""
    k0, k1 = np.uint64(key) & _LOW, np.uint64(key) >> _S32
    e0, e1 = draws.event[i] & _LOW, draws.event[i] >> _S32
    for block in range(begin, end):
        low, high = philox(draws.first[i] + np.uint64(block), draws.label[i], e0, e1, k0, k1)
        draws.words[4 * block, i] = np.uint32(low)
        draws.words[4 * block + 1, i] = np.uint32(low >> _S32)
        draws.words[4 * block + 2, i] = np.uint32(high)
        draws.words[4 * block + 3, i] = np.uint32(high >> _S32)


@inlined_kernel
def unit(word):
    """Uniform number on (0, 1) of a word."""
    return (np.float64(word) + 0.5) * _TWO_TO_MINUS_32


@inlined_kernel
def gauss(word, normal):
    """Return the standard normal number of a word: the first bit is its sign, the others how far out it is."""
    beyond = np.float64(~np.int64(word) & 0x7FFFFFFF) + 0.5
    i, f = octave_inside(beyond, TAIL_LOW)
    i &= _BINS  # never negative, as the compiler then sees
    z = normal[i] + f * (normal[i + 1] - normal[i])
    return z if np.int64(word) > 0x7FFFFFFF else -z


@inlined_kernel
def small_poisson(u, mean):
    """Poisson number of small mean from a uniform number, by adding up probabilities."""
    n = 0
    p = fast_exp(-mean)
    while u > p and n < 100:
        u -= p
        n += 1
        p *= mean / n
    return n


@inlined_kernel
def rest_poisson(u, mean):
    """As :func:`small_poisson` for a mean of at most 1, without branches: none of our ``u`` gives more than 12."""
    n = 0.0
    p = fast_exp(-mean)
    total = p
    for k in range(1, 13):
        n += 1.0 if u > total else 0.0
        p *= mean * (1.0 / k)
        total += p
    return n


@inlined_kernel
def whole_poisson(word, mean, draws):
    """Poisson number of the whole part of the mean, from a table, and the rest of the mean.

    Beyond the table a normal number is rounded, and nothing is left; its third moment is off by a tenth there.
    """
    whole = int(mean)
    if whole >= POISSON_MEANS:
        return max(int(mean + math.sqrt(mean) * gauss(word, draws.normal) + 0.5), 0), 0.0
    i, column = np.uint64(whole), np.uint64(word) >> np.uint64(25)
    n = np.int64(column)
    n = np.int64(draws.alias[i, column]) if (np.int64(word) & 0x1FFFFFF) >= draws.cut[i, column] else n
    return n, mean - whole


@inlined_kernel
def poisson_number(word, second, mean, draws):
    """Poisson number of two words: the whole part of the mean from a table, the rest by adding up probabilities."""
    n, rest = whole_poisson(word, mean, draws)
    return n + small_poisson(unit(second), rest) if rest > 1e-9 else n
