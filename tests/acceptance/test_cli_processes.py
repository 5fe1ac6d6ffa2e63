"""The command line as real processes: what is on stdout, how signals end it, and the demo from nothing."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import httpx
import pytest

from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "cli"]


def surroundings(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with nothing in it but what Python needs to find this checkout."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), **(extra or {})}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def served(home: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--json"], env=surroundings(home), stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], 60)
    assert readable, "it did not say that it is ready"
    return process.stdout.readline()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_says_where_it_is_and_stops_cleanly(served: subprocess.Popen[str], ending: int) -> None:
    doors = json.loads(first_line(served))
    assert doors.keys() == {"url", "token", "person_token", "parent_page_id"}
    headers = {"Authorization": f"Bearer {doors['token']}", "Notion-Version": "2026-03-11"}
    with urlopen(Request(f"{doors['url']}/v1/users/me", headers=headers), timeout=30) as answer:
        assert json.load(answer)["type"] == "bot"
    served.send_signal(ending)
    assert served.wait(60) == 0


def test_a_sandbox_with_chaos_fails_in_the_same_way_for_the_same_seed_and_logs_every_request(home: Path) -> None:
    def statuses() -> list[int]:
        command = [*COMMAND, "sandbox", "serve", "--json", "--chaos", "7", "--requests-per-minute", "0"]
        with subprocess.Popen(command, env=surroundings(home), stdout=subprocess.PIPE, text=True) as process:
            try:
                doors = json.loads(first_line(process))
                headers = {"Authorization": f"Bearer {doors['token']}", "Notion-Version": "2026-03-11"}
                with httpx.Client(base_url=doors["url"], headers=headers, timeout=30) as client:
                    for _ in range(60):
                        with contextlib.suppress(httpx.HTTPError):
                            client.get("/v1/users/me")
                    logged = client.get("/_sandbox/requests").json()["requests"]
            finally:
                process.kill()
        return [entry["status"] for entry in logged]

    first = statuses()
    assert len(first) == 60
    assert 0 < sum(status != 200 for status in first) < 20
    assert statuses() == first


def test_stdout_is_json_and_stderr_is_empty(world: World, home: Path) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    done = subprocess.run(
        [*COMMAND, "sync", "--json"],
        cwd=world.folder,
        env=surroundings(home, world.environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["applied"]["notion"]["create"] == 1


def test_dotenv_in_the_working_directory_is_read(world: World, home: Path) -> None:
    lines = [f"{name}={value}" for name, value in world.environment.items()]
    (world.folder / ".env").write_text("\n".join(lines))
    done = subprocess.run(
        [*COMMAND, "status", "--json"], cwd=world.folder, env=surroundings(home), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_completion_knows_the_commands(home: Path) -> None:
    words = {"_SYNC_ENGINE_COMPLETE": "bash_complete", "COMP_WORDS": "sync-engine conf", "COMP_CWORD": "1"}
    done = subprocess.run(COMMAND, env=surroundings(home, words), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "plain,conflicts")


def test_the_demo_tells_its_story_from_nothing_and_leaves_nothing(home: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--once", "--json"],
        cwd=home,
        env=surroundings(home, {"PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] is True
    verbs = [step["command"].split()[1] for step in told["steps"]]
    assert {"setup", "sync", "conflicts", "mark", "runs", "rollback", "verify", "audit", "status"} <= set(verbs)
    assert list(home.iterdir()) == []


def test_the_demo_stays_open_until_it_is_interrupted(home: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo"],
        cwd=home,
        env=surroundings(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None and process.stderr is not None
        told = []
        for line in process.stdout:
            told.append(line)
            if "Ctrl-C ends the demo" in line:
                break
        url = next(line.split()[1] for line in told if line.startswith("Notion:"))
        with urlopen(url, timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert any("$ sync-engine rollback --run" in line for line in told)
