"""A log of years ago, read today, is judged at its own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from engine_rig import Rig, at
from sqlalchemy import select

from alerts.models import FindingRow
from auditd.demo.formats import Lookup, pnc_line

THEN = datetime(2019, 5, 14, 9, 30, tzinfo=UTC)


@pytest.mark.case("T34")
def test_t34_an_old_log_is_judged_at_its_own_time(rig: Rig) -> None:
    rig.log("pnc", [pnc_line(Lookup(THEN, "auser", "vehicle", "AB12CDE", "T1", ""))])
    rig.once(at(days=3))
    assert len(rig.found("unlinked_lookup")) == 1
    with rig.engine.connect() as conn:
        [moment] = conn.execute(select(FindingRow.timestamp)).scalars()
    assert moment == THEN
    assert rig.replay(at(days=3))["unlinked_lookup"] == (0, 0, 0)
    assert at() - moment > timedelta(days=2000)
