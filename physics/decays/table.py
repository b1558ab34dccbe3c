"""The decay table as kernels see it: one row for each particle, one for each decay mode, all arrays.

An alias of a decay file (``K*L`` for a K*⁰ that decays to K_L) is a row of its own with the PDG identity of the
particle it stands for.  Records keep what belongs together on one cache line.
"""

from typing import NamedTuple

import numpy as np

from physics.jit import kernel

# What becomes of a particle
FATE_DECAYS = 0
FATE_FINAL = 1

# Line shapes
SHAPE_NARROW = 0
"""Always the nominal mass."""
SHAPE_BREIT_WIGNER = 1
SHAPE_FLAT = 2
SHAPE_NON_RELATIVISTIC = 3

# How the daughters of a mode are made
KIND_PHASE_SPACE = 0
"""Unweighted phase space, daughters unpolarised (EvtGen's PHSP, and any model that is not implemented)."""
KIND_AMPLITUDE = 1
"""Phase space times the squared amplitude of the mode's model, spin density matrices down the chain."""
KIND_HADRONIC_REMNANT = 2
"""Known daughters and partons that turn into hadrons (EvtGen's PYTHIA)."""

PARTICLE = np.dtype(
    [
        ("pdg", np.int64),
        ("mass", np.float64),  # nominal mass [GeV]
        ("width", np.float64),  # total width [GeV]
        ("ctau", np.float64),  # proper decay length [cm], 0 when it need not be followed
        ("mass_min", np.float64),  # window of the line shape [GeV]
        ("mass_max", np.float64),
        ("states", np.int64),  # number of spin states
        ("spin2", np.int64),  # 2J
        ("shape", np.int64),  # SHAPE_…
        ("charge", np.int64),  # [e]
        ("first_mode", np.int64),
        ("n_modes", np.int64),
        ("fate", np.int64),  # FATE_…
        ("anti", np.int64),  # row of the antiparticle, itself for a self-conjugate one, −1 when it has no row
        ("correlated", np.int64),  # 1 when any of its modes has an amplitude
        ("birth", np.int64),  # 1 when the barrier of the decay that makes it is in its mass distribution
    ]
)
MODE = np.dtype(
    [
        ("fraction", np.float64),
        ("threshold", np.float64),  # smallest mass [GeV] at which the mode is open
        ("maximum", np.float64),  # of the decay probability, for acceptance; 0 when unknown
        ("kind", np.int64),  # KIND_…
        ("model", np.int64),  # identity in the registry of models, −1 for none
        ("pythia_mode", np.int64),
        ("first_daughter", np.int64),
        ("n_daughters", np.int64),
        ("first_parameter", np.int64),
        ("n_parameters", np.int64),
        ("photos", np.int64),  # 1 when final-state radiation is allowed
        ("wave", np.int64),  # lowest orbital momentum of a two-body mode, −1 for any other
        ("barrier", np.int64),  # 1 when the mother's line shape has the barrier factor of this mode
        ("first_quantile", np.int64),  # of the mother's mass distribution in this mode, −1 when it has one mass
        ("m1", np.float64),  # nominal masses [GeV] of the first two daughters
        ("m2", np.float64),
        ("shaped", np.int64),  # number of daughters with a line shape
        ("bound", np.float64),  # phase_space_bound where all masses are the nominal ones, 0 where they are not
    ]
)
LOOKUP_SIZE = 4096


class DecayTable(NamedTuple):
    """Particles, modes and what they refer to."""

    particles: np.ndarray  # PARTICLE (n,)
    modes: np.ndarray  # MODE (m,)
    cumulative: np.ndarray  # float64 (m,), summed branching fraction up to and including a mode, the last one's 1
    asymmetry: np.ndarray  # float64 (m, 2), (S, C) of a CP mode of a neutral B, NaN for the others
    daughters: np.ndarray  # int64, rows of the daughters of all modes, −1 for a parton
    daughter_pdg: np.ndarray  # int64, PDG codes of the partons, 0 for a particle
    parameters: np.ndarray  # float64, parameters of the models of all modes
    quantiles: np.ndarray  # float64, masses [GeV] of resonances, QUANTILES for each of their modes
    lookup_key: np.ndarray  # int64 (LOOKUP_SIZE,), PDG identity → row by open addressing; 0 is free
    lookup_row: np.ndarray  # int64 (LOOKUP_SIZE,)
    fsr: int  # 1 when charged particles radiate


def empty_table() -> DecayTable:
    """Return a table of nothing, an example of the types of any."""
    integers, numbers = np.zeros(0, np.int64), np.zeros(0)
    return DecayTable(
        np.zeros(0, PARTICLE), np.zeros(0, MODE), numbers, np.zeros((0, 2)), integers, integers, numbers, numbers,
        integers, integers, 0,
    )  # fmt: skip


def make_lookup(pdgs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tables of :func:`particle_row` for the identities of rows 0, 1, …; the first row of each counts."""
    keys = np.zeros(LOOKUP_SIZE, np.int64)
    rows = np.full(LOOKUP_SIZE, -1, np.int64)
    for row, pdg in enumerate(pdgs):
        slot = int(_slot.py_func(np.int64(pdg)))
        while keys[slot] not in (0, pdg):
            slot = (slot + 1) % LOOKUP_SIZE
        if keys[slot] == 0:
            keys[slot], rows[slot] = pdg, row
    return keys, rows


@kernel
def _slot(pdg):
    """First slot to look at; identities differ in their low and middle digits."""
    x = pdg if pdg > 0 else 7 - 3 * pdg
    return (x + (x >> 12) * 31) & (LOOKUP_SIZE - 1)


@kernel
def find_row(lookup_key, lookup_row, pdg):
    """Row of a PDG identity, −1 when the table does not know it."""
    slot = _slot(pdg)
    while lookup_key[slot] != 0:
        if lookup_key[slot] == pdg:
            return lookup_row[slot]
        slot = (slot + 1) & (LOOKUP_SIZE - 1)
    return -1


@kernel
def particle_row(table, pdg):
    """Row of a PDG identity in a :class:`DecayTable`, −1 when the table does not know it."""
    return find_row(table.lookup_key, table.lookup_row, pdg)


@kernel
def draw_mode(particles, cumulative, row, u):
    """Mode of particle ``row`` at the cumulative branching fraction ``u`` in (0, 1); −1 when it has none."""
    low = particles[row].first_mode
    high = low + particles[row].n_modes - 1
    if high < low:
        return -1
    while low < high:
        middle = (low + high) // 2
        if u < cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    return low
