"""From decay files to the arrays that kernels walk: resolved, validated, compiled, kept in the user's cache."""

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from physics.decays import table as layout
from physics.decays.mixing import cp_asymmetry
from physics.decays.table import DecayTable, make_lookup
from sim.decay_file import (
    PARTONS,
    DecayFile,
    DecayLine,
    default_decay_file,
    read_decay_files,
    unknown_particle,
)
from sim.decay_names import Descriptions, ModeDescription, Modes
from sim.particle_properties import HBAR_C, PARTICLE_TABLE_YEAR, Properties, properties

SHORTEST_FLIGHT = 1e-7
"""ctau [cm] above which decay vertices are displaced: 1 nm."""
NARROW_WIDTH = 1e-5
"""Widths [GeV] below this have no line shape (EvtGen: EvtRelBreitWignerBarrierFact)."""
WINDOW_WIDTHS = 15.0
"""Masses of mesons reach this many widths above the nominal one; the rest has it where evt.pdl gives no window.

Seen in EvtGen's K*(892) of B → K*γ, which ends at M + 15 Γ for a window of 0.23 GeV = 5 Γ.  That baryons keep theirs
is an assumption, which the number of protons supports (1 % below EvtGen's with it, 2 % without).
"""
FRACTION_TOLERANCE = 1e-3
"""Departure from 1 of the sum of a user's branching fractions that is rescaled silently.

A larger one is rescaled with a warning (EvtGen rescales always)."""
FINAL = {11, 13, 211, 321, 2212, 2112, 130, 22, 12, 14, 16, 1000010020}
"""|PDG| of what reaches the detector undecayed."""
PARTON_CODES = {"d": 1, "u": 2, "s": 3, "c": 4, "g": 21, "specflav": 81, "rndmflav": 82}
MAX_AMPLITUDES, MAX_SPIN_DAUGHTERS = 1024, 8
"""What the interpreter of the decay tree has memory for."""
_EMPTY_REMNANTS = {4132: (2, -1, 3, 3101), 4232: (2, -1, 3, 3201), 4332: (2, -1, 3, 3303)}
"""Partons of charmed baryons for a PYTHIA line without daughters: c → s u d̄ beside the spectator diquark."""
_PICKED = """
pi+ pi- pi0 eta eta' rho+ rho- rho0 omega phi K+ K- K0 anti-K0 K*+ K*- K*0 anti-K*0 D+ D- D0 anti-D0 D*+ D*- D*0
anti-D*0 D_s+ D_s- D_s*+ D_s*- eta_c J/psi p+ anti-p- n0 anti-n0 Delta++ anti-Delta-- Delta+ anti-Delta- Delta0
anti-Delta0 Delta- anti-Delta+ Lambda0 anti-Lambda0 Sigma+ anti-Sigma- Sigma0 anti-Sigma0 Sigma- anti-Sigma+
Sigma*+ anti-Sigma*- Sigma*0 anti-Sigma*0 Sigma*- anti-Sigma*+ Xi0 anti-Xi0 Xi- anti-Xi+ Xi*0 anti-Xi*0 Xi*-
anti-Xi*+ Omega- anti-Omega+ Lambda_c+ anti-Lambda_c- Sigma_c++ anti-Sigma_c-- Sigma_c+ anti-Sigma_c- Sigma_c0
anti-Sigma_c0 Sigma_c*++ anti-Sigma_c*-- Sigma_c*+ anti-Sigma_c*- Sigma_c*0 anti-Sigma_c*0 Xi_c+ anti-Xi_c-
Xi_c0 anti-Xi_c0 Xi'_c+ anti-Xi'_c- Xi'_c0 anti-Xi'_c0 Xi_c*+ anti-Xi_c*- Xi_c*0 anti-Xi_c*0 Omega_c0
anti-Omega_c0 Omega_c*0 anti-Omega_c*0 K_S0 K_L0 e- e+ mu- mu+ gamma nu_e anti-nu_e nu_mu anti-nu_mu nu_tau
anti-nu_tau tau- tau+ deuteron anti-deuteron
"""
"""What hadronization may produce: rows whether the decay file names them or not."""


def load_described_table(
    decay_files: Sequence[str | Path] = (), *, fsr: bool = True
) -> tuple[DecayTable, Descriptions]:
    """Return the decay table of DECAY_BELLE2.DEC with user files on top, and what its rows are called.

    Compiled tables are kept in the user's cache directory by the hash of everything they depend on; an unusable
    cache only costs time.  Raises ValueError, with file and line, for a decay file that makes no sense.
    """
    paths = [default_decay_file(), *map(Path, decay_files)]
    key = _cache_key(paths)
    cached = _read_cache(key)
    if cached is None:
        cached = compile_table(read_decay_files(paths), _default_modes(paths))
        _write_cache(key, *cached)
    table, descriptions = cached
    return table._replace(fsr=int(fsr)), descriptions


def _default_modes(paths: Sequence[Path]) -> "CompiledModes | None":
    """Return the compiled modes of the default file when others lie on top of it: what they leave alone is reused."""
    default = paths[0]
    if len(paths) == 1 or any(path.name == default.name for path in paths[1:]):
        return None
    table, names = load_described_table()
    return CompiledModes(table, names, read_decay_files([default]).settings())


@dataclass
class CompiledModes:
    """Modes of a table by their mother and line, valid as long as the ``settings`` of its file are."""

    table: DecayTable
    names: "Descriptions"
    settings: tuple[object, ...]

    def rows(self, content: DecayFile) -> dict[tuple[str, str], int]:
        """Return (mother, source) → row; nothing when ``content`` has other masses or line shapes."""
        if content.settings() != self.settings:
            return {}
        return {(mode.mother, mode.source): row for row, mode in enumerate(self.names.modes)}


def model_shares(table: DecayTable, descriptions: Descriptions, mother: str) -> dict[str, tuple[float, bool]]:
    """Return for a mother the summed branching fraction of each model and whether it is implemented.

    What is not implemented is generated as phase space.
    """
    row = descriptions.row(mother)
    first, count = int(table.particles[row]["first_mode"]), int(table.particles[row]["n_modes"])
    shares: dict[str, tuple[float, bool]] = {}
    for mode in descriptions.modes[first : first + count]:
        share, implemented = shares.get(mode.model, (0.0, True))
        shares[mode.model] = (share + mode.fraction, implemented and mode.implemented)
    return dict(sorted(shares.items(), key=lambda item: -item[1][0]))


# --- compilation -------------------------------------------------------------------------------------------------


def parton_code(name: str) -> int | None:
    """Return the PDG code of a parton's name; None for a particle."""
    bare = name.removeprefix("anti-")
    if bare not in PARTONS:
        return None
    code = PARTON_CODES.get(bare)
    if code is None:
        order = "dusc"
        a, b = sorted((order.index(bare[0]) + 1, order.index(bare[1]) + 1), reverse=True)
        code = 1000 * a + 100 * b + (1 if bare[3] == "0" else 3)
    return -code if name.startswith("anti-") else code


def compile_table(content: DecayFile, base: CompiledModes | None = None) -> tuple[DecayTable, Descriptions]:
    """Return the arrays of a decay file; ValueError, with file and line, for what cannot be.

    ``base`` holds modes that are compiled already, by the same code.
    """
    known = base.rows(content) if base is not None else {}
    names = _all_names(content)
    index = {name: row for row, name in enumerate(names)}
    entries = [_entry(name, content) for name in names]
    particles = np.zeros(len(names), layout.PARTICLE)
    for row, (name, entry) in enumerate(zip(names, entries, strict=True)):
        _fill_particle(particles[row], name, entry, content, index)

    modes: list[tuple] = []
    cumulative: list[float] = []
    asymmetry: list[tuple[float, float]] = []
    daughters: list[int] = []
    daughter_pdg: list[int] = []
    parameters: list[float] = []
    described: list[ModeDescription] = []
    for row, name in enumerate(names):
        lines = [line for line in content.decays.get(name, ()) if line.fraction > 0.0]
        particles[row]["first_mode"] = len(modes)
        particles[row]["n_modes"] = len(lines)
        total = sum(line.fraction for line in lines)
        _check_sum(name, content.decays.get(name, []), total)
        running = 0.0
        for line in lines:
            _check_line(name, line, entries[row], content)
            running += line.fraction / total
            codes = _daughters(line, entries[row], index)
            species = [_species(particles[r]) for r, _ in codes if r >= 0]
            maximum = 0.0
            if base is not None and (name, line.source) in known:
                kind, model, pythia, row_parameters, implemented, maximum = _known(base, known[name, line.source])
            else:
                kind, model, pythia, row_parameters, implemented = _model(line, _species(particles[row]), species)
            cumulative.append(running)
            asymmetry.append(_asymmetry(line))
            modes.append(
                (
                    line.fraction / total, 0.0, maximum, kind, model, pythia, len(daughters), len(codes),
                    len(parameters), len(row_parameters), int(line.photos), -1, 0, -1, 0.0, 0.0, 0, 0.0,
                )
            )  # fmt: skip
            daughters += [r for r, _ in codes]
            daughter_pdg += [pdg for _, pdg in codes]
            parameters += row_parameters
            described.append(
                ModeDescription(name, line.daughters, line.fraction / total, line.model, implemented, line.source)
            )
        if lines:
            cumulative[-1] = 1.0
    mode_array = np.array(modes, layout.MODE)
    keys, rows = make_lookup(particles["pdg"])
    table = DecayTable(
        particles, mode_array, np.array(cumulative), np.array(asymmetry), np.array(daughters, np.int64),
        np.array(daughter_pdg, np.int64), np.array([*parameters, 0.0]), np.zeros(0), keys, rows, 1,
    )  # fmt: skip
    _thresholds(table)
    _bounds(table)
    _waves(table, names, described, content)
    _check_open(table, described)
    table = table._replace(quantiles=_quantiles(table, names, content))
    _maxima(table, names, described)
    return table, Descriptions(names, Modes.of(described))


def _known(base: CompiledModes, row: int) -> tuple[int, int, int, list[float], bool, float]:
    """Kind, model, PYTHIA mode, parameters, whether implemented, and maximum of a mode that is compiled."""
    mode = base.table.modes[row]
    first = int(mode["first_parameter"])
    parameters = base.table.parameters[first : first + int(mode["n_parameters"])].tolist()
    implemented = base.names.modes[row].implemented
    return (
        int(mode["kind"]),
        int(mode["model"]),
        int(mode["pythia_mode"]),
        parameters,
        implemented,
        float(mode["maximum"]),
    )


def _asymmetry(line: DecayLine) -> tuple[float, float]:
    """(S, C) of a CP mode, NaN for the others."""
    try:
        numbers = [float(argument) for argument in line.arguments]
    except ValueError:
        return np.nan, np.nan
    return cp_asymmetry(line.model, numbers) or (np.nan, np.nan)


def _all_names(content: DecayFile) -> list[str]:
    """Return true particles first, so that a PDG identity finds the particle, not an alias."""
    names = dict.fromkeys(_PICKED.split())
    for mother, lines in content.decays.items():
        names[mother] = None
        for line in lines:
            names.update(dict.fromkeys(d for d in line.daughters if parton_code(d) is None))
    for name in list(names):
        if name in content.conjugates:
            names[content.conjugates[name]] = None
        elif name not in content.aliases:
            entry = properties(name)
            if entry is not None:
                names[entry.conjugate] = None
    true = [name for name in names if name not in content.aliases]
    return true + [name for name in names if name in content.aliases]


def _entry(name: str, content: DecayFile) -> Properties:
    target = content.target(name)
    entry = properties(target)
    if entry is None:
        source = next(
            (line.source for lines in content.decays.values() for line in lines if name in line.daughters),
            "decay file",
        )
        raise ValueError(unknown_particle(target, source, content.aliases))
    return entry


def _fill_particle(particle: np.void, name: str, entry: Properties, content: DecayFile, index: dict[str, int]) -> None:
    mass, width = entry.mass, entry.width
    for key in (content.target(name), name):
        if key in content.masses:
            mass, new_width = content.masses[key]
            width = width if new_width is None else new_width
    species = abs(entry.pdg)
    # a width set to zero still has its lifetime; one changed by hand gives a new lifetime
    ctau = entry.ctau if width in (entry.width, 0.0) else HBAR_C / width
    particle["pdg"] = entry.pdg
    particle["mass"] = mass
    particle["width"] = width
    particle["ctau"] = ctau if np.isfinite(ctau) and ctau > SHORTEST_FLIGHT else 0.0
    particle["spin2"] = entry.spin2
    particle["states"] = 2 if species == 22 else 1 if species in (12, 14, 16) else entry.spin2 + 1
    particle["charge"] = entry.charge
    particle["fate"] = layout.FATE_FINAL if species in FINAL else layout.FATE_DECAYS
    conjugate = content.conjugates.get(name) or (entry.conjugate if name not in content.aliases else name)
    particle["anti"] = index.get(conjugate, -1)
    shape = layout.SHAPE_NARROW if width < NARROW_WIDTH else layout.SHAPE_BREIT_WIGNER
    setting = content.line_shapes.get(name) or content.line_shapes.get(content.target(name))
    if setting == "LSFLAT":
        shape = layout.SHAPE_FLAT
    elif setting == "LSNONRELBW" and shape != layout.SHAPE_NARROW:
        shape = layout.SHAPE_NON_RELATIVISTIC
    elif setting == "LSMANYDELTAFUNC":
        shape = layout.SHAPE_NARROW
    particle["shape"] = shape
    particle["birth"] = int(_setting(content.factors, "IncludeBirthFactor", name, content))
    half = entry.window if entry.window > 0.0 else WINDOW_WIDTHS * width
    low, high = (mass - half, mass + half) if shape != layout.SHAPE_NARROW else (mass, mass)
    if shape == layout.SHAPE_BREIT_WIGNER and entry.spin2 % 2 == 0:
        high = mass + WINDOW_WIDTHS * width
    limits = content.mass_limits.get(name) or content.mass_limits.get(content.target(name)) or (None, None)
    particle["mass_min"] = max(low if limits[0] is None else limits[0], 0.0)
    particle["mass_max"] = high if limits[1] is None else limits[1]


def _setting(settings: dict[tuple[str, str], bool], what: str, name: str, content: DecayFile) -> bool:
    """Switch of a line shape by the name of a particle or of what its alias stands for; on when not said."""
    return settings.get((what, name), settings.get((what, content.target(name)), True))


def _check_line(mother: str, line: DecayLine, entry: Properties, content: DecayFile) -> None:
    charge3 = 3 * entry.charge
    where = f"{line.source}: {mother} -> {' '.join(line.daughters)}"
    quark_charge = {1: -1, 2: 2, 3: -1, 4: 2}
    for name in line.daughters:
        code = parton_code(name)
        if code is None:
            charge3 -= 3 * _entry(name, content).charge
        elif abs(code) < 10:
            charge3 -= quark_charge[abs(code)] * (1 if code > 0 else -1)
        elif abs(code) > 1000:
            c = abs(code)
            charge3 -= (quark_charge[c // 1000] + quark_charge[c // 100 % 10]) * (1 if code > 0 else -1)
    # the flavours of specflav are what the mother leaves over; a line without daughters is PYTHIA's to fill
    if charge3 != 0 and line.daughters and not any("specflav" in name for name in line.daughters):
        message = f"{where}: electric charge is not conserved (off by {charge3 / 3:+g}); mend the daughters"
        raise ValueError(message)


def _check_sum(mother: str, lines: Sequence[DecayLine], total: float) -> None:
    if not lines:
        return
    if total <= 0.0:
        message = f"{lines[0].source}: the branching fractions of {mother} add up to 0; give at least one above 0"
        raise ValueError(message)
    # some blocks of the default file are off by percents; that is theirs to mend, not the user's
    if abs(total - 1.0) > FRACTION_TOLERANCE and not lines[0].source.startswith(default_decay_file().name):
        message = f"{lines[0].source}: the branching fractions of {mother} add up to {total:g}; they are scaled to 1"
        warnings.warn(message, stacklevel=2)


def _daughters(line: DecayLine, mother: Properties, index: dict[str, int]) -> list[tuple[int, int]]:
    if not line.daughters:
        sign = 1 if mother.pdg > 0 else -1
        return [(-1, sign * code) for code in _EMPTY_REMNANTS.get(abs(mother.pdg), ())]
    result = []
    for name in line.daughters:
        code = parton_code(name)
        if code is None:
            result.append((index[name], 0))
        else:
            result.append((-1, code))
    return result


def _species(particle: np.void) -> tuple[int, float, int]:
    return int(particle["pdg"]), float(particle["mass"]), int(particle["states"])


def _model(
    line: DecayLine, mother: tuple[int, float, int], daughters: list[tuple[int, float, int]]
) -> tuple[int, int, int, list[float], bool]:
    """Return kind, model, PYTHIA mode, parameters and whether the model is implemented."""
    from physics.decays.registry import MODELS, prepare

    partonic = not line.daughters or any(parton_code(name) is not None for name in line.daughters)
    if line.model == "PYTHIA" or partonic:
        if not line.arguments or not isinstance(line.arguments[0], float):
            message = f"{line.source}: PYTHIA needs the number of its mode, as in 'PYTHIA 42'"
            raise ValueError(message)
        _check_strings(line)
        kind = layout.KIND_HADRONIC_REMNANT if partonic else layout.KIND_PHASE_SPACE
        return kind, -1, int(line.arguments[0]), [], True
    if line.model == "PHSP":
        return layout.KIND_PHASE_SPACE, -1, 0, [], True
    if line.model not in MODELS:
        return layout.KIND_PHASE_SPACE, -1, 0, [], False
    try:
        parameters = prepare(line.model, line.arguments, mother, daughters)
    except ValueError as error:
        message = f"{line.source}: {error}"
        raise ValueError(message) from None
    size = mother[2] * int(np.prod([states for *_, states in daughters]))
    if size > MAX_AMPLITUDES or len(daughters) > MAX_SPIN_DAUGHTERS:
        return layout.KIND_PHASE_SPACE, -1, 0, [], False
    return layout.KIND_AMPLITUDE, MODELS[line.model], 0, [float(x) for x in parameters], True


def _check_strings(line: DecayLine) -> None:
    """Raise ValueError for a mode with strings (91 and above) whose partons make none."""
    mode = int(float(line.arguments[0]))
    codes = tuple(parton_code(name) for name in line.daughters)
    pair = len(codes) == 2 and None not in codes and not {21, 81, 82, -82} & set(codes)
    onium = line.daughters in (("g", "g", "g"), ("gamma", "g", "g"))
    if mode > 90 and not ((mode == 91 and (pair or line.daughters == ("g", "g"))) or (mode == 92 and onium)):
        message = (
            f"{line.source}: {line.model} {mode} does not know '{' '.join(line.daughters)}'; it is for two quarks or "
            "'g g' (mode 91), for 'g g g' or 'gamma g g' (mode 92)"
        )
        raise ValueError(message)


def _maxima(table: DecayTable, names: Sequence[str], described: Sequence[ModeDescription]) -> None:
    """Set which particles' decays feel their polarisation, and the maxima of the decay probabilities."""
    from physics.decays.daughters import new_daughters
    from physics.decays.maxima import SAMPLES, estimate_maxima
    from physics.decays.registry import models_address
    from physics.random import new_stream

    particles, modes = table.particles, table.modes
    for particle in particles:
        own = modes["kind"][particle["first_mode"] : particle["first_mode"] + particle["n_modes"]]
        decays = particle["fate"] != layout.FATE_FINAL
        particle["correlated"] = int(decays and particle["states"] > 1 and (own == layout.KIND_AMPLITUDE).any())
    row_of = {name: row for row, name in enumerate(names)}
    mothers = np.array([row_of[description.mother] for description in described], np.int64)
    estimate_maxima(
        new_stream(), np.uint64(1), table, models_address(), new_daughters(), mothers, MAX_AMPLITUDES, SAMPLES
    )


def _thresholds(table: DecayTable) -> None:
    """Set modes' thresholds and raise the particles' lowest masses to where they can decay at all."""
    particles, modes = table.particles, table.modes
    for _ in range(6):
        for mode in modes:
            rows = table.daughters[mode["first_daughter"] : mode["first_daughter"] + mode["n_daughters"]]
            known = rows[rows >= 0]
            mode["threshold"] = particles["mass_min"][known].sum()
            mode["shaped"] = (particles["shape"][known] != layout.SHAPE_NARROW).sum()
        for particle in particles:
            if particle["n_modes"] == 0 or particle["shape"] == layout.SHAPE_NARROW:
                continue
            own = modes[particle["first_mode"] : particle["first_mode"] + particle["n_modes"]]
            particle["mass_min"] = max(particle["mass_min"], own["threshold"].min() + 1e-6)


def _bounds(table: DecayTable) -> None:
    """Set the phase-space bounds of modes of three or more bodies that always have the same masses."""
    from physics.decays.registry import draws_masses
    from physics.phase_space import phase_space_bound

    for particle in table.particles:
        if particle["shape"] != layout.SHAPE_NARROW:
            continue
        for mode in table.modes[particle["first_mode"] : particle["first_mode"] + particle["n_modes"]]:
            rows = table.daughters[mode["first_daughter"] : mode["first_daughter"] + mode["n_daughters"]]
            of_model = mode["kind"] == layout.KIND_AMPLITUDE and draws_masses(mode["model"])
            if len(rows) > 2 and (rows >= 0).all() and mode["shaped"] == 0 and not of_model:
                mode["bound"] = phase_space_bound(particle["mass"], table.particles["mass"][rows], len(rows))


def _waves(table: DecayTable, names: Sequence[str], described: Sequence[ModeDescription], content: DecayFile) -> None:
    """Set the lowest orbital momentum of two-body modes, or what SetLineshapePW says."""
    particles = table.particles
    row_of = {name: row for row, name in enumerate(names)}
    for mode, description in zip(table.modes, described, strict=True):
        rows = table.daughters[mode["first_daughter"] : mode["first_daughter"] + mode["n_daughters"]]
        if len(rows) != 2 or (rows < 0).any():
            continue
        mother = particles[row_of[description.mother]]
        j, a, b = int(mother["spin2"]), *(int(particles["spin2"][row]) for row in rows)
        mode["wave"] = max(j - a - b, a - b - j, b - a - j, 0) // 2
        pair = tuple(content.target(name) for name in description.daughters)
        for order in (pair, pair[::-1]):
            first, second = order
            wave = content.partial_waves.get((content.target(description.mother), first, second))
            if wave is not None:
                mode["wave"] = wave
        mode["m1"], mode["m2"] = particles["mass"][rows]
        mode["barrier"] = int(mode["m1"] + mode["m2"] < mother["mass"] and mode["wave"] <= 3)


def _quantiles(table: DecayTable, names: Sequence[str], content: DecayFile) -> np.ndarray:
    """Return the mass distributions of the resonances in each of their modes, as quantiles."""
    from physics.line_shapes import DECAY_RADIUS, QUANTILES, cauchy_density, mass_quantiles, resonance_density

    parts: list[np.ndarray] = []
    known: dict[tuple[float, ...], int] = {}
    for name, particle in zip(names, table.particles, strict=True):
        if particle["shape"] == layout.SHAPE_NARROW:
            continue
        radius = content.blatt_weisskopf.get(name, content.blatt_weisskopf.get(content.target(name), DECAY_RADIUS))
        with_barrier = _setting(content.factors, "IncludeDecayFactor", name, content)
        mass, width, high = float(particle["mass"]), float(particle["width"]), float(particle["mass_max"])
        for mode in table.modes[particle["first_mode"] : particle["first_mode"] + particle["n_modes"]]:
            low = max(float(particle["mass_min"]), float(mode["threshold"]))
            barrier = with_barrier and bool(mode["barrier"]) and particle["shape"] == layout.SHAPE_BREIT_WIGNER
            m1, m2, wave = (float(mode["m1"]), float(mode["m2"]), int(mode["wave"])) if barrier else (0.0, 0.0, -1)
            if barrier:
                low = max(low, m1 + m2)
            if low >= high:
                low = high - 1e-6
            key = (mass, width, low, high, m1, m2, wave, radius, float(particle["shape"]))
            if key not in known:
                # steps that follow the peak: equal in the angle of the Breit–Wigner, and some equal in mass
                half = 0.5 * max(width, 1e-9)
                angles = np.linspace(np.arctan((low - mass) / half), np.arctan((high - mass) / half), 400)
                grid = np.unique(np.clip(np.r_[mass + half * np.tan(angles), np.linspace(low, high, 200)], low, high))
                if particle["shape"] == layout.SHAPE_FLAT:
                    density = np.ones_like(grid)
                elif barrier:
                    density = resonance_density(grid, mass, width, m1, m2, wave, radius)
                else:
                    density = cauchy_density(grid, mass, width)
                known[key] = len(parts) * QUANTILES
                parts.append(mass_quantiles(density, grid))
            mode["first_quantile"] = known[key]
    return np.concatenate(parts) if parts else np.zeros(1)


def _check_open(table: DecayTable, described: Sequence[ModeDescription]) -> None:
    for particle in table.particles:
        count = int(particle["n_modes"])
        if count == 0 or particle["fate"] == layout.FATE_FINAL or particle["mass"] == 0.0:
            continue
        first = int(particle["first_mode"])
        if table.modes["threshold"][first : first + count].min() > particle["mass_max"]:
            mode = described[first]
            message = f"{mode.source}: every decay of {mode.mother} needs more than its mass; mend or remove them"
            raise ValueError(message)


# --- cache -------------------------------------------------------------------------------------------------------


def _cache_key(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{PARTICLE_TABLE_YEAR}:{version('particle')}:{version('decaylanguage')}".encode())
    # whatever compiles the table or evaluates its models: a change of code makes the tables anew
    floor = Path(__file__).parent.parent
    for source in (
        *sorted((floor / "physics" / "decays").glob("*.py")),
        *sorted((floor / "sim").glob("decay_*.py")),
        floor / "physics" / "line_shapes.py",
        floor / "physics" / "phase_space.py",
    ):
        digest.update(source.read_bytes())
    digest.update((floor / "sim" / "particle_properties.py").read_bytes())
    for path in paths:
        try:
            digest.update(path.read_bytes() + b"\0" + path.name.encode())
        except OSError:
            message = f"decay file '{path}' cannot be read; give the path of a file in EvtGen's .dec syntax"
            raise ValueError(message) from None
    return digest.hexdigest()[:24]


def cache_directory() -> Path:
    """Return where compiled tables are kept (``platformdirs`` user cache)."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("belfast"))


def _read_cache(key: str) -> tuple[DecayTable, Descriptions] | None:
    try:
        path = cache_directory() / f"decays-{key}.npz"
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            table = DecayTable(*(arrays[name] for name in DecayTable._fields[:-1]), 1)  # type: ignore[call-arg]
            particles, *modes = arrays["description"].tobytes().decode().split("\n")
        return table, Descriptions(json.loads(particles), Modes(modes))
    except (OSError, EOFError, BadZipFile, KeyError, ValueError, TypeError):
        return None


def _write_cache(key: str, table: DecayTable, descriptions: Descriptions) -> None:
    description = "\n".join([json.dumps(descriptions.particles), *descriptions.modes.lines])
    arrays = dict(zip(table._fields[:-1], table[:-1], strict=True))
    temporary = None
    try:
        directory = cache_directory()
        directory.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=directory, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, description=np.frombuffer(description.encode(), np.uint8), **arrays)  # type: ignore[arg-type]
        Path(temporary).replace(directory / f"decays-{key}.npz")
    except OSError:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
