"""The events that a Sigma rule matches: with who of ours acted, without those that a protected contact had part in.

It must never let an event with a protected counterpart through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from detectors.accesses import actor
from detectors.detector import Window
from detectors.listed import PARTIES, unprotected
from detectors.sigma.matching import Matcher
from parsers.event import Family
from parsers.force import Force

WEB_PARTY: Final = "url_domain"


def matched(window: Window, rule: Matcher, within: pl.Expr, columns: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Return event_id, timestamp, actor and `columns` (by name) of the events `within` that the rule matches."""
    parties = PARTIES.get(rule.family, (WEB_PARTY,) if rule.family == "web" else ())
    rows = (
        window.events(rule.family)
        .filter(within, rule.chosen)
        .select(
            "event_id",
            "timestamp",
            _actor(rule.family, window.force).fill_null("account:unknown").alias("actor"),
            *(expression.alias(name) for name, expression in columns.items()),
            *(_as_parties(name, rule.family).alias(f"__party_{name}") for name in parties),
        )
        .collect()
    )
    open_ = _without_protected(rows, [f"__party_{name}" for name in parties], window)
    return open_.drop([f"__party_{name}" for name in parties])


def _without_protected(rows: pl.DataFrame, parties: list[str], window: Window) -> pl.DataFrame:
    if not parties or rows.is_empty():
        return rows
    named = rows.select("event_id", other_value=pl.concat_list(parties)).explode("other_value").drop_nulls()
    shielded = named.join(unprotected(named, window.reference), on=["event_id", "other_value"], how="anti")
    return rows.filter(~pl.col("event_id").is_in(shielded["event_id"].unique().implode()))


def _as_parties(name: str, family: Family) -> pl.Expr:
    """Return a column as a list of parties; a site visited is a party of its domain."""
    column = pl.lit("@") + pl.col(name) if family == "web" else pl.col(name)
    if name in ("email_to_address", "call_numbers"):
        return column.fill_null([])
    return pl.concat_list(column)


def _actor(family: Family, force: Force) -> pl.Expr:
    """Return who of ours acted, as `kind:value`; where nobody is ours, who acted."""
    if family == "email":
        sender, recipients = pl.col("email_from_address"), pl.col("email_to_address")
        element = pl.element()
        ours = recipients.list.eval(element.filter(force.owns_address(element))).list.first()
        sent = pl.when(force.owns_address(sender)).then(sender)
        return pl.lit("email:") + pl.coalesce(sent, ours, sender, recipients.list.first())
    if family == "call":
        numbers = [
            pl.col(name) for name in ("call_from", "call_redirected_by", "call_to_final", "call_to_dialled")
        ]
        our_numbers = [pl.when(force.owns_number(number)).then(number) for number in numbers]
        own = pl.coalesce(*our_numbers, *numbers)
        kind = pl.when(own.str.starts_with("+")).then(pl.lit("phone:")).otherwise(pl.lit("extension:"))
        return kind + own
    return actor()
