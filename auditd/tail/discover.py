"""Which files there are: globs and folders to sightings. stat is the truth; nothing is opened here.

It must never take a failure to look for an absence.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditd.tail.content import Damaged, Key, NotYet
from auditd.tail.decoders import UNREADABLE, decoder_of, plain_name
from auditd.tail.report import Problem
from auditd.tail.source import TailSource

_ROTATED: Final = re.compile(r"[.\-_]?\d[\w.:\-]*|[.\-_](?:old|bak|prev|orig|save)|~", re.IGNORECASE)
_DATED: Final = re.compile(r"[.\-_]\d[\dT:.\-_]*")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A regular file as stat saw it at a path."""

    path: str
    device: int
    inode: int
    size: int
    modified_ns: int

    @property
    def key(self) -> Key:
        """Device and inode."""
        return (self.device, self.inode)

    @property
    def compressed(self) -> bool:
        """Whether its bytes must be decoded, by its name."""
        return decoder_of(self.path) is not None

    def modified_since(self, moment_ns: int) -> bool:
        """Whether it was modified then or later; compressed files may carry their original's time without fractions."""
        return self.modified_ns >= (moment_ns - moment_ns % 1_000_000_000 if self.compressed else moment_ns)


def sight(path: str) -> Sighting | None:
    """Return what is at `path`, None when it is no regular file; OSError when there is nothing or it cannot be seen."""
    status = os.stat(path)  # noqa: PTH116  a Path per file and tick costs more than the stat
    if not stat.S_ISREG(status.st_mode):
        return None
    return Sighting(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def discover(source: TailSource) -> tuple[list[Sighting], list[Problem]]:
    """Return the source's files, oldest first, each file once however many paths lead to it, and what went wrong."""
    found: dict[Key, Sighting] = {}
    problems: list[Problem] = []
    for pattern in source.files:
        paths = _expand(pattern)
        readable = [path for path in paths if not path.endswith(UNREADABLE)]
        if not paths:
            problems.append(_unmatched(source.name, pattern))
        elif len(readable) < len(paths):
            problems.append(
                Problem(source.name, pattern, "compressed", f"{len(paths) - len(readable)} files")
            )
        for path in readable:
            try:
                sighting = sight(path)
            except OSError as error:
                problems += trouble(source.name, path, error)
                continue
            if sighting is not None:
                found.setdefault(sighting.key, sighting)
    return sorted(found.values(), key=lambda sighting: (sighting.modified_ns, sighting.path)), problems


def siblings(home: str) -> Iterator[Sighting]:
    """Yield the files beside a log that its rotation may have made, and those beside the target of a link."""
    for folder in _rotation_folders(home):
        yield from _within(folder)


def _rotation_folders(home: str) -> list[str]:
    return sorted({str(Path(home).parent), str(Path(os.path.realpath(home)).parent)})


def _within(folder: str) -> Iterator[Sighting]:
    """Yield the regular files of a folder; none where it cannot be seen."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  names alone, for thousands of files
    except OSError:
        return
    for name in sorted(names):
        with suppress(OSError):
            if (sighting := sight(f"{folder}/{name}")) is not None:
                yield sighting


class Folders:
    """Folder listings, each made once: keep one for a single look at the disk."""

    def __init__(self) -> None:
        self._files: dict[str, dict[Key, Sighting]] = {}
        self._beside: dict[str, dict[Key, Sighting]] = {}
        self._names: dict[str, list[str]] = {}
        self._modified_ns: dict[str, int] = {}

    def modified_ns(self, folder: str) -> int:
        """Return when names last appeared in or left the folder, 0 when it cannot be seen."""
        if folder not in self._modified_ns:
            try:
                self._modified_ns[folder] = os.stat(folder).st_mtime_ns  # noqa: PTH116 - a text, thousands of times a look
            except OSError:
                self._modified_ns[folder] = 0
        return self._modified_ns[folder]

    def beside(self, home: str) -> dict[Key, Sighting]:
        """Return what `siblings` yields, by device and inode."""
        if home not in self._beside:
            folders = [self._seen(folder) for folder in _rotation_folders(home)]
            self._beside[home] = folders[0] if len(folders) == 1 else folders[0] | folders[1]
        return self._beside[home]

    def _seen(self, folder: str) -> dict[Key, Sighting]:
        if folder not in self._files:
            self._files[folder] = {one.key: one for one in _within(folder)}
        return self._files[folder]

    def rotations(self, home: str) -> Iterator[Sighting]:
        """Yield the files beside a log whose names its rotation makes."""
        folder, _, name = home.rpartition("/")
        names = self._listed(folder or "/")
        stem = Path(name).stem
        for place in range(bisect_left(names, stem), len(names)):
            if not names[place].startswith(stem):
                return
            path = f"{folder}/{names[place]}"
            if is_rotation_of(home, path):
                with suppress(OSError):
                    if (sighting := sight(path)) is not None:
                        yield sighting

    def has_live(self, path: str) -> bool:
        """Whether a log lies beside the file at `path` whose rotation made its name."""
        folder, _, name = path.rpartition("/")
        names = self._listed(folder or "/")
        suffix = Path(name).suffix
        for length in range(1, len(name)):
            for live in {name[:length], name[:length] + suffix}:
                place = bisect_left(names, live)
                found = place < len(names) and names[place] == live
                if found and is_rotation_of(f"{folder}/{live}", path):
                    return True
        return False

    def _listed(self, folder: str) -> list[str]:
        if folder not in self._names:
            try:
                self._names[folder] = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths, thousands of times a look
            except OSError:
                self._names[folder] = []
        return self._names[folder]


def is_rotation_of(home: str, path: str) -> bool:
    """Whether the name at `path` is one that rotating `home` makes: app.log.1, app.log-20260401.gz, app-20260401.log.

    Not every name that begins alike: app.log.offset or app.log.lock are somebody else's.
    """
    live, other = Path(plain_name(home)), Path(plain_name(path))
    if other.name == live.name:
        return Path(home).name != Path(path).name
    if path.endswith(UNREADABLE):
        return False
    if other.name.startswith(live.name):
        return _ROTATED.fullmatch(other.name, len(live.name)) is not None
    dated = other.name.startswith(live.stem) and other.suffix == live.suffix != ""
    return dated and _DATED.fullmatch(other.stem, len(live.stem)) is not None


def folders_of(patterns: Iterable[str]) -> set[str]:
    """Return the folders in which a change may concern the patterns: those that exist, or their nearest parent."""
    folders: set[str] = set()
    for pattern in patterns:
        parent = str(Path(pattern).parent)
        matched = _expand(parent) if glob.has_magic(parent) else [parent]
        folders |= {folder for folder in matched if Path(folder).is_dir()}
        folders.add(_existing(_fixed_part(parent)))
    return folders


def trouble(source: str, path: str, error: OSError) -> list[Problem]:
    """Return the problem an error makes; a file that has just gone, or must be waited for, is none."""
    if isinstance(error, FileNotFoundError | NotYet):
        return []
    if isinstance(error, Damaged):
        return [Problem(source, path, "corrupt")]
    reason = "permission_denied" if isinstance(error, PermissionError) else "read_failed"
    return [Problem(source, path, reason, error.strerror or type(error).__name__)]


def _unmatched(source: str, pattern: str) -> Problem:
    folder = _fixed_part(str(Path(pattern).parent))
    try:
        os.listdir(folder)  # noqa: PTH208 - asked for its error, not for its names
    except (FileNotFoundError, NotADirectoryError):
        return Problem(source, pattern, "no_match")
    except OSError as error:
        return trouble(source, folder, error)[0]
    return Problem(source, pattern, "no_match")


def _fixed_part(pattern: str) -> str:
    """Return a folder pattern's part before the first wildcard."""
    folder = Path(pattern)
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return str(folder)


def _existing(folder: str) -> str:
    path = Path(folder)
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return str(path)


def _expand(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True, include_hidden="/." in pattern))  # noqa: PTH207 - the pattern is absolute, and Path.glob takes none that is
