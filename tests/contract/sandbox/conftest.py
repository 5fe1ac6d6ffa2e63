"""A running local Notion and a small client for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from sync_engine.sandbox import Sandbox
from tests.support.sandbox_api import Api

START = datetime(2026, 6, 27, 17, 1, 15, 377000, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start(requests_per_minute=None, clock=lambda: START) as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    with httpx.Client() as client:
        yield Api(sandbox, client)
