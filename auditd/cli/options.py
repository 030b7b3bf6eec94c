"""Settings given on the command line, checked like those of a configuration file. They must never be guessed at."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from typing import Any

from auditd.cli.context import CliError
from auditd.config.faults import suggestion, written
from auditd.config.validate import validate
from parsers.format import Format, FormatOptions, all_formats


def format_named(name: str) -> type[Format]:
    """Return the format of that name; a CliError that suggests another where there is none."""
    formats = all_formats()
    if name not in formats:
        raise CliError(f"there is no format {name!r}", hint=suggestion(name, list(formats), kind="formats"))
    return formats[name]


def format_options(name: str, settings: Sequence[str]) -> FormatOptions:
    """Return the options of a format from `key=value` settings.

    A value is read as TOML where that makes a valid option, else as text; a dotted key reaches into a table.
    """
    options = format_named(name).Options
    as_toml, as_text = _tables(settings)
    filled, found = validate(options, as_toml)
    if filled is None:
        filled, _ = validate(options, as_text)
    if filled is None:
        raise CliError(
            "\n".join(f"--option {written(fault.path)}: {fault.why}" for fault in found),
            hint=found[0].hint or f"options of {name}: {', '.join(options.model_fields) or 'none'}",
        )
    return filled


def valid(option: str, check: Callable[[str], str], text: str) -> str:
    """Return the value as the check of the configuration returns it; a CliError where it refuses."""
    try:
        return check(text)
    except ValueError as error:
        context = getattr(error, "context", None) or {}
        raise CliError(f"{option}: {context.get('why', error)}", hint=context.get("hint", "")) from None


def _tables(settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    as_toml: dict[str, Any] = {}
    as_text: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise CliError(f"--option {setting!r} is not KEY=VALUE")
        _put(as_toml, key.split("."), _toml_value(value))
        _put(as_text, key.split("."), value)
    return as_toml, as_text


def _put(table: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise CliError(f"--option {'.'.join(path)}: {part} is a value, not a table")
        table = inner
    table[path[-1]] = value


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
