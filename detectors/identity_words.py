"""How sure it is who somebody was, in plain words: the confidence first, then its reasons.

It must never name a likely person without saying that they are no more than likely, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detectors.confidence import (
    BEGINS,
    COLLAR,
    ENDED,
    LIKELY,
    NEAR,
    NOBODY,
    ROSTER,
    SEVERAL,
    SHARERS,
    TERMINAL,
)
from detectors.detector import Naming
from detectors.sentences import clock_and_day, number
from detectors.variants import DIGIT, DOMAIN, MAILBOX, MIXED, RANK, SPACES, SWAPPED, ZEROS

KIND_WORDS: Final = {
    "account": "account", "collar": "collar number", "email": "mailbox", "extension": "extension",
    "phone": "number", "terminal": "terminal",
}  # fmt: skip
WAY_WORDS: Final = {
    DOMAIN: "the same but for its domain part",
    SPACES: "the same but for spaces",
    ZEROS: "the same but for leading zeros",
    RANK: "the same without a rank before it",
    MIXED: "the same but for domain part, spaces, zeros or a rank",
    MAILBOX: "of that address",
    DIGIT: "one digit away",
    SWAPPED: "the same with two digits swapped",
}


def identifier(kind: str, value: str) -> str:
    """Return an identifier in words: "extension 50009"."""
    return f"{KIND_WORDS.get(kind, kind)} {number(value) if kind == 'phone' else value}"


def identity(told: Mapping[str, Any] | None, actor: str | None, naming: Naming) -> list[str]:
    """Return what is to be said of an identifier ("kind:value") whose holder is not certain; nothing where it is.

    told: `confidence.identity` as it is in facts.
    """
    if told is None or actor is None:
        return []
    behind = f"The person behind {identifier(*actor.split(':', 1))} is"
    reasons = "; ".join(reason_words(reason) for reason in told["reasons"])
    if told["confidence"] == LIKELY:
        return [f"{behind} likely, not certain: {naming.person(told['staff_id'], actor)}. Why: {reasons}."]
    return [f"{behind} not known: {reasons}."]


def reason_words(reason: Mapping[str, Any]) -> str:
    """Return one reason (REASON_DTYPE) as a clause about "it", the identifier that was asked for."""
    why, people = reason["why"], reason["people"]
    if why == NOBODY:
        return f"nobody held it then or within {NEAR.days} days, nor one that is written alike"
    if why == SHARERS:
        return f"{people} people shared it then, and nothing in the record tells which of them it was"
    if why == SEVERAL:
        return f"it was nobody's then, and may be that of any of {people} people"
    if why == ENDED:
        return f"it was theirs until {clock_and_day(reason['at'])}, and nobody's then"
    if why == BEGINS:
        return f"it was nobody's then, and became theirs at {clock_and_day(reason['at'])}"
    if why == ROSTER:
        return "several people shared it then; the roster has all the others off shift"
    other = identifier(reason["kind"], reason["value"])
    if why in (TERMINAL, COLLAR):
        return f"several people shared it then; of these only they held {other}, which the record names"
    return f"it was nobody's then; {other}, {WAY_WORDS[why]}, was theirs"
