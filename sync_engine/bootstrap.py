"""The composition root: builds the App from Settings; the only module that names concrete adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import cast

from sync_engine.adapters.archive_files import ArchiveFolder
from sync_engine.adapters.notion import NotionWorkspace, open_workspace
from sync_engine.adapters.position_file import PositionFiles
from sync_engine.adapters.postgres import migrate
from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.listen import listening
from sync_engine.adapters.postgres.probe import probe_column
from sync_engine.adapters.postgres.request_ledger import PostgresRequestLedger
from sync_engine.adapters.system import SystemClock, SystemIds
from sync_engine.domain.mapping import TableMapping, captured_tables
from sync_engine.domain.schedule import PollRule, polling_floor
from sync_engine.domain.schema import Column, Table
from sync_engine.domain.values import Json
from sync_engine.engine.configure.mapping import build_mappings
from sync_engine.engine.configure.setup import Installation, MappedTable
from sync_engine.engine.context import Context, Progress, no_progress
from sync_engine.engine.continuous.loop import LoopOptions, slice_of
from sync_engine.engine.exclusive import refuse_beside_run
from sync_engine.engine.inbox.inbox import ConflictInbox
from sync_engine.ports.clock import Clock
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.registrations import Registration
from sync_engine.ports.workspace import Workspace
from sync_engine.settings import Settings

STATE = ".sync-engine"
"""The folder beside `sync.toml` for what must not go back with the database."""


class App:
    """One installation, opened: every part is made when it is first asked for, and closed by `open_app`."""

    def __init__(self, settings: Settings, resources: ExitStack, progress: Progress, clock: Clock) -> None:
        self.settings = settings
        self._resources = resources
        self._progress = progress
        self.clock = clock
        self.ids = SystemIds()

    @cached_property
    def database_url(self) -> str:
        """The database in libpq form; the embedded server is started when none is configured."""
        if self.settings.postgres.url.value:
            return self.settings.postgres.libpq_url()
        from sync_engine.adapters.embedded import EmbeddedServer, default_data_dir, libpq_environment_removed

        self._resources.enter_context(libpq_environment_removed())
        server = self._resources.enter_context(EmbeddedServer.persistent(default_data_dir()))
        return server.url()

    @cached_property
    def database(self) -> PostgresDatabase:
        """The user's database."""
        database = PostgresDatabase(self.database_url)
        self._resources.callback(database.close)
        return database

    @cached_property
    def ledger(self) -> PostgresRequestLedger:
        """The request budget that all processes share."""
        ledger = PostgresRequestLedger(self.database_url, self.clock)
        self._resources.callback(ledger.close)
        return ledger

    @cached_property
    def workspace(self) -> NotionWorkspace:
        """The Notion side."""
        notion = self.settings.notion
        workspace = open_workspace(
            notion.token.reveal(), notion.api_url, notion.requests_per_minute, self.clock, ledger=self.ledger
        )
        self._resources.callback(workspace.close)
        return workspace

    @cached_property
    def context(self) -> Context:
        """Both sides and the mappings of `sync.toml` as the database has them now."""
        self.settings.require_tables()
        mappings, fingerprint = self._mapped_now()
        return Context(
            database=self.database,
            workspace=cast(Workspace, _OpenedWhenUsed(lambda: self.workspace)),
            clock=self.clock,
            ids=self.ids,
            positions=PositionFiles(self.state_folder),
            archives=ArchiveFolder(self.archive_folder),
            keep_log=None if self.settings.retention.log_days is None else self._keep_log(),
            mappings=mappings,
            ambiguous=self.settings.defaults.ambiguous,
            progress=self._progress,
            query_lag=timedelta(seconds=self.settings.notion.query_lag_seconds),
            keep_conflicts=timedelta(days=self.settings.retention.conflicts_days),
            fingerprint=fingerprint,
            inbox=ConflictInbox(self.settings.inbox.rows) if self.settings.inbox.enabled else None,
        )

    @property
    def state_folder(self) -> Path:
        """Where files of this installation lie: beside `sync.toml`."""
        path = self.settings.path
        return (path.parent if path is not None else Path()) / STATE

    @property
    def archive_folder(self) -> Path:
        """Where archives of the log go; a relative path counts from `sync.toml`."""
        return self.state_folder.parent / self.settings.retention.archive

    def _keep_log(self) -> timedelta:
        return timedelta(days=self.settings.retention.log_days or 0)

    def remapped(self) -> Context:
        """The context, with the mappings made anew from what the database looks like now."""
        self.__dict__.pop("context", None)
        return self.context

    @cached_property
    def installation(self) -> Installation:
        """What `setup`, `plan` and `doctor` work on."""
        self.settings.require_tables()
        return Installation(
            database=self.database,
            workspace=self.workspace,
            parent_page=self.settings.notion.parent_page_id,
            mapped=self.mapped,
            captured=self.captured,
            inbox_title=self.settings.inbox.title if self.settings.inbox.enabled else "",
            progress=self._progress,
        )

    def _mapped_now(self) -> tuple[Sequence[TableMapping], str]:
        """The mappings, and what their tables look like."""
        is_set_up = self.database.is_set_up()
        with self.database.transaction() as uow:
            mappings = [mapping for mapping, _ in self.mapped(uow if is_set_up else None)]
            return mappings, uow.rows.fingerprint(captured_tables(mappings))

    def mapped(self, uow: UnitOfWork | None) -> Sequence[MappedTable]:
        """Mappings with their tables; without a unit of work, as if nothing were registered yet."""
        if uow is None:
            with self.database.transaction() as opened:
                return self._paired(opened, ())
        return self._paired(uow, uow.registrations.all())

    def captured(self, uow: UnitOfWork | None) -> Sequence[MappedTable]:
        """The same, and the junctions of their relations."""
        if uow is None:
            with self.database.transaction() as opened:
                return self._paired(opened, (), captured_tables)
        return self._paired(uow, uow.registrations.all(), captured_tables)

    def _paired(
        self,
        uow: UnitOfWork,
        registrations: Sequence[Registration],
        which: Callable[[Sequence[TableMapping]], Sequence[TableMapping]] = lambda mappings: mappings,
    ) -> Sequence[MappedTable]:
        tables = uow.rows.tables(self.schemas)
        by_oid = {table.oid: table for table in tables}
        mappings = build_mappings(self.settings, tables, registrations, uow.rows.kind)
        return [(mapping, by_oid[mapping.oid]) for mapping in which(mappings)]

    @property
    def schemas(self) -> Sequence[str]:
        """The schemas that the configured tables lie in."""
        names = {table.name for table in self.settings.tables}
        names |= {link.through or "" for table in self.settings.tables for link in table.relations.values()}
        named = {name.partition(".")[0] for name in names if "." in name}
        return [self.settings.postgres.schema, *sorted(named - {self.settings.postgres.schema})]

    def tables(self, schemas: Sequence[str]) -> Sequence[Table]:
        """The tables of these schemas, as `init` reads them."""
        with self.database.transaction() as uow:
            return uow.rows.tables(schemas)

    # --- for `run`

    def loop_options(self) -> LoopOptions:
        """How `run` watches, from `[run]` and the budget."""
        run, budget = self.settings.run, self.settings.notion.requests_per_minute
        return LoopOptions(
            polls=PollRule(
                usual=run.poll_seconds,
                fastest=run.poll_min_seconds,
                slowest=run.poll_max_seconds,
                floor=polling_floor(len(self.settings.tables) + self.settings.inbox.enabled, budget),
            ),
            look=run.log_seconds,
            lease=run.lease_seconds,
            slice_size=slice_of(budget),
            proof_every=timedelta(hours=run.full_scan_hours),
        )

    def listening(self, heard: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `heard`, from another thread, when something says that there is news; only a hint."""
        return listening(self.database_url, heard)

    # --- for `init` and `db`

    def probe(self, table: Table, column: Column) -> Sequence[Json]:
        """Some values of a column, for `init`."""
        return probe_column(self.database_url, table, column)

    def schema_version(self) -> str:
        """The revision that the engine schema is at; empty when it is not there."""
        return migrate.current(self.database_url)

    def needed_schema_version(self) -> str:
        """The revision that this code needs."""
        return migrate.head()

    def uninstall(self) -> None:
        """Take the engine schema and the capture triggers away. Raises LockHeld while anything else is at work."""
        refuse_beside_run(self.database)
        with self.database.lock():
            migrate.uninstall(self.database_url)


def schema_sql() -> str:
    """The engine schema as a psql script; needs no database."""
    return migrate.sql()


@contextmanager
def private_postgres(data_dir: Path | None = None) -> Iterator[str]:
    """The address of an embedded server for the length of the block; without a folder its data is thrown away.

    While it is open, `PG*` variables of the environment do not reach the driver.
    """
    from sync_engine.adapters.embedded import EmbeddedServer, libpq_environment_removed

    opened = EmbeddedServer.ephemeral() if data_dir is None else EmbeddedServer.persistent(data_dir)
    with libpq_environment_removed(), opened as server:
        yield server.url()


def demo_folder() -> Path:
    """Where `demo --keep` keeps its data: beside the embedded server's own."""
    from sync_engine.adapters.embedded import default_data_dir

    folder = default_data_dir().with_name("demo")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class _OpenedWhenUsed:
    """Stands for the workspace until something is asked of it: what reads only the database needs no token."""

    def __init__(self, workspace: Callable[[], NotionWorkspace]) -> None:
        self._workspace = workspace

    def __getattr__(self, name: str) -> object:
        return getattr(self._workspace(), name)


@contextmanager
def open_app(
    settings: Settings,
    progress: Progress = no_progress,
    stop: Event | None = None,
    clock: Clock | None = None,
) -> Iterator[App]:
    """Open an installation for the length of the block; nothing connects before it is used.

    `stop` ends every wait when it is set; `clock` stages time in tests.
    """
    with ExitStack() as resources:
        yield App(settings, resources, progress, clock or SystemClock(stop))
