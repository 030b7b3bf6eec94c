"""What the fields of a message tracking record mean: expressions from them to the columns of an email event.

It must never see a line, nor take the direction of a message from the log's own `directionality`. Expressions are made
once for a configuration: making them costs more than parsing a small block does.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.addresses import canonical_address, canonical_addresses, email_direction_steps
from parsers.event import conform
from parsers.force import Force
from parsers.format import Context

# Columns that become a column of ours as they are.
AS_WRITTEN: Final = {
    "client-hostname": "client_address", "server-hostname": "server_address", "connector-id": "email_connector",
    "source": "event_provider", "internal-message-id": "email_local_id", "reference": "email_reference",
    "message-subject": "email_subject", "return-path": "email_return_path",
    "directionality": "email_directionality_raw",
}  # fmt: skip

# What each event-id is in our words, and how it went.
_MEANINGS: Final = (
    ("email-sent", "success", "SEND SENDEXTERNAL"),
    ("email-received", "success", "RECEIVE"),
    ("email-submitted", "success", "SUBMIT CLIENTSUBMISSION"),
    ("email-delivered", "success", "DELIVER DUPLICATEDELIVER"),
    ("email-expanded", "success", "EXPAND DUPLICATEEXPAND RESOLVE"),
    ("email-forwarded", "success", "REDIRECT DUPLICATEREDIRECT"),
    ("email-failed", "failure", "BADMAIL DELIVERFAIL DROP FAIL MODERATIONEXPIRE MODERATORREJECT POISONMESSAGE"
     " RESUBMITFAIL SUBMITFAIL SUPPRESSED"),
    ("email-transport", "unknown", "AGENTINFO DEFER DSN HADISCARD HARECEIVE HAREDIRECT HAREDIRECTFAIL"
     " INITMESSAGECREATED LOAD MODERATORAPPROVE MODERATORSALLNDR NOTIFYMAPI NOTIFYSHADOW PROCESS"
     " PROCESSMEETINGMESSAGE RESUBMIT RESUBMITDEFER SUBMITDEFER THROTTLE TRANSFER"),
)  # fmt: skip
ACTIONS: Final = {code: action for action, _, codes in _MEANINGS for code in codes.split()}
_OUTCOMES: Final = {code: outcome for _, outcome, codes in _MEANINGS for code in codes.split()}

# Columns of ours that are made in steps, because others depend on them.
_MADE: Final = (
    "timestamp", "time_uncertainty_seconds", "event_action", "email_from_address", "email_from_address_raw",
    "email_to_address", "email_to_address_raw", "email_related_address", "email_direction",
)  # fmt: skip
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
_ROLES: Final = r"^(?:To|Cc|Bcc)(?:;(?:To|Cc|Bcc))*$"
# custom-data: ...;S:OriginalFromAddress=sam.hale@example.org;...
_ORIGINAL_FROM: Final = r"S:OriginalFromAddress=([^;]+)"

# Events that carry the message on: what a mailbox rule does to it is to forward it.
_CARRIED: Final = [
    code
    for code, action in ACTIONS.items()
    if action in ("email-sent", "email-received", "email-submitted", "email-delivered", "email-expanded")
]
_TEXTS: Final = [
    pl.col("recipient-address").str.strip_chars("; ").str.replace_all(r";[;\s]+", ";").alias("recipients"),
    pl.col("source").str.to_uppercase().alias("component"),
    pl.col("log-id").str.strip_chars().replace("", None).alias("own"),
    pl.col("event_hash").bin.head(8).bin.encode("hex").alias("digest"),
]


class Meaning:
    """What judged records of one source mean, by its configuration."""

    def __init__(self, context: Context) -> None:
        written = [
            _sender_as_written().alias("email_from_address_raw"),
            _recipients_as_written().alias("email_to_address_raw"),
            pl.col("recipient-status").str.split(";").alias("statuses"),
            canonical_address(pl.col("related-recipient-address")).alias("email_related_address"),
            _action().alias("event_action"),
        ]
        parties = [
            canonical_address(pl.col("email_from_address_raw")).alias("email_from_address"),
            canonical_addresses(pl.col("email_to_address_raw")).alias("email_to_address"),
        ]
        direction = email_direction_steps(context.force, from_us=_leaves_us(context.force))
        self._steps = [_TEXTS, written, parties, *direction]
        self._columns = _columns(context)

    def events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return records (fields, times, `code` and evidence) as events of the email family."""
        for step in self._steps:
            records = records.with_columns(step)
        return conform(records.select(*self._columns, pl.lit(file).alias("log_file")), "email")


def _columns(context: Context) -> list[pl.Expr]:
    sender, status = pl.col("email_from_address"), pl.col("recipient-status")
    ours = context.force.owns_address(sender)
    client, origin = pl.col("client-ip"), pl.col("original-client-ip")
    zipped = (pl.col("statuses").list.len() == pl.col("email_to_address").list.len()).fill_null(value=False)
    columns = {
        "event_id": _identity(context.source),
        "source": pl.lit(context.source),
        "event_module": pl.lit("exchange"),
        "observer_name": pl.lit(context.site or None, dtype=pl.String),
        "event_code": pl.col("event-id").str.strip_chars(),
        "event_outcome": pl.col("code").replace_strict(_OUTCOMES, default="unknown"),
        "event_reason": pl.when(~(zipped & status.str.contains(_ROLES))).then(status),
        "user_id": pl.when(ours).then(sender),
        "user_name": pl.when(ours).then("email_from_address_raw"),
        "source_ip": _without_zone(pl.coalesce(origin, client)),
        "source_address": pl.when(origin.is_null()).then("client-hostname"),
        "time_zone_source": pl.col("time_zone_source").replace("config", "assumed"),
        "email_recipient_status": pl.when(zipped).then("statuses"),
        "email_message_id": pl.col("message-id").str.strip_chars("<> ").replace("", None),
        "email_network_message_id": pl.col("network-message-id").replace(_NO_ID, None),
        "email_bytes": pl.col("total-bytes").str.strip_chars().cast(pl.Int64, strict=False),
        "email_recipient_count": pl.col("recipient-count").str.strip_chars().cast(pl.Int32, strict=False),
        "client_ip": _without_zone(client),
        "server_ip": _without_zone(pl.col("server-ip")),
        **{column: pl.col(name) for name, column in AS_WRITTEN.items()},
    }
    evidence = ("log_offset", "log_length", "event_hash", *(["event_original"] if context.keep_raw else []))
    return [pl.col(*_MADE, *evidence), *(value.alias(name) for name, value in columns.items())]


def _identity(source: str) -> pl.Expr:
    """Return the event id: log-id and hash of the line, so that lines sharing a log-id stay apart; else the place."""
    prefix, own = pl.lit(f"{source}:"), pl.col("own")
    place = pl.when(own.is_null()).then(pl.col("log_offset")).cast(pl.String)
    return pl.concat_str(prefix, pl.coalesce(own, place), pl.lit("-"), pl.col("digest"))


def _sender_as_written() -> pl.Expr:
    """Return sender-address, else the original From in custom-data, else the envelope sender where it is an address."""
    sender = pl.when(pl.col("sender-address") != "<>").then("sender-address")
    envelope = pl.when(pl.col("return-path").str.contains("@", literal=True)).then("return-path")
    original = pl.when(sender.is_null()).then("custom-data").str.extract(_ORIGINAL_FROM)
    return pl.coalesce(sender, original, envelope)


def _recipients_as_written() -> pl.Expr:
    """Return the recipients as a list without blanks; null where the record names none."""
    text = pl.col("recipients")
    return pl.when(text != "").then(text.str.split(";"))


def _action() -> pl.Expr:
    """Return what happened in our words: by event-id, but a mailbox rule forwards and a mailbox submits."""
    code, component = pl.col("code"), pl.col("component")
    return (
        pl.when((component == "MAILBOXRULE") & code.is_in(_CARRIED))
        .then(pl.lit("email-forwarded"))
        .when((component == "STOREDRIVER") & (code == "RECEIVE"))
        .then(pl.lit("email-submitted"))
        .otherwise(code.replace_strict(ACTIONS, default="email-other"))
    )


def _leaves_us(force: Force) -> pl.Expr:
    """Return whether a message leaves from us whoever its sender: redirected by a mailbox of ours, or a bounce."""
    redirected = force.owns_address(pl.col("email_related_address")).fill_null(value=False)
    bounce = pl.col("email_from_address").is_null() & pl.col("code").is_in(["SEND", "SENDEXTERNAL"])
    return redirected | (pl.col("event_action") == "email-forwarded") | bounce


def _without_zone(ip: pl.Expr) -> pl.Expr:
    """Return the address without its IPv6 zone (`fe80::1%3`)."""
    return ip.str.replace(r"%.*$", "")
