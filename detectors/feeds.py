"""Every reference feed there is, by name: the columns of each, documented in docs/feeds.md. It must never hold a row."""

from __future__ import annotations

from typing import Final

from detectors.feed import Feed, Field, optional
from detectors.registers import REGISTERS

IDENTIFIER_KINDS: Final = ("account", "collar", "email", "extension", "phone", "terminal")
INCIDENT_KINDS: Final = (
    "incident", "crime", "custody", "stop", "warrant", "task", "intel", "licence", "circulation",
)  # fmt: skip
SUBJECT_TYPES: Final = ("person", "vehicle", "property", "address", "phone", "email", "occurrence")
CONTACT_KINDS: Final = ("phone", "email", "domain")
PROTECTED_CATEGORIES: Final = (
    "legal", "staff_association", "complaints_body", "inspectorate", "mp", "helpline", "whistleblowing",
)  # fmt: skip

ROSTER_STATES: Final = ("duty", "overtime", "on_call", "rest", "leave", "sick", "suspended")
SENSITIVE_FLAGS: Final = ("public_figure", "victim", "witness", "staff", "live_investigation")

FEEDS: Final[dict[str, Feed]] = {
    feed.name: feed
    for feed in (
        Feed(
            "staff",
            "People of the force, with rank, unit, employer and dates",
            (
                Field("staff_id"),
                Field("name"),
                optional("dob", "date"),
                Field("rank"),
                Field("role"),
                Field("unit"),
                Field("employer"),
                Field("force"),
                optional("line_manager_id"),
                Field("start_date", "date"),
                optional("end_date", "date"),
                optional("home_postcode"),
                optional("vehicles", "list"),
                optional("next_of_kin_surnames", "list"),
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
                optional("valid_from", "time"),
                optional("valid_to", "time"),
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
                optional("closed_at", "time"),
                Field("recorded_at", "time"),
                optional("unit"),
                optional("location"),
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
                optional("from", "time"),
                optional("to", "time"),
            ),
            key=("incident_ref", "subject_type", "subject_key", "from"),
        ),
        Feed(
            "assignments",
            "Who, or which unit, worked on an incident, and when",
            (
                Field("incident_ref"),
                optional("staff_id"),
                optional("unit"),
                Field("from", "time"),
                optional("to", "time"),
                optional("role"),
                Field("recorded_at", "time"),
            ),
            key=("incident_ref", "staff_id", "unit", "from"),
            one_of=("staff_id", "unit"),
        ),
        Feed(
            "roster",
            "When people were on duty, at rest, on leave, sick or suspended",
            (
                Field("staff_id"),
                Field("from", "time"),
                Field("to", "time"),
                Field("state", choices=ROSTER_STATES),
            ),
            key=("staff_id", "from"),
        ),
        Feed(
            "media_contacts",
            "Numbers, addresses and domains of journalists and outlets: used only under a live authority",
            (
                Field("contact_id"),
                Field("outlet"),
                Field("kind", choices=CONTACT_KINDS),
                Field("value"),
                optional("valid_from", "time"),
                optional("valid_to", "time"),
                Field("source"),
                Field("owner"),
                Field("review_by", "date"),
            ),
            key=("contact_id", "kind", "value"),
        ),
        Feed(
            "watch_lists",
            "Numbers, addresses and domains to watch for, by list: used only under a live authority that names the list",
            (
                Field("list"),
                Field("kind", choices=CONTACT_KINDS),
                Field("value"),
                optional("valid_from", "time"),
                optional("valid_to", "time"),
                Field("source"),
                Field("owner"),
                Field("review_by", "date"),
            ),
            key=("list", "kind", "value"),
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
                optional("approved_by"),
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
        Feed(
            "sensitive_subjects",
            "Who and what calls for more care: public figures, victims, witnesses, staff, live investigations",
            (
                Field("subject_type", choices=SUBJECT_TYPES),
                Field("subject_key"),
                Field("flag", choices=SENSITIVE_FLAGS),
                Field("from", "time"),
                optional("to", "time"),
            ),
            key=("subject_type", "subject_key", "flag", "from"),
        ),
        Feed(
            "stories",
            "What was published, where and when, and whom it is about",
            (
                Field("story_id"),
                Field("published_at", "time"),
                Field("outlet"),
                optional("url"),
                optional("title"),
                Field("subjects", "subjects"),
            ),
            key=("story_id",),
        ),
        *REGISTERS,
    )
}
