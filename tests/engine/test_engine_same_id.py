"""An identifier that comes again at another time neither hides a record nor stops a detector."""

from __future__ import annotations

import re

import pytest
from engine_rig import Rig, at
from structlog.testing import capture_logs

from auditd.demo.formats import Call, Lookup, cucm_line, pnc_line
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics

END = at(days=3)
_PKID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def once(rig: Rig) -> None:
    """Read and judge; no detector may fail."""
    with capture_logs() as logs:
        rig.once(END, Reports(Metrics()))
    assert [entry for entry in logs if entry["event"] == "detector_failed"] == []


@pytest.mark.parametrize("together", [True, False])
def test_a_call_record_whose_id_was_used_before_is_an_event_and_is_judged(rig: Rig, together: bool) -> None:
    row = {
        "contact_id": "M1", "outlet": "Herald", "kind": "phone", "value": "+442079460123", "source": "press office",
        "owner": "press office", "review_by": "2030-01-01",
    }  # fmt: skip
    rig.feed("media_contacts", [row])
    rig.grant(at())
    first, again = (
        _PKID.sub("11111111-0000-4000-8000-000000000001", cucm_line(call))
        for call in (Call(at(hours=hours), "01632960001", "902079460123", 60, 1) for hours in (0, 7))
    )
    for name, lines in (("cdr_1", [first, again]),) if together else (("cdr_1", [first]), ("cdr_2", [again])):
        rig.log("cucm", lines, name)
        if not together:
            once(rig)
    once(rig)
    assert len(rig.standing().events) == 2
    assert len(rig.found("media_contact")) == 2


def test_a_log_read_again_with_another_zone_gives_events_of_their_own_and_is_judged(rig: Rig) -> None:
    lines = [
        pnc_line(Lookup(at(hours=number), "auser", "vehicle", "AB12CDE", f"T{number}", "")).replace(
            "+00:00", ""
        )
        for number in range(3)
    ]
    rig.log("pnc", lines, "pnc1.csv")
    once(rig)
    elsewhere = rig.config_file.read_text().replace(
        'format = "pnc"', 'format = "pnc"\nzone = "Pacific/Kiritimati"'
    )
    rig.config_file.write_text(elsewhere)
    rig.log("pnc", lines, "pnc2.csv")
    once(rig)
    assert len(rig.standing().events) == 6
    assert len(rig.found("unlinked_lookup")) == 6
    assert sum(account.tally.duplicates for account in rig.accounts()) == 0
