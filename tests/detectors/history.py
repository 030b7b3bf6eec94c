"""Small events and reference data for the tests of detectors: builders with defaults, all people invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from detectors.detector import Detector, Naming, Span, Window
from detectors.reference import FEEDS, Reference
from parsers.event import FAMILIES, SCHEMA, Family
from parsers.force import Force

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
OURS = Force(domains=("force.example",), number_ranges=("+441632960",))
DESK = "+442079460123"

Row = dict[str, Any]


def at(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """A moment relative to noon of 3 March 2026."""
    return NOON + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def look_up(event_id: str, time: datetime = NOON, **columns: Any) -> Row:
    """A PNC enquiry by jdoe about vehicle AB12CDE, unless told otherwise."""
    defaults: Row = {
        "source": "pnc", "event_action": "pnc-enquiry", "user_id": "jdoe", "pnc_system": "pnc",
        "subject_type": "vehicle", "subject_key": "AB12CDE",
    }  # fmt: skip
    return {"event_id": event_id, "timestamp": time, **defaults, **columns}


def email(event_id: str, time: datetime = NOON, **columns: Any) -> Row:
    """A mail from jane@force.example to desk@news.example, unless told otherwise."""
    defaults: Row = {
        "source": "mail", "event_action": "email-sent", "email_from_address": "jane@force.example",
        "email_to_address": ["desk@news.example"], "email_message_id": "m1",
    }  # fmt: skip
    return {"event_id": event_id, "timestamp": time, **defaults, **columns}


def call(event_id: str, time: datetime = NOON, **columns: Any) -> Row:
    """A call of six minutes from extension 50009 to the news desk, unless told otherwise."""
    row: Row = {
        "source": "cucm", "event_action": "call", "call_from": "50009", "call_to_dialled": DESK,
        "call_to_final": DESK, "call_group_id": "g1", "call_talk_seconds": 360, **columns,
    }  # fmt: skip
    numbers = (
        row.get(name) for name in ("call_from", "call_to_dialled", "call_to_final", "call_redirected_by")
    )
    row.setdefault("call_numbers", sorted({number for number in numbers if number}))
    return {"event_id": event_id, "timestamp": time, **row}


def web(event_id: str, time: datetime = NOON, **columns: Any) -> Row:
    """A request by jdoe through the proxy."""
    defaults: Row = {
        "source": "proxy",
        "event_action": "web-request",
        "user_id": "jdoe",
        "http_request_method": "POST",
    }
    return {"event_id": event_id, "timestamp": time, **defaults, **columns}


def reference(*, scope: frozenset[str] | None = None, **feeds: Sequence[Row]) -> Reference:
    """Reference data of the feeds given; those alone count as loaded."""
    frames = {name: pl.DataFrame(list(rows), schema=FEEDS[name].schema) for name, rows in feeds.items()}
    return Reference(frames=frames, loaded=frozenset(frames), scope_people=scope)


def holds(
    staff_id: str, kind: str, value: str, since: datetime | None = None, until: datetime | None = None
) -> Row:
    """An identifier of a person."""
    return {"staff_id": staff_id, "kind": kind, "value": value, "valid_from": since, "valid_to": until}


JANE = (
    holds("S1", "account", "jdoe"),
    holds("S1", "collar", "1234"),
    holds("S1", "extension", "50009", datetime(2024, 5, 1, tzinfo=UTC)),
    holds("S1", "email", "jane@force.example"),
)
STAFF = tuple(
    {
        "staff_id": staff_id, "name": f"Invented {staff_id}", "rank": "PC", "role": "response", "unit": unit,
        "employer": "force", "force": "F1", "start_date": date(2020, 1, 1),
    }
    for staff_id, unit in (("S1", "Response A"), ("S2", "Response B"))
)  # fmt: skip


def media(value: str = DESK, kind: str = "phone", **columns: Any) -> Row:
    """A listed media contact of the Daily Example, unless told otherwise."""
    return {
        "contact_id": f"{kind}-{value}", "outlet": "Daily Example", "kind": kind, "value": value,
        "source": "press office", "owner": "S9", "review_by": date(2027, 1, 1), **columns,
    }  # fmt: skip


def protected(value: str, kind: str) -> Row:
    """A protected contact."""
    return {"kind": kind, "value": value, "category": "legal"}


def registered(time: datetime, *, staff_id: str = "S1", outlet: str = "Daily Example") -> Row:
    """An entry of the media-contact register."""
    return {
        "entry_id": "R1", "staff_id": staff_id, "contact_at": time, "outlet": outlet, "channel": "phone",
        "recorded_at": time,
    }  # fmt: skip


def work(
    incident_ref: str = "I1",
    *,
    key: str = "AB12CDE",
    subject_type: str = "vehicle",
    staff_id: str | None = "S1",
    unit: str | None = None,
    since: datetime = NOON,
    until: datetime | None = None,
    closed: datetime | None = None,
    recorded: datetime | None = None,
    named_from: datetime | None = None,
    named_to: datetime | None = None,
) -> dict[str, list[Row]]:
    """An incident that names a subject, and who was assigned to it: rows of three feeds."""
    recorded = recorded or since
    return {
        "incidents": [
            {"incident_ref": incident_ref, "kind": "crime", "opened_at": since, "closed_at": closed,
             "recorded_at": recorded}
        ],
        "incident_subjects": [
            {"incident_ref": incident_ref, "subject_type": subject_type, "subject_key": key, "from": named_from,
             "to": named_to}
        ],
        "assignments": [
            {"incident_ref": incident_ref, "staff_id": staff_id, "unit": unit, "from": since, "to": until,
             "recorded_at": recorded}
        ],
    }  # fmt: skip


def history(*rows: Row) -> dict[Family, pl.LazyFrame]:
    """Events by family, told apart by the builder's source."""
    families: dict[str, Family] = {"pnc": "access", "mail": "email", "cucm": "call", "proxy": "web"}
    return {
        family: pl.DataFrame(
            [row for row in rows if families[row["source"]] == family], schema=SCHEMA[family]
        ).lazy()
        for family in FAMILIES
    }


def window(
    detector: Detector,
    events: Mapping[Family, pl.LazyFrame],
    known: Reference,
    span: Span | None = None,
    made: dict[Any, Any] | None = None,
) -> Window:
    """A window as the engine makes it: events within reach of the span and no further; `made` is what others made of it."""
    span = span or Span(at(days=-3), at(days=3))
    until = span.end + detector.after

    def since(reach: timedelta) -> Callable[[Family], pl.LazyFrame]:
        first = span.start - reach
        return lambda family: events[family].filter(pl.col("timestamp") >= first, pl.col("timestamp") < until)

    return Window(
        span,
        since(detector.recalls),
        known,
        OURS,
        past=since(detector.before),
        made={} if made is None else made,
    )


def judge(detector: Detector, known: Reference, *rows: Row, span: Span | None = None) -> pl.DataFrame:
    """Findings of a detector on some events."""
    return detector.judge(window(detector, history(*rows), known, span))


class Plain(Naming):
    """Names nobody: the staff id, else the identifier."""

    def person(self, staff_id: str | None, actor: str) -> str:
        return staff_id or f"the user of {actor}"
