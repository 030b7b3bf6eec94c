"""What a row of a Microsoft 365 message trace means: expressions to the columns of an email event.

It must never take the direction from the trace's own `directionality`. Columns go by name, in every spelling seen.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

import polars as pl

from parsers.addresses import canonical_address, canonical_addresses, email_direction_steps
from parsers.event import conform
from parsers.exchange_fields import ACTIONS
from parsers.format import Context
from parsers.lines import record_identity

# Our name of a field, and how exports spell it: lower case, letters and digits alone.
_SPELLINGS: Final = {
    "time": "origintimestamputc origintimestamp datetimeutc datetime date received receiveddatetime",
    "sender": "senderaddress sender",
    "recipient": "recipientaddress recipient recipients",
    "recipient_status": "recipientstatus",
    "status": "status deliverystatus",
    "subject": "messagesubject subject",
    "bytes": "totalbytes size",
    "message_id": "messageid",
    "network_id": "networkmessageid messagetraceid id",
    "from_ip": "originalclientip fromip",
    "to_ip": "toip",
    "directionality": "directionality direction",
    "connector": "connectorid",
    "client_ip": "clientip",
    "client_name": "clienthostname",
    "server_ip": "serverip",
    "server_name": "serverhostname",
    "component": "source",
    "event": "eventid",
    "internal_id": "internalmessageid",
    "count": "recipientcount",
    "related": "relatedrecipientaddress",
    "reference": "reference",
    "return_path": "returnpath",
}
FIELDS: Final = tuple(_SPELLINGS)
_BY_SPELLING: Final = {
    spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings.split()
}
JSON_NAMES: Final = (
    "Received", "receivedDateTime", "SenderAddress", "senderAddress", "RecipientAddress", "recipientAddress", "Subject",
    "subject", "Status", "status", "ToIP", "toIP", "FromIP", "fromIP", "Size", "size", "MessageId", "messageId",
    "MessageTraceId", "id",
)  # fmt: skip

_STATUSES: Final = {
    "delivered": ("email-delivered", "success"),
    "filteredasspam": ("email-delivered", "success"),
    "expanded": ("email-expanded", "success"),
    "failed": ("email-failed", "failure"),
    "quarantined": ("email-quarantined", "failure"),
    "pending": ("email-deferred", "unknown"),
    "gettingstatus": ("email-deferred", "unknown"),
    "resolved": ("email-expanded", "success"),
}
_FAILURES: Final = ("email-failed", "email-quarantined")
_WORDS: Final = pl.col("status").str.to_lowercase().str.replace_all(r"[^a-z]", "")
_EVENT: Final = pl.col("event").str.strip_chars().str.to_uppercase()


def field_of(name: str) -> str | None:
    """Return our name of a column, None for one that is not read."""
    return _BY_SPELLING.get("".join(letter for letter in name.lower() if letter.isalnum()))


def _by_status(position: int) -> pl.Expr:
    table = {status: meaning[position] for status, meaning in _STATUSES.items()}
    return _WORDS.replace_strict(table, default=None, return_dtype=pl.String)


# a@x.example##Receive, Send;b@y.example##Receive, Fail
_PAIRS: Final = (
    pl.col("recipient_status")
    .str.split(";")
    .list.eval(pl.element().str.strip_chars().filter(pl.element().str.contains("##", literal=True)))
)
_RECIPIENTS: Final = pl.coalesce(
    pl.when(pl.col("recipient").str.strip_chars("; ") != "").then(
        pl.col("recipient").str.strip_chars("; ").str.replace_all(r"\s*;[;\s]*", ";").str.split(";")
    ),
    pl.when(_PAIRS.list.len() > 0).then(_PAIRS.list.eval(pl.element().str.replace(r"##.*$", ""))),
)
_ENDS: Final = _PAIRS.list.eval(pl.element().str.replace(r"^.*?##", "").str.strip_chars())
_LAST: Final = pl.col("ends").list.eval(pl.element().str.extract(r"([A-Za-z]+)\s*$").str.to_lowercase())
_BY_ENDS: Final = (
    pl.when(_LAST.list.contains("send"))
    .then(pl.lit("email-sent"))
    .when(_LAST.list.contains("deliver"))
    .then(pl.lit("email-delivered"))
    .when(_LAST.list.contains("fail"))
    .then(pl.lit("email-failed"))
    .when(_LAST.list.contains("receive"))
    .then(pl.lit("email-received"))
)
_ANY_FAILED: Final = _LAST.list.contains("fail")
_ALL_FAILED: Final = (pl.col("ends").list.len() > 0) & _LAST.list.eval(pl.element() == "fail").list.all()
_ACTION: Final = pl.coalesce(
    _EVENT.replace_strict(ACTIONS, default=None, return_dtype=pl.String),
    _by_status(0),
    _BY_ENDS,
    pl.lit("email-other"),
)
_OUTCOME: Final = (
    pl.when(pl.col("event_action").is_in(_FAILURES) | _ALL_FAILED)
    .then(pl.lit("failure"))
    .when(
        pl.col("event_action").is_in(["email-deferred", "email-transport", "email-other"])
        | _ANY_FAILED.fill_null(value=False)
    )
    .then(pl.lit("unknown"))
    .otherwise(pl.lit("success"))
)
_CODE: Final = pl.coalesce(
    pl.col("event").replace("", None),
    pl.col("status").replace("", None),
    pl.col("recipient_status").str.extract(r"([A-Za-z]+)\s*;?\s*$"),
)
_TOLD: Final = pl.concat_str(
    [
        pl.col(name).fill_null("")
        for name in ("event", "component", "internal_id", "recipient", "recipient_status", "status", "sender")
    ],
    separator="\x1f",
)
_KNOWN_WORDS: Final = frozenset(_STATUSES)


class Meaning:
    """What judged rows of one source mean, by its configuration."""

    def __init__(self, context: Context) -> None:
        self._written = [
            _RECIPIENTS.alias("email_to_address_raw"),
            _ENDS.alias("ends"),
            pl.when(~pl.col("sender").is_in(["", "<>"])).then("sender").alias("email_from_address_raw"),
            canonical_address(pl.col("related")).alias("email_related_address"),
            pl.concat_str("network_id", pl.lit("@"), "time", pl.lit("-"), "fingerprint").alias("own"),
        ]
        self._parties = [
            canonical_address(pl.col("email_from_address_raw")).alias("email_from_address"),
            canonical_addresses(pl.col("email_to_address_raw")).alias("email_to_address"),
            _ACTION.alias("event_action"),
        ]
        self._direction = email_direction_steps(context.force)
        self._columns = _columns(context)

    def events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return judged rows (FIELDS, times and evidence) as events of the email family."""
        told = records.select(_TOLD.alias("told")).to_series().cast(pl.Binary).to_list()
        prints = pl.Series("fingerprint", list(map(crc32, told)), dtype=pl.UInt32)
        records = records.with_columns(prints)
        for step in (self._written, self._parties, *self._direction):
            records = records.with_columns(step)
        return conform(records.select(*self._columns, pl.lit(file).alias("log_file")), "email")


def _columns(context: Context) -> list[pl.Expr]:
    sender = pl.col("email_from_address")
    ours = context.force.owns_address(sender)
    paired = pl.col("ends").list.len() == pl.col("email_to_address").list.len()
    client, origin = _ip("client_ip"), _ip("from_ip")
    columns = {
        "source": pl.lit(context.source),
        "event_module": pl.lit("m365_trace"),
        "observer_name": pl.lit(context.site or None, dtype=pl.String),
        "event_code": _CODE,
        "event_outcome": _OUTCOME,
        "event_reason": pl.coalesce(pl.col("recipient_status").replace("", None), "status"),
        "user_id": pl.when(ours).then(sender),
        "user_name": pl.when(ours).then("email_from_address_raw"),
        "source_ip": pl.coalesce(origin, client),
        "time_zone_source": pl.col("time_zone_source").replace("config", "assumed"),
        "email_recipient_status": pl.when(paired & (pl.col("ends").list.len() > 0)).then("ends"),
        "email_return_path": pl.col("return_path"),
        "email_subject": pl.col("subject"),
        "email_message_id": pl.col("message_id").str.strip_chars("<> ").replace("", None),
        "email_network_message_id": pl.col("network_id").replace("", None),
        "email_local_id": pl.col("internal_id"),
        "email_directionality_raw": pl.col("directionality"),
        "email_bytes": pl.col("bytes").str.strip_chars().cast(pl.Int64, strict=False),
        "email_recipient_count": pl.col("count").str.strip_chars().cast(pl.Int32, strict=False),
        "email_reference": pl.col("reference"),
        "event_provider": pl.col("component"),
        "client_ip": client,
        "client_address": pl.col("client_name"),
        "server_ip": pl.coalesce(_ip("server_ip"), _ip("to_ip")),
        "server_address": pl.col("server_name"),
        "email_connector": pl.col("connector"),
    }
    made = (
        "timestamp", "time_uncertainty_seconds", "event_action", "email_from_address", "email_from_address_raw",
        "email_to_address", "email_to_address_raw", "email_related_address", "email_direction",
    )  # fmt: skip
    evidence = ("log_offset", "log_length", "event_hash", *(["event_original"] if context.keep_raw else []))
    return [
        record_identity(context.source, pl.col("own")),
        pl.col(*made, *evidence),
        *(value.alias(name) for name, value in columns.items()),
    ]


def _ip(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().str.replace(r"%.*$", "").replace("", None)


def unknown_statuses(records: pl.DataFrame) -> pl.Series:
    """Return the event-ids and statuses no table names, in the words of ours if they cannot be such."""
    event, status = _EVENT.replace("", None), pl.col("status").replace("", None)
    strange = (
        pl.when(event.is_not_null() & ~event.is_in(list(ACTIONS)))
        .then(event)
        .when(event.is_null() & status.is_not_null() & ~_WORDS.is_in(list(_KNOWN_WORDS)))
        .then(status)
    )
    named = records.select(strange.alias("code")).drop_nulls()
    return named.select(
        pl.when(pl.col("code").str.contains("^[A-Za-z _-]{1,40}$")).then("code").otherwise(pl.lit("(other)"))
    ).to_series()
