"""What earlier lines of a Postfix log said about a queue id, joined to the later lines that are events.

It must never depend on where a file is cut into blocks: a line about a message counts for an event when it is the last
of its kind before it, nothing was removed in between, and at most `remember` such lines (of any message) lie between.
So what is carried from block to block is bounded, and forgetting goes by lines, not by blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

ORIGIN, IDENTITY, SENDER, SUBJECT, PARENT = 1, 2, 3, 4, 5
FACTS: Final = {
    ORIGIN: "origin",
    IDENTITY: "identity",
    SENDER: "queued",
    SUBJECT: "subject",
    PARENT: "parent",
}
OTHER, REMOVED, DELIVERY, REFUSAL, EXPIRY = 0, 10, 20, 21, 22
FIRST_EVENT: Final = DELIVERY

# A longer line about a message is not remembered, nor used in its own block.
LONGEST: Final = 1000

_BODY, _KIND, _KEY, _ROW = pl.col("body"), pl.col("kind"), pl.col("key"), pl.col("row")
_STARTS: Final = _BODY.str.starts_with
_REFUSED: Final = r"^(?:milter-|proxy-)?(?:reject|discard): "
_NOTIFIED: Final = (
    r"^(?:sender|postmaster) (?:non-delivery|delivery status|delay) notification: [0-9A-Za-z]+$"
)
_IS_NOTICE: Final = _BODY.str.contains(_NOTIFIED)


def _kind() -> pl.Expr:
    """What a line about a queue id says: one of the numbers above."""
    short = (_BODY.str.len_bytes() + _KEY.str.len_bytes() <= LONGEST) & ~_KEY.str.ends_with(" NOQUEUE")
    code = (
        pl.when(_STARTS("to="))
        .then(DELIVERY)
        .when(_STARTS("message-id=") | _STARTS("resent-message-id="))
        .then(pl.when(short).then(IDENTITY).otherwise(OTHER))
        .when(_STARTS("client=") | _STARTS("uid="))
        .then(pl.when(short).then(ORIGIN).otherwise(OTHER))
        .when(_STARTS("from=<"))
        .then(
            pl.when(_BODY.str.contains(">, status=[a-z-]+"))
            .then(EXPIRY)
            .when(short)
            .then(SENDER)
            .otherwise(OTHER)
        )
        .when(_BODY == "removed")
        .then(REMOVED)
        .when(_STARTS("warning: header Subject: ") | _STARTS("info: header Subject: "))
        .then(pl.when(short).then(SUBJECT).otherwise(OTHER))
        .when(_STARTS("parent="))
        .then(pl.when(short).then(PARENT).otherwise(OTHER))
        .when(_BODY.str.contains(_REFUSED) & _BODY.str.contains("; from=<", literal=True))
        .then(REFUSAL)
        .otherwise(OTHER)
    )
    return code.cast(pl.UInt8).alias("kind")


KIND: Final = _kind()

_IS_FACT: Final = _KIND.is_between(ORIGIN, PARENT)
_COUNTED: Final = [pl.col("row", "key", "kind", "body"), _IS_FACT.cum_sum().cast(pl.Int64).alias("count")]
_KNOWN: Final = [
    (pl.int_range(pl.len(), dtype=pl.Int64) - pl.len().cast(pl.Int64)).alias("row"),
    pl.col("key"),
    KIND,
    pl.col("body"),
    (-pl.col("age")).alias("count"),
]
_INDEX: Final = pl.int_range(pl.len(), dtype=pl.UInt32)
_STARTS_GROUP: Final = (_KEY.shift(1) != _KEY).fill_null(value=True)
_ENDS_GROUP: Final = (_KEY.shift(-1) != _KEY).fill_null(value=True)
_PLACED: Final = [
    pl.when(_STARTS_GROUP | (_KIND.shift(1) == REMOVED)).then(_INDEX).forward_fill().alias("since"),
    pl.when(_ENDS_GROUP).then(_INDEX).backward_fill().alias("end"),
    pl.when(_KIND == REMOVED).then(_INDEX).backward_fill().alias("next_removal"),
    *(
        pl.when(pl.col("kind") == fact).then(_INDEX).forward_fill().alias(name)
        for fact, name in FACTS.items()
    ),
    *(
        pl.when(pl.col("kind") == fact).then("count").forward_fill().alias(f"{name}_count")
        for fact, name in FACTS.items()
    ),
]
_LIVES: Final = _IS_FACT & (pl.col("next_removal").is_null() | (pl.col("next_removal") > pl.col("end")))

REMEMBERED_SCHEMA: Final = pl.Schema({"age": pl.Int64(), "key": pl.String(), "body": pl.String()})
NOTHING_REMEMBERED: Final = REMEMBERED_SCHEMA.to_frame()


def _about() -> list[pl.Expr]:
    """Key and body of a line; a notice that a new message was made about this one is a line about the new one."""
    notice = pl.when(_IS_NOTICE).then(_BODY)
    new = pl.concat_str(pl.col("host"), notice.str.extract(r": (\S+)$"), separator=" ")
    return [
        pl.coalesce(new, pl.concat_str("host", "queue_id", separator=" ")).alias("key"),
        pl.when(notice.is_null()).then(_BODY).otherwise(pl.lit("parent=") + pl.col("queue_id")).alias("body"),
    ]


ABOUT: Final = _about()


@dataclass(frozen=True, slots=True)
class Joined:
    """Events with what was known of their messages, and what is known behind the block.

    events: row, kind, body, and a column per name of FACTS: the line that said so, null where none counts.
    remembered: frame of REMEMBERED_SCHEMA, the oldest first; age is the number of such lines since.
    """

    events: pl.DataFrame
    remembered: pl.DataFrame


def join(lines: pl.DataFrame, before: pl.DataFrame, *, remember: int) -> Joined:
    """Join facts to events. lines: row (in order), key, kind, body; before: what was remembered at the block's start."""
    rows = lines.filter(_KIND != OTHER).select(_COUNTED)
    total = int(rows["count"][-1]) if rows.height else 0
    if before.height:
        rows = pl.concat([before.select(_KNOWN), rows])
    ordered = rows.sort(_KEY.hash(), _ROW).with_columns(_PLACED)
    return Joined(_events(ordered, remember), _remembered(ordered, total, remember))


def _events(ordered: pl.DataFrame, remember: int) -> pl.DataFrame:
    events = ordered.filter(_KIND >= FIRST_EVENT).sort("row").select(_places(remember))
    bodies = ordered["body"]
    told = [bodies.gather(events[name]).alias(name) for name in FACTS.values()]
    return pl.DataFrame([events["row"], events["kind"], events["body"], *told])


@lru_cache(maxsize=16)
def _places(remember: int) -> list[pl.Expr]:
    """Where the lines stand that count for an event; null where none of a kind does."""
    recent = [
        pl.when(pl.col(name) >= pl.col("since"), pl.col("count") - pl.col(f"{name}_count") < remember).then(
            name
        )
        for name in FACTS.values()
    ]
    return [pl.col("row", "kind", "body"), *recent]


def _remembered(ordered: pl.DataFrame, total: int, remember: int) -> pl.DataFrame:
    alive = ordered.filter(_LIVES, total - pl.col("count") < remember)
    last = alive.unique(["key", "kind"], keep="last", maintain_order=True).sort("count")
    return last.select((total - pl.col("count")).alias("age"), "key", "body")
