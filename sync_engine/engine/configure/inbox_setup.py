"""Setting up the conflict inbox: its database is made once, found again by its recorded id, and completed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sync_engine.domain.schema import DataSource
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.configure.changes import SetupChange
from sync_engine.engine.inbox.columns import KEEP, KEY, TITLE, schema, type_of
from sync_engine.errors import ConfigurationError, NotionNotFound
from sync_engine.ports.database import Database
from sync_engine.ports.inbox import InboxPlace
from sync_engine.ports.workspace import Workspace

ICON = "📥"


@dataclass(frozen=True)
class InboxSetup:
    """What is set up; an empty `title` means that no inbox is wanted."""

    database: Database
    workspace: Workspace
    parent_page: Callable[[], str]
    title: str

    def plan(self) -> Sequence[SetupChange]:
        """What `make` would do now; writes nothing. Raises ConfigurationError when the inbox is out of sight."""
        place = self._place()
        if not self.title:
            gone = SetupChange("notion", "remove", "conflict inbox", "forgotten; its database stays in Notion")
            return [gone] if place is not None else []
        if place is None:
            return [SetupChange("notion", "create", f"database {self.title}", "one row for each open conflict")]
        source = self._reachable(place)
        if source.in_trash:
            return [SetupChange("notion", "change", f"database {source.title}", "taken out of the trash")]
        return [*_missing_changes(self.title, source, place), *_drift(self.title, source, place)]

    def make(self) -> None:
        """Do it. A database that was made but not recorded is found again under the parent page by its title."""
        place = self._place()
        if not self.title:
            if place is not None:
                self._forget()
            return
        source = self._reachable(place) if place is not None else self._adopted() or self._created()
        if place is not None and source.in_trash:
            self.workspace.restore_database(place.database_id)
            source = self._reachable(place)
        missing = {name: schema()[name] for name in _missing(source, place)}
        if missing:
            source = self.workspace.update_properties(source.id, missing)
        self._record(source, place)

    def _place(self) -> InboxPlace | None:
        if not self.database.is_set_up():
            return None
        with self.database.transaction() as uow:
            return uow.inbox.place()

    def _forget(self) -> None:
        with self.database.transaction() as uow:
            uow.inbox.forget()

    def _reachable(self, place: InboxPlace) -> DataSource:
        """The recorded data source, perhaps in the trash."""
        try:
            return self.workspace.data_source(place.data_source_id)
        except NotionNotFound as error:
            raise ConfigurationError(
                f"the conflict inbox ({place.database_id}) cannot be found in Notion",
                hint="share it with the connection again; if it was deleted for good, run `setup` once with"
                " [inbox] enabled = false, then with true: that makes a new one",
            ) from error

    def _adopted(self) -> DataSource | None:
        """The inbox that an interrupted setup, or one before it was turned off, has left under the parent page."""
        for database_id, title in self.workspace.child_databases(self.parent_page()):
            if title != self.title:
                continue
            for data_source_id in self.workspace.data_sources_of(database_id):
                source = self.workspace.data_source(data_source_id)
                if source.by_name(KEY) is not None and source.by_name(KEEP) is not None and not source.in_trash:
                    return source
        return None

    def _created(self) -> DataSource:
        return self.workspace.create_database(self.parent_page(), self.title, ICON, schema())

    def _record(self, source: DataSource, place: InboxPlace | None) -> None:
        found = {name: _found(source, place, name) for name in schema()}
        ids: JsonObject = {name: property_id for name, property_id in found.items() if property_id}
        known = place or InboxPlace(source.database_id, source.id)
        with self.database.transaction() as uow:
            uow.inbox.put(replace(known, properties=ids, trouble=""))
            if place is not None and ids != place.properties:
                for row in uow.inbox.rows(["open", "refused"]):
                    # A property that was made anew is empty.
                    uow.inbox.save(replace(row, occurrences=-1))


def _found(source: DataSource, place: InboxPlace | None, column: str) -> Json:
    if column == TITLE:
        return next((item.id for item in source.properties if item.type == "title"), "")
    known = source.by_id(str(place.properties.get(column) or "")) if place is not None else None
    item = known or source.by_name(column)
    return item.id if item is not None else ""


def _missing(source: DataSource, place: InboxPlace | None) -> list[str]:
    return [name for name in schema() if not _found(source, place, name)]


def _missing_changes(title: str, source: DataSource, place: InboxPlace) -> list[SetupChange]:
    return [SetupChange("notion", "create", f"{title}: {name}", type_of(name)) for name in _missing(source, place)]


def _drift(title: str, source: DataSource, place: InboxPlace) -> list[SetupChange]:
    drift: list[SetupChange] = []
    for name in schema():
        item = source.by_id(str(_found(source, place, name)))
        if item is not None and item.type != type_of(name):
            detail = f"is {item.type} in Notion, the inbox needs {type_of(name)}; change it back, or delete it"
            drift.append(SetupChange("notion", "drift", f"{title}: {item.name}", detail))
    return drift
