"""`run`: the continuous sync, until it is told to stop."""

from __future__ import annotations

import logging
import os
import socket

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.parameters import dry_run_option
from cli.service import flush, run_until_signal, service_log
from cli.verbs import Verb
from cli.views.passes import show_pass
from sync_engine.domain.values import JsonObject
from sync_engine.engine.continuous.local_jobs import LocalJobs
from sync_engine.engine.continuous.loop import LOOK, Loop
from sync_engine.engine.passes.sync import SyncOptions, sync

GRACE = 3.0
"""Seconds for the request in flight after a signal; what it did is looked up at the next start."""

_log = logging.getLogger("sync_engine.run")


@click.command(
    "run",
    cls=Verb,
    short_help="Keep both sides in sync until it is stopped.",
    changes="what `sync` changes, as soon as it sees an edit",
    examples=[
        ("run", "in the foreground, until Ctrl-C or SIGTERM; what it does is on stderr"),
        ("run --json", "the same, with one JSON object a line for a log collector"),
        ("run --dry-run", "what it would do first; nothing is changed"),
        ("run --no-wait", "exit 9 when another `run` is at work, instead of standing by for it"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.option("--wait/--no-wait", default=True, help="Stand by while another `run` is at work.  [default: wait]")
@dry_run_option
@pass_session
def command(session: Session, wait: bool, dry_run: bool) -> None:
    """Keep both sides in sync until it is stopped.

    It looks at the log of Postgres every second and polls each table of Notion at an interval that follows its
    activity; `[run]` in sync.toml has the numbers, and webhooks (`serve`) make it look at once. A person's edit
    goes before a bulk. One `run` works at a time: a second one stands by and takes over when the first is gone.
    Outages of either side are waited out. SIGTERM and SIGINT let the request in flight end, then exit 0 within
    five seconds.
    """
    context, app = session.context, session.app
    if dry_run:
        summary = sync(context, SyncOptions(dry_run=True))
        session.output.result(summary.to_json(), lambda: show_pass(session.output, summary))
        return
    jobs = LocalJobs(app.clock)
    loop = Loop(context, app.loop_options(), jobs, session.stop.is_set, _holder(), app.remapped)

    def stop(name: str) -> None:
        _log.info("%s: stopping", name, extra={"event": "stopping"})
        session.stop.set()
        jobs.wake()

    with service_log(session, lambda: loop.run_id), app.listening(lambda: jobs.enqueue(LOOK)):
        if not run_until_signal(lambda: loop.run(wait=wait), stop, GRACE):
            _leave()
        _log.info("stopped after %d turns", loop.turns, extra={"event": "stopped", "turns": loop.turns})
    document: JsonObject = {"stopped": True, "turns": loop.turns, "last_run": loop.run_id or None}
    session.output.result(document, lambda: _say(session.output, loop))


def _say(output: Output, loop: Loop) -> None:
    output.text(f"stopped after {loop.turns} turns; `sync-engine runs list` shows what was done")


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _leave() -> None:
    """A request that Notion does not answer must not keep a service from ending.

    Its lease is left to expire: until then the request may still come into effect, and nobody should write beside
    it.
    """
    _log.warning("a request was left unanswered; the next start looks up what came of it")
    flush()
    os._exit(exits.DONE)
