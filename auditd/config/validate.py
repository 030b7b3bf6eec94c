"""A TOML table against its model, each error of the model as a complaint a person can act on.

It must never coerce: a number in quotes is a fault. It must never show the database URL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from auditd.config.faults import Complaint, KeyPath, suggestion
from auditd.config.values import REFUSED

_Model = TypeVar("_Model", bound=BaseModel)
_SECRETS: Final = {("storage", "database"), ("feeds", "database")}
_NAMES: Final = "lower-case letters, digits, '-' and '_', 63 at most"
_WORDS: Final = (
    ("Input should", "must"),
    ("String should", "must"),
    ("a valid tuple", "a list"),
    ("a valid array", "a list"),
    ("a valid string", "text in quotes"),
    ("a valid boolean", "true or false"),
    ("a valid integer", "a whole number"),
    ("an object", "a table"),
    ("a valid dictionary", "a table"),
)


def validate(
    model: type[_Model], raw: Mapping[str, Any], *, at: KeyPath = ()
) -> tuple[_Model | None, list[Complaint]]:
    """Return the model filled from a TOML table, or None with every complaint; `at` is the table's own path."""
    try:
        # Strict JSON: types as written, while arrays still become tuples and text becomes dates or paths.
        return model.model_validate_json(json.dumps(raw, default=str), strict=True), []
    except ValidationError as error:
        return None, [_complaint(model, at, details) for details in error.errors(include_url=False)]


def sure(model: type[_Model], raw: Mapping[str, Any]) -> _Model:
    """Return the model of a table that was checked before."""
    filled, found = validate(model, raw)
    if filled is None:
        raise AssertionError(f"checked settings do not validate: {found}")
    return filled


def _complaint(model: type[BaseModel], at: KeyPath, details: ErrorDetails) -> Complaint:
    path = (*at, *details["loc"])
    context = details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            known = list(_owner(model, details["loc"][:-1]).model_fields)
            hint = suggestion(str(path[-1]), known, kind="settings here")
            return Complaint(path, "unknown setting", hint)
        case "missing":
            field = _owner(model, details["loc"][:-1]).model_fields.get(str(path[-1]))
            return Complaint(path, "is missing", (field.description or "") if field else "")
        case kind if kind == REFUSED:
            return Complaint(path, context["why"], context["hint"])
        case "value_error":
            return Complaint(path, str(context["error"]))
        case "too_short":
            return Complaint(path, f"needs at least {context['min_length']} entry")
        case "string_pattern_mismatch" if path[-1] in {"name", "folder"}:
            return Complaint(path, _reworded("Input should be a name", details["input"]), _NAMES)
        case _:
            shown = None if (path[0], path[-1]) in _SECRETS else details["input"]
            return Complaint(path, _reworded(details["msg"], shown))


def _reworded(message: str, found: Any) -> str:
    said = message
    for theirs, ours in _WORDS:
        said = said.replace(theirs, ours)
    if found is None or isinstance(found, dict | list):
        return said
    return f"{said}, not {json.dumps(found, default=str)[:80]}"


def _owner(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model of the table that a path of field names and indexes leads to."""
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            model = inner or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
