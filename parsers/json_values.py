"""One JSON line to the values at some paths, or to why it has none: the slow and exact reading beside `json_lines`.

It must never take more than linear time, nor nest deeper than DEEPEST, nor choose between two members of one name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from parsers.json_paths import EACH, MOST_STEPS, Path

DEEPEST: Final = 200
_ELEMENTS: Final = 3
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACKET: Final = re.compile(r"[\[{\]}]")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a line gives no values: a key of REJECT_REASONS, and more about it."""

    reason: str
    detail: str | None = None


class _Number(str):
    """A number as text."""

    __slots__ = ()


class _Repeating(dict[str, Any]):
    """An object with names that have more than one value."""

    def __init__(self, members: dict[str, Any], repeated: frozenset[str]) -> None:
        super().__init__(members)
        self.repeated = repeated


class _RepeatedError(Exception):
    """A member on the way to a value stands twice."""


def read_one(line: str, paths: Sequence[Path]) -> list[Any] | Refused:
    """Return the values at paths of a line that holds one JSON object: text, lists of text, or None; else why not."""
    if line.count("{") + line.count("[") > DEEPEST and _depth(line) > DEEPEST:
        return Refused("bad_json", "nested too deeply")
    try:
        record = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return Refused("bad_json")
    if not isinstance(record, dict):
        return Refused("bad_json", "not an object")
    try:
        values = [_value(record, path) for path in paths]
    except _RepeatedError as repeated:
        return Refused("repeated_field", str(repeated))
    return _refused_text(values) or values


def places_of(line: str, names: Collection[str]) -> list[Path]:
    """Return where in a line's object members of these names stand: paths to values, none through an array's places.

    A member that holds an object is told of by its own members, whatever they are called.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    found: list[Path] = []
    waiting: list[tuple[Path, Any]] = [((), record)]
    while waiting:
        path, place = waiting.pop()
        if len(path) >= MOST_STEPS:
            continue
        if isinstance(place, dict):
            named = bool(path) and path[-1] in names
            for at, (name, value) in enumerate(place.items()):
                step = (*path, name)
                if isinstance(value, dict | list) and value:
                    waiting.append((step, value))
                elif name in names or (named and at == 0):
                    found.append(step)
        elif isinstance(place, list) and EACH not in path:
            waiting += [((*path, EACH), element) for element in place[:_ELEMENTS]]
    return found


def number(text: str) -> str:
    """Return a number as text: whole ones as written, others in decimal notation without needless zeros.

    `1.50` is `1.5`, `1e3` is `1000`. They are read as 64-bit floats; those too large for one stay as written.
    """
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return text
    plain = format(Decimal(repr(value)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _whole(text: str) -> _Number:
    return _Number("0" if text == "-0" else text)


def _not_json(text: str) -> NoReturn:
    raise ValueError(text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    # A member that is null says nothing, wherever it stands.
    told = [(name, value) for name, value in pairs if value is not None]
    members = dict(told)
    counts = Counter(name for name, _ in told)
    return _Repeating(members, frozenset(name for name, count in counts.items() if count > 1))


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_float=lambda text: _Number(number(text)),
    parse_int=_whole,
    parse_constant=_not_json,
)


def _value(place: Any, steps: Path) -> Any:
    """Return what steps lead to: text, a list of text where they go to every element, or None."""
    for at, step in enumerate(steps):
        if step is EACH:
            if place is None:
                return None
            elements = place if isinstance(place, list) else [place]
            return [_value(element, steps[at + 1 :]) for element in elements]
        if isinstance(step, str):
            if isinstance(place, _Repeating) and step in place.repeated:
                raise _RepeatedError(step)
            place = place.get(step) if isinstance(place, dict) else None
        elif isinstance(place, list):
            place = place[step] if isinstance(step, int) and step < len(place) else None
        elif step != 0:
            place = None
    return _text(place)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def _refused_text(values: list[Any]) -> Refused | None:
    for value in values:
        for text in value if isinstance(value, list) else [value]:
            if text is None:
                continue
            if "\0" in text:
                return Refused("binary")
            try:
                text.encode()
            except UnicodeEncodeError:
                return Refused("not_text")
    return None


def _depth(line: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", line)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
