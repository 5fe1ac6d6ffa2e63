"""Notion's published OpenAPI document as a judge of answers."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.support.recorded_flows import RECORDED

_ROOT = "urn:notion"


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    loaded: dict[str, Any] = json.loads((RECORDED / "notion-openapi.json").read_text(encoding="utf-8"))
    return loaded


@cache
def _validator(path: str, method: str, status: str) -> Draft202012Validator | None:
    answers = document()["paths"][path].get(method, {}).get("responses", {})
    if "application/json" not in answers.get(status, {}).get("content", {}):
        return None
    pointer = "/".join(
        part.replace("~", "~0").replace("/", "~1")
        for part in ("paths", path, method, "responses", status, "content", "application/json", "schema")
    )
    resource = Resource.from_contents(document(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(_ROOT, resource)
    return Draft202012Validator({"$ref": f"{_ROOT}#/{pointer}"}, registry=registry)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path) for path in document()["paths"]]


_MEANINGFUL = {"object", "type", "color", "function", "format", "code"}
_passed: set[str] = set()


def _form(value: Any, key: str = "") -> str:
    """Return the form of a value: the keys and kinds of an answer, each kind of element once."""
    if isinstance(value, dict):
        if key == "properties":
            return "{" + "".join(sorted({_form(each) for each in value.values()})) + "}"
        return "{" + ",".join(f"{name}:{_form(each, name)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({_form(each) for each in value})) + "]"
    return str(value) if key in _MEANINGFUL else type(value).__name__


def complaint(method: str, path: str, status: int, answer: Any) -> str | None:
    """Return what the document holds against an answer; None when nothing, or when it knows no such answer.

    An answer of a form that has passed before passes: judging takes a tenth of a second each.
    """
    form = f"{method} {path.split('/')[2]} {status} {_form(answer)}"
    if form in _passed:
        return None
    found = _complaint(method, path, status, answer)
    if found is None:
        _passed.add(form)
    return found


def _complaint(method: str, path: str, status: int, answer: Any) -> str | None:
    for pattern, template in _patterns():
        if pattern.match(path):
            validator = _validator(template, method.lower(), str(status))
            error = best_match(validator.iter_errors(answer)) if validator else None
            return f"{error.json_path}: {error.message[:300]}" if error else None
    return None
