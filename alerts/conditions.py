"""The conditions of a suppression: which findings it is about. Every kind of condition that is given must fit, one value of it.

It must never fit everything: conditions that name neither a detector nor anything else are refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from alerts.difference import FindingRecord
from parsers.force import Force
from parsers.numbers import canonical_number_text
from parsers.subjects import canonical_subject_key_text, canonical_terminal_text


class ConditionError(Exception):
    """Conditions cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Values that findings are compared with, canonical (see `canonical`).

    people: staff ids, or identifiers as "kind:value"; units: names; subjects: "type:key"; numbers: telephone numbers or
    addresses of the other side; terminals: where something was done.
    """

    detectors: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    terminals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConditionError unless something beside detectors is named."""
        if not any(getattr(self, one.name) for one in fields(self) if one.name != "detectors"):
            raise ConditionError(
                "a suppression names at least one person, unit, subject, outlet, number or terminal: "
                "to have no alerts of a detector at all, switch it off"
            )

    def fits(self, detector: str, record: FindingRecord, members: Mapping[str, Collection[str]]) -> bool:
        """Return whether they fit a finding. members: staff ids by unit; what a finding does not tell fits nothing."""
        if self.detectors and detector not in self.detectors:
            return False
        if self.people and not {record.staff_id, record.actor} & {*self.people}:
            return False
        if self.units and not any(record.staff_id in members.get(unit, ()) for unit in self.units):
            return False
        if self.subjects and f"{record.subject_type}:{record.subject_key}" not in self.subjects:
            return False
        if self.outlets and record.outlet not in self.outlets:
            return False
        if not self.numbers and not self.terminals:
            return True
        told = json.loads(record.facts)
        return _one_of(self.numbers, _told(told, "other")) and _one_of(
            self.terminals,
            (record.actor.removeprefix("terminal:"), *_told(told, "terminal", "first", "second")),
        )

    def entry(self) -> dict[str, list[str]]:
        """Return them as JSON data: what is given."""
        return {one.name: list(values) for one in fields(self) if (values := getattr(self, one.name))}

    def words(self) -> str:
        """Return them as text: "detectors self_lookup; people S1, S2"."""
        return "; ".join(f"{name} {', '.join(values)}" for name, values in self.entry().items())


def conditions(entry: Any) -> Conditions:
    """Return stored conditions. Raises ConditionError where they cannot be read: then they suppress nothing."""
    known = {one.name for one in fields(Conditions)}
    if not isinstance(entry, dict) or not entry.keys() <= known:
        raise ConditionError("the stored conditions cannot be read")
    if not all(
        isinstance(values, list) and all(isinstance(v, str) for v in values) for values in entry.values()
    ):
        raise ConditionError("the stored conditions cannot be read")
    return Conditions(**{name: tuple(values) for name, values in entry.items()})


def canonical(given: Mapping[str, Collection[str]], force: Force) -> Conditions:
    """Return conditions as people type them, made comparable. Raises ConditionError with what cannot be understood."""
    made = {name: tuple(value.strip() for value in values) for name, values in given.items()}
    made["subjects"] = tuple(_subject(value) for value in made.get("subjects", ()))
    made["units"] = tuple(value.lower() for value in made.get("units", ()))
    made["numbers"] = tuple(_number(value, force) for value in made.get("numbers", ()))
    made["terminals"] = tuple(_sure(canonical_terminal_text(v), v) for v in made.get("terminals", ()))
    return Conditions(**made)


def _subject(text: str) -> str:
    kind, colon, key = text.partition(":")
    if not colon or not key:
        raise ConditionError(f"{text!r} is no subject: write it as type:key, such as vehicle:AB12CDE")
    return f"{kind.lower()}:{canonical_subject_key_text(kind.lower(), key)}"


def _number(text: str, force: Force) -> str:
    return text.lower() if "@" in text else _sure(canonical_number_text(text, force), text)


def _sure(value: str | None, text: str) -> str:
    if value is None:
        raise ConditionError(f"{text!r} cannot be understood")
    return value


def _told(facts: Mapping[str, Any], *names: str) -> Iterator[str]:
    """Yield what facts, or the contact and the look-ups within them, say under these names."""
    looks = facts.get("look_ups")
    for level in (facts, facts.get("contact"), *(looks if isinstance(looks, list) else ())):
        if isinstance(level, Mapping):
            yield from (level[name] for name in names if isinstance(level.get(name), str))


def _one_of(wanted: Collection[str], told: Collection[str] | Iterator[str]) -> bool:
    return not wanted or bool({*wanted} & {*told})
