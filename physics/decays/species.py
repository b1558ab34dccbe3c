"""What a decay model must know of a particle, and the checks every model makes of its arguments."""

from collections.abc import Sequence
from typing import NamedTuple


class Species(NamedTuple):
    """A particle as a model sees it; any (pdg, mass, states) sequence will do."""

    pdg: int
    mass: float
    """Nominal mass [GeV]."""
    states: int
    """Number of spin states: 2J + 1, 2 for the photon, 1 for a neutrino."""


NEUTRINOS = (12, 14, 16)
CHARGED_LEPTONS = (11, 13, 15)


def twice_spin(particle: Species) -> int:
    """Return 2J."""
    if particle.pdg == 22:
        return 2
    if abs(particle.pdg) in NEUTRINOS:
        return 1
    return particle.states - 1


def twice_helicities(particle: Species) -> list[int]:
    """Return twice the helicities in the order of the states: +2J … −2J, ±2 for γ, −1 for ν, +1 for ν̄."""
    if particle.pdg == 22:
        return [2, -2]
    if abs(particle.pdg) in NEUTRINOS:
        return [-1 if particle.pdg > 0 else 1]
    return list(range(particle.states - 1, -particle.states, -2))


def numbers(model: str, args: Sequence[float | str]) -> list[float]:
    """Return the arguments as floats; raises ValueError naming the one that is none."""
    values = []
    for argument in args:
        try:
            values.append(float(argument))
        except ValueError:
            message = f"{model}: argument '{argument}' is not a number; define it or write it out."
            raise ValueError(message) from None
    return values


def check_count(model: str, args: Sequence[float], allowed: Sequence[int]) -> None:
    """Raise ValueError unless the number of arguments is allowed."""
    if len(args) not in allowed:
        wanted = " or ".join(str(n) for n in allowed)
        message = f"{model} takes {wanted} arguments but was given {len(args)}; correct the decay line."
        raise ValueError(message)


def check_spins(model: str, mother: Species, daughters: Sequence[Species], *wanted: int | None) -> None:
    """Raise ValueError unless 2J of mother and daughters is ``wanted`` (None: any)."""
    particles = [mother, *daughters]
    if len(particles) != len(wanted):
        message = f"{model} needs {len(wanted) - 1} daughters but has {len(daughters)}; correct the decay line."
        raise ValueError(message)
    for particle, spin in zip(particles, wanted, strict=True):
        if spin is not None and twice_spin(particle) != spin:
            message = (
                f"{model} needs spin {spin / 2:g} where it finds particle {particle.pdg} of spin "
                f"{twice_spin(particle) / 2:g}; correct the order of the daughters or choose another model."
            )
            raise ValueError(message)


def conjugated(mother: Species) -> bool:
    """Whether the mother's heavy quark is an antiquark (B⁺, B⁰, B_s⁰, D⁻ …): helicities are mirrored."""
    digits = abs(mother.pdg) % 10000
    heaviest = max((digits // 100) % 10, (digits // 10) % 10)
    meson_sign = 1 if mother.pdg > 0 else -1
    # PDG scheme: the first digit is the heavier quark; a positive meson has the heavier one as an antiquark for
    # the down-type b and s (B⁺ = u b̄), as a quark for the up-type c (D⁺ = c d̄).
    return (heaviest % 2 == 1) == (meson_sign > 0)
