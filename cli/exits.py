"""The exit codes, each with the one sentence that help and reference print."""

from __future__ import annotations

DONE = 0
FAILED = 1
USAGE = 2
STRICT = 3
DATABASE = 4
NOTION = 5
NOT_SET_UP = 6
DIFFERENCES = 7
BRAKE = 8
LOCKED = 9
INTERRUPTED = 130
BROKEN_PIPE = 141

MEANINGS = {
    DONE: "done",
    FAILED: "failed, or stopped at a question",
    USAGE: "wrong words on the command line, or a configuration that cannot be used",
    STRICT: "done, but open conflicts or held records exist (only with --strict)",
    DATABASE: "Postgres cannot be reached, or refused",
    NOTION: "Notion cannot be reached, or refused",
    NOT_SET_UP: "not set up: run `sync-engine setup`",
    DIFFERENCES: "differences found",
    BRAKE: "stopped by the mass-change brake",
    LOCKED: "another run holds the lock",
}

EVERYWHERE = (DONE, FAILED, USAGE)
"""Codes that any command can end with."""

CONNECTED = (*EVERYWHERE, DATABASE, NOTION, NOT_SET_UP)
"""Codes of a command that talks to both sides."""

STORED = (*EVERYWHERE, DATABASE, NOT_SET_UP)
"""Codes of a command that reads what the engine has stored."""
