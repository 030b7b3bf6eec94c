"""What happens to files and to the daemon itself, as gaps: losses, changes of what was read, stops, a wrong format."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from engine_rig import Rig, at
from sqlalchemy import select
from test_engine_gaps import alerts, answer, gaps, invoke, look_ups, pnc_alone

from auditd.database import reading
from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.machine import Machine
from auditd.gaps import seals
from auditd.gaps.tables import FileBlockRow, FileCourseRow
from auditd.gaps.volumes import hours_of
from auditd.gaps.watch import News

LATER = at(hours=1)


def read_all(machine: Machine, now: datetime = LATER) -> None:
    machine.tailer.reconcile()
    while machine.ingest.step(1 << 20, now).anything:
        pass


def look(machine: Machine, times: int = 1, now: datetime = LATER) -> News:
    news = News()
    for _ in range(times):
        news.add(machine.watch.look(now))
    return news


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BLOCK_BYTES", 4096)


@pytest.fixture
def pnc(rig: Rig, small_blocks: None) -> Path:
    """A log of about forty kilobytes."""
    pnc_alone(rig)
    return rig.log("pnc", look_ups(at(hours=-10), at()))


@pytest.mark.parametrize(
    "before_end", [25_000, 10_000, 1_100], ids=["a full range", "another", "the last range"]
)
def test_bytes_changed_in_place_after_they_were_read_are_noticed(
    rig: Rig, pnc: Path, before_end: int
) -> None:
    with rig.machine() as machine:
        read_all(machine)
        size = pnc.stat().st_size
        blocks, place = size // 4096 + 1, size - before_end
        assert look(machine, 2 * blocks).noticed == []
        overwrite(pnc, place, b"#")
        [gap] = look(machine, 2 * blocks).noticed
        assert (gap.kind, gap.source, gap.state) == ("edited", "pnc", "ended")
        assert gap.detail["offset"] <= place < gap.detail["offset"] + gap.detail["length"]
        assert look(machine, 2 * blocks).noticed == []  # told once
        machine.judge.catch_up(at(hours=2), at(hours=2))
    [alert] = alerts(rig)
    assert (alert.person_key, alert.severity) == ("source:pnc", 3)


def test_a_change_of_the_bytes_just_read_is_noticed_by_the_reading_itself(rig: Rig, pnc: Path) -> None:
    with rig.machine() as machine:
        read_all(machine)
        overwrite(pnc, pnc.stat().st_size - 500, b"#")
        read_all(machine)
        assert [gap.kind for gap in look(machine, 5).noticed] == ["edited"]


def test_ranges_read_before_a_restart_are_still_watched(rig: Rig, pnc: Path) -> None:
    with rig.machine() as machine:
        read_all(machine)
    overwrite(pnc, 5000, b"#")
    with rig.machine() as machine:
        read_all(machine)
        [gap] = look(machine, 20).noticed
    assert (gap.kind, gap.detail["offset"]) == ("edited", 4096)


def test_a_look_reads_two_ranges_whatever_there_is(
    rig: Rig, pnc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    original = seals.digest_of

    def counted(path: str, offset: int, length: int) -> str | None:
        read.append(length)
        return original(path, offset, length)

    monkeypatch.setattr(seals, "digest_of", counted)
    with rig.machine() as machine:
        read_all(machine)
        look(machine)
    assert len(read) == 2
    assert max(read) <= 4096


def test_rotation_and_truncation_with_a_copy_are_no_change(rig: Rig, pnc: Path) -> None:
    with rig.machine() as machine:
        read_all(machine)
        pnc.rename(pnc.with_name("pnc1.csv.1"))
        rig.log("pnc", look_ups(at(), at(hours=2)))
        read_all(machine)
        assert look(machine, 40).noticed == []
        copy = pnc.with_name("pnc1.csv.2")
        copy.write_bytes(pnc.read_bytes())
        os.truncate(pnc, 0)
        for _ in range(3):
            read_all(machine)
        assert look(machine, 40).noticed == []
    assert gaps(rig) == ()


def test_ranges_of_a_file_that_is_gone_are_forgotten(rig: Rig, pnc: Path) -> None:
    rig.settle_seconds = 0
    pnc_alone(rig)
    with rig.machine() as machine:
        read_all(machine)
        pnc.unlink()
        for _ in range(3):
            read_all(machine)
        look(machine, 20)
    with reading(rig.engine) as conn:
        assert conn.execute(select(FileBlockRow.file)).all() == []


def test_a_file_that_shrinks_without_a_copy_is_noticed(rig: Rig, pnc: Path) -> None:
    with rig.machine() as machine:
        read_all(machine)
        size = pnc.stat().st_size
        os.truncate(pnc, size - 3000)
        read_all(machine)
        noticed = {gap.kind: gap for gap in look(machine).noticed}
    assert noticed["shrunk"].detail["read"] == size
    assert noticed["shrunk"].detail["size"] == size - 3000
    assert f"shrank from {size:,} bytes read to {size - 3000:,}" in noticed["shrunk"].sentence


def test_lost_bytes_are_a_gap_since_the_file_was_last_read(rig: Rig, pnc: Path) -> None:
    with rig.machine() as machine:
        read_all(machine, at())
        before = pnc.stat().st_size
        rig.log("pnc", look_ups(at(), at(hours=1)))
        lost = pnc.stat().st_size - before
        machine.tailer.reconcile()
        os.truncate(pnc, 0)
        for _ in range(3):
            read_all(machine)
    [gap] = gaps(rig, kinds=["lost"])
    assert (gap.start, gap.end) == (at(), LATER)
    assert (gap.detail["bytes"], gap.detail["reason"]) == (lost, "truncated")
    assert f"{lost:,} bytes of pnc were truncated before they were read" in gap.sentence
    [account] = [account for account in rig.accounts() if account.tally.lost_bytes]
    assert account.tally.lost_bytes == lost


def test_a_stop_of_the_daemon_is_a_gap_of_every_source_and_a_long_one_an_alert(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log("pnc", look_ups(at(hours=-1), at()))
    for start, stop in ((0, 1), (1.5, 2), (5, 6)):
        with rig.machine() as machine:
            machine.watch.started(at(hours=start))
            read_all(machine, at(hours=start))
            look(machine, now=at(hours=stop))
            machine.judge.catch_up(at(hours=stop), at(hours=stop))
            machine.watch.stopped(at(hours=stop))
    stops = gaps(rig, kinds=["down"])
    assert [(gap.source, gap.start, gap.end) for gap in stops] == [
        ("all", at(hours=1), at(hours=1.5)),
        ("all", at(hours=2), at(hours=5)),
    ]
    [alert] = alerts(rig)
    assert (alert.person_key, alert.severity, alert.finding_count) == ("source:all", 1, 1)
    assert "source all" in invoke(rig, "alerts", "list").stdout


def test_a_kill_is_a_stop_since_the_daemon_was_last_alive(rig: Rig) -> None:
    pnc_alone(rig)
    with rig.machine() as machine:
        machine.watch.started(at())
        look(machine, now=at(minutes=5))
    with rig.machine() as machine:
        machine.watch.started(at(hours=1))
    [gap] = gaps(rig)
    assert (gap.start, gap.end, gap.detail) == (at(minutes=5), at(hours=1), {"asked": False})


def test_lines_that_stop_matching_are_a_gap_that_status_warns_of(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log("pnc", look_ups(at(hours=-1), at()))
    with rig.machine() as machine:
        read_all(machine)
        assert machine.watch.look(LATER, misfits={"pnc": False}).noticed == []
        [gap] = machine.watch.look(LATER, misfits={"pnc": True}).noticed
        assert machine.watch.look(LATER + timedelta(seconds=1), misfits={"pnc": True}).noticed == []
        assert "WARNING: pnc: lines stopped matching the source's format" in invoke(rig, "status").stdout
        assert answer(rig, "status")["sources"][0]["warnings"] == ["wrong_format"]
        [over] = machine.watch.look(LATER + timedelta(minutes=1), misfits={"pnc": False}).ended
    assert over.gap_id == gap.gap_id
    assert answer(rig, "status")["sources"][0]["warnings"] == []


def test_a_wrong_format_counts_as_filled_once_its_lines_are_read_again(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log(
        "pnc",
        [pnc_line(Lookup(at(minutes=n), "auser", "vehicle", "AB12CDE", f"T{n}", "")) for n in range(60)],
    )
    rig.formats["pnc"] = "cucm"
    rig.write_config()
    with rig.machine() as machine:
        read_all(machine)
        machine.watch.look(LATER, misfits={"pnc": True})
    rig.formats["pnc"] = "pnc"
    rig.write_config()
    assert invoke(rig, "reparse").exit_code == 0
    assert gaps(rig) == ()
    assert [gap.state for gap in gaps(rig, filled=True)] == ["filled"]
    with reading(rig.engine) as conn:
        assert sum(hour.events for hour in hours_of(conn, "pnc").values()) == 60


def test_a_source_whose_clock_was_set_back_is_a_gap_that_an_alert_tells_of(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log("pnc", look_ups(at(hours=-1), at()))
    with rig.machine() as machine:
        read_all(machine)
        rig.log("pnc", look_ups(at(hours=-5), at(hours=-4)))
        read_all(machine)
        assert [gap.kind for gap in look(machine).noticed] == ["backwards"]
    [gap] = gaps(rig)
    assert (gap.source, gap.start, gap.end) == ("pnc", at(hours=-5), at(minutes=-2))
    assert gap.sentence == (
        "New lines of a file of pnc lie before lines read earlier: they cover from 07:00 to 11:58 on 3 Mar 2026."
    )
    rig.once(LATER)
    [alert] = alerts(rig)
    assert (alert.person_key, alert.severity) == ("source:pnc", 3)


def test_a_clock_set_back_between_two_single_runs_is_noticed_too(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log("pnc", look_ups(at(hours=-1), at()))
    rig.once(LATER)
    rig.log("pnc", look_ups(at(hours=-5), at(hours=-4)))
    rig.once(LATER)
    assert [gap.kind for gap in gaps(rig)] == ["backwards"]


def test_steps_back_are_not_looked_for_where_the_setting_says_so(rig: Rig) -> None:
    pnc_alone(rig)
    text = rig.config_file.read_text()
    rig.config_file.write_text(
        text.replace('name = "pnc"\n', 'name = "pnc"\nbackwards_after_minutes = 0\n', 1)
    )
    rig.log("pnc", look_ups(at(hours=-1), at()))
    rig.once(LATER)
    rig.log("pnc", look_ups(at(hours=-5), at(hours=-4)))
    rig.once(LATER)
    assert gaps(rig) == ()


def test_an_older_file_that_comes_late_is_no_step_back(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log("pnc", look_ups(at(hours=-1), at()))
    rig.once(LATER)
    rig.log("pnc", look_ups(at(hours=-5), at(hours=-4)), name="pnc-late.csv")
    rig.once(LATER)
    assert gaps(rig) == ()


def test_nothing_is_kept_of_the_course_of_a_file_that_was_rotated_and_has_ended(rig: Rig) -> None:
    pnc_alone(rig)
    rig.settle_seconds = 0
    rig.patterns["pnc"] = "pnc*"
    pnc_alone(rig)
    path = rig.log("pnc", look_ups(at(hours=-1), at()), name="pnc.csv")
    with rig.machine() as machine:
        read_all(machine)
        with rig.engine.begin() as conn:
            machine.ingest._recorder.courses.store(conn)
            assert len(conn.execute(select(FileCourseRow.file)).all()) == 1
        path.unlink()
        for _ in range(3):
            machine.tailer.reconcile()
            machine.ingest.step(1 << 20, LATER)
    with rig.machine() as machine, rig.engine.begin() as conn:
        machine.ingest._recorder.courses.store(conn)
        assert conn.execute(select(FileCourseRow.file)).all() == []
