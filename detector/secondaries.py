"""What particles do in the tracker besides leaving hits: decays in flight, conversions, bremsstrahlung, nuclear
interactions."""

from typing import NamedTuple

from detector.units import Fraction, Scale, Section


class ProcessesSection(Section):
    """Factors on the probability of each process; 1 is the physics, 0 switches it off."""

    decay_in_flight: Scale
    conversion: Scale
    bremsstrahlung: Scale
    nuclear_interaction: Scale
    bremsstrahlung_cut: Fraction


class Processes(NamedTuple):
    """Constants for kernels."""

    decay_in_flight: float
    conversion: float
    bremsstrahlung: float
    nuclear_interaction: float
    bremsstrahlung_cut: float


def build_processes(section: ProcessesSection) -> Processes:
    """Compile the section."""
    return Processes(*(getattr(section, name).number for name in Processes._fields))
