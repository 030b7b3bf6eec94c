"""Files that come numbered: what a file's name says of its place in a sequence. Pure text.

It must never read a file; a name that does not fit is no fault, it is simply not numbered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Numbered:
    """A file's place in a sequence: which one, its number in it, and the stretch of time that its name gives (UTC).

    first: the number every sequence of the kind begins with; None where it may begin with any.
    """

    series: str
    number: int
    start: datetime
    end: datetime
    first: int | None = None


def minute_of(digits: str) -> datetime | None:
    """Return the UTC minute that twelve digits (yyyymmddhhmm) name, None where there is none."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
