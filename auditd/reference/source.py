"""One configured delivery of reference data, and how it stands. It must never hold a row, nor show a password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from auditd.reference.loads import LoadReport
from auditd.reference.reading import LONDON
from detectors.reference import FEEDS
from parsers.force import Force

# Raised when the same file is to be understood differently from now on: every file is then read once more.
READER_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """A query to ask again and again. url: with its password, so it is not for showing.

    every: from the end of one run to the next. timeout: after which a run is said to hang.
    """

    url: str = field(repr=False)
    text: str
    every: timedelta = timedelta(minutes=15)
    timeout: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class FeedSource:
    """One configured delivery. files: glob patterns; mapping: our column name -> theirs; zone: of times without one.

    complete: each file, or answer, states everything there is; what it leaves out has ended. query: instead of files.
    inbox: a pattern of files that were handed in once, by `access-auditd feed load`.
    """

    name: str
    feed: str
    files: tuple[str, ...]
    zone: ZoneInfo = LONDON
    mapping: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    query: FeedQuery | None = None
    inbox: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file or an answer that was taken, or refused, in a poll: by whom it was delivered and what became of it."""

    source: FeedSource
    report: LoadReport
    modified_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """How a delivery stands, over its files or its query as last loaded. age: since the latest load; None before it.

    problem: what is wrong and what to do, "" where all is well. rejected_by_reason: keys of reading.REASONS.
    waiting: files that are still being written, or a query that is still running. failures: runs of it that failed.
    """

    name: str
    feed: str
    loaded_at: datetime | None
    age: timedelta | None
    files: int
    waiting: int
    rows: int
    rejected: int
    rejected_by_reason: Mapping[str, int]
    problem: str
    failures: int = 0


def read_as(source: FeedSource, force: Force) -> str:
    """Return a fingerprint of all that decides how what a delivery brings is understood."""
    parts = (
        READER_VERSION,
        FEEDS[source.feed],
        source.zone.key,
        sorted(source.mapping.items()),
        source.complete,
        force,
        *([source.query.text] if source.query else []),
    )
    return sha256(repr(parts).encode()).hexdigest()


def complaints(report: LoadReport) -> list[str]:
    """Return in words what is wrong with a load."""
    if report.problem:
        return [report.problem]
    refused = [f"{report.rejects.height} of {report.rows} rows were refused"] if report.rejects.height else []
    return [*refused, *report.hints]


def status_of(
    source: FeedSource,
    reports: Sequence[LoadReport],
    problems: Sequence[str],
    *,
    loaded_at: datetime | None,
    now: datetime,
    files: int = 0,
    waiting: int = 0,
    failures: int = 0,
) -> FeedStatus:
    """Return how a delivery stands, from the reports of its files or of its query."""
    reasons: dict[str, int] = {}
    for report in reports:
        for reason, count in report.rejects["reason"].value_counts().iter_rows():
            reasons[reason] = reasons.get(reason, 0) + count
    return FeedStatus(
        name=source.name,
        feed=source.feed,
        loaded_at=loaded_at,
        age=None if loaded_at is None else now - loaded_at,
        files=files,
        waiting=waiting,
        rows=sum(report.rows for report in reports),
        rejected=sum(report.rejects.height for report in reports),
        rejected_by_reason=reasons,
        problem="; ".join(problems),
        failures=failures,
    )
