"""The spool itself: what stands in its files after crashes, refusals and other people's hands; and what may be deleted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditd.config.model import ListenTable
from auditd.listen.spool import Spool, SpoolInUse
from auditd.listen.sweep import entries
from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer
from parsers.format import Block
from parsers.lines import cut_lines

FOLDER = "soc/pnc"
Make = Callable[..., Spool]


def spool(root: Path, *, on_change: Callable[[], None] = lambda: None, **settings: float) -> Spool:
    values = {"min_free_bytes": 0, **settings}
    return Spool(ListenTable(spool=root, **values), [FOLDER, "soc/other"], on_change=on_change)  # type: ignore[arg-type]


def content(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((root / FOLDER).iterdir(), key=lambda path: path.name)]


def test_lines_are_in_the_file_as_soon_as_they_are_given(tmp_path: Path) -> None:
    with spool(tmp_path) as one:
        one.put(FOLDER, b"one\n")
        one.put(FOLDER, b"two\n")
        assert content(tmp_path) == [b"one\ntwo\n"]


def test_another_run_leaves_the_old_file_as_it_was_and_begins_its_own(tmp_path: Path) -> None:
    for line in (b"one\n", b"two\n", b"three\n"):
        with spool(tmp_path) as one:
            one.put(FOLDER, line)
    assert content(tmp_path) == [b"one\n", b"two\n", b"three\n"]


def test_a_line_a_crash_broke_off_is_closed_so_that_no_format_takes_it_for_a_record(tmp_path: Path) -> None:
    live = tmp_path / FOLDER / "current.log"
    live.parent.mkdir(parents=True)
    live.write_bytes(b"<13>1 - - - - - - one\n<13>1 - - - - - - tw")
    with spool(tmp_path) as one:
        assert one.torn == 1
    [data] = content(tmp_path)
    cut = cut_lines(Block(data, envelope="syslog"))
    assert cut.text["line"].to_list() == ["one"]
    assert cut.rejects["reason"].to_list() == ["binary"]


def test_a_file_of_a_folder_that_is_no_longer_configured_is_set_aside_too(tmp_path: Path) -> None:
    old = tmp_path / "gone" / "away" / "current.log"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"line\n")
    with spool(tmp_path):
        assert [path.name.startswith("current-") for path in old.parent.iterdir()] == [True]


def test_only_one_process_writes(tmp_path: Path) -> None:
    with spool(tmp_path), pytest.raises(SpoolInUse, match="another process writes"), spool(tmp_path):
        pass
    with spool(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "soc").write_text("in the way")
    with pytest.raises(SpoolInUse, match=r"Set listen\.spool"), spool(tmp_path):
        pass


def test_what_the_disk_refuses_waits_in_order_and_is_written_when_it_can_be(tmp_path: Path) -> None:
    told: list[str] = []
    with spool(tmp_path, on_change=lambda: told.append(one.blocked)) as one:
        blocker = tmp_path / FOLDER / "current.log"
        blocker.mkdir()  # nothing can be opened there now
        one.put(FOLDER, b"one\n")
        one.put(FOLDER, b"two\n")
        assert one.blocked == "io_error"
        assert one.waiting == 8
        one.put("soc/other", b"elsewhere\n")
        blocker.rmdir()
        one.write_again()
        assert (one.blocked, one.waiting) == ("", 0)
        assert content(tmp_path) == [b"one\ntwo\n"]
    assert set(told) == {"io_error", ""}


def test_a_file_somebody_takes_away_is_noticed_and_another_begun(tmp_path: Path) -> None:
    with spool(tmp_path) as one:
        one.put(FOLDER, b"one\n")
        assert one.look_around()[1] == 0
        (tmp_path / FOLDER / "current.log").unlink()
        assert one.look_around()[1] == 1
        one.put(FOLDER, b"two\n")
        assert content(tmp_path) == [b"two\n"]


def test_reading_waits_while_more_is_unforced_than_four_batches(tmp_path: Path) -> None:
    async def story() -> None:
        with spool(tmp_path, sync_bytes=4096) as one:
            one.put(FOLDER, b"x" * 16_383 + b"\n")
            assert one.blocked == "forcing"
            forced = await one.force()
            assert forced is not None
            assert (forced.bytes, forced.failures) == (16_384, 0)
            assert (one.blocked, one.unforced) == ("", 0)

    asyncio.run(story())


def test_a_batch_is_forced_when_it_is_full_or_when_its_time_has_come(tmp_path: Path) -> None:
    async def story() -> None:
        with spool(tmp_path, sync_bytes=4096, sync_seconds=60) as one:
            one.put(FOLDER, b"x\n")
            assert await one.tend() is None
            one.put(FOLDER, b"x" * 4096 + b"\n")
            assert await one.tend() is not None
        with spool(tmp_path, sync_seconds=0.01) as one:
            one.put(FOLDER, b"x\n")
            await asyncio.sleep(0.02)
            assert await one.tend() is not None

    asyncio.run(story())


def test_what_is_forced_are_the_files_written_to_and_the_folders_that_name_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[str] = []

    def fsync(descriptor: int) -> None:
        forced.append(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path).as_posix())

    async def story() -> None:
        with spool(tmp_path / "spool", rotate_bytes=4096) as one:
            assert set(forced) >= {".", "spool", "spool/soc"}
            forced.clear()
            one.put(FOLDER, b"x" * 4096 + b"\n")
            one.put(FOLDER, b"y\n")
            await one.force()
            names = sorted(path.name for path in (tmp_path / "spool" / FOLDER).iterdir())
            assert sorted(forced) == ["spool/soc/pnc", *(f"spool/soc/pnc/{name}" for name in names)]
            assert len(names) == 2
            forced.clear()
            assert await one.force() is None
            one.put(FOLDER, b"z\n")
            await one.force()
            assert forced == ["spool/soc/pnc/current.log"]

    monkeypatch.setattr(os, "fsync", fsync)
    asyncio.run(story())


def test_rotated_files_are_distinct_however_fast_they_come(tmp_path: Path) -> None:
    with spool(tmp_path, rotate_bytes=4096) as one:
        for number in range(200):
            one.put(FOLDER, b"%5d" % number + b"x" * 4096 + b"\n")
    files = content(tmp_path)
    assert len(files) == 200
    assert [int(data[:5]) for data in files] == list(range(200))


def test_only_what_was_read_to_its_end_may_be_deleted_and_only_after_its_time(tmp_path: Path) -> None:
    with spool(tmp_path, rotate_bytes=4096) as one:
        one.put(FOLDER, b"read" * 1100 + b"\n")
    [read] = (tmp_path / FOLDER).iterdir()
    tailer = Tailer(
        [TailSource("pnc", (f"{tmp_path}/*/*/current*.log",), complete_after_seconds=0.0)],
        [],
        settle_seconds=0,
    )
    cursors = []
    for _ in range(3):
        tailer.reconcile()
        for chunk in tailer.read(1 << 20):
            cursors.append(chunk.after)
            tailer.accept(chunk, "")
        cursors += tailer.cursors_changed()
    tailer.close()
    with spool(tmp_path, rotate_bytes=4096) as one:
        one.put(FOLDER, b"unread" * 1000 + b"\n")
        one.put(FOLDER, b"current\n")
        found = {entry.path: entry for entry in entries(tmp_path, cursors)}
    assert found[read].standing == "read"
    assert sorted(entry.standing for entry in found.values()) == ["current", "read", "unread"]
    now = datetime.now(UTC)
    day = timedelta(days=1)
    assert [entry.path for entry in found.values() if entry.may_go(now=now + 2 * day, keep=day)] == [read]
    assert not any(entry.may_go(now=now, keep=day) for entry in found.values())
    with read.open("ab") as out:
        out.write(b"more\n")
    assert {entry.standing for entry in entries(tmp_path, cursors)} <= {"current", "unread"}
    os.truncate(read, 4401)
    with read.open("r+b") as out:
        out.write(b"edit")
    assert not any(entry.standing == "read" for entry in entries(tmp_path, cursors))
