"""How many labelled look-ups the explanation templates explain: of the innocent, of the misused, by role, by template.

It must never look at a label before the templates have answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from auditd.archive.archive import Archive
from auditd.evaluation.labels import Labels
from detectors.detector import Span, Window
from detectors.explained import span_explained
from detectors.reference import Reference
from detectors.rules.unlinked_lookup import UnlinkedLookup
from parsers.event import Family

PIECE: Final = timedelta(days=1)
_SHOWN: Final = 20
_KEY: Final = ("second", "account", "subject_type", "subject_key")


@dataclass(frozen=True, slots=True)
class Share:
    """How many of `total` look-ups were explained."""

    name: str
    total: int
    explained: int

    @property
    def share(self) -> float | None:
        """The share, None of nothing."""
        return self.explained / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class ExplainedReport:
    """What the templates did.

    innocent, with_record, without_record, misuse, misuse_without_record: shares. by_role: of innocent look-ups with a record.
    by_template: how many innocent look-ups each explains. unexplained: innocent ones with a record left over, by how they
    should have been explained. late: innocent look-ups whose explanation came on record only after the grace. wrongly: event
    ids of misuse explained away without a record, at most twenty. unmatched: labels without an event; unlabelled: events
    without a label.
    """

    innocent: Share
    with_record: Share
    without_record: Share
    misuse: Share
    misuse_without_record: Share
    late: int
    unmatched: int
    unlabelled: int
    by_role: list[Share] = field(default_factory=list)
    by_template: dict[str, int] = field(default_factory=dict)
    unexplained: list[Share] = field(default_factory=list)
    wrongly: list[str] = field(default_factory=list)


def measure_explained(
    archive: Archive, reference: Reference, labels: Labels, detector: UnlinkedLookup
) -> ExplainedReport:
    """Ask all templates, with the settings of unlinked_lookup, about the archived look-ups of the labelled stretch.

    A label and a look-up belong together when time to the second, account, kind and key of the subject are the same.
    """
    pieces = [_judged(archive, reference, detector, span) for span in _pieces(labels.look_ups["at"])]
    judged = pl.concat(pieces).unique(_KEY, keep="first", maintain_order=True)
    named = labels.look_ups.with_columns(second=pl.col("at").dt.truncate("1s"))
    joined = named.join(judged, on=_KEY, how="left")
    known = joined.filter(pl.col("event_id").is_not_null())
    innocent = known.filter(truth="innocent")
    misuse = known.filter(truth="misuse")
    with_record = innocent.filter(record="yes")
    wrongly = misuse.filter(pl.col("template").is_not_null(), record="no")
    return ExplainedReport(
        innocent=_share("innocent", innocent),
        with_record=_share("innocent, with a record", with_record),
        without_record=_share("innocent, without a record", innocent.filter(record="no")),
        misuse=_share("misuse", misuse),
        misuse_without_record=_share("misuse, without a record", misuse.filter(record="no")),
        late=innocent.filter(pl.col("recorded_at") > pl.col("timestamp") + detector.grace).height,
        unmatched=joined.height - known.height,
        unlabelled=judged.join(named, on=_KEY, how="anti").height,
        by_role=_shares(with_record, "role"),
        by_template=dict(_counts(innocent.drop_nulls("template"), "template")),
        unexplained=_shares(with_record, "explained_by"),
        wrongly=wrongly["event_id"].sort().head(_SHOWN).to_list(),
    )


def _pieces(times: pl.Series) -> Iterator[Span]:
    """Yield the labelled stretch in pieces of a day, first to last."""
    first, last = times.min(), times.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return
    start = first.replace(microsecond=0)
    while start <= last:
        yield Span(start, start + PIECE)
        start += PIECE


def _judged(archive: Archive, reference: Reference, detector: UnlinkedLookup, span: Span) -> pl.DataFrame:
    """Return the look-ups of the span with the best template that explains each, null where none does."""

    def scan(family: Family) -> pl.LazyFrame:
        return archive.scan(family, span.start - detector.before, span.end)

    every = span_explained(Window(span, scan, reference), detector.settings.options)
    best = every.drop_nulls("explained_by").with_columns(
        template=pl.col("explained_by").struct.field("template"),
        recorded_at=pl.col("explained_by")
        .struct.field("recorded_at")
        .str.to_datetime(time_unit="us", time_zone="UTC"),
    )
    looks = (
        archive.scan("access", span.start, span.end)
        .filter(pl.col("subject_key").is_not_null())
        .select("event_id", "timestamp", pl.col("user_id").alias("account"), "subject_type", "subject_key")
        .collect()
    )
    return looks.join(
        best.select("event_id", "template", "recorded_at"), on="event_id", how="left"
    ).with_columns(pl.col("timestamp").dt.truncate("1s").alias("second"))


def _share(name: str, rows: pl.DataFrame) -> Share:
    return Share(name, rows.height, rows.height - rows["template"].null_count())


def _shares(rows: pl.DataFrame, column: str) -> list[Share]:
    """Return a share for each value of a column, the largest first."""
    grouped = rows.group_by(pl.col(column).fill_null("not told")).agg(
        pl.len(), pl.col("template").count().alias("explained")
    )
    return [Share(*row) for row in grouped.sort(["len", column], descending=[True, False]).iter_rows()]


def _counts(rows: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    return rows.group_by(column).len().sort(["len", column], descending=[True, False]).rows()
