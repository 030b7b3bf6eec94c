"""Whatever the order, batching and lateness, the alerts are those of one judgement of the final data."""

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judging import Judge, row
from sqlalchemy import Engine

from alerts.desk import close
from alerts.identity import alert_id

HOURS = 8
PEOPLE = (None, "S1", "S2")

verdicts = st.fixed_dictionaries(
    {}, optional={f"k{n}": st.tuples(st.sampled_from(PEOPLE), st.integers(1, 4)) for n in range(HOURS)}
)
spans = st.tuples(st.integers(0, HOURS - 1), st.integers(1, HOURS)).map(lambda s: (s[0], s[0] + s[1]))
Verdicts = dict[str, tuple[str | None, int]]


def rows(verdicts: Verdicts, span: tuple[int, int]) -> list[dict[str, Any]]:
    """The findings of a span: the n-th thing happened in the n-th hour."""
    return [
        row(key, int(key[1:]), staff_id=person, actor=f"account:{key}", severity=severity)
        for key, (person, severity) in verdicts.items()
        if span[0] <= int(key[1:]) < span[1]
    ]


def live(judge: Judge) -> Any:
    """What a reader of the alerts sees, apart from when it was found."""
    findings = {
        key: (finding.alert_id, finding.severity, finding.staff_id)
        for key, finding in judge.findings().items()
        if finding.state == "active"
    }
    columns = (
        "alert_id",
        "person_key",
        "actor",
        "severity",
        "finding_count",
        "first_event_at",
        "last_event_at",
    )
    alerts = {tuple(getattr(a, name) for name in columns) for a in judge.alerts() if a.state != "closed"}
    return findings, alerts


def after(database: Engine, judgements: list[tuple[Verdicts, tuple[int, int]]]) -> Any:
    """What is live after the judgements, in an otherwise empty book."""
    with database.connect() as conn:
        judge = Judge(conn)
        for verdicts, span in judgements:
            judge.judges(*rows(verdicts, span), span=span)
        seen = live(judge)
        assert all(
            a.outcome in {"explained late", "found to concern someone else"}
            for a in judge.alerts()
            if a.closed_at
        )
        conn.rollback()
    return seen


@given(
    earlier=st.lists(st.tuples(verdicts, spans), max_size=6),
    final=verdicts,
    cuts=st.sets(st.integers(1, HOURS - 1)),
    shuffle=st.randoms(use_true_random=False),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_any_history_of_judgements_ends_like_one_judgement(
    database: Engine, earlier: Any, final: Verdicts, cuts: set[int], shuffle: Any
) -> None:
    edges = [0, *sorted(cuts), 2 * HOURS]
    last = [(final, span) for span in pairwise(edges)]
    shuffle.shuffle(last)
    assert after(database, [*earlier, *last]) == after(database, [(final, (0, 2 * HOURS))])


def test_the_next_alert_is_the_second_however_often_the_first_closed_by_itself(judge: Judge) -> None:
    for _ in range(3):
        judge.judges(row("a"))
        judge.judges()
    judge.judges(row("a"))
    first, second = (alert_id("look-ups", "S1", ordinal) for ordinal in (0, 1))
    close(judge.conn, first, outcome="no further action", rationale="On duty.", by="Ann Lee", now=judge.now)
    judge.judges(row("a"), row("b"))
    assert [alert.alert_id for alert in judge.alerts()] == [first, second]
