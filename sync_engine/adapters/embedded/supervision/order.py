"""What a supervisor is told to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Order:
    """What to run, where, and as whom. `settings` are Postgres parameters that win over its files."""

    home: str
    cluster: str
    log: str
    users_lock: str
    socket_folder: str
    socket_record: str
    mark: str
    postgres: str
    initdb: str
    initdb_options: list[str]
    settings: dict[str, str]
    uid: int | None
    gid: int | None
    ephemeral: bool
    supervisor_lock: int

    def to_json(self) -> str:
        """For the supervisor's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        """The inverse of `to_json`."""
        return cls(**json.loads(text))
