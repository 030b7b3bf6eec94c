"""What an alert is worth looking at first: points that add up, each with the sentence that says what it is for.

Pure: findings in, contributions out. It must never look at who somebody is: rank, role, unit and name change no point.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from alerts.weights import Weights
from detectors.finding import Severity
from detectors.sentences import LOCAL, length

VERSION: Final = 1
"""Goes up when the same findings and weights give other points."""

Reason = Literal[
    "severity", "agreement", "sensitive", "rare", "off duty", "repetition", "contact", "unexplained", "breadth", "uncertain"
]  # fmt: skip

CERTAIN: Final = ("certain", "known")
_AT_WORK: Final = ("on", "duty", "overtime", "on_call")


@dataclass(frozen=True, slots=True)
class Scored:
    """A finding as the score sees it: nothing in it says who it is about. facts: see detectors/signals.py."""

    detector: str
    timestamp: datetime
    severity: int
    event_ids: Sequence[str]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contribution:
    """Points for one reason, in a sentence. Points may be negative."""

    reason: Reason
    points: int
    sentence: str


def contributions(findings: Sequence[Scored], weights: Weights) -> tuple[Contribution, ...]:
    """Return what each reason adds to the score of an alert with these findings, most points first; none for no findings.

    The order of the findings does not matter.
    """
    if not findings:
        return ()
    asked = (
        _severity, _agreement, _sensitive, _rare, _off_duty, _repetition, _contact, _unexplained, _breadth, _uncertain,
    )  # fmt: skip
    found = [one for ask in asked if (one := ask(findings, weights)) and one.points]
    return tuple(sorted(found, key=lambda one: (-one.points, one.reason)))


def total(parts: Iterable[Contribution]) -> int:
    """Return the score: the sum of the points, never below 0."""
    return max(0, sum(one.points for one in parts))


def _severity(findings: Sequence[Scored], weights: Weights) -> Contribution:
    gravest = Severity(max(one.severity for one in findings))
    word = gravest.name.lower()
    points = {
        Severity.LOW: weights.low,
        Severity.MEDIUM: weights.medium,
        Severity.HIGH: weights.high,
        Severity.CRITICAL: weights.critical,
    }[gravest]
    return Contribution("severity", points, f"The gravest finding is of {word} severity.")


def _agreement(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    """Several detectors on one event: each looks from another side."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one in findings:
        for event_id in one.event_ids:
            seen[event_id].add(one.detector)
    most = max((len(names) for names in seen.values()), default=0)
    points = min((most - 1) * weights.agreement, weights.agreement_most)
    return Contribution("agreement", points, f"{most} detectors agree on one event.") if most > 1 else None


def _sensitive(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    flagged = any(_true(facts.get("sensitive")) for facts in _all_facts(findings))
    return (
        Contribution("sensitive", weights.sensitive, "A subject is flagged as sensitive.")
        if flagged
        else None
    )


def _rare(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    others = [
        number
        for facts in _all_facts(findings)
        if (number := _number(facts.get("others_looked"))) is not None
    ]
    if not others or min(others) > 0:
        return None
    return Contribution("rare", weights.rare, "Nobody else looked at a subject in the days around it.")


def _off_duty(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    off = any(
        facts.get("off") or facts.get("duty") not in (None, *_AT_WORK) for facts in _all_facts(findings)
    )
    return Contribution("off duty", weights.off_duty, "The roster has the person off duty.") if off else None


def _repetition(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    """The same subject on several days: by the findings themselves, or by what a detector counted further back."""
    days: dict[tuple[Any, Any], set[object]] = defaultdict(set)
    told = 1
    for one in findings:
        for facts in _unfolded(one.facts):
            if facts.get("subject_key"):
                at = _moment(facts.get("at")) or one.timestamp
                days[facts.get("subject_type"), facts["subject_key"]].add(at.astimezone(LOCAL).date())
            told = max(told, int(_number(facts.get("days_looked")) or 1))
    most = max(told, *(len(one) for one in days.values()), 1)
    points = min((most - 1) * weights.repetition, weights.repetition_most)
    return (
        Contribution("repetition", points, f"The same subject was looked at on {most} days.")
        if most > 1
        else None
    )


def _contact(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    """A contact, or something sent out, soon after a look-up that nothing explains: the sooner, the more."""
    gaps = [gap for one in findings for gap in _hours_to_contact(one.facts)]
    if not gaps:
        return None
    soonest = min(gaps)
    points = round(weights.contact * max(0.0, 1 - soonest / weights.contact_hours))
    return Contribution(
        "contact",
        points,
        f"Contact, or something sent out, {length(soonest * 3600)} after a look-up that nothing explains.",
    )


def _unexplained(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    """How much of a day's look-ups nothing explains; one of them counts for nothing, as anybody has one now and then."""
    shares = []
    for facts in _all_facts(findings):
        bare, made = _number(facts.get("day_unexplained")), _number(facts.get("day_looked"))
        if bare is not None and made and bare > 1:
            shares.append(((bare - 1) / made, int(bare), int(made)))
    if not shares:
        return None
    share, bare, made = max(shares)
    points = round(weights.unexplained * min(share, 1.0))
    return Contribution(
        "unexplained", points, f"Nothing explains {bare} of the {made} look-ups they made within a day."
    )


def _breadth(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    """Different subjects on one day: many weak findings are more than one."""
    subjects: dict[object, set[tuple[Any, Any]]] = defaultdict(set)
    for one in findings:
        if key := one.facts.get("subject_key"):
            subjects[one.timestamp.astimezone(LOCAL).date()].add((one.facts.get("subject_type"), key))
    most = max((len(each) for each in subjects.values()), default=0)
    points = min((most - 1) * weights.breadth, weights.breadth_most)
    return Contribution("breadth", points, f"{most} different subjects on one day.") if most > 1 else None


def _uncertain(findings: Sequence[Scored], weights: Weights) -> Contribution | None:
    """Every finding rests on an identifier that several people or nobody known had: there is nobody to ask yet."""
    certainties = Counter(
        facts["certainty"] in CERTAIN for facts in _all_facts(findings) if facts.get("certainty")
    )
    if certainties[True] or not certainties[False]:
        return None
    return Contribution("uncertain", -weights.uncertain, "It is not certain who it was.")


def _all_facts(findings: Sequence[Scored]) -> Iterator[Mapping[str, Any]]:
    for one in findings:
        yield from _unfolded(one.facts)


def _unfolded(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the facts, and those of the look-ups and the contact within them."""
    yield facts
    inner = facts.get("look_ups")
    yield from (one for one in inner if isinstance(one, Mapping)) if isinstance(inner, list) else ()
    if isinstance(contact := facts.get("contact"), Mapping):
        yield contact


def _hours_to_contact(facts: Mapping[str, Any]) -> Iterator[float]:
    """Yield how long after each look-up that nothing explains there was a contact, or something was sent out."""
    contact, look_ups = facts.get("contact"), facts.get("look_ups")
    passed = _moment(facts.get("passed_at"))
    if passed and (looked := _moment(facts.get("at"))) and passed >= looked:
        yield (passed - looked).total_seconds() / 3600
    if not isinstance(look_ups, list):
        return
    met = _moment(contact.get("at") if isinstance(contact, Mapping) else facts.get("at"))
    for look in look_ups:
        looked = _moment(look.get("at"))
        if met and looked and look.get("explained_by") is None and met >= looked:
            yield (met - looked).total_seconds() / 3600


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _true(value: Any) -> bool:
    """Whether a flag is set: true, a word, or a list that is not empty."""
    return bool(value)
