"""Correlations of Sigma rules: many events, many values, several rules together or in order, within a timespan.

Each event that matches is asked what lies in the timespan up to it, in its group. Where that meets the condition, and did not
at the event before (if that is no older than the timespan), a finding begins: one for each burst. So a verdict reaches back
twice the timespan and ahead not at all. It must never depend on the order of events of one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal

import polars as pl

from detectors.detector import Window
from detectors.finding import SUBJECT_ACTOR
from detectors.findings import NO_FINDINGS
from detectors.sigma.detector import SigmaDetector
from detectors.sigma.events import matched
from detectors.sigma.matching import Matcher

Kind = Literal["event_count", "value_count", "temporal", "temporal_ordered"]
Operator = Literal["gt", "gte", "eq"]
MOST_EVIDENCE: Final = 100
_MEETS: Final[Mapping[str, Callable[[pl.Expr, int], pl.Expr]]] = {
    "gt": lambda count, number: count > number,
    "gte": lambda count, number: count >= number,
    "eq": lambda count, number: count == number,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One rule of a correlation: what it matches, its columns to group by (by group's name), the column of values."""

    matcher: Matcher
    groups: Mapping[str, tuple[str, bool]]  # group's name -> column, whether it holds lists
    value: tuple[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation. present: for temporal ones with a condition in words, what must be there, over columns `rule_N`."""

    kind: Kind
    parts: tuple[Part, ...]
    timespan: timedelta
    operator: Operator
    number: int
    present: pl.Expr | None = None


class CorrelationRule(SigmaDetector):
    """A rule that judges events by what came with them."""

    correlation: ClassVar[Correlation]

    @property
    def before(self) -> timedelta:
        """Twice the timespan: the one up to an event, and the one up to the event before."""
        return 2 * self.correlation.timespan

    def judge(self, window: Window) -> pl.DataFrame:
        """Return a finding per burst that begins in the span, keyed by the event that meets the condition, and its group."""
        rows = self._rows(window)
        if rows.is_empty():
            return NO_FINDINGS
        met = (
            _in_order(rows, self.correlation)
            if self.correlation.kind == "temporal_ordered"
            else self._met(rows)
        )
        begins = _beginnings(met, self.correlation.timespan).filter(window.in_span())
        if begins.is_empty():
            return NO_FINDINGS
        several = pl.col("actors") > 1
        of_group = pl.lit(f"{SUBJECT_ACTOR}:") + pl.coalesce("group_text", pl.lit(f"rule:{self.about.title}"))
        told = pl.struct(pl.col("event_count").alias("events"), pl.col("group_values").alias("group"))
        found = begins.select(
            "timestamp",
            "event_ids",
            key=pl.concat_str("event_id", pl.lit("|"), "group"),
            actor=pl.when(several).then(of_group).otherwise("actor"),
            told=told,
        )
        return self.findings(found, window)

    def _rows(self, window: Window) -> pl.DataFrame:
        """Return what the parts match as far as the window reaches, in order: row, rule, event, group and value."""
        within = (pl.col("timestamp") >= window.span.start - self.before) & (
            pl.col("timestamp") < window.span.end
        )
        frames = [
            _part_rows(window, number, part, within) for number, part in enumerate(self.correlation.parts)
        ]
        rows = pl.concat(frames).sort("group", "timestamp", "event_id", "rule")
        if self.correlation.kind == "event_count":
            rows = rows.unique(["event_id", "group"], keep="first", maintain_order=True)
        return rows.with_row_index("row")

    def _met(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with whether the condition is met by the timespan up to each, and the events of it."""
        one = self.correlation
        count = {
            "event_count": pl.len(),
            "value_count": pl.col("value").drop_nulls().n_unique(),
            "temporal": pl.col("rule").n_unique(),
        }[one.kind]
        lately = rows.rolling("timestamp", period=one.timespan, closed="both", group_by="group").agg(
            pl.col("row").last().alias("last"),
            pl.col("row").first().alias("first"),
            count.alias("count"),
            pl.col("actor").n_unique().alias("actors"),
            pl.col("event_id").n_unique().alias("event_count"),
            *((pl.col("rule") == number).any().alias(f"rule_{number}") for number in range(len(one.parts))),
        )
        same = ["group", "timestamp"]
        whole = rows.join(lately.unique(same), on=same, how="left", maintain_order="left")
        met = one.present if one.present is not None else _MEETS[one.operator](pl.col("count"), one.number)
        return whole.with_columns(met.alias("met")).with_columns(event_ids=_evidence(whole, met))


def _part_rows(window: Window, number: int, part: Part, within: pl.Expr) -> pl.DataFrame:
    columns = {f"g_{name}": pl.col(column) for name, (column, _) in part.groups.items()}
    if part.value is not None:
        columns["value"] = pl.col(part.value[0])
    rows = matched(window, part.matcher, within, columns)
    lists = [f"g_{name}" for name, (_, holds_lists) in part.groups.items() if holds_lists]
    for name in [*lists, *(["value"] if part.value is not None and part.value[1] else [])]:
        rows = rows.explode(name)
    names = sorted(part.groups)
    texts = [pl.col(f"g_{name}").cast(pl.String).alias(name) for name in names]
    told = rows.drop_nulls([f"g_{name}" for name in names])
    values = pl.struct(texts) if names else pl.struct(pl.lit(None, pl.String).alias("all"))
    group = pl.concat_str(
        [pl.lit(f"{name}:") + text for name, text in zip(names, texts, strict=True)], separator=", "
    )
    return told.select(
        "event_id",
        "timestamp",
        "actor",
        pl.lit(number).alias("rule"),
        values.alias("group_values"),
        (group if names else pl.lit(None, pl.String)).alias("group_text"),
        values.struct.json_encode().alias("group"),
        (pl.col("value").cast(pl.String) if part.value is not None else pl.lit(None, pl.String)).alias(
            "value"
        ),
    )


def _evidence(rows: pl.DataFrame, met: pl.Expr) -> pl.Series:
    """Return per row the events of its timespan, the first so many, where the condition is met; else no events."""
    last = pl.min_horizontal("last", pl.col("first") + MOST_EVIDENCE - 1)
    chosen = rows.filter(met).select(
        "row", place=pl.int_ranges(pl.col("first").cast(pl.Int64), last.cast(pl.Int64) + 1)
    )
    events = rows.select(place=pl.col("row").cast(pl.Int64), one="event_id")
    lists = (
        chosen.explode("place")
        .join(events, on="place", how="left", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(pl.col("one").unique(maintain_order=True).alias("event_ids"))
    )
    return rows.select("row").join(lists, on="row", how="left", maintain_order="left")["event_ids"]


def _in_order(rows: pl.DataFrame, one: Correlation) -> pl.DataFrame:
    """Return the rows of the last rule, each with the latest chain of the others before it, and whether it is short enough.

    Each must come before the next: of one moment nobody can say which came first.
    """
    parts = len(one.parts)
    chain = rows.filter(rule=parts - 1).with_columns(pl.col("timestamp").alias("since")).sort("since")
    links, actors = [], []
    for number in reversed(range(parts - 1)):
        earlier = (
            rows.filter(rule=number)
            .group_by("group", "timestamp")
            .agg(pl.col("event_id").min(), pl.col("actor").min())
            .select("group", since_=pl.col("timestamp"), link=pl.col("event_id"), by=pl.col("actor"))
            .sort("since_")
        )
        links.append(f"link_{number}")
        actors.append(f"by_{number}")
        chain = (
            chain.join_asof(
                earlier, left_on="since", right_on="since_", by="group", strategy="backward",
                allow_exact_matches=False, check_sortedness=False,
            )
            .with_columns(pl.col("since_").alias("since"))
            .drop("since_")
            .rename({"link": f"link_{number}", "by": f"by_{number}"})
            .sort("since")
        )  # fmt: skip
    lists = pl.concat_list(*reversed(links), "event_id")
    whole = pl.col("since").is_not_null() & (pl.col("timestamp") - pl.col("since") <= one.timespan)
    return chain.sort("group", "timestamp", "event_id").with_columns(
        whole.fill_null(value=False).alias("met"),
        lists.alias("event_ids"),
        pl.concat_list(*actors, "actor").list.n_unique().alias("actors"),
        pl.lit(parts).alias("event_count"),
    )


def _beginnings(rows: pl.DataFrame, timespan: timedelta) -> pl.DataFrame:
    """Return the rows that meet the condition where the one before in their group did not, or is long past."""
    before: dict[str, Any] = {"order_by": ["timestamp", "event_id"]}
    met_before = pl.col("met").shift(1).over("group", **before)
    recent = pl.col("timestamp") - pl.col("timestamp").shift(1).over("group", **before) <= timespan
    goes_on = (met_before & recent).fill_null(value=False)
    return rows.filter(pl.col("met"), ~goes_on)
