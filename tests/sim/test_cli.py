"""The command line as a user meets it: output, messages, exit codes."""

import gc
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from numba.core import entrypoints
from typer.testing import CliRunner

from sim.cli import app
from sim.samples import SAMPLES

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def test_help_does_not_import_the_heavy_libraries():
    code = (
        "import sys\n"
        "sys.argv = ['belfast', '--help']\n"
        "from sim.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numba', 'numpy', 'uproot', 'awkward', 'decaylanguage', 'pyarrow') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("[]")


def test_generate_loads_only_what_it_needs(tmp_path):
    # the first start of all makes the tables, which needs more
    assert run("generate", "charged", "--events", 1, "--quiet", "--output", tmp_path / "first.root").exit_code == 0
    code = (
        "import sys\n"
        f"sys.argv = 'belfast generate charged --events 1 --quiet --output {tmp_path / 'one.root'}'.split()\n"
        "from sim.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('vector', 'particle', 'decaylanguage', 'rich') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("[]")


def test_generate_leaves_the_process_as_it_was(tmp_path):
    before = gc.get_threshold(), entrypoints.init_all
    assert run("generate", "charged", "--events", 1, "--quiet", "--output", tmp_path / "one.root").exit_code == 0
    assert (gc.get_threshold(), entrypoints.init_all) == before


def test_samples_lists_the_catalogue():
    result = run("samples")
    assert result.exit_code == 0
    for name in SAMPLES:
        assert name in result.stdout


def test_samples_models_names_what_falls_back():
    result = run("samples", "--models")
    assert result.exit_code == 0
    assert "PYTHIA" in result.stdout
    assert "VSS_BMIX" not in result.stdout or "itself" in result.stdout


def test_generate_and_info(tmp_path):
    path = tmp_path / "signal.root"
    result = run(
        "generate", "kplus-nunu", "--events", 200, "--seed", 4, "--level", "truth", "--output", path, "--quiet"
    )
    assert result.exit_code == 0, result.output
    info = json.loads(run("info", path, "--json").stdout)
    assert set(info) >= {
        "sample", "seed", "first_event", "generated", "selected", "cross_section_nb", "luminosity_fb", "sum_weights",
        "cut_flow", "columns", "provenance",
    }  # fmt: skip
    assert (info["sample"], info["seed"], info["generated"]) == ("kplus-nunu", 4, 200)
    assert info["columns"]["mcQ2"]["unit"] == "GeV^2"
    assert 0 <= info["columns"]["mcQ2"]["min"] < info["columns"]["mcQ2"]["max"] < 23
    table = run("info", path)
    assert table.exit_code == 0
    assert "kplus-nunu" in table.stdout


def test_luminosity_sets_the_number_of_events(tmp_path):
    path = tmp_path / "a.parquet"
    result = run("generate", "charged", "--luminosity", 0.001, "--level", "truth", "-o", path)
    assert result.exit_code == 0, result.output
    assert json.loads(run("info", path, "--json").stdout)["generated"] == round(0.001 * 1.069 * 0.516 * 1e6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "kplus-nunnu", "-n", 5], "did you mean 'kplus-nunu'"),
        (["generate", "nothing-like-it", "-n", 5], "'belfast samples' lists them"),
        (["generate", "charged", "-n", -5], "--events must be at least 1"),
        (["generate", "charged", "-n", 5, "--first-event", -1], "--first-event must be at least 0"),
        (["generate", "charged", "-n", 5, "--seed", -1], "--seed must be at least 0"),
        (["generate", "charged", "-n", 5, "--threads", 0], "--threads must be at least 1"),
        (["generate", "charged"], "either --events N or --luminosity FB"),
        (["generate", "charged", "-n", 5, "--luminosity", 1], "either --events N or --luminosity FB"),
        (["generate", "charged", "--luminosity", -1], "must be positive"),
        (["generate", "charged", "-n", 5, "-o", "{tmp}/a.txt"], "names no format"),
        (["generate", "charged", "-n", 5, "-o", "{tmp}/a.hepmc3"], "HepMC3 holds true particles only"),
        (["generate", "charged", "-n", 5, "-o", "{tmp}/no/a.root"], "does not exist"),
        (["generate", "charged", "-n", 5, "-o", "{tmp}"], "names no format"),
        (["generate", "charged", "-n", 5, "--beam", "off-resonance"], "below their threshold"),
        (["generate", "charged", "-n", 5, "--signal-only"], "needs a signal sample"),
        (["generate", "charged", "-n", 5, "--unweighted"], "carries no weights"),
        (["generate", "kplus-x", "-n", 5], "--x-mass"),
        (["generate", "kplus-x", "-n", 5, "--x-mass", 5.5, "--level", "truth"], "5.5"),
        (["generate", "charged", "-n", 5, "--decay-file", "{tmp}/none.dec"], "there is no file"),
        (["generate", "charged", "-n", 5, "--detector", "belle3"], "belle3"),
        (["info", "{tmp}/none.root"], "there is no file"),
        (["info", "{tmp}/broken.root"], "not a complete file"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, message, tmp_path):
    (tmp_path / "broken.root").write_text("not a file")
    arguments = [str(a).format(tmp=tmp_path) for a in arguments]
    if arguments[0] == "generate" and "-o" not in arguments:
        arguments += ["-o", str(tmp_path / "out.root")]
    result = run(*arguments)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert result.stderr.strip().count("\n") == 0
    assert [p.name for p in tmp_path.iterdir()] == ["broken.root"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Decay B+\n1.0 K+ nosuchparticle PHSP;\nEnddecay\nEnd\n", "nosuchparticle"),
        ("Decay B+\n1.0 K+ pi0\nEnddecay\n", "broken.dec"),
        ("Decay B+\n1.0 K+ K+ PHSP;\nEnddecay\nEnd\n", "charge"),
    ],
)
def test_broken_decay_file_is_one_sentence(text, message, tmp_path):
    decays = tmp_path / "broken.dec"
    decays.write_text(text)
    result = run("generate", "charged", "-n", 5, "--decay-file", decays, "-o", tmp_path / "a.root", "--level", "truth")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "a.root").exists()


def test_existing_output_needs_force(tmp_path):
    path = tmp_path / "a.root"
    path.write_text("mine")
    arguments = ["generate", "kplus-nunu", "-n", 10, "--level", "truth", "-o", path, "-q"]
    result = run(*arguments)
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert path.read_text() == "mine"
    assert run(*arguments, "--force").exit_code == 0


def test_warm_start_is_quick(tmp_path):
    """One event after compilation: start-up must not hide seconds of work (generous bound for busy machines)."""
    arguments = [
        "generate",
        "kplus-nunu",
        "-n",
        "1",
        "--level",
        "truth",
        "-q",
        "--force",
        "-o",
        str(tmp_path / "a.root"),
    ]
    command = [sys.executable, "-P", "-c", "from sim.cli import app; app()", *arguments]
    subprocess.run(command, check=True)
    start = time.monotonic()
    subprocess.run(command, check=True)
    assert time.monotonic() - start < 15
    assert Path(tmp_path / "a.root").exists()
