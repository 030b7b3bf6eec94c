"""One run of a query as a feed: its rows as text, so that they are judged exactly like those of a file.

It must never write to the database it asks, nor let its URL, a value or the driver's words reach a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from auditd.reference.reading import LONDON, Reading, read_table
from auditd.reference.records import CHUNK_RECORDS, Chunk, FeedRefused
from parsers.force import Force

_READ_ONLY: Final = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query returned: its rows, judged, and the SHA-256 of all that it said."""

    reading: Reading
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Question:
    """A query and how its rows are read. url holds a password: it is never shown."""

    feed: str
    url: str = field(repr=False)
    query: str
    zone: ZoneInfo = LONDON
    mapping: Mapping[str, str] = field(default_factory=dict)
    force: Force | None = None


def ask(question: Question) -> Asked:
    """Run the query and read its rows; FeedRefused, with what to do, where it fails. Rows are counted from 1."""
    digest = sha256()
    with _telling(), _connected(question.url) as conn:
        result = conn.execution_options(yield_per=CHUNK_RECORDS).execute(text(_literal(question.query)))
        header = [str(name) for name in result.keys()]  # noqa: SIM118  a result has no keys to iterate but these
        digest.update(repr(header).encode())
        chunks = (_chunk(start, rows, digest) for start, rows in _numbered(result.partitions()))
        reading = read_table(
            header,
            chunks,
            question.feed,
            zone=question.zone,
            mapping=question.mapping,
            force=question.force,
        )
    return Asked(reading, digest.hexdigest())


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Connect for reading alone; whatever was begun is rolled back."""
    engine = create_engine(_existing(make_url(url)), poolclass=NullPool)
    try:
        with engine.connect() as conn:
            if statement := _READ_ONLY.get(conn.dialect.name):
                conn.exec_driver_sql(statement)
            yield conn
            conn.rollback()
    finally:
        engine.dispose()


def _existing(url: URL) -> URL:
    """Return a URL that opens a SQLite file read-only, instead of making an empty one where there is none."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return url
    return url.set(database=f"file:{quote(url.database)}", query={**url.query, "mode": "ro", "uri": "true"})


def _literal(query: str) -> str:
    """Return the query with its colons taken as they stand: it has no parameters."""
    return query.replace(":", r"\:")


def _numbered(parts: Iterator[Sequence[Sequence[Any]]]) -> Iterator[tuple[int, Sequence[Sequence[Any]]]]:
    start = 1
    for rows in parts:
        yield start, rows
        start += len(rows)


def _chunk(start: int, rows: Sequence[Sequence[Any]], digest: Any) -> Chunk:
    chunk = Chunk()
    for number, row in enumerate(rows, start=start):
        try:
            values = [_text(value) for value in row]
        except (UnicodeDecodeError, _NoText):
            chunk.faults.append((number, "not_text"))
            digest.update(b"?")
            continue
        digest.update(repr(values).encode())
        chunk.lines.append(number)
        chunk.rows.append(values)
    return chunk


class _NoText(Exception):
    """A value that no text can stand for."""


def _text(value: Any) -> str:
    """Return a value as a file would have it: nothing for null, ISO 8601 for times, `;` between parts of a list."""
    match value:
        case None:
            return ""
        case str():
            written = value
        case datetime() | date():
            written = value.isoformat()
        case bytes() | bytearray() | memoryview():
            written = bytes(value).decode("utf-8")
        case list() | tuple() | set() | frozenset():
            written = ";".join(_text(part) for part in value)
        case _:
            written = str(value)
    if "\0" in written:
        raise _NoText
    return written


@contextmanager
def _telling() -> Iterator[None]:
    """Turn what a driver raises into what to do about it, without its words: they quote values and addresses."""
    try:
        yield
    except FeedRefused:
        raise
    except DBAPIError as error:
        hint = "is the database running, may this user log in and read there? Run the query by hand as the same user"
        raise FeedRefused(f"the query failed ({type(error.orig).__name__}): {hint}") from None
    except Exception as error:  # noqa: BLE001  drivers raise what they like, and one feed must not stop the others
        hint = "is the database's URL right, and its driver of a version that fits?"
        raise FeedRefused(f"the query failed ({type(error).__name__}): {hint}") from None
