"""What all formats of the web family share: from the plain columns of a proxy's record to events.

It must never keep more of an address than `parsers/urls.py` lets through, nor take a proxy's question for a login for a
refusal.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.event import SCHEMA, TEXT, conform
from parsers.format import Context
from parsers.lines import record_identity
from parsers.subjects import canonical_account
from parsers.urls import bare_address, hashed, host_and_port, query_of

PROXY_LOGIN: Final = 407
TUNNEL: Final = "CONNECT"
RECORD: Final = {
    "own": TEXT,
    "url": TEXT,
    "referrer": TEXT,
    "web_action": TEXT,
    "http_request_method": TEXT,
    "http_response_status_code": pl.Int32(),
    "user_name": TEXT,
}
"""What a record has in any case: its own identifier, its addresses as written, the proxy's verdict, and who asked what."""

_IP: Final = r"^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$"
_STATUS: Final = pl.col("http_response_status_code")
_VERDICT: Final = pl.col("web_action")
_FIRST_ERROR: Final = 400


class WebEvents:
    """Makes events of records of one source.

    A record has the columns of RECORD, of a line's evidence, `timestamp`, `time_uncertainty_seconds`,
    `time_zone_source`, and any other columns of the web schema. unanswered: how a request went that got no status.
    """

    def __init__(self, name: str, context: Context, *, keep_query: bool, unanswered: str = "unknown") -> None:
        self._steps = [
            address_steps(keep_query=keep_query)[0],
            [
                *address_steps(keep_query=keep_query)[1],
                record_identity(context.source, pl.col("own")),
                pl.lit(context.source).alias("source"),
                pl.lit(name).alias("event_module"),
                pl.lit(context.site or None, dtype=TEXT).alias("observer_name"),
                canonical_account(pl.col("user_name")).alias("user_id"),
                web_action_word(),
                web_outcome(unanswered),
            ],
        ]
        unfilled = () if context.keep_raw else ("event_original",)
        self._columns = [column for column in SCHEMA["web"] if column not in unfilled]

    def events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return the events of `records`."""
        frame = records.with_columns(pl.lit(file).alias("log_file"))
        for step in self._steps:
            frame = frame.with_columns(step)
        return conform(frame.select(column for column in self._columns if column in frame.columns), "web")


def address_steps(*, keep_query: bool) -> tuple[list[pl.Expr], list[pl.Expr]]:
    """Return what to add to records, one after the other, for `url` and `referrer` to be columns of the schema."""
    first = [
        bare_address(pl.col("url")).alias("url_full"),
        bare_address(pl.col("referrer")).alias("http_request_referrer"),
        query_of(pl.col("url")).alias("url_query"),
    ]
    place = host_and_port(pl.col("url_full"))
    second = [
        place.struct.field("host").alias("url_domain"),
        place.struct.field("port").alias("url_port"),
        hashed(pl.col("url_query")).alias("url_query_hash"),
        *([] if keep_query else [pl.lit(None, dtype=TEXT).alias("url_query")]),
    ]
    return first, second


def web_action_word() -> pl.Expr:
    """Return `event_action`: web-blocked, web-challenged, web-tunnel or web-request."""
    return (
        pl.when(_VERDICT.is_in(["blocked", "challenged"]))
        .then(pl.concat_str(pl.lit("web-"), _VERDICT))
        .when(pl.col("http_request_method") == TUNNEL)
        .then(pl.lit("web-tunnel"))
        .otherwise(pl.lit("web-request"))
        .alias("event_action")
    )


def web_outcome(unanswered: str) -> pl.Expr:
    """Return `event_outcome`: failure where it was blocked or an error, `unanswered` where the record has no status.

    What was challenged is unknown until somebody has logged in.
    """
    return (
        pl.when(_VERDICT == "challenged")
        .then(pl.lit("unknown"))
        .when((_VERDICT == "blocked") | (_STATUS >= _FIRST_ERROR))
        .then(pl.lit("failure"))
        .when(_STATUS.is_null())
        .then(pl.lit(unanswered))
        .otherwise(pl.lit("success"))
        .alias("event_outcome")
    )


def ip_or_name(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the text where it is an IP address, and where it is not: systems write either in one place."""
    is_ip = text.str.contains(_IP)
    return pl.when(is_ip).then(text), pl.when(~is_ip).then(text)
