"""Where compiled kernels live between runs, and when they are out of date.

A working copy (with ``.git``) keeps them beside the sources, an installed package in the user's cache directory.
numba would compare the time stamp of a kernel's own file, and so miss that a kernel which it calls from another file
has changed; :class:`KernelLocator` compares the contents of the file and of all of ours that it imports.
"""

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_OURS = ("physics", "detector", "sim", "scripts", "tests")
_IMPORT = re.compile(r"^\s*(?:from\s+((?:physics|detector|sim|scripts)\b[\w.]*)\s+import\s+(\([^)]*\)|.+)|"
                     r"import\s+((?:physics|detector|sim|scripts)\b[\w.]*))", re.MULTILINE)  # fmt: skip
_held: set[str] = set()
"""Cache folders that this process keeps for itself."""
_NUMBAS_OWN = "InTreeCacheLocator,UserWideCacheLocator,IPythonCacheLocator,ZipCacheLocator"


def use_kernel_cache() -> None:
    """Let numba find kernels by :class:`KernelLocator`; called before the first kernel is declared.

    The user's own NUMBA_CACHE_DIR or NUMBA_CACHE_LOCATOR_CLASSES, where set, are left alone.
    """
    if "NUMBA_CACHE_DIR" in os.environ or "NUMBA_CACHE_LOCATOR_CLASSES" in os.environ:
        return
    classes = f"{__name__}.KernelLocator,{_NUMBAS_OWN}"
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = classes
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_LOCATOR_CLASSES = classes


@cache
def _source(path: Path) -> tuple[bytes, tuple[Path, ...]]:
    """Digest of a file, and the files of ours that it imports."""
    text = path.read_text()
    imported = []
    for module, names, plain in _IMPORT.findall(text):
        place = _ROOT.joinpath(*(module or plain).split("."))
        candidates = [place.with_suffix(".py")]
        if place.is_dir():
            candidates = [place / "__init__.py", *(place / f"{name}.py" for name in re.findall(r"\w+", names))]
        imported += [found for found in candidates if found.is_file()]
    return hashlib.blake2b(text.encode(), digest_size=16).digest(), tuple(imported)


@cache
def _data() -> bytes:
    """Digest of the tables that kernels take constants from when they are compiled."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted((_ROOT / "physics" / "data").iterdir()):
        digest.update(path.read_bytes())
    return digest.digest()


@cache
def source_stamp(path: Path) -> str:
    """Return a digest of a source file and of all of ours that it imports, directly or not."""
    reached, waiting = {path}, [path]
    while waiting:
        for imported in _source(waiting.pop())[1]:
            if imported not in reached:
                reached.add(imported)
                waiting.append(imported)
    digest = hashlib.blake2b(sys.version.encode() + _data(), digest_size=16)
    for file in sorted(reached):
        digest.update(str(file.relative_to(_ROOT)).encode() + _source(file)[0])
    return digest.hexdigest()


class KernelLocator:
    """Where numba keeps the kernels of one of our files, and what makes them valid (its locator protocol)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def from_function(cls, _function: Callable[..., Any], file: str) -> "KernelLocator | None":
        """Return the locator of a function, None when it is not ours or its cache cannot be written."""
        return _locator(file)

    def ensure_cache_path(self) -> None:
        """Make the directory of the cache."""
        Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        """Return the directory of the cache."""
        if (_ROOT / ".git").exists():
            return str(self._path.parent / "__pycache__")
        installation = hashlib.blake2b(str(_ROOT).encode(), digest_size=8).hexdigest()
        from platformdirs import user_cache_path

        folder = "-".join(self._path.relative_to(_ROOT).parts[:-1])
        return str(user_cache_path("belfast") / "kernels" / installation / folder)

    def get_source_stamp(self) -> str:
        """Return what has to be unchanged for a kernel to be valid."""
        return source_stamp(self._path)

    def get_disambiguator(self) -> str:
        """Return nothing: names of kernels are unique in their file."""
        return ""


@cache
def _locator(file: str) -> KernelLocator | None:
    """Locator of the kernels of a file, which are many."""
    path = Path(file).resolve()
    if not path.is_file() or not path.is_relative_to(_ROOT) or path.relative_to(_ROOT).parts[0] not in _OURS:
        return None
    locator = KernelLocator(path)
    try:
        locator.ensure_cache_path()
    except OSError:
        return None
    return locator if os.access(locator.get_cache_path(), os.W_OK) else None


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Keep other processes out of a cache folder; does without where that is not possible.

    numba itself lets one thread at a time compile; a process that holds the lock is not to wait for itself.
    """
    try:
        import fcntl

        lock = None if folder in _held else (Path(folder) / "kernels.lock").open("w")
    except (ImportError, OSError):
        lock = None
    if lock is None:
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _held.add(folder)
        try:
            yield
        finally:
            _held.remove(folder)


def guard(cache: Any) -> None:
    """Let one process at a time use a kernel's cache.

    Two that add different signatures of a kernel at the same time would name their files alike, and numba would then
    run the one for the other.
    """
    load, save = cache.load_overload, cache.save_overload

    def load_overload(*arguments: Any) -> Any:
        with _alone(cache.cache_path):
            try:
                return load(*arguments)
            except (AttributeError, ImportError):  # names a class that this version no longer has
                cache.flush()
                return None

    def save_overload(*arguments: Any) -> None:
        with _alone(cache.cache_path):
            save(*arguments)

    cache.load_overload, cache.save_overload = load_overload, save_overload


def kernels_are_compiled(file: Path) -> bool:
    """Whether :func:`remember_compiled` was called for this source file as it is now."""
    try:
        return _marker(file).read_text() == _validity(file)
    except OSError:
        return False


def remember_compiled(file: Path) -> None:
    """Note beside the kernels of a source file that all of them are there; silent when that cannot be written."""
    try:
        KernelLocator(file).ensure_cache_path()  # the kernels themselves may be in the user's own NUMBA_CACHE_DIR
        _marker(file).write_text(_validity(file))
    except OSError:
        return


def _marker(file: Path) -> Path:
    return Path(KernelLocator(file).get_cache_path()) / f"{file.stem}.compiled"


def _validity(file: Path) -> str:
    return f"{source_stamp(file)} numba {version('numba')}"
