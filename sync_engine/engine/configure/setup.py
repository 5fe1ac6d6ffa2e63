"""Setup: engine schema, triggers, Notion databases and properties; planned first, idempotent, resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sync_engine.domain.mapping import KEY_PROPERTY, FieldMapping, TableMapping
from sync_engine.domain.schema import DataSource, Property, Table
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.configure.adoption import (
    adoption,
    chosen_source,
    found_property,
    refuse_other_database,
)
from sync_engine.engine.configure.changes import SetupChange
from sync_engine.engine.configure.filter_setup import filter_changes, set_filters
from sync_engine.engine.configure.inbox_setup import InboxSetup
from sync_engine.engine.context import Progress, no_progress
from sync_engine.engine.passes.captured import (
    BLIND,
    OTHER_KEY_HINT,
    is_rewritten,
    key_drift,
    memory_of_column,
    read_again,
)
from sync_engine.engine.passes.tell_again import tell_again
from sync_engine.errors import ConfigurationError, NotionNotFound
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.installation import CaptureState
from sync_engine.ports.registrations import Registration
from sync_engine.ports.workspace import Workspace

MappedTable = tuple[TableMapping, Table]


@dataclass(frozen=True)
class Installation:
    """What setup works on.

    `parent_page` gives the id of the page to create databases under, or raises ConfigurationError; it is asked
    for only when one has to be created. `mapped` reads the mappings as they are configured and registered now;
    its argument is None while the engine schema is not there. `captured` reads them with the junctions of their
    relations, which are captured and have no database. `inbox_title`: of the conflict inbox; empty: none.
    """

    database: Database
    workspace: Workspace
    parent_page: Callable[[], str]
    mapped: Callable[[UnitOfWork | None], Sequence[MappedTable]]
    captured: Callable[[UnitOfWork | None], Sequence[MappedTable]]
    progress: Progress = no_progress
    inbox_title: str = ""

    @property
    def inbox(self) -> InboxSetup:
        """Setting up the conflict inbox."""
        return InboxSetup(self.database, self.workspace, self.parent_page, self.inbox_title)


def plan_setup(installation: Installation) -> Sequence[SetupChange]:
    """What `setup` would do now; empty when everything is in place. Writes nothing."""
    changes: list[SetupChange] = []
    if not installation.database.is_set_up():
        changes.append(SetupChange("postgres", "create", "schema sync_engine", "log, journal and state"))
        mapped = installation.mapped(None)
        changes += [_trigger_change(item, CaptureState.MISSING) for item, _ in installation.captured(None)]
        with installation.database.transaction() as uow:
            changes += filter_changes(uow, mapped)
    else:
        with installation.database.transaction() as uow:
            mapped = installation.mapped(uow)
            states = [(item, uow.capture.state(item, table)) for item, table in installation.captured(uow)]
            changes += filter_changes(uow, mapped)
            changes += _key_changes(uow, mapped)
        changes += [_trigger_change(item, state) for item, state in states if state is not CaptureState.OK]
    for mapping, _ in mapped:
        changes += _notion_changes(installation, mapping)
    return [*changes, *installation.inbox.plan()]


def _trigger_change(mapping: TableMapping, state: CaptureState) -> SetupChange:
    action: Literal["create", "change"] = "create" if state is CaptureState.MISSING else "change"
    return SetupChange("postgres", action, f"capture of {mapping.schema}.{mapping.table}", state.value)


def _key_changes(uow: UnitOfWork, mapped: Sequence[MappedTable]) -> Sequence[SetupChange]:
    known = {item.id: item for item in uow.registrations.all()}
    found = [(mapping, key_drift(mapping, known[mapping.id])) for mapping, _ in mapped if mapping.id]
    return [
        SetupChange("postgres", "drift", f"key of {item.schema}.{item.table}", f"{drift}; {OTHER_KEY_HINT}")
        for item, drift in found
        if drift
    ]


def _notion_changes(installation: Installation, mapping: TableMapping) -> Sequence[SetupChange]:
    workspace = installation.workspace
    changes: list[SetupChange] = []
    if not mapping.data_source_id and not mapping.adopts:
        names = ", ".join(field.property for field in mapping.fields)
        return [SetupChange("notion", "create", f"database {mapping.database_title}", names)]
    if mapping.data_source_id:
        refuse_other_database(mapping)
        source = _reachable(workspace, mapping)
    else:
        source = chosen_source(workspace, mapping)
        changes.append(adoption(installation.database, workspace, mapping, source))
    changes += [
        SetupChange("notion", "create", f"{mapping.database_title}: {field.property}", field.type)
        for field in mapping.fields
        if found_property(source, field) is None
    ]
    return [*changes, *_drift(source, mapping)]


def _drift(source: DataSource, mapping: TableMapping) -> Sequence[SetupChange]:
    drift: list[SetupChange] = []
    for field in mapping.fields:
        found = found_property(source, field)
        if found is not None and found.type != field.type:
            detail = f"is {found.type} in Notion, {field.type} in sync.toml; change one of them"
            drift.append(SetupChange("notion", "drift", f"{mapping.database_title}: {found.name}", detail))
    return drift


def setup(installation: Installation) -> Sequence[SetupChange]:
    """Do what `plan_setup` lists and return it.

    Every finished step is recorded before the next begins, so a killed setup goes on where it stopped; a database
    that was made but not recorded is found again under the parent page by its title and key property. Raises
    ConfigurationError for a missing parent page and for drift, which it never decides.
    """
    changes = plan_setup(installation)
    drift = [change for change in changes if change.action == "drift"]
    if drift:
        raise ConfigurationError(
            f"{drift[0].object} {drift[0].detail}", hint="nothing was changed; run setup again afterwards"
        )
    if not installation.database.is_set_up():
        installation.database.upgrade()
    _install_capture(installation)
    _make_databases(installation)
    _complete_properties(installation)
    installation.inbox.make()
    return changes


def _install_capture(installation: Installation) -> None:
    with installation.database.transaction() as uow:
        for mapping, _ in installation.captured(uow):
            if not mapping.id:
                uow.registrations.save(_registration(mapping))
    with installation.database.transaction() as uow:
        mapped = installation.captured(uow)
    for done, (mapping, table) in enumerate(mapped):
        with installation.database.transaction() as uow:
            state = uow.capture.state(mapping, table)
            if state is not CaptureState.OK:
                uow.capture.install(mapping, table)
            if state in BLIND:
                read_again(uow, mapping)
        installation.progress("installing triggers", done + 1, len(mapped))
    set_filters(installation.database, mapped)


def _registration(mapping: TableMapping) -> Registration:
    return Registration(
        id=mapping.id,
        name=mapping.name,
        schema=mapping.schema,
        table=mapping.table,
        oid=mapping.oid,
        key_numbers=mapping.key_numbers,
    )


def _make_databases(installation: Installation) -> None:
    with installation.database.transaction() as uow:
        mapped = installation.mapped(uow)
    children: Sequence[tuple[str, str]] | None = None
    for done, (mapping, _) in enumerate(mapped):
        if mapping.adopts and not mapping.data_source_id:
            _record(installation.database, mapping, chosen_source(installation.workspace, mapping))
        elif not mapping.data_source_id:
            if children is None:
                children = _children(installation)
            source = adopt(installation.workspace, mapping, children) or create_source(
                installation.workspace, installation.parent_page(), mapping
            )
            _record(installation.database, mapping, source)
        installation.progress("creating Notion databases", done + 1, len(mapped))


def _children(installation: Installation) -> Sequence[tuple[str, str]]:
    return installation.workspace.child_databases(installation.parent_page())


def adopt(workspace: Workspace, mapping: TableMapping, children: Sequence[tuple[str, str]]) -> DataSource | None:
    """The database that an interrupted setup made for this table: same parent, same title, with a key property."""
    for database_id, title in children:
        if title != mapping.database_title:
            continue
        for data_source_id in workspace.data_sources_of(database_id):
            source = workspace.data_source(data_source_id)
            if source.by_name(KEY_PROPERTY) is not None:
                return source
    return None


def create_source(workspace: Workspace, parent_page_id: str, mapping: TableMapping) -> DataSource:
    """Make the database of a table under a page, without its relations, whose targets may not be there yet."""
    properties: JsonObject = {
        field.property: schema_of(field) for field in mapping.fields if not field.relation_to
    }
    properties[KEY_PROPERTY] = {"rich_text": {}}
    return workspace.create_database(parent_page_id, mapping.database_title, mapping.icon, properties)


def schema_of(field: FieldMapping) -> JsonObject:
    """A property as Notion's schema form has it."""
    if field.type in ("select", "multi_select"):
        return {field.type: {"options": [{"name": name} for name in field.options]}}
    return {field.type: {}}


def _complete_properties(installation: Installation) -> None:
    """Second pass: relations (their targets exist now) and properties added to the configuration later."""
    with installation.database.transaction() as uow:
        mapped = [mapping for mapping, _ in installation.mapped(uow)]
    sources = {mapping.name: mapping.data_source_id for mapping in mapped}
    for done, mapping in enumerate(mapped):
        source = _reachable(installation.workspace, mapping)
        missing: JsonObject = {}
        for field in mapping.fields:
            if found_property(source, field) is None:
                missing[field.property] = (
                    relation_schema(field, sources) if field.relation_to else schema_of(field)
                )
        if source.by_id(mapping.key_property_id) is None and source.by_name(KEY_PROPERTY) is None:
            missing[KEY_PROPERTY] = {"rich_text": {}}
        if missing:
            source = installation.workspace.update_properties(mapping.data_source_id, missing)
        _record(installation.database, mapping, source)
        installation.progress("completing properties", done + 1, len(mapped))


def relation_schema(field: FieldMapping, sources: dict[str, str]) -> JsonObject:
    """A relation as Notion's schema form has it; `sources` are data source ids by table name."""
    return {"relation": {"data_source_id": sources[field.relation_to], "single_property": {}}}


def _reachable(workspace: Workspace, mapping: TableMapping) -> DataSource:
    try:
        return workspace.data_source(mapping.data_source_id)
    except NotionNotFound as error:
        raise ConfigurationError(
            f"the Notion database of table {mapping.name} ({mapping.database_id}) cannot be found",
            hint="share it with the connection again (Connections in its menu), or restore it from the trash",
        ) from error


def _record(database: Database, mapping: TableMapping, source: DataSource) -> None:
    """Remember ids: of the database, of its data source, and of each mapped property."""
    key = source.by_id(mapping.key_property_id) or source.by_name(KEY_PROPERTY)
    found = {field.name: found_property(source, field) for field in mapping.fields}
    with database.transaction() as uow:
        known = next(item for item in uow.registrations.all() if item.name == mapping.name)
        fields: JsonObject = {
            field.name: {
                **memory_of_column(field),
                "made": _is_made(known, field, found[field.name]),
                "property_id": item.id if (item := found[field.name]) is not None else field.property_id,
                "type": field.type,
            }
            for field in mapping.fields
        }
        if made_anew := _made_anew(known, fields):
            tell_again(uow, mapping, made_anew)
            known = replace(known, backfilled=False, last_full_scan=None)
        if any(_is_rewritten(known, field) for field in mapping.fields):
            known = replace(known, backfilled=False)
        if known.backfilled and fields.keys() - known.fields.keys():
            # Rows and pages that are known already have values for the new field; both are read once more.
            known = replace(known, backfilled=False, last_full_scan=None)
        uow.registrations.save(
            replace(
                known,
                database_id=source.database_id,
                data_source_id=source.id,
                key_property_id=key.id if key is not None else "",
                fields=fields,
            )
        )


def _is_rewritten(known: Registration, field: FieldMapping) -> bool:
    memory = known.fields.get(field.name)
    return isinstance(memory, dict) and is_rewritten(memory, field)


def _is_made(known: Registration, field: FieldMapping, found: Property | None) -> bool:
    """Whether the property was not there before `setup` made it; noted before it is made, so that after a kill in
    between it does not look like one of a person."""
    memory = known.fields.get(field.name)
    return bool(memory.get("made")) if isinstance(memory, dict) else found is None


def _made_anew(known: Registration, fields: JsonObject) -> frozenset[str]:
    """The fields whose property is another one than before: it is empty, and nobody emptied it."""
    return frozenset(
        name
        for name, memory in known.fields.items()
        if _property_of(memory) and name in fields and _property_of(fields[name]) not in ("", _property_of(memory))
    )


def _property_of(memory: Json) -> str:
    return str(memory.get("property_id") or "") if isinstance(memory, dict) else ""
