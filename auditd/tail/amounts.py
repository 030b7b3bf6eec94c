"""How much there is of a log file, how much more there was, and how much of it was lost unread.

It must never count what was lost twice: what is told once is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditd.tail.compressed import CompressedContent
from auditd.tail.content import Content, Extent


@dataclass(slots=True)
class Amounts:
    """Bytes of one file, as far as known.

    size: bytes of the log; disk_size: of the file on disk, smaller where it is compressed. modified_ns: when it was
    last written to; changed_at: when we last saw it change, on the monotonic clock. whole, damaged: a compressed file was
    decoded to its end, or cannot be. promised: bytes that a plain file had when a compressed copy took its place.
    """

    size: int
    disk_size: int
    changed_at: float
    modified_ns: int = 0
    whole: bool = False
    damaged: bool = False
    promised: int = 0
    lost: int = 0
    lost_reason: str = ""

    def unchanged(self, extent: Extent) -> bool:
        """Whether the file on disk is as it was seen last."""
        return (extent.disk_size, extent.modified_ns) == (self.disk_size, self.modified_ns)

    def note(self, extent: Extent, content: Content | None, now: float) -> None:
        """Take over what was seen of the file."""
        if extent.disk_size != self.disk_size:
            self.changed_at = now
        self.size, self.disk_size, self.modified_ns = extent.size, extent.disk_size, extent.modified_ns
        self.measure(content)

    def measure(self, content: Content | None) -> None:
        """Note how much a compressed file holds, now that more of it was decoded."""
        if not isinstance(content, CompressedContent):
            return
        self.whole, self.damaged = content.whole, content.broken
        self.size = content.size
        if self.whole:
            self.lose(self.promised - self.size, "truncated")
            self.promised = 0
        elif not self.damaged:
            self.size = max(self.size, self.promised)

    def lose(self, count: int, reason: str) -> None:
        """Count bytes that were known to exist and were destroyed unread."""
        if count > 0:
            self.lost += count
            self.lost_reason = reason

    def tell_lost(self) -> tuple[int, str]:
        """Return what was lost and why, and forget it."""
        told = self.lost, self.lost_reason
        self.lost = 0
        return told
