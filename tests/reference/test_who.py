"""`who` says whose an identifier was at a time, how sure that is and why; and nobody learns it without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from feed_samples import DAY, HOUR, IDENTIFIERS, NOW, STAFF, load
from sqlalchemy import Engine

from alerts.uses import list_uses
from auditd.cli import uses as uses_command
from auditd.cli import who as who_command
from auditd.cli.context import State
from auditd.reference.store import ReferenceStore
from parsers.force import Force

PEOPLE = STAFF + "".join(
    f"S{number},{name},PC,response,Unit A,Force,Northmere,2019-04-01\n"
    for number, name in enumerate(("Ann Briar", "Tom Reed", "Eve Marsh"), start=1)
)
HELD = IDENTIFIERS + "\n".join(
    (
        "S2,extension,50009,2024-01-01,2026-05-31",
        "S1,extension,50009,2026-06-01,",
        "S1,account,abriar,,",
        "S2,account,treed,,2026-02-19",
        "S1,collar,4471,,",
        "S1,account,counter1,,",
        "S2,account,counter1,,",
        "S3,account,counter1,,2026-01-01",
        "S2,terminal,NM-FC-0001,,",
        "S1,email,ann.briar@police.northmere.example,,",
        "",
    )
)
BECAUSE = ("--purpose", "self_monitoring", "--reason", "Case 12.", "--by", "Dee Sharp")

Run = Callable[..., Result]


@pytest.fixture
def run(database: Engine, tmp_path: Path) -> Run:
    """Runs `who` or `uses` on an installation that knows a few people."""
    config = tmp_path / "a.toml"
    config.write_text(
        f'[force]\ndomains = ["police.northmere.example"]\n[storage]\narchive = "{tmp_path / "archive"}"\n'
    )
    store = ReferenceStore(database, Force(domains=("police.northmere.example",)))
    with database.begin() as conn:
        load(store, conn, "staff", PEOPLE)
        load(store, conn, "identifiers", HELD)

    def run(*args: str) -> Result:
        state = State(config)
        state.engine = database  # as opened by the fixture
        command = {"who": who_command, "uses": uses_command}[args[0]].command
        return CliRunner().invoke(command, args[1:], obj=state)

    return run


def asked(run: Run, *args: str) -> dict[str, Any]:
    """The one kind of identifier that says something."""
    result = run("who", *args, *BECAUSE, "--json")
    assert result.exit_code == 0, result.stderr
    [reading] = json.loads(result.stdout)["readings"]
    found: dict[str, Any] = reading
    return found


def test_a_re_issued_extension_is_the_one_persons_until_and_the_others_from(run: Run) -> None:
    may, june = (asked(run, "50009", "--at", day) for day in ("2026-05-31", "2026-06-01"))
    assert [(it["confidence"], it["person"]) for it in (may, june)] == [
        ("certain", "PC Tom Reed"),
        ("certain", "PC Ann Briar 4471"),
    ]
    assert may["sentences"] == [
        "The person behind extension 50009 is certain: PC Tom Reed, the only one who held it then.",
        "It was held then by PC Tom Reed (from 00:00 on 1 Jan 2024 until 00:00 on 1 Jun 2026); "
        "later by PC Ann Briar 4471 (from 00:00 on 1 Jun 2026).",
        "PC Tom Reed also held then: account counter1, terminal NM-FC-0001.",
    ]


def test_a_shared_account_is_nobodys_unless_something_beside_it_tells(run: Run) -> None:
    alone = asked(run, "counter1", "--at", "2026-03-03")
    assert (alone["confidence"], alone["staff_id"]) == ("shared", None)
    assert alone["reasons"][0]["people"] == 2
    assert {hold["person"] for hold in alone["holders"] if hold["then"]} == {
        "PC Ann Briar 4471",
        "PC Tom Reed",
    }
    beside = asked(run, "counter1", "--at", "2026-03-03", "--terminal", "nm-fc-0001")
    assert (beside["confidence"], beside["person"]) == ("likely", "PC Tom Reed")
    assert beside["sentences"][0] == (
        "The person behind account counter1 is likely, not certain: PC Tom Reed. Why: several people shared it then; "
        "of these only they held terminal NM-FC-0001, which the record names."
    )


def test_the_time_without_zone_is_londons(run: Run) -> None:
    """Midnight of 1 June in London is an hour before midnight UTC."""
    before, at = (
        asked(run, "50009", "--at", time) for time in ("2026-05-31T22:59:59Z", "2026-05-31T23:00:00Z")
    )
    assert (before["staff_id"], at["staff_id"]) == ("S2", "S1")
    assert asked(run, "50009", "--at", "2026-06-01 00:00")["staff_id"] == "S1"


def test_a_value_written_otherwise_is_likely_never_certain(run: Run) -> None:
    found = asked(run, "NORTHMERE\\abriar")
    assert (found["confidence"], found["staff_id"], found["holders"]) == ("likely", "S1", [])
    assert found["reasons"][0]["sentence"] == (
        "it was nobody's then; account abriar, the same but for its domain part, was theirs"
    )


def test_an_account_that_has_ended_is_likely_its_last_holders_for_a_month(run: Run) -> None:
    soon, late = (asked(run, "treed", "--at", day) for day in ("2026-03-03", "2026-04-03"))
    assert (soon["confidence"], soon["person"]) == ("likely", "PC Tom Reed")
    assert soon["reasons"][0]["sentence"] == "it was theirs until 00:00 on 20 Feb 2026, and nobody's then"
    assert (late["confidence"], late["person"]) == ("unknown", None)
    assert (
        "It was held before that by PC Tom Reed (until 00:00 on 20 Feb 2026); then by nobody."
        in late["sentences"]
    )


def test_who_is_not_known_is_told_in_words_with_what_was_looked_for(run: Run) -> None:
    result = run("who", "99999", *BECAUSE)
    assert result.exit_code == 0
    assert "Nobody is known ever to have held it" in result.stdout
    assert "account 99999, collar number 99999, extension 99999" in result.stdout


def test_a_value_that_cannot_be_of_that_kind_is_an_error(run: Run) -> None:
    result = run("who", "abriar", "--kind", "extension", *BECAUSE)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be an extension" in result.stderr


def test_it_is_read_on_the_terminal_kind_by_kind(run: Run) -> None:
    shown = run("who", "50009", "--at", "2026-06-02 09:00", *BECAUSE).stdout
    assert shown.startswith("50009 at 09:00 on 2 Jun 2026\n\nExtension 50009: certain\n  The person behind")


def test_what_was_known_on_a_day_is_answered_as_on_that_day(run: Run, database: Engine) -> None:
    correction = IDENTIFIERS + "S3,extension,50009,2026-06-01,\nS1,extension,50009,2026-06-01,2026-06-01\n"
    with database.begin() as conn:
        load(ReferenceStore(database, Force()), conn, "identifiers", correction, now=NOW + DAY, name="b.csv")
    assert asked(run, "50009", "--at", "2026-07-01")["staff_id"] == "S3"
    known = (NOW + HOUR).isoformat()
    assert asked(run, "50009", "--at", "2026-07-01", "--as-known-on", known)["staff_id"] == "S1"


def test_every_answer_is_written_down_with_who_what_for_and_why(run: Run, database: Engine) -> None:
    asked(run, "50009", "--at", "2026-05-31")
    with database.begin() as conn:
        [use] = list_uses(conn)
    assert (use.actor, use.action, use.purpose, use.reason) == (
        "Dee Sharp",
        "who",
        "self_monitoring",
        "Case 12.",
    )
    at = datetime(2026, 5, 30, 23, tzinfo=UTC).isoformat()
    assert (use.detail["value"], use.detail["at"], use.detail["people"]) == ("50009", at, ["S1", "S2"])
    shown = json.loads(run("uses", "--person", "S2", "--json").stdout)
    assert [entry["detail"]["value"] for entry in shown] == ["50009"]
    assert json.loads(run("uses", "--person", "S3", "--json").stdout) == []
    shown = run("uses", "--by", "Dee Sharp").stdout
    assert "50009, Sun 31 May 2026 00:00:00" in shown
    assert "self-monitoring" in shown


REFUSED = (
    (("--reason", "Case 12."), 2, "--purpose"),
    (("--purpose", "curiosity", "--reason", "Case 12."), 2, "'curiosity' is not one of"),
    (("--purpose", "self_monitoring"), 2, "--reason"),
    (("--purpose", "self_monitoring", "--reason", " "), 1, "reason is empty"),
    (("--purpose", "self_monitoring", "--reason", "x", "--by", " "), 1, "must be a person"),
)


def test_without_purpose_reason_and_person_nothing_is_answered(run: Run, database: Engine) -> None:
    for words, status, said in REFUSED:
        result = run("who", "50009", *words)
        assert (result.exit_code, result.stdout) == (status, "")
        assert said in result.stderr
    with database.begin() as conn:
        assert list_uses(conn) == ()
