"""Decay files: what is understood, what is refused with a message that helps, and the cache of compiled tables."""

import os

import numpy as np
import pytest

from physics.decays.registry import draws_masses as model_draws_masses
from physics.decays.table import SHAPE_NARROW
from physics.line_shapes import QUANTILES, mass_quantiles, resonance_density
from physics.phase_space import BOUND_MARGIN, phase_space_bound
from sim import decay_table
from sim.decay_file import default_decay_file, read_decay_files
from sim.decay_table import compile_table, load_described_table, model_shares


@pytest.fixture(scope="module")
def described():
    return load_described_table()


def _file(tmp_path, text, name="my.dec"):
    path = tmp_path / name
    path.write_text(text)
    return path


def _modes(described, mother):
    table, names = described
    particle = table.particles[names.row(mother)]
    return names.modes[particle["first_mode"] : particle["first_mode"] + particle["n_modes"]]


def test_the_whole_default_file_is_there(described):
    content = read_decay_files([default_decay_file()])
    assert len(content.decays) == 363  # counted in DECAY_BELLE2.DEC: 272 Decay and 91 CDecay
    assert sum(map(len, content.decays.values())) == 9169
    table, names = described
    positive = sum(line.fraction > 0 for lines in content.decays.values() for line in lines)
    assert len(table.modes) == len(names.modes) == positive


def test_branching_fractions_are_cumulative_and_end_at_one(described):
    table, _ = described
    for particle in table.particles[table.particles["n_modes"] > 0]:
        own = slice(particle["first_mode"], particle["first_mode"] + particle["n_modes"])
        assert np.all(np.diff(table.cumulative[own]) >= 0)
        assert table.cumulative[own][-1] == 1.0
        assert np.isclose(table.modes["fraction"][own].sum(), 1.0)


def test_what_is_implemented_carries_nearly_all_decays(described):
    table, names = described
    for mother in ("B+", "B0", "D0", "D+", "D_s+", "tau-", "J/psi"):
        shares = model_shares(table, names, mother)
        assert np.isclose(sum(share for share, _ in shares.values()), 1.0)
        assert sum(share for share, implemented in shares.values() if implemented) > 0.98


def test_phase_space_is_bounded_beforehand_where_masses_are_fixed(described):
    table, _ = described
    particles, modes = table.particles, table.modes
    bounded = 0
    for particle in particles[particles["n_modes"] > 0]:
        for mode in modes[particle["first_mode"] : particle["first_mode"] + particle["n_modes"]]:
            rows = table.daughters[mode["first_daughter"] : mode["first_daughter"] + mode["n_daughters"]]
            if mode["bound"] == 0.0:
                continue
            bounded += 1
            assert particle["shape"] == SHAPE_NARROW
            assert np.all(particles["shape"][rows] == SHAPE_NARROW)
            # a little heavier, as rounding may leave the mother: the bound is still one
            masses, n = particles["mass"][rows], len(rows)
            heavier = phase_space_bound(particle["mass"] * (1.0 + 1e-9), masses, n) / BOUND_MARGIN**2
            assert mode["bound"] > heavier
    assert bounded > 1000
    inclusive = modes[[model_draws_masses(m) for m in modes["model"]]]
    assert len(inclusive) > 0
    assert np.all(inclusive["bound"] == 0.0)


def test_antiparticles_point_at_each_other(described):
    table, names = described
    plus, minus = names.row("B+"), names.row("B-")
    assert table.particles["anti"][plus] == minus
    assert table.particles["anti"][minus] == plus
    assert table.particles["pdg"][plus] == -table.particles["pdg"][minus] == 521


def test_user_file_replaces_a_block_and_may_use_aliases(tmp_path):
    path = _file(
        tmp_path,
        """
Alias MyD0 D0
Alias Myanti-D0 anti-D0
ChargeConj MyD0 Myanti-D0
Define rate 1.0
ModelAlias flat PHSP;
Decay MyD0
1.0 K- pi+ flat;
Enddecay
CDecay Myanti-D0
Decay B+
0.7 Myanti-D0 pi+ PHSP;
0.3 Myanti-D0 K+ PHSP;
Enddecay
CDecay B-
End
""",
    )
    described = load_described_table([path])
    assert [mode.identity for mode in _modes(described, "B+")] == [
        "B+ -> Myanti-D0 pi+",
        "B+ -> Myanti-D0 K+",
    ]
    assert [mode.daughters for mode in _modes(described, "B-")] == [("MyD0", "pi-"), ("MyD0", "K-")]
    assert [mode.daughters for mode in _modes(described, "Myanti-D0")] == [("K+", "pi-")]
    table, names = described
    assert table.particles["pdg"][names.row("MyD0")] == 421
    assert len(_modes(described, "D0")) > 100  # the true D0 keeps the default decays
    assert len(_modes(described, "B0")) > 1000


def test_mass_width_and_shape_can_be_set(tmp_path):
    path = _file(tmp_path, "Particle K*0 0.9 0.06\nChangeMassMax K*0 1.1\nLSFLAT rho0\nEnd\n")
    table, names = load_described_table([path])
    kstar = table.particles[names.row("K*0")]
    assert (kstar["mass"], kstar["width"], kstar["mass_max"]) == (0.9, 0.06, 1.1)
    assert table.particles["shape"][names.row("rho0")] == decay_table.layout.SHAPE_FLAT


def test_barriers_of_line_shapes_can_be_set(tmp_path):
    """BlattWeisskopf changes the ρ's mass distribution, the factors switch the barriers of decay and birth off."""
    decay = "Decay rho0\n1.0 pi+ pi- VSS;\nEnddecay\n"

    def quantiles(text):
        table, names = compile_table(read_decay_files([_file(tmp_path, text + decay + "End\n")]))
        rho = table.particles[names.row("rho0")]
        first = table.modes[rho["first_mode"]]["first_quantile"]
        return table.quantiles[first : first + QUANTILES], rho["birth"]

    def density(radius):
        grid = np.linspace(0.295, 0.77526 + 15 * 0.1474, 50000)
        return mass_quantiles(resonance_density(grid, 0.77526, 0.1474, 0.13957, 0.13957, 1, radius), grid)

    standard, birth = quantiles("")
    assert birth == 1
    assert np.allclose(standard[10:-20], density(3.0)[10:-20], atol=5e-3)
    point_like, _ = quantiles("BlattWeisskopf rho0 0.0\n")
    assert np.allclose(point_like[10:-20], density(0.0)[10:-20], atol=5e-3)
    assert point_like[64] > standard[64] + 1e-3
    free, birth = quantiles("IncludeDecayFactor rho0 no\nIncludeBirthFactor rho0 no\n")
    assert birth == 0
    assert free[64] < standard[64] - 1e-3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Decay B+\n1.0 K+ pi0x PHSP;\nEnddecay\n", r"my.dec:2: unknown particle 'pi0x'.*'pi0'"),
        ("Decay B+\n1.0 K+ pi- PHSP;\nEnddecay\n", r"my.dec:2: .*charge is not conserved"),
        ("Decay B+\n1.0 K+ pi0 PHSP\nEnddecay\n", r"my.dec:\d+: not understood"),
        ("Decay K_S0\n1.0 D0 pi0 PHSP;\nEnddecay\n", r"my.dec:2: every decay of K_S0 needs more than its mass"),
        ("Decay B+\n1.0 K+ pi0 NOSUCHMODEL;\nEnddecay\n", r"my.dec:2: unknown decay model 'NOSUCHMODEL'"),
        ("Decay B+\n0.0 K+ pi0 PHSP;\nEnddecay\n", r"my.dec:2: the branching fractions of B\+ add up to 0"),
        ("Decay B+\n-0.5 K+ pi0 PHSP;\nEnddecay\n", r"my.dec:2: a branching fraction below 0"),
        ("CDecay Nobody\n", r"my.dec:1: unknown particle 'Nobody'"),
        ("Alias MyB B+\nCDecay MyB\n", r"my.dec:2: alias 'MyB' needs a 'ChargeConj MyB"),
        (
            "Decay B+\n1.0 K+ pi0 PHSP;\nEnddecay\nDecay B+\n1.0 K+ eta PHSP;\nEnddecay\n",
            r"my.dec:4: a second 'Decay B\+'",
        ),
        ("Decay B+\n1.0 K+ pi0 SVS;\nEnddecay\n", r"my.dec:2: "),
        ("Decay B0\n1.0 pi0 s anti-d PYTHIA 91;\nEnddecay\n", r"my.dec:2: PYTHIA 91 does not know 'pi0 s anti-d'"),
        ("Decay B0\n1.0 s anti-d PYTHIA;\nEnddecay\n", r"my.dec:2: PYTHIA needs the number"),
        ("Alias MyB B+\nCopyDecay MyB Nobody\n", r"my.dec:2: CopyDecay MyB Nobody: there is no"),
        ("Alias MyB B++\n", r"my.dec:1: unknown particle 'B\+\+'"),
        ("\nParticle K*00 0.9 0.05\n", r"my.dec:2: unknown particle 'K\*00'"),
        ("LSFLAT rho00\n", r"my.dec:1: unknown particle 'rho00'"),
        ("BlattWeisskopf rho00 3.0\n", r"my.dec:1: unknown particle 'rho00'"),
        ("IncludeBirthFactor rho00 no\n", r"my.dec:1: unknown particle 'rho00'"),
        ("ChangeMassMin rho00 0.5\n", r"my.dec:1: unknown particle 'rho00'"),
        ("SetLineshapePW D_1+ D*+ pi00 2\n", r"my.dec:1: unknown particle 'pi00'"),
    ],
)
def test_senseless_files_are_refused_with_file_and_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        compile_table(read_decay_files([_file(tmp_path, text)]))


def test_a_file_on_top_of_the_default_reuses_what_is_compiled(tmp_path, described):
    path = _file(tmp_path, "Decay B+\n1.0 J/psi K+ SVS;\nEnddecay\n")
    default, names = described
    table, own = load_described_table([path])
    rows = {(mode.mother, mode.source): k for k, mode in enumerate(names.modes)}
    mother, source = next((m.mother, m.source) for m in own.modes if m.model == "BGL" and m.mother == "B0")
    new = next(k for k, m in enumerate(own.modes) if (m.mother, m.source) == (mother, source))
    old = rows[mother, source]
    assert table.modes["maximum"][new] == default.modes["maximum"][old] > 0
    for one, two in ((table, new), (default, old)):
        assert one.modes["n_parameters"][two] > 2
    parameters = [
        t.parameters[t.modes["first_parameter"][k] :][: t.modes["n_parameters"][k]]
        for t, k in ((table, new), (default, old))
    ]
    assert np.array_equal(*parameters)
    heavier = _file(tmp_path, "Particle D*- 2.1 0.0001\nDecay B+\n1.0 J/psi K+ SVS;\nEnddecay\n", "heavier.dec")
    table, own = load_described_table([heavier])
    new = next(k for k, m in enumerate(own.modes) if (m.mother, m.source) == (mother, source))
    assert table.modes["maximum"][new] != default.modes["maximum"][old]


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        load_described_table([tmp_path / "none.dec"])


def test_cache_gives_the_same_table_and_an_unusable_one_only_costs_time(tmp_path, monkeypatch):
    path = _file(tmp_path, "Decay B+\n1.0 K+ pi0 PHSP;\nEnddecay\n")
    monkeypatch.setattr(decay_table, "cache_directory", lambda: tmp_path / "cache")
    monkeypatch.setattr(decay_table, "default_decay_file", lambda: _file(tmp_path, "", "default.dec"))
    first, names = load_described_table([path])
    assert len(list((tmp_path / "cache").glob("*.npz"))) == 2  # of the default alone, and with the file on top
    again, names_again = load_described_table([path])
    for one, two in zip(first, again, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(two).tobytes()
    assert names == names_again
    whole = {file: file.read_bytes() for file in (tmp_path / "cache").glob("*.npz")}
    for break_it in (
        lambda content: b"",
        lambda content: b"broken",
        lambda content: content[: len(content) // 2],
        lambda content: content[:300] + bytes([content[300] ^ 1]) + content[301:],
    ):
        for file, content in whole.items():
            file.write_bytes(break_it(content))
        assert load_described_table([path])[1] == names
    monkeypatch.setattr(decay_table, "cache_directory", lambda: tmp_path / "my.dec" / "no")
    assert load_described_table([path])[1] == names
    assert os.listdir(tmp_path / "cache")  # noqa: PTH208
