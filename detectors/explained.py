"""The look-ups of a span with what explains them: one view for all detectors with the same bounds.

It must never ask about more than explanations reach: what explains a look-up lies before it, or in reference data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from detectors.accesses import look_ups, made_by
from detectors.bounds import Options
from detectors.detector import Window
from detectors.explanations import evidence, explain

DAY: Final = timedelta(hours=24)
"""How far back a person's other look-ups are asked about."""


@dataclass(frozen=True, slots=True)
class SpanExplained:
    """All look-ups of the span with what explains them, for `Window.once`.

    Where the span is longer than a day, that of the day before it too: asking about all of them at once is cheaper then.
    """

    options: Options

    def __call__(self, window: Window) -> pl.DataFrame:
        """Return the look-ups (ACCESS_SCHEMA) with `explained_by` (explanations.evidence), null where nothing does."""
        back = DAY if is_long(window) else timedelta(0)
        time, first = pl.col("timestamp"), window.span.start - back
        near = time.is_between(first - self.options.reach, window.span.end, closed="left")
        return _asked(window, near, self.options).filter(time >= first)


def is_long(window: Window) -> bool:
    """Return whether the span is longer than a day."""
    return window.span.end - window.span.start > DAY


def span_explained(window: Window, options: Options) -> pl.DataFrame:
    """Return the look-ups of the span (ACCESS_SCHEMA) with `explained_by`."""
    return window.once(SpanExplained(options)).filter(window.in_span())


def span_unexplained(window: Window, options: Options) -> pl.DataFrame:
    """Return the look-ups of the span that nothing explains (ACCESS_SCHEMA)."""
    return span_explained(window, options).filter(pl.col("explained_by").is_null()).drop("explained_by")


def explained_before(
    looked: pl.DataFrame, window: Window, options: Options, back: timedelta = timedelta(0)
) -> pl.DataFrame:
    """Return the look-ups by those who made `looked` (ACCESS_SCHEMA, not empty), from `back` before on, with `explained_by`.

    Every look-up of the same accounts and terminals in reach is asked about, since one may follow on from another. Where
    the whole span was asked already, that is the answer: those of others are among it.
    """
    time = pl.col("timestamp")
    first, last = looked.select(first=time.min() - back, last=time.max()).row(0)
    whole = SpanExplained(options)
    known_from = window.span.start - (DAY if is_long(window) else timedelta(0))
    if window.has(whole) and first >= known_from and last < window.span.end:
        return window.once(whole)
    near = time.is_between(first - options.reach, last) & made_by(looked["actor"])
    return _asked(window, near, options).filter(time >= first)


def _asked(window: Window, chosen: pl.Expr, options: Options) -> pl.DataFrame:
    looked = look_ups(window.events("access").filter(chosen), window.reference)
    best = explain(looked, window.reference, options).best()
    why = best.select("row", evidence().alias("explained_by"))
    return looked.join(why, on="row", how="left", maintain_order="left")
