"""Where the files are that travel with the code: inside the installed package, or at the top of a checkout.

Never through the working directory: a stranger's folder of the same name must not be taken for ours.
"""

from __future__ import annotations

from pathlib import Path

from sync_engine.errors import SyncEngineError

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """The path of a shipped file or folder, such as `shipped("migrations")`.

    A wheel carries it as `sync_engine/<parts>` (hatch's force-include), a checkout at its top level.
    Raises SyncEngineError when it is in neither place, which means a broken installation.
    """
    for root in (_PACKAGE, _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise SyncEngineError(
        f"{'/'.join(parts)} is missing from the installed sync-engine",
        hint="install it again: pip install --force-reinstall sync-engine",
    )
