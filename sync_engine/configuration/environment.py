"""The environment with the `.env` file of a folder under it; nothing global is read or changed."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from sync_engine.errors import ConfigurationError


def with_dotenv(environment: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """The environment, and below it what `.env` in `folder` says; the real environment wins.

    An empty variable of the environment wins too: it takes back what the file says, and counts as not set.

    `${NAME}` in the file stays as it is: a password may hold a dollar sign. Raises ConfigurationError when the
    file is there and cannot be read.
    """
    path = folder / ".env"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return dict(environment)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(
            f"{path} cannot be read: {_reason(exc)}", hint="make it a readable text file"
        ) from exc
    found = dotenv_values(stream=StringIO(text), interpolate=False)
    below = {name: value for name, value in found.items() if value is not None}
    return below | dict(environment)


def _reason(exc: OSError | UnicodeDecodeError) -> str:
    return exc.strerror or type(exc).__name__ if isinstance(exc, OSError) else "it is not UTF-8"
