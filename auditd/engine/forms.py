"""How findings form alerts, kept up with: weights at the start, suppressions for every round, so that each works at once.

It must never keep a suppression in force past its end, nor suppress because of one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, Engine

from alerts.appraisal import Appraiser
from alerts.forming import Forming, form_again
from alerts.settling import rescore
from alerts.suppressions import Suppression, Suppressor, live_suppressions
from auditd.database import reading
from auditd.engine.faults import store_faults
from auditd.reference.store import ReferenceStore
from detectors.people import units


class Forms:
    """What forms the alerts of one database."""

    def __init__(self, engine: Engine, references: ReferenceStore, appraiser: Appraiser) -> None:
        self._engine = engine
        self._references = references
        self._appraiser = appraiser
        self._current: Forming | None = None

    def forming(self, now: datetime) -> Forming:
        """Return what forms alerts, as last looked at."""
        return self._current or self.refresh(now)

    def refresh(self, now: datetime) -> Forming:
        """Look which suppressions are live; where that changed, or at first, form past alerts as they would have been."""
        with store_faults(), reading(self._engine) as conn:
            live = live_suppressions(conn, now)
            suppressor = Suppressor(live, self._members(conn, live, now))
        if self._current is not None and self._current.suppressor == suppressor:
            return self._current
        forming = Forming(self._appraiser, suppressor)
        with store_faults(), self._engine.begin() as conn:
            if self._current is None:
                rescore(conn, self._appraiser)
            form_again(conn, forming, now=now)
        self._current = forming
        return forming

    def _members(
        self, conn: Connection, live: Sequence[Suppression], now: datetime
    ) -> dict[str, frozenset[str]]:
        """Return the staff ids of the units that conditions name, as the staff feed has them now."""
        named = {unit for one in live if one.conditions for unit in one.conditions.units}
        if not named:
            return {}
        people = units(self._references.reference(conn, authorities=(), now=now))
        rows = people.filter(pl.col("unit_key").is_in(sorted(named))).select("unit_key", "staff_id")
        return {unit: frozenset(rows.filter(unit_key=unit)["staff_id"]) for unit in sorted(named)}
