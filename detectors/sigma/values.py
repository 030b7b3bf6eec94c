"""Values of Sigma rules as conditions on a column: text with wildcards, numbers, patterns, networks, times of day.

A null is no match, so its negation is one; text is compared without regard to case unless the rule says `cased`. It must
never turn a value it does not know into one that matches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

import polars as pl
from polars.exceptions import PolarsError
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from detectors.sigma.faults import RuleFault

LONDON: Final = "Europe/London"
_ANY: Final = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
_FLAGS: Final = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_COMPARE: Final[dict[CompareOperators, Callable[[pl.Expr, float], pl.Expr]]] = {
    CompareOperators.LT: lambda column, number: column < number,
    CompareOperators.LTE: lambda column, number: column <= number,
    CompareOperators.GT: lambda column, number: column > number,
    CompareOperators.GTE: lambda column, number: column >= number,
    CompareOperators.NEQ: lambda column, number: column != number,
}
_OCTETS: Final = r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$"


def condition(name: str, dtype: pl.DataType, value: SigmaType) -> pl.Expr:
    """Return a condition, never null: the column has the value; of a column of lists, one entry has. Raises RuleFault."""
    column = pl.col(name)
    if isinstance(value, SigmaExpansion):
        return pl.any_horizontal([condition(name, dtype, one) for one in value.values])
    if isinstance(value, SigmaExists | SigmaNull):
        there = column.list.len() > 0 if isinstance(dtype, pl.List) else column.is_not_null()
        wanted = bool(value) if isinstance(value, SigmaExists) else False
        found = there.fill_null(value=False)
        return found if wanted else ~found
    if isinstance(dtype, pl.List):
        test = _test(pl.element(), dtype.inner, value)
        return column.list.eval(test).list.any().fill_null(value=False)
    return _test(column, dtype, value).fill_null(value=False)


def _test(column: pl.Expr, dtype: object, value: SigmaType) -> pl.Expr:
    if isinstance(value, SigmaTimestampPart):
        return _time(column, dtype, value)
    if isinstance(dtype, pl.Datetime | pl.Binary):
        raise RuleFault(
            "times and hashes are only asked whether they exist, times by their parts", "hour, day, ..."
        )
    match value:
        case SigmaCompareExpression():
            if not _is_number(dtype):
                raise RuleFault(
                    "this field is no number: it cannot be less or more", "compare a field of numbers"
                )
            return _COMPARE[value.op](column, value.number.number)
        case SigmaBool():
            if not isinstance(dtype, pl.Boolean):
                raise RuleFault("this field is not true or false", "give a value in quotes")
            return column == value.boolean
        case SigmaNumber():
            return column == value.number if _is_number(dtype) else column == str(value)
        case SigmaString():
            return _text(column.cast(pl.String), value)
        case SigmaRegularExpression():
            return column.cast(pl.String).str.contains(_pattern(value))
        case SigmaCIDRExpression():
            return _in_network(column, value.network)
    raise RuleFault(f"values of this kind are not supported: {type(value).__name__}", "see docs/sigma.md")


def _is_number(dtype: object) -> bool:
    return isinstance(dtype, pl.DataType) and dtype.is_numeric()


def _text(column: pl.Expr, value: SigmaString) -> pl.Expr:
    parts: Sequence[object] = value.s
    if not all(isinstance(part, str | SpecialChars) for part in parts):
        raise RuleFault("placeholders (`expand`) are not supported", "write the values into the rule")
    cased = isinstance(value, SigmaCasedString)
    subject = column if cased else column.str.to_lowercase()
    plain = [part if cased or not isinstance(part, str) else part.lower() for part in parts]
    many = SpecialChars.WILDCARD_MULTI
    match plain:
        case []:
            return subject == ""
        case [str(text)]:
            return subject == text
        case [first, str(text), last] if first == many and last == many:
            return subject.str.contains(text, literal=True)
        case [str(text), last] if last == many:
            return subject.str.starts_with(text)
        case [first, str(text)] if first == many:
            return subject.str.ends_with(text)
    pattern = "".join(pl.escape_regex(part) if isinstance(part, str) else _ANY[part] for part in plain)  # type: ignore[index]  # what is no text is a wildcard
    return subject.str.contains(f"(?s)^{pattern}$")


def _pattern(value: SigmaRegularExpression) -> str:
    """Return a regular expression as polars reads it. Raises RuleFault for one that it does not."""
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    pattern = (f"(?{flags})" if flags else "") + value.regexp.to_plain_regex()
    try:
        pl.Series(["text"]).str.contains(pattern)
    except PolarsError:
        hint = "no looking ahead or behind, no references back to groups"
        raise RuleFault("this regular expression is not supported", hint) from None
    return pattern


def _time(column: pl.Expr, dtype: object, value: SigmaTimestampPart) -> pl.Expr:
    """Return a condition on a part of a time, as clocks in London have it."""
    if not isinstance(dtype, pl.Datetime):
        raise RuleFault("this field is no time", "the parts of a time are asked of a time")
    local = column.dt.convert_time_zone(LONDON).dt
    part = value.timestamp_part.name.lower()
    return {
        "minute": local.minute, "hour": local.hour, "day": local.day, "week": local.week, "month": local.month,
        "year": local.year,
    }[part]() == int(value.number)  # fmt: skip


def _in_network(column: pl.Expr, network: IPv4Network | IPv6Network) -> pl.Expr:
    if isinstance(network, IPv6Network):
        return column.map_batches(lambda values: _in_ipv6(values, network), return_dtype=pl.Boolean)
    octets = column.str.extract_groups(_OCTETS)
    numbers = [octets.struct.field(str(place)).cast(pl.Int64, strict=False) for place in range(1, 5)]
    valid = pl.all_horizontal([number <= 255 for number in numbers])
    address = sum((number * 256 ** (4 - place) for place, number in enumerate(numbers, 1)), start=pl.lit(0))
    first, last = int(network.network_address), int(network.broadcast_address)
    return valid & (address >= first) & (address <= last)


def _in_ipv6(values: pl.Series, network: IPv6Network) -> pl.Series:
    """Tell of each address whether it lies in the network: each way of writing one is looked at once."""
    inside = [text for text in values.unique().drop_nulls() if _lies_in(text, network)]
    return values.is_in(inside)


def _lies_in(text: str, network: IPv6Network) -> bool:
    try:
        return ip_address(text) in network
    except ValueError:
        return False
