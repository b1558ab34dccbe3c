"""The decay models: EvtGen's names, the preparation of their arguments, and one kernel that evaluates any of them.

How the interpreter of decay trees uses it:

- ``MODELS[name]`` is the model's number; a name that is not there is not implemented (fall back to phase space and
  count it).
- :func:`prepare` turns a decay line's arguments into the row of numbers the kernels read.  Particles are
  :class:`~physics.decays.species.Species` or any ``(pdg, mass, states)``.
- :func:`amplitude` fills ``amp[m0, λ1, …, λn]`` (C order) for one kinematic point.  Daughters are in the order of the
  decay line; states are ordered ``m = +J … −J``, photon (+1, −1), one state for a neutrino.
- :func:`is_isotropic` models need no amplitude: their daughters are uniform in phase space and unpolarised.
- two-body rows are scaled so that ``Tr(ρ A A†) ≤ 1`` with the bound reached; the others are not scaled.
- :func:`models_address` is where all models are, compiled once; :func:`amplitude_at`, :func:`draw_masses_at` and
  :func:`draw_kinematics_at` call them there and are what larger kernels use.

Optional, by model:

- ``draws_masses(model)``: before the kinematics call ``draw_masses(stream, model, parameters, masses)``, which
  overwrites the mass of the daughter that the model itself distributes (X of B → X_s γ, B → X_u ℓν, B → X_s ℓℓ) and
  returns False where no mass is possible (then the mode cannot decay at this mother mass).
- ``draws_kinematics(model)``: ``draw_kinematics(stream, model, parameters, masses, p, states, amp)`` writes
  unweighted daughters' momenta in the mother's rest frame, isotropic in orientation, with the distribution of
  :func:`amplitude` for an unpolarised mother.  Use it instead of phase space and rejection: faster, much faster for
  models with poles.  Returns False when it does not apply to these masses (then use rejection).  VUB and BTOXSLL
  have their (m_X, q²) distribution only here; their amplitude is the angular factor.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from physics.decays.dalitz import dalitz, draw_dalitz, prepare_dalitz
from physics.decays.goity_roberts import goity_roberts, prepare_goity_roberts
from physics.decays.helicity import TWO_BODY, prepare_two_body, two_body
from physics.decays.inclusive import (
    INCLUSIVE,
    draw_hadronic_mass,
    draw_inclusive,
    inclusive,
    prepare_inclusive,
)
from physics.decays.light_mesons import LIGHT_MESONS, draw_pi0, light_meson, prepare_light_meson
from physics.decays.penguin import PENGUIN, draw_penguin, penguin, prepare_penguin
from physics.decays.semileptonic import SEMILEPTONIC, draw_semileptonic, prepare_semileptonic, semileptonic
from physics.decays.species import Species
from physics.decays.tau import TABLE, TAU, prepare_tau, tau_decay
from physics.decays.tau_draw import draw_three_pions
from physics.jit import address_of, call_at, kernel, value_at
from physics.random import new_stream

PHSP = 0
PYTHIA = 1
_FIRST_TWO_BODY = 2
_FIRST_SEMILEPTONIC = 64
_FIRST_LIGHT = 96
D_DALITZ, BTO3PI_CP = 112, 113
_FIRST_TAU = 116
TAUHADNU = _FIRST_TAU + TAU.index("TAUHADNU")
_FIRST_OTHER = 120
BTOSLLBALL, BTOSLLALI = 120, 124
_FIRST_INCLUSIVE = 121
_LAST_INCLUSIVE = _FIRST_INCLUSIVE + len(INCLUSIVE) - 1
GOITY_ROBERTS = 126
SVV_CP = _FIRST_TWO_BODY + list(TWO_BODY).index("SVV_CP")
PI0_DALITZ = _FIRST_LIGHT + list(LIGHT_MESONS).index("PI0_DALITZ")

MODELS: dict[str, int] = {
    "PHSP": PHSP,
    "PYTHIA": PYTHIA,
    **{name: _FIRST_TWO_BODY + k for k, name in enumerate(TWO_BODY)},
    **{name: _FIRST_SEMILEPTONIC + k for k, name in enumerate(SEMILEPTONIC)},
    **{name: _FIRST_LIGHT + k for k, name in enumerate(LIGHT_MESONS)},
    **{name: _FIRST_TAU + k for k, name in enumerate(TAU)},
    "D_DALITZ": D_DALITZ,
    "BTOSLLBALL": BTOSLLBALL,
    "BTOSLLALI": BTOSLLALI,
    "GOITY_ROBERTS": GOITY_ROBERTS,
    **{name: _FIRST_INCLUSIVE + k for k, name in enumerate(INCLUSIVE)},
    "BTO3PI_CP": BTO3PI_CP,
}
"""EvtGen name → number of the model; a number may change between versions, a name not."""


def prepare(model: str, args: Sequence[float | str], mother: Sequence, daughters: Sequence[Sequence]) -> np.ndarray:
    """Return the flat row of parameters (float64) of one decay line.

    Raises ValueError with one sentence for an unknown model, wrong numbers of arguments or daughters, wrong spins,
    or an argument that is not a number.
    """
    head, tail = Species(*mother[:3]), [Species(*daughter[:3]) for daughter in daughters]
    if model not in MODELS:
        message = f"Decay model {model} is not implemented; use one of {', '.join(sorted(MODELS))}."
        raise ValueError(message)
    if model in TWO_BODY:
        return prepare_two_body(model, args, head, tail)
    if model in SEMILEPTONIC:
        return prepare_semileptonic(model, args, head, tail)
    if model in TAU:
        return prepare_tau(model, args, head, tail)
    if model in PENGUIN:
        return prepare_penguin(model, args, head, tail)
    if model == "GOITY_ROBERTS":
        return prepare_goity_roberts(model, args, head, tail)
    if model in INCLUSIVE:
        return prepare_inclusive(model, args, head, tail)
    if model in LIGHT_MESONS:
        return prepare_light_meson(model, args, head, tail)
    if MODELS[model] in (D_DALITZ, BTO3PI_CP):
        return prepare_dalitz(model, args, head, tail)
    return np.zeros(1)


@kernel
def is_isotropic(model):
    """Whether the model's daughters are uniform in phase space and unpolarised."""
    return model < _FIRST_TWO_BODY


@kernel
def draws_masses(model):
    """Whether the model distributes the mass of one of its daughters."""
    return _FIRST_INCLUSIVE <= model <= _LAST_INCLUSIVE


@kernel
def draws_kinematics(model):
    """Whether the model can make its own unweighted kinematics."""
    if model < _FIRST_SEMILEPTONIC:
        return False
    if model in (D_DALITZ, BTO3PI_CP, PI0_DALITZ, BTOSLLBALL, BTOSLLALI, TAUHADNU):
        return True
    return model < _FIRST_LIGHT or draws_masses(model)


@kernel
def draw_masses(stream, model, parameters, masses):
    """Overwrite the mass [GeV] of the daughter that the model distributes; False where none is possible."""
    if _FIRST_INCLUSIVE <= model <= _LAST_INCLUSIVE:
        return draw_hadronic_mass(stream, parameters, masses)
    return False


@kernel
def draw_kinematics(stream, model, parameters, masses, p, states, amp):
    """Write unweighted daughters' momenta ``p`` (n, 4) [GeV] in the mother's rest frame; False if not applicable.

    ``states`` as ``spins2`` of :func:`amplitude`, and ``amp`` its scratch memory.
    """
    if model == PI0_DALITZ:
        return draw_pi0(stream, parameters, masses, p)
    if model in (D_DALITZ, BTO3PI_CP):
        return draw_dalitz(stream, parameters, masses, p)
    if _FIRST_SEMILEPTONIC <= model < _FIRST_LIGHT:
        return draw_semileptonic(stream, parameters, masses, p)
    if model == TAUHADNU and len(parameters) > TABLE:
        return draw_three_pions(stream, parameters, masses, p, amp)
    if model in (BTOSLLBALL, BTOSLLALI):
        return draw_penguin(stream, parameters, masses, p, states, amp)
    if _FIRST_INCLUSIVE <= model <= _LAST_INCLUSIVE:
        return draw_inclusive(stream, parameters, masses, p)
    return False


@kernel
def amplitude(model, parameters, p, masses, spins2, amp):
    """Fill ``amp`` (complex128, product of the numbers of states) for one kinematic point.

    ``p`` (n, 4): daughters' (px, py, pz, E) [GeV] in the mother's rest frame; ``masses`` (n + 1,): mother first;
    ``spins2`` (n + 1,): numbers of states, mother first.
    """
    if model < _FIRST_SEMILEPTONIC:
        two_body(parameters, p, masses, spins2, amp)
    elif model < _FIRST_LIGHT:
        semileptonic(parameters, p, masses, spins2, amp)
    elif model < D_DALITZ:
        light_meson(parameters, p, masses, spins2, amp)
    elif model <= BTO3PI_CP:
        dalitz(parameters, p, masses, amp)
    elif model < _FIRST_OTHER:
        tau_decay(parameters, p, masses, amp)
    elif model in (BTOSLLBALL, BTOSLLALI):
        penguin(parameters, p, masses, spins2, amp)
    elif _FIRST_INCLUSIVE <= model <= _LAST_INCLUSIVE:
        inclusive(parameters, p, masses, spins2, amp)
    elif model == GOITY_ROBERTS:
        goity_roberts(parameters, p, masses, spins2, amp)


_AMPLITUDE, _DRAW_MASSES, _DRAW_KINEMATICS = np.arange(3)


@kernel
def _evaluate(task, stream, model, parameters, p, masses, states, amp):
    if task == _AMPLITUDE:
        amplitude(model, parameters, p, masses, states, amp)
        return 1
    if task == _DRAW_MASSES:
        return int(draw_masses(stream, model, parameters, masses))
    return int(draw_kinematics(stream, model, parameters, masses, p, states, amp))


def _models(pointer):
    task, stream, model, parameters, p, masses, states, amp = value_at(pointer)
    return _evaluate(task, stream, model, parameters, p, masses, states, amp)


@cache
def models_address() -> int:
    """Return the address of the decay models; compiles them on the first call."""
    row = np.zeros(1)
    return address_of(
        _models, (0, new_stream(), 0, row, np.zeros((1, 4)), row, np.zeros(1, np.int64), np.zeros(1, np.complex128))
    )


@kernel
def amplitude_at(models, stream, model, parameters, p, masses, states, amp):
    """:func:`amplitude` at the address ``models`` (``stream`` is not touched)."""
    call_at(models, (_AMPLITUDE, stream, model, parameters, p, masses, states, amp))


@kernel
def draw_masses_at(models, stream, model, parameters, p, masses, states, amp):
    """:func:`draw_masses` at the address ``models`` (``p``, ``states``, ``amp`` are not touched)."""
    return call_at(models, (_DRAW_MASSES, stream, model, parameters, p, masses, states, amp)) == 1


@kernel
def draw_kinematics_at(models, stream, model, parameters, p, masses, states, amp):
    """:func:`draw_kinematics` at the address ``models``."""
    return call_at(models, (_DRAW_KINEMATICS, stream, model, parameters, p, masses, states, amp)) == 1
