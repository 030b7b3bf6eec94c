"""The places where logs are written: what was rotated away from them, seen or unseen, and which files still stand there.

It must never begin a file that lay at a place before the log was first seen there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from auditd.tail.decoders import decoder_of
from auditd.tail.discover import Folders, Sighting, sight
from auditd.tail.file import LogFile
from auditd.tail.finished import Finished
from auditd.tail.places import Places
from auditd.tail.waiting import Waiting


class Homes:
    """The homes of one source's files.

    files: those being read, as they are from now on. begin: called to read a file nobody reads, with its home.
    """

    def __init__(
        self,
        files: Sequence[LogFile],
        finished: Finished,
        places: Places,
        waiting: Waiting,
        *,
        begin: Callable[[Sighting, str, float], None],
        report: Callable[[str, OSError], None],
    ) -> None:
        self._files = files
        self._finished = finished
        self._places = places
        self._waiting = waiting
        self._begin = begin
        self._report = report
        self._rotated_names: dict[str, tuple[int, bool]] = {}

    def follow(self, sightings: Sequence[Sighting], folders: Folders, now: float) -> None:
        """See which files no longer stand where their log is written, and whether rotations were missed there."""
        at_home: dict[str, list[LogFile]] = {}
        for file in self._files:
            if file.key is not None:
                at_home.setdefault(file.home, []).append(file)
        known = {sighting.path: sighting for sighting in sightings}
        for home, files in at_home.items():
            try:
                here = known.get(home) or sight(home)
            except (FileNotFoundError, NotADirectoryError):
                here = None
            except OSError as error:
                self._report(home, error)
                continue
            key = here.key if here else None
            since_ns = self._places.may_hide_files(
                home,
                key,
                folder_ns=folders.modified_ns(os.path.dirname(home)),  # noqa: PTH120  a Path per file and look costs
                now_ns=time.time_ns(),
            )
            if since_ns is not None and decoder_of(home) is None:
                before = max((file.amounts.modified_ns for file in files if file.key != key), default=0)
                self.catch_up(home, since_ns or before, folders, now)
            for file in files:
                self._stands(file, here, folders)

    def catch_up(self, home: str, since_ns: int, folders: Folders, now: float) -> None:
        """Read what was written and rotated away at `home` since it was last looked at, and never seen."""
        if not since_ns:
            return
        taken = {file.key for file in self._files}
        missed = [
            one for one in folders.rotations(home) if one.modified_since(since_ns) and one.key not in taken
        ]
        for sighting in sorted(missed, key=lambda one: one.modified_ns):
            if sighting.compressed:
                self._waiting.add(sighting, home, since_ns, now)
            else:
                self._begin(sighting, home, now)

    def take_in_waiting(self, now: float) -> None:
        """Read compressed copies that were never seen before, once they are written."""
        taken = {file.key for file in self._files}
        for sighting, home in self._waiting.ripe(now):
            if sighting.key not in taken:
                self._begin(sighting, home, now)
                taken = {file.key for file in self._files}
            if sighting.key in taken or self._finished.knows_unchanged(sighting):
                self._waiting.remove(sighting)

    def forget(self, home: str) -> None:
        """Let go of what is known of a place that no file being read stands at."""
        self._rotated_names.pop(home, None)

    def _stands(self, file: LogFile, here: Sighting | None, folders: Folders) -> None:
        file.replaced = here is None or here.key != file.key or self._has_rotated_name(file.home, folders)
        file.succeeded = here is None or here.size > 0
        if not file.replaced and file.amounts.modified_ns:
            file.live_modified_ns = file.amounts.modified_ns
            self._places.modified(file.home, file.amounts.modified_ns)

    def _has_rotated_name(self, path: str, folders: Folders) -> bool:
        """Whether a file that never had another name was rotated to it all the same: its log lies beside it."""
        folder_ns = folders.modified_ns(os.path.dirname(path))  # noqa: PTH120  a Path per file and look costs
        known = self._rotated_names.get(path)
        if known is None or known[0] != folder_ns:
            known = self._rotated_names[path] = (folder_ns, folders.has_live(path))
        return known[1]
