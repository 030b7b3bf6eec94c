"""The content of compressed files: the same bytes at the same places, in bounded memory, whatever the file holds."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from squeezing import SQUEEZERS, squeezed
from tail_reading import numbered, text

from auditd.tail.compressed import CALL_BYTES, CompressedContent
from auditd.tail.content import NotYet
from auditd.tail.decoders import decoder_of

ENDINGS = sorted(SQUEEZERS)


def opened(path: Path) -> CompressedContent:
    decoder = decoder_of(str(path))
    assert decoder is not None
    content = CompressedContent(str(path), decoder)
    content.extent()
    return content


def everything(content: CompressedContent) -> bytes:
    content.reach(1 << 30)
    return content.pread(content.known, 0)


@pytest.mark.parametrize("ending", ENDINGS)
def test_bytes_are_where_they_were_before_compression(tmp_path: Path, ending: str) -> None:
    """Forwards, backwards and beyond the end, as long as anybody asks."""
    plain = text(numbered(0, 60_000))
    path = tmp_path / f"app.log.1{ending}"
    path.write_bytes(squeezed(plain, ending))
    content = opened(path)
    chance = random.Random(ending)
    for _ in range(40):
        place, length = chance.randrange(len(plain) + 1000), chance.choice([1, 1024, 1 << 20])
        assert content.pread(length, place) == plain[place : place + length]
        content.forget(chance.randrange(len(plain)))
    content.reach(len(plain) + 1)
    assert content.whole
    assert content.known == len(plain)
    content.close()


@pytest.mark.parametrize("ending", ENDINGS)
def test_streams_appended_to_each_other_are_one_content(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"app.log.1{ending}"
    path.write_bytes(squeezed(b"one\n", ending) + squeezed(b"", ending) + squeezed(b"two\n", ending))
    content = opened(path)
    assert everything(content) == b"one\ntwo\n"
    with path.open("ab") as file:
        file.write(squeezed(b"three\n", ending))
    content.extent()
    assert content.more
    assert everything(content) == b"one\ntwo\nthree\n"
    assert content.whole
    content.close()


def test_padding_after_the_last_stream_is_not_damage(tmp_path: Path) -> None:
    path = tmp_path / "app.log.1.gz"
    path.write_bytes(gzip.compress(b"one\n") + bytes(600))
    content = opened(path)
    assert everything(content) == b"one\n"
    assert content.whole
    content.close()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stream_that_is_still_written_is_read_as_far_as_it_goes(tmp_path: Path, ending: str) -> None:
    plain = text([random.Random(1).randbytes(50).hex().encode() for _ in range(20_000)])
    stream = squeezed(plain, ending)
    path = tmp_path / f"app.log.1{ending}"
    content = None
    for part in range(1, 11):
        path.write_bytes(stream[: len(stream) * part // 10])
        content = content or opened(path)
        content.extent()
        assert plain.startswith(everything(content))
        assert not content.broken
        assert content.whole == (part == 10)
        assert not content.more
    assert content is not None
    assert content.known == len(plain)
    content.close()


@pytest.mark.parametrize("ending", ENDINGS)
def test_everything_before_the_damage_is_read(tmp_path: Path, ending: str) -> None:
    """A block at a time where the format has no smaller unit; to the byte with gzip."""
    chance = random.Random(2)
    plain = text([chance.randbytes(50).hex().encode() for _ in range(10_000)])
    stream = bytearray(squeezed(plain, ending))
    middle = len(stream) * 3 // 4
    stream[middle : middle + 40] = bytes(40)
    path = tmp_path / f"app.log.1{ending}"
    path.write_bytes(stream)
    content = opened(path)
    read = everything(content)
    assert content.broken
    assert not content.whole
    if ending == ".gz":
        assert len(read) > len(plain) * 0.74
        assert plain.startswith(read[: int(len(plain) * 0.74)])
    if ending != ".xz":
        assert read
    path.write_bytes(squeezed(plain, ending))
    content.extent()
    content.close()
    content = opened(path)
    assert everything(content) == plain
    content.close()


def test_a_wrong_checksum_is_damage_though_everything_was_decoded(tmp_path: Path) -> None:
    stream = bytearray(gzip.compress(text(numbered(0, 1000))))
    stream[-8] ^= 1
    path = tmp_path / "app.log.1.gz"
    path.write_bytes(stream)
    content = opened(path)
    assert everything(content) == text(numbered(0, 1000))
    assert content.broken
    content.close()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("filling", [b"\0", b"a"])
def test_a_bomb_takes_no_memory(tmp_path: Path, ending: str, filling: bytes) -> None:
    """A few kilobytes that unfold to hundreds of megabytes are decoded piece by piece, and never in one call."""
    path = tmp_path / f"app.log.1{ending}"
    squeeze_much(path, ending, filling * (1 << 20), 300)
    content = opened(path)
    tracemalloc.start()
    calls = 0
    while True:
        calls += 1
        with suppress(NotYet):
            assert content.pread(1024, (300 << 20) - 1024) == filling * 1024
            break
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert calls >= (300 << 20) // CALL_BYTES
    assert peak < 30 << 20
    assert path.stat().st_size < 2 << 20
    content.close()


def test_runs_of_nuls_are_counted_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "app.log.1.gz"
    packer = zlib.compressobj(wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(b"before\n"))
        for _ in range(100):
            file.write(packer.compress(bytes(1 << 20)))
        file.write(packer.compress(b"after\n") + packer.flush())
    content = opened(path)
    tracemalloc.start()
    end = content.reach(200 << 20)
    assert end == 7 + (100 << 20) + 6
    assert tracemalloc.get_traced_memory()[1] < 5 << 20
    tracemalloc.stop()
    place = content.data_at(1 << 20)
    while place is not None and (piece := content.pread(4096, place)) == bytes(4096):
        place = content.data_at(place + len(piece))
    assert place is not None
    assert end - 4096 < place
    assert content.pread(20, end - 6) == b"after\n"
    assert content.data_at(end) is None
    content.close()


def squeeze_much(path: Path, ending: str, piece: bytes, times: int) -> None:
    """Write a stream of many equal pieces without holding them."""
    one = squeezed(piece, ending)
    path.write_bytes(one * times)
