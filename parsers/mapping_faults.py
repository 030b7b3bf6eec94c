"""What is wrong with a mapping in the configuration: every fault at once, each with its place, why, and a way out.

It reads the raw table, part by part, so that a fault in one part hides none in another. It must never raise, and leaves
wrong types to the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from parsers.event import FAMILIES, SCHEMA, Family
from parsers.mapping_fields import FIELDS, LISTS, MADE, RECORD_ID, REQUIRED, TIMESTAMP, WORDS, Kind
from parsers.mapping_times import fault_of
from parsers.subjects import SUBJECT_TYPES

Raw = Mapping[str, Any]
Path = tuple[str | int, ...]

_SUBJECT_PARTS: Final = {
    "person": (("surname", "forename", "born"), ("born_format",)),
    "address": (("postcode", "number"), ()),
}
_UNCODED: Final = (*LISTS, "time", "whole", "seconds", "identity")
_WITHOUT_DEFAULT: Final = ("time", "identity")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One fault: the path of its key in the options, why, and a hint."""

    path: Path
    why: str
    hint: str = ""


def mapping_faults(raw: Raw) -> Iterator[Refusal]:
    """Yield every fault of `family`, `fields` and `subjects`."""
    given = raw.get("family", "access")
    family = cast("Family", given) if given in FAMILIES else None
    fields, subjects = _table(raw.get("fields")), _table(raw.get("subjects"))
    if family is not None:
        yield from _names(fields, family)
        yield from _required(raw, fields, family)
        yield from _out_of_family(raw, family)
    for name, given in fields.items():
        kind = next((FIELDS[one][name] for one in FAMILIES if name in FIELDS[one]), None)
        if kind is not None and isinstance(given, str | list | dict):
            yield from _field(name, field_table(given), kind)
    for kind_of_subject, given in subjects.items():
        yield from _subject(kind_of_subject, {"key": given} if isinstance(given, str) else _table(given))


def field_table(given: Any) -> Raw:
    """Return the table of a field, however short it is written."""
    return _table({"read": given} if isinstance(given, str | list | tuple) else given)


def texts(given: Any) -> list[str]:
    """Return a text, or the texts of a list, as a list."""
    listed = [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    return [text for text in listed if isinstance(text, str)]


def reads_of(raw: Raw) -> list[tuple[Path, str]]:
    """Return every column or path that a raw table reads, with its place."""
    found: list[tuple[Path, str]] = []
    for field, given in _table(raw.get("fields")).items():
        found += [(("fields", field), name) for name in texts(field_table(given).get("read"))]
    for kind, given in _table(raw.get("subjects")).items():
        parts = {"key": given} if isinstance(given, str) else _table(given)
        found += [
            (("subjects", kind, part), name)
            for part, name in parts.items()
            if isinstance(name, str) and part != "born_format"
        ]
    return found


def nearest(word: str, known: list[str], *, kind: str) -> str:
    """Return a hint for a word that is not among the known ones."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"{kind}: {', '.join(known)}"


def _table(given: Any) -> Raw:
    return given if isinstance(given, dict) else {}


def _names(fields: Raw, family: Family) -> Iterator[Refusal]:
    for name in fields:
        if name in FIELDS[family]:
            continue
        others = [other for other in FAMILIES if name in FIELDS[other]]
        if others:
            why = f"is a field of family {' and '.join(others)}, not of {family}"
            yield Refusal(("fields", name), why, f"family = {others[0]!r}, or leave it out")
        elif name in MADE and any(name in SCHEMA[other] for other in FAMILIES):
            hint = f"map {RECORD_ID!r} instead" if name == "event_id" else "it is made from the others"
            yield Refusal(("fields", name), "cannot be mapped", hint)
        else:
            hint = nearest(name, list(FIELDS[family]), kind=f"fields of {family}")
            yield Refusal(("fields", name), "there is no such field", hint)


def _required(raw: Raw, fields: Raw, family: Family) -> Iterator[Refusal]:
    if not fields:
        if raw.get("fields") is None and (raw.get("subjects") or raw.get("columns")):
            yield Refusal(("fields",), "is missing", "say which of the log's columns becomes which field")
        return
    for group in REQUIRED[family]:
        if not any(name in fields for name in group):
            hint = f"{group[0]} = 'its name in the log'"
            yield Refusal(("fields",), f"{' or '.join(group)} must be mapped for family {family}", hint)


def _out_of_family(raw: Raw, family: Family) -> Iterator[Refusal]:
    if raw.get("subjects") and family != "access":
        yield Refusal(("subjects",), f"events of family {family} have no subject", "leave it out")


def _field(name: str, table: Raw, kind: Kind) -> Iterator[Refusal]:
    at: Path = ("fields", name)
    read, value = texts(table.get("read")), table.get("value")
    if bool(read) == (value is not None):
        why = "needs `read` or `value`" if not read else "has both `read` and `value`"
        yield Refusal(at, why, "`read` names columns of the log, `value` is the same for every record")
    if value is not None and name in (TIMESTAMP, RECORD_ID):
        yield Refusal((*at, "value"), "every record has its own", "use `read`")
    if "" in read:
        yield Refusal((*at, "read"), "holds an empty name")
    yield from _times(at, table, kind)
    yield from _codes(at, name, table, kind)
    if "separator" in table and kind not in LISTS:
        yield Refusal((*at, "separator"), "is for fields that are lists", "leave it out")
    if table.get("separator") == "":
        yield Refusal((*at, "separator"), "is empty", "write what stands between the values, such as ';'")


def _times(at: Path, table: Raw, kind: Kind) -> Iterator[Refusal]:
    if kind != "time":
        for key in ("format", "zone"):
            if key in table:
                yield Refusal((*at, key), "is for times", "leave it out")
        return
    for notation in texts(table.get("format")):
        fault = fault_of(notation)
        if fault:
            yield Refusal((*at, "format"), fault)
    zone = table.get("zone")
    if isinstance(zone, str) and not _is_zone(zone):
        hint = "use a name of the tz database, like 'Europe/London'"
        yield Refusal((*at, "zone"), f"there is no time zone {zone!r}", hint)


def _codes(at: Path, name: str, table: Raw, kind: Kind) -> Iterator[Refusal]:
    codes = _table(table.get("codes"))
    for key in ("codes", "otherwise", "default"):
        if key in table and kind in (_WITHOUT_DEFAULT if key == "default" else _UNCODED):
            yield Refusal((*at, key), "does not apply to this field", "leave it out")
    if "otherwise" in table and not codes:
        yield Refusal((*at, "otherwise"), "needs `codes`", "`default` is for records that give no value")
    folded = [code.strip().casefold() for code in codes]
    for number, code in enumerate(codes):
        if folded[number] in folded[:number]:
            yield Refusal((*at, "codes", code), "is there twice: capitals do not matter")
    words = SUBJECT_TYPES if name == "subject_type" else WORDS.get(name)
    said: list[tuple[Path, Any]] = [((*at, "codes", code), word) for code, word in codes.items()]
    said += [((*at, key), table[key]) for key in ("value", "otherwise", "default") if key in table]
    for place, word in said:
        if words and isinstance(word, str) and word not in words:
            yield Refusal(place, f"{name} cannot be {word!r}", f"it is {', '.join(words)}")


def _subject(kind: str, table: Raw) -> Iterator[Refusal]:
    at: Path = ("subjects", kind)
    if kind not in SUBJECT_TYPES:
        yield Refusal(
            at, "there is no such kind of subject", nearest(kind, list(SUBJECT_TYPES), kind="kinds")
        )
        return
    parts, settings = _SUBJECT_PARTS.get(kind, ((), ()))
    for key in table:
        known = any(key in (*names, *more) for names, more in _SUBJECT_PARTS.values())
        if known and key not in (*parts, *settings):
            yield Refusal((*at, key), f"is no part of the key of a {kind}", "leave it out")
    missing = [part for part in parts if not table.get(part)]
    if not table.get("key") and (missing or not parts):
        needs = f"`key`, or {' and '.join(f'`{part}`' for part in parts)}" if parts else "`key`"
        yield Refusal(at, f"needs {needs}")
    elif missing and len(missing) < len(parts):
        yield Refusal(
            at, f"lacks {' and '.join(f'`{part}`' for part in missing)}", "a key needs all its parts"
        )
    for notation in texts(table.get("born_format")):
        fault = fault_of(notation, date_only=True)
        if fault:
            yield Refusal((*at, "born_format"), fault)


def _is_zone(key: str) -> bool:
    try:
        ZoneInfo(key)
    except (KeyError, ValueError, OSError):
        return False
    return True
