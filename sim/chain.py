"""Decay chains by hand, in phase space: defined once, generated here or by the ``phasespace`` package.

    b = Chain("B0", 5.27972, [Chain("D*-", 2.01026, [Chain("D0bar", 1.86484), Chain("pi-", 0.13957)]),
                              Chain("pi+", 0.13957)])
    momenta = b.generate(100_000, seed=1)      # unweighted, {name: (n, 4) array of px, py, pz, E}
    same = b.to_phasespace()                   # a phasespace.GenParticle

For users who come from ``phasespace``: :meth:`Chain.from_phasespace` takes over an existing ``GenParticle``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from physics.jit import driver
from physics.kinematics import boost_to_parent_frame
from physics.phase_space import n_body, phase_space_bound
from physics.random import STAGE_GENERATION, new_stream, open_stream, stream_key


@dataclass(frozen=True)
class Chain:
    """A particle of fixed mass [GeV] and what it decays to; names are unique in a chain.

    Raises ValueError when a decay is not possible or a name comes twice.
    """

    name: str
    mass: float
    daughters: Sequence[Chain] = ()

    def __post_init__(self) -> None:
        """Check masses and names."""
        names = [particle.name for particle in self.walk()]
        for name in set(names):
            if names.count(name) > 1:
                msg = f"'{name}' comes {names.count(name)} times in the chain: give each particle a name of its own"
                raise ValueError(msg)
        if len(self.daughters) == 1:
            msg = f"'{self.name}' decays to one particle only: a decay has two or more daughters"
            raise ValueError(msg)
        threshold = sum(d.mass for d in self.daughters)
        if self.daughters and threshold >= self.mass:
            msg = f"'{self.name}' ({self.mass} GeV) is too light for its daughters ({threshold:g} GeV)"
            raise ValueError(msg)

    def walk(self) -> Iterator[Chain]:
        """Yield this particle and all below it, mothers first."""
        yield self
        for daughter in self.daughters:
            yield from daughter.walk()

    def generate(self, n: int, seed: int = 1, momentum: Sequence[float] | None = None) -> dict[str, np.ndarray]:
        """Return ``n`` unweighted decays: (n, 4) arrays of (px, py, pz, E) [GeV] by name.

        ``momentum`` (px, py, pz) of the first particle, at rest by default.  Event *k* is the same for any ``n``.
        """
        p = np.zeros(3) if momentum is None else np.asarray(momentum, float)
        top = np.empty((n, 4))
        top[:] = [*p, np.sqrt(self.mass**2 + p @ p)]
        result = {self.name: top}
        for node, particle in enumerate(self.walk()):
            if not particle.daughters:
                continue
            masses = np.array([d.mass for d in particle.daughters], float)
            out = np.empty((len(masses), n, 4))
            _decay(new_stream(), stream_key(seed, "chain"), node, result[particle.name], particle.mass, masses, out)
            result |= {d.name: out[k] for k, d in enumerate(particle.daughters)}
        return result

    def to_phasespace(self) -> Any:
        """Return the chain as a ``phasespace.GenParticle``; needs the extra ``[phasespace]``."""
        particle = _phasespace().GenParticle(self.name, mass=self.mass)
        if self.daughters:
            particle.set_children(*(d.to_phasespace() for d in self.daughters))
        return particle

    @classmethod
    def from_phasespace(cls, particle: Any) -> Chain:
        """Return the chain of a ``phasespace.GenParticle``; ValueError for masses that are functions."""
        if not particle.has_fixed_mass:
            msg = f"'{particle.name}' has a mass that varies: give it a fixed one, or use a decay file for line shapes"
            raise ValueError(msg)
        mass = float(np.asarray(particle.get_mass()).ravel()[0])
        return cls(particle.name, mass, [cls.from_phasespace(child) for child in particle.children])


def _phasespace() -> Any:
    try:
        import phasespace
    except ModuleNotFoundError:
        msg = "the package 'phasespace' is not installed: pip install 'belfast[phasespace]'"
        raise ModuleNotFoundError(msg) from None
    return phasespace


@driver
def _decay(stream, key, node, mothers, mass, masses, out):
    """Decay each of ``mothers`` (n, 4) in its rest frame and boost the daughters along."""
    n_daughters = len(masses)
    p = np.empty((n_daughters, 4))
    bound = phase_space_bound(mass, masses, n_daughters) if n_daughters > 2 else 1.0
    for i in range(len(mothers)):
        open_stream(stream, key, i, STAGE_GENERATION, node)
        n_body(stream, mass, masses, n_daughters, bound, p)
        for k in range(n_daughters):
            out[k, i] = boost_to_parent_frame(
                p[k, 0], p[k, 1], p[k, 2], p[k, 3],
                mothers[i, 0], mothers[i, 1], mothers[i, 2], mothers[i, 3], mass,
            )  # fmt: skip
