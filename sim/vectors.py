"""Collections of an awkward event array as ``vector`` objects: ``events.mc.pt``, ``events.track.deltaR(…)``."""

from typing import Any

from detector.helix import FIELD_CONSTANT


def with_vectors(events: Any, field: float) -> Any:
    """Return ``events`` with the collections ``mc`` (Momentum4D), ``track`` (Momentum3D), ``cluster`` (Momentum4D).

    ``field`` is the solenoid's [T], which turns curvatures into momenta.  Inside ``mc`` the production time ``mc_t`` is
    called ``time``, because ``t`` is a vector's fourth coordinate.
    """
    import awkward as ak
    import numpy as np
    import vector

    vector.register_awkward()
    fields = events.fields

    def columns(prefix: str) -> dict[str, Any]:
        return {f.removeprefix(prefix): events[f] for f in fields if f.startswith(prefix)}

    mc = columns("mc_")
    mc["time"] = mc.pop("t")
    events["mc"] = ak.zip(mc, with_name="Momentum4D")
    if any(f.startswith("track_") for f in fields):
        track = columns("track_")
        pt = FIELD_CONSTANT * field / np.abs(track["omega"])
        momentum = {"pt": pt, "phi": track["phi0"], "pz": pt * track["tanLambda"]}
        events["track"] = ak.zip({**momentum, **track}, with_name="Momentum3D")
        cluster = columns("cluster_")
        sine = np.sin(cluster["theta"])
        photon = {"pt": cluster["E"] * sine}
        events["cluster"] = ak.zip({**photon, **cluster}, with_name="Momentum4D")
    return events
