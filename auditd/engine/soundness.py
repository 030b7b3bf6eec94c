"""Whether archive and database are whole and belong together: asked before anything is written.

A state that is torn or half missing must never be taken for a new one: that would read logs again as if for the first
time, or go on without what was found. It must never change the database or a segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DatabaseError, DBAPIError

from auditd.archive.archive import Archive
from auditd.archive.segment import sync_folder
from auditd.archive.tables import SegmentRow
from auditd.database import reading
from auditd.engine.faults import is_damage

MARK: Final = ".in-use"
_TEXT: Final = (
    'A database names the files of this archive. If it is lost, see "Damaged state" in docs/operations.md.\n'
)


class StateDamaged(Exception):
    """The database or the archive is damaged, or one of them is missing. `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@contextmanager
def told_when_damaged() -> Iterator[None]:
    """Turn what a driver says of a damaged database file into StateDamaged; let everything else through."""
    try:
        yield
    except DatabaseError as error:
        if not is_damage(error):
            raise
        raise damaged_database() from error


def damaged_database() -> StateDamaged:
    """Return what is said of a damaged database file."""
    return StateDamaged(
        "the database file is damaged",
        "restore database and archive together from a backup; see Damaged state in docs/operations.md",
    )


def check(archive: Archive, engine: Engine) -> None:
    """Raise StateDamaged where the database file is damaged, or archive and database are not of each other.

    All of a database file is read only where it is not as the last clean stop left it: that takes minutes with a large
    one.
    """
    if engine.dialect.name == "sqlite" and not _is_as_left(engine):
        with told_when_damaged():
            _check_file(engine)
    check_pair(archive, engine)


def take_up(engine: Engine) -> None:
    """Forget, durably, how the last clean stop left the database file: from now on only another one vouches for it."""
    note = _note_of(engine)
    if note is not None and note.exists():
        note.unlink()
        sync_folder(note.parent)


def put_down(engine: Engine) -> None:
    """Note how a clean stop leaves the database file. Where that fails it is looked through at the next start."""
    note = _note_of(engine)
    if note is None:
        return
    with suppress(OSError, DBAPIError, SqliteError):
        with closing(engine.raw_connection()) as raw:  # outside any transaction
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        note.write_text(_stamp(engine), encoding="utf-8")


def _note_of(engine: Engine) -> Path | None:
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    return Path(f"{engine.url.database}.left")


def _stamp(engine: Engine) -> str:
    status = Path(engine.url.database or "").stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}\n"


def _is_as_left(engine: Engine) -> bool:
    note = _note_of(engine)
    try:
        return note is not None and note.read_text(encoding="utf-8") == _stamp(engine)
    except (OSError, UnicodeDecodeError):
        return False


def _check_file(engine: Engine) -> None:
    with reading(engine) as conn:
        said = conn.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if said != "ok":
        raise damaged_database()


def check_pair(archive: Archive, engine: Engine) -> None:
    """Raise StateDamaged where archive and database are not of each other, or one of them was lost."""
    with told_when_damaged(), reading(engine) as conn:
        named = conn.execute(select(func.count()).select_from(SegmentRow)).scalar_one()
    if not named and (archive.root / MARK).exists() and any(archive.root.glob("family=*/day=*/*.parquet")):
        raise StateDamaged(
            "the archive holds events, but the database knows nothing of them: is it the right one, or was it lost?",
            "restore the database from the backup that belongs to this archive; or, to read all logs again from "
            f"their beginning, move {archive.root} away",
        )
    segments = archive.segments()
    if segments and not any((archive.root / segment.path).exists() for segment in segments):
        raise StateDamaged(
            f"the database names {len(segments)} files of the archive, and none of them is there",
            f"mount or restore {archive.root} from the backup that belongs to this database; or, to read all logs "
            "again from their beginning, move the database away too",
        )


def mark(archive: Archive) -> None:
    """Say in the archive, durably, that a database names its files."""
    path = archive.root / MARK
    if not path.exists() and archive.segments():
        path.write_text(_TEXT, encoding="utf-8")
        sync_folder(path.parent)
