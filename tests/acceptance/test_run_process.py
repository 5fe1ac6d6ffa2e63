"""`run` and `serve` as real processes: signals, a second one, kill -9, Postgres going down underneath."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from sync_engine.adapters.embedded import EmbeddedServer, find_binaries
from sync_engine.sandbox.faults import Fault
from tests.support.postgres import Database
from tests.support.processes import DEADLINE
from tests.support.world import CONFIG, World, make_world, shown, text

ROOT = Path(__file__).resolve().parents[2]
QUICK = """
[run]
log_seconds = 0.2
poll_seconds = 1
poll_min_seconds = 1
poll_max_seconds = 2
lease_seconds = 5
"""


class Service:
    """A command that runs until it is told to stop; its log lines are JSON."""

    def __init__(self, world: World, *arguments: str) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(world.folder),
            "PYTHONWARNINGS": "error",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli", "--config", str(world.folder / "sync.toml"), *arguments, "--json"],
            env=environment | world.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=world.folder,
        )
        self.lines: list[dict[str, Any]] = []
        self._rest = b""

    def wait_for(self, event: str) -> dict[str, Any]:
        """Read log lines until one of that event."""
        deadline = time.monotonic() + DEADLINE
        read = 0
        while True:
            for line in self.lines[read:]:
                read += 1
                if line.get("event") == event:
                    return line
            self._read(deadline)

    def _read(self, deadline: float) -> None:
        assert self.process.stderr is not None
        ready, _, _ = select.select([self.process.stderr], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more was logged after {self.lines[-3:]}"
        chunk = os.read(self.process.stderr.fileno(), 65536)
        assert chunk, f"it ended with {self.process.wait(DEADLINE)} after {self.lines[-3:]} {self._rest!r}"
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self.lines += [json.loads(line) for line in whole if line.startswith(b"{")]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """(exit code, seconds that it took)."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(DEADLINE), time.monotonic() - began

    def document(self) -> Any:
        """The one document on standard output, after the end."""
        out, _ = self.process.communicate(timeout=DEADLINE)
        return json.loads(out)


Start = Callable[..., Service]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Service] = []

    def start(world: World, *arguments: str) -> Service:
        service = Service(world, *arguments)
        started.append(service)
        return service

    yield start
    for service in started:
        service.process.kill()
        service.process.communicate()


@pytest.fixture
def quick(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """A world whose run looks often."""
    with make_world(
        empty_database, tmp_path, config=CONFIG.replace("[[tables]]", QUICK + "\n[[tables]]", 1)
    ) as made:
        made.setup()
        made.sql("INSERT INTO agents (name, prompt) VALUES ('Ada', 'be kind')")
        yield made


def until(holds: Callable[[], bool], what: str) -> None:
    """Return when it holds; fail at the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, what
        select.select([], [], [], 0.05)


def page_prompt(world: World, name: str = "Ada") -> str:
    return shown(world.page("agents", name), "Prompt")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_until_a_signal_and_exits_0(quick: World, start: Start, number: int) -> None:
    service = start(quick, "run")
    told = service.wait_for("quiet")
    assert told["run_id"] and told["applied"] == {"notion create": 1}
    quick.sql("UPDATE agents SET prompt = 'from a row'")
    service.wait_for("quiet")
    until(lambda: page_prompt(quick) == "from a row", "the row's edit reaches the page")
    quick.edit(quick.page("agents", "Ada")["id"], Prompt=text("from a page"))
    until(lambda: quick.sql("SELECT prompt FROM agents") == [("from a page",)], "the page's edit reaches the row")
    code, seconds = service.end(number)
    assert code == 0 and seconds < 5
    assert service.document()["stopped"] is True
    quick.sync()  # the row's own `updated_at` may still have been on its way
    quick.assert_in_sync()


@pytest.mark.parametrize("seconds", [2, 60])
def test_it_ends_in_five_seconds_whatever_notion_does(quick: World, start: Start, seconds: int) -> None:
    """A request that is answered soon is finished; one that is not is left, and looked up at the next start."""
    service = start(quick, "run")
    service.wait_for("quiet")
    quick.sandbox.clear_requests()
    quick.sandbox.fail_next("PATCH", "/v1/pages", Fault("latency", seconds), times=1)
    quick.sql("UPDATE agents SET prompt = 'slow'")
    intent = "SELECT count(*) FROM sync_engine.sync_changes WHERE status = 'intent'"
    until(lambda: quick.sql(intent) == [(1,)], "the request is on its way")
    code, took = service.end()
    assert code == 0 and took < 5
    quick.sandbox.faults.clear()
    live = "SELECT count(*) FROM sync_engine.sync_leases WHERE expires_at > clock_timestamp()"
    until(lambda: quick.sql(live) == [(0,)], "a lease that was left expires")
    quick.sync()
    assert page_prompt(quick) == "slow"
    quick.assert_in_sync()


def test_a_second_one_exits_9_or_stands_by(quick: World, start: Start) -> None:
    first = start(quick, "run")
    first.wait_for("quiet")
    refused = start(quick, "run", "--no-wait")
    assert refused.process.wait(DEADLINE) == 9
    passing = start(quick, "sync")
    assert passing.process.wait(DEADLINE) == 9
    second = start(quick, "run")
    assert "process" in second.wait_for("lease_waiting")["message"]
    assert first.end()[0] == 0
    assert second.wait_for("lease_taken")["token"] == 2
    quick.sql("UPDATE agents SET prompt = 'by the second'")
    until(lambda: page_prompt(quick) == "by the second", "the second one has taken over")
    assert second.end()[0] == 0


def test_one_that_waits_ends_at_once(quick: World, start: Start) -> None:
    first = start(quick, "run")
    first.wait_for("lease_taken")
    second = start(quick, "run")
    second.wait_for("lease_waiting")
    code, seconds = second.end()
    assert code == 0 and seconds < 5


def test_after_kill_9_another_takes_over_when_the_lease_has_expired(quick: World, start: Start) -> None:
    first = start(quick, "run")
    first.wait_for("quiet")
    second = start(quick, "run")
    second.wait_for("lease_waiting")
    first.process.kill()
    first.process.wait(DEADLINE)
    quick.sql("UPDATE agents SET prompt = 'nobody there'")
    assert second.wait_for("lease_taken")["token"] == 2
    until(lambda: page_prompt(quick) == "nobody there", "the second one has taken over")
    assert second.end()[0] == 0
    quick.assert_in_sync()


def test_a_frozen_holder_writes_nothing_after_its_lease_was_taken(quick: World, start: Start) -> None:
    first = start(quick, "run")
    first.wait_for("quiet")
    first.process.send_signal(signal.SIGSTOP)
    second = start(quick, "run")
    second.wait_for("lease_taken")
    quick.sql("UPDATE agents SET prompt = 'once'")
    until(lambda: page_prompt(quick) == "once", "the second one is at work")
    first.process.send_signal(signal.SIGCONT)
    first.wait_for("lease_lost")
    first.wait_for("lease_waiting")
    written = quick.sandbox.requests.matching("PATCH", "/v1/pages")
    assert len([entry for entry in written if entry.committed]) == 1
    assert second.end()[0] == 0
    assert first.end()[0] == 0


def test_it_survives_a_crash_of_postgres(tmp_path: Path, start: Start) -> None:
    binaries = find_binaries("embedded")
    with EmbeddedServer.ephemeral(binaries=binaries) as server:
        server.create_database("app")
        config = CONFIG.replace("[[tables]]", QUICK + "\n[[tables]]", 1)
        with make_world(Database(server.url("app"), "app"), tmp_path, config=config) as world:
            world.setup()
            world.sql("INSERT INTO agents (name, prompt) VALUES ('Ada', 'be kind')")
            service = start(world, "run")
            service.wait_for("quiet")
            [(postmaster,)] = world.sql("SELECT pg_read_file('postmaster.pid')")
            os.kill(int(str(postmaster).split()[0]), signal.SIGKILL)
            server.ensure_running()
            with psycopg.connect(server.url("app"), autocommit=True) as user:
                user.execute("UPDATE agents SET prompt = 'after the crash'")
            world.connection.close()
            world.connection = psycopg.connect(server.url("app"), autocommit=True)
            until(lambda: page_prompt(world) == "after the crash", "it goes on after the crash")
            code, seconds = service.end()
            assert code == 0 and seconds < 5


def test_status_tells_what_it_is_doing(quick: World, start: Start) -> None:
    service = start(quick, "run")
    service.wait_for("quiet")
    asked = start(quick, "status")
    state = asked.document()["run"]
    assert state["active"] is True and state["error"] is None and "process" in state["holder"]
    service.end()
    assert start(quick, "status").document()["run"]["active"] is False


def test_serve_says_where_it_is_and_stops(quick: World, start: Start) -> None:
    service = start(quick, "serve", "--port", "0")
    assert service.process.stdout is not None
    first = b""
    while not first.endswith(b"}\n"):
        first += service.process.stdout.readline()
    document = json.loads(first)
    assert document["console"] is True and document["webhooks"] is False
    assert httpx.get(f"{document['url']}/healthz", timeout=30).json()["ok"] is True
    code, seconds = service.end()
    assert code == 0 and seconds < 5
