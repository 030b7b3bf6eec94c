"""A file that was read is found again for its account, and no other file is taken for it."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from auditd.cli.accounts import lines_before
from auditd.tail.cursor import Cursor
from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer
from auditd.tail.whereabouts import whereabouts

OLD = b"".join(b"%04d the first line and those after it\n" % number for number in range(100))
NEW = OLD.replace(b"first", b"later") * 2


def read(log: Path) -> Cursor:
    """Read a log to its end; return where reading stands."""
    tailer = Tailer([TailSource(name="log", files=(str(log),))], [])
    tailer.reconcile()
    (chunk,) = tailer.read(1 << 20)
    tailer.accept(chunk, "")
    tailer.close()
    return chunk.after


def test_a_file_nobody_moved_is_where_it_was_also_when_it_has_grown(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(OLD)
    cursor = read(log)
    log.write_bytes(OLD + NEW)
    assert whereabouts(cursor) == str(log)


def test_a_renamed_file_is_found_and_the_new_one_at_its_old_path_is_not_taken_for_it(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(OLD)
    cursor = read(log)
    log.rename(tmp_path / "app.log.1")
    log.write_bytes(NEW)
    assert whereabouts(cursor) == str(tmp_path / "app.log.1")
    (tmp_path / "app.log.1").unlink()
    assert whereabouts(cursor) is None


def test_the_copy_of_a_truncated_file_counts_as_the_file(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(OLD)
    cursor = read(log)
    shutil.copy(log, tmp_path / "app.log.1")
    log.write_bytes(NEW)
    assert whereabouts(cursor) == str(tmp_path / "app.log.1")


def test_a_short_file_is_known_by_its_inode_because_others_may_start_alike(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"header\n")
    cursor = read(log)
    log.rename(tmp_path / "kept.log")
    log.write_bytes(b"header\n")
    assert whereabouts(cursor) == str(tmp_path / "kept.log")


def test_a_compressed_file_is_found_by_its_content_and_its_lines_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(OLD)
    cursor = read(log)
    log.unlink()
    log.write_bytes(NEW)
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(NEW))
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(OLD))
    found = whereabouts(cursor)
    assert found == str(tmp_path / "app.log.2.gz")
    assert lines_before(Path(found), cursor.offset) == 100
    assert lines_before(Path(found), cursor.offset + 1) is None
