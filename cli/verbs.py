"""Commands and groups with help worth reading: what changes, examples, exit codes, the order of the workflow."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from cli.exits import EVERYWHERE, MEANINGS
from cli.options import global_options

Example = tuple[str, str]
"""(command line without `sync-engine`, what it does)."""

AFTER_THE_VERB = frozenset({"json"})
BEFORE_THE_VERB = frozenset({"config", "json", "quiet", "verbose", "no_color"})


class Verb(click.Command):
    """A command that says what it changes, shows examples and lists its exit codes."""

    def __init__(
        self,
        *arguments: Any,
        changes: str = "nothing; it only reads",
        examples: Sequence[Example] = (),
        exits: Iterable[int] = EVERYWHERE,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.changes = changes
        self.examples = examples
        self.exits = sorted(set(exits))
        self.params.extend(global_options(shown=AFTER_THE_VERB))

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """What it changes, examples, exit codes."""
        with formatter.section("Changes"):
            formatter.write_text(self.changes)
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    formatter.write(f"  sync-engine {line}\n")
                    formatter.write_text(f"  {meaning}")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), MEANINGS[code]) for code in self.exits])


class VerbGroup(click.Group):
    """A group whose commands are modules of a package, imported when they are asked for.

    `sections` are titles and verbs in the order in which they are listed.
    """

    def __init__(
        self,
        *arguments: Any,
        package: str,
        sections: Mapping[str, Sequence[str]],
        ending: str = "",
        **options: Any,
    ) -> None:
        options.setdefault("no_args_is_help", True)
        super().__init__(*arguments, **options)
        self.package = package
        self.sections = sections
        self.ending = ending
        top = package == "cli.commands"
        self.params.extend(global_options(shown=BEFORE_THE_VERB if top else frozenset()))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, in the order of the sections."""
        return [verb for verbs in self.sections.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now; None when there is no such verb."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = importlib.import_module(f"{self.package}.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a verb that does not exist."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, self.list_commands(ctx), 1)
            suggestion = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {name!r}{suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section for each step of the workflow."""
        width = max(map(len, self.list_commands(ctx)))
        for title, verbs in self.sections.items():
            rows = [(verb.ljust(width), self._short_help(ctx, verb, formatter.width - width)) for verb in verbs]
            with formatter.section(title):
                formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, verb: str, width: int) -> str:
        found = self.get_command(ctx, verb)
        return found.get_short_help_str(width) if found is not None else ""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The closing words, as they are written."""
        if self.ending:
            formatter.write_paragraph()
            formatter.write(self.ending.rstrip() + "\n")
