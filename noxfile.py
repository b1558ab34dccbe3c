#!/usr/bin/env -S uv run --script
"""The developer's vocabulary: nox -s lint | typing | tests | external | validation | clean | build."""

# /// script
# dependencies = ["nox"]
# ///

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session
def lint(session: nox.Session) -> None:
    """Run the linters and formatters."""
    session.install("pre-commit")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure", *session.posargs)


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types."""
    session.install("-e.", "mypy", "types-PyYAML")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the default tests."""
    session.install("-e.[test]")
    session.run("pytest", *session.posargs)


@nox.session
def external(session: nox.Session) -> None:
    """Compare with phasespace, Pythia 8, pandas and ROOT."""
    session.install("-e.[external]")
    session.run("pytest", "-m", "external", *session.posargs)


@nox.session
def validation(session: nox.Session) -> None:
    """Print the validation tables and write their plots."""
    session.install("-e.[plot]")
    session.run("python", "scripts/validate.py", *session.posargs)


@nox.session(venv_backend="none")
def clean(session: nox.Session) -> None:
    """Remove compiled kernels from the working copy."""
    for folder in Path().rglob("__pycache__"):
        if ".nox" not in folder.parts:
            shutil.rmtree(folder)
    session.log("compiled kernels removed")


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and the source distribution."""
    session.install("build")
    session.run("python", "-m", "build")


if __name__ == "__main__":
    nox.main()
