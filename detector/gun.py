"""Single particles straight to the calorimeter: ideal flights and tracks, without tracker material or finding.

For tests and for calibrating the outer detector alone; :func:`detector.response.measure` is the real thing.
"""

import numpy as np

from detector.flight import REGION_BACKWARD, REGION_BARREL, REGION_FORWARD, Flights, new_flights
from detector.record import Tracks
from physics.particles import final_charge, final_mass


def single_flights(
    pdg: int | np.ndarray,
    p: np.ndarray,
    theta: np.ndarray,
    phi: np.ndarray,
    *,
    field: float = 1.5,
    radius: float = 125.0,
    forward_z: float = 196.2,
    backward_z: float = -102.2,
    strip_hits: int = 8,
    chamber_hits: int = 50,
) -> Flights:
    """Return one flight for each event, from the origin along an ideal helix to the calorimeter's face.

    ``p`` [GeV], ``theta`` and ``phi`` [rad] have the shape (n,).  Particles that turn around before the face end
    there with region 0.  A charged flight has track 0.
    """
    n = len(p)
    species = np.broadcast_to(np.asarray(pdg), (n,))
    flights = new_flights(n, n)
    charge = np.array([final_charge(int(s)) for s in species])
    mass = np.array([final_mass(int(s)) for s in species])
    sine, cosine = np.sin(theta), np.cos(theta)
    pt = p * sine
    curvature = charge * 0.00299792458 * field / pt  # turning of φ for each cm of arc (clockwise for positive)
    half = 0.5 * np.abs(curvature) * radius
    reaches = half < 1.0
    arc = np.where(
        np.abs(curvature) > 1e-9,
        2.0 * np.arcsin(np.minimum(half, 1.0)) / np.maximum(np.abs(curvature), 1e-9),
        radius,
    )
    wall = np.where(cosine > 0.0, forward_z, backward_z)
    to_wall = wall * sine / np.where(np.abs(cosine) < 1e-9, 1e-9, cosine)
    to_wall = np.where(to_wall > 0.0, to_wall, 1e9)
    barrel = reaches & (arc < to_wall)
    s = np.where(barrel, arc, np.minimum(to_wall, 1e4))
    turn = -curvature * s
    safe = np.where(np.abs(turn) < 1e-9, 1e-9, turn)
    x = s * (np.sin(safe) / safe * np.cos(phi) - (1.0 - np.cos(safe)) / safe * np.sin(phi))
    y = s * (np.sin(safe) / safe * np.sin(phi) + (1.0 - np.cos(safe)) / safe * np.cos(phi))
    z = s * cosine / sine
    inside = np.hypot(x, y) > 43.0
    region = np.where(
        barrel, REGION_BARREL, np.where(inside, np.where(cosine > 0.0, REGION_FORWARD, REGION_BACKWARD), 0)
    )
    path = s / sine
    values = {
        "offsets": np.arange(n + 1),
        "mc": 0,
        "pdg": species,
        "charge": charge,
        "track": np.where(charge != 0, 0, -1),
        "region": region,
        "px0": pt * np.cos(phi),
        "py0": pt * np.sin(phi),
        "pz0": p * cosine,
        "x": x,
        "y": y,
        "z": z,
        "t": path * np.sqrt(1.0 + (mass / p) ** 2) / 29.9792458,
        "px": pt * np.cos(phi + turn),
        "py": pt * np.sin(phi + turn),
        "pz": p * cosine,
        "path": path,
        "nSVDHits": np.where(charge != 0, strip_hits, 0),
        "nCDCHits": np.where(charge != 0, chamber_hits, 0),
    }
    for name, value in values.items():
        getattr(flights, name)[...] = value
    return flights


def single_tracks(flights: Flights, resolution: float = 0.004, field: float = 1.5) -> Tracks:
    """Return the tracks of :func:`single_flights`, with the given relative resolution of ω (fixed seed)."""
    has = flights.track >= 0
    n = int(has.sum())
    offsets = np.concatenate([[0], np.cumsum(has)]).astype(np.int64)
    pt = np.hypot(flights.px0, flights.py0)[has]
    blur = 1.0 + resolution * np.random.default_rng(1).standard_normal(n)
    columns = {
        "offsets": offsets,
        "omega": flights.charge[has] * 0.00299792458 * field / pt * blur,
        "tanLambda": flights.pz0[has] / pt,
        "covariance": np.zeros((n, 15)),
        "log_likelihood": np.zeros((n, 6, 6), np.float32),
        "mcPDG": flights.pdg[has],
    }
    integers = {"ndf", "nPXDHits", "nSVDHits", "nCDCHits", "firstPXDLayer", "firstSVDLayer", "firstCDCLayer",
                "lastCDCLayer", "cluster", "klm", "mc", "mcPDG"}  # fmt: skip
    for name in Tracks._fields:
        columns.setdefault(name, np.zeros(n, np.int32 if name in integers else np.float64))
    columns["mcPDG"] = columns["mcPDG"].astype(np.int32)
    return Tracks(**columns)
