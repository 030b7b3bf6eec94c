"""How people are written in the sentences of an alert: rank, name and collar number, from the reference data.

It must never guess: who is not known is written by the identifier that acted.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from sqlalchemy import Engine

from auditd.database import reading
from auditd.reference.known import read_rows
from auditd.reference.tables import ReferenceRow
from detectors.detector import Naming
from detectors.feed_facts import is_about_a_feed
from detectors.gaps import is_about_a_source


class StaffNames(Naming):
    """People by name, as the reference data knows them. names: by staff id."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    @classmethod
    def known_now(cls, engine: Engine) -> StaffNames:
        """Return the names as known now."""
        now = ReferenceRow.known_to.is_(None)
        with reading(engine) as conn:
            return cls(
                names_of(read_rows(conn, "staff", now), read_rows(conn, "identifiers", now)),
            )

    def person(self, staff_id: str | None, actor: str) -> str:
        """Return `PC Ann Briar 4471`, or `account abriar (nobody known)` where nobody is known."""
        if staff_id is not None and staff_id in self._names:
            return self._names[staff_id]
        kind, _, value = actor.partition(":")
        if is_about_a_source(actor) or is_about_a_feed(actor):
            return f"{kind} {value}"
        known = f"{staff_id}, not in the staff feed" if staff_id else "nobody known"
        return f"{kind} {value} ({known})"


def names_of(staff: pl.DataFrame, identifiers: pl.DataFrame) -> dict[str, str]:
    """Return rank, name and latest collar number by staff id, from the frames of the two feeds."""
    collars = (
        identifiers.filter(pl.col("kind") == "collar")
        .sort("valid_from", nulls_last=False)
        .group_by("staff_id", maintain_order=True)
        .agg(pl.col("value").last().alias("collar"))
    )
    written = pl.concat_str("rank", "name", "collar", separator=" ", ignore_nulls=True)
    named = staff.join(collars, on="staff_id", how="left").select("staff_id", written.alias("written"))
    return dict(named.iter_rows())
