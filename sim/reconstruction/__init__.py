"""From reco to rows: the inclusive-tag ntuple of B → K(*)νν̄, one row per signal candidate."""

from dataclasses import dataclass

import numpy as np

from detector.record import Reco
from physics.beams import Beams
from physics.random import new_stream
from sim.events import Events
from sim.reconstruction.columns import COLUMNS, KERNEL_COLUMNS, META_COLUMNS, NtupleColumn
from sim.reconstruction.selection import Selection, load_selection, selection_path
from sim.tables import Table

__all__ = [
    "Candidates",
    "NtupleColumn",
    "Selection",
    "candidate_columns",
    "load_selection",
    "reconstruct",
    "selection_path",
]

EXPERIMENT = 1003
"""Experiment number of run-independent simulation of Run 1 at Belle II."""
SOLENOID_FIELD = 1.5
"""Field [T] that turns curvature into momentum (arXiv:2311.14647, Sec. III)."""


@dataclass(frozen=True)
class Candidates:
    """Signal candidates of a run of events.

    Attributes
    ----------
    columns : by name, ``(n,)`` each, as computed; see :func:`candidate_columns`.
    event : int64 ``(n,)``, index of the event of each row.
    cut_flow : events left after each cut, and rows.
    """

    columns: dict[str, np.ndarray]
    event: np.ndarray
    cut_flow: dict[str, int]

    def __len__(self) -> int:
        return len(self.event)

    def table(self) -> Table:
        """Return the rows as they are stored, each column in its type of the table of columns."""
        types = {column.name: column.type for column in COLUMNS}
        return Table(
            {name: values.astype(types.get(name, values.dtype), copy=False) for name, values in self.columns.items()}
        )


def candidate_columns() -> dict[str, NtupleColumn]:
    """Return unit, description and source of each column, by name; columns of the truth come on top."""
    return {column.name: column for column in COLUMNS}


def reconstruct(
    reco: Reco,
    events: Events,
    selection: Selection,
    beams: Beams,
    field: float = SOLENOID_FIELD,
    key: int = 0,
) -> Candidates:
    """Find the signal candidates and compute every column of the ntuple.

    Parameters
    ----------
    reco, events : what the detector saw, and the truth behind it, of the same events.
    selection : from :func:`load_selection`.
    beams : nominal beams.
    field : magnetic field [T].
    key : of the run, :func:`physics.random.stream_key`; only the J/ψ control sample draws numbers.

    Columns that ``events`` brings (weights, ``mcQ2``, decay modes) are repeated for each candidate.
    """
    from sim.reconstruction.chunk import CUTS, new_work, reconstruct_events

    n_events = len(reco.tracks.offsets) - 1
    if n_events != len(events):
        msg = f"reco has {n_events} events but truth {len(events)}: give the truth that was measured"
        raise ValueError(msg)
    cleanup, cuts, work = selection.cleanup(field), selection.cuts(), new_work()
    flow = np.zeros(len(CUTS), np.int64)
    capacity = _capacity(n_events)
    out, index = np.empty((len(KERNEL_COLUMNS), capacity)), np.zeros((3, capacity), np.int64)
    next_event = rows = 0
    while True:
        next_event, rows = reconstruct_events(
            new_stream(),
            np.uint64(key),
            np.asarray(events.number, np.int64),
            reco,
            events.particles,
            next_event,
            n_events,
            cleanup,
            cuts,
            beams,
            work,
            out,
            *index,
            rows,
            flow,
        )
        if next_event == n_events:
            break
        capacity = _capacity(2 * capacity)
        out, index = _grown(out, capacity), _grown(index, capacity)
    event = index[0, :rows].copy()
    columns = _meta(events, event, index[1, :rows], index[2, :rows])
    for i, column in enumerate(KERNEL_COLUMNS):
        columns[column.name] = _values(column, out[i, :rows])
    for name, values in events.columns.items():
        if name not in columns:
            columns[name] = values[event]
    return Candidates(columns, event, dict(zip((*CUTS, "candidates"), (*map(int, flow), rows), strict=True)))


def _capacity(rows: int) -> int:
    """Rows for about ``rows``, chosen so that columns do not share lines of the processor's cache."""
    return (rows // 512 + 1) * 512 + 8


def _grown(array: np.ndarray, capacity: int) -> np.ndarray:
    larger = np.zeros((array.shape[0], capacity), array.dtype)
    larger[:, : array.shape[1]] = array
    return larger


def _values(column: NtupleColumn, values: np.ndarray) -> np.ndarray:
    return values.astype(column.type) if column.integer else values


def _meta(events: Events, event: np.ndarray, candidate: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
    n = len(event)
    weight = events.columns.get("__weight__")
    production = events.columns.get("__production__")
    values = (
        np.full(n, EXPERIMENT, np.int32),
        np.zeros(n, np.int32),
        events.number[event],
        candidate.astype(np.int32),
        candidates.astype(np.int32),
        np.zeros(n, np.int32) if production is None else production[event],
        np.ones(n) if weight is None else weight[event],
    )
    return dict(zip((column.name for column in META_COLUMNS), values, strict=True))
