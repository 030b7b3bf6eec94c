"""Checks that need more than one value: names, formats and their options, feeds, detectors and their settings.

They read the raw TOML, table by table, so that a fault in one table hides none in another. They must never raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditd.config import detectors, listeners
from auditd.config.faults import Complaint, Raw, suggestion, tables, written
from auditd.config.validate import validate
from detectors.detector import Detector
from detectors.reference import FEEDS
from parsers.format import all_formats


def complaints(raw: Raw, known: Mapping[str, type[Detector]]) -> Iterator[Complaint]:
    """Yield every fault of the file that no single value shows. known: every detector by name."""
    yield from _names(raw)
    yield from _files(raw)
    yield from _formats(raw)
    yield from _feeds(raw)
    yield from detectors.complaints(raw, known)
    yield from _bind(raw)
    yield from listeners.complaints(raw)


def _names(raw: Raw) -> Iterator[Complaint]:
    # Sources and deliveries share one name space: both are the `name` an operator reads in status and logs.
    first: dict[str, str] = {}
    for key in ("sources", "feeds"):
        for index, table in tables(raw, key):
            name, place = table.get("name"), written((key, index))
            if not isinstance(name, str):
                continue
            folded = name.lower().replace("-", "_")
            if folded in first:
                why = f"the name {name!r} is taken by {first[folded]}"
                yield Complaint((key, index, "name"), why, "names are unique, whatever the case or hyphens")
            first.setdefault(folded, place)


def _files(raw: Raw) -> Iterator[Complaint]:
    first: dict[str, str] = {}
    for index, table in tables(raw, "sources"):
        patterns = table.get("files")
        for pattern in patterns if isinstance(patterns, list) else []:
            if not isinstance(pattern, str):
                continue
            if pattern in first:
                why = f"{pattern!r} is already read by {first[pattern]}"
                yield Complaint((("sources"), index, "files"), why, "each line belongs to one source")
            first.setdefault(pattern, written(("sources", index)))


def _formats(raw: Raw) -> Iterator[Complaint]:
    formats = all_formats()
    for index, table in tables(raw, "sources"):
        name, options = table.get("format"), table.get("options", {})
        if not isinstance(name, str):
            continue
        if name not in formats:
            hint = suggestion(name, list(formats), kind="formats")
            yield Complaint(("sources", index, "format"), f"there is no format {name!r}", hint)
        elif isinstance(options, dict):
            yield from validate(formats[name].Options, options, at=("sources", index, "options"))[1]


def _feeds(raw: Raw) -> Iterator[Complaint]:
    for index, table in tables(raw, "feeds"):
        yield from _query(index, table)
        name, columns = table.get("feed"), table.get("columns", {})
        if not isinstance(name, str):
            continue
        if name not in FEEDS:
            hint = suggestion(name, list(FEEDS), kind="feeds")
            yield Complaint(("feeds", index, "feed"), f"there is no feed {name!r}", hint)
            continue
        known = [field.name for field in FEEDS[name].fields]
        for ours in columns if isinstance(columns, dict) else {}:
            if ours not in known:
                why = f"the feed {name!r} has no column {ours!r}"
                yield Complaint(
                    ("feeds", index, "columns", ours), why, suggestion(ours, known, kind="columns")
                )


def _query(index: int, table: Raw) -> Iterator[Complaint]:
    """Yield what does not go together: a query needs its database, and stands instead of files."""
    asks = {key for key in ("database", "query") if key in table}
    if len(asks) == 1:
        [missing] = {"database", "query"} - asks
        hint = "a query needs `database`, where it is asked, and `query`, what is asked"
        yield Complaint(("feeds", index, missing), "is missing", hint)
    if asks and table.get("files"):
        yield Complaint(("feeds", index, "files"), "a delivery has files or a query, not both", "make two")
    for key in ("every_seconds", "timeout_seconds"):
        if key in table and not asks:
            yield Complaint(("feeds", index, key), "has no meaning without a query", "remove it")


def _bind(raw: Raw) -> Iterator[Complaint]:
    table = raw.get("http")
    if isinstance(table, dict) and table.get("allow_remote") is not True:
        hint = "bind 127.0.0.1, or set allow_remote = true behind a firewall: there is no log-in"
        yield from listeners.exposed(("http", "bind"), table.get("bind", "127.0.0.1:0"), hint)
