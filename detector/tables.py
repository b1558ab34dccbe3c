"""Memory of the reco record's tables: columns that grow and are cut to what was filled."""

from typing import TypeVar

import numpy as np

from detector.record import Clusters, KLMClusters
from physics.memory import side_by_side

Table = TypeVar("Table", Clusters, KLMClusters)
INTEGERS = ("region", "track", "cluster", "mc", "mcPDG", "layers", "innermost_layer")
"""Columns of integers."""
DOUBLES = ("E", "theta", "phi", "r", "x", "y", "z")
"""Columns of float64; the others are float32 (:mod:`detector.record`)."""


def new_table(kind: type[Table], capacity: int, events: int) -> Table:
    """Return memory for ``capacity`` rows of ``events`` events (``offsets[0] = 0``, columns not initialised)."""
    columns = ((capacity, column_type(name)) for name in kind._fields[1:])
    return kind(np.zeros(events + 1, np.int64), *side_by_side(*columns))


def column_type(name: str) -> type:
    """Return the type of a column of numbers."""
    return np.int32 if name in INTEGERS else np.float64 if name in DOUBLES else np.float32


def grown_table(table: Table) -> Table:
    """Return a copy with twice the capacity."""
    larger = new_table(type(table), 2 * len(table.mc), len(table.offsets) - 1)
    for old, new in zip(table, larger, strict=True):
        new[: len(old)] = old
    return larger


def trimmed_table(table: Table) -> Table:
    """Return views of the filled part."""
    n = table.offsets[-1]
    return type(table)(table.offsets, *(values[:n] for values in table[1:]))
