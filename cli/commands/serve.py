"""`serve`: the console, the webhook endpoint, health and metrics."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.service import run_until_signal, service_log
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject

GRACE = 4.0
"""Seconds for what is being served after a signal."""


@click.command(
    "serve",
    cls=Verb,
    short_help="Serve the console and the webhook endpoint until Ctrl-C.",
    changes="nothing by itself; what is done in the console is what the commands of the same names do, and "
    "webhooks only tell `run` where to look",
    examples=[
        ("serve", "the console on this machine, on port 8321"),
        ("serve --host 0.0.0.0 --port 8080", "webhooks, health and metrics for the world, without the console"),
        ("serve --show-verification-token", "while you make the webhook subscription in Notion"),
    ],
    exits=[*exits.EVERYWHERE, exits.DATABASE],
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8321, show_default=True, metavar="P", help="0: a free one."
)
@click.option(
    "--show-verification-token",
    is_flag=True,
    help="Print the token that Notion sends when a subscription is made; it is a secret.",
)
@pass_session
def command(session: Session, host: str, port: int, show_verification_token: bool) -> None:
    """Serve the console and the webhook endpoint until Ctrl-C or SIGTERM.

    `/webhooks/notion` takes Notion's deliveries once NOTION_WEBHOOK_TOKEN is set, `/healthz` and `/metrics` are
    for monitors. Syncing is the work of `run`, which is told by webhooks where to look first.
    """
    # Here and not above: the web server takes a moment to import, and `--help` does not need it.
    from sync_engine.web.service import Service

    def show(token: str) -> None:
        session.output.detail(f"verification token: {token}")

    with (
        service_log(session, lambda: ""),
        Service(session.app, host, port, show if show_verification_token else None) as service,
    ):
        document: JsonObject = {
            "url": service.url,
            "console": service.has_console,
            "webhooks": service.webhooks.is_configured,
        }
        session.output.result(document, lambda: _say(session, document))
        session.output.close()
        run_until_signal(lambda: _wait(session), lambda _name: session.stop.set(), GRACE)


def _wait(session: Session) -> None:
    session.stop.wait()


def _say(session: Session, document: JsonObject) -> None:
    output = session.output
    what = "console" if document["console"] else "webhooks, health and metrics"
    output.text(f"{what}: {document['url']}")
    state = "ready" if document["webhooks"] else "refused until NOTION_WEBHOOK_TOKEN is set"
    output.text(f"webhooks: {document['url']}/webhooks/notion ({state})")
    output.text("Ctrl-C ends it")
