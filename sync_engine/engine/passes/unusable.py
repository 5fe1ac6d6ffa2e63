"""Unusable properties: those that somebody deleted in Notion, or turned into another type, since `setup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import DataSource
from sync_engine.errors import NotionRejected
from sync_engine.ports.workspace import Workspace


def unusable_properties(source: DataSource, mapping: TableMapping) -> Mapping[str, str]:
    """Why fields of the mapping cannot be written, with what mends it, by field."""
    found: dict[str, str] = {}
    for field in mapping.fields:
        known = source.by_id(field.property_id) if field.property_id else None
        if known is None:
            found[field.name] = (
                f"the property {field.property} was deleted in Notion: restore it there, or run `sync-engine "
                "setup`, which makes it again and fills it"
            )
        elif known.type != field.type:
            found[field.name] = (
                f"the property {known.name} is {known.type} in Notion now, it was {field.type}: change it back, "
                "or write the new type in sync.toml"
            )
    return found


@dataclass
class PropertyCheck:
    """Asks Notion once, when a request of a table was refused. Safe for several threads."""

    workspace: Workspace
    mapping: TableMapping

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._found: Mapping[str, str] | None = None

    def found(self) -> Mapping[str, str]:
        """As `unusable_properties`; empty when Notion does not tell."""
        with self._lock:
            if self._found is None:
                self._found = self._ask()
            return self._found

    def _ask(self) -> Mapping[str, str]:
        try:
            source = self.workspace.data_source(self.mapping.data_source_id)
        except NotionRejected:
            return {}
        return unusable_properties(source, self.mapping)
