"""A record split by rotation is one record again, and two that only look like halves stay two."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tail_reading import Reading, append, copytruncate

from parsers.format import Block, Context, is_split_record
from parsers.formats.pnc import Pnc

HEADER = b"txn_datetime,user_id,justification,subject_key,txn_ref\n"
PNC = Pnc(Context(source="pnc", zone=ZoneInfo("Europe/London")))


def record(number: int) -> bytes:
    return b"2026-03-03T14:02:%02d,jbriar,on patrol %d,AB12 CDE,%04d\n" % (number, number, number)


@pytest.fixture
def reader(reading, log: Path) -> Reading:
    made: Reading = reading(log, is_split=is_split)
    return made


def is_split(first: Block, second: bytes, state: str) -> bool:
    return is_split_record(PNC, first, second, state or HEADER.decode().rstrip("\n"))


def rename(log: Path) -> None:
    log.rename(log.with_name("app.log.1"))


def copy(log: Path) -> None:
    copytruncate(log, log.with_name("app.log.1"))


CUTS = [1, 10, 25, 30, 45]


@pytest.mark.case("T12")
@pytest.mark.parametrize("rotate", [rename, copy])
@pytest.mark.parametrize("at", CUTS)
def test_t12_half_a_record_before_and_half_after_the_rotation_are_one(
    reader: Reading, log: Path, rotate, at: int
) -> None:
    append(log, HEADER + record(1) + record(2)[:at])
    reader.tick()
    rotate(log)
    append(log, record(2)[at:] + record(3))
    assert reader.tick() == []
    reader.settle()
    assert reader.lines == (HEADER + record(1) + record(2) + record(3)).splitlines()
    assert sum(chunk.rejoined_lines for chunk in reader.chunks) == 1
    joined, passed, rest = reader.chunks[-3:]
    assert (joined.block.offset, joined.after.finished) == (len(HEADER + record(1)), True)
    assert (passed.block.data, passed.after.offset) == (b"", len(record(2)) - at)
    assert rest.block.offset == passed.after.offset
    reader.restart()
    assert reader.settle() == []


@pytest.mark.case("T12")
def test_t12_also_where_the_rotation_came_while_nobody_looked(reader: Reading, log: Path) -> None:
    append(log, HEADER + record(1))
    reader.tick()
    append(log, record(2)[:20])
    rename(log)
    append(log, record(2)[20:])
    reader.restart()
    reader.settle()
    assert reader.lines == (HEADER + record(1) + record(2)).splitlines()
    append(log, record(3))
    assert reader.tick() == [record(3).rstrip()]


@pytest.mark.case("T12")
def test_t12_several_rotations_each_through_a_record(reader: Reading, log: Path) -> None:
    append(log, HEADER + record(1) + record(2)[:20])
    reader.tick()
    log.rename(log.with_name("app.log.2"))
    append(log, record(2)[20:] + record(3) + record(4)[:30])
    rename(log)
    append(log, record(4)[30:] + record(5))
    for _ in range(4):
        reader.settle()
    assert reader.lines == (HEADER + b"".join(map(record, range(1, 6)))).splitlines()


@pytest.mark.case("T12")
def test_t12_halves_in_utf16(reader: Reading, log: Path) -> None:
    wide = [one.decode().encode("utf-16le") for one in (HEADER, record(1), record(2), record(3))]
    append(log, wide[0] + wide[1] + wide[2][:41])
    reader.tick()
    rename(log)
    append(log, wide[2][41:] + wide[3])
    reader.settle()
    assert b"".join(chunk.block.data for chunk in reader.chunks) == b"".join(wide)


@pytest.mark.case("T12", "T11")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (record(2).rstrip(), record(3)),  # two records, the first without its newline
        (record(2)[:30], record(3)),  # a record whose end was never written
        (record(2)[:30], HEADER + record(3)),
        (record(2)[:-3], record(2)[-3:]),  # cut within its last field: it is a record as it stands
        (record(2)[:10], b"\n"),
    ],
)
def test_t12_nothing_is_joined_that_may_be_two(
    reader: Reading, log: Path, first: bytes, second: bytes
) -> None:
    append(log, HEADER + record(1) + first)
    reader.tick()
    rename(log)
    append(log, second)
    assert reader.tick() == second.splitlines()
    reader.settle()
    assert sorted(reader.lines) == sorted([*(HEADER + record(1)).splitlines(), first, *second.splitlines()])
    assert sum(chunk.rejoined_lines for chunk in reader.chunks) == 0


@pytest.mark.case("T12", "T42")
def test_t12_the_writer_finishes_the_line_in_the_old_file_after_all(reader: Reading, log: Path) -> None:
    append(log, HEADER + record(1) + record(2)[:30])
    reader.tick()
    with log.open("ab") as late:
        rename(log)
        append(log, record(2)[30:] + record(3))
        assert reader.tick() == []
        late.write(b"else,AB12 CDE,7777\n")
    reader.settle()
    assert record(2)[:30] + b"else,AB12 CDE,7777" in reader.lines
    assert reader.lines[-2:] == [record(2)[30:].rstrip(), record(3).rstrip()]


@pytest.mark.case("T12", "T20")
def test_t12_killed_between_the_two_halves_nothing_is_lost_or_doubled(reader: Reading, log: Path) -> None:
    """The record was committed with the old file; the rest of its line stands in the new one, where it is a reject."""
    append(log, HEADER + record(1) + record(2)[:30])
    reader.tick()
    rename(log)
    append(log, record(2)[30:] + record(3))
    reader.tick()
    while not reader.chunks[-1].after.finished:
        reader.clock += 6
        reader.tailer.reconcile()
        for chunk in reader.read(1 << 20):
            reader.commit(chunk)
    reader.restart()
    reader.settle()
    assert reader.lines == (HEADER + record(1) + record(2) + record(2)[30:] + record(3)).splitlines()


@pytest.mark.case("T12", "T30")
def test_t12_refused_commits_change_nothing(reader: Reading, log: Path) -> None:
    append(log, HEADER + record(1) + record(2)[:30])
    reader.tick()
    rename(log)
    append(log, record(2)[30:] + record(3))
    for _ in range(5):
        reader.clock += 6
        reader.tailer.reconcile()
        for chunk in reader.read(1 << 20):
            reader.tailer.refuse(chunk)
    reader.settle()
    assert reader.lines == (HEADER + record(1) + record(2) + record(3)).splitlines()


@pytest.mark.case("T12")
def test_t12_a_fault_in_the_format_joins_nothing_and_stops_nothing(reading, log: Path) -> None:
    def broken(first: Block, second: bytes, state: str) -> bool:
        raise ArithmeticError

    reader = reading(log, is_split=broken)
    append(log, b"one\ntw")
    reader.tick()
    rename(log)
    append(log, b"o\n")
    assert reader.tick() == [b"o"]
