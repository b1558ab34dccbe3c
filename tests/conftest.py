"""Shared by all tests: a private cache, so that a test never reads what another run left."""

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _quiet_terminal():
    os.environ["COLUMNS"] = "200"
    os.environ["NO_COLOR"] = "1"
