"""A kernel is compiled again when one that it reaches through other files has changed."""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import physics

LOW = "from physics.jit import kernel\n\n@kernel\ndef low(x):\n    return {factor} * x\n"
MIDDLE = "from physics.jit import kernel\nfrom physics.low import low\n\n@kernel\ndef middle(x):\n    return low(x)\n"
HIGH = """
from physics.jit import kernel
from physics.middle import middle

@kernel
def high(x):
    return middle(x) + 1.0

print(high(1.0), sum(high.stats.cache_hits.values()))
"""

CLASS = """
from typing import NamedTuple

from physics.jit import kernel

class {name}(NamedTuple):
    x: float

@kernel
def first(pair):
    return pair.x

print(first({name}(2.0)), sum(first.stats.cache_hits.values()))
"""


def copy_of_physics(folder):
    shutil.copytree(Path(physics.__file__).parent, folder / "physics", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".git").mkdir()


def test_vanished_class_is_no_obstacle(tmp_path):
    """A kernel's old cache may name a class that a newer version no longer has."""
    copy_of_physics(tmp_path)

    def run(name):
        (tmp_path / "physics" / "high.py").write_text(CLASS.format(name=name))
        command = [sys.executable, "-c", "import physics.high"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()

    assert run("Old") == ["2.0", "0"]
    assert run("New") == ["2.0", "0"]
    assert run("New") == ["2.0", "1"]


def test_changed_callee_is_noticed(tmp_path):
    copy_of_physics(tmp_path)
    (tmp_path / "physics" / "high.py").write_text(HIGH)
    (tmp_path / "physics" / "middle.py").write_text(MIDDLE)

    def run(factor):
        (tmp_path / "physics" / "low.py").write_text(LOW.format(factor=factor))
        command = [sys.executable, "-c", "import physics.high"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()

    assert run(2.0) == ["3.0", "0"]
    assert run(2.0) == ["3.0", "1"]
    assert run(5.0) == ["6.0", "0"]


def test_processes_take_turns(tmp_path):
    """While one process saves a kernel another one waits."""
    code = (
        "import sys, time\n"
        "from physics.kernel_cache import _alone\n"
        "with _alone(sys.argv[1]), _alone(sys.argv[1]):\n"
        "    print(time.monotonic()); time.sleep(0.5); print(time.monotonic())\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    turns = sorted(tuple(map(float, process.communicate(timeout=60)[0].split())) for process in processes)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(turns))
