"""The truth record: particles of many events as columns with offsets (awkward's own layout).

Event ``i`` owns the entries ``offsets[i]:offsets[i + 1]``.  Kernels read and write the columns; nobody loops over
them in Python.  A generator kernel builds one event in a scratch event, then :func:`append_event` copies it behind the
others; when the memory is full the kernel returns early, Python doubles
the memory and calls it again from the event it had reached (streams are counter-based, so nothing is lost).
"""

from typing import NamedTuple

import numpy as np

from physics.jit import kernel
from physics.memory import side_by_side

STATUS_UNDECAYED = 0
"""Still to be decayed; never left in a finished event."""
STATUS_FINAL = 1
"""e, µ, π±, K±, p, n, K_L, γ, ν: handed to the detector undecayed."""
STATUS_DECAYED = 2
NO_MOTHER = -1

MAX_EVENT_PARTICLES = 1000
"""Capacity of a scratch event; a B B̄ event has about 60 entries.  Not a power of two, or the same entry of every
column would fall on the same line of the processor's cache."""


class Column(NamedTuple):
    """What a column of a file means; goes into the file beside the numbers."""

    name: str
    unit: str
    description: str


class Particles(NamedTuple):
    """Columns of particles, laboratory frame; shapes ``(n,)`` but ``offsets`` ``(n_events + 1,)``."""

    offsets: np.ndarray  # int64
    pdg: np.ndarray  # int32, PDG identity
    px: np.ndarray  # float64 [GeV]
    py: np.ndarray  # float64 [GeV]
    pz: np.ndarray  # float64 [GeV]
    E: np.ndarray  # float64 [GeV]
    mother: np.ndarray  # int32, index in the event, NO_MOTHER for none
    status: np.ndarray  # int8, STATUS_FINAL or STATUS_DECAYED
    vx: np.ndarray  # float64 [cm], production vertex
    vy: np.ndarray  # float64 [cm]
    vz: np.ndarray  # float64 [cm]
    t: np.ndarray  # float64 [ns], production time


SCRATCH_EVENT = np.dtype(
    (
        np.record,
        [
            (name, kind, (MAX_EVENT_PARTICLES,))
            for name, kind in (
                ("pdg", np.int64),
                *((name, np.float64) for name in ("px", "py", "pz", "E")),
                *((name, np.int64) for name in ("mother", "status")),
                *((name, np.float64) for name in ("vx", "vy", "vz", "t")),
            )
        ],
    )
)
"""One event under construction, columns as in :class:`Particles`.  A record goes from kernel to kernel as one pointer;
a tuple of arrays would go as ninety words, which costs more than many a decay."""


PARTICLE_COLUMNS = (
    Column("mc_PDG", "", "PDG identity of the true particle"),
    Column("mc_px", "GeV", "true momentum, laboratory frame"),
    Column("mc_py", "GeV", "true momentum, laboratory frame"),
    Column("mc_pz", "GeV", "true momentum, laboratory frame"),
    Column("mc_E", "GeV", "true energy, laboratory frame"),
    Column("mc_mother", "", "index of the mother in the event, -1 for none"),
    Column("mc_status", "", "1: final, handed to the detector; 2: decayed"),
    Column("mc_vx", "cm", "production vertex"),
    Column("mc_vy", "cm", "production vertex"),
    Column("mc_vz", "cm", "production vertex"),
    Column("mc_t", "ns", "production time"),
)


def new_event() -> np.record:
    """Return the memory of one scratch event."""
    memory: np.record = np.zeros(1, SCRATCH_EVENT)[0]
    return memory


def new_particles(capacity: int, events: int) -> Particles:
    """Return memory for ``capacity`` particles of ``events`` events (``offsets[0] = 0``)."""
    kinds = (np.int32,) + 4 * (np.float64,) + (np.int32, np.int8) + 4 * (np.float64,)
    return Particles(np.zeros(events + 1, np.int64), *side_by_side(*((capacity, kind) for kind in kinds)))


def grown(particles: Particles) -> Particles:
    """Return a copy with twice the capacity."""
    larger = new_particles(2 * len(particles.pdg), len(particles.offsets) - 1)
    for old, new in zip(particles, larger, strict=True):
        new[: len(old)] = old
    return larger


def trimmed(particles: Particles) -> Particles:
    """Return views of the filled part; ``offsets[-1]`` is the number of particles."""
    n = particles.offsets[-1]
    return Particles(particles.offsets, *(column[:n] for column in particles[1:]))


@kernel
def set_particle(event, i, pdg, px, py, pz, e, mother, status, vx, vy, vz, t):
    """Write entry ``i`` of a scratch event."""
    event.pdg[i] = pdg
    event.px[i] = px
    event.py[i] = py
    event.pz[i] = pz
    event.E[i] = e
    event.mother[i] = mother
    event.status[i] = status
    event.vx[i] = vx
    event.vy[i] = vy
    event.vz[i] = vz
    event.t[i] = t


@kernel
def append_event(particles, i_event, event, n):
    """Copy the ``n`` entries of scratch ``event`` to event ``i_event`` of ``particles``.

    Returns False, with nothing written, when the memory is full.
    """
    first = particles.offsets[i_event]
    if first + n > particles.pdg.shape[0]:
        return False
    for k in range(n):
        j = first + k
        particles.pdg[j] = event.pdg[k]
        particles.px[j] = event.px[k]
        particles.py[j] = event.py[k]
        particles.pz[j] = event.pz[k]
        particles.E[j] = event.E[k]
        particles.mother[j] = event.mother[k]
        particles.status[j] = event.status[k]
        particles.vx[j] = event.vx[k]
        particles.vy[j] = event.vy[k]
        particles.vz[j] = event.vz[k]
        particles.t[j] = event.t[k]
    particles.offsets[i_event + 1] = first + n
    return True
