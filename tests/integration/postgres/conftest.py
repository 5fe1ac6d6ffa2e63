"""The capture laboratory: a database with captured tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.captured import CaptureLab, capture_lab
from tests.support.postgres import Database


@pytest.fixture
def lab(database: Database) -> Iterator[CaptureLab]:
    with capture_lab(database) as made:
        yield made
