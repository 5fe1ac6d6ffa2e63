"""What an error looks like to a person and to a program: one line, a code, a hint, and the causes when asked."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass

import click

from cli import exits
from cli.output import Output
from sync_engine.errors import SyncEngineError

TRACE_HINT = "this is a defect: repeat it with -vv and report the trace"
STOPPED = "what was done is recorded; repeat the command to go on"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in words."""

    code: str
    exit_code: int
    message: str
    hint: str

    @property
    def line(self) -> str:
        """What, where, how to mend it, on one line."""
        return f"{self.message} — {self.hint}" if self.hint else self.message


def failure_of(error: BaseException) -> Failure:
    """Classify an error, whatever it is."""
    if isinstance(error, SyncEngineError):
        return Failure(error.code, error.exit_code, _one_line(error.message), _one_line(error.hint))
    if isinstance(error, click.Abort):
        return Failure("refused", exits.FAILED, "stopped at the question", "nothing was changed")
    if isinstance(error, KeyboardInterrupt):
        return Failure("interrupted", exits.INTERRUPTED, "interrupted", STOPPED)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return Failure("usage", exits.USAGE, "no command given", _help_hint(error))
    if isinstance(error, click.ClickException):
        return Failure("usage", exits.USAGE, _one_line(error.format_message()).rstrip("."), _help_hint(error))
    return Failure(
        "unexpected",
        exits.FAILED,
        _one_line(f"unexpected {type(error).__name__}: {error}").rstrip(": "),
        TRACE_HINT,
    )


def report(output: Output, error: BaseException, verbose: int) -> int:
    """Say it on stderr (and as JSON on stdout when that was asked for); the exit code."""
    failure = failure_of(error)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not output.as_json:
        output.detail(error.message)
    output.error(failure.line, {"code": failure.code, "message": failure.message, "hint": failure.hint})
    if verbose == 1:
        for cause in _causes(error):
            output.detail(f"  caused by: {_one_line(f'{type(cause).__name__}: {cause}')}")
    elif verbose > 1:
        output.detail("".join(traceback.format_exception(error)).rstrip())
    return failure.exit_code


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause = _cause(error)
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = _cause(cause)


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def _help_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context is not None else "sync-engine"
    return f"see `{path} --help`"


def _one_line(text: str) -> str:
    return " ".join(text.split())
