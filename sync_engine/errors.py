"""The one error hierarchy; each class knows its code, its exit code and whether a retry can help.

SyncEngineError            1   failed
├─ UsageError              2   wrong words on the command line
├─ ConfigurationError      2   sync.toml, environment or a value in them
├─ DatabaseError           4   Postgres said no
│  ├─ DatabaseUnavailable  4   Postgres cannot be reached (retryable)
│  ├─ DatabaseBusy         4   another transaction was in the way (retryable)
│  ├─ DatabaseRestored     4   it is not the database that the engine left: restored, moved or copied
│  └─ ConstraintRejected   1   one row refused by a constraint (23xxx, 22xxx)
├─ NotionError             5   Notion said no
│  ├─ NotionUnavailable    5   Notion cannot be reached, or answered 5xx/429 to the end (retryable)
│  ├─ NotionRejected       5   one request refused for good (400 validation, 403, 404)
│  ├─ NotionNotFound       5   404: gone, or not shared with the connection
│  └─ ConnectionBlocked    5   Notion asked this connection to stop altogether
├─ NotSetUp                6   `setup` (or `db upgrade`) has not been run
├─ DifferencesFound        7   `plan --check` or `verify` found differences
├─ BrakeEngaged            8   the mass-change brake stopped the pass
└─ LockHeld                9   another run holds the lock
   └─ LeaseLost            9   `run` was too slow to renew its lease, and another one took over
"""

from __future__ import annotations


class SyncEngineError(Exception):
    """Base of every error that a person is meant to read.

    `message` says what went wrong and where; `hint` says how to mend it (may be empty).
    """

    code = "failed"
    exit_code = 1
    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} — {self.hint}" if self.hint else self.message


class UsageError(SyncEngineError):
    """The command line asks for something that does not exist or contradicts itself."""

    code = "usage"
    exit_code = 2


class ConfigurationError(SyncEngineError):
    """`sync.toml` or the environment holds something that cannot be used."""

    code = "configuration"
    exit_code = 2


class DatabaseError(SyncEngineError):
    """Postgres refused a statement. `sqlstate` is the five-character code, or empty."""

    code = "database"
    exit_code = 4

    def __init__(self, message: str, *, hint: str = "", sqlstate: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sqlstate = sqlstate


class DatabaseUnavailable(DatabaseError):
    """Postgres cannot be reached, or refused the log-in."""

    code = "database_unavailable"
    retryable = True


class DatabaseBusy(DatabaseError):
    """Another transaction was in the way: deadlock, serialization failure, lock timeout. Nothing was applied."""

    code = "database_busy"
    retryable = True


class DatabaseRestored(DatabaseError):
    """The database is not the one that the engine left: restored from a backup, moved, or copied."""

    code = "database_restored"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the database was restored from a backup, moved or copied: {reason}",
            hint="nothing was read or written; `sync-engine recover --dry-run` shows what is to be done. A copy"
            " for tests must not share its Notion pages with the original: give it another parent page",
        )


class ConstraintRejected(DatabaseError):
    """Postgres refused one row. `constraint` is its name, or empty; `column` likewise."""

    code = "constraint_rejected"
    exit_code = 1

    def __init__(
        self, message: str, *, hint: str = "", sqlstate: str = "", constraint: str = "", column: str = ""
    ) -> None:
        super().__init__(message, hint=hint, sqlstate=sqlstate)
        self.constraint = constraint
        self.column = column


class NotionError(SyncEngineError):
    """Notion refused a request. `status` is the HTTP status (0: no answer), `api_code` Notion's code."""

    code = "notion"
    exit_code = 5

    def __init__(self, message: str, *, hint: str = "", status: int = 0, api_code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.api_code = api_code


class NotionUnavailable(NotionError):
    """No usable answer came after all tries. `may_have_committed`: the last write may have been saved.

    `committed_resource_id` is the id that Notion says it saved before it failed, or empty.
    """

    code = "notion_unavailable"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int = 0,
        api_code: str = "",
        may_have_committed: bool = False,
        committed_resource_id: str = "",
    ) -> None:
        super().__init__(message, hint=hint, status=status, api_code=api_code)
        self.may_have_committed = may_have_committed
        self.committed_resource_id = committed_resource_id


class NotionRejected(NotionError):
    """Notion refuses this request for good; repeating it cannot help."""

    code = "notion_rejected"


class NotionNotFound(NotionRejected):
    """404: deleted for ever, moved to an unshared place, or never shared. They cannot be told apart."""

    code = "notion_not_found"


class ConnectionBlocked(NotionError):
    """Notion asked this connection to stop (401, or 429 with `public_api_request_blocked`)."""

    code = "notion_blocked"


class NotSetUp(SyncEngineError):
    """The engine schema, a trigger or a Notion database is missing."""

    code = "not_set_up"
    exit_code = 6


class SchemaChanged(SyncEngineError):
    """Somebody altered a mapped table since the mappings were made; they are to be made anew."""

    code = "schema_changed"


class DifferencesFound(SyncEngineError):
    """A check found differences."""

    code = "differences"
    exit_code = 7


class BrakeEngaged(SyncEngineError):
    """A pass would change more than the brake allows; nothing of it was applied."""

    code = "brake"
    exit_code = 8


class LockHeld(SyncEngineError):
    """Another run holds the lock of this installation."""

    code = "locked"
    exit_code = 9


class LeaseLost(LockHeld):
    """Another process has taken the lease over; what this one was about to write was refused."""

    code = "lease_lost"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"another process has taken over the lease {name!r}",
            hint="this one was too slow to renew it; nothing of what it tried since then was written",
        )
