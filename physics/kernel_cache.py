"""Where compiled kernels live between runs.

numba keeps them beside the sources, which fails for read-only installations and does not notice that a kernel
called from another file has changed.  An installed package therefore uses the user's cache directory, in a folder
named after the contents of all source files; a working copy (with ``.git``) keeps numba's own way.
"""

import hashlib
import os
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FLOORS = ("physics", "detector", "sim")


def _fingerprint() -> str:
    digest = hashlib.blake2b(sys.version.encode(), digest_size=8)
    for floor in _FLOORS:
        for path in sorted((_ROOT / floor).rglob("*.py")):
            digest.update(f"{path.relative_to(_ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def use_kernel_cache() -> Path | None:
    """Point numba at the cache of this installation; called before the first kernel is declared.

    Returns the directory, or None when the choice is left to numba (working copy, or NUMBA_CACHE_DIR is set).
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    if (_ROOT / ".git").exists():
        return None
    from platformdirs import user_cache_path

    directory = user_cache_path("belfast") / "kernels" / _fingerprint()
    os.environ["NUMBA_CACHE_DIR"] = str(directory)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(directory)
    return directory


def kernels_are_compiled(stage: str) -> bool:
    """Whether ``stage`` ("truth kplus-nunu", say) has run before with these sources."""
    return _marker(stage).exists()


def remember_compiled(stage: str) -> None:
    """Note that the kernels of ``stage`` are on disk; silent when the cache cannot be written."""
    marker = _marker(stage)
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        return


def _marker(stage: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("belfast") / "compiled" / f"{_fingerprint()}-{stage.replace(' ', '-')}"
