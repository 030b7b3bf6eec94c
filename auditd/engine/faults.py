"""What can go wrong with the store - disk or database - told apart from bugs, in words that say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from polars.exceptions import PolarsError
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

_ERRNO_REASONS: Final = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.EIO: "io_error",
}
ADVICE: Final = {
    "disk_full": "the archive's disk is full: free space or grow it; reading resumes by itself",
    "read_only": "the archive's file system is read-only: remount it; reading resumes by itself",
    "permission_denied": "the daemon may not write its archive: give its user the folder; reading resumes by itself",
    "io_error": "the archive's disk reports errors: check the kernel log; reading resumes by itself if it recovers",
    "database_damaged": "the database file is damaged: stop, restore database and archive together from a backup",
    "database": "the database refuses: check that it is running and has space; reading resumes by itself",
}


def is_damage(error: DatabaseError) -> bool:
    """Whether the driver says that the database file itself is damaged."""
    said = str(error.orig).lower()
    return "malformed" in said or "not a database" in said


class StoreUnavailable(Exception):
    """The archive's disk or the database refused; nothing moved. `reason` is a key of ADVICE."""

    def __init__(self, reason: str) -> None:
        super().__init__(ADVICE[reason])
        self.reason = reason


def store_reason(error: OSError) -> str:
    """Return why the operating system refuses, as a key of ADVICE."""
    return _ERRNO_REASONS.get(error.errno or 0, "io_error")


@contextmanager
def store_faults() -> Iterator[None]:
    """Turn refusals of disk and database into StoreUnavailable; let bugs through."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(store_reason(error)) from error
    except OperationalError as error:
        if is_damage(error):
            raise StoreUnavailable("database_damaged") from error
        raise StoreUnavailable("disk_full" if "full" in str(error.orig) else "database") from error
    except DBAPIError as error:
        if isinstance(error, DatabaseError) and is_damage(error):
            raise StoreUnavailable("database_damaged") from error
        if not error.connection_invalidated:
            raise
        raise StoreUnavailable("database") from error
    except PolarsError as error:
        if "os error" not in str(error).lower():
            raise
        raise StoreUnavailable("io_error") from error
