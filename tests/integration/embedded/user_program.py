"""A user process of an embedded server, told what to do over standard input, one JSON answer a line.

`user_program.py persistent FOLDER [BIN]` or `user_program.py ephemeral`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sync_engine.adapters.embedded import EmbeddedServer, default_data_dir, find_binaries
from sync_engine.errors import SyncEngineError


def describe(server: EmbeddedServer) -> dict[str, Any]:
    socket_folder = Path(str(conninfo_to_dict(server.url())["host"]))
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting('data_directory')").fetchone()
    cluster = Path(row[0]) if row else Path()
    postmaster = int((cluster / "postmaster.pid").read_text().split()[0])
    return {
        "url": server.url(),
        "version": server.version,
        "home": str(cluster.parent),
        "postmaster": postmaster,
        "socket_folder": str(socket_folder),
        "session": os.getsid(0),
    }


def open_server(arguments: list[str]) -> EmbeddedServer:
    if arguments[0] == "ephemeral":
        return EmbeddedServer.ephemeral()
    folder = default_data_dir() if arguments[1] == "default" else Path(arguments[1])
    binaries = find_binaries(Path(arguments[2])) if len(arguments) > 2 else None
    return EmbeddedServer.persistent(folder, binaries=binaries)


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


def obey(server: EmbeddedServer, command: str) -> object:
    if command == "ensure":
        server.ensure_running()
        return describe(server)
    if command == "close":
        server.close()
        return {}
    with psycopg.connect(server.url(), autocommit=True) as connection:
        cursor = connection.execute(command.encode())
        return cursor.fetchall() if cursor.description else []


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored when the tests run in the background
    try:
        server = open_server(sys.argv[1:])
    except SyncEngineError as error:
        answer({"error": error.code, "message": error.message, "hint": error.hint})
        return
    answer(describe(server))
    for line in sys.stdin:
        answer(obey(server, line.strip()))


if __name__ == "__main__":
    main()
