"""The detection of a Sigma rule as one condition over the events of a family.

It must never leave out a part of a rule: what it does not know is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import SigmaExists, SigmaFieldReference, SigmaNull, SigmaType

from detectors.sigma.faults import RuleFault
from detectors.sigma.fields import COUNTERPARTS, column_of, family_of, source_condition
from detectors.sigma.values import condition
from parsers.event import Family


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which events of a family a rule is about. columns: those it reads; names_contacts: it gives values of counterparts."""

    title: str
    family: Family
    chosen: pl.Expr
    columns: tuple[str, ...]
    names_contacts: bool


@dataclass(slots=True)
class _Reading:
    """The conditions of one rule in the making."""

    family: Family
    columns: list[str] = field(default_factory=list)
    names_contacts: bool = False

    def expression(self, node: object) -> pl.Expr:
        """Return a node of the condition tree as an expression that is never null."""
        match node:
            case ConditionAND():
                return pl.all_horizontal([self.expression(one) for one in node.args])
            case ConditionOR():
                return pl.any_horizontal([self.expression(one) for one in node.args])
            case ConditionNOT():
                return ~self.expression(node.args[0])
            case ConditionFieldEqualsValueExpression():
                return self._field(node.field, node.value)
            case ConditionValueExpression():
                hint = "name the field: words anywhere would be looked for in raw lines, which are content"
                raise RuleFault("keywords without a field are not supported", hint, at=("detection",))
        raise RuleFault(f"not supported in a condition: {type(node).__name__}", at=("detection", "condition"))

    def _field(self, name: str, value: SigmaType) -> pl.Expr:
        column, dtype = column_of(self.family, name)
        self.columns.append(column)
        if column in COUNTERPARTS and not isinstance(value, SigmaExists | SigmaNull | SigmaFieldReference):
            self.names_contacts = True
        try:
            if isinstance(value, SigmaFieldReference):
                return self._same(column, dtype, value)
            return condition(column, dtype, value)
        except RuleFault as fault:
            raise RuleFault(fault.why, fault.hint, at=fault.at or ("detection", name)) from None

    def _same(self, column: str, dtype: pl.DataType, value: SigmaFieldReference) -> pl.Expr:
        """Return a condition that compares two columns, text without regard to case."""
        other, other_dtype = column_of(self.family, value.field)
        self.columns.append(other)
        if isinstance(dtype, pl.List) or isinstance(other_dtype, pl.List):
            raise RuleFault("a field of several values is not compared with another", "compare single values")
        one, two = (pl.col(name).cast(pl.String).str.to_lowercase() for name in (column, other))
        if value.starts_with and value.ends_with:
            same = one.str.contains(two, literal=True)
        elif value.starts_with:
            same = one.str.starts_with(two)
        else:
            same = one.str.ends_with(two) if value.ends_with else one == two
        return same.fill_null(value=False)


def matcher(rule: SigmaRule) -> Matcher:
    """Return which events a rule is about. Raises RuleFault."""
    source = rule.logsource
    if source.custom_attributes:
        unknown = ", ".join(sorted(source.custom_attributes))
        raise RuleFault(f"not supported in a log source: {unknown}", at=("logsource",))
    reading = _Reading(family_of(source.category))
    ours = source_condition(source.product, source.service)
    conditions = [reading.expression(one.parsed) for one in rule.detection.parsed_condition]
    return Matcher(
        title=rule.title,
        family=reading.family,
        chosen=ours.fill_null(value=False) & pl.any_horizontal(conditions),
        columns=tuple(dict.fromkeys(reading.columns)),
        names_contacts=reading.names_contacts,
    )
