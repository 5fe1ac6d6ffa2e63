"""`sandbox serve`: the local Notion alone, until it is told to stop."""

from __future__ import annotations

from pathlib import Path

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb


@click.command(
    "serve",
    cls=Verb,
    short_help="Run the local Notion until Ctrl-C.",
    changes="the file named with --data; without it everything is in memory and gone at the end",
    examples=[
        ("sandbox serve", "on a free port; prints the address and the tokens"),
        ("sandbox serve --port 8090 --data notion.db", "the same workspace every time"),
        ("sandbox serve --json", 'the first line is {"url", "token", "person_token", "parent_page_id"}'),
        ("sandbox serve --chaos 7", "refusals, slow answers and cut connections, the same ones for each seed"),
    ],
    exits=exits.EVERYWHERE,
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on the loopback address.  [default: free]"
)
@click.option(
    "--data", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep it in this file."
)
@click.option("--chaos", type=int, metavar="SEED", help="Let requests fail as they do in practice.")
@click.option(
    "--requests-per-minute",
    type=click.IntRange(min=0),
    default=180,
    show_default=True,
    help="The connection's budget; 0 lifts it.",
)
@pass_session
def command(session: Session, port: int, data: Path | None, chaos: int | None, requests_per_minute: int) -> None:
    """Run a local Notion until Ctrl-C or SIGTERM.

    It listens on the loopback address only. Point NOTION_API_URL, NOTION_TOKEN and NOTION_PARENT_PAGE_ID at it,
    and open its address in a browser to edit pages as a person would.
    """
    # Here and not above: the web server takes a moment to import, and `--help` does not need it.
    from sync_engine.sandbox.serve import serve

    serve(port, data, chaos, requests_per_minute or None, session.output.as_json)
