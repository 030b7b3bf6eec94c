"""Segments: written so that a row that names one can be believed; named by the manifest, or gone at the next start."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from archive_rows import NOON, at, files, ids, look_ups, put, rejects
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete

from alerts.tables import Base
from auditd.archive.archive import REJECTS, Archive
from auditd.archive.manifest import totals
from auditd.archive.segment import write_segment
from auditd.archive.tables import SegmentRow


@pytest.mark.case("T21")
def test_a_segment_is_whole_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noting_fsync(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").resolve()
        done.append("sync folder" if target.is_dir() else f"sync {target.suffix}")
        fsync(descriptor)

    def noting_rename(self: Path, target: Path) -> Path:
        done.append(f"rename to {target.suffix}")
        return rename(self, target)

    (tmp_path / "family=access" / "day=2026-03-03").mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "rename", noting_rename)
    write_segment(tmp_path, look_ups(at()), family="access", day="2026-03-03")
    assert done == ["sync .part", "rename to .parquet", "sync folder"]


def test_a_segment_says_what_is_in_its_file(tmp_path: Path) -> None:
    frame = look_ups(at(hours=-1), at(hours=1))
    segment = write_segment(tmp_path, frame, family="access", day="2026-03-03")
    data = (tmp_path / segment.path).read_bytes()
    assert (segment.rows, segment.bytes, segment.sha256) == (2, len(data), sha256(data).hexdigest())
    assert (segment.min_time, segment.max_time) == (at(hours=-1), at(hours=1))
    assert pl.read_parquet(data).equals(frame)


def test_rows_go_into_one_segment_a_day(archive: Archive, database: Engine) -> None:
    last, first = at(hours=12, microseconds=-1), at(hours=12)
    segments = put(archive, database, look_ups(first, last))
    assert [(s.day, s.rows) for s in segments] == [("2026-03-03", 1), ("2026-03-04", 1)]
    assert all(s.path.startswith(f"family=access/day={s.day}/") for s in segments)


def test_nobody_sees_rows_before_they_are_named(archive: Archive, database: Engine) -> None:
    written = archive.write("access", look_ups(at()))
    assert ids(archive) == []
    with database.begin() as conn:
        archive.register(conn, [segment for segment, _ in written], NOON)
    assert len(ids(Archive(archive.root, database))) == 1


def test_a_reader_sees_what_another_process_brought_once_it_looks_again(
    archive: Archive, database: Engine
) -> None:
    reader = Archive(archive.root, database)
    put(archive, database, look_ups(at()))
    assert ids(reader) == []
    reader.refresh()
    assert ids(reader) == ids(archive) != []


def test_spans_are_half_open_from_memory_and_from_files(archive: Archive, database: Engine) -> None:
    put(archive, database, look_ups(at(), at(hours=1), at(days=1)))
    cold = Archive(archive.root, database)
    for start, end, count in ((at(), at(hours=1), 1), (at(hours=1), at(days=1), 1), (None, None, 3)):
        assert ids(archive, start, end) == ids(cold, start, end)
        assert len(ids(cold, start, end)) == count


def test_rows_of_an_older_schema_have_nulls_in_columns_they_do_not_know(
    archive: Archive, database: Engine
) -> None:
    put(archive, database, look_ups(at()).drop("pnc_txn_ref", "call_numbers", strict=False))
    cold = Archive(archive.root, database)
    assert cold.scan("access").collect()["pnc_txn_ref"].to_list() == [None]


@pytest.mark.case("T20", "T21")
def test_files_that_nothing_names_are_set_aside_at_start_and_all_others_stay(
    archive: Archive, database: Engine
) -> None:
    [named] = put(archive, database, look_ups(at()))
    [(orphan, _)] = archive.write("access", look_ups(at(hours=1)))
    (archive.root / named.path).with_name("torn.part").write_bytes(b"PAR1")
    (archive.root / "README").write_text("not ours")
    after = Archive(archive.root, database)
    assert after.recover() == 2
    assert files(archive.root) == [f".orphans/{orphan.path}", "README", named.path]
    assert after.recover() == 0
    assert len(ids(after)) == 1


@pytest.mark.case("T21")
def test_a_lost_database_costs_no_segment(archive: Archive, database: Engine) -> None:
    """An empty database over a full archive looks like one great crash: nothing may be deleted for that."""
    segments = put(archive, database, look_ups(at(), at(days=1)))
    with database.begin() as conn:
        conn.execute(delete(SegmentRow))
    Archive(archive.root, database).recover()
    aside = [archive.root / ".orphans" / segment.path for segment in segments]
    assert [sha256(path.read_bytes()).hexdigest() for path in aside] == [s.sha256 for s in segments]


def test_what_was_set_aside_goes_after_a_month(archive: Archive) -> None:
    archive.write("access", look_ups(at()))
    archive.recover()
    now = datetime.now(UTC)
    archive.sweep(now + timedelta(days=29))
    assert len(files(archive.root)) == 1
    archive.sweep(now + timedelta(days=31))
    assert files(archive.root) == []


@pytest.mark.case("T30")
def test_a_disk_that_refuses_one_day_leaves_none_of_the_others(archive: Archive) -> None:
    """A full disk is tried again every second: what each attempt left behind would fill it for good."""
    (archive.root / "family=access").mkdir()
    (archive.root / "family=access" / "day=2026-03-05").write_text("in the way")
    with pytest.raises(OSError):
        archive.write("access", look_ups(at(), at(days=1), at(days=2)))
    assert files(archive.root) == ["family=access/day=2026-03-05"]


@pytest.mark.case("T21")
def test_lost_and_torn_files_are_missing_evidence(archive: Archive, database: Engine) -> None:
    gone, torn, _ = (put(archive, database, look_ups(at(hours=hour)))[0] for hour in range(3))
    (archive.root / gone.path).unlink()
    (archive.root / torn.path).write_bytes(b"PAR1")
    assert {segment.path for segment in archive.missing()} == {gone.path, torn.path}


def test_totals_count_live_rows_by_family(archive: Archive, database: Engine) -> None:
    put(archive, database, look_ups(at(), at(hours=1)))
    put(archive, database, rejects("pnc", 3), family=REJECTS)
    with database.connect() as conn:
        assert {name: rows for name, (rows, _, _) in totals(conn).items()} == {"access": 2, "rejects": 3}


def test_bounds_are_of_events_alone(archive: Archive, database: Engine) -> None:
    assert archive.bounds() is None
    put(archive, database, rejects("pnc", 1), family=REJECTS)
    assert archive.bounds() is None
    put(archive, database, look_ups(at(days=-2), at(days=2)))
    assert archive.bounds() == (at(days=-2), at(days=2))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(-3000, 3000), min_size=1, max_size=6), min_size=1, max_size=5))
def test_every_row_that_went_in_comes_out_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]
) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    archive = Archive(tmp_path_factory.mktemp("archive"), engine)
    expected = []
    for number, batch in enumerate(batches):
        names = [f"{number}-{place}" for place in range(len(batch))]
        put(archive, engine, look_ups(*(at(minutes=minute) for minute in batch), ids=names))
        expected += names
    assert ids(archive) == ids(Archive(archive.root, engine)) == sorted(expected)
    engine.dispose()
