"""What all telephone formats share: direction, action and outcome of a call, and causes in words.

It must never believe a system's own word for the direction: the force's ranges decide.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.force import Force

# ITU-T Q.850, and what Cisco adds to it.
CAUSES: Final[dict[int, str]] = {
    1: "unallocated number",
    2: "no route to transit network",
    3: "no route to destination",
    6: "channel unacceptable",
    16: "normal call clearing",
    17: "user busy",
    18: "no user responding",
    19: "no answer from user",
    20: "subscriber absent",
    21: "call rejected",
    22: "number changed",
    26: "non-selected user clearing",
    27: "destination out of order",
    28: "invalid number format",
    29: "facility rejected",
    31: "normal, unspecified",
    34: "no circuit or channel available",
    38: "network out of order",
    41: "temporary failure",
    42: "switching equipment congestion",
    44: "requested circuit or channel not available",
    47: "resource unavailable",
    50: "requested facility not subscribed",
    57: "bearer capability not authorized",
    58: "bearer capability not presently available",
    63: "service or option not available",
    65: "bearer capability not implemented",
    79: "service or option not implemented",
    88: "incompatible destination",
    96: "mandatory information element missing",
    102: "recovery on timer expiry",
    111: "protocol error",
    127: "interworking",
    393216: "call split",
}


def cause_text(cause: pl.Expr) -> pl.Expr:
    """Return integer causes in words; null for 0 and for values that no table names."""
    return cause.replace_strict(CAUSES, default=None, return_dtype=pl.String)


def unknown_causes(*columns: pl.Series) -> dict[str, int]:
    """Return how often each cause other than 0 that no table names occurs, by `cause N`."""
    causes = pl.concat(columns).drop_nulls().alias("cause")
    unnamed = [cause for cause in causes.unique() if cause and cause not in CAUSES]
    if not unnamed:
        return {}
    unknown = causes.filter(causes.is_in(unnamed))
    return {f"cause {cause}": count for cause, count in unknown.value_counts().sort("cause").iter_rows()}


def is_ours(force: Force, number: pl.Expr) -> pl.Expr:
    """Boolean expression, never null: the canonical number is one of the force's."""
    return force.owns_number(number).fill_null(value=False)


def call_direction(*, caller: pl.Expr, called: pl.Expr, from_us: pl.Expr, to_us: pl.Expr) -> pl.Expr:
    """Return inbound, outbound, internal, transit or unknown, from canonical numbers and whether they are ours.

    `called` is where the call rang, not what was dialled. A withheld caller (null) of one of our numbers is inbound.
    """
    return (
        pl.when(from_us & to_us)
        .then(pl.lit("internal"))
        .when(to_us)
        .then(pl.lit("inbound"))
        .when(from_us & called.is_not_null())
        .then(pl.lit("outbound"))
        .when(caller.is_not_null() & called.is_not_null() & ~from_us)
        .then(pl.lit("transit"))
        .otherwise(pl.lit("unknown"))
    )


def call_verdict(
    *, direction: pl.Expr, connected: pl.Expr, talk_seconds: pl.Expr, recording: pl.Expr
) -> tuple[pl.Expr, pl.Expr]:
    """Return `event_action` and `event_outcome`: call-recording, call-missed (never answered) or call-<direction>.

    A call succeeded when it was answered and there was time to say a word.
    """
    action = (
        pl.when(recording)
        .then(pl.lit("call-recording"))
        .when(connected.is_null())
        .then(pl.lit("call-missed"))
        .otherwise(pl.concat_str(pl.lit("call-"), direction))
    )
    talked = connected.is_not_null() & (talk_seconds > 0).fill_null(value=False)
    outcome = pl.when(talked).then(pl.lit("success")).otherwise(pl.lit("failure"))
    return action.alias("event_action"), outcome.alias("event_outcome")
