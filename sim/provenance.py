"""Where a file comes from: version, commit, command, tables and libraries, as a JSON record."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "numba", "awkward", "uproot", "pyarrow", "pyhepmc", "particle", "decaylanguage", "vector")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git_commit() -> str:
    """Return the commit of the working copy this runs from, "" for an installed package."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def version() -> str:
    """Return the version of the installed distribution."""
    try:
        return metadata.version("belfast")
    except metadata.PackageNotFoundError:
        return "unknown"


def record(options: dict[str, Any], tables: dict[str, Path]) -> dict[str, Any]:
    """Return the provenance of a production.

    ``options`` are the choices of the user by name; ``tables`` the files that define the physics and the detector,
    stored by name with their hash.
    """
    return {
        "program": "belfast",
        "version": version(),
        "commit": git_commit(),
        "command": " ".join(["belfast", *sys.argv[1:]]) if "belfast" in Path(sys.argv[0]).name else "Python",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "options": options,
        "tables": {name: {"file": path.name, "sha256": file_hash(path)} for name, path in tables.items()},
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }
