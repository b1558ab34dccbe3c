"""Everything outside the tracker, in one call: calorimeter, muon system and identification.

:func:`compile_outer` makes the kernel constants from a card's sections, :func:`measure_outer` runs the kernels.
"""

from typing import Any, NamedTuple

import numpy as np

from detector.background import Background, compile_background
from detector.calorimeter import Calorimeter, compile_calorimeter
from detector.clusters import grown_clusters, measure_calorimeter, new_clusters, trimmed_clusters
from detector.flight import Flights
from detector.identification import Identification, compile_identification, identify
from detector.klm import KLM, compile_klm
from detector.muon_system import (
    grown_klm_clusters,
    measure_klm,
    new_klm_clusters,
    new_passages,
    trimmed_klm_clusters,
)
from detector.record import Clusters, KLMClusters, Tracks
from detector.showers import new_showers
from detector.stopping import CAESIUM_IODIDE, IRON, RangeTable, range_table
from detector.table_cache import stored_table
from detector.templates import Templates, build_templates
from physics.jit import kernel
from physics.random import new_stream

DONE, CLUSTERS_FULL, KLM_FULL = 0, 1, 2


class Outer(NamedTuple):
    """Constants of the outer detector for kernels."""

    calorimeter: Calorimeter
    background: Background
    klm: KLM
    identification: Identification
    csi: RangeTable
    iron: RangeTable


def compile_outer(card: Any) -> Outer:
    """Return the constants from a checked card (sections calorimeter, background, klm, identification)."""
    csi, iron = range_table(CAESIUM_IODIDE), range_table(IRON)
    envelope = card.envelope
    calorimeter = compile_calorimeter(
        card.calorimeter,
        envelope.calorimeter_radius.number,
        envelope.calorimeter_forward_z.number,
        envelope.calorimeter_backward_z.number,
        card.background.level.number,
    )
    klm = compile_klm(card.klm, card.magnet.field.number)
    templates = stored_table("templates", Templates, build_templates, calorimeter, csi, klm, iron)
    identification = compile_identification(card.identification, templates)
    return Outer(calorimeter, compile_background(card.background), klm, identification, csi, iron)


class Scratch(NamedTuple):
    """Memory of one call, reused for every event."""

    stream: np.ndarray
    showers: Any
    depths: np.ndarray
    left: np.ndarray
    carrier: np.ndarray
    points: np.ndarray
    passages: Any
    slownesses: np.ndarray


def new_scratch(flights: int, tracks: int) -> Scratch:
    """Return scratch memory for events of up to so many flights and tracks."""
    return Scratch(
        new_stream(),
        new_showers(),
        np.zeros(flights),
        np.zeros(flights),
        np.zeros(max(tracks, 1), np.int64),
        np.zeros((max(tracks, 1), 3)),
        new_passages(flights),
        np.zeros(6),
    )


@kernel
def _measure(key, numbers, begin, flights, tracks, clusters, klm_clusters, scratch, outer):
    """Measure events from ``begin`` on; returns (the event it stopped at, DONE or whose memory was full)."""
    s = scratch
    for i in range(begin, numbers.shape[0]):
        event = np.uint64(numbers[i])
        if not measure_calorimeter(
            s.stream, key, event, i, flights, tracks, clusters, s.showers, s.depths, s.left, s.carrier,
            s.points, outer.csi, outer.calorimeter, outer.background,
        ):  # fmt: skip
            return i, CLUSTERS_FULL
        if not measure_klm(
            s.stream, key, event, i, flights, tracks, clusters, klm_clusters, s.depths, s.left, s.carrier,
            s.passages, outer.klm, outer.iron,
        ):  # fmt: skip
            return i, KLM_FULL
        identify(
            s.stream, key, event, i, flights, tracks, clusters, s.carrier, s.passages, s.slownesses,
            outer.identification, outer.calorimeter, outer.klm, outer.csi, outer.iron,
        )  # fmt: skip
    return numbers.shape[0], DONE


def measure_outer(
    key: np.uint64, event_numbers: np.ndarray, flights: Flights, tracks: Tracks, outer: Outer
) -> tuple[Clusters, KLMClusters]:
    """Return the clusters of calorimeter and muon system of all events.

    Fills the columns ``log_likelihood``, ``cluster`` and ``klm`` of ``tracks`` in place.

    Parameters
    ----------
    key : of the run, see ``physics.random.stream_key``.
    event_numbers : int64 (n_events,).
    flights, tracks : of the same events.
    outer : constants from :func:`compile_outer`.
    """
    n = len(event_numbers)
    guess = len(flights.pdg) + 4 * n + 64
    clusters, klm_clusters = new_clusters(guess, n), new_klm_clusters(2 * n + 64, n)
    most = (int(np.diff(offsets).max(initial=1)) for offsets in (flights.offsets, tracks.offsets))
    scratch = new_scratch(*most)
    numbers = np.ascontiguousarray(event_numbers, np.int64)
    begin, state = 0, -1
    while state != DONE:
        begin, state = _measure(np.uint64(key), numbers, begin, flights, tracks, clusters, klm_clusters, scratch, outer)
        if state == CLUSTERS_FULL:
            clusters = grown_clusters(clusters)
        elif state == KLM_FULL:
            klm_clusters = grown_klm_clusters(klm_clusters)
    return trimmed_clusters(clusters), trimmed_klm_clusters(klm_clusters)
