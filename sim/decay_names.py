"""What the rows of a decay table are called."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import overload


@dataclass(frozen=True)
class ModeDescription:
    """One mode for people: mother and daughters by EvtGen name, the model as written and as used."""

    mother: str
    daughters: tuple[str, ...]
    fraction: float
    model: str
    implemented: bool
    source: str

    @property
    def identity(self) -> str:
        """Stable name of the mode, independent of the place of its line: ``B+ -> anti-D0 pi+``."""
        return f"{self.mother} -> {' '.join(self.daughters)}"


@dataclass(frozen=True)
class Modes(Sequence[ModeDescription]):
    """Descriptions of modes by row, kept as a line of JSON each: a production asks for few of the thousands."""

    lines: list[str]

    @classmethod
    def of(cls, descriptions: Iterable[ModeDescription]) -> "Modes":
        """Return what gives ``descriptions`` back."""
        return cls([json.dumps(astuple(description)) for description in descriptions])

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, row: int) -> ModeDescription: ...
    @overload
    def __getitem__(self, row: slice) -> "Modes": ...
    def __getitem__(self, row: int | slice) -> "ModeDescription | Modes":
        """Return the description of one row, or those of several."""
        if isinstance(row, slice):
            return Modes(self.lines[row])
        mother, daughters, *rest = json.loads(self.lines[row])
        return ModeDescription(mother, tuple(daughters), *rest)


@dataclass
class Descriptions:
    """Names of the rows of a table: ``particles[row]`` and ``modes[row]``."""

    particles: list[str]
    modes: Modes

    def row(self, name: str) -> int:
        """Return the row of a particle or alias by its EvtGen name; ValueError when the table lacks it."""
        try:
            return self.particles.index(name)
        except ValueError:
            message = f"the decay table has no particle '{name}'"
            raise ValueError(message) from None
