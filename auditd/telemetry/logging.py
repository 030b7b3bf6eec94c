"""The process's own log: JSON lines (or a console view) on standard error, UTC times, bounded keys and values.

It must never carry personal data: keys that name people, parties or what was looked at are removed, and of an
exception only its type and place are written, because messages quote values.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from detectors.finding import FINDING_SCHEMA
from detectors.reference import FEEDS
from parsers.event import COLUMNS

Level = Literal["debug", "info", "warning", "error"]
Look = Literal["auto", "json", "console"]

# Columns of events, findings and feeds that say nothing about a person.
HARMLESS: Final = frozenset(
    {
        "timestamp", "source", "event_module", "observer_name", "event_code", "event_action", "event_outcome",
        "time_zone_source", "time_uncertainty_seconds", "log_file", "log_offset", "log_length",
        "event_ingested", "severity", "subject_type", "kind", "category", "state", "complete",
    }
)  # fmt: skip
FORBIDDEN: Final = (
    frozenset(column.name for columns in COLUMNS.values() for column in columns)
    | frozenset(FINDING_SCHEMA.names())
    | frozenset(field.name for feed in FEEDS.values() for field in feed.fields)
    | {"account", "address", "collar", "email", "extension", "line", "name", "number", "person", "phone"}
    | {"raw", "reveal", "sentence", "sentences", "subject", "surname", "text", "user", "username"}
) - HARMLESS
LONGEST_VALUE: Final = 500
MOST_KEYS: Final = 40


def configure(level: Level = "info", look: Look = "auto", stream: TextIO | None = None) -> None:
    """Set up the log of the whole process; call it again to change level or look. Logs go to `stream` or stderr."""
    out = stream if stream is not None else sys.stderr
    console = look == "console" or (look == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        describe_exception,
        strip_personal,
        bound,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=24)
        if console
        else structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=True)
    )
    threshold = getattr(logging, level.upper())
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(out, shared, renderer)


def _adopt_libraries(out: TextIO, shared: list[Processor], renderer: Processor) -> None:
    """Send warnings of libraries through the same processors; their lower levels are not ours to read."""
    handler = logging.StreamHandler(out)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_library_line], processors=[remove_meta, *shared, renderer]
    )
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _library_line(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    # A library's message may quote anything (an SQL statement with its parameters): say who spoke, not what.
    record: logging.LogRecord = event_dict["_record"]
    return {
        **event_dict,
        "event": "library_warning",
        "logger": record.name,
        "where": f"{record.module}:{record.lineno}",
        "exc_info": record.exc_info,
    }


def strip_personal(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Remove keys that name people or what was looked at, at any depth; say which keys went."""
    stripped: set[str] = set()
    kept = {key: _without(value, stripped) for key, value in event_dict.items() if not _denied(key, stripped)}
    if stripped:
        kept["stripped"] = sorted(stripped)
    return kept


def bound(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Cut long values and surplus keys, so that no line grows without limit."""
    return {key: _short(value) for key, value in list(event_dict.items())[:MOST_KEYS]}


def describe_exception(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Replace `exc_info` by the exception's type, its place, and the operating system's words if it is an OSError."""
    found = event_dict.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event_dict["error"] = type(error).__name__
        event_dict["where"] = _places(error.__traceback__)
        if isinstance(error, OSError) and error.strerror:
            event_dict["error_detail"] = error.strerror
    return event_dict


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-6:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


def _denied(key: str, stripped: set[str]) -> bool:
    if key in FORBIDDEN:
        stripped.add(key)
        return True
    return False


def _without(value: Any, stripped: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without(inner, stripped) for key, inner in value.items() if not _denied(str(key), stripped)
        }
    if isinstance(value, list | tuple):
        return [_without(inner, stripped) for inner in value]
    return value


def _short(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): _short(inner) for key, inner in list(value.items())[:MOST_KEYS]}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value[:MOST_KEYS]]
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
