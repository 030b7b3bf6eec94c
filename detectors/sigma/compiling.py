"""From parsed Sigma rules to detectors: one class per rule that is to be run, with all that people need to know of it.

It must never run a rule of which a part is not supported, nor two under one name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, cast

import polars as pl
from pydantic import create_model
from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.rule import SigmaLevel, SigmaRule

from detectors.categories import CATEGORIES
from detectors.concern import CONCERNS, Concern
from detectors.detector import About, Detector, DetectorSettings
from detectors.finding import Severity
from detectors.sigma.correlation import Correlation, CorrelationRule, Kind, Operator, Part
from detectors.sigma.detector import EventRule
from detectors.sigma.faults import RuleFault
from detectors.sigma.fields import column_of
from detectors.sigma.matching import Matcher, matcher

Rule = SigmaRule | SigmaCorrelationRule
COMPILER: Final = 1
"""Goes up when the same rule comes to mean something else: then everything is judged again."""
KINDS: Final = ("event_count", "value_count", "temporal", "temporal_ordered")
OWN_TAGS: Final = ("category", "concern")
_SEVERITIES: Final = {
    SigmaLevel.INFORMATIONAL: Severity.LOW,
    SigmaLevel.LOW: Severity.LOW,
    SigmaLevel.MEDIUM: Severity.MEDIUM,
    SigmaLevel.HIGH: Severity.HIGH,
    SigmaLevel.CRITICAL: Severity.CRITICAL,
}


def name_of(rule: Rule) -> str:
    """Return the name of a rule's detector. Raises RuleFault where it has no id."""
    if rule.id is None:
        hint = "an id (a UUID) keeps its findings apart from those of other rules, whatever it is called"
        raise RuleFault("the rule has no id", hint)
    return f"sigma_{rule.id.hex}"


def detector_of(rule: Rule) -> type[Detector]:
    """Return the detector of a rule, whose references are resolved. Raises RuleFault."""
    name = name_of(rule)
    if isinstance(rule, SigmaCorrelationRule):
        correlation = _correlation(rule)
        matchers = [part.matcher for part in correlation.parts]
        base: type[Detector] = CorrelationRule
        own: dict[str, Any] = {"correlation": correlation}
    else:
        matchers = [matcher(rule)]
        base, own = EventRule, {"matcher": matchers[0]}
    needs = any(one.names_contacts for one in matchers)
    reads = tuple(dict.fromkeys(one.family for one in matchers))
    attributes = {
        "__doc__": rule.title, "__module__": __name__, "name": name, "about": replace(_about(rule), needs_authority=needs),
        "reads": reads, "Settings": _settings(rule),
    }  # fmt: skip
    return cast("type[Detector]", type(name, (base,), attributes | own))


def _settings(rule: Rule) -> type[DetectorSettings]:
    """Return settings that nobody sets: with another text of the rule they are others, and all is judged again."""
    text = json.dumps([COMPILER, _plain(rule)], sort_keys=True, default=str)
    return create_model(
        "SigmaSettings", __base__=DetectorSettings, rule=(str, sha256(text.encode()).hexdigest())
    )


def _plain(rule: Rule) -> list[Any]:
    told: list[Any] = [rule.to_dict()]
    if isinstance(rule, SigmaCorrelationRule):
        told += [_plain(reference.rule) for reference in rule.referenced_rules]
    return told


def _about(rule: Rule) -> About:
    tags = [str(tag) for tag in rule.tags if tag.namespace not in OWN_TAGS]
    told = [rule.description or rule.title, f"(Tags of the rule: {', '.join(tags)}.)" if tags else ""]
    runbook = rule.custom_attributes.get("runbook", [])
    steps = [runbook] if isinstance(runbook, str) else list(runbook)
    steps = steps or ["Look at the raw lines, and at what the same person did six hours before and after."]
    return About(
        title=rule.title,
        meaning=" ".join(part for part in told if part),
        severity=_SEVERITIES[rule.level] if rule.level is not None else Severity.MEDIUM,
        category=_tagged(rule, "category", CATEGORIES, "misuse of force systems"),
        concern=cast("Concern", _tagged(rule, "concern", CONCERNS, "other")),
        innocent_causes=tuple(rule.falsepositives) or ("The rule names none.",),
        runbook=(*map(str, steps), *(f"Read {reference}" for reference in rule.references)),
    )


def _tagged(rule: Rule, namespace: str, words: Iterable[str], usual: str) -> str:
    """Return the word that a tag `namespace.NAME` gives, hyphens for spaces; else the usual one. Raises RuleFault."""
    names = {word.replace(",", "").replace(" ", "-"): word for word in words}
    for tag in rule.tags:
        if tag.namespace == namespace:
            if tag.name not in names:
                hint = f"one of {', '.join(names)}"
                raise RuleFault(f"there is no {namespace} {tag.name!r}", hint, at=("tags",))
            return names[tag.name]
    return usual


def _correlation(rule: SigmaCorrelationRule) -> Correlation:
    kind = rule.type.name.lower()
    if kind not in KINDS:
        raise RuleFault(
            f"correlations of type {kind} are not supported",
            f"one of {', '.join(KINDS)}",
            at=("correlation", "type"),
        )
    number, operator, present = _condition(rule, kind)
    parts = tuple(_part(rule, reference, kind) for reference in rule.referenced_rules)
    if not parts:
        raise RuleFault("the correlation refers to no rule", at=("correlation", "rules"))
    span = timedelta(seconds=rule.timespan.seconds)
    return Correlation(cast("Kind", kind), parts, span, operator, number, present)


def _part(rule: SigmaCorrelationRule, reference: SigmaRuleReference, kind: str) -> Part:
    base = reference.rule
    if isinstance(base, SigmaCorrelationRule):
        raise RuleFault(
            f"{reference.reference!r} is a correlation itself",
            "refer to plain rules",
            at=("correlation", "rules"),
        )
    matches = matcher(base)
    groups = {name: _grouping(rule, reference, name, matches) for name in rule.group_by or ()}
    value = None
    if kind == "value_count":
        asked = cast("SigmaCorrelationCondition", rule.condition).fieldref
        if not isinstance(asked, str):
            raise RuleFault(
                "values of several fields are not counted together",
                "name one field",
                at=("correlation", "condition"),
            )
        value = _column(matches, asked, ("correlation", "condition"))
    return Part(matches, groups, value)


def _grouping(
    rule: SigmaCorrelationRule, reference: SigmaRuleReference, name: str, matches: Matcher
) -> tuple[str, bool]:
    """Return the column that a group-by field is in the events of one rule, by its alias where it has one."""
    alias = rule.aliases.aliases.get(name)
    if alias is None:
        return _column(matches, name, ("correlation", "group-by"))
    fields = {one.reference: field for one, field in alias.mapping.items()}
    if reference.reference not in fields:
        raise RuleFault(
            f"the alias {name!r} says nothing of {reference.reference!r}", at=("correlation", "aliases")
        )
    return _column(matches, fields[reference.reference], ("correlation", "aliases"))


def _column(matches: Matcher, field: str, at: tuple[str, ...]) -> tuple[str, bool]:
    column, dtype = column_of(matches.family, field, at=at)
    return column, isinstance(dtype, pl.List)


def _condition(rule: SigmaCorrelationRule, kind: str) -> tuple[int, Operator, pl.Expr | None]:
    """Return number, operator and, for a condition in words, what must be there."""
    at = ("correlation", "condition")
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        if kind != "temporal":
            raise RuleFault("a condition in words is only supported for temporal correlations", at=at)
        order = [reference.reference for reference in rule.referenced_rules]
        return 0, "gte", _words(rule.condition.parsed, order)
    operator, number = rule.condition.op.name.lower(), rule.condition.count
    if operator not in ("gt", "gte", "eq"):
        hint = "a lack of events happens at no moment; use gt, gte or eq"
        raise RuleFault(f"conditions with {operator} are not supported", hint, at=at)
    if not isinstance(number, int) or number < (0 if operator == "gt" else 1):
        raise RuleFault(f"{number} is no number of events", "a whole number of at least one", at=at)
    if kind == "temporal_ordered" and (operator, number) != ("gte", len(rule.referenced_rules)):
        raise RuleFault(
            "all rules in order: another number is not supported", "leave the condition out", at=at
        )
    return number, cast("Operator", operator), None


def _words(node: object, order: list[str]) -> pl.Expr:
    match node:
        case SigmaRuleReference():
            return pl.col(f"rule_{order.index(node.reference)}")
        case CorrelationConditionAND():
            return pl.all_horizontal([_words(one, order) for one in node.args])
        case CorrelationConditionOR():
            return pl.any_horizontal([_words(one, order) for one in node.args])
        case CorrelationConditionNOT():
            return ~_words(node.args[0], order)
    raise RuleFault(f"not supported in a condition: {type(node).__name__}", at=("correlation", "condition"))
