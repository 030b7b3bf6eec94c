"""Microsoft Exchange message tracking: `MSGTRK*.LOG` of Exchange 2010 (26 columns) and 2013 and later (30).

It must never take the direction of a message from the log's own `directionality`, nor assume a column's place: the
nearest `#Fields:` line above a record names its columns.

References: Microsoft, "Message tracking" (Exchange Server, mail flow, transport logs). docs/formats/exchange.md
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import field_validator

from parsers.addresses import canonical_address, canonical_addresses, with_email_direction
from parsers.delimited import split_fields, split_header
from parsers.event import SCHEMA, Family, conform
from parsers.force import Force
from parsers.format import REJECTS_SCHEMA, Block, Context, Format, FormatOptions, Parsed
from parsers.headers import under_fields_lines
from parsers.lines import EVIDENCE, cut_lines, record_identity, reject
from parsers.times import LOG_YEARS, iso_times

FIELDS_2013: Final = (
    "date-time", "client-ip", "client-hostname", "server-ip", "server-hostname", "source-context", "connector-id",
    "source", "event-id", "internal-message-id", "message-id", "network-message-id", "recipient-address",
    "recipient-status", "total-bytes", "recipient-count", "related-recipient-address", "reference", "message-subject",
    "sender-address", "return-path", "message-info", "directionality", "tenant-id", "original-client-ip",
    "original-server-ip", "custom-data", "transport-traffic-type", "log-id", "schema-version",
)  # fmt: skip
FIELDS_2010: Final = tuple(name for name in FIELDS_2013[:27] if name != "network-message-id")
_NEEDED: Final = frozenset(("date-time", "event-id"))
# Columns that become a column of ours as they are.
_AS_WRITTEN: Final = {
    "client-hostname": "client_address", "server-hostname": "server_address", "connector-id": "email_connector",
    "source": "event_provider", "internal-message-id": "email_local_id", "reference": "email_reference",
    "message-subject": "email_subject", "return-path": "email_return_path",
    "directionality": "email_directionality_raw",
}  # fmt: skip
_READ: Final = (
    *_AS_WRITTEN, *_NEEDED, "client-ip", "server-ip", "original-client-ip", "message-id", "network-message-id",
    "recipient-address", "recipient-status", "total-bytes", "recipient-count", "related-recipient-address",
    "sender-address", "custom-data", "log-id",
)  # fmt: skip

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
_UTC: Final = ZoneInfo("UTC")
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
_ROLES: Final = r"^(?:To|Cc|Bcc)(?:;(?:To|Cc|Bcc))*$"
# custom-data: ...;S:OriginalFromAddress=sam.hale@example.org;...
_ORIGINAL_FROM: Final = r"S:OriginalFromAddress=([^;]+)"
_CODE: Final = r"^[A-Z0-9_-]{1,40}$"


class ExchangeOptions(FormatOptions):
    """Options of the format.

    fields: column names of files that have no `#Fields:` line, in file order; without it, 30 or 26 columns are known.
    """

    fields: tuple[str, ...] = ()

    @field_validator("fields")
    @classmethod
    def _usable(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if fields and (not set(fields) >= _NEEDED or len(set(fields)) < len(fields)):
            raise ValueError(
                "name each column once, and at least 'date-time' and 'event-id', as on a #Fields: line"
            )
        return fields


class Exchange(Format):
    """Reads message tracking logs; the state is the column list of the last `#Fields:` line."""

    name: ClassVar[str] = "exchange"
    title: ClassVar[str] = "Microsoft Exchange message tracking"
    families: ClassVar[tuple[Family, ...]] = ("email",)
    references: ClassVar[tuple[str, ...]] = (
        "https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking",
    )
    Options: ClassVar[type[FormatOptions]] = ExchangeOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went. Bad lines are data, never an exception."""
        lines = cut_lines(block)
        records, non_records, state = under_fields_lines(lines.text, state)
        events: list[pl.DataFrame] = []
        rejects = [lines.rejects]
        unknown: Counter[str] = Counter()
        for (layout,), rows in records.partition_by("layout", as_dict=True, maintain_order=True).items():
            fields, refused = _fields(rows.drop("layout"), str(layout), self.options.fields)
            good, bad = _judge(fields)
            unknown.update(_unknown_codes(good))
            events.append(_events(good, self.context, block.file))
            rejects += [refused, bad]
        frame = _in_order(events, SCHEMA["email"])
        return Parsed(
            lines=lines.total,
            events={"email": frame},
            event_lines=frame.height,
            rejects=_in_order(rejects, REJECTS_SCHEMA),
            non_records={**non_records, "blank": lines.blank},
            state=state,
            unknown_codes=unknown,
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return how sure the sample (the first lines of a file) is of this format, from 0 to 1."""
        lines = [line.strip("\ufeff\r") for line in sample.decode("utf-8", "replace").split("\n")]
        headers = " ".join(line for line in lines if line.startswith("#")).lower()
        if "message tracking log" in headers and "#software: microsoft exchange server" in headers:
            return 1.0
        if "internal-message-id,message-id," in headers:
            return 0.95
        records = [split_header(line) for line in lines[:50] if line and not line.startswith("#")]
        known = [len(row) in (26, 30) and row[0][10:11] == "T" and row[8] in ACTIONS for row in records]
        return 0.9 * sum(known) / len(known) if known else 0.0


def _fields(
    rows: pl.DataFrame, layout: str, configured: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the columns of _READ beside their evidence, and rejects; `layout` is "" before any `#Fields:` line."""
    names = tuple(layout.split(",")) if layout else configured
    if not names:
        return _fields_by_width(rows)
    if not set(names) >= _NEEDED:
        return _read(rows.clear(), FIELDS_2013)[0], reject(rows, "no_header")
    return _read(rows, names)


def _fields_by_width(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read lines that no header precedes: 30 fields are Exchange 2013 and later, 26 are Exchange 2010."""
    newer, rest = _read(rows, FIELDS_2013)
    older, rejects = _read(rows.join(rest, on="log_offset", how="semi", maintain_order="left"), FIELDS_2010)
    width = pl.col("reason").is_in(["too_few_fields", "too_many_fields"])
    detail = pl.when(width).then(pl.lit("neither 30 nor 26 fields, and no #Fields: line yet"))
    reason = pl.when(width).then(pl.lit("no_header")).otherwise("reason")
    named = rejects.with_columns(reason.alias("reason"), detail.otherwise("detail").alias("detail"))
    return pl.concat([newer, older]).sort("log_offset"), named


def _read(rows: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    fields, kept, rejects = split_fields(rows, names)
    present = fields.select(name for name in _READ if name in names)
    if kept["line"].str.contains(r'(?:^|,)""(?:,|$)').any():
        present = present.with_columns(pl.all().replace("", None))
    every = present.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in _READ if name not in names
    )
    return pl.concat([every.select(_READ), kept.select(EVIDENCE)], how="horizontal"), rejects


def _judge(fields: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records with the columns of TIMES_SCHEMA and `code`, and rejects: no readable time, no event-id."""
    fields = fields.with_columns(
        *iso_times(fields["date-time"], _UTC),
        pl.col("event-id").str.strip_chars().str.to_uppercase().alias("code"),
    )
    no_time = ~pl.col("timestamp").dt.year().is_between(*LOG_YEARS).fill_null(value=False)
    no_code = pl.col("code").fill_null("") == ""
    reason = pl.when(no_time).then(pl.lit("bad_time")).when(no_code).then(pl.lit("missing_field"))
    faults = fields.select(reason.alias("reason")).to_series()
    if faults.null_count() == fields.height:
        return fields, REJECTS_SCHEMA.to_frame()
    bad = fields.with_columns(faults).filter(faults.is_not_null())
    return fields.filter(faults.is_null()), reject(bad)


def _unknown_codes(records: pl.DataFrame) -> dict[str, int]:
    """Count the event-ids no table names; text that cannot be a code is counted as "(other)", never repeated."""
    strange = records.select("code").filter(~pl.col("code").is_in(list(ACTIONS)))
    shown = pl.when(pl.col("code").str.contains(_CODE)).then("code").otherwise(pl.lit("(other)"))
    return dict(strange.select(shown).to_series().value_counts().iter_rows())


def _events(records: pl.DataFrame, context: Context, file: str) -> pl.DataFrame:
    """Return judged records as events of the email family."""
    named = records.with_columns(
        _sender_as_written().alias("email_from_address_raw"),
        _recipients_as_written().alias("email_to_address_raw"),
        pl.col("recipient-status").str.split(";").alias("statuses"),
        canonical_address(pl.col("related-recipient-address")).alias("email_related_address"),
        _action().alias("event_action"),
    ).with_columns(
        canonical_address(pl.col("email_from_address_raw")).alias("email_from_address"),
        canonical_addresses(pl.col("email_to_address_raw")).alias("email_to_address"),
    )
    named = with_email_direction(named, context.force, from_us=_leaves_us(context.force))
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
        "log_file": pl.lit(file),
        "email_recipient_status": pl.when(zipped).then("statuses"),
        "email_message_id": pl.col("message-id").str.strip_chars("<> ").replace("", None),
        "email_network_message_id": pl.col("network-message-id").replace(_NO_ID, None),
        "email_bytes": pl.col("total-bytes").str.strip_chars().cast(pl.Int64, strict=False),
        "email_recipient_count": pl.col("recipient-count").str.strip_chars().cast(pl.Int32, strict=False),
        "client_ip": _without_zone(client),
        "server_ip": _without_zone(pl.col("server-ip")),
        **{column: pl.col(name) for name, column in _AS_WRITTEN.items()},
    }
    evidence = EVIDENCE if context.keep_raw else [name for name in EVIDENCE if name != "event_original"]
    return conform(named.select(*_MADE, *evidence, **columns), "email")


def _identity(source: str) -> pl.Expr:
    """Return the event id: log-id and hash of the line, so that lines sharing a log-id stay apart; else the place."""
    digest = pl.col("event_hash").bin.head(8).bin.encode("hex")
    log_id = pl.col("log-id").str.strip_chars().replace("", None)
    return record_identity(source, pl.concat_str(log_id, pl.lit("-"), digest))


def _sender_as_written() -> pl.Expr:
    """Return sender-address, else the original From in custom-data, else the envelope sender where it is an address."""
    sender = pl.when(pl.col("sender-address") != "<>").then("sender-address")
    envelope = pl.when(pl.col("return-path").str.contains("@", literal=True)).then("return-path")
    original = pl.when(sender.is_null()).then("custom-data").str.extract(_ORIGINAL_FROM)
    return pl.coalesce(sender, original, envelope)


def _recipients_as_written() -> pl.Expr:
    """Return the recipients as a list without blanks; null where the record names none."""
    text = pl.col("recipient-address").str.strip_chars("; ").str.replace_all(r";[;\s]+", ";")
    return pl.when(text != "").then(text.str.split(";"))


def _action() -> pl.Expr:
    """Return what happened in our words: by event-id, but a mailbox rule forwards and a mailbox submits."""
    action = pl.col("code").replace_strict(ACTIONS, default="email-other")
    carried = ["email-sent", "email-received", "email-submitted", "email-delivered", "email-expanded"]
    component = pl.col("source").str.to_uppercase()
    return (
        pl.when((component == "MAILBOXRULE") & action.is_in(carried))
        .then(pl.lit("email-forwarded"))
        .when((component == "STOREDRIVER") & (pl.col("code") == "RECEIVE"))
        .then(pl.lit("email-submitted"))
        .otherwise(action)
    )


def _leaves_us(force: Force) -> pl.Expr:
    """Return whether a message leaves from us whoever its sender: redirected by a mailbox of ours, or a bounce."""
    redirected = force.owns_address(pl.col("email_related_address")).fill_null(value=False)
    bounce = pl.col("email_from_address").is_null() & pl.col("code").is_in(["SEND", "SENDEXTERNAL"])
    return redirected | (pl.col("event_action") == "email-forwarded") | bounce


def _without_zone(ip: pl.Expr) -> pl.Expr:
    """Return the address without its IPv6 zone (`fe80::1%3`)."""
    return ip.str.replace(r"%.*$", "")


def _in_order(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """Return the frames as one, in file order."""
    filled = [frame for frame in frames if frame.height]
    if len(filled) < 2:
        return filled[0] if filled else schema.to_frame()
    return pl.concat(filled).sort("log_offset")
