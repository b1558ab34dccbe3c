"""What every generator is given besides the sample: streams, beams, tables and switches."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from physics.beams import Beams
from physics.decays.table import DecayTable
from sim.decay_names import Descriptions
from sim.events import Events

Generator = Callable[[int, int], Events]
"""Makes ``n`` events from event number ``first``: ``generator(first, n) -> Events``."""


@dataclass(frozen=True)
class Setup:
    """Options of a production as generators see them.

    Attributes
    ----------
    key : key of the random streams, :func:`physics.random.stream_key` of (seed, sample).
    beams : the machine.
    table : compiled decay file.
    names : names of the rows of the table.
    signal_only : drop the other B of a signal sample.
    unweighted : draw the standard-model q² directly instead of weighting phase space.
    tune : file with hadronization parameters that replace the default's, or None.
    generator : which program fragments quarks.
    """

    key: np.uint64
    beams: Beams
    table: DecayTable
    names: Descriptions
    signal_only: bool = False
    unweighted: bool = False
    tune: Path | None = None
    generator: Literal["belfast", "pythia8"] = "belfast"
