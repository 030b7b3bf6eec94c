"""What the tailer says about itself: how far behind it is, and what it cannot do. It must never hold log content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PROBLEM_REASONS: Final[dict[str, str]] = {
    "no_match": "no file matches the pattern (yet)",
    "permission_denied": "the file or its folder may not be read: grant the daemon's user read access",
    "read_failed": "the file or its folder cannot be read at present; reading resumes by itself",
    "compressed": "files compressed as .zip or .Z are not read: narrow the pattern",
    "corrupt": "a compressed file is damaged: what can be decoded is read, the rest is counted as lost",
    "incomplete": "a compressed file ends in the middle and does not grow: its rest is waited for",
    "watch_limit": "change notices are unavailable; files are looked at every tick instead",
}


@dataclass(frozen=True, slots=True)
class Behind:
    """Of one source: bytes on disk not yet accepted, in how many files, and the age of the oldest of them."""

    bytes: int = 0
    files: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a source from being read. reason is a key of PROBLEM_REASONS; detail is for people."""

    source: str
    path: str
    reason: str
    detail: str = ""
