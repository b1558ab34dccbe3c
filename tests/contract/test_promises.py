"""The promises of the README: reproducible, accounted, safe, flat in memory.

Each test fails when its promise is broken; ``test_the_promise_tests_can_fail`` breaks one on purpose.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from sim import generate
from sim.production import Request, build_line, process, write_file


def fingerprint(events) -> str:
    """Hash of every column, in order, bit for bit."""
    digest = hashlib.sha256()
    for name in sorted(events.fields):
        if name in ("mc", "track", "cluster"):
            continue
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(ak.to_numpy(ak.ravel(events[name]))).tobytes())
        if events[name].ndim > 1:
            digest.update(np.ascontiguousarray(ak.to_numpy(ak.num(events[name]))).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("sample", ["kplus-nunu", "mixed"])
@pytest.mark.parametrize("level", ["truth", "reco", "ntuple"])
def test_threads_and_chunks_do_not_matter(sample, level):
    reference = fingerprint(generate(sample, 300, seed=7, level=level, chunk_events=300))
    assert fingerprint(generate(sample, 300, seed=7, level=level, chunk_events=37, threads=2)) == reference


@pytest.mark.parametrize("level", ["truth", "reco"])
def test_first_event_splits_a_sample(level):
    whole = generate("charged", 200, seed=3, level=level)
    parts = [generate("charged", n, seed=3, level=level, first_event=k) for k, n in ((0, 70), (70, 130))]
    assert fingerprint(ak.concatenate(parts)) == fingerprint(whole)


_TWO_THREADS = """
from sim.production import Request, build_line, process
line = build_line(Request("charged", 2000, level="truth", chunk_events=100))
assert sum(len(result.table) for result in process(line, threads=2)) == 2000
"""


def test_threads_may_start_together():
    """Two threads make what they share at the same moment: only a fresh process shows it."""
    subprocess.run([sys.executable, "-P", "-c", _TWO_THREADS], check=True, timeout=600)


def test_level_leaves_truth_untouched():
    truth = generate("charged", 100, seed=5, level="truth")
    reco = generate("charged", 100, seed=5, level="reco")
    assert fingerprint(truth) == fingerprint(reco[truth.fields])


def test_another_detector_leaves_truth_untouched():
    first = generate("charged", 100, seed=5, level="reco", detector="belle2-run1")
    second = generate("charged", 100, seed=5, level="reco", detector="belle2-run2")
    truth = [f for f in first.fields if f.startswith(("mc_", "__", "mcD"))]
    assert fingerprint(first[truth]) == fingerprint(second[truth])
    assert fingerprint(first) != fingerprint(second)


def test_another_seed_is_another_sample():
    assert fingerprint(generate("charged", 20, seed=1, level="truth")) != fingerprint(
        generate("charged", 20, seed=2, level="truth")
    )


def test_file_and_python_hold_the_same_events(tmp_path):
    path = tmp_path / "events.root"
    write_file(Request("kplus-nunu", 200, seed=9, level="truth"), path)
    memory = generate("kplus-nunu", 200, seed=9, level="truth")
    with uproot.open(path) as file:
        tree = file["truth"].arrays()
    for name in memory.fields:
        if name != "mc":
            assert ak.all(tree[name] == memory[name]) or ak.all(np.isnan(memory[name])), name


def test_the_promise_tests_can_fail(monkeypatch):
    """A stream that forgets the event number, as a shared generator would, breaks the split at once."""
    line = build_line(Request("kplus-nunu", 40, seed=3, level="truth", signal_only=True, chunk_events=40))
    whole = next(process(line)).table
    broken = line.generate
    monkeypatch.setattr(line, "generate", lambda first, n: broken(0, n))
    halves = [line.process(type("C", (), {"first": f, "events": 20})).table for f in (0, 20)]
    rejoined = np.concatenate([h.collections["mc"][1]["px"] for h in halves])
    assert not np.array_equal(rejoined, whole.collections["mc"][1]["px"])


# --- accounted --------------------------------------------------------------------------------------------------


def test_metadata_scales_a_sample_to_a_luminosity(tmp_path):
    metadata = write_file(Request("kplus-nunu", 500, seed=2, level="truth", first_event=11), tmp_path / "a.root")
    assert (metadata["generated"], metadata["selected"], metadata["first_event"]) == (500, 500, 11)
    # 1 nb × 1 fb⁻¹ = 10⁶ events
    assert metadata["luminosity_fb"] * metadata["cross_section_nb"] * 1e6 == pytest.approx(500)
    with uproot.open(tmp_path / "a.root") as file:
        weights = file["truth"]["__weight__"].array()
    assert metadata["sum_weights"] == pytest.approx(float(ak.sum(weights)))
    assert ak.mean(weights) == pytest.approx(1.0, abs=5 * 0.17 / np.sqrt(500))
    record = metadata["provenance"]
    assert len(record["tables"]["decay file"]["sha256"]) == 64
    assert {"version", "commit", "command", "options", "libraries"} <= set(record)
    json.dumps(metadata)


def test_every_column_is_documented(tmp_path):
    metadata = write_file(Request("charged", 50, level="reco"), tmp_path / "a.parquet")
    undocumented = [name for name, c in metadata["columns"].items() if not c["description"]]
    assert not undocumented


# --- safe -------------------------------------------------------------------------------------------------------


def test_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def breaks(self, chunk):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.production.Line.process", breaks)
    with pytest.raises(OSError, match="No space left"):
        write_file(Request("kplus-nunu", 50, level="truth"), tmp_path / "a.root")
    assert not list(tmp_path.iterdir())


def test_existing_file_survives_a_failure(tmp_path, monkeypatch):
    path = tmp_path / "a.root"
    path.write_text("precious")
    with pytest.raises(ValueError, match="--force"):
        write_file(Request("kplus-nunu", 50, level="truth"), path)
    monkeypatch.setattr("sim.production.Line.process", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_file(Request("kplus-nunu", 50, level="truth"), path, force=True)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def _belfast(*arguments):
    return [sys.executable, "-P", "-c", "from sim.cli import app; app()", *map(str, arguments)]


def test_interrupted_run_leaves_nothing_behind(tmp_path):
    command = _belfast("generate", "charged", "-n", 10_000_000, "--level", "truth", "-o", tmp_path / "a.root", "-q")
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.1)
    assert list(tmp_path.iterdir()), "the run never started to write"
    run.send_signal(signal.SIGTERM)
    _, message = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "interrupted" in message
    assert "Traceback" not in message
    assert not list(tmp_path.iterdir())


def test_full_disk_is_one_sentence(tmp_path):
    # /dev/full answers every write with ENOSPC; the temporary file is a link to it
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    code = (
        "import sim.files, os, pathlib\n"
        "old = sim.files.OutputFile.__init__\n"
        "def init(self, path, tree, header):\n"
        "    t = path.with_name(f'.{path.name}.{os.getpid()}.partial{path.suffix}')\n"
        "    t.symlink_to('/dev/full')\n"
        "    old(self, path, tree, header)\n"
        "sim.files.OutputFile.__init__ = init\n"
        "from sim.cli import app; app()"
    )
    for suffix in (".parquet", ".root"):
        command = [sys.executable, "-P", "-c", code, "generate", "kplus-nunu", "-n", "2000", "--level", "truth", "-q"]
        run = subprocess.run(
            [*command, "-o", str(tmp_path / f"a{suffix}")], capture_output=True, text=True, check=False
        )
        assert run.returncode == 1, run.stderr
        assert "Traceback" not in run.stderr
        assert run.stderr.count("\n") == 1, run.stderr
        assert not list(tmp_path.iterdir())


# --- flat memory ------------------------------------------------------------------------------------------------

# Linux hands the parent's largest size on as ru_maxrss; VmHWM is the process's own.
_PEAK = """
import resource, sys
from pathlib import Path
from sim.production import Request, write_file
write_file(Request("kplus-nunu", int(sys.argv[1]), level="truth", signal_only=True), Path(sys.argv[2]))
status = Path("/proc/self/status")
if status.exists():
    print(int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)
"""


def test_memory_does_not_grow_with_the_number_of_events(tmp_path):
    def peak(events):
        command = [sys.executable, "-P", "-c", _PEAK, str(events), str(tmp_path / f"{events}.root")]
        return float(subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout)

    small, large = peak(100_000), peak(400_000)  # 4 chunks, 16 chunks
    # the rows of the events alone would need 300 MB more
    assert large < small + 60
    assert large < 1500
