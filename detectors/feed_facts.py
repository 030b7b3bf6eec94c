"""What is known of the feeds themselves, to a detector: one row per stretch of a delivery's life, or day of a source.

It must never hold anything of a row of a feed: names from the configuration, times, counts and words of a closed list.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.event import TEXT, UTC_MICROSECONDS

FACT_KINDS: Final[dict[str, str]] = {
    "delivered": "something was delivered and taken; the stretch lasts until the next delivery",
    "awaited": "a delivery is configured and has never brought anything",
    "refused": "what was delivered was refused as a whole, or a query failed; until the next that is taken",
    "unknown_people": "a day of a source (UTC): how many of its events are by people nobody knows",
}
FEED_ACTOR: Final = "feed"
"""The kind of actor of a finding about a feed: it concerns no person."""

FACT_SCHEMA: Final = pl.Schema(
    {
        "fact_id": TEXT,
        "name": TEXT,  # a configured delivery; of unknown_people a configured source
        "feed": TEXT,  # the feed it fills; null of unknown_people
        "kind": TEXT,  # a key of FACT_KINDS
        "start": UTC_MICROSECONDS,
        "seen_until": UTC_MICROSECONDS,  # up to when it is known to have lasted; its end, once it has ended
        "end": UTC_MICROSECONDS,  # null while it lasts
        "rows": pl.Int64(),  # rows delivered; of unknown_people the events that name an identifier
        "bad_rows": pl.Int64(),  # rows refused; of unknown_people the events whose identifier nobody holds
        "ahead_rows": pl.Int64(),  # rows that were written down in the future
        "ahead_seconds": pl.Int64(),  # how far ahead at most
        "problem": TEXT,  # of refused: why
        "asks": pl.Boolean(),  # of refused: it is a query, which is tried again
    }
)
NO_FACTS: Final = FACT_SCHEMA.to_frame()
"""The facts frame with no row."""


def is_about_a_feed(actor: str) -> bool:
    """Whether a finding's actor is a feed, so that it concerns no person."""
    return actor.startswith(f"{FEED_ACTOR}:")
