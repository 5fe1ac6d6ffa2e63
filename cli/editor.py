"""A value in the editor of the person: texts as they are, everything else as JSON."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import orjson

from sync_engine.domain.values import Json
from sync_engine.errors import UsageError

_LONG_AGO = 1
"""Seconds since 1970: a file that is saved, even at once and unchanged, is newer than that."""


def draft_of(value: Json, *, plain: bool) -> str:
    """What the editor begins with."""
    if plain:
        return value if isinstance(value, str) else ""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def value_of(draft: str, *, plain: bool) -> Json:
    """The value that was written. Raises UsageError for an empty text, and for what is not JSON."""
    if plain and not draft:
        raise UsageError("the text is empty", hint="to empty the field: `conflicts resolve ID --value null`")
    if plain:
        return draft
    try:
        value: Json = orjson.loads(draft)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"what was written is not JSON: {error}", hint="press e to mend it") from error
    return value


def is_plain(values: Sequence[Json]) -> bool:
    """Whether a value of this kind is edited as the text that it is."""
    there = [value for value in values if value is not None]
    return bool(there) and all(isinstance(value, str) for value in there)


def edited(draft: str, *, plain: bool) -> str | None:
    """The text as the person leaves it in $VISUAL or $EDITOR; None when it was not saved.

    The newline that editors put at the end of a file is not part of the text. Raises UsageError when the editor
    cannot be started, ends with an error, or leaves a file that is no text.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ("value.txt" if plain else "value.json")
        file.write_bytes(f"{draft}\n".encode())
        os.utime(file, (_LONG_AGO, _LONG_AGO))
        try:
            click.edit(filename=str(file))
            if file.stat().st_mtime == _LONG_AGO:
                return None
            return file.read_bytes().decode().removesuffix("\n")
        except click.ClickException as error:
            raise UsageError(error.format_message(), hint="set EDITOR to one that works") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"the file is not UTF-8: {error.reason}", hint="press e to write it again") from error
