"""Labels as files: what is true of each look-up and of each planted case (their layout: docs/evaluate.md).

It must never hold anything `evaluate` could not take from another labelled data set.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

from auditd.force.happenings import Mail, Visit
from auditd.force.records import Case, Looked, Told

LOOK_UP_COLUMNS: Final = (
    "at", "account", "subject_type", "subject_key", "reference", "staff_id", "role", "truth", "record", "explained_by",
    "incident_ref", "cause", "case_id",
)  # fmt: skip
CASE_COLUMNS: Final = (
    "case_id", "kind", "truth", "category", "staff_ids", "subject_type", "subject_key", "first_at", "last_at", "record",
    "explanation",
)  # fmt: skip
EVENT_COLUMNS: Final = ("case_id", "family", "at", "identifier", "reference")


class LabelFiles:
    """labels/look_ups.csv, labels/cases.csv and labels/case_events.csv, written as the story is told."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._files: list[TextIO] = []
        self._look_ups = self._begin(folder / "look_ups.csv", LOOK_UP_COLUMNS)
        self._cases = self._begin(folder / "cases.csv", CASE_COLUMNS)
        self._events = self._begin(folder / "case_events.csv", EVENT_COLUMNS)

    def look_ups(self, looked: Iterable[Looked]) -> None:
        """Write a row a look-up."""
        self._look_ups.writerows(_look_up_row(one) for one in looked)

    def cases(self, cases: Iterable[tuple[Case, Told]]) -> None:
        """Write a row a case, and a row for each event of it."""
        for case, own in cases:
            self._cases.writerow(_case_row(case, own))
            self._events.writerows(_event_rows(case, own))

    def close(self) -> None:
        """Finish the files."""
        for file in self._files:
            file.close()

    def _begin(self, path: Path, columns: tuple[str, ...]) -> Any:
        file = path.open("w", encoding="utf-8", newline="")
        self._files.append(file)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        return writer


def _look_up_row(looked: Looked) -> tuple[str, ...]:
    lookup, truth, person = looked.lookup, looked.truth, looked.person
    return (
        lookup.at.isoformat(timespec="milliseconds"), lookup.user, lookup.subject_type, lookup.subject_key, lookup.ref,
        person.staff_id, person.role.name, truth.truth, "yes" if truth.explained_by else "no", truth.explained_by,
        truth.incident_ref, truth.cause, truth.case_id,
    )  # fmt: skip


def _case_row(case: Case, own: Told) -> tuple[str, ...]:
    times = [looked.lookup.at for looked in own.looked] + [contact.at for contact in own.contacts]
    record = any(looked.truth.explained_by for looked in own.looked)
    return (
        case.case_id, case.kind, case.truth, case.category, ";".join(person.staff_id for person in case.people),
        *case.subject, _text(min(times)), _text(max(times)), "yes" if record else "no", case.explained,
    )  # fmt: skip


def _event_rows(case: Case, own: Told) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (case.case_id, "access", _text(looked.lookup.at), f"account:{looked.lookup.user}", looked.lookup.ref)
        for looked in own.looked
    ]
    for contact in own.contacts:
        if isinstance(contact, Mail):
            mailbox = contact.forwarded_by or (contact.sender if contact.ours else contact.recipients[0])
            rows.append((case.case_id, "email", _text(contact.at), f"email:{mailbox}", contact.message_id))
        elif isinstance(contact, Visit):
            rows.append((case.case_id, "web", _text(contact.at), f"account:{contact.account}", contact.url))
        else:
            extension = contact.called if contact.comes_in else contact.caller
            rows.append(
                (case.case_id, "call", _text(contact.at), f"extension:{extension}", str(contact.call_id))
            )
    return rows


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
