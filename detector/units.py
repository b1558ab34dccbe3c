"""Quantities of a detector card: ``{value, unit, source}``, checked and turned into cm, GeV, ns, T and rad.

Every number of a card is one of the classes below, so that a card without a unit, with a unit of another kind
or with a value outside its physical range is refused, and nobody reads a number without its source. A
subclass states the units it knows (factor to the package's unit) and its allowed range; the name with an
``s`` holds a list.

    class PixelSection(Section):
        thickness: Thickness
        radii: Lengths

    section.thickness.number  # float, cm
    section.radii.numbers  # float64 array, cm
"""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

_LENGTH = {"µm": 1e-4, "um": 1e-4, "mm": 0.1, "cm": 1.0, "m": 100.0}
_ANGLE = {"rad": 1.0, "mrad": 1e-3, "deg": float(np.pi / 180.0)}
_TIME = {"ps": 1e-3, "ns": 1.0, "µs": 1e3, "us": 1e3}
_ENERGY = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0}
_FRACTION = {"1": 1.0, "%": 0.01}
_INFINITY = float("inf")


class Section(BaseModel):
    """Base of every section of a card: unknown keys are refused, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(Section):
    """Unit, source and range, common to one value and to lists."""

    unit: str
    source: Annotated[str, Field(min_length=3)]
    """Where the number comes from; ``assumption: why`` and ``UNCONFIRMED: …`` are honest answers."""

    UNITS: ClassVar[dict[str, float]] = {"1": 1.0}
    LOW: ClassVar[float] = -_INFINITY
    HIGH: ClassVar[float] = _INFINITY

    def _values(self) -> np.ndarray:
        raise NotImplementedError

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.unit not in self.UNITS:
            known = ", ".join(self.UNITS)
            msg = f"unit {self.unit!r} is not one of {known}"
            raise ValueError(msg)
        for value in self._values():
            if not self.LOW <= value * self.UNITS[self.unit] <= self.HIGH:
                factor = self.UNITS[self.unit]
                limits = f"{self.LOW / factor:g} to {self.HIGH / factor:g} {self.unit}"
                msg = f"value {value:g} {self.unit} is outside the physical range {limits}"
                raise ValueError(msg)
        return self


class Quantity(_Sourced):
    """One number with unit and source."""

    value: FiniteFloat

    def _values(self) -> np.ndarray:
        return np.array([self.value])

    @property
    def number(self) -> float:
        """The value in the package's units (cm, GeV, ns, T, rad)."""
        return float(self.value * self.UNITS[self.unit])


class Quantities(_Sourced):
    """A list of numbers with one unit and one source."""

    value: Annotated[list[FiniteFloat], Field(min_length=1)]

    def _values(self) -> np.ndarray:
        return np.array(self.value, dtype=np.float64)

    @property
    def numbers(self) -> np.ndarray:
        """The values in the package's units (cm, GeV, ns, T, rad), float64."""
        return self._values() * self.UNITS[self.unit]

    def __len__(self) -> int:
        return len(self.value)


class Number(Quantity):
    """A pure number without limits."""


class Numbers(Quantities):
    """Pure numbers without limits."""


class Fraction(Quantity):
    """An efficiency, probability or relative resolution, 0 to 1."""

    UNITS = _FRACTION
    LOW, HIGH = 0.0, 1.0


class Fractions(Quantities):
    """Efficiencies, probabilities or relative resolutions, 0 to 1."""

    UNITS = _FRACTION
    LOW, HIGH = 0.0, 1.0


class Scale(Quantity):
    """A factor, mean count or rate, not negative."""

    UNITS = _FRACTION
    LOW = 0.0


class Scales(Quantities):
    """Factors, mean counts or rates, not negative."""

    UNITS = _FRACTION
    LOW = 0.0


class Length(Quantity):
    """A coordinate [cm], either sign."""

    UNITS = _LENGTH


class Lengths(Quantities):
    """Coordinates [cm], either sign."""

    UNITS = _LENGTH


class Thickness(Quantity):
    """A thickness, radius or spatial resolution [cm], not negative."""

    UNITS = _LENGTH
    LOW = 0.0


class Thicknesses(Quantities):
    """Thicknesses, radii or spatial resolutions [cm], not negative."""

    UNITS = _LENGTH
    LOW = 0.0


class Angle(Quantity):
    """An angle [rad] within ±2π."""

    UNITS = _ANGLE
    LOW, HIGH = -6.2832, 6.2832


class Angles(Quantities):
    """Angles [rad] within ±2π."""

    UNITS = _ANGLE
    LOW, HIGH = -6.2832, 6.2832


class Time(Quantity):
    """A time [ns], either sign."""

    UNITS = _TIME


class Times(Quantities):
    """Times [ns], either sign."""

    UNITS = _TIME


class Energy(Quantity):
    """An energy, momentum or mass [GeV], not negative."""

    UNITS = {**_ENERGY, **{f"{unit}/c": factor for unit, factor in _ENERGY.items()}}
    LOW = 0.0


class Energies(Quantities):
    """Energies, momenta or masses [GeV], not negative."""

    UNITS = Energy.UNITS
    LOW = 0.0


class MagneticField(Quantity):
    """An axial magnetic field [T]."""

    UNITS = {"T": 1.0, "kG": 0.1}
    LOW, HIGH = 0.0, 10.0


class Density(Quantity):
    """A mass density [g/cm³], not negative."""

    UNITS = {"g/cm3": 1.0, "g/cm³": 1.0}
    LOW = 0.0
