"""A written force can be read: every line of every format becomes an event, every row of every feed is taken."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditd.cli import main
from auditd.config import load
from auditd.force.logs import SYSTEMS
from auditd.force.story import Story
from auditd.force.write import Written, write_force

EVENTS_A_RECORD = {"exchange", "m365_trace"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("force") / "northmere"
    return write_force(folder, Story(staff=40, days=8, seed=4), formats=tuple(SYSTEMS))


@pytest.fixture(scope="module")
def accounts(written: Written) -> dict[str, dict[str, int]]:
    """Lines, events and rejects by source, after `run --once`."""
    run = call(written.folder, "run", "--once", "--json")
    assert run.exit_code == 0, run.output
    rows = json.loads(call(written.folder, "accounts", "--json").stdout)
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        mine = sums.setdefault(row["source"], {"lines": 0, "events": 0, "rejects": 0})
        mine["lines"] += row["lines"]
        mine["events"] += row["events"]
        mine["rejects"] += sum(row["rejects"].values())
    return sums


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(folder / "access-auditd.toml"), *arguments])


def test_the_configuration_can_be_used_and_names_every_feed_that_was_written(written: Written) -> None:
    config = load(written.folder / "access-auditd.toml")
    assert {source.name for source in config.sources} == set(SYSTEMS)
    assert {feed.feed for feed in config.feeds} == set(written.rows)


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_every_record_of_every_format_becomes_an_event(
    name: str, written: Written, accounts: dict[str, dict[str, int]]
) -> None:
    records = written.records[name]
    assert records > 0
    assert accounts[name]["rejects"] == 0
    if name == "postfix":  # of the lines of a message only deliveries are events
        assert 0 < accounts[name]["events"] < records
    else:
        assert accounts[name]["events"] == records


def test_every_row_of_every_feed_is_taken(written: Written, accounts: dict[str, dict[str, int]]) -> None:
    assert accounts
    feeds = json.loads(call(written.folder, "status", "--json").stdout)["feeds"]
    assert {feed["feed"]: feed["rejected_rows"] for feed in feeds} == dict.fromkeys(written.rows, 0)


def test_logs_are_rotated_as_their_systems_do(written: Written) -> None:
    logs = written.folder / "logs"
    assert {path.name for path in (logs / "pnc").iterdir()} == {f"pnc.log.{n}" for n in range(1, 9)}
    assert len(list((logs / "exchange").glob("MSGTRK20260302*-1.LOG"))) == 1
    assert len(list((logs / "cucm").glob("cdr_NorthmereCluster_01_*"))) > 8
    assert len(list((logs / "delimited").glob("audit-*.csv"))) == 8
    first = (logs / "pnc" / "pnc.log.8").read_text().splitlines()
    assert first[0].startswith("txn_datetime,")
    assert first[1].startswith("2026-03-02")


def test_each_look_up_is_in_one_log_and_has_one_label(written: Written) -> None:
    with (written.folder / "labels" / "look_ups.csv").open() as file:
        labels = list(csv.DictReader(file))
    in_logs = sum(written.records[name] for name in ("pnc", "delimited", "jsonlines"))
    assert len(labels) == in_logs == sum(written.look_ups.values())
    assert len({row["reference"] for row in labels}) == len(labels)


def test_every_case_has_events_and_a_category_of_the_twelve_if_it_is_misuse(written: Written) -> None:
    from alerts.vocabulary import CATEGORIES

    with (written.folder / "labels" / "cases.csv").open() as file:
        cases = list(csv.DictReader(file))
    with (written.folder / "labels" / "case_events.csv").open() as file:
        events = {row["case_id"] for row in csv.DictReader(file)}
    assert {case["case_id"] for case in cases} == events
    for case in cases:
        assert case["truth"] != "misuse" or case["category"] in CATEGORIES
        assert case["truth"] != "innocent" or case["explanation"]


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_force(tmp_path / name, Story(staff=20, days=2, seed=9))
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) > 10
    for file in files:
        if file.name != "access-auditd.toml":  # it names its own folder
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_writes_from_the_command_line(tmp_path: Path) -> None:
    target = tmp_path / "force"
    result = CliRunner().invoke(
        main, ["force", "write", str(target), "--staff", "20", "--days", "1", "--json"]
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["staff"] == 20
    assert report["records"]["pnc"] == sum(report["look_ups"].values())
    assert load(target / "access-auditd.toml").sources


@pytest.mark.soak
def test_a_day_of_two_thousand_people_takes_a_few_seconds_of_cpu(tmp_path: Path) -> None:
    began = time.process_time()
    written = write_force(tmp_path / "large", Story(staff=2_000, days=7, seed=1))
    assert sum(written.records.values()) > 200_000
    assert (time.process_time() - began) / written.days < 5


def test_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    result = CliRunner().invoke(main, ["force", "write", str(tmp_path), "--staff", "20", "--days", "1"])
    assert result.exit_code == 2
    assert "is not empty" in result.stderr


def test_refuses_a_format_it_does_not_write_and_suggests_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["force", "write", str(tmp_path / "f"), "--formats", "pnc,exchang"])
    assert result.exit_code == 2
    assert "exchange" in result.stderr
    assert not (tmp_path / "f").exists()
