"""The global options: accepted before the command, and after it as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click


@dataclass
class GlobalOptions:
    """What the command line said about every command. `config` None: SYNC_CONFIG, else `sync.toml`."""

    config: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False

    def merge(self, other: GlobalOptions) -> None:
        """Add what another reading of the same command line found."""
        self.json = self.json or other.json
        self.quiet = self.quiet or other.quiet
        self.verbose = max(self.verbose, other.verbose)
        self.no_color = self.no_color or other.no_color

    @classmethod
    def guessed(cls, arguments: Sequence[str]) -> GlobalOptions:
        """As far as a command line tells that could not be parsed; enough to report its error."""
        verbose = sum(
            len(word) - 1 if word.strip("v") == "-" else word == "--verbose"
            for word in arguments
            if word.startswith("-")
        )
        return cls(
            json="--json" in arguments,
            quiet="--quiet" in arguments,
            verbose=verbose,
            no_color="--no-color" in arguments,
        )


def global_options(*, shown: frozenset[str]) -> list[click.Option]:
    """Fresh options for one command; those not in `shown` work but stay out of its help."""
    options = [
        click.Option(
            ["--config"],
            metavar="FILE",
            help="Configuration file.  [default: sync.toml; also SYNC_CONFIG]",
            **_stored("config"),
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            help="Print one JSON document on stdout (JSON lines for streams).",
            **_stored("json"),
        ),
        click.Option(["--quiet", "-q"], is_flag=True, help="Print errors only.", **_stored("quiet")),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            help="-v: the causes of an error; -vv: its trace as well.",
            **_stored("verbose"),
        ),
        click.Option(["--no-color"], is_flag=True, help="Plain tables; also NO_COLOR.", **_stored("no_color")),
    ]
    for option in options:
        option.hidden = option.name not in shown
    return options


def _stored(name: str) -> dict[str, Any]:
    return {"expose_value": False, "is_eager": True, "callback": _storing(name)}


def _storing(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def store(context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if value:
            setattr(context.find_root().obj.options, name, value)
        return value

    return store
