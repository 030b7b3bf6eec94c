"""Reference data as detectors see it: one frame per feed, as known at one moment, gated by authority.

It must never be filled with media contacts or protected contacts by anyone but auditd/reference, which applies
the authority and strips protected contacts first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import polars as pl

from parsers.event import TEXT, UTC_MICROSECONDS

Kind = Literal["text", "time", "date", "list"]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a feed. `choices` closes the vocabulary; `required` means the row is bad without it."""

    name: str
    kind: Kind = "text"
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """One reference feed: its columns, and the columns (`key`) that say which rows are versions of one fact."""

    name: str
    title: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    one_of: tuple[str, ...] = ()

    @property
    def schema(self) -> pl.Schema:
        """Return the frame schema: text is String, time is UTC microseconds, date is Date, list is List(String)."""
        types: dict[Kind, pl.DataType] = {
            "text": TEXT,
            "time": UTC_MICROSECONDS,
            "date": pl.Date(),
            "list": pl.List(pl.String()),
        }
        return pl.Schema({column.name: types[column.kind] for column in self.fields})


def _optional(name: str, kind: Kind = "text", choices: tuple[str, ...] = ()) -> Field:
    return Field(name, kind, required=False, choices=choices)


IDENTIFIER_KINDS: Final = ("account", "collar", "email", "extension", "phone", "terminal")
INCIDENT_KINDS: Final = (
    "incident", "crime", "custody", "stop", "warrant", "task", "intel", "licence", "circulation",
)  # fmt: skip
SUBJECT_TYPES: Final = ("person", "vehicle", "property", "address", "phone", "occurrence")
CONTACT_KINDS: Final = ("phone", "email", "domain")
PROTECTED_CATEGORIES: Final = (
    "legal", "staff_association", "complaints_body", "inspectorate", "mp", "helpline", "whistleblowing",
)  # fmt: skip

FEEDS: Final[dict[str, Feed]] = {
    feed.name: feed
    for feed in (
        Feed(
            "staff",
            "People of the force, with rank, unit, employer and dates",
            (
                Field("staff_id"),
                Field("name"),
                _optional("dob", "date"),
                Field("rank"),
                Field("role"),
                Field("unit"),
                Field("employer"),
                Field("force"),
                _optional("line_manager_id"),
                Field("start_date", "date"),
                _optional("end_date", "date"),
                _optional("home_postcode"),
                _optional("vehicles", "list"),
                _optional("next_of_kin_surnames", "list"),
            ),
            key=("staff_id",),
        ),
        Feed(
            "identifiers",
            "Accounts, collar numbers, addresses and numbers of people, with validity dates",
            (
                Field("staff_id"),
                Field("kind", choices=IDENTIFIER_KINDS),
                Field("value"),
                _optional("valid_from", "time"),
                _optional("valid_to", "time"),
            ),
            key=("staff_id", "kind", "value", "valid_from"),
        ),
        Feed(
            "incidents",
            "Incidents, crimes, custody records, stops, warrants, tasks",
            (
                Field("incident_ref"),
                Field("kind", choices=INCIDENT_KINDS),
                Field("opened_at", "time"),
                _optional("closed_at", "time"),
                Field("recorded_at", "time"),
                _optional("unit"),
                _optional("location"),
            ),
            key=("incident_ref",),
        ),
        Feed(
            "incident_subjects",
            "Who and what an incident names",
            (
                Field("incident_ref"),
                Field("subject_type", choices=SUBJECT_TYPES),
                Field("subject_key"),
                _optional("from", "time"),
                _optional("to", "time"),
            ),
            key=("incident_ref", "subject_type", "subject_key", "from"),
        ),
        Feed(
            "assignments",
            "Who, or which unit, worked on an incident, and when",
            (
                Field("incident_ref"),
                _optional("staff_id"),
                _optional("unit"),
                Field("from", "time"),
                _optional("to", "time"),
                _optional("role"),
                Field("recorded_at", "time"),
            ),
            key=("incident_ref", "staff_id", "unit", "from"),
            one_of=("staff_id", "unit"),
        ),
        Feed(
            "media_contacts",
            "Numbers, addresses and domains of journalists and outlets: used only under a live authority",
            (
                Field("contact_id"),
                Field("outlet"),
                Field("kind", choices=CONTACT_KINDS),
                Field("value"),
                _optional("valid_from", "time"),
                _optional("valid_to", "time"),
                Field("source"),
                Field("owner"),
                Field("review_by", "date"),
            ),
            key=("contact_id", "kind", "value"),
        ),
        Feed(
            "media_register",
            "Contacts with the media that staff have registered",
            (
                Field("entry_id"),
                Field("staff_id"),
                Field("contact_at", "time"),
                Field("outlet"),
                Field("channel"),
                Field("recorded_at", "time"),
                _optional("approved_by"),
            ),
            key=("entry_id",),
        ),
        Feed(
            "protected_contacts",
            "Lawyers, staff associations, complaints bodies, helplines: stripped before anybody sees them",
            (
                Field("kind", choices=CONTACT_KINDS),
                Field("value"),
                Field("category", choices=PROTECTED_CATEGORIES),
            ),
            key=("kind", "value"),
        ),
    )
}

_EMPTY: Final = {name: feed.schema.to_frame() for name, feed in FEEDS.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Every feed as one frame, as known at one moment. Compared by identity.

    frames: by feed name, each of FEEDS[name].schema; canonical values (see auditd/reference). A feed that was never
    loaded is an empty frame and is absent from `loaded`. `media_contacts` is empty unless an authority is live, and
    holds no protected contact. `protected_contacts` serves to strip counterparts, never to report one.
    scope_people: staff ids the authority is limited to, None where it covers everybody (or there is none).
    protected_stripped: how many listed contacts were withheld because they are protected; nothing else comes out.
    """

    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    scope_people: frozenset[str] | None = None
    protected_stripped: int = 0
    _made: dict[Callable[[Reference], Any], Any] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[Reference], Made]) -> Made:
        """Return `make(self)`, made once: a reference never changes, and serves every tick until the next one comes."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    def __getitem__(self, feed: str) -> pl.DataFrame:
        """Return the feed's frame, empty where nothing is known. An unknown feed name is a KeyError."""
        return self.frames[feed] if feed in self.frames else _EMPTY[feed]
