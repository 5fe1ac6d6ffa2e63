"""Resolvers of the user's own: a function in SQL or Python decides a conflict under the policy `custom`."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.combine import Combined
from sync_engine.domain.mapping import FieldMapping
from sync_engine.domain.merge import Resolver
from sync_engine.domain.values import Value
from sync_engine.errors import ConfigurationError, ConstraintRejected
from sync_engine.ports.database import UnitOfWork

PythonResolver = Callable[[Value, Value, Value], Value]
"""(base, Postgres' value, Notion's) → the value for both; raising LookupError leaves the decision to a person."""


def resolver_of(uow: UnitOfWork, field: FieldMapping) -> Resolver | None:
    """What decides the field, or None when it has no resolver. What it cannot decide is left to a person."""
    kind, _, name = field.resolver.partition(":")
    if kind == "sql":
        return _sql(uow, field, name)
    return _python(field, name) if kind == "python" else None


def _sql(uow: UnitOfWork, field: FieldMapping, function: str) -> Resolver:
    def resolve(base: Value, postgres: Value, notion: Value) -> Combined | None:
        try:
            found = uow.rows.call(function, base, postgres, notion)
        except ConstraintRejected as error:
            raise FieldError(f"the function {function} failed: {error.message}") from error
        return Combined(_fitting(field, function, found[0]), f"by the function {function}") if found else None

    return resolve


def _python(field: FieldMapping, name: str) -> Resolver:
    function = python_function(name)

    def resolve(base: Value, postgres: Value, notion: Value) -> Combined | None:
        try:
            found = function(base, postgres, notion)
        except LookupError:
            return None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise FieldError(f"the function {name} failed: {error}") from error
        return Combined(_fitting(field, name, found), f"by the function {name}")

    return resolve


def python_function(name: str) -> PythonResolver:
    """The function `MODULE:FUNCTION`. Raises ConfigurationError when there is none."""
    module, _, attribute = name.partition(":")
    try:
        found: PythonResolver = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"the resolver python:{name} cannot be loaded: {error}",
            hint='write conflict = "python:package.module:function", of an installed package',
        ) from error
    return found


def _fitting(field: FieldMapping, name: str, value: Value) -> Value:
    """The canonical form of what the function returned. Raises FieldError when the column cannot take it."""
    try:
        literal = field.codec.to_postgres(value)
    except FieldError as error:
        raise FieldError(f"the function {name} returned what the column cannot take: {error}") from error
    return None if literal is None else value
