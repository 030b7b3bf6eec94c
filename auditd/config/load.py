"""From a TOML file to a Config, or to every fault of the file at once. It must never return a half-good Config."""

from __future__ import annotations

import os.path
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy.engine import make_url

from auditd.config import checks
from auditd.config.detectors import in_force, in_shadow
from auditd.config.faults import ConfigError, Fault, written
from auditd.config.listen_model import ListenerTable, ListenTable
from auditd.config.locate import key_lines, nearest_line
from auditd.config.model import ConfigFile, FeedTable, SourceTable, StorageTable
from auditd.config.runtime import Config, Delivery, Query, Source
from auditd.config.sigma import rules_of
from auditd.config.validate import sure, validate
from detectors.detector import Detector, all_detectors
from parsers.force import Force
from parsers.format import Context, Format, all_formats

BACKWARDS_AFTER: Final = timedelta(hours=1)
_Model = TypeVar("_Model", bound=BaseModel)


def load(path: Path | str) -> Config:
    """Read and check a configuration file; relative paths in it are relative to its folder.

    Raises ConfigError with all faults: unreadable, not TOML, unknown or missing settings, values out of place.
    """
    file = Path(path)
    text = _read(file)
    raw = _parse(file, text)
    model, found = validate(ConfigFile, raw)
    rules, faults = rules_of(file.absolute().parent, raw)
    known = all_detectors() | dict(rules)
    found += checks.complaints(raw, known)
    if model is None or found or faults:
        lines = key_lines(text)
        own = (
            Fault(file, written(fault.path), nearest_line(lines, fault.path), fault.why, fault.hint)
            for fault in found
        )
        raise ConfigError([*own, *faults])
    return _build(file.absolute(), model, known)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([Fault(file, "", line, "is not UTF-8 text", "save it as UTF-8")]) from None
    except OSError as error:
        hint = "check the path and who may read it"
        raise ConfigError([Fault(file, "", None, f"cannot be read: {error.strerror}", hint)]) from None


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        why = str(error)[: place.start()] if place else str(error).removesuffix(" (at end of document)")
        line = int(place.group(1)) if place else len(text.splitlines())
        column = f" at column {place.group(2)}" if place else ""
        hint = "text goes in quotes, lists in [ ], true and false are lower case"
        raise ConfigError([Fault(file, "", line, f"not TOML{column}: {why}", hint)]) from None


def _build(file: Path, model: ConfigFile, known: Mapping[str, type[Detector]]) -> Config:
    own = model.force
    force = Force(own.domains, own.number_ranges, own.country, own.access_digits, own.extension_digits)
    return Config(
        file=file,
        force_name=own.name,
        force=force,
        storage=_storage(file.parent, model.storage),
        run=model.run,
        http=model.http,
        logging=model.logging,
        sources=tuple(_source(file.parent, table, force) for table in model.sources),
        feeds=tuple(_delivery(file.parent, table) for table in model.feeds),
        known=known,
        chosen=in_force(model, known),
        shadows=in_shadow(model, known),
        explanations=model.explanations,
        score=model.score,
        listen=_listen(file.parent, model.listen),
        listeners=tuple(_listener(file.parent, table) for table in model.listeners),
    )


def _storage(folder: Path, table: StorageTable) -> StorageTable:
    archive = Path(_absolute(folder, str(table.archive)))
    return StorageTable(archive=archive, database=_database(folder, table.database))


def _source(folder: Path, table: SourceTable, force: Force) -> Source:
    kind = all_formats()[table.format]
    return Source(
        name=table.name,
        files=tuple(_absolute(folder, pattern) for pattern in table.files),
        format=kind,
        options=sure(kind.Options, table.options),
        context=Context(table.name, ZoneInfo(table.zone), force, table.site, table.keep_raw, table.envelope),
        max_line_bytes=table.max_line_bytes,
        complete_after_seconds=kind.complete_after_seconds
        if table.complete_after_seconds is None
        else table.complete_after_seconds,
        rhythm=table.rhythm,
        quiet_after=None
        if table.quiet_after_minutes is None
        else timedelta(minutes=table.quiet_after_minutes),
        backwards_after=_backwards_after(kind, table.backwards_after_minutes),
        encoding=table.encoding,
    )


def _backwards_after(kind: type[Format], minutes: float | None) -> timedelta | None:
    """Return how far back new lines of a file may lie; None where that is not looked for."""
    if minutes is None:
        return BACKWARDS_AFTER if kind.keeps_order else None
    return timedelta(minutes=minutes) or None


def _delivery(folder: Path, table: FeedTable) -> Delivery:
    files = tuple(_absolute(folder, pattern) for pattern in table.files)
    zone = ZoneInfo(table.zone)
    query = _query(folder, table)
    return Delivery(table.name, table.feed, files, zone, table.complete, table.columns, query)


def _query(folder: Path, table: FeedTable) -> Query | None:
    if table.database is None or table.query is None:
        return None
    every, timeout = timedelta(seconds=table.every_seconds), timedelta(seconds=table.timeout_seconds)
    return Query(_database(folder, table.database), table.query, every, timeout)


def _database(folder: Path, text: str) -> str:
    """Return a database URL, a relative SQLite file made absolute."""
    url = make_url(text)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=_absolute(folder, url.database))
    return url.render_as_string(hide_password=False)


def _listen(folder: Path, table: ListenTable) -> ListenTable:
    return table.model_copy(update={"spool": Path(_absolute(folder, str(table.spool)))})


def _listener(folder: Path, table: ListenerTable) -> ListenerTable:
    files = {key: getattr(table, key) for key in ("certificate", "key", "client_ca")}
    there = {key: Path(_absolute(folder, str(path))) for key, path in files.items() if path is not None}
    return table.model_copy(update=there)


def _absolute(folder: Path, path: str) -> str:
    return os.path.normpath(folder / path)
