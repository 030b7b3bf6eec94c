"""Tells when a file has ended, so that its last line counts even without a newline.

It must never end a file to which somebody may still write.
"""

from __future__ import annotations

import time
from typing import Final

from auditd.tail.file import LogFile
from auditd.tail.recognise import Recognition
from auditd.tail.source import TailSource

PATIENCE: Final = (
    10  # settle times to wait for the first line of the new file before the old one counts as ended
)


class Endings:
    """Ends the files of one source."""

    def __init__(self, source: TailSource, recognition: Recognition, *, settle_seconds: float) -> None:
        self._source = source
        self._recognition = recognition
        self._settle = settle_seconds

    def consider(self, file: LogFile, now: float) -> None:
        """End a file that was rotated away, once its writer has been quiet and has moved on, or that is complete.

        OSError when it must be looked at for that and cannot be.
        """
        idle = now - file.amounts.changed_at
        if file.compressed:
            self._consider_compressed(file, idle, now)
            return
        enough = self._settle if file.succeeded else PATIENCE * self._settle
        open_or_done = file.key is not None and file.chunk is None and not file.unsearched
        if file.key is not None and file.chunk is None and file.unsearched and not file.ending:
            # NULs at its end are left for a writer to fill; there is none any more.
            file.ending = file.replaced and idle >= enough and file.has_only_nuls_left()
            return
        if open_or_done and file.content is not None:
            file.ending = file.ending or (file.replaced and idle >= enough) or self._is_complete(file, idle)
        elif open_or_done and file.prints is not None and file.missing_since is None:
            # Closed to keep the descriptors few, unchanged since: complete as it stands, or open again for its last line.
            ended = (file.replaced and idle >= enough) or self._is_complete(file, idle)
            file.ending = file.ending or (ended and self._can_end(file, now))

    def hindrance(self, file: LogFile, now: float) -> str | None:
        """Return why a compressed file cannot be read to its end: a key of PROBLEM_REASONS."""
        if file.amounts.damaged:
            return "corrupt"
        waits_long = file.breaks_off and now - file.amounts.changed_at >= PATIENCE * self._settle
        return "incomplete" if waits_long else None

    def _consider_compressed(self, file: LogFile, idle: float, now: float) -> None:
        """End a compressed file whose stream has ended; of a damaged one, give up what cannot be decoded."""
        if file.key is None or file.chunk is not None or file.unsearched or idle < self._settle:
            return
        if file.amounts.damaged and not file.ending:
            file.abandon("corrupt")
        elif file.amounts.whole and not file.ending:
            file.ending = file.content is not None or self._can_end(file, now)

    def _can_end(self, file: LogFile, now: float) -> bool:
        """Tell whether nothing of a closed file is left, else whether it is open again, to be read to its end."""
        return not file.unread or self._recognition.open(file, file.location, now)

    def _is_complete(self, file: LogFile, idle: float) -> bool:
        """Tell whether a file of a log that is delivered in whole files has been left alone for long enough."""
        limit = self._source.complete_after_seconds
        return limit is not None and max(idle, time.time() - file.amounts.modified_ns / 1e9) >= limit
