"""A whole installation in a temporary folder: configuration, logs, feeds, database; turned by hand or by the command."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import Connection, Engine, Text, func, select, type_coerce
from sqlalchemy.engine import URL, make_url

from alerts.authority import Authority, grant
from alerts.models import AlertRow, FindingRow
from auditd.archive.accounts import Account, load_accounts
from auditd.archive.archive import Archive
from auditd.config import Config, load
from auditd.database import open_database, reading
from auditd.demo.formats import PNC_COLUMNS, cucm_header, exchange_header
from auditd.engine.daemon import Once, run_once
from auditd.engine.machine import Machine
from auditd.engine.replay import replay
from auditd.engine.reports import Reports
from auditd.migrations import upgrade
from auditd.telemetry.metrics import Metrics
from detectors.detector import Span
from parsers.event import FAMILIES

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
# Judged by when and how data came, so that it differs where that does.
TELLS_OF_DELIVERY = ("feed_stale",)
LIST_DETECTORS = ("lookup_then_contact", "media_contact", "unregistered_media_contact")
FEEDS = (
    "staff", "identifiers", "incidents", "incident_subjects", "assignments", "roster", "sensitive_subjects",
    "media_contacts", "media_register", "protected_contacts", "watch_lists",
)  # fmt: skip
HEADERS = {
    "pnc": ",".join(PNC_COLUMNS) + "\n", "exchange": exchange_header(NOON), "cucm": cucm_header(), "squid": "",
}  # fmt: skip
LOGS = {"pnc": "pnc*.csv", "exchange": "MSGTRK*.LOG", "cucm": "cdr_*", "squid": "access.log*"}

# The last table is the one that `Rig.more` goes on with.
_CONFIG = """\
[force]
name = "Northmere Constabulary"
domains = ["police.northmere.example"]
number_ranges = ["+441632960"]

[storage]
archive = "archive"
database = "{database}"

[http]
bind = "127.0.0.1:0"

[logging]
format = "json"

[run]
tick_seconds = 0.02
reconcile_seconds = 0.1
settle_seconds = {settle}
block_bytes = {block}
{sources}{feeds}
[detectors.curiosity_surge]
people = 2
[detectors.serial_interest]
days = 2
[detectors.volume_and_breadth]
look_ups = 2
subjects = 2
[detectors.new_terminal_or_place]
used_days = 1
[detectors.padding]
explained = 2
[detectors.false_or_boilerplate_reason]
closed_days = 1
[detectors.web_exfiltration]
domains = ["paste.example"]
[detectors.private_mailbox]
private_domains = ["home.example"]
[detectors.unlinked_lookup]
grace_hours = {grace}
"""


def at(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """A moment relative to noon of 3 March 2026."""
    return NOON + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@dataclass(frozen=True)
class Standing:
    """All that must not depend on how data came: events, active findings, alerts that have any, what became of lines."""

    events: frozenset[str]
    findings: frozenset[tuple[Any, ...]]
    alerts: frozenset[tuple[Any, ...]]


@dataclass
class Rig:
    """One installation under `root`; a Machine is made anew for each `with rig.machine()`."""

    root: Path
    database: str = ""
    grace_hours: float = 24
    settle_seconds: float = 5.0
    block_bytes: int = 1 << 20
    formats: dict[str, str] = field(default_factory=lambda: {name: name for name in LOGS})
    more: str = ""
    patterns: dict[str, str] = field(default_factory=lambda: dict(LOGS))
    source_settings: str = ""
    _drops: int = 0

    def __post_init__(self) -> None:
        for name in self.formats:
            (self.root / "logs" / name).mkdir(parents=True, exist_ok=True)
        (self.root / "feeds").mkdir(exist_ok=True)
        self.database = self.database or f"sqlite:///{self.root}/state.db"
        self.write_config()

    # -- configuration

    @property
    def config_file(self) -> Path:
        return self.root / "access-auditd.toml"

    @property
    def config(self) -> Config:
        return load(self.config_file)

    def write_config(self) -> None:
        sources = "".join(
            f'\n[[sources]]\nname = "{name}"\nfiles = ["logs/{name}/{self.patterns.get(name, "*.csv")}"]\nformat = "{format_}"\n{self.source_settings}'
            for name, format_ in self.formats.items()
        )
        feeds = "".join(
            f'\n[[feeds]]\nname = "{feed}"\nfeed = "{feed}"\nfiles = ["feeds/{feed}-*.csv"]\n'
            for feed in FEEDS
        )
        text = _CONFIG.format(
            database=self.database,
            settle=self.settle_seconds,
            block=self.block_bytes,
            sources=sources,
            feeds=feeds,
            grace=self.grace_hours,
        )
        self.config_file.write_text(text + self.more, encoding="utf-8")

    # -- input

    def log(self, source: str, lines: Iterable[str], name: str = "") -> Path:
        """Append lines to a log, which begins with its header."""
        path = self.root / "logs" / source / (name or self.patterns.get(source, "*.csv").replace("*", "1"))
        path.parent.mkdir(exist_ok=True)
        fresh = not path.exists()
        with path.open("a", encoding="utf-8") as out:
            out.write((HEADERS[self.formats[source]] if fresh else "") + "".join(lines))
        return path

    def feed(self, feed: str, rows: Sequence[Mapping[str, str]], name: str = "") -> Path:
        """Drop a feed file, whole; files take their turn in the order in which they were dropped."""
        self._drops += 1
        columns = list(dict.fromkeys(column for row in rows for column in row))
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = self.root / "feeds" / f"{feed}-{name or f'{self._drops:04d}'}.csv"
        path.write_text(out.getvalue(), encoding="utf-8")
        dropped = NOON.timestamp() + self._drops
        os.utime(path, (dropped, dropped))
        return path

    # -- the machine

    @cached_property
    def engine(self) -> Engine:
        """The database; one pool for the whole test, as statements are compiled once a pool."""
        engine = open_database(self.database)
        upgrade(engine)
        return engine

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()

    @contextmanager
    def machine(self, *, once: bool = False) -> Iterator[Machine]:
        with Machine(self.config, self.engine, once=once) as machine:
            yield machine

    def once(self, as_of: datetime, reports: Reports | None = None) -> Once:
        """Read and judge everything there is, in a machine of its own."""
        with self.machine(once=True) as machine:
            return run_once(machine, reports or Reports(Metrics()), as_of=as_of, clock=lambda: as_of)

    def replay(self, as_of: datetime) -> dict[str, tuple[int, int, int]]:
        """Judge the whole past again without keeping it; per detector (added, withdrawn, changed)."""
        everything = Span(NOON - timedelta(days=400), NOON + timedelta(days=400))
        with self.machine() as machine:
            report = replay(machine.judge, everything, now=as_of, keep=False)
            return {name: (done.added, done.withdrawn, done.changed) for name, done in report.items()}

    def grant(
        self, now: datetime, *, scope: tuple[datetime, datetime] | None = None, **changes: Any
    ) -> Authority:
        """Grant an authority over the list detectors, live from `now` for 60 days."""
        since, until = scope or (NOON - timedelta(days=100), NOON + timedelta(days=100))
        request: dict[str, Any] = {
            "purpose": "integrity_security",
            "reason": "a test on invented data",
            "detectors": LIST_DETECTORS,
            "events_from": since,
            "events_to": until,
            "granted_by": "Det Supt R. Example",
            "granted_at": now,
            "expires_at": now + timedelta(days=60),
            "review_by": now.date(),
        }
        with self.engine.begin() as conn:
            return grant(conn, **(request | changes))

    # -- what came of it

    def standing(self) -> Standing:
        archive = Archive(self.root / "archive", self.engine)
        with reading(self.engine) as conn:
            return Standing(event_ids(archive), active_findings(conn), standing_alerts(conn))

    def accounts(self) -> list[Account]:
        with reading(self.engine) as conn:
            return load_accounts(conn)

    def withdrawn(self) -> int:
        """Return how many findings were withdrawn."""
        query = select(func.count()).select_from(FindingRow).where(FindingRow.state == "withdrawn")
        with reading(self.engine) as conn:
            return int(conn.execute(query).scalar_one())

    def found(self, detector: str) -> list[str]:
        """Return the keys of a detector's active findings."""
        query = select(FindingRow.key).where(FindingRow.state == "active", FindingRow.detector == detector)
        with reading(self.engine) as conn:
            return sorted(conn.execute(query).scalars())


def event_ids(archive: Archive) -> frozenset[str]:
    """Return the ids of all archived events; each is there once."""
    ids = [
        name for family in FAMILIES for name in archive.scan(family).select("event_id").collect()["event_id"]
    ]
    assert len(ids) == len(set(ids)), "an event is in the archive twice"
    return frozenset(ids)


def active_findings(conn: Connection) -> frozenset[tuple[Any, ...]]:
    """Return every active finding with all it says, and the alert it is on."""
    columns = (
        FindingRow.finding_id, FindingRow.detector, FindingRow.key, FindingRow.timestamp, FindingRow.staff_id,
        FindingRow.actor, FindingRow.subject_type, FindingRow.subject_key, FindingRow.outlet, FindingRow.severity,
        FindingRow.event_ids, FindingRow.facts, FindingRow.alert_id,
    )  # fmt: skip
    judged = (FindingRow.state == "active") & FindingRow.detector.not_in(TELLS_OF_DELIVERY)
    rows = conn.execute(select(*columns).where(judged))
    return frozenset(tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in rows)


def standing_alerts(conn: Connection) -> frozenset[tuple[Any, ...]]:
    """Return the alerts that have active findings; any other must be closed."""
    columns = (
        AlertRow.alert_id, AlertRow.severity, AlertRow.state, AlertRow.finding_count, AlertRow.person_key,
        AlertRow.first_event_at, AlertRow.last_event_at, AlertRow.outcome, AlertRow.actor, AlertRow.concern, AlertRow.lead,
        AlertRow.title, AlertRow.score, type_coerce(AlertRow.reasons, Text),
    )  # fmt: skip
    rows = conn.execute(select(*columns).where(AlertRow.lead.not_in(TELLS_OF_DELIVERY))).all()
    assert all(row.state == "closed" for row in rows if not row.finding_count)
    return frozenset(tuple(row) for row in rows if row.finding_count)


@cache
def _empty_database() -> Path:
    """A SQLite database with the current schema, to be copied: much faster than migrating each time."""
    path = Path(mkdtemp(prefix="access-auditd-")) / "empty.db"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()  # the last connection to close puts everything into the one file
    return path


def small_rig(root: Path, **options: Any) -> Rig:
    """Return a rig over a ready SQLite database."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(_empty_database(), root / "state.db")
    return Rig(root, **options)


def database_text(url: URL) -> str:
    """Return a database's address as a configuration has it."""
    return make_url(url).render_as_string(hide_password=False)
