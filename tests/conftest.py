"""Fixtures for every test."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["tests.support.postgres", "tests.support.world"]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than there are cores: tests wait for their Postgres and their Notion a fifth of the time."""
    return (os.cpu_count() or 1) + 1
