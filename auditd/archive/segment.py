"""One Parquet segment on disk, written so that a row that names it can be believed after a power cut.

Order: temporary file, fsync, rename, fsync of the folder; only then may SQL name it. It must never overwrite a file.
"""

from __future__ import annotations

import io
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

import polars as pl

ROW_GROUP_ROWS: Final = 65_536
ZSTD_LEVEL_MERGED: Final = 6
PART_SUFFIX: Final = ".part"
MAGIC: Final = b"PAR1"  # a Parquet file begins and ends with it; one full of zeros does not


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the archive; segment_id is 0 until the manifest names it. Times are UTC, path is relative."""

    segment_id: int
    family: str
    day: str
    source: str
    path: str
    rows: int
    bytes: int
    min_time: datetime
    max_time: datetime
    sha256: str
    level: int


def write_segment(
    root: Path, frame: pl.DataFrame, *, family: str, day: str, source: str = "", level: int = 0
) -> Segment:
    """Write `frame` (it has a `timestamp` column and at least one row) durably; return what the manifest must say."""
    buffer = io.BytesIO()
    if level:
        frame.write_parquet(
            buffer,
            compression="zstd",
            compression_level=ZSTD_LEVEL_MERGED,
            row_group_size=ROW_GROUP_ROWS,
        )
    else:
        # Soon merged, and found by the manifest's times: quick to write counts, size and statistics do not.
        frame.write_parquet(buffer, compression="lz4", statistics=False, row_group_size=ROW_GROUP_ROWS)
    relative = Path(f"family={family}", f"day={day}", f"{uuid.uuid4().hex}.parquet")
    with buffer.getbuffer() as data:
        _write_durably(root, relative, data)
        size, digest = len(data), sha256(data).hexdigest()
    first, last = frame.select(
        pl.col("timestamp").min().alias("first"), pl.col("timestamp").max().alias("last")
    ).row(0)
    return Segment(
        segment_id=0,
        family=family,
        day=day,
        source=source,
        path=relative.as_posix(),
        rows=frame.height,
        bytes=size,
        min_time=first.astimezone(UTC),
        max_time=last.astimezone(UTC),
        sha256=digest,
        level=level,
    )


def is_intact(root: Path, segment: Segment, *, thorough: bool = False) -> bool:
    """Whether the segment's file is there, of the size and kind it had when it was written; thorough: with its hash.

    OSError where it cannot be looked at.
    """
    try:
        with (root / segment.path).open("rb") as file:
            if os.fstat(file.fileno()).st_size != segment.bytes:
                return False
            if thorough:
                return file_digest(file, "sha256").hexdigest() == segment.sha256
            head = file.read(len(MAGIC))
            file.seek(-len(MAGIC), os.SEEK_END)
            return head == file.read() == MAGIC
    except (FileNotFoundError, NotADirectoryError):
        return False


def _write_durably(root: Path, relative: Path, data: memoryview) -> None:
    target = root / relative
    _make_folder(target.parent)
    part = target.with_suffix(PART_SUFFIX)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
        sync_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    """Create the folder and its parents, each made durable in the folder that holds it."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(mode=0o750, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
