"""What a record of the Microsoft 365 unified audit log means: expressions to columns of email and access events.

It must never see a line. Mail that was sent, and rules or settings that make mail go on, are emails; all else is access.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.addresses import canonical_address, canonical_addresses, email_direction_steps
from parsers.event import conform
from parsers.format import Context
from parsers.lines import record_identity
from parsers.m365_operations import ACTIONS, ADMINISTRATION, FORWARDING, FORWARDS, SENDING
from parsers.subjects import canonical_account, key_by_kind

_NAMED_VALUES: Final = pl.List(pl.Struct({"Name": pl.String, "Value": pl.String}))
_ADDRESSES: Final = pl.List(pl.Struct({"Address": pl.String}))
_TEXTS: Final = (
    "Id", "RecordType", "CreationTime", "Operation", "Workload", "ResultStatus", "ObjectId", "UserId", "ClientIP",
    "ClientIPAddress", "ActorIpAddress", "OrganizationName", "LogonType", "MailboxOwnerUPN",
    "OperationCount", "SendAsUserSmtp", "SendOnBehalfOfUserSmtp", "recipientCount", "RecipientCount", "AuditData",
    "auditData",
)  # fmt: skip
MEMBERS: Final = pl.Schema(
    {
        **dict.fromkeys(_TEXTS, pl.String()),
        "Item": pl.Struct({"Subject": pl.String, "InternetMessageId": pl.String, "SizeInBytes": pl.String}),
        "Parameters": _NAMED_VALUES,
        "recipientList": _ADDRESSES,
        "RecipientList": _ADDRESSES,
    }
)
# Transport and the system itself work in every mailbox.
_MACHINES: Final = ("3", "4", "Transport", "SystemService")

_BLANK: Final = ("", "<null>", "null")
_ACTION: Final = pl.col("Operation").replace_strict(
    {**ACTIONS, **SENDING}, default="audit-other", return_dtype=pl.String
)
_RESULT: Final = pl.col("ResultStatus").str.to_lowercase()
_OUTCOME: Final = (
    pl.when(_RESULT.is_in(["succeeded", "success", "true"]))
    .then(pl.lit("success"))
    .when(_RESULT.is_in(["failed", "failure", "false"]) | (pl.col("Operation") == "UserLoginFailed"))
    .then(pl.lit("failure"))
    .otherwise(pl.lit("unknown"))
)


def client_host(client: pl.Expr) -> pl.Expr:
    """Return the address or host of a client, without port, brackets, IPv6 zone and the prefix of mapped addresses."""
    bare = client.str.strip_chars().replace(list(_BLANK), [None, None, None])
    inside = bare.str.extract(r"^\[([^\]]*)\]")
    alone = (
        pl.when(bare.str.count_matches(":", literal=True) == 1)
        .then(bare.str.replace(r":.*$", ""))
        .otherwise(bare)
    )
    host = pl.coalesce(inside, alone).str.replace(r"^::[fF]{4}:(\d+\.\d+\.\d+\.\d+)$", "${1}")
    return host.str.replace(r"%.*$", "").replace("", None)


_HOST: Final = client_host(
    pl.coalesce(pl.col("ClientIP", "ClientIPAddress", "ActorIpAddress").replace("", None))
)
_IS_IP: Final = pl.col("host").str.contains(
    r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"
)
# Items are counted where they are named in the line: reading the lists themselves costs as much as all the rest.
_COUNTED: Final = pl.coalesce(
    pl.col("OperationCount").cast(pl.Int32, strict=False),
    pl.when(pl.col("action").str.starts_with("mailbox-") & (pl.col("items") > 0))
    .then("items")
    .cast(pl.Int32),
)


def _common(context: Context) -> list[pl.Expr]:
    return [
        record_identity(context.source, pl.col("Id")),
        pl.lit(context.source).alias("source"),
        pl.lit("m365_audit").alias("event_module"),
        pl.lit(context.site or None, dtype=pl.String).alias("observer_name"),
        pl.col("Operation").alias("event_code"),
        pl.col("action").alias("event_action"),
        _OUTCOME.alias("event_outcome"),
        pl.col("ResultStatus").alias("event_reason"),
        canonical_account(pl.col("UserId")).alias("user_id"),
        pl.col("UserId").alias("user_name"),
        pl.when(_IS_IP).then("host").alias("source_ip"),
        pl.when(~_IS_IP).then("host").alias("source_address"),
        pl.col("timestamp", "time_uncertainty_seconds", "log_offset", "log_length", "event_hash"),
        pl.col("time_zone_source").replace("config", "assumed"),
        *([pl.col("event_original")] if context.keep_raw else []),
    ]


class Meaning:
    """What judged records of one source mean, by its configuration."""

    def __init__(self, context: Context, *, subjects: tuple[str, ...]) -> None:
        common = _common(context)
        self._email = [
            *common,
            pl.col(
                "email_from_address", "email_from_address_raw", "email_to_address", "email_to_address_raw"
            ),
            pl.col("email_direction"),
            pl.col("Subject").alias("email_subject"),
            pl.col("InternetMessageId").str.strip_chars("<> ").replace("", None).alias("email_message_id"),
            pl.col("SizeInBytes").cast(pl.Int64, strict=False).alias("email_bytes"),
            pl.coalesce("recipientCount", "RecipientCount")
            .cast(pl.Int32, strict=False)
            .alias("email_recipient_count"),
            pl.col("rule").alias("email_reference"),
            pl.col("Workload").alias("event_provider"),
            pl.when(_IS_IP).then("host").alias("client_ip"),
        ]
        self._parties = [
            canonical_address(pl.col("email_from_address_raw")).alias("email_from_address"),
            canonical_addresses(pl.col("email_to_address_raw")).alias("email_to_address"),
        ]
        self._direction = email_direction_steps(context.force)
        kind = _kind(subjects)
        self._subject = [kind.alias("kind"), _object().alias("object")]
        self._access = [
            *common,
            pl.col("OrganizationName").alias("organization_name"),
            pl.when(pl.col("object").is_not_null()).then("kind").alias("subject_type"),
            pl.when(pl.col("kind").is_not_null())
            .then(key_by_kind(pl.col("kind"), pl.col("object").str.strip_chars().str.to_uppercase()))
            .alias("subject_key"),
            pl.col("Workload").str.to_lowercase().alias("pnc_system"),
            pl.coalesce("rule", "object").alias("pnc_query"),
            _COUNTED.alias("pnc_hit_count"),
            pl.col("Id").alias("pnc_txn_ref"),
        ]

    def events(self, records: pl.DataFrame, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return judged records (MEMBERS, `items`, times, evidence) as (email, access) events."""
        known = _with_rules(records.with_columns(_ACTION.alias("action"), _HOST.alias("host")))
        is_email = known.select(
            pl.col("Operation").is_in(list(SENDING)) | pl.col("action").is_in(list(FORWARDS.values()))
        ).to_series()
        name = pl.lit(file).alias("log_file")
        email = _with_items(known.filter(is_email)).with_columns(self._parties)
        for step in self._direction:
            email = email.with_columns(step)
        access = known.filter(~is_email).with_columns(self._subject)
        return (
            conform(email.select(*self._email, name), "email"),
            conform(access.select(*self._access, name), "access"),
        )


def _kind(subjects: tuple[str, ...]) -> pl.Expr:
    """Return the kind of object an access counts as a look-up of: others' mailboxes, files, as configured."""
    nothing = pl.lit(None, dtype=pl.String)
    other = canonical_account(pl.col("MailboxOwnerUPN")) != canonical_account(pl.col("UserId"))
    mailbox = other & ~pl.col("LogonType").is_in(list(_MACHINES)).fill_null(value=False)
    accessed = pl.col("action").str.starts_with("mailbox-accessed") | pl.col("action").str.starts_with(
        "mailbox-item-"
    )
    kind = pl.when(pl.lit("mailbox" in subjects) & mailbox & accessed).then(pl.lit("mailbox"))
    file = pl.col("action").is_in(["file-accessed", "file-downloaded"])
    return kind.when(pl.lit("file" in subjects) & file).then(pl.lit("file")).otherwise(nothing)


def _object() -> pl.Expr:
    """Return what was touched: the mailbox, else the object as the record names it."""
    return pl.coalesce(pl.col("MailboxOwnerUPN").replace("", None), pl.col("ObjectId").replace("", None))


_NAME, _VALUE = pl.element().struct.field("Name"), pl.element().struct.field("Value")
_WORDS: Final = (
    pl.col("Parameters")
    .list.eval(pl.concat_str(_NAME, pl.lit("="), _VALUE.fill_null("")))
    .list.drop_nulls()
    .list.join("; ")
    .replace("", None)
)
_TO: Final = pl.col("Parameters").list.eval(_VALUE.filter(_NAME.is_in(list(FORWARDING))).drop_nulls())
# Several addresses stand in one value, separated by semicolons or commas.
_TARGETS: Final = (
    _TO.list.join(";")
    .str.replace_all(r"\s*[;,]\s*", ";")
    .str.split(";")
    .list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(["", "$null", "null"])))
)
_MAILBOX: Final = pl.coalesce(
    pl.col("Parameters").list.eval(_VALUE.filter(_NAME.eq(name))).list.first()
    for name in ("Mailbox", "Identity")
)
_RULES: Final = [_WORDS.alias("rule"), _TARGETS.alias("targets"), _MAILBOX.alias("rule_mailbox")]
_NO_RULES: Final = [
    pl.lit(None, dtype=pl.String).alias("rule"),
    pl.lit(None, dtype=pl.List(pl.String)).alias("targets"),
    pl.lit(None, dtype=pl.String).alias("rule_mailbox"),
]
_FORWARDED: Final = (
    pl.when(pl.col("targets").list.len().fill_null(0) > 0)
    .then(pl.col("action").replace_strict(FORWARDS, default=pl.col("action"), return_dtype=pl.String))
    .otherwise("action")
    .alias("action")
)


def _with_rules(records: pl.DataFrame) -> pl.DataFrame:
    """Return the records with what commands of administrators say: `rule` in words, `targets` of mail, the action then."""
    administers = records.select(
        pl.col("Operation").is_in(list(ADMINISTRATION)) & pl.col("Parameters").is_not_null()
    ).to_series()
    if not administers.any():
        return records.with_columns(_NO_RULES)
    masked = pl.when(administers).then("Parameters").alias("Parameters")
    return records.with_columns(masked).with_columns(_RULES).with_columns(_FORWARDED)


def _with_items(records: pl.DataFrame) -> pl.DataFrame:
    """Return emails with what their item says, sender and recipients as written."""
    listed = pl.coalesce("recipientList", "RecipientList").list.eval(
        pl.element().struct.field("Address").drop_nulls()
    )
    is_rule = ~pl.col("Operation").is_in(list(SENDING))
    owner = pl.coalesce(
        pl.when(is_rule).then(
            pl.when(pl.col("rule_mailbox").str.contains("@", literal=True)).then("rule_mailbox")
        ),
        pl.when(is_rule).then("UserId"),
        pl.col("SendAsUserSmtp").replace("", None),
        pl.col("SendOnBehalfOfUserSmtp").replace("", None),
        pl.col("MailboxOwnerUPN").replace("", None),
        "UserId",
    )
    return records.with_columns(
        pl.col("Item").struct.unnest(),
        pl.when(listed.list.len() > 0).then(listed).alias("listed"),
        owner.alias("email_from_address_raw"),
    ).with_columns(pl.when(is_rule).then("targets").otherwise("listed").alias("email_to_address_raw"))
