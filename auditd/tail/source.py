"""What to read: one configured log as the tailer sees it. It must never know formats or configuration files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parsers.encodings import Declared
from parsers.format import Block

IsSplit = Callable[[Block, bytes, str], bool]
"""Whether a line without an end and what follows it elsewhere are one record, after lines that left this state."""


@dataclass(frozen=True, slots=True)
class TailSource:
    """One log, in one file or many.

    files: glob patterns, `**` allowed. max_line_bytes: a line longer than this is skipped, and counted.
    complete_after_seconds: for logs that are delivered as whole files: a file that has not changed for so long is
    complete, so its last line counts even without a newline, and it is closed. None: a file may always grow.
    encoding: of its text. joins_lines: records may hold newlines in quotes, so blocks end where a record does.
    is_split: asks the format whether two halves, parted by rotation, are one record; None: they never are.
    """

    name: str
    files: tuple[str, ...]
    max_line_bytes: int = 1 << 20
    complete_after_seconds: float | None = None
    encoding: Declared = "auto"
    joins_lines: bool = False
    is_split: IsSplit | None = None
