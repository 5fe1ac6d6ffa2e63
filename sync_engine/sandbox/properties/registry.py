"""All property types by name."""

from __future__ import annotations

from sync_engine.sandbox.properties.base import PropertyType
from sync_engine.sandbox.properties.choices import MultiSelect, Select, Status
from sync_engine.sandbox.properties.computed import Formula, Rollup
from sync_engine.sandbox.properties.files import Files
from sync_engine.sandbox.properties.kinds import TYPES, kind_of
from sync_engine.sandbox.properties.moments import Date, PageTime
from sync_engine.sandbox.properties.persons import Author, People
from sync_engine.sandbox.properties.rare import Button, Place, Verification
from sync_engine.sandbox.properties.relations import Relation
from sync_engine.sandbox.properties.scalars import Checkbox, Number, UniqueId
from sync_engine.sandbox.properties.texts import Line, RichText, Title

_ALL: tuple[PropertyType, ...] = (
    Title(),
    RichText(),
    Number(),
    Select(),
    MultiSelect(),
    Status(),
    Date(),
    People(),
    Files(),
    Checkbox(),
    Line("url", 2000),
    Line("email", 200),
    Line("phone_number", 200),
    Relation(),
    Formula(),
    Rollup(),
    PageTime("created_time"),
    PageTime("last_edited_time"),
    Author("created_by"),
    Author("last_edited_by"),
    UniqueId(),
    Place(),
    Button(),
    Verification(),
)

TYPES.update({kind.name: kind for kind in _ALL})

__all__ = ["TYPES", "kind_of"]
