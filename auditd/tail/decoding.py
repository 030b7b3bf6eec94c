"""Cuts lines out of a compressed file, a piece of decoding at a time. It must never decode far ahead of what is cut."""

from __future__ import annotations

from typing import Final

from auditd.tail.compressed import CompressedContent
from auditd.tail.scan import Cut, Scan

DECODED_BYTES: Final = 64 << 20  # without a line in them, and then somebody else's turn comes


def cut_decoded(
    content: CompressedContent, scan: Scan, block_bytes: int, *, ended: bool, quiet: bool
) -> Cut | None:
    """Return the next complete lines, or None when there is none so far. OSError moves nothing.

    ended: nothing follows the end of the stream, so an unfinished last line counts as complete once it is reached.
    quiet: a record whose quote is open is not waited for.
    """
    place = scan.searched + block_bytes
    limit = max(content.known, place) + DECODED_BYTES
    while True:
        known = content.reach(place)
        cut = scan.cut(content, known, block_bytes, ended=ended and content.whole, quiet=quiet)
        if cut is not None:
            return cut
        content.forget(scan.needed)
        if not content.more or known >= limit:
            return None
        place = known + block_bytes
