"""The review of open conflicts, driven by keys at a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cli.context import Session
from cli.main import run
from tests.acceptance.test_cli_processes import COMMAND, surroundings
from tests.support.processes import DEADLINE, fifo
from tests.support.terminal import Screen, Terminal, at_terminal
from tests.support.world import World, shown, text

ASKED = "? help > "
MANUAL = '[tables.fields.{}]\nconflict = "manual"\n'


@pytest.fixture
def disputed(world: World) -> World:
    """Six agents whose prompts wait for a person; the last one's budget of tokens does too."""
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + MANUAL.format("prompt") + MANUAL.format("max_tokens"))
    world.reopen()
    world.sql(
        """INSERT INTO agents (name, prompt, created_at)
           SELECT 'A' || i, 'be very kind', '2026-01-01'::timestamptz + i * interval '1 day'
             FROM generate_series(1, 6) i"""
    )
    world.sync()
    for number in range(1, 7):
        dispute(world, f"A{number}")
    page = world.page("agents", "A6")["id"]
    world.sql("UPDATE agents SET max_tokens = 2500 WHERE name = 'A6'")
    world.edit(page, Max_Tokens={"number": 3000})
    assert world.sync().total.conflicts_open == 7
    return world


def dispute(world: World, name: str) -> None:
    world.sql("UPDATE agents SET prompt = 'be quite kind' WHERE name = %s", name)
    world.edit(world.page("agents", name)["id"], Prompt=text("be very kind and brief"))


def reviewing(world: World, *options: str, editor: Path | None = None) -> AbstractContextManager[Terminal]:
    command = [*COMMAND, "conflicts", "review", *options]
    return at_terminal(command, environment(world, editor), world.folder)


def environment(world: World, editor: Path | None = None) -> dict[str, str]:
    own = {"USER": "tester", "TERM": "xterm-256color", "EDITOR": str(editor or "false")}
    return surroundings(world.folder, {**world.environment, **own})


def an_editor(folder: Path, script: str) -> Path:
    """A program that edits the file it is given without asking anybody."""
    made = folder / "editor"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return made


def prompts(world: World, name: str) -> tuple[str, str]:
    """The prompt in the row and in the page."""
    [[row]] = world.sql("SELECT prompt FROM agents WHERE name = %s", name)
    return row, shown(world.page("agents", name), "Prompt")


def name_at(world: World, screen: str) -> str:
    """The agent whose key the heading has."""
    return next(str(name) for name, key in world.sql("SELECT name, id::text FROM agents") if key in screen)


def test_each_key_does_what_it_says_and_the_counts_are_told(disputed: World) -> None:
    editor = an_editor(disputed.folder, "printf 'be\\nfair\\n' > \"$1\"")
    asked: list[str] = []
    with reviewing(disputed, "--table", "agents", "--field", "prompt", editor=editor) as terminal:
        screen = terminal.until(ASKED)
        assert "1 of 6: agents " in screen and "update_differing, policy manual" in screen
        assert "shortened" not in screen
        line = next(line for line in screen.splitlines() if "{+quite+}" in line)
        left, base, right = line.split("│")
        assert (left.strip(), base.strip(), right.strip()) == (
            "be {+quite+} kind",
            "be [-very-] kind",
            "be very kind{+ and brief+}",
        )
        assert max(map(len, screen.splitlines())) <= 100
        asked.append(name_at(disputed, screen))
        terminal.press("?")
        assert "keep the value of Postgres on both sides" in terminal.until(ASKED)
        terminal.press("x")
        assert "no such key" in terminal.until(ASKED)
        for key, told in (
            ("p", "tester put postgres's value on both sides: be quite kind"),
            ("n", "tester put notion's value on both sides: be very kind and brief"),
            ("b", "tester put both values, merged, on both sides: "),
            ("e", "tester put another value on both sides: be fair"),
        ):
            terminal.press(key)
            screen = terminal.until(ASKED)
            assert told in screen
            asked.append(name_at(disputed, screen))
        terminal.press("s")
        terminal.until("6 of 6")
        terminal.until(ASKED)
        terminal.press("q")
        terminal.until("6 open conflicts: 1 Postgres kept, 1 Notion kept, 1 merged, 1 edited, 1 skipped, 1 left\n")
        assert terminal.process.wait(DEADLINE) == 0
    assert prompts(disputed, asked[0]) == ("be quite kind", "be quite kind")
    assert prompts(disputed, asked[1]) == ("be very kind and brief", "be very kind and brief")
    merged = prompts(disputed, asked[2])
    assert merged[0] == merged[1] and "quite" in merged[0] and "brief" in merged[0]
    assert prompts(disputed, asked[3]) == ("be\nfair", "be\nfair")
    assert prompts(disputed, asked[4]) == ("be quite kind", "be very kind and brief")
    assert disputed.sync().total.conflicts_open == 3


def test_what_the_editor_leaves_is_checked_and_kept_for_the_next_try(disputed: World) -> None:
    script = """echo >> tries
        case $(wc -l < tries) in
            1) exit 1;;
            2) echo many > "$1";;
            3) grep -qx many "$1" && echo '"many"' > "$1";;
            *) grep -qx '"many"' "$1" && echo 4000 > "$1";;
        esac"""
    editor = an_editor(disputed.folder, script)
    with reviewing(disputed, "--field", "max_tokens", editor=editor) as terminal:
        terminal.until(ASKED)
        for told in ("Editing failed", "is not JSON", "not decided: "):
            terminal.press("e")
            assert told in terminal.until(ASKED)
        terminal.press("e")
        terminal.until("tester put another value on both sides: 4000")
        terminal.until("1 open conflict: 1 edited\n")
        assert terminal.process.wait(DEADLINE) == 0
    assert disputed.sql("SELECT max_tokens FROM agents WHERE name = 'A6'") == [(4000,)]
    assert disputed.page("agents", "A6")["properties"]["Max Tokens"]["number"] == 4000


def test_an_editor_left_without_saving_decides_nothing_and_ctrl_c_leaves_the_terminal_as_it_was(
    disputed: World,
) -> None:
    with reviewing(disputed, "--field", "max_tokens", editor=an_editor(disputed.folder, "exit 0")) as terminal:
        terminal.until(ASKED)
        assert not terminal.attributes()[3] & termios.ECHO
        terminal.press("e")
        assert "nothing was saved, nothing was decided" in terminal.until(ASKED)
        terminal.press("\x1b[A")
        assert "no such key" in terminal.until(ASKED)
        terminal.press("\x03")
        terminal.until("error: interrupted")
        assert terminal.process.wait(DEADLINE) == 130
        assert terminal.attributes() == terminal.at_first
    assert disputed.sync().total.conflicts_open == 7


def test_an_edit_that_was_not_shown_is_looked_at_first(disputed: World) -> None:
    with reviewing(disputed, "--field", "max_tokens") as terminal:
        terminal.until(ASKED)
        disputed.sql("UPDATE agents SET max_tokens = 2600 WHERE name = 'A6'")
        terminal.press("n")
        assert "was edited again in postgres" in terminal.until(ASKED)
        disputed.sync()
        terminal.press("n")
        terminal.until("it has changed since it was shown; nothing was decided")
        assert "2600" in terminal.until(ASKED)
        terminal.press("p")
        terminal.until("1 open conflict: 1 Postgres kept\n")
    assert disputed.page("agents", "A6")["properties"]["Max Tokens"]["number"] == 2600


def test_a_dry_run_shows_and_decides_nothing(disputed: World) -> None:
    with reviewing(disputed, "--field", "max_tokens", "--dry-run") as terminal:
        terminal.until(ASKED)
        terminal.press("b")
        terminal.until("would put on both sides: 3500\n")
        terminal.until("dry run: nothing was changed; what would be:\n1 open conflict: 1 merged\n")
        assert terminal.process.wait(DEADLINE) == 0
    assert disputed.sync().total.conflicts_open == 7


def test_without_a_terminal_it_is_refused_with_the_way_to_decide(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in ([], ["--json"], ["--quiet"], ["--dry-run"]):
        assert run(["conflicts", "review", *options], world.environment) == 2
        assert "conflicts resolve" in capsys.readouterr().err


def test_without_open_conflicts_it_says_so_and_an_unknown_filter_is_refused(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert run(["conflicts", "review"], world.environment, Session(world.environment)) == 0
    assert "no open conflicts" in capsys.readouterr().out
    assert run(["conflicts", "review", "--field", "promt"], world.environment) == 2
    assert "prompt" in capsys.readouterr().err


class Tmux:
    """A tmux server of its own; what its one pane writes also goes to a pipe that the test reads."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self._folder = folder
        self.screen = Screen(descriptor)

    def start(self, environment: dict[str, str], folder: Path) -> None:
        self("new-session", "-d", "-x", "110", "-y", "40", "/bin/sh", env=environment, cwd=folder)
        self("pipe-pane", f"cat > {self._folder}/pane")

    def __call__(self, *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
        command = ["tmux", "-S", str(self._folder / "socket"), "-f", os.devnull, *arguments]
        return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not on this machine; the other tests here drive a terminal without it")
    # Not in the test's own folder: the path of a socket may have a hundred characters only.
    with tempfile.TemporaryDirectory() as folder, fifo(Path(folder) / "pane") as descriptor:
        made = Tmux(Path(folder), descriptor)
        yield made
        made("kill-server")


def test_tmux_keys_end_a_conflict_on_both_sides(disputed: World, tmux: Tmux) -> None:
    tmux.start(environment(disputed), disputed.folder)
    tmux("send-keys", " ".join([*COMMAND, "conflicts", "review"]), "Enter")
    tmux.screen.until(ASKED)
    shown_now = tmux("capture-pane", "-p")
    assert "be {+quite+} kind" in shown_now and "be very kind{+ and brief+}" in shown_now
    name = name_at(disputed, shown_now)
    tmux("send-keys", "n")
    tmux.screen.until("tester put notion's value on both sides")
    tmux.screen.until(ASKED)
    tmux("send-keys", "q")
    tmux.screen.until("7 open conflicts: 1 Notion kept, 6 left")
    assert prompts(disputed, name) == ("be very kind and brief", "be very kind and brief")
