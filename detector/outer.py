"""Everything outside the tracker, in one call: calorimeter, muon system and identification.

:func:`compile_outer` makes the kernel constants from a card's sections, :func:`measure_outer` runs the kernels over
all events of a chunk.
"""

import threading
from typing import Any, NamedTuple

import numpy as np

from detector.arrivals import Arrivals, new_arrivals
from detector.background import Background, compile_background
from detector.calorimeter import Calorimeter, compile_calorimeter
from detector.clusters import Points, measure_calorimeter, new_points
from detector.draws import Draws, new_draws
from detector.flight import Flights
from detector.identification import Identification, compile_identification
from detector.klm import KLM, compile_klm, expected_layer
from detector.likelihoods import identify, new_track_sheet
from detector.muon_system import Passages, measure_klm, new_passage_sheet, new_passages
from detector.record import Clusters, KLMClusters, Tracks
from detector.sheet import BLOCK_EVENTS, PITCH, Block, new_block
from detector.stopping import CAESIUM_IODIDE, IRON, RangeTable, range_table
from detector.table_cache import stored_table
from detector.tables import grown_table, new_table, trimmed_table
from detector.templates import Observables, Templates, build_templates, empty_templates
from physics.jit import inlined_kernel, kernel
from physics.random import new_stream

BLOCK_SIZE = 256
"""Most flights, and most tracks, of a block of events; a single event may have more."""


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
    crystals = calorimeter.crystal_length * calorimeter.density
    klm = compile_klm(card.klm, card.magnet.field.number, crystals, csi, iron)
    identification = compile_identification(card.identification, empty_templates())
    outer = Outer(calorimeter, compile_background(card.background), klm, identification, csi, iron)
    # Of identification itself, templates depend on one number: others may change without making them anew.
    constants = (calorimeter, outer.background, klm, identification.muon_momentum, csi, iron)
    templates = stored_table("templates", Templates, lambda *_: simulated_templates(outer), *constants)
    return outer._replace(identification=identification._replace(templates=templates))


class Memory(NamedTuple):
    """Scratch memory of a thread, for chunks of so many flights and tracks."""

    draws: Draws
    stream: np.record
    who: np.ndarray
    block: Block
    points: Points
    carried: np.ndarray
    track_sheet: np.ndarray
    passage_sheet: np.ndarray
    arrivals: Arrivals
    passages: Passages


_kept = threading.local()


def _memory(flights: Flights, tracks: Tracks) -> Memory:
    """Memory kept by each thread: fresh pages for every chunk would cost more than the work.

    Nothing that :func:`measure_outer` returns refers to it.
    """
    memory: Memory | None = getattr(_kept, "memory", None)
    most = int(np.diff(flights.offsets).max(initial=BLOCK_SIZE))
    most_tracks = int(np.diff(tracks.offsets).max(initial=BLOCK_SIZE))
    if (
        memory is None
        or len(memory.arrivals.depth) < len(flights.pdg)
        or len(memory.arrivals.carrier) < len(tracks.d0)
        or len(memory.carried) < most
        or len(memory.points.x) < most_tracks
    ):
        particles = 2 * max(PITCH, most, most_tracks)
        memory = Memory(
            new_draws(particles),
            new_stream(),
            np.zeros(particles, np.int64),
            new_block(),
            new_points(2 * most_tracks),
            np.zeros(2 * most, np.int64),
            new_track_sheet(),
            new_passage_sheet(),
            new_arrivals(len(flights.pdg) * 5 // 4, len(tracks.d0) * 5 // 4),
            new_passages(len(tracks.d0) * 5 // 4),
        )
        _kept.memory = memory
    return memory


@inlined_kernel
def block_end(flights, tracks, begin, events):
    """Return the end of the block of events that begins at ``begin``."""
    end = begin + 1
    while (
        end < min(begin + BLOCK_EVENTS, events)
        and flights.offsets[end + 1] - flights.offsets[begin] <= BLOCK_SIZE
        and tracks.offsets[end + 1] - tracks.offsets[begin] <= BLOCK_SIZE
    ):
        end += 1
    return end


@kernel
def measure_events(key, numbers, begin, flights, tracks, clusters, klm_clusters, m, outer):
    """Measure the events from ``begin`` on; returns the first one that was left because clusters' memory was full.

    Events are measured in blocks: vectors are well filled, and what one detector leaves is still in the processor's
    cache when the next one needs it.
    """
    while begin < numbers.shape[0]:
        end = block_end(flights, tracks, begin, numbers.shape[0])
        if not measure_calorimeter(
            m.draws, m.stream, key, numbers, begin, end, flights, tracks, clusters, m.who, m.block, m.points,
            m.arrivals, outer.csi, outer.calorimeter, outer.background,
        ):  # fmt: skip
            return begin
        if not measure_klm(
            m.draws, key, numbers, begin, end, flights, tracks, clusters, klm_clusters, m.who, m.carried,
            m.passage_sheet, m.arrivals, m.passages, outer.klm, outer.iron,
        ):  # fmt: skip
            return begin
        identify(
            m.draws, key, numbers, begin, end, flights, tracks, clusters, m.who, m.arrivals, m.passages, m.track_sheet,
            outer.identification, outer.klm,
        )  # fmt: skip
        begin = end
    return begin


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
    key, numbers = np.uint64(key), np.ascontiguousarray(event_numbers, np.int64)
    n = len(numbers)
    memory = _memory(flights, tracks)
    clusters = new_table(Clusters, len(flights.pdg) + int(n * outer.background.clusters) + 1024, n)
    klm_clusters = new_table(KLMClusters, 2 * n + 64, n)
    begin = 0
    while True:
        begin = measure_events(key, numbers, begin, flights, tracks, clusters, klm_clusters, memory, outer)
        if begin == n:
            return trimmed_table(clusters), trimmed_table(klm_clusters)
        clusters, klm_clusters = grown_table(clusters), grown_table(klm_clusters)


@kernel
def _expected_layers(p, passages, klm, out):
    for row in range(p.shape[0]):
        out[row] = 0
        if passages.region[row] > 0:
            out[row] = expected_layer(p[row], passages.region[row], passages.cosine[row], klm)


def simulated_templates(outer: Outer) -> Templates:
    """Return the probability tables of a detector whose own may still be empty."""

    def observe(flights: Flights, tracks: Tracks) -> Observables:
        numbers = np.arange(len(flights.offsets) - 1)
        clusters, _ = measure_outer(np.uint64(0), numbers, flights, tracks, outer)
        n, m = len(tracks.omega), _memory(flights, tracks)
        p = outer.klm.bending / np.abs(tracks.omega) * np.sqrt(1.0 + tracks.tanLambda**2)
        expected = np.zeros(n, np.int64)
        _expected_layers(p, m.passages, outer.klm, expected)
        event = np.repeat(numbers, np.diff(tracks.offsets))
        cluster = np.where(tracks.cluster >= 0, tracks.cluster + clusters.offsets[event], 0)
        energy = np.where(tracks.cluster >= 0, clusters.E[cluster], 0.0)
        columns = (m.passages.region, m.passages.outer, m.passages.hits, m.passages.scatter)
        region, last, hits, scatter = (column[:n] for column in columns)
        observables = Observables(p, energy, clusters.pulse_shape[cluster], region, expected, last, hits, scatter)
        arrives = m.arrivals.carrier[:n] >= 0
        return Observables(*(column[arrives] for column in observables))

    return build_templates(observe, outer.klm.bending / 0.00299792458, outer.identification.muon_momentum)
