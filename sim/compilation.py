"""First run: the stations' kernels are compiled at the same time, each in a process of its own.

numba compiles one kernel at a time in a process.  What is compiled is kept on disk
(:mod:`physics.kernel_cache`), where the production finds it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from physics.kernel_cache import kernels_are_compiled, remember_compiled

_ROOT = Path(__file__).resolve().parent.parent
MAX_PROCESSES = 4
"""Each takes up to a gigabyte."""


def _detector() -> None:
    from detector.card import load_detector
    from detector.response import measure
    from physics.random import stream_key
    from physics.record import new_particles, trimmed

    particles = trimmed(new_particles(1, 0))
    measure(particles, np.empty(0, np.int64), load_detector("belle2-run1"), stream_key(1, "compilation"))


def _interpreter() -> None:
    from sim.generators.decay_tree import interpreter_address

    interpreter_address()


def _models() -> None:
    from physics.decays.registry import models_address

    models_address()


def _strings() -> None:
    from physics.decays.strings import strings_address

    strings_address()


def _reconstruction() -> None:
    from detector.record import Clusters, KLMClusters, Reco
    from detector.response import new_tracks
    from detector.tables import new_table
    from physics.beams import superkekb
    from physics.record import new_particles, trimmed
    from sim.events import Events
    from sim.reconstruction import load_selection, reconstruct

    reco = Reco(new_tracks(1, 0), new_table(Clusters, 1, 0), new_table(KLMClusters, 1, 0))
    events = Events(np.empty(0, np.int64), trimmed(new_particles(1, 0)))
    reconstruct(reco, events, load_selection("kplus-nunu-2021"), superkekb())


class Piece(NamedTuple):
    """What is compiled in one go, by calling ``compile``, and the module that leads to all of its sources."""

    module: str
    compile: Callable[[], None]

    @property
    def file(self) -> Path:
        """The module's source."""
        return _ROOT / self.module


PIECES = {
    "detector": Piece("detector/response.py", _detector),
    "reconstruction": Piece("sim/reconstruction/chunk.py", _reconstruction),
    "interpreter": Piece("sim/generators/decay_tree.py", _interpreter),
    "strings": Piece("physics/decays/strings.py", _strings),
    "models": Piece("physics/decays/registry.py", _models),
}
"""What shares no large kernel with the others, the largest first."""
_BEHIND_TRUTH = {"truth": (), "reco": ("detector",), "ntuple": ("detector", "reconstruction")}


def missing_pieces(level: str) -> list[str]:
    """Return the pieces that ``level`` ("truth", "reco" or "ntuple") needs and that are not compiled yet."""
    needed = (*_BEHIND_TRUTH[level], "interpreter", "strings", "models")
    return [name for name in needed if not kernels_are_compiled(PIECES[name].file)]


def compile_ahead(level: str, report: Callable[[int], None] = lambda _: None) -> None:
    """Compile what is missing on all cores; ``report`` is called with 0 at the start and 1 for each piece done.

    Whatever fails here is compiled, and complains, where it is used.
    """
    waiting = missing_pieces(level)
    processes = min(os.cpu_count() or 1, MAX_PROCESSES, len(waiting))
    if processes < 2:
        return
    report(0)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                piece = waiting.pop(0)
                running[piece] = _start(piece)
            for piece in [piece for piece, process in running.items() if process.poll() is not None]:
                if running.pop(piece).returncode == 0:
                    remember_compiled(PIECES[piece].file)
                report(1)
            time.sleep(0.1)
    finally:
        for process in running.values():
            process.kill()


def _start(piece: str) -> subprocess.Popen[bytes]:
    """Compile one piece in a process of its own, which imports this installation (``-P``: not the current folder)."""
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-c", f"from sim.compilation import PIECES; PIECES['{piece}'].compile()"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stdout=quiet, stderr=quiet)
