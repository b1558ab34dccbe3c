"""e⁺e⁻ → q q̄ with Pythia 8 in the place of belfast's own shower and string; everything else is the same.

Needs the optional ``pythia8mc``.  The tune is the one of :mod:`physics.hadronization.tune`, set parameter by
parameter; quarks are given to Pythia and showered by force as in basf2's fragmentation module.  Every event sets
Pythia's own random generator from its stream, so an event does not depend on the ones before it.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from physics.hadronization.hadronize import MAX_HADRONS, rotate_and_boost
from physics.hadronization.hadrons import read_hadrons
from physics.hadronization.tune import HadronizationTune, compile_tune, read_tune
from physics.hard_process import MAX_ISR_PHOTONS, draw_pair_direction, start_event
from physics.jit import kernel
from physics.kinematics import two_body_momentum
from physics.radiation.isr import FERMIONS, build_isr_table
from physics.random import STAGE_GENERATION, new_stream, open_stream, random_bits
from physics.record import append_event, grown, new_event, new_particles, trimmed
from sim.events import Events
from sim.generators.continuum import CHARM, PARTICLES_PER_EVENT, write_hadrons, write_quarks
from sim.generators.decay_tree import decay_event, new_work

if TYPE_CHECKING:
    from sim.generators.setup import Generator, Setup
    from sim.samples import Sample

_SYSTEM, _OUTGOING, _DECAYED = 23, 23, -22
_SCALE = 20.0
"""Where basf2's fragmentation module lets the forced shower start [GeV]: above every kinematic limit."""
_SEEDS = 900_000_000
"""Pythia's seeds are integers from 1 to 900 000 000."""
_MULTIPLETS = ("vector", "L1S0J1", "L1S1J0", "L1S1J1", "L1S1J2")
_NAMES = {
    "prob_s_to_ud": "StringFlav:probStoUD",
    "prob_qq_to_q": "StringFlav:probQQtoQ",
    "prob_sq_to_qq": "StringFlav:probSQtoQQ",
    "prob_qq1_to_qq0": "StringFlav:probQQ1toQQ0",
    "theta_ps": "StringFlav:thetaPS",
    "theta_v": "StringFlav:thetaV",
    "eta_suppression": "StringFlav:etaSup",
    "eta_prime_suppression": "StringFlav:etaPrimeSup",
    "decuplet_suppression": "StringFlav:decupletSup",
    "popcorn_rate": "StringFlav:popcornRate",
    "popcorn_s_pair": "StringFlav:popcornSpair",
    "popcorn_s_meson": "StringFlav:popcornSmeson",
    "a_lund": "StringZ:aLund",
    "b_lund": "StringZ:bLund",
    "a_extra_diquark": "StringZ:aExtraDiquark",
    "r_charm": "StringZ:rFactC",
    "sigma_pt": "StringPT:sigma",
    "enhanced_fraction": "StringPT:enhancedFraction",
    "enhanced_width": "StringPT:enhancedWidth",
    "stop_mass": "StringFragmentation:stopMass",
    "stop_new_flavour": "StringFragmentation:stopNewFlav",
    "stop_smear": "StringFragmentation:stopSmear",
    "min_string_mass": "HadronLevel:mStringMin",
    "join_mass": "FragmentationSystems:mJoin",
    "alpha_s_mz": "TimeShower:alphaSvalue",
    "pt_min": "TimeShower:pTmin",
}


def pythia_settings(tune: HadronizationTune) -> list[str]:
    """Return the lines that give Pythia 8 the parameters of ``tune`` and belfast's windows of line shapes.

    Hadrons are left undecayed.
    """
    lines = [f"{name} = {getattr(tune, field)!r}" for field, name in _NAMES.items()]
    for flavour, rates in (("UD", tune.meson_ud), ("S", tune.meson_s), ("C", tune.meson_c)):
        lines += [f"StringFlav:meson{flavour}{m} = {r!r}" for m, r in zip(_MULTIPLETS, rates, strict=True)]
    for row in read_hadrons():
        if float(row["width"]) > 0.0:
            lines += [f"{row['pdg']}:mMin = {row['low']}", f"{row['pdg']}:mMax = {row['high']}"]
    lines.append(f"StringZ:useOldAExtra = {'on' if tune.a_extra_of_old else 'off'}")
    return [*lines, "TimeShower:QEDshowerByQ = on", "ProcessLevel:all = off", "HadronLevel:Decay = off"]


def start_pythia(tune: HadronizationTune) -> Any:
    """Return an initialised Pythia.  Raises ValueError when it is not installed or refuses the tune."""
    try:
        import pythia8mc
    except ImportError:
        message = (
            "--generator pythia8 needs the package pythia8mc, which is not installed: "
            "run pip install 'belfast[pythia]', or leave the option out"
        )
        raise ValueError(message) from None
    pythia = pythia8mc.Pythia("", False)
    lines = ["Print:quiet = on", "Check:event = off", "Random:setSeed = on", "Random:seed = 1"]
    for line in lines + pythia_settings(tune):
        if not pythia.readString(line):
            message = f"Pythia 8 refuses the setting '{line}'; correct the tune file."
            raise ValueError(message)
    if not pythia.init():
        message = "Pythia 8 could not be initialised with this tune; correct the tune file."
        raise ValueError(message)
    return pythia


def fragment_with_pythia(
    pythia: Any, seed: int, flavour: int, mass: float, quark_mass: float, pdg: np.ndarray, p: np.ndarray
) -> int:
    """Shower and fragment a pair at rest with the quark along +z; fills hadrons and photons, returns their number.

    −1 when Pythia fails.
    """
    pythia.rndm.init(seed)
    m = quark_mass if 2.0 * quark_mass < mass else 0.0
    pz = two_body_momentum(mass, m, m)
    event = pythia.event
    event.reset()
    event.append(_SYSTEM, _DECAYED, 0, 0, 0.0, 0.0, 0.0, mass, mass)
    event.append(flavour, _OUTGOING, 101, 0, 0.0, 0.0, pz, 0.5 * mass, m)
    event.append(-flavour, _OUTGOING, 0, 101, 0.0, 0.0, -pz, 0.5 * mass, m)
    event[1].daughters(2, 3)
    for i in (2, 3):
        event[i].mothers(1, 0)
        event[i].scale(_SCALE)
    pythia.forceTimeShower(2, 3, _SCALE)
    if not pythia.next():
        return -1
    n = 0
    for particle in event:
        if particle.isFinal():
            if n == len(pdg) or not (particle.isHadron() or particle.id() == 22):
                return -1
            pdg[n] = particle.id()
            p[n] = particle.px(), particle.py(), particle.pz(), particle.e()
            n += 1
    return n


def make_pythia(sample: "Sample", setup: "Setup") -> "Generator":
    """Return the generator that fragments with Pythia 8; columns and errors as for ``make_continuum``."""
    table = build_isr_table(sample.pdg, setup.beams.root_s)
    parameters = read_tune(setup.tune, charm=sample.pdg == CHARM)
    pythia = start_pythia(parameters)
    quark_mass = float(compile_tune(parameters).pair_mass[sample.pdg])

    def generate(first_event: int, n_events: int) -> Events:
        particles = new_particles(n_events * PARTICLES_PER_EVENT, n_events)
        mass = np.empty(n_events)
        event = new_event()
        work = new_work()
        photons = np.zeros((MAX_ISR_PHOTONS, 4))
        pdg, p = np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4))
        stream = new_stream()
        direction = np.zeros(3)
        done = 0
        open_next = True
        while done < n_events:
            if open_next:
                open_stream(stream, setup.key, np.int64(first_event + done), STAGE_GENERATION, 0)
            n, mass[done], bits = _collide(
                stream, table, setup.beams, photons, event, FERMIONS[sample.pdg].mass, direction
            )
            seed = 1 + int(bits) % _SEEDS
            count = fragment_with_pythia(pythia, seed, sample.pdg, mass[done], quark_mass, pdg, p)
            open_next = count > 0
            if count < 0:
                continue
            n = _finish(
                stream, setup.table, work, event, n, sample.pdg, mass[done], quark_mass, direction, count, pdg, p
            )
            while not append_event(particles, done, event, n):
                particles = grown(particles)
            done += 1
        columns = {"__weight__": np.ones(n_events), "mcRootSPrime": mass}
        return Events(np.arange(first_event, first_event + n_events), trimmed(particles), columns)

    return generate


@kernel
def _collide(stream, table, beams, photons, event, pair_mass, direction):
    n, mass, ax, ay, az = start_event(stream, table, beams, 1, photons, event)
    direction[0], direction[1], direction[2] = draw_pair_direction(stream, mass, pair_mass, ax, ay, az)
    return n, mass, random_bits(stream)


@kernel
def _finish(stream, decays, work, event, n, flavour, mass, quark_mass, direction, count, pdg, p):
    x, y, z = direction[0], direction[1], direction[2]
    rotate_and_boost(pdg, p, 0, count, x, y, z, event.px[0], event.py[0], event.pz[0], event.E[0], mass)
    quark = n
    n = write_quarks(event, n, flavour, x, y, z, mass, quark_mass)
    n = write_hadrons(event, n, quark, count, pdg, p)
    return decay_event(stream, decays, work, event, n)
