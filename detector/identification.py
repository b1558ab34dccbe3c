"""Charged-particle identification: its constants, and the ratios made of the log-likelihoods of six hypotheses in six
detectors.

Each detector's observables are simulated from the true particle (:mod:`detector.dedx`, :mod:`detector.cherenkov`,
:mod:`detector.templates` for calorimeter and muon system) and compared with each hypothesis at the measured momentum,
as basf2 does (:mod:`detector.likelihoods`).  A detector that measured nothing gives six equal values.
"""

from typing import NamedTuple

import numpy as np

from detector.cherenkov import Arich, ArichSection, Top, TopSection, compile_arich, compile_top
from detector.dedx import (
    ChamberDedxSection,
    Dedx,
    StripDedxSection,
    chamber_expectation,
    compile_dedx,
    strip_expectation,
)
from detector.octaves import octave_nodes
from detector.record import HYPOTHESES, PID_DETECTORS
from detector.stopping import BETA_GAMMA_HIGH, BETA_GAMMA_LOW
from detector.templates import Templates
from detector.units import Energy, Section
from physics.particles import DEUTERON_MASS, ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS, PROTON_MASS

SVD, CDC, TOP, ARICH, ECL, KLM = range(6)
MASSES = (ELECTRON_MASS, MUON_MASS, PION_MASS, KAON_MASS, PROTON_MASS, DEUTERON_MASS)
"""Masses [GeV] of the hypotheses, in the order of ``detector.record.HYPOTHESES``."""


class IdentificationSection(Section):
    """The section ``identification`` of a card."""

    strips: StripDedxSection
    chamber: ChamberDedxSection
    top: TopSection
    arich: ArichSection
    muon_momentum: Energy


class Identification(NamedTuple):
    """Constants of identification for kernels."""

    strips: Dedx
    chamber: Dedx
    top: Top
    arich: Arich
    templates: Templates
    expectation: np.ndarray  # at nodes of βγ three each: ln of expected dE/dx in strips, in chamber (minima 0); 1/β
    inverse_masses: np.ndarray  # (6,) [1/GeV]
    muon_momentum: float  # GeV; below it the muon system says nothing


def compile_identification(section: IdentificationSection, templates: Templates) -> Identification:
    """Return the kernel constants."""
    slowness = np.sqrt(1.0 + octave_nodes(BETA_GAMMA_LOW, BETA_GAMMA_HIGH) ** -2)
    return Identification(
        compile_dedx(section.strips),
        compile_dedx(section.chamber),
        compile_top(section.top),
        compile_arich(section.arich),
        templates,
        np.stack([strip_expectation(section.strips), chamber_expectation(section.chamber), slowness], axis=-1).ravel(),
        1.0 / np.array(MASSES),
        section.muon_momentum.number,
    )


def _sum(log_likelihood: np.ndarray, detectors: tuple[str, ...]) -> np.ndarray:
    unknown = set(detectors) - set(PID_DETECTORS)
    if unknown:
        msg = f"No identification detector {min(unknown)!r}: choose among {', '.join(PID_DETECTORS)}."
        raise ValueError(msg)
    rows = [PID_DETECTORS.index(name) for name in detectors]
    total: np.ndarray = np.asarray(log_likelihood)[..., rows, :].sum(axis=-2, dtype=np.float64)
    return total


def _hypothesis(name: str) -> int:
    if name not in HYPOTHESES:
        msg = f"No particle hypothesis {name!r}: choose among {', '.join(HYPOTHESES)}."
        raise ValueError(msg)
    return HYPOTHESES.index(name)


def particle_id(log_likelihood: np.ndarray, hypothesis: str, detectors: tuple[str, ...] = PID_DETECTORS) -> np.ndarray:
    """Global identification L_h/ΣL of tracks: basf2's ``electronID``, ``muonID``, ``pionID``, ``kaonID``, ….

    Parameters
    ----------
    log_likelihood : (..., 6 detectors, 6 hypotheses), as in ``Tracks.log_likelihood``.
    hypothesis : one of e, mu, pi, K, p, d.
    detectors : those to use, ``("CDC", "TOP", …)`` for basf2's ``kaonID_noSVD`` and the like.

    Returns an array (...) of numbers from 0 to 1; 1/6 where nothing was measured.
    """
    total = _sum(log_likelihood, detectors)
    likelihood = np.exp(total - total.max(axis=-1, keepdims=True))
    ratio: np.ndarray = likelihood[..., _hypothesis(hypothesis)] / likelihood.sum(axis=-1)
    return ratio


def binary_id(
    log_likelihood: np.ndarray, hypothesis: str, against: str, detectors: tuple[str, ...] = PID_DETECTORS
) -> np.ndarray:
    """Binary identification L_1/(L_1 + L_2), basf2's ``binaryPID``; arguments as in :func:`particle_id`."""
    total = _sum(log_likelihood, detectors)
    difference = total[..., _hypothesis(against)] - total[..., _hypothesis(hypothesis)]
    ratio: np.ndarray = 1.0 / (1.0 + np.exp(np.clip(difference, -700.0, 700.0)))
    return ratio
