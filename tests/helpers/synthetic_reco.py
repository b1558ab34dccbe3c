"""Truth written by hand, and a perfect or Gaussian detector that needs no card: tracks, photons, nothing else."""

from dataclasses import dataclass, field

import numpy as np

from detector.helix import helix_at_poca
from detector.record import HYPOTHESIS_PDG, Clusters, KLMClusters, Reco, Tracks
from detector.tables import column_type, new_table
from physics.beams import superkekb
from physics.record import STATUS_DECAYED, STATUS_FINAL, Particles
from sim.events import Events

BEAMS = superkekb()
FIELD = 1.5
MASS = {11: 0.000511, 13: 0.1056583755, 211: 0.13957039, 321: 0.493677, 2212: 0.93827, 310: 0.497611}
SIGMA = np.array([15e-4, 1e-3, 2e-5, 25e-4, 1e-3])
"""Errors of the synthetic helices."""
CHARGE = {211: 1, 321: 1, 2212: 1, 11: -1, 13: -1}


@dataclass
class Event:
    """Particles in the order of the record."""

    rows: list = field(default_factory=list)

    def add(self, pdg, p, mother=-1, vertex=(0.0, 0.0, 0.0), final=True, mass=None):
        """Add a particle with momentum ``p`` [GeV]; returns its index."""
        p = np.asarray(p, float)
        m = MASS.get(abs(pdg), 0.0) if mass is None else mass
        self.rows.append((pdg, *p, float(np.sqrt(p @ p + m * m)), mother, final, *vertex))
        return len(self.rows) - 1


def measured(events, seed=1, smear=True, identified=True):
    """Return (reco, events) of a list of :class:`Event`: every charged final particle is a track, every γ a cluster."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum([len(e.rows) for e in events])]).astype(np.int64)
    table = np.array([row for e in events for row in e.rows], float)
    final = table[:, 6] > 0
    particles = Particles(
        offsets,
        table[:, 0].astype(np.int32),
        *(np.ascontiguousarray(table[:, k]) for k in range(1, 5)),
        table[:, 5].astype(np.int32),
        np.where(final, STATUS_FINAL, STATUS_DECAYED).astype(np.int8),
        *(np.ascontiguousarray(table[:, k]) for k in range(7, 10)),
        np.zeros(len(table)),
    )
    event = np.repeat(np.arange(len(events)), np.diff(offsets))
    local = np.arange(len(table)) - offsets[event]
    pdg = table[:, 0].astype(int)
    charged = final & np.isin(abs(pdg), list(CHARGE))
    photon = final & (pdg == 22)
    return Reco(
        _tracks(table, pdg, event, local, charged, len(events), rng, smear, identified),
        _clusters(table, event, local, photon, len(events)),
        _no_klm(len(events)),
    ), Events(
        np.arange(len(events), dtype=np.int64) + 100,
        particles,
        {"__weight__": rng.uniform(0.5, 1.5, len(events)), "mcQ2": rng.uniform(0, 22, len(events))},
    )


def _offsets(event, chosen, n):
    return np.concatenate([[0], np.cumsum(np.bincount(event[chosen], minlength=n))]).astype(np.int64)


def _tracks(table, pdg, event, local, charged, n_events, rng, smear, identified):
    rows, species = table[charged], pdg[charged]
    n = len(rows)
    q = np.array([CHARGE[abs(s)] * np.sign(s) for s in species])
    helix = np.array(
        [helix_at_poca(*r[7:10], *r[1:4], float(c), FIELD)[:5] for r, c in zip(rows, q, strict=True)]
    ).reshape(n, 5)
    if smear:
        helix += rng.normal(size=(n, 5)) * SIGMA
    covariance = np.zeros((n, 15))
    covariance[:, [0, 5, 9, 12, 14]] = SIGMA**2
    log_likelihood = np.zeros((n, 6, 6), np.float32)
    if identified:
        for k, s in enumerate(species):
            log_likelihood[k, :, HYPOTHESIS_PDG.index(abs(s))] = 2.0
    i32 = np.int32
    return Tracks(
        _offsets(event, charged, n_events),
        *(np.ascontiguousarray(helix[:, k]) for k in range(5)),
        covariance,
        np.full(n, 50.0),
        np.full(n, 50, i32),
        rng.integers(0, 3, n).astype(i32),
        np.full(n, 8, i32),
        rng.integers(0, 57, n).astype(i32),
        np.ones(n, i32),
        np.full(n, 3, i32),
        np.zeros(n, i32),
        np.full(n, 55, i32),
        log_likelihood,
        np.full(n, -1, i32),
        np.full(n, -1, i32),
        local[charged].astype(i32),
        species.astype(i32),
    )


def _clusters(table, event, local, photon, n_events):
    p = table[photon, 1:4]
    e = np.linalg.norm(p, axis=1)
    errors, shapes = 3 * (0.02,), 4 * (0.9,)
    values = (
        e, np.arccos(p[:, 2] / e), np.arctan2(p[:, 1], p[:, 0]), 150, *errors, 0, 1, *shapes, 9, 2, 50,
        -1, local[photon], 22,
    )  # fmt: skip
    columns = (
        np.full(len(e), value, column_type(name)) for name, value in zip(Clusters._fields[1:], values, strict=True)
    )
    return Clusters(_offsets(event, photon, n_events), *columns)


def _no_klm(n_events):
    return new_table(KLMClusters, 0, n_events)


def random_event(rng, n_tracks, n_photons, spread=1e-3):
    """An Υ(4S) event without physics: tracks from near the origin, photons, all daughters of the Υ(4S)."""
    event = Event()
    event.add(300553, (BEAMS.px, BEAMS.py, BEAMS.pz), final=False, mass=BEAMS.root_s)
    for _ in range(n_tracks):
        species = int(rng.choice([211, 321, 13, 11], p=[0.7, 0.2, 0.05, 0.05]) * rng.choice([-1, 1]))
        event.add(species, rng.normal(size=3) * 0.6 + [0, 0, 0.25], 0, rng.normal(size=3) * spread)
    for _ in range(n_photons):
        event.add(22, rng.normal(size=3) * 0.4 + [0, 0, 0.1], 0)
    return event


def random_events(n, seed=1, tracks=(3, 12), photons=(0, 12)):
    """Return ``n`` random events."""
    rng = np.random.default_rng(seed)
    return [random_event(rng, int(rng.integers(*tracks)), int(rng.integers(*photons))) for _ in range(n)]
