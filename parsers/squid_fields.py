"""What the fields of a Squid access log record mean. It must never see a line.

References: Squid, src/log/FormatSquidNative.cc and FormatHttpdCombined.cc; squid-cache.org/Doc/config/logformat;
wiki.squid-cache.org/SquidFaq/SquidLogs (result codes and hierarchy codes).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.event import TEXT
from parsers.urls import unescaped
from parsers.web import PROXY_LOGIN, ip_or_name

# What a line can say, as text; "-" is nothing.
FIELDS: Final = (
    "elapsed", "client", "client_name", "code", "status", "sent", "received", "method", "url", "user", "ident",
    "peer", "peer_name", "mime", "referrer", "agent", "headers",
)  # fmt: skip

# Result codes are made of these words: TCP_MISS, TCP_REFRESH_UNMODIFIED, TCP_MISS_ABORTED, NONE, ...
_WORDS: Final = frozenset({
    "TCP", "UDP", "ICP", "NONE", "TAG", "ERR", "HIT", "MISS", "DENIED", "REDIRECT", "TUNNEL", "REFRESH", "FAIL", "OLD",
    "IGNORED", "UNMODIFIED", "MODIFIED", "MEM", "NEGATIVE", "OFFLINE", "STALE", "IMS", "INM", "SWAPFAIL", "CLIENT",
    "QUERY", "ASYNC", "CF", "ABORTED", "TIMEDOUT", "INVALID", "RELOADING", "NOFETCH", "REPLY", "AUTH", "OBJECT",
    "LOOKUP", "COMPRESSED",
})  # fmt: skip
_NANOSECONDS: Final = 1_000_000
_LAST_MILLISECOND: Final = 2**63 // _NANOSECONDS - 1
# [User-Agent: Mozilla/5.0%0d%0aReferer: http://intranet.example/%0d%0a...]: brackets and controls escaped, older versions spaces too.
_END: Final = r"(?:%0[dD]%0[aA]|\\r\\n|$)"
_STATUS: Final = pl.col("status").cast(pl.Int32, strict=False)
_DENIED: Final = pl.col("code").str.contains("DENIED", literal=True).fill_null(value=False)


def _header(name: str) -> pl.Expr:
    found = pl.col("headers").str.extract(rf"(?i)(?:^|%0d%0a|\\r\\n){name}:(?: |%20)*(.*?){_END}")
    return unescaped(found)


def _address(name: str, named: str, *, ip: str, address: str) -> list[pl.Expr]:
    found, word = ip_or_name(pl.col(name))
    return [found.alias(ip), pl.coalesce(word, named).alias(address)]


_VERDICT: Final = (
    pl.when(_DENIED & (_STATUS == PROXY_LOGIN))
    .then(pl.lit("challenged"))
    .when(_DENIED)
    .then(pl.lit("blocked"))
    .otherwise(pl.lit("allowed"))
)
_ELAPSED: Final = pl.col("elapsed").cast(pl.Int64, strict=False)
MEANING: Final = [
    pl.lit(None, dtype=TEXT).alias("own"),
    _VERDICT.alias("web_action"),
    pl.col("code").alias("event_code"),
    pl.col("method").alias("http_request_method"),
    pl.when(_STATUS > 0).then(_STATUS).alias("http_response_status_code"),
    pl.col("sent").cast(pl.Int64, strict=False).alias("http_response_bytes"),
    pl.col("received").cast(pl.Int64, strict=False).alias("http_request_bytes"),
    pl.col("mime").alias("http_response_mime_type"),
    unescaped(pl.coalesce("user", "ident")).alias("user_name"),
    pl.coalesce("referrer", _header("Referer")).alias("referrer"),
    pl.coalesce("agent", _header("User-Agent")).alias("user_agent_original"),
    pl.when(_ELAPSED.is_between(0, _LAST_MILLISECOND)).then(_ELAPSED * _NANOSECONDS).alias("event_duration"),
    *_address("client", "client_name", ip="source_ip", address="source_address"),
    *_address("peer", "peer_name", ip="destination_ip", address="destination_address"),
]


def unknown_results(codes: pl.Series) -> dict[str, int]:
    """Count the result codes that are not made of known words; they are short words in capitals."""
    counts = codes.drop_nulls().value_counts()
    return {
        f"result {code}": count
        for code, count in counts.sort(codes.name).iter_rows()
        if not set(code.split("_")) <= _WORDS
    }
