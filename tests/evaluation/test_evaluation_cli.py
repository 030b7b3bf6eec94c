"""`evaluate` measures an installation against labels: a few lines of known truth, and a written force."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditd.cli import main
from auditd.force.story import Story
from auditd.force.write import Written, write_force

CONFIG = """
[storage]
archive = "archive"
database = "sqlite:///{root}/state.db"
[[sources]]
name = "pnc"
files = ["pnc.log"]
format = "pnc"
"""
FEEDS = {
    "staff": "staff_id,name,rank,role,unit,employer,force,start_date\nS1,Jo Briar,PC,officer,Response,F,F,2020-01-01\n",
    "identifiers": "staff_id,kind,value\nS1,account,jbriar\n",
    "incidents": "incident_ref,kind,opened_at,recorded_at\nIN1,crime,2026-03-02T08:00:00Z,2026-03-02T08:01:00Z\n",
    "incident_subjects": "incident_ref,subject_type,subject_key\nIN1,vehicle,AB12CDE\n",
    "assignments": "incident_ref,staff_id,from,recorded_at\nIN1,S1,2026-03-02T08:00:00Z,2026-03-02T08:05:00Z\n",
}
LOG = """txn_datetime,user_id,subject_type,subject_key,result,txn_ref
2026-03-02T10:00:00,jbriar,vehicle,AB12CDE,hit,1
2026-03-02T11:00:00,jbriar,vehicle,ZZ99ZZZ,hit,2
2026-03-02T12:00:00,jbriar,vehicle,YY88YYY,hit,3
2026-03-02T12:30:00,jbriar,vehicle,WW77WWW,hit,4
"""
LOOK_UPS = """at,account,subject_type,subject_key,role,truth,record,explained_by
2026-03-02T10:00:00Z,jbriar,vehicle,AB12CDE,officer,innocent,yes,assigned
2026-03-02T11:00:00Z,jbriar,vehicle,ZZ99ZZZ,officer,innocent,yes,circulation
2026-03-02T12:00:00Z,jbriar,vehicle,YY88YYY,officer,misuse,no,
2026-03-02T13:00:00Z,jbriar,vehicle,XX66XXX,officer,innocent,no,
"""
CASES = "case_id,kind,truth,category\nM1,neighbour,misuse,misuse of force systems\nM2,leak,misuse,\n"
CASE_EVENTS = """case_id,family,at,identifier
M1,access,2026-03-02T12:00:00Z,account:jbriar
M2,call,2026-03-02T15:00:00Z,extension:50001
"""


def call(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), *arguments])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that has read four look-ups, one of them explained; its labels beside it."""
    root = tmp_path_factory.mktemp("small")
    feeds = "".join(f'[[feeds]]\nname = "{n}"\nfeed = "{n}"\nfiles = ["{n}.csv"]\n' for n in FEEDS)
    (root / "a.toml").write_text(CONFIG.format(root=root) + feeds)
    (root / "pnc.log").write_text(LOG)
    (root / "labels").mkdir()
    for name, text in FEEDS.items():
        (root / f"{name}.csv").write_text(text)
    for name, text in (("look_ups", LOOK_UPS), ("cases", CASES), ("case_events", CASE_EVENTS)):
        (root / "labels" / f"{name}.csv").write_text(text)
    run = call(root / "a.toml", "run", "--once")
    assert run.exit_code == 0, run.output
    return root


@pytest.fixture(scope="module")
def report(small: Path) -> dict[str, Any]:
    result = call(small / "a.toml", "evaluate", str(small / "labels"), "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_shares_are_of_the_labelled_look_ups_that_are_in_the_archive(report: dict[str, Any]) -> None:
    explained = report["explained"]
    assert explained["innocent"] == {"name": "innocent", "total": 2, "explained": 1}
    assert explained["misuse_without_record"]["explained"] == 0
    assert explained["by_template"] == {"assigned": 1}
    assert explained["unexplained"] == [
        {"name": "assigned", "total": 1, "explained": 1}, {"name": "circulation", "total": 1, "explained": 0},
    ]  # fmt: skip
    assert explained["by_role"] == [{"name": "officer", "total": 2, "explained": 1}]
    assert explained["wrongly"] == []


def test_labels_and_look_ups_without_each_other_are_counted(report: dict[str, Any]) -> None:
    assert (report["explained"]["unmatched"], report["explained"]["unlabelled"]) == (1, 1)


def test_a_case_no_detector_can_see_is_missed(report: dict[str, Any]) -> None:
    overall = report["caught"]["overall"]["budgets"][0]
    assert (overall["cases"], overall["caught"]) == (2, 1)
    assert report["caught"]["cases_without_events"] == 1
    kinds = {one["kind"]: one["alerted"] for one in report["caught"]["kinds"]}
    assert kinds == {"neighbour": 1, "leak": 0}


def test_detectors_that_found_nothing_are_named(report: dict[str, Any]) -> None:
    assert set(report["not_found_by"]) >= {"media_contact", "lookup_then_contact"}


def test_people_get_tables_and_a_picture(small: Path, tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    result = call(
        small / "a.toml", "evaluate", str(small / "labels"), "--per-day", "1,3", "--picture", str(picture)
    )
    assert result.exit_code == 0, result.output
    assert "recall @3" in result.stdout
    assert "50.0%" in result.stdout
    assert "found nothing" in result.stderr
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--per-day", "many"), "whole numbers"),
        (("--per-day", "0,5"), "numbers from 1"),
        (("--picture", "curve.pdf"), "must end in .svg or .png"),
    ],
)
def test_bad_options_are_told(small: Path, arguments: tuple[str, ...], message: str) -> None:
    result = call(small / "a.toml", "evaluate", str(small / "labels"), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_labels_that_cannot_be_used_are_told_with_where_to_read_on(small: Path, tmp_path: Path) -> None:
    result = call(small / "a.toml", "evaluate", str(tmp_path))
    assert result.exit_code == 2
    assert "holds none of" in result.stderr
    assert "docs/evaluate.md" in result.stderr


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A written force in three formats, read and judged."""
    folder = tmp_path_factory.mktemp("force") / "northmere"
    written = write_force(
        folder, Story(staff=60, days=8, seed=4), formats=("jsonlines", "postfix", "asterisk")
    )
    config = folder / "access-auditd.toml"
    now = datetime.now(UTC)
    granted = call(
        config, "authority", "grant", "--purpose", "integrity_security", "--reason", "a test", "--by", "tester",
        "--detector", "media_contact", "--detector", "lookup_then_contact", "--from", "2026-03-01",
        "--expires", f"{now + timedelta(days=9):%Y-%m-%d}", "--review-by", f"{now + timedelta(days=5):%Y-%m-%d}",
    )  # fmt: skip
    assert granted.exit_code == 0, granted.output
    assert call(config, "run", "--once").exit_code == 0
    return written


def test_every_label_finds_its_event_and_most_of_the_innocent_is_explained(
    written: Written,
) -> None:
    config = written.folder / "access-auditd.toml"
    report = json.loads(call(config, "evaluate", str(written.folder / "labels"), "--json").stdout)
    explained, caught = report["explained"], report["caught"]
    assert (explained["unmatched"], explained["unlabelled"]) == (0, 0)
    assert explained["with_record"]["total"] == written.look_ups["innocent with a record"]
    assert explained["with_record"]["explained"] > 0.8 * explained["with_record"]["total"]
    assert caught["cases_without_events"] == 0
    kinds = {one["kind"]: one for one in caught["kinds"]}
    for kind in ("leak_by_phone", "leak_by_mail", "unregistered_contact"):
        assert kinds[kind]["alerted"] == kinds[kind]["cases"] > 0
    assert kinds["helpline"]["alerted"] == 0


def test_tuning_judges_again_with_one_setting_changed_at_a_time(small: Path) -> None:
    page = small / "tuning.md"
    result = call(small / "a.toml", "evaluate", str(small / "labels"), "--tuning", str(page))
    assert result.exit_code == 0, result.output
    text = page.read_text()
    as_set = next(line for line in text.splitlines() if line.startswith("| [`unlinked_lookup`]"))
    assert as_set.split(" | ")[1:4] == [
        "1.00",
        "1",
        "100.0%",
    ]  # one alert on the one day, which shows the case
    assert "### curiosity_surge" in text
    assert "| `people` | 4 → 2 |" in text
    assert "| `people` | 4 → 8 |" in text
    assert text.count("`follow_on_minutes`") == 2  # shared by many, tried once: halved and doubled
    again = call(small / "a.toml", "evaluate", str(small / "labels"), "--json")
    assert json.loads(again.stdout)["caught"]["overall"]["alerts"] == 1  # nothing was stored


def test_tuning_needs_cases_and_a_page(small: Path, tmp_path: Path) -> None:
    refused = call(small / "a.toml", "evaluate", str(small / "labels"), "--tuning", str(tmp_path / "t.txt"))
    assert (refused.exit_code, "must end in .md" in refused.stderr) == (2, True)
    (tmp_path / "look_ups.csv").write_text(LOOK_UPS)
    refused = call(small / "a.toml", "evaluate", str(tmp_path), "--tuning", str(tmp_path / "t.md"))
    assert (refused.exit_code, "needs labelled cases" in refused.stderr) == (2, True)
    unwritable = small / "nowhere" / "t.md"
    refused = call(small / "a.toml", "evaluate", str(small / "labels"), "--tuning", str(unwritable))
    assert (refused.exit_code, "No such file" in refused.stderr) == (2, True)
