"""What the lines of a Postfix log about one recipient mean: expressions from them to the columns of an email event.

It must never see a line that is no event, nor take a party from text a sender wrote: of the lines that quote such text
only what stands behind the last `; from=<` is read. Expressions are made once for a configuration.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.addresses import canonical_address, canonical_addresses, email_direction_steps
from parsers.event import conform
from parsers.format import Context
from parsers.postfix_queue import DELIVERY, EXPIRY, REFUSAL
from parsers.subjects import canonical_account

# to=<a@x>, orig_to=<b@y>, relay=mx.x[198.51.100.7]:25, conn_use=2, delay=1.7, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)
_DELIVERY: Final = (
    r"^to=(?:<(.*?)>|([^<,][^,]*)), (?:orig_to=(?:<(.*?)>|([^<,][^,]*)), )?relay=([^,]*), "
    r"(?:(?:[a-ce-z][a-z_]*|delays?)=[^,]*, )*(?:dsn=([^,]*), )?status=([A-Za-z-]{1,20})(?: \((.*))?$"
)
_DELIVERY_PARTS: Final = ("to", "to_bare", "orig", "orig_bare", "relay", "dsn", "status", "response")
# reject: RCPT from h[192.0.2.1]: 554 5.7.1 <b@y>: Relay access denied; from=<a@x> to=<b@y> proto=ESMTP helo=<h>
_REFUSAL: Final = (
    r"^(?:milter-|proxy-)?([a-z]{1,20}): (.*); from=<(.*?)>,?(?: to=<(.*?)>,?)?(?: proto=([^ ,]*),?)?"
    r"(?: (?:sasl_method|sasl_username)=\S+)*(?: helo=<(.*?)>)?(?:: (.*))?$"
)
_REFUSAL_PARTS: Final = ("status", "said", "from", "to", "proto", "helo", "response")
# from=<a@x>, status=expired, returned to sender
_EXPIRY: Final = r"^from=<(.*?)>, status=([a-z-]{1,20})(?:, (.*))?$"
_EXPIRY_PARTS: Final = ("from", "status", "response")

# What each status is in our words; a mailbox or a program of ours took what these daemons delivered.
_ACTIONS: Final = {
    "sent": "email-sent",
    "deferred": "email-deferred",
    "bounced": "email-failed",
    "expired": "email-failed",
    "force-expired": "email-failed",
    "reject": "email-rejected",
    "discard": "email-rejected",
    "deliverable": "email-transport",
    "undeliverable": "email-transport",
}
_OUTCOMES: Final = {
    "sent": "success",
    **dict.fromkeys(("bounced", "expired", "force-expired", "reject", "discard"), "failure"),
}
_INTO_MAILBOXES: Final = r"/(?:local|virtual|lmtp|pipe)$"
_MADE: Final = (
    "timestamp", "time_zone_source", "time_uncertainty_seconds", "event_action", "email_from_address",
    "email_from_address_raw", "email_to_address", "email_to_address_raw", "email_related_address", "email_direction",
)  # fmt: skip

_BODY: Final = pl.col("body")
# RCPT from h[192.0.2.1]: 554 ..., header Subject: whatever from h[192.0.2.1]
_PEER: Final = r"^(?:[A-Z-]+ from |[a-z].* from )([^ =\[]*)\[([^\[\]]*)\](?:$|[:,])"

PARTS: Final = ("to", "orig_to", "relay", "dsn", "status", "response", "own_from", "helo", "said")


def _groups(column: pl.Expr, pattern: str, *names: str) -> pl.Expr:
    return column.str.extract_groups(pattern).struct.rename_fields(list(names))


def read_lines(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events with PARTS; `status` is null where the line could not be read."""
    read = events.select(_SIX).to_series().struct.unnest().select(_USUAL).with_columns(_ABSENT)
    unread = read["status"].is_null()
    if unread.any():
        rest = events.filter(unread).with_columns(_UNUSUAL).select(_TOLD)
        place = unread.arg_true()
        read = read.with_columns(read[name].scatter(place, rest[name]) for name in PARTS)
    return events.hstack(read)


def _part(frame: str, name: str) -> pl.Expr:
    return pl.col(frame).struct.field(name)


# Nearly every delivery line has these six parts; cutting it there is several times faster than a pattern.
_SIX: Final = _BODY.str.splitn(", ", 6)
_PIECES: Final = [pl.col(f"field_{place}") for place in range(6)]
_IS_USUAL: Final = (
    _PIECES[0].str.starts_with("to=<")
    & _PIECES[0].str.ends_with(">")
    & _PIECES[1].str.starts_with("relay=")
    & _PIECES[4].str.starts_with("dsn=")
    & _PIECES[5].str.contains(r"^status=[a-z]{1,20} \(")
)
_USUAL: Final = [
    _PIECES[0].str.slice(4).str.strip_suffix(">").alias("to"),
    pl.lit(None, dtype=pl.String).alias("orig_to"),
    _PIECES[1].str.slice(6).alias("relay"),
    _PIECES[4].str.slice(4).alias("dsn"),
    pl.when(_IS_USUAL)
    .then(_PIECES[5])
    .str.slice(7)
    .str.splitn(" (", 2)
    .struct.rename_fields(["status", "response"])
    .struct.unnest(),
]
_ABSENT: Final = [
    pl.col("response").str.strip_suffix(")"),
    *(pl.lit(None, dtype=pl.String).alias(name) for name in PARTS[6:]),
]
_UNUSUAL: Final = [
    _groups(pl.when(pl.col("kind") == kind).then(_BODY), pattern, *parts).alias(name)
    for name, kind, pattern, parts in (
        ("d", DELIVERY, _DELIVERY, _DELIVERY_PARTS),
        ("r", REFUSAL, _REFUSAL, _REFUSAL_PARTS),
        ("e", EXPIRY, _EXPIRY, _EXPIRY_PARTS),
    )
]
_TOLD: Final = [
    pl.coalesce(_part("d", "to"), _part("d", "to_bare"), _part("r", "to")).alias("to"),
    pl.coalesce(_part("d", "orig"), _part("d", "orig_bare")).alias("orig_to"),
    _part("d", "relay").alias("relay"),
    _part("d", "dsn").alias("dsn"),
    pl.coalesce(_part("d", "status"), _part("r", "status"), _part("e", "status"))
    .str.to_lowercase()
    .alias("status"),
    pl.coalesce(
        _part("d", "response").str.strip_suffix(")"),
        _part("r", "response"),
        _part("r", "said"),
        _part("e", "response"),
    ).alias("response"),
    pl.coalesce(_part("r", "from"), _part("e", "from")).alias("own_from"),
    _part("r", "helo").alias("helo"),
    _part("r", "said").alias("said"),
]

_HOST_IP: Final = r"([^\[]*)\[([^\[\]]*)\]"
_RELAYED: Final = pl.when(pl.col("origin").str.contains("orig_client=", literal=True)).then("origin")
_NESTED: Final = ("sender", "client", "server", "peer", "first")
# What is known of the message and of the hosts, as text.
_KNOWN: Final = [
    _groups(
        pl.col("queued"),
        r"^from=<([^>]*)>, size=([0-9]+)(?:, nrcpt=([0-9]+))?",
        "queued_from",
        "size",
        "nrcpt",
    ).alias("sender"),
    _groups(pl.col("origin"), rf"^client={_HOST_IP}", "origin_name", "origin_ip").alias("client"),
    _groups(pl.col("relay"), rf"^{_HOST_IP}", "server_name", "server_at").alias("server"),
    _groups(pl.col("said"), _PEER, "peer_name", "peer_ip").alias("peer"),
    _groups(_RELAYED, r"orig_client=([^ =\[]*)\[([^\[\]]*)\]", "first_name", "first_ip").alias("first"),
    pl.col("origin").str.extract(r"sasl_username=([^,]+)").alias("login"),
    canonical_address(pl.col("orig_to")).alias("email_related_address"),
]
# A quoted local part may hold a `>`.
_ODD_SENDER: Final = (
    pl.when(pl.col("queued_from").is_null()).then("queued").str.extract(r"^from=<(.*)>, size=")
)
_FLAT: Final = [pl.col(name).struct.unnest() for name in _NESTED]


class Meaning:
    """What read lines of one source mean, by its configuration."""

    def __init__(self, context: Context) -> None:
        force = context.force
        sender = pl.coalesce("own_from", "queued_from", _ODD_SENDER)
        written = [
            sender.alias("from"),
            pl.when(sender != "").then(sender).alias("email_from_address_raw"),
            _recipients().alias("email_to_address_raw"),
            _action().alias("event_action"),
            _known(pl.coalesce("origin_name", "peer_name")).alias("client_name"),
            _address(pl.coalesce("origin_ip", "peer_ip")).alias("client_at"),
        ]
        parties = [
            canonical_address(pl.col("email_from_address_raw")).alias("email_from_address"),
            canonical_addresses(pl.col("email_to_address_raw")).alias("email_to_address"),
        ]
        redirected = force.owns_address(pl.col("email_related_address")).fill_null(value=False)
        bounce = (pl.col("from") == "").fill_null(value=False) & pl.col("relay").is_not_null()
        leaves = redirected | bounce | pl.col("login").is_not_null()
        self._steps = [_KNOWN, _FLAT, written, parties, *email_direction_steps(force, from_us=leaves)]
        self._columns = _columns(context)

    def events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return read lines (with times and evidence) as events of the email family."""
        for step in self._steps:
            records = records.with_columns(step)
        return conform(records.select(*self._columns, pl.lit(file).alias("log_file")), "email")


def _columns(context: Context) -> list[pl.Expr]:
    sender = pl.col("email_from_address")
    ours = context.force.owns_address(sender)
    login = canonical_account(pl.col("login"))
    digest, moment = pl.col("event_hash").bin.head(8).bin.encode("hex"), pl.col("timestamp").to_physical()
    site = pl.lit(context.site or None, dtype=pl.String)
    forwarded = pl.col("first_ip").is_not_null()
    columns = {
        "event_id": pl.concat_str(
            pl.lit(f"{context.source}:"), "queue_id", pl.lit("-"), digest, pl.lit("@"), moment
        ),
        "source": pl.lit(context.source),
        "event_module": pl.lit("postfix"),
        "observer_name": pl.coalesce(site, "host"),
        "event_code": pl.col("status"),
        "event_outcome": pl.col("status").replace_strict(
            _OUTCOMES, default="unknown", return_dtype=pl.String
        ),
        "event_reason": pl.col("response"),
        "user_id": pl.coalesce(login, pl.when(ours).then(sender)),
        "user_name": pl.coalesce("login", pl.when(ours).then("email_from_address_raw")),
        "source_ip": pl.when(forwarded).then(_address(pl.col("first_ip"))).otherwise("client_at"),
        "source_address": pl.coalesce(
            "helo", pl.when(forwarded).then(_known(pl.col("first_name"))).otherwise("client_name")
        ),
        "email_recipient_status": pl.when(pl.col("dsn").is_not_null()).then(
            pl.when(pl.col("email_to_address").list.len() == 2)
            .then(pl.concat_list("dsn", "dsn"))
            .otherwise(pl.concat_list("dsn"))
        ),
        "email_return_path": pl.col("from").replace("", "<>"),
        "email_subject": pl.col("subject").str.extract(
            r"^(?:warning|info): header Subject: (.*) from [^ \[]*(?:\[[^\]]*\])?; from=<"
        ),
        "email_message_id": pl.col("identity")
        .str.replace(r"^(?:resent-)?message-id=", "")
        .str.strip_chars("<> ")
        .replace("", None),
        "email_network_message_id": pl.when(pl.col("queue_id") != "NOQUEUE").then(
            pl.concat_str("host", pl.lit("/"), "queue_id")
        ),
        "email_local_id": pl.when(pl.col("queue_id") != "NOQUEUE").then("queue_id"),
        "email_bytes": pl.col("size").cast(pl.Int64, strict=False),
        "email_recipient_count": pl.col("nrcpt").cast(pl.Int32, strict=False),
        "email_reference": pl.coalesce(
            pl.col("response").str.extract(r"queued as ([0-9A-Za-z]{6,})\b"),
            pl.col("response").str.extract(r"^forwarded as ([0-9A-Za-z]{6,})$"),
            pl.col("parent").str.strip_prefix("parent="),
        ),
        "event_provider": pl.col("program"),
        "client_ip": pl.col("client_at"),
        "client_address": pl.col("client_name"),
        "server_ip": _address(pl.col("server_at")),
        "server_address": pl.col("server_name"),
        "email_connector": pl.col("relay").replace("none", None),
    }
    evidence = ("log_offset", "log_length", "event_hash", *(["event_original"] if context.keep_raw else []))
    return [pl.col(*_MADE, *evidence), *(value.alias(name) for name, value in columns.items())]


def _recipients() -> pl.Expr:
    """Return the recipient, and behind it the address the sender wrote, where that is another; null where there is none."""
    both = pl.concat_list("to", "orig_to")
    alone = pl.when(pl.col("to") != "").then(pl.concat_list("to"))
    differs = pl.col("to").str.to_lowercase() != pl.col("orig_to").str.to_lowercase()
    return pl.when(differs & (pl.col("orig_to") != "")).then(both).otherwise(alone)


def _action() -> pl.Expr:
    """Return what happened in our words: by status, but what went into a mailbox of ours was delivered."""
    status = pl.col("status")
    delivered = (status == "sent") & pl.col("program").str.contains(_INTO_MAILBOXES)
    return (
        pl.when(delivered & pl.col("response").str.starts_with("forwarded as "))
        .then(pl.lit("email-forwarded"))
        .when(delivered)
        .then(pl.lit("email-delivered"))
        .otherwise(status.replace_strict(_ACTIONS, default="email-other", return_dtype=pl.String))
    )


def _address(ip: pl.Expr) -> pl.Expr:
    """Return the address without `IPv6:`; null where it is a path (`private/dovecot-lmtp`) or unknown."""
    plain = ip.str.strip_prefix("IPv6:")
    return pl.when(plain.str.contains(r"^[0-9A-Fa-f.:]+$")).then(plain)


def _known(name: pl.Expr) -> pl.Expr:
    return name.replace(["unknown", ""], [None, None])


KNOWN_STATUSES: Final = frozenset(_ACTIONS)
