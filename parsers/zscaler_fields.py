"""What the fields of a Zscaler NSS feed for web mean, whatever the feed calls them. It must never see a line.

A feed is a template that whoever set it up wrote: its names are those of the codes it is made of, or of the templates that
Zscaler and others publish.

References: help.zscaler.com, NSS Feed Output Format: Web Logs; General Guidelines for NSS Feeds and Feed Formats
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.event import TEXT
from parsers.times import IN_LOG_YEARS, TIMES_SCHEMA, iso_times
from parsers.urls import unescaped
from parsers.web import ip_or_name

# What is read, by the names it goes by: %s{eurl} is `eurl`, "refererURL" stands in the template for Splunk.
NAMES: Final = {
    "time": ("time", "datetime"), "epoch": ("epochtime",), "zone": ("tz",), "own": ("recordid", "event_id"),
    "login": ("login", "elogin", "user"), "protocol": ("proto", "protocol"), "url": ("eurl", "url"),
    "host": ("ehost", "host", "hostname"), "action": ("action",), "reason": ("reason", "ereason"),
    "method": ("reqmethod", "requestmethod"), "status": ("respcode", "status"), "sent": ("respsize", "responsesize"),
    "received": ("reqsize", "requestsize"), "category": ("urlcat", "urlcategory", "urlsubcat"), "app": ("appname",),
    "referrer": ("ereferer", "referer", "refererURL"), "agent": ("ua", "eua", "useragent"),
    "client": ("cip", "ClientIP", "cltip"), "public": ("cintip", "clientpublicIP", "cltpubip"),
    "server": ("sip", "serverip"), "rule": ("rulelabel", "erulelabel"), "mime": ("contenttype",),
    "device": ("devicehostname", "edevicehostname"), "location": ("location", "elocation"),
    "department": ("dept", "edepartment", "department"),
}  # fmt: skip
FIELD_OF: Final = {name.casefold(): field for field, names in NAMES.items() for name in names}
DEFAULT_FEED: Final = (
    "time login proto eurl action appname appclass reqsize respsize stime ctime urlclass urlsupercat urlcat malwarecat"
    " threatname riskscore dlpeng dlpdict location dept cip sip reqmethod respcode ua ereferer ruletype rulelabel"
    " contenttype unscannabletype deviceowner devicehostname keyprotectiontype"
)
"""The fields of the feed as it is set up at first, in their order; the last is missing in older ones."""

_NOTHING: Final = ("", "None", "NA", "N/A", "NotFound")
_SCHEMES: Final = {"HTTP": "http://", "HTTPS": "https://", "FTP": "ftp://", "FTPOVERHTTP": "ftp://"}
# Mon Oct 16 22:55:48 2023: the day of the week is not read, since it is not needed.
_NAMED_DAY: Final = r"^[A-Z][a-z]{2} [A-Z][a-z]{2} +[0-9]"
_TIME: Final = pl.col("time")
_LONG: Final = (
    _TIME.str.slice(4)
    .str.to_datetime("%b %e %H:%M:%S %Y", time_unit="us", strict=False)
    .dt.to_string("%Y-%m-%dT%H:%M:%S")
)
_WRITTEN: Final = pl.when(_TIME.str.contains(_NAMED_DAY)).then(_LONG).otherwise(_TIME)
_MARKED: Final = pl.when(pl.col("zone").is_in(["GMT", "UTC"])).then(pl.lit("Z")).otherwise(pl.lit(""))
_EPOCH: Final = pl.col("epoch").str.extract("^([0-9]{1,11})$").cast(pl.Int64)
_ACTION: Final = pl.col("action").str.to_lowercase()
_URL: Final = pl.coalesce("url", "host")
_STATUS: Final = pl.col("status").cast(pl.Int32, strict=False)
_LOGIN: Final = unescaped(pl.col("login"))


def fields_of(given: pl.DataFrame) -> pl.DataFrame:
    """Return a column of text per field of NAMES, out of columns with the feed's names; nothing is null."""
    found: dict[str, list[pl.Expr]] = {field: [] for field in NAMES}
    for name in given.columns:
        field = FIELD_OF.get(name.strip().casefold())
        if field is not None:
            value = pl.col(name).str.strip_chars()
            found[field].append(pl.when(~value.is_in(_NOTHING)).then(value))
    nothing = pl.lit(None, dtype=TEXT)
    return given.select(pl.coalesce([*values, nothing]).alias(field) for field, values in found.items())


def times_of(fields: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Return TIMES_SCHEMA: by the epoch where the feed has it, else as written, in `zone` unless the feed says GMT."""
    written = iso_times(fields.select(_WRITTEN + _MARKED).to_series(), zone)
    epoch = fields.select(_EPOCH.alias("epoch"))["epoch"]
    if epoch.null_count() == len(epoch):
        return written
    known, stamp = epoch.is_not_null(), (epoch * 1_000_000).cast(TIMES_SCHEMA["timestamp"])
    return pl.DataFrame(
        {
            "timestamp": stamp.zip_with(known, written["timestamp"]),
            "time_uncertainty_seconds": written["time_uncertainty_seconds"].set(known, 0),
            "time_zone_source": written["time_zone_source"].set(known, "record"),
        }
    )


FAULT: Final = (
    pl.when(_TIME.is_null() & pl.col("epoch").is_null())
    .then(pl.lit("missing_field\x1ftime"))
    .when(_URL.is_null())
    .then(pl.lit("missing_field\x1furl"))
    .when(~IN_LOG_YEARS)
    .then(pl.lit("bad_time\x1ftime"))
)
"""What is wrong with a record, as `parsers.legs.fault` writes it."""

_CLIENT, _CLIENT_NAME = ip_or_name(pl.coalesce("client", "public"))
_SERVER, _SERVER_NAME = ip_or_name(pl.col("server"))
MEANING: Final = [
    pl.when(~_URL.str.contains("://", literal=True))
    .then(
        pl.concat_str(pl.col("protocol").str.to_uppercase().replace_strict(_SCHEMES, default=""), _URL, ignore_nulls=True)
    )
    .otherwise(_URL)
    .alias("url"),
    pl.when(_ACTION.str.starts_with("allow"))
    .then(pl.lit("allowed"))
    .when(_ACTION.str.contains("^(?:block|den)"))
    .then(pl.lit("blocked"))
    .alias("web_action"),
    pl.col("action").alias("event_code"),
    pl.when(pl.col("reason").str.to_lowercase() != _ACTION).then(unescaped(pl.col("reason"))).alias("event_reason"),
    pl.col("method").alias("http_request_method"),
    pl.when(_STATUS > 0).then(_STATUS).alias("http_response_status_code"),
    pl.col("sent").cast(pl.Int64, strict=False).alias("http_response_bytes"),
    pl.col("received").cast(pl.Int64, strict=False).alias("http_request_bytes"),
    pl.col("mime").alias("http_response_mime_type"),
    # Who is not known goes by the name of the place the request came from.
    pl.when((unescaped(pl.col("location")) != _LOGIN).fill_null(value=True)).then(_LOGIN).alias("user_name"),
    unescaped(pl.col("agent")).alias("user_agent_original"),
    unescaped(pl.col("category")).alias("web_category"),
    unescaped(pl.col("app")).alias("network_application"),
    unescaped(pl.col("rule")).alias("rule_name"),
    unescaped(pl.col("department")).alias("organization_name"),
    _CLIENT.alias("source_ip"),
    pl.coalesce(unescaped(pl.col("device")), _CLIENT_NAME).alias("source_address"),
    _SERVER.alias("destination_ip"),
    _SERVER_NAME.alias("destination_address"),
]  # fmt: skip


def unknown_actions(records: pl.DataFrame) -> dict[str, int]:
    """Count the actions that are neither allowing nor blocking; what is no short word is counted as "(other)"."""
    strange = records.filter(pl.col("web_action").is_null())["event_code"].fill_null("(none)")
    shown = pl.when(strange.str.contains("^[A-Za-z() _-]{1,40}$")).then(strange).otherwise(pl.lit("(other)"))
    counts = pl.select(shown.alias("action"))["action"].value_counts().sort("action")
    return {f"action {action}": count for action, count in counts.iter_rows()}
