"""Live, a detector that waits a day anyway judges what has come due a minute at a time; at the end everything is judged."""

from __future__ import annotations

from pathlib import Path

from engine_rig import at, small_rig

from auditd.demo.formats import Lookup, pnc_line


def test_what_has_come_due_waits_to_be_judged_together_and_is_judged_in_the_end(tmp_path: Path) -> None:
    rig = small_rig(tmp_path)
    rig.log(
        "pnc",
        [
            pnc_line(Lookup(at(seconds=second), "auser", "vehicle", f"AB{second:02d}CDE", f"T{second}", ""))
            for second in (0, 20, 30)
        ],
    )
    with rig.machine() as machine:
        machine.tailer.reconcile()
        while machine.ingest.step(1 << 20, at()).anything:
            pass
        judge = machine.judge
        judge.catch_up(at(days=1, seconds=10), at(days=1, seconds=10), seconds=1.0)
        assert len(rig.found("unlinked_lookup")) == 1
        judge.catch_up(at(days=1, seconds=40), at(days=1, seconds=40), seconds=1.0)
        assert len(rig.found("unlinked_lookup")) == 1
        judge.catch_up(at(days=1, seconds=75), at(days=1, seconds=75), seconds=1.0)
        assert len(rig.found("unlinked_lookup")) == 3
        judge.catch_up(at(days=1, seconds=76), at(days=1, seconds=76))
        assert judge.agenda.until("unlinked_lookup") == at(seconds=76)
