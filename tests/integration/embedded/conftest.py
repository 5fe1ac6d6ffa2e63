"""Folders and user processes for the tests of the embedded server."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sync_engine.adapters.embedded import clean_environment
from sync_engine.adapters.embedded.folders import Home
from sync_engine.adapters.embedded.temporary import roomy_folder
from tests.support.embedded import StartUser, wait_until_stopped
from tests.support.processes import Partner

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("user_program.py")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter (pytest's own is closed to nobody), removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sync-engine-test-", dir=roomy_folder()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[Home]:
    """A data folder that does not exist yet; its server must be gone by the end of the test."""
    home = Home(open_folder / getattr(request, "param", "data"))
    yield home
    wait_until_stopped(home)


@pytest.fixture
def start_user(home: Home) -> Iterator[StartUser]:
    """Starts a user process; gives it and its first answer. What still runs at the end is killed."""
    partners: list[Partner] = []

    def start(
        *arguments: str,
        env: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        answers: bool = True,
        **options: Any,
    ) -> tuple[Partner, dict[str, Any]]:
        environment = clean_environment() | {"PYTHONPATH": str(ROOT)} | (env or {})
        partner = Partner([*prefix, sys.executable, str(PROGRAM), *arguments], environment, **options)
        partners.append(partner)
        return partner, partner.answer() if answers else {}

    yield start
    for partner in partners:
        partner.discard()
