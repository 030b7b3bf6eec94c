"""The plain Python loops that formats are measured beside: what somebody would write in an afternoon."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ]{5,14}")
_CLOCK: Final = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d|\d\d/\d\d/\d{2,4}[ ,;]\d\d:\d\d(?::\d\d)?|\d\d:?\d\d"
)
_DIGITS: Final = re.compile(r"[0-9]+")
_POSTFIX: Final = re.compile(r"(\S+) (\S+) postfix/(\S+)\[\d+\]: ([0-9A-Za-z]+): (.*)")
_PAIR: Final = re.compile(r"([a-z_-]+)=(<[^>]*>|[^,]*)")


def _csv(lines: Sequence[str], separator: str = ",") -> int:
    kept = 0
    for line, row in zip(lines, csv.reader(lines, delimiter=separator), strict=True):
        kept += _event(line, [cell.strip() for cell in row])
    return kept


def _semicolons(lines: Sequence[str]) -> int:
    return _csv(lines, ";")


def _json(lines: Sequence[str]) -> int:
    kept = 0
    for line in lines:
        record: dict[str, Any] = json.loads(line)
        kept += _event(line, [value.strip() for value in record.values() if isinstance(value, str)])
    return kept


def _postfix(lines: Sequence[str]) -> int:
    messages: dict[str, dict[str, str]] = {}
    kept = 0
    for line in lines:
        found = _POSTFIX.match(line)
        if found is None:
            continue
        stamp, _, _, queue, rest = found.groups()
        told = dict(_PAIR.findall(rest))
        message = messages.setdefault(queue, {})
        message.update(told)
        if "to" in told:
            kept += _event(line, [stamp, *(value.strip("<>") for value in message.values())])
    return kept


def _fixed(lines: Sequence[str]) -> int:
    kept = 0
    for line in lines:
        kept += _event(line, line.split())
    return kept


def _event(line: str, cells: list[str]) -> bool:
    """Make of a line's cells what an event needs at least: hash, moment, canonical numbers and addresses."""
    event: dict[str, object] = {"hash": hashlib.sha256(line.encode()).digest(), "cells": cells}
    stamp = _CLOCK.search(line)
    if stamp is not None:
        event["at"] = _moment(stamp[0])
    event["numbers"] = [_number(cell) for cell in cells if _NUMBER.fullmatch(cell)]
    event["addresses"] = [cell.lower() for cell in cells if "@" in cell]
    return bool(event)


def _moment(text: str) -> datetime | str:
    if text[4:5] in ("-", "/"):
        return datetime.fromisoformat(text.replace("/", "-"))
    if text[2:3] != "/":
        return text
    day, month, year, *clock = map(int, _DIGITS.findall(text))
    return datetime(year if year > 99 else 2000 + year, month, day, *clock)  # noqa: DTZ001 - as such a loop would


def _number(text: str) -> str:
    digits = text.replace(" ", "")
    if digits.startswith("0"):
        return "+44" + digits[1:]
    return digits


LOOPS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "csv": _csv,
    "csv;": _semicolons,
    "json": _json,
    "postfix": _postfix,
    "fixed": _fixed,
}
