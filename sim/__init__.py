"""Production: samples, generators, reconstruction, files and the command line.

``generate`` is the Python twin of ``belfast generate``: same names, same events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import awkward as ak

    from sim.production import Level

__all__ = ["generate"]


def generate(
    sample: str, events: int, seed: int = 1, level: Level = "ntuple", *, threads: int = 1, **options: Any
) -> ak.Array:
    """Generate a sample into memory.

    Parameters
    ----------
    sample : name in the catalogue (``belfast samples``).
    events : number of events to generate.
    seed : seed of the random streams.
    level : "truth" and "reco" return one record per event, "ntuple" one per signal candidate.
    threads : threads; the result does not depend on it.
    **options : further fields of :class:`sim.production.Request`, e.g. ``beam="off-resonance"``.

    Returns
    -------
    awkward array with the columns of the file (``mc_px``, ``track_d0``, …) and, for truth and reco, the collections
    ``mc``, ``track``, ``cluster`` as four- or three-vectors with ``vector`` behaviors (GeV).

    Raises
    ------
    ValueError
        For a request that cannot be met, in one sentence.
    """
    import awkward as ak

    from sim.files import to_awkward
    from sim.production import Request, build_line, process
    from sim.vectors import with_vectors

    request = Request(sample=sample, events=events, seed=seed, level=level, **options)
    line = build_line(request)
    rows = ak.concatenate([to_awkward(result.table) for result in process(line, threads)])
    return rows if level == "ntuple" else with_vectors(rows, line.magnetic_field)
