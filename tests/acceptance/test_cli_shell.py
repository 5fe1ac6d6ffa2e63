"""The command line itself: help, errors, exit codes, options before and after the command; no server needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from cli.main import group, run
from cli.verbs import Verb, VerbGroup
from tests.support.cli import Ran, command_line


@pytest.fixture
def sync_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)
    return command_line(capsys, {})


def verbs(
    found: click.Command = group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, found
    if isinstance(found, VerbGroup):
        context = click.Context(found)
        for name in found.list_commands(context):
            inner = found.get_command(context, name)
            assert inner is not None
            yield from verbs(inner, (*path, name))


ALL = [(" ".join(path) or "(top)", path, found) for path, found in verbs()]


@pytest.mark.parametrize(("name", "path", "found"), ALL, ids=[name for name, _, _ in ALL])
def test_every_help_is_worth_reading(
    name: str, path: tuple[str, ...], found: click.Command, sync_engine: Callable[..., Ran]
) -> None:
    shown = sync_engine(*path, "--help")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 120
    assert found.help and len(found.help) > 20
    if isinstance(found, Verb):
        for part in ("Changes:", "Examples:", "Exit codes:"):
            assert part in shown.out, f"{name} --help has no {part}"
        assert found.examples and found.exits[:3] == [0, 1, 2]


@pytest.mark.parametrize(("name", "path", "found"), ALL, ids=[name for name, _, _ in ALL])
def test_what_changes_anything_has_a_dry_run(name: str, path: tuple[str, ...], found: click.Command) -> None:
    if isinstance(found, Verb) and not found.changes.startswith("nothing") and path[0] != "sandbox":
        assert "dry_run" in {parameter.name for parameter in found.params}, name


def test_examples_parse() -> None:
    for _name, _path, found in ALL:
        if isinstance(found, Verb):
            for line, _ in found.examples:
                path = line.split(" > ")[0].split()
                assert path[0] in group.list_commands(click.Context(group)), line


def test_the_workflow_orders_the_help(sync_engine: Callable[..., Ran]) -> None:
    shown = sync_engine("--help").out
    order = [
        shown.index(f"\n  {verb} ") for verb in ("init", "plan", "setup", "sync", "conflicts", "audit", "rollback")
    ]
    assert order == sorted(order)


def test_version(sync_engine: Callable[..., Ran]) -> None:
    assert sync_engine("--version").out.startswith("sync-engine ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["synk"], "error: there is no command 'synk'; did you mean 'sync'? — see `sync-engine --help`"),
        (
            ["conflicts", "lst"],
            "error: there is no command 'lst'; did you mean 'list'? — see `sync-engine conflicts --help`",
        ),
        (["sync", "--limit", "x"], "error: Invalid value for '--limit'"),
        (["sync", "--lmit", "3"], "--limit"),
        (["rollback"], "error: nothing selected — name --run, --record, --to, --event, --txid or --actor"),
        (["held", "retry"], "error: name one id or --all N"),
        (["conflicts", "resolve", "3", "--value", "gold"], "error: "),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(
    arguments: list[str], says: str, sync_engine: Callable[..., Ran]
) -> None:
    shown = sync_engine(*arguments)
    assert (shown.code, shown.out) == (2, "")
    assert says in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--json", "sync", "--limit", "x"], ["sync", "--limit", "x", "--json"]])
def test_a_usage_error_is_json_too(arguments: list[str], sync_engine: Callable[..., Ran]) -> None:
    shown = sync_engine(*arguments)
    assert shown.code == 2
    error = json.loads(shown.out)["error"]
    assert error["code"] == "usage"
    assert error["hint"] == "see `sync-engine sync --help`"
    assert shown.err.startswith("error: ")


def test_no_command_shows_the_help_and_is_refused(sync_engine: Callable[..., Ran]) -> None:
    shown = sync_engine()
    assert (shown.code, shown.out) == (2, "")
    assert "Usage: sync-engine" in shown.err
    assert shown.err.splitlines()[-1] == "error: no command given — see `sync-engine --help`"


@pytest.mark.parametrize(
    "arguments", [["sync"], ["status"], ["plan"], ["setup"], ["verify"], ["conflicts", "list"]]
)
def test_without_sync_toml(arguments: list[str], sync_engine: Callable[..., Ran]) -> None:
    shown = sync_engine(*arguments)
    assert shown.code == 2
    assert "sync.toml does not exist" in shown.err
    assert "sync-engine init" in shown.err


def test_a_malformed_sync_toml_names_the_line(sync_engine: Callable[..., Ran]) -> None:
    Path("sync.toml").write_text('version = 1\n[postgres]\nurk = "env:DATABASE_URL"\n')
    shown = sync_engine("sync")
    assert shown.code == 2
    assert "line 3" in shown.err
    assert shown.err.count("\n") == 1


def test_the_config_option_works_on_both_sides_of_the_command(sync_engine: Callable[..., Ran]) -> None:
    for arguments in (["--config", "other.toml", "status"], ["status", "--config", "other.toml"]):
        assert "other.toml does not exist" in sync_engine(*arguments).err


def test_a_defect_is_one_line_and_v_tells_more(
    sync_engine: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        try:
            raise OSError("the disk is full")
        except OSError as error:
            raise ValueError("cannot go on") from error

    monkeypatch.setattr("cli.context.load_settings", broken)
    plain = sync_engine("status")
    assert plain.code == 1
    assert plain.err.startswith("error: unexpected ValueError: cannot go on — ")
    assert plain.err.count("\n") == 1
    assert sync_engine("-v", "status").err.splitlines()[1] == "  caused by: OSError: the disk is full"
    assert "Traceback" in sync_engine("status", "-vv").err


def test_an_interrupt_is_130(sync_engine: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.context.load_settings", interrupted)
    shown = sync_engine("status")
    assert shown.code == 130
    assert shown.err.strip().startswith("error: interrupted")


def test_a_reader_that_leaves_is_no_error() -> None:
    reading = subprocess.Popen(
        [sys.executable, "-m", "cli", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert reading.stdout is not None and reading.stderr is not None
    reading.stdout.close()
    with reading.stderr:
        assert reading.stderr.read() == b""
    assert reading.wait(60) in (0, 141)


def test_run_needs_no_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], {}) == 0
    assert capsys.readouterr().out
