"""What people decided is counted per detector; what the daemon closed is not."""

from judging import START, Judge, row

from alerts.desk import close
from alerts.identity import alert_id
from alerts.verdicts import Verdict, verdict_of_findings, verdicts


def closes(judge: Judge, person: str, outcome: str) -> None:
    close(
        judge.conn, alert_id("look-ups", person, 0), outcome=outcome, rationale="So.", by="Ann Lee", now=START
    )


def test_closed_alerts_say_how_often_a_detector_was_right(judge: Judge) -> None:
    judge.judges(*(row(person, staff_id=person) for person in ("S1", "S2", "S3", "S4", "S5")))
    closes(judge, "S1", "misconduct proceedings")
    closes(judge, "S2", "no further action")
    closes(judge, "S3", "no further action")
    closes(judge, "S4", "continuing")
    [verdict] = verdicts(judge.conn)
    assert verdict == Verdict("night_lookup", right=1, wrong=2, undecided=1)
    assert verdict.precision == 1 / 3
    assert sorted(verdict_of_findings(judge.conn).values()) == ["right", "undecided", "wrong", "wrong"]


def test_what_nobody_decided_says_nothing(judge: Judge) -> None:
    judge.judges(row("a"))
    judge.judges()
    assert verdicts(judge.conn) == ()
    assert Verdict("d", 0, 0, 3).precision is None
