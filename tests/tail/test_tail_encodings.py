"""Encodings: UTF-16 with and without its mark, UTF-8, Windows-1252, and a file that changes from one to another."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
from tail_reading import append, numbered, text, texts

from parsers.lines import cut_lines

MARKS = {"utf-16le": b"\xff\xfe", "utf-16be": b"\xfe\xff", "utf-8": b"\xef\xbb\xbf"}
WIDE = ["utf-16le", "utf-16be"]
# Names with characters of which a byte is that of a newline: Maltese, Gurmukhi, and one in both bytes.
RECORDS = [f"2026-03-03 14:02:{n:02},Ċikku Ąłł ਜਸ\u0a0a,{n}" for n in range(50)]
BYTES = [f"2026-03-03T15:02:{n:02},jbriar,Zoë {n}" for n in range(50)]


def windows(records: list[str], encoding: str) -> bytes:
    return "".join(f"{record}\r\n" for record in records).encode(encoding)


@pytest.mark.case("T31")
@pytest.mark.parametrize("encoding", [*WIDE, "utf-8"])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("block_bytes", [401, 1 << 20])
def test_t31_a_file_in_any_unicode_encoding_with_or_without_its_mark(
    reading, log: Path, encoding: str, marked: bool, block_bytes: int
) -> None:
    """Blocks end at newlines of the encoding, wherever the file is cut by size, and nobody has to name it."""
    append(log, MARKS[encoding] * marked + windows(RECORDS, encoding))
    reader = reading(log, block_bytes=block_bytes, max_line_bytes=400)
    reader.tick()
    assert texts(reader.chunks) == RECORDS
    assert {chunk.block.encoding for chunk in reader.chunks} == {encoding}
    assert b"".join(chunk.block.data for chunk in reader.chunks) == log.read_bytes()


@pytest.mark.case("T31")
@pytest.mark.parametrize("encoding", WIDE)
def test_t31_written_byte_by_byte_across_restarts(reading, log: Path, encoding: str) -> None:
    """Neither half a character nor half a newline is ever given out, and the encoding is known again after a restart."""
    records = ["2026 Ċ", "ŁŁ", "", "end 1"]
    whole = MARKS[encoding] + windows(records, encoding)
    log.touch()
    reader = reading(log)
    for place in range(len(whole)):
        append(log, whole[place : place + 1])
        if place % 3 == 0:
            reader.restart()
        reader.tick()
    assert texts(reader.chunks) == records


@pytest.mark.case("T31")
@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("marked", [True, False])
def test_t31_the_encoding_changes_in_the_middle_of_a_file_and_back(
    reading, log: Path, encoding: str, marked: bool
) -> None:
    """As when another program appends to a log: PowerShell writes UTF-16 behind UTF-8, with no mark between."""
    other = MARKS[encoding] * marked + windows(RECORDS, encoding)
    parts = [windows(BYTES, "utf-8"), other, windows(BYTES, "utf-8"), other, b"2026,odd\n", other]
    reader = reading(log, block_bytes=1000, max_line_bytes=400)
    for part in parts:
        append(log, part)
        reader.tick()
    at_once = log.with_name("at-once.log")
    append(at_once, b"".join(parts))
    second = reading(at_once)
    second.tick()
    for chunks in (reader.chunks, second.chunks):
        assert texts(chunks) == [*BYTES, *RECORDS, *BYTES, *RECORDS, "2026,odd", *RECORDS]
        assert b"".join(chunk.block.data for chunk in chunks) == log.read_bytes()


@pytest.mark.case("T31", "T41")
@pytest.mark.parametrize(
    "planted", [b"\xff\xfe", b"\xff\xfea\0b\0", b"a\0b\0c\0", b"\0a\0b\0c", b"\xfe\xff\0a\0"]
)
def test_t31_a_line_made_to_look_like_another_encoding_swallows_none_of_its_neighbours(
    reading, log: Path, planted: bytes
) -> None:
    append(log, windows(BYTES[:20], "utf-8") + planted + b"evil\r\n" + windows(BYTES[20:], "utf-8"))
    reader = reading(log)
    reader.tick()
    found = [line for chunk in reader.chunks for line in cut_lines(chunk.block).text["line"]]
    assert [line for line in found if line in BYTES] == BYTES
    assert sum(cut_lines(chunk.block).total for chunk in reader.chunks) == 51


@pytest.mark.case("T31")
def test_t31_half_a_line_of_utf16_behind_which_bytes_are_appended_costs_itself_alone(
    reading, log: Path
) -> None:
    append(log, windows(RECORDS[:5], "utf-16le") + "half a li".encode("utf-16le"))
    reader = reading(log)
    reader.tick()
    append(log, windows(BYTES, "utf-8"))
    reader.tick()
    assert [line for line in texts(reader.chunks) if line in BYTES] == BYTES[1:]
    assert reader.chunks[-1].after.offset == log.stat().st_size


@pytest.mark.case("T31", "T14")
@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("declared", ["auto", "same"])
def test_t31_utf16_behind_a_hole_left_by_truncation(reading, log: Path, encoding: str, declared: str) -> None:
    log.write_bytes(bytes(5000) + windows(RECORDS, encoding))
    reader = reading(log, encoding=encoding if declared == "same" else "auto")
    reader.tick()
    assert texts(reader.chunks) == RECORDS
    assert sum(chunk.nul_bytes for chunk in reader.chunks) == 5000


@pytest.mark.case("T31", "T15")
@pytest.mark.parametrize("encoding", WIDE)
def test_t31_an_over_long_line_of_utf16_loses_only_itself(reading, log: Path, encoding: str) -> None:
    long = "Ċ" * 5001 + "x" * (1 << 20)
    append(log, windows(["one", long, "two"], encoding))
    reader = reading(log, max_line_bytes=1000)
    reader.tick()
    assert texts(reader.chunks) == ["one", "two"]
    (line,) = [line for chunk in reader.chunks for line in chunk.too_long]
    raw = f"{long}\r".encode(encoding)
    assert (line.offset, line.length, line.sha256) == (10, len(raw), sha256(raw).digest())


@pytest.mark.case("T31", "T11")
def test_t31_the_last_line_of_a_rotated_utf16_file_without_newline(reading, log: Path) -> None:
    append(log, windows(["one"], "utf-16le") + "two Ċ".encode("utf-16le"))
    reader = reading(log)
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, windows(["three"], "utf-16le"))
    reader.settle()
    assert sorted(map(str, texts(reader.chunks))) == ["one", "three", "two Ċ"]
    assert [cursor.finished for cursor in reader.cursors.values()].count(True) == 1


@pytest.mark.case("T31", "T3")
def test_t31_copytruncate_of_a_utf16_log(reading, log: Path) -> None:
    reader = reading(log)
    append(log, MARKS["utf-16le"] + windows(RECORDS, "utf-16le"))
    reader.tick()
    append(log, windows(["more 1"], "utf-16le"))
    log.with_name("app.log.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)
    append(log, MARKS["utf-16le"] + windows(["new 2"], "utf-16le"))
    reader.settle()
    assert texts(reader.chunks) == [*RECORDS, "more 1", "new 2"]


@pytest.mark.case("T31")
def test_t31_windows_1252_is_read_where_the_source_says_so_and_utf8_among_it_stays_utf8(
    reading, log: Path
) -> None:
    append(log, "Zoë €5\n".encode("cp1252") + "Zoë €6\n".encode() + b"\x81\n")
    reader = reading(log, encoding="cp1252")
    reader.tick()
    assert texts(reader.chunks) == ["Zoë €5", "Zoë €6", None]


@pytest.mark.case("T31")
def test_t31_a_source_that_names_an_encoding_is_believed(reading, log: Path) -> None:
    append(log, "ŁŁ\nĄĄ\n".encode("utf-16be") + b"\0a\0b")
    reader = reading(log, encoding="utf-16be")
    reader.tick()
    assert texts(reader.chunks) == ["ŁŁ", "ĄĄ"]


def test_plain_text_is_one_block_whatever_is_looked_for(reading, log: Path) -> None:
    append(log, text(numbered(0, 1000)))
    reader = reading(log)
    reader.tick()
    assert [chunk.block.encoding for chunk in reader.chunks] == ["utf-8"]
