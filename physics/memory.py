"""Memory of columns that are written side by side.

A row of a table touches a memory page of every column, and the processor knows the addresses of few pages at a time:
columns therefore share blocks on pages of 2 MB where the system has them (NumPy asks for such pages when it allocates
more than 4 MB).  Freed blocks stay with the process and serve the next chunk.
"""

import ctypes
from contextlib import suppress
from math import prod
from typing import Any

import numpy as np

HUGE_PAGE = 2 << 20
_PAGE, _LINE = 4096, 64
_LEAST = 4 << 20
"""Least allocation for which NumPy asks for huge pages."""
_MOST = 24 << 20
"""Size at which a new block is begun: glibc gives blocks of more than 32 MB back to the system when they are freed."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc

Kind = tuple[int | tuple[int, ...], Any]
"""Shape and type of a column."""


def keep_freed_memory() -> None:
    """Ask the C library to keep freed arrays for the next chunk instead of returning them to the system.

    A fresh page costs microseconds and an event fills most of one: 2 of 13 µs for a B B̄ pair.  Silent where the C
    library is not glibc.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_M_TRIM_THRESHOLD, 1 << 30)


def side_by_side(*columns: Kind) -> list[np.ndarray]:
    """Return arrays that are not initialised.

    Each begins two lines of the processor's cache further behind the start of a page than the one before: lines at the
    same place of their pages compete for the same few places in the cache.
    """
    places: list[tuple[int, int]] = []
    end, blocks = 0, [0]
    for number, size in enumerate(map(_size, columns)):
        start = -(-end // _LINE) * _LINE
        if size > _PAGE:
            start = -(-end // _PAGE) * _PAGE + 2 * _LINE * (number % 32)
        if start and start + size > _MOST:
            start = 0
            blocks.append(0)
        places.append((len(blocks) - 1, start))
        blocks[-1] = end = start + size
    memory = [_block(size, np.empty) for size in blocks]
    return [
        np.ndarray(shape, dtype, memory[block], start)
        for (block, start), (shape, dtype) in zip(places, columns, strict=True)
    ]


def scratch(*columns: Kind) -> list[np.ndarray]:
    """Return arrays full of zeros on one run of huge pages, for memory that is kept and written again and again."""
    starts, end = [], 0
    for number, size in enumerate(map(_size, columns)):
        starts.append(-(-end // _LINE) * _LINE + 2 * _LINE * (number % 2))
        end = starts[-1] + size
    memory = _block(max(end, _LEAST), np.zeros)
    return [np.ndarray(shape, dtype, memory, start) for start, (shape, dtype) in zip(starts, columns, strict=True)]


def _size(column: Kind) -> int:
    """Size in bytes."""
    shape, dtype = column
    return int(np.dtype(dtype).itemsize) * (prod(shape) if isinstance(shape, tuple) else shape)


def _block(size: int, allocate: Any) -> np.ndarray:
    """Return so many bytes, from the beginning of a huge page if that is worth it."""
    if size < _LEAST:
        return np.asarray(allocate(size, np.uint8))
    memory = allocate(size + HUGE_PAGE, np.uint8)
    return np.asarray(memory[-memory.ctypes.data % HUGE_PAGE :][:size])
