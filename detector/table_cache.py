"""Tables that are built once and kept on disk: in the user's cache directory, by the hash of what they depend on.

A table is a NamedTuple of arrays and numbers, made by a function of the kernel constants of a card.  The key holds
those constants and the sources of the detector and of the laws it uses: a changed number of the card or a changed
line of code makes another table.  The cache only saves time: a damaged file is built anew, a directory that cannot
be written is no error.
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np

KEPT = 16
"""Tables of one name kept on disk; a scan over cards pushes the oldest ones out."""

_ROOT = Path(__file__).resolve().parent.parent
Table = TypeVar("Table", bound=tuple[Any, ...])


def stored_table(name: str, kind: type[Table], build: Callable[..., Table], *constants: Any) -> Table:
    """Return ``build(*constants)``, a ``kind``, from the disk if it has been built before.

    Parameters
    ----------
    name : first part of the file's name.
    kind : class of the table, a NamedTuple whose fields are arrays, floats or ints.
    build : makes the table; calls with equal ``constants`` must give equal tables.
    constants : NamedTuples (nested as they like) of arrays and numbers.
    """
    directory = cache_directory()
    path = directory / f"{name}-{table_key(constants)}.npz"
    table = _read(path, kind)
    if table is None:
        table = build(*constants)
        _write(path, name, table)
    return table


def cache_directory() -> Path:
    """Return where tables are kept (``platformdirs`` user cache)."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("belfast"))


def table_key(constants: Any) -> str:
    """Return the hash of constants, of the sources that make tables of them, and of the compiler."""
    digest = hashlib.blake2b(_sources(), digest_size=12)
    _add(digest, constants)
    return digest.hexdigest()


@cache
def _sources() -> bytes:
    digest = hashlib.blake2b(f"{numba.__version__}:{np.__version__}".encode())
    for floor in ("detector", "physics"):
        for source in sorted((_ROOT / floor).glob("*.py")):
            digest.update(source.name.encode() + source.read_bytes())
    return digest.digest()


def _add(digest: Any, value: Any) -> None:
    """Add the content of a constant to a digest; unused bytes between the fields of records do not count."""
    if isinstance(value, tuple):
        digest.update(f"({len(value)}".encode())
        for part in value:
            _add(digest, part)
    elif isinstance(value, np.ndarray) and value.dtype.names:
        for field in value.dtype.names:
            digest.update(field.encode())
            _add(digest, value[field])
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode() + value.tobytes())
    else:
        digest.update(f"{type(value).__name__}:{value!r};".encode())


def _read(path: Path, kind: type[Table]) -> Table | None:
    """Return the table of a file; None where there is none, or a damaged one."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            columns = [arrays[name] for name in kind._fields]  # type: ignore[attr-defined]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return kind(*(column if column.ndim else column.item() for column in columns))


def _write(path: Path, name: str, table: Any) -> None:
    """Write the table under a temporary name and rename it: nobody reads half a file."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **table._asdict())
        Path(temporary).replace(path)
        for old in sorted(path.parent.glob(f"{name}-*.npz"), key=os.path.getmtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
