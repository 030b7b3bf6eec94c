"""Records of several lines: blocks end where a record does, and an open quote is waited for, but not for long."""

from __future__ import annotations

from pathlib import Path

import pytest
from tail_reading import append, lines_of, numbered, text

RECORDS = [b'%03d,"first\n\nsecond, ""third"" %03d"\n' % (number, number) for number in range(500)]


@pytest.mark.case("T13")
@pytest.mark.parametrize("block_bytes", [300, 997, 5000, 1 << 20])
def test_t13_every_block_ends_where_a_record_does(reading, log: Path, block_bytes: int) -> None:
    append(log, b"".join(RECORDS))
    reader = reading(log, block_bytes=block_bytes, max_line_bytes=250, joins_lines=True)
    reader.tick()
    ends = {sum(map(len, RECORDS[:count])) for count in range(len(RECORDS) + 1)}
    assert {chunk.after.offset for chunk in reader.chunks} <= ends
    assert b"".join(chunk.block.data for chunk in reader.chunks) == b"".join(RECORDS)


@pytest.mark.case("T13")
def test_t13_a_record_that_is_being_written_is_waited_for(reading, log: Path) -> None:
    append(log, b'whole\n1,"one\n')
    reader = reading(log, joins_lines=True)
    assert reader.tick() == [b"whole"]
    append(log, b"two\n")
    assert reader.tick() == []
    reader.restart()
    append(log, b'three"\nnext\n')
    assert reader.tick() == [b'1,"one', b"two", b'three"', b"next"]
    assert len(reader.chunks) == 2


@pytest.mark.case("T13", "T41")
def test_t41_a_quote_left_open_is_waited_for_as_long_as_a_record_takes_to_be_written(
    reading, log: Path
) -> None:
    append(log, b'evil"\none\ntwo\nthr')
    reader = reading(log, joins_lines=True)
    assert reader.tick() == []
    assert reader.tick(6.0) == [b'evil"', b"one", b"two"]
    append(log, b"ee\n")
    assert reader.tick() == [b"three"]
    assert reader.tailer.behind()["log"].bytes == 0


@pytest.mark.case("T13", "T41")
def test_t41_a_quote_left_open_in_a_busy_log_holds_so_many_lines_and_no_more(reading, log: Path) -> None:
    reader = reading(log, joins_lines=True)
    append(log, b'evil"\n')
    for line in numbered(0, 100):
        append(log, line + b"\n")
        reader.tick(0.01)
    assert len(reader.lines) >= 36
    assert reader.lines == [b'evil"', *numbered(0, 100)][: len(reader.lines)]


@pytest.mark.case("T13", "T41")
def test_t41_a_quote_left_open_at_the_end_of_a_rotated_file(reading, log: Path) -> None:
    append(log, b'evil"\none\n')
    reader = reading(log, joins_lines=True)
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, b"two\n")
    reader.settle()
    assert sorted(reader.lines) == [b'evil"', b"one", b"two"]
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False, True]


@pytest.mark.case("T13", "T15")
def test_t13_an_over_long_line_and_a_hole_among_records(reading, log: Path) -> None:
    append(log, RECORDS[0] + b"x" * 500 + b"\n" + RECORDS[1])
    reader = reading(log, joins_lines=True, max_line_bytes=250)
    reader.tick()
    assert b"".join(chunk.block.data for chunk in reader.chunks) == RECORDS[0] + RECORDS[1]
    assert [line.length for chunk in reader.chunks for line in chunk.too_long] == [500]


def test_a_source_without_such_records_waits_for_nothing(reading, log: Path) -> None:
    append(log, b'1,"one\n' + text(numbered(0, 3)))
    reader = reading(log)
    reader.tick()
    assert [line for chunk in reader.chunks for line in lines_of(chunk)] == [b'1,"one', *numbered(0, 3)]
