"""What the words of Sigma rules are here: log sources are families, fields are columns of our schema.

It must never give a rule a column that holds content, or guess a column from a similar name.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from detectors.sigma.faults import RuleFault
from parsers.event import COLUMNS, CONTENT, Family
from parsers.format import all_formats

CATEGORIES: Final[dict[str, Family]] = {
    "access": "access",
    "email": "email",
    "call": "call",
    "web": "web",
    "proxy": "web",
}
PROXY_FIELDS: Final = {
    "c-ip": "source_ip",
    "c-uri": "url_full",
    "c-useragent": "user_agent_original",
    "cs-bytes": "http_request_bytes",
    "cs-host": "url_domain",
    "cs-method": "http_request_method",
    "cs-referrer": "http_request_referrer",
    "cs-username": "user_name",
    "dst_ip": "destination_ip",
    "r-dns": "url_domain",
    "sc-bytes": "http_response_bytes",
    "sc-status": "http_response_status_code",
}
"""Fields of Sigma's own taxonomy for proxies."""

COUNTERPARTS: Final = frozenset(
    f"{name}{written}"
    for name in (
        "email_from_address", "email_to_address", "call_from", "call_to_dialled", "call_to_final", "call_redirected_by",
    )
    for written in ("", "_raw")
) | {"call_numbers", "email_related_address", "email_return_path"}  # fmt: skip
"""Columns that name who ours were in contact with: a rule that gives values of them is itself a list of contacts."""


def family_of(category: str | None) -> Family:
    """Return the family of a log source's category. Raises RuleFault."""
    if category not in CATEGORIES:
        said = f"there is no category {category!r}" if category else "the log source has no category"
        raise RuleFault(said, f"one of {', '.join(CATEGORIES)}", at=("logsource", "category"))
    return CATEGORIES[category]


def source_condition(product: str | None, service: str | None) -> pl.Expr:
    """Return which events are of a log source: product is a log format, service a configured source. Raises RuleFault."""
    chosen = pl.lit(value=True)
    if product is not None:
        if product not in all_formats():
            hint = f"a product is a log format: {', '.join(sorted(all_formats()))}"
            raise RuleFault(f"there is no product {product!r}", hint, at=("logsource", "product"))
        chosen = chosen & (pl.col("event_module") == product)
    if service is not None:
        chosen = chosen & (pl.col("source") == service)
    return chosen


def column_of(family: Family, field: str, *, at: tuple[str, ...] = ("detection",)) -> tuple[str, pl.DataType]:
    """Return the name and type of the column a rule's field is, by ECS name, ours, or Sigma's for proxies. Raises RuleFault."""
    known = _columns(family)
    name = field if field in known else _names(family).get(field)
    place = (*at, field)
    if name is None:
        hint = "fields are ECS names, or those of docs/schema.md"
        raise RuleFault(f"{family} events have no field {field!r}", hint, at=place)
    if name in CONTENT:
        raise RuleFault(f"{field!r} is content: no rule reads it", "judge by what is not content", at=place)
    return name, known[name]


@cache
def _columns(family: Family) -> dict[str, pl.DataType]:
    return {column.name: column.dtype for column in COLUMNS[family]}


@cache
def _names(family: Family) -> dict[str, str]:
    """Return the columns by their other names."""
    ecs = {column.ecs: column.name for column in COLUMNS[family] if column.ecs}
    return ecs | (PROXY_FIELDS if family == "web" else {})
