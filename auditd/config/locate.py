"""On which line of a TOML file a key stands: tomllib gives values without places. It must never judge values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from auditd.config.faults import KeyPath

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_ARRAY_TABLE: Final = re.compile(rf"\s*\[\[\s*({_KEY})\s*\]\]")
_TABLE: Final = re.compile(rf"\s*\[\s*({_KEY})\s*\]")
_ASSIGNMENT: Final = re.compile(rf"\s*({_KEY})\s*=")
_TOKEN: Final = re.compile(r'"""|' + r"'''|" + r'"(?:[^"\\]|\\.)*"|' + r"'[^']*'|#.*|[\[\]{}]")


@dataclass(slots=True)
class _Reader:
    """Where the reading stands: the table, how many tables each array has, what is still open."""

    table: KeyPath = ()
    counts: dict[KeyPath, int] = field(default_factory=dict)
    open_text: str = ""
    depth: int = 0

    def resolve(self, names: list[str]) -> KeyPath:
        """Return the path of a header's names, with the index of the latest table where an array is crossed."""
        path: KeyPath = ()
        for name in names:
            path = (*path, name)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def skip(self, rest: str) -> None:
        """Follow multi-line strings, arrays and inline tables over `rest` of a line."""
        while rest:
            if self.open_text:
                _, closing, rest = rest.partition(self.open_text)
                self.open_text = "" if closing else self.open_text
                continue
            token = _TOKEN.search(rest)
            if token is None:
                return
            found, rest = token.group(), rest[token.end() :]
            if found in {'"""', "'''"}:
                self.open_text = found
            elif found in "[{":
                self.depth += 1
            elif found in "]}":
                self.depth -= 1


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every table header and key; tables in arrays carry their index from 0."""
    reader = _Reader()
    lines: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if reader.open_text or reader.depth:
            reader.skip(line)
        elif header := _ARRAY_TABLE.match(line):
            names = _names(header.group(1))
            array = (*reader.resolve(names[:-1]), names[-1])
            reader.counts[array] = reader.counts.get(array, 0) + 1
            reader.table = (*array, reader.counts[array] - 1)
            lines.setdefault(array, number)
            lines[reader.table] = number
        elif header := _TABLE.match(line):
            reader.table = reader.resolve(_names(header.group(1)))
            lines[reader.table] = number
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*reader.table, *_names(assignment.group(1))), number)
            reader.skip(line[assignment.end() :])
    return lines


def nearest_line(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """Return the line of the key, else of the nearest table or key around it, else None."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _names(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]
