"""Patterns: ways from the subject of a look-up over records to the person who looked, as text that people can approve.

`crime+stop:named.assigned.unit` reads: a crime or stop names the subject, somebody is assigned to it, and their unit is the
enquirer's. It must never hold anything of a person: a pattern is a rule for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detectors.feeds import INCIDENT_KINDS

WAYS: Final = ("", "linked", "beside")
"""How a second incident is reached: linked with the first on record, or naming another of its subjects as well."""
ENDS: Final = ("assigned", "assigned.unit", "assigned.manager", "assigned.reports", "assigned.team", "owned")
"""How the enquirer stands to that incident; besides `role=...`."""
LONGEST: Final = 256
_ROLE: Final = "role="
_WORDS: Final = {
    "assigned": "to which the enquirer was assigned",
    "assigned.unit": "to which a colleague of the enquirer's unit was assigned",
    "assigned.manager": "to which somebody was assigned whose line manager the enquirer is",
    "assigned.reports": "to which the enquirer's line manager was assigned",
    "assigned.team": "to which a colleague under the same line manager was assigned",
    "owned": "which belongs to the enquirer's unit",
}


class PatternError(ValueError):
    """A text is no pattern; the message says what to write."""


@dataclass(frozen=True, slots=True, order=True)
class Pattern:
    """One way. kinds: of the incident that names the subject, sorted; way: one of WAYS; end: one of ENDS, or "role=..."."""

    kinds: tuple[str, ...]
    way: str
    end: str

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        steps = ("named", *((self.way,) if self.way else ()), self.end)
        return f"{'+'.join(self.kinds)}:{'.'.join(steps)}"

    @property
    def role(self) -> str | None:
        """The role the enquirer must have, as compared; None where the pattern does not go by role."""
        return self.end.removeprefix(_ROLE) if self.end.startswith(_ROLE) else None

    def words(self) -> str:
        """Return the pattern as people say it."""
        first = f"a record of kind {' or '.join(self.kinds)} names the subject"
        ways = {
            "linked": "is linked with an incident",
            "beside": "names somebody or something that another incident names",
        }
        end = f"and the enquirer's role is {self.role}" if self.role else _WORDS[self.end]
        if not self.way:
            return f"{first}, {end}"
        return f"{first} and {ways[self.way]}, {end}"


def parse(text: str) -> Pattern:
    """Return the pattern a text says. Raises PatternError."""
    if len(text) > LONGEST:
        raise PatternError(f"a pattern has at most {LONGEST} letters: name one of fewer kinds")
    kinds, colon, steps = text.strip().partition(":")
    chosen = tuple(sorted({kind.strip() for kind in kinds.split("+")}))
    if not colon or not set(chosen) <= set(INCIDENT_KINDS):
        raise PatternError(
            f"{text!r} does not begin with kinds of incident, like crime+stop: one of {', '.join(INCIDENT_KINDS)}"
        )
    first, _, rest = steps.partition(".")
    way, _, after = rest.partition(".")
    way, end = (way, after) if way in WAYS[1:] else ("", rest)
    if first != "named" or not (end in ENDS or (end.startswith(_ROLE) and end != _ROLE)):
        raise PatternError(
            f"{text!r} is no way to the enquirer: write named, perhaps linked or beside, then one of {', '.join(ENDS)} or "
            "role=..., joined by dots"
        )
    return Pattern(chosen, way, end.lower() if end.startswith(_ROLE) else end)


def every_way() -> Iterator[tuple[str, str]]:
    """Yield every way and end that does not go by role, the shortest first."""
    for way in WAYS:
        for end in ENDS:
            yield way, end


@dataclass(frozen=True, slots=True)
class Approved:
    """A pattern that a person approved: its reference, and what it is."""

    approval_id: str
    pattern: Pattern
