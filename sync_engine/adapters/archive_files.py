"""Archives of the log as compressed files in one folder."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sync_engine.domain.archive import ArchiveBroken
from sync_engine.errors import ConfigurationError

_BLOCK = 1 << 20


class ArchiveFolder:
    """Implements `ports.archives.ArchiveFiles`: gzip, one JSON document a line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """Where it is."""
        return str(self._folder)

    def write(self, name: str, lines: Iterable[str]) -> str:
        """Write beside, force to disk, rename, and force the folder to disk."""
        part = self._folder / f"{name}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with part.open("wb") as raw:
                os.fchmod(raw.fileno(), 0o600)
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as packed:
                    for line in lines:
                        packed.write(line.encode() + b"\n")
                raw.flush()
                os.fsync(raw.fileno())
            part.replace(self._folder / name)
            self._sync_folder()
        except OSError as error:
            raise ConfigurationError(
                f"the archive {self._folder / name} cannot be written: {error.strerror}",
                hint="nothing left the log; mend the folder, or name another: [retention] archive in sync.toml",
            ) from error
        return self.sha256(name) or ""

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, name: str) -> Iterator[str]:
        """Its lines, streamed."""
        with (self._folder / name).open("rb") as raw:
            try:
                with gzip.GzipFile(fileobj=raw) as packed:
                    for line in packed:
                        yield line.decode().removesuffix("\n")
            except (OSError, EOFError, ValueError) as error:
                raise ArchiveBroken(f"it cannot be unpacked: {error}") from error

    def remove(self, name: str) -> None:
        """Remove it, if it is there."""
        (self._folder / name).unlink(missing_ok=True)
        if self._folder.is_dir():
            self._sync_folder()

    def sha256(self, name: str) -> str | None:
        """The hash of its bytes."""
        found = hashlib.sha256()
        try:
            with (self._folder / name).open("rb") as raw:
                while block := raw.read(_BLOCK):
                    found.update(block)
        except FileNotFoundError:
            return None
        return found.hexdigest()
