"""Columns side by side: shapes and types as asked for, no two share a byte, large ones begin on huge pages."""

import numpy as np
import pytest

from physics.memory import HUGE_PAGE, scratch, side_by_side

COLUMNS = [
    [(0, np.float64), (3, np.int8), (5, np.float64), ((2, 3), np.int32)],
    [(100_001, np.int32), (100_001, np.int8), ((100_001, 15), np.float64), (100_001, np.float64)],
    [(2_000_000, np.float64), (3_500_000, np.float64), (7, np.int64)],  # more than one block
]


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("allocate", [side_by_side, scratch])
def test_columns_do_not_overlap(columns, allocate):
    arrays = allocate(*columns)
    for array, (shape, dtype) in zip(arrays, columns, strict=True):
        assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
        assert array.dtype == dtype
        assert array.flags["C_CONTIGUOUS"]
        assert array.flags["ALIGNED"]
        assert array.flags["WRITEABLE"]
    for number, array in enumerate(arrays):
        array[...] = number + 1
    assert all((array == number + 1).all() for number, array in enumerate(arrays))


def test_scratch_memory_is_empty():
    first = scratch((1000, np.float64))
    first[0][:] = 1.0
    del first  # the next one may well get the same memory
    assert not np.any(scratch((1000, np.float64), (10, np.int64))[0])


def test_large_columns_begin_on_a_huge_page():
    first, second = side_by_side((1_000_000, np.float64), (1_000_000, np.float64))
    assert first.ctypes.data % HUGE_PAGE == 0
    assert (second.ctypes.data - first.ctypes.data) % 4096 == 128, "the next column's lines are others"
