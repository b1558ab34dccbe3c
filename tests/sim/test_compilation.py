"""What a first run compiles at the same time."""

import subprocess
import sys

import pytest

from sim import compilation
from sim.compilation import PIECES, compile_ahead, missing_pieces


@pytest.fixture
def nothing_compiled(monkeypatch):
    done = set()
    monkeypatch.setattr(compilation, "kernels_are_compiled", done.__contains__)
    monkeypatch.setattr(compilation, "remember_compiled", done.add)
    return done


@pytest.mark.parametrize("piece", PIECES)
def test_pieces_compile_without_events(piece):
    assert PIECES[piece].file.is_file()
    PIECES[piece].compile()


def test_levels_need_their_stations(nothing_compiled):
    assert set(missing_pieces("truth")) == {"interpreter", "strings", "models"}
    assert set(missing_pieces("ntuple")) == set(PIECES)


def test_each_missing_piece_is_compiled_once(nothing_compiled, monkeypatch):
    started = []

    def start(piece):
        started.append(piece)
        return subprocess.Popen([sys.executable, "-c", f"raise SystemExit({int(piece == 'strings')})"])

    monkeypatch.setattr(compilation, "_start", start)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    reported = []
    compile_ahead("truth", reported.append)
    assert sorted(started) == ["interpreter", "models", "strings"]
    assert reported == [0, 1, 1, 1]
    assert missing_pieces("truth") == ["strings"]  # failed: the production will say why


def test_interrupt_leaves_no_process(nothing_compiled, monkeypatch):
    processes = []

    def start(piece):
        if len(processes) == 2:
            raise KeyboardInterrupt
        processes.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return processes[-1]

    monkeypatch.setattr(compilation, "_start", start)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    with pytest.raises(KeyboardInterrupt):
        compile_ahead("truth")
    assert all(process.wait(10) != 0 for process in processes)
