"""Who an identifier was, in sentences and as JSON data.

It must never say more for sure than is certain: the confidence comes first, and a likely person is called likely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auditd.cli.alert_text import when
from detectors.identity import CERTAIN
from detectors.identity_words import identifier, identity, reason_words

if TYPE_CHECKING:
    from auditd.cli.alert_text import Line
    from auditd.reference.who import Hold, Question, Reading
    from detectors.detector import Naming


def answer_entry(question: Question, readings: Sequence[Reading], naming: Naming) -> dict[str, Any]:
    """Return the answer as JSON data: every kind that says something, and the kinds that were looked for in vain."""
    return asdict(question) | {
        "readings": [_entry(one, question.at, naming) for one in readings if one.says_something],
        "in_vain": [{"kind": one.kind, "value": one.value} for one in readings if not one.says_something],
    }


def answer_lines(question: Question, readings: Sequence[Reading], naming: Naming) -> Iterator[Line]:
    """Yield the answer as lines: per kind of identifier a heading with the confidence, then sentences."""
    yield f"{question.value} at {when(question.at)}", "bold"
    telling = [one for one in readings if one.says_something]
    for one in telling:
        yield "", ""
        yield f"{_capital(identifier(one.kind, one.value))}: {one.confidence}", "bold"
        yield from ((f"  {sentence}", "") for sentence in sentences(one, question.at, naming))
    if not telling:
        looked = ", ".join(identifier(one.kind, one.value) for one in readings)
        yield (
            f"Nobody is known ever to have held it, nor one that is written alike. Looked for: {looked}.",
            "",
        )


def sentences(reading: Reading, at: datetime, naming: Naming) -> list[str]:
    """Return who it was and how sure that is, who ever held it, and what else those people held then."""
    own = f"{reading.kind}:{reading.value}"
    if reading.confidence == CERTAIN:
        who = f"The person behind {identifier(reading.kind, reading.value)} is certain: "
        first = [f"{_person(reading.staff_id, naming)}, the only one who held it then."]
        first[0] = who + first[0]
    else:
        told = {name: getattr(reading, name) for name in ("confidence", "staff_id", "reasons")}
        first = identity(told, own, naming)
    return [*first, _held(reading, at, naming), *_also(reading, naming)]


def _held(reading: Reading, at: datetime, naming: Naming) -> str:
    """Return everybody who ever held it, before, then and later."""
    if not reading.holders:
        return "Nobody is known ever to have held it as it is written."
    before = [hold for hold in reading.holders if hold.valid_to is not None and hold.valid_to <= at]
    then = [hold for hold in reading.holders if hold.at(at)]
    later = [hold for hold in reading.holders if hold not in before and hold not in then]
    parts = [
        f"{word} by {' and '.join(_hold(hold, naming) for hold in holds)}"
        for word, holds in (("before that", before), ("then", then), ("later", later))
        if holds
    ]
    nobody = "" if then else "; then by nobody"
    return f"It was held {'; '.join(parts)}{nobody}."


def _hold(hold: Hold, naming: Naming) -> str:
    since = f"from {when(hold.valid_from)}" if hold.valid_from else ""
    until = f"until {when(hold.valid_to)}" if hold.valid_to else ""
    dates = " ".join(part for part in (since, until) if part) or "no dates given"
    return f"{_person(hold.staff_id, naming)} ({dates})"


def _also(reading: Reading, naming: Naming) -> Iterator[str]:
    for staff_id, holds in reading.also.items():
        listed = ", ".join(identifier(hold.kind, hold.value) for hold in holds) or "nothing else"
        yield f"{_person(staff_id, naming)} also held then: {listed}."


def _person(staff_id: str | None, naming: Naming) -> str:
    return naming.person(staff_id, f"person:{staff_id}")


def _entry(reading: Reading, at: datetime, naming: Naming) -> Mapping[str, Any]:
    return {
        "kind": reading.kind,
        "value": reading.value,
        "confidence": reading.confidence,
        "staff_id": reading.staff_id,
        "person": _person(reading.staff_id, naming) if reading.staff_id else None,
        "reasons": [dict(reason) | {"sentence": reason_words(reason)} for reason in reading.reasons],
        "holders": [
            asdict(hold) | {"person": _person(hold.staff_id, naming), "then": hold.at(at)}
            for hold in reading.holders
        ],
        "also_held": {staff_id: [asdict(hold) for hold in holds] for staff_id, holds in reading.also.items()},
        "sentences": sentences(reading, at, naming),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
