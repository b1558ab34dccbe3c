"""Events as they travel through the production: numbers, true particles and per-event columns."""

from dataclasses import dataclass, field

import numpy as np

from physics.record import Particles


@dataclass(frozen=True)
class Events:
    """The truth of ``n`` events.

    Attributes
    ----------
    number : int64 ``(n,)``, event numbers; with (seed, sample) they name the events for ever.
    particles : the true particles, laboratory frame, ``particles.offsets`` of length ``n + 1``.
    columns : per-event numbers ``(n,)`` by name: weights, ``mcQ2``, decay-mode identities, …
    """

    number: np.ndarray
    particles: Particles
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.number)
