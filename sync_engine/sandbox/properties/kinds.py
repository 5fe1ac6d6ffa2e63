"""Where the property types are found by name; filled by `registry`, so that computed types can ask for others."""

from __future__ import annotations

from sync_engine.sandbox.model import Property
from sync_engine.sandbox.properties.base import PropertyType

TYPES: dict[str, PropertyType] = {}
"""All property types by name, once `registry` is imported."""


def kind_of(prop: Property) -> PropertyType:
    """Return the type object of a property."""
    return TYPES[prop.type]
