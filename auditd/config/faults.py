"""What is wrong with a configuration file: every fault at once, each with its place, the reason and a way out.

It must never show a password: the value of `storage.database` stays out of every fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

Raw = Mapping[str, Any]
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the file, the key path like `sources[2].zone` (counted from 0), its line, why, and a hint."""

    file: Path
    key: str
    line: int | None
    why: str
    hint: str = ""

    def __str__(self) -> str:
        place = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        where = f"{place}: {self.key}" if self.key else place
        return f"{where}: {self.why}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(Exception):
    """A configuration that cannot be used; `faults` holds all of its faults, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.key)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Complaint:
    """A fault before it is located: the key path, why, and a hint."""

    path: KeyPath
    why: str
    hint: str = ""


def tables(raw: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    """Yield the well-formed tables of an array of tables, with their index."""
    found = raw.get(key)
    for index, table in enumerate(found if isinstance(found, list) else []):
        if isinstance(table, dict):
            yield index, table


def written(path: KeyPath) -> str:
    """Return a key path as a person reads it: `sources[2].zone`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def suggestion(word: str, known: Sequence[str], *, kind: str) -> str:
    """Return a hint for a word that is not among the known ones: the nearest, else all of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"{kind}: {', '.join(known)}" if known else f"there are no {kind}"
