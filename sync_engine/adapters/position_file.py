"""Positions kept in files beside `sync.toml`: what a restore of the database does not take back."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from sync_engine.domain.home import Position

_log = logging.getLogger(__name__)


class PositionFiles:
    """Implements `ports.home.Positions`: one small file an installation, replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: Position | None = None
        self._warned = False

    def read(self, installation: str) -> Position | None:
        """The position kept for this installation; None when there is no file, or it is not to be read."""
        try:
            stored = json.loads(self._file(installation).read_text())
            return Position(installation, int(stored["link"]), str(stored["hash"]), int(stored["seq"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._warn(error)
            return None

    def keep(self, position: Position) -> None:
        """Write it to a new file, force it to disk, and put it in the place of the old one."""
        if position == self._kept:
            return
        target = self._file(position.installation)
        fresh = target.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("w") as file:
                json.dump(asdict(position), file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
        except OSError as error:
            self._warn(error)
        else:
            self._kept = position

    def _file(self, installation: str) -> Path:
        return self._folder / f"position-{installation}.json"

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            _log.warning(
                "the position of the log is not kept in %s (%s): a database that is set back would be noticed by"
                " its server only",
                self._folder,
                error,
            )
        self._warned = True
