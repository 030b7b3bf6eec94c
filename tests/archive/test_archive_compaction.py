"""Compaction: fewer files, the same rows; readers notice nothing, and a crash at any step loses nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from archive_rows import NOON, at, files, ids, look_ups, put, rejects
from commits import failing_commits
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from auditd.archive.archive import READERS_DONE, REJECTS, Archive
from auditd.archive.compaction import compact, compactable
from auditd.archive.segment import write_segment

LATER = NOON + READERS_DONE + timedelta(seconds=1)


@pytest.fixture
def many(archive: Archive, database: Engine) -> Archive:
    """An archive with eight small segments of one day."""
    for hour in range(8):
        put(archive, database, look_ups(at(hours=hour), at(hours=8 - hour, minutes=1)))
    return archive


def test_merging_keeps_every_row_and_leaves_one_file_a_group(many: Archive, database: Engine) -> None:
    before = ids(many)
    assert compact(many, database, now=NOON, fan_in=8) == 8
    [merged] = many.segments("access")
    assert (merged.rows, merged.level) == (16, 1)
    assert ids(many) == ids(Archive(many.root, database)) == before


def test_too_few_segments_are_left_alone(many: Archive, database: Engine) -> None:
    assert compact(many, database, now=NOON, fan_in=9) == 0
    assert len(many.segments()) == 8


def test_days_families_sources_and_levels_are_never_mixed(many: Archive, database: Engine) -> None:
    for source in ("pnc", "cucm"):
        for _ in range(4):
            put(many, database, rejects(source, 1), family=REJECTS)
    for _ in range(4):
        put(many, database, look_ups(at(days=1), ids=[f"next day {_}"]))
    while compact(many, database, now=NOON, fan_in=4):
        pass
    merged = {(s.family, s.day, s.source, s.level): s.rows for s in many.segments()}
    assert merged == {
        ("access", "2026-03-03", "", 1): 16,
        ("access", "2026-03-04", "", 1): 4,
        ("rejects", "2026-03-03", "pnc", 1): 4,
        ("rejects", "2026-03-03", "cucm", 1): 4,
    }


def test_a_reader_that_began_before_the_swap_finishes_after_it(many: Archive, database: Engine) -> None:
    reader = Archive(many.root, database)
    begun = reader.scan("access").select("event_id")
    compact(many, database, now=NOON, fan_in=2)
    assert sorted(begun.collect()["event_id"]) == ids(reader) == ids(many)
    reader.refresh()
    assert ids(reader) == ids(many)


def test_old_files_go_when_readers_are_done_and_not_before(many: Archive, database: Engine) -> None:
    compact(many, database, now=NOON, fan_in=8)
    assert many.sweep(NOON + READERS_DONE) == 0
    assert len(files(many.root)) == 9
    assert many.sweep(LATER) == 8
    assert files(many.root) == [many.segments()[0].path]
    assert many.sweep(LATER) == 0


def test_a_restart_keeps_the_old_files_until_they_are_swept(many: Archive, database: Engine) -> None:
    compact(many, database, now=NOON, fan_in=8)
    assert many.recover() == 0
    assert len(files(many.root)) == 9


@pytest.mark.case("T20", "T21")
def test_a_crash_between_writing_and_naming_leaves_an_orphan_that_the_next_start_puts_away(
    many: Archive, database: Engine
) -> None:
    rows = many.read_lazily(many.segments(), look_ups(at()).schema).collect()
    write_segment(many.root, rows, family="access", day="2026-03-03", level=1)  # and here the power fails
    after = Archive(many.root, database)
    assert after.recover() == 1
    assert len(ids(after)) == 16


@pytest.mark.case("T30")
def test_a_database_that_refuses_leaves_everything_as_it_was(many: Archive, database: Engine) -> None:
    before, on_disk = ids(many), files(many.root)
    with failing_commits(database), pytest.raises(OperationalError):
        compact(many, database, now=NOON, fan_in=8)
    assert (ids(many), files(many.root)) == (before, on_disk)
    assert compact(many, database, now=NOON, fan_in=8) == 8


def test_a_merge_whose_answer_was_lost_is_found_to_have_come_about(many: Archive, database: Engine) -> None:
    before = ids(many)
    with failing_commits(database, answer_lost=True), pytest.raises(OperationalError):
        compact(many, database, now=NOON, fan_in=8)
    assert [segment.level for segment in many.segments()] == [1]
    assert ids(many) == ids(Archive(many.root, database)) == before
    assert many.missing() == []


def test_segments_another_instance_has_merged_are_not_merged_again(many: Archive, database: Engine) -> None:
    """As after a commit whose answer was lost: this instance still believes in the old segments."""
    behind = Archive(many.root, database)
    compact(many, database, now=NOON, fan_in=8)
    assert compact(behind, database, now=NOON, fan_in=8) == 0
    assert ids(behind) == ids(many)
    assert len(files(many.root)) == 9


def test_a_segment_whose_file_is_gone_is_left_for_people_to_see(many: Archive, database: Engine) -> None:
    gone = many.segments()[3]
    (many.root / gone.path).unlink()
    cold = Archive(many.root, database)
    assert len(compactable(cold, fan_in=2)) == 7
    compact(cold, database, now=NOON, fan_in=2)
    assert cold.missing() == [gone]


def test_rows_are_in_order_of_time_after_a_merge(many: Archive, database: Engine, tmp_path: Path) -> None:
    compact(many, database, now=NOON, fan_in=8)
    [merged] = many.segments()
    times = Archive(many.root, database).scan("access").collect()["timestamp"]
    assert times.is_sorted()
    assert (merged.min_time, merged.max_time) == (times[0], times[-1])
