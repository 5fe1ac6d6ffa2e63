"""The engine's tables, all in the schema `sync_engine` of the user's own database.

Conventions. Codes of one letter are `"char"`: side `p` postgres, `n` notion; op `i` insert, `u` update,
`d` delete, `t` truncate, `s` snapshot, `r` restore; presence `a` absent, `p` present, `g` gone. Optional texts are
NULL where the port has an empty string, so that unique and partial indexes mean what they say. Keys use the
collation "C": compared by bytes, faster, and the same on every server. What metadata cannot hold (row-level
security, rights, storage) is in `sql/engine_schema.sql`.
"""

from __future__ import annotations

from sync_engine.adapters.postgres.tables.log import (
    archived_links,
    archives,
    chain,
    cursors,
    events,
    history,
    home,
    redactions,
)
from sync_engine.adapters.postgres.tables.schema import SCHEMA, metadata
from sync_engine.adapters.postgres.tables.state import (
    braked,
    changes,
    conflicts,
    held,
    inbox,
    inbox_rows,
    mappings,
    policies,
    records,
)
from sync_engine.adapters.postgres.tables.work import (
    hints,
    leases,
    marks,
    requests,
    rollback_steps,
    rollbacks,
    runs,
)

__all__ = [
    "SCHEMA",
    "archived_links",
    "archives",
    "braked",
    "chain",
    "changes",
    "conflicts",
    "cursors",
    "events",
    "held",
    "hints",
    "history",
    "home",
    "inbox",
    "inbox_rows",
    "leases",
    "mappings",
    "marks",
    "metadata",
    "policies",
    "records",
    "redactions",
    "requests",
    "rollback_steps",
    "rollbacks",
    "runs",
]
