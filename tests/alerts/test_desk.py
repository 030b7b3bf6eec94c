"""People act on alerts by name, on what they have seen, and every action stays in the history."""

import threading

import pytest
from judging import START, Judge, row
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from alerts.desk import AlertError, assign, close, list_alerts, note, reopen, show, start_review
from alerts.identity import alert_id
from auditd.database import open_database

NOW = START
ALERT = alert_id("look-ups", "S1", 0)
CLOSING = {
    "outcome": "no further action",
    "rationale": "Named in his pocket notebook.",
    "by": "Ann Lee",
    "now": NOW,
}


@pytest.fixture
def found(judge: Judge) -> Judge:
    judge.judges(row("a"))
    return judge


def test_the_life_of_an_alert_from_assignment_to_reopening(found: Judge) -> None:
    conn = found.conn
    assert assign(conn, ALERT, to="Ben Ode", by="Ann Lee", now=NOW).assignee == "Ben Ode"
    assert start_review(conn, ALERT, by="Ben Ode", now=NOW).state == "in_review"
    assert note(conn, ALERT, text="Roster asked for.", by="Ben Ode", now=NOW).state == "in_review"
    closed = close(conn, ALERT, **CLOSING, category="abuse of authority")
    assert (closed.state, closed.outcome, closed.category_closed) == (
        "closed",
        "no further action",
        "abuse of authority",
    )
    again = reopen(conn, ALERT, reason="New statement.", by="Cy Dunn", now=NOW)
    assert (again.state, again.outcome, again.rationale, again.closed_at) == ("open", None, None, None)

    view = show(conn, ALERT)
    assert view.alert == again
    assert [(entry.actor, entry.action) for entry in view.history] == [
        ("access-auditd", "opened"),
        ("Ann Lee", "assigned"),
        ("Ben Ode", "review started"),
        ("Ben Ode", "noted"),
        ("Ann Lee", "closed"),
        ("Cy Dunn", "reopened"),
    ]
    assert view.history[4].detail["rationale"] == "Named in his pocket notebook."


def test_starting_a_review_assigns_an_alert_that_nobody_has(found: Judge) -> None:
    assert start_review(found.conn, ALERT, by="Ben Ode", now=NOW).assignee == "Ben Ode"


def test_closing_keeps_the_alerts_own_category_unless_told(found: Judge) -> None:
    assert close(found.conn, ALERT, **CLOSING).category_closed == "misuse of force systems"


def test_an_alert_shows_its_withdrawn_findings_too(found: Judge) -> None:
    found.judges(row("b", 1))
    view = show(found.conn, ALERT.lower())
    assert [(finding.record.key, finding.state) for finding in view.findings] == [
        ("a", "withdrawn"),
        ("b", "active"),
    ]


def test_acting_on_what_one_has_not_seen_is_refused(found: Judge) -> None:
    seen = show(found.conn, ALERT).alert.version
    found.judges(row("a"), row("b", 1))
    with pytest.raises(AlertError, match="changed since you looked"):
        close(found.conn, ALERT, **CLOSING, version=seen)
    assert show(found.conn, ALERT).alert.state == "open"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcome": "fine"}, "no outcome: one of no further action;"),
        ({"outcome": "explained late"}, "no outcome"),
        ({"category": "gossip"}, "no category: one of infiltration;"),
        ({"rationale": " "}, "rationale is empty"),
        ({"by": " "}, "give a name with --by"),
        ({"by": "access-auditd"}, "must be a person"),
    ],
)
def test_a_closure_that_says_too_little_is_refused(
    found: Judge, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(AlertError, match=message):
        close(found.conn, ALERT, **CLOSING | changes)
    assert show(found.conn, ALERT).alert.state == "open"


def test_an_action_that_does_not_fit_the_state_says_what_to_do(found: Judge) -> None:
    conn = found.conn
    with pytest.raises(AlertError, match="nothing to reopen"):
        reopen(conn, ALERT, reason="x", by="Ann Lee", now=NOW)
    close(conn, ALERT, **CLOSING)
    with pytest.raises(AlertError, match="reopen it first"):
        close(conn, ALERT, **CLOSING)
    with pytest.raises(AlertError, match="reopen it first"):
        assign(conn, ALERT, to="Ben Ode", by="Ann Lee", now=NOW)
    with pytest.raises(AlertError, match="only an open alert"):
        start_review(conn, ALERT, by="Ben Ode", now=NOW)


def test_an_unknown_alert_says_where_to_look(found: Judge) -> None:
    with pytest.raises(AlertError, match="there is no alert A-N0SVCH: `alerts list"):
        show(found.conn, "a-nosvch")


def test_an_older_alert_is_not_reopened_beside_a_newer_open_one(found: Judge) -> None:
    close(found.conn, ALERT, **CLOSING)
    found.judges(row("a"), row("b", 1))
    with pytest.raises(AlertError, match=f"{alert_id('look-ups', 'S1', 1)} about the same person"):
        reopen(found.conn, ALERT, reason="x", by="Ann Lee", now=NOW)


def test_alerts_are_listed_by_every_filter_gravest_first(judge: Judge) -> None:
    judge.judges(
        row("a", severity=1), row("b", staff_id="S2", severity=4), row("c", 1, staff_id="S3", severity=2)
    )
    conn = judge.conn
    close(conn, alert_id("look-ups", "S3", 0), **CLOSING)
    assign(conn, ALERT, to="Ben Ode", by="Ann Lee", now=NOW)

    def people(**filters: object) -> list[str]:
        return [alert.person_key for alert in list_alerts(conn, **filters)]

    assert people() == ["S2", "S3", "S1"]
    assert people(order="oldest")[-1] == people(order="newest")[0] == "S3"
    assert people(state="not closed") == ["S2", "S1"]
    assert people(state="closed") == ["S3"]
    assert people(severity=2) == ["S2", "S3"]
    assert people(person="S2") == ["S2"]
    assert people(assignee="Ben Ode") == ["S1"]
    assert people(detector="night_lookup", state="open", severity=4) == ["S2"]
    assert people(detector="unlinked_lookup") == []


def test_of_two_people_who_close_an_alert_at_once_one_is_refused(database: Engine, database_url: URL) -> None:
    with database.begin() as conn:
        Judge(conn).judges(row("a"))
    refused: list[str] = []

    def close_it(name: str) -> None:
        engine = open_database(database_url)
        try:
            with engine.begin() as conn:
                close(conn, ALERT, **CLOSING | {"by": name})
        except AlertError:
            refused.append(name)
        engine.dispose()

    threads = [threading.Thread(target=close_it, args=(name,)) for name in ("Ann Lee", "Ben Ode")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with database.begin() as conn:
        assert [entry.action for entry in show(conn, ALERT).history] == ["opened", "closed"]
