"""What goes into a file: per-event or per-candidate columns and jagged collections, with unit and meaning.

A :class:`Table` is the one form in which data leave the kernels; every file format and the Python interface are
made from it without copying numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.record import (
    CLUSTER_COLUMNS,
    COVARIANCE_NAMES,
    HYPOTHESES,
    KLM_COLUMNS,
    PID_DETECTORS,
    TRACK_COLUMNS,
    Reco,
)
from physics.penguins import weight_description
from physics.record import PARTICLE_COLUMNS, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.events import Events

EVENT_COLUMNS = {
    c.name: c
    for c in (
        Column("__event__", "", "event number; with seed and sample it names the event for ever"),
        Column("__weight__", "", "weight of the event, of mean 1: yield = Σ __weight__ × luminosity × σ / generated"),
        Column("mcQ2", "GeV^2", "true q²: mass squared of the lepton pair or of the invisible X"),
        Column(
            "mcDecayMode_B1",
            "",
            "decay mode of the first B (the signal B in signal samples, the τ- in τ pairs); the file names it",
        ),
        Column("mcDecayMode_B2", "", "decay mode of the second B (the τ+ in τ pairs)"),
        Column("mcDeltaT", "ns", "proper-time difference of the two B decays, t1 - t2"),
        Column("mcRootS", "GeV", "true √s of the collision"),
        Column("mcRootSPrime", "GeV", "true √s' after initial-state radiation"),
    )
}


@dataclass(frozen=True)
class Table:
    """Columns of one chunk.

    Attributes
    ----------
    columns : ``(n,)`` arrays by name, one entry per row.
    collections : by prefix (``mc``): the offsets ``(n + 1,)`` and the arrays of its columns by short name.
    """

    columns: dict[str, np.ndarray]
    collections: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        inner = (column for _, columns in self.collections.values() for column in columns.values())
        return sum(column.nbytes for column in (*self.columns.values(), *inner))


def joined(tables: Sequence[Table]) -> Table:
    """Return the rows of tables with the same columns as one table."""
    first = tables[0]
    if len(tables) == 1:
        return first
    columns = {name: np.concatenate([t.columns[name] for t in tables]) for name in first.columns}
    collections = {}
    for prefix, (_, inner) in first.collections.items():
        counts = np.concatenate([np.diff(t.collections[prefix][0]) for t in tables])
        offsets = np.concatenate([[0], np.cumsum(counts)])
        collections[prefix] = (
            offsets,
            {name: np.concatenate([t.collections[prefix][1][name] for t in tables]) for name in inner},
        )
    return Table(columns, collections)


def truth_table(events: Events) -> Table:
    """Return the ``truth`` table: event columns and the jagged ``mc`` collection."""
    columns = {"__event__": events.number, **events.columns}
    return Table(columns, {"mc": _collection(events.particles, PARTICLE_COLUMNS)})


def reco_table(events: Events, reco: Reco) -> Table:
    """Return the ``reco`` table: truth plus what the detector saw."""
    truth = truth_table(events)
    offsets, columns = _collection(reco.tracks, ())
    covariance, likelihood = columns.pop("covariance"), columns.pop("log_likelihood")
    for i, name in enumerate(COVARIANCE_NAMES):
        columns[f"cov_{name}"] = covariance[:, i]
    for i, detector in enumerate(PID_DETECTORS):
        for j, hypothesis in enumerate(HYPOTHESES):
            columns[f"logL_{detector}_{hypothesis}"] = likelihood[:, i, j]
    order = [c.name.removeprefix("track_") for c in TRACK_COLUMNS]
    return Table(
        truth.columns,
        {
            **truth.collections,
            "track": (offsets, {name: columns[name] for name in order}),
            "cluster": _collection(reco.clusters, CLUSTER_COLUMNS),
            "klm": _collection(reco.klm, KLM_COLUMNS),
        },
    )


def _collection(record: Any, documented: tuple[Column, ...]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Split a record of arrays, offsets first, into offsets and columns by documented name, else by field."""
    offsets, *arrays = record
    names = [c.name.split("_", 1)[1] for c in documented] or record._fields[1:]
    return offsets, dict(zip(names, arrays, strict=True))


def documentation(names: list[str], extra: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return ``{name: {"unit": …, "description": …}}`` for the columns of a file, in their order."""
    known: dict[str, Any] = {**EVENT_COLUMNS, **extra}
    for column in (*PARTICLE_COLUMNS, *TRACK_COLUMNS, *CLUSTER_COLUMNS, *KLM_COLUMNS):
        known[column.name] = column
    result = {}
    for name in names:
        if name in known:
            result[name] = {"unit": known[name].unit, "description": known[name].description}
            if hasattr(known[name], "source"):
                result[name]["source"] = known[name].source
        elif name.startswith("weight_"):
            result[name] = {"unit": "", "description": weight_description(name)}
        else:
            result[name] = {"unit": "", "description": ""}
    return result
