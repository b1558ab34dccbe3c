"""Scratch memory for the daughters of one decay."""

import numpy as np

MAX_DAUGHTERS = 32
DAUGHTERS = np.dtype(
    (
        np.record,
        [
            ("rows", np.int64, (MAX_DAUGHTERS,)),  # rows of the table
            ("pdg", np.int64, (MAX_DAUGHTERS,)),
            ("masses", np.float64, (MAX_DAUGHTERS,)),  # [GeV]
            ("next_mode", np.int64, (MAX_DAUGHTERS,)),  # by which a resonance will decay, drawn before its mass; −1
            ("charges", np.float64, (MAX_DAUGHTERS,)),  # [e]
            ("p", np.float64, (MAX_DAUGHTERS, 4)),  # (px, py, pz, E) [GeV] in the mother's rest frame
            ("photons", np.float64, (MAX_DAUGHTERS, 4)),
            ("placed", np.int64),  # 1 when the momenta came with the daughters (strings)
            ("strings", np.int64),  # addresses of the string decays and of their memory
            ("string_memory", np.int64),
        ],
    )
)


def new_daughters() -> np.record:
    """Return the memory of one decay, for modes without strings."""
    memory: np.record = np.zeros(1, DAUGHTERS)[0]
    return memory
