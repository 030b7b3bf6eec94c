"""What to read: one configured log as the tailer sees it. It must never know formats or configuration files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TailSource:
    """One log, in one file or many.

    files: glob patterns, `**` allowed. max_line_bytes: a line longer than this is skipped, and counted.
    """

    name: str
    files: tuple[str, ...]
    max_line_bytes: int = 1 << 20
