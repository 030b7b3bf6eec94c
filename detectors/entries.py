"""Entries of the media register that no log knows of, though it would. An entry is judged at the time of its contact.

It must never judge a way of contact that no log sees, nor somebody whose telephone or mailbox was not seen before and after.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.detector import Window
from detectors.exempt import BULK, press_office
from detectors.media import REGISTER_REACH, MediaContacts, plain
from parsers.event import Family

_CALLS: Final = r"^(?:phone|tele|call|mobile|cell)"
_MAIL: Final = r"^(?:e-?mail|mail)"
_KINDS: Final = {"email": ("email",), "call": ("extension", "phone")}
_SEEN: Final[dict[Family, tuple[str, ...]]] = {
    "email": ("email_from_address", "email_to_address"),
    "call": ("call_numbers",),
}


def untraced_entries(window: Window, around: MediaContacts) -> pl.DataFrame:
    """Return entry_id, timestamp, staff_id, outlet and channel of the span's entries without a trace.

    around: contacts with listed media from REGISTER_REACH before to REGISTER_REACH after the span; asked for only where there
    is an entry to judge. Judged are entries whose channel is a call or mail, with an outlet that the open list names then,
    of people whose identifiers of that kind were seen within the reach both before and after; none of the press office.
    """
    entries = _seen(_to_judge(window, around), window)
    if entries.is_empty():
        return entries
    known = window.once(around).filter(pl.col("left_out").ne_missing(pl.lit(BULK)))
    traces = known.select("staff_id", plain("outlet").alias("outlet_plain"), contacted="timestamp")
    near = (pl.col("contacted") - pl.col("timestamp")).abs() <= REGISTER_REACH
    traced = entries.join(traces, on=["staff_id", "outlet_plain"]).filter(near).select("entry_id")
    return entries.join(traced, on="entry_id", how="anti", maintain_order="left")


def _to_judge(window: Window, around: MediaContacts) -> pl.DataFrame:
    """Return the span's entries that a log could know of: with `family`, and the outlet as compared."""
    register = window.reference["media_register"].filter(window.in_span("contact_at"))
    channel = pl.col("channel").str.strip_chars().str.to_lowercase()
    family = (
        pl.when(channel.str.contains(_CALLS))
        .then(pl.lit("call"))
        .when(channel.str.contains(_MAIL))
        .then(pl.lit("email"))
    )
    entries = register.select(
        "entry_id",
        pl.col("contact_at").alias("timestamp"),
        "staff_id",
        "outlet",
        "channel",
        plain("outlet").alias("outlet_plain"),
        family.alias("family"),
    ).drop_nulls(["family", "staff_id"])
    if entries.is_empty():
        return entries
    press = press_office(window.reference, around.exempt)
    scope = window.reference.scope_people
    listed = window.reference["media_contacts"].select(
        plain("outlet").alias("outlet_plain"), "valid_from", "valid_to"
    )
    at = pl.col("timestamp")
    valid = (pl.col("valid_from") <= at).fill_null(value=True) & (at < pl.col("valid_to")).fill_null(
        value=True
    )
    named = entries.join(listed, on="outlet_plain").filter(valid).select("entry_id")
    ours = ~pl.col("staff_id").is_in(press.implode())
    if scope is not None:
        ours &= pl.col("staff_id").is_in(sorted(scope))
    return entries.filter(ours).join(named, on="entry_id", how="semi", maintain_order="left")


def _seen(entries: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Return the entries of people whose identifiers were seen in that family before and after, within the reach."""
    if entries.is_empty():
        return entries
    near = pl.col("timestamp").is_between(
        window.span.start - REGISTER_REACH, window.span.end + REGISTER_REACH, closed="left"
    )
    kept = []
    for family, columns in _SEEN.items():
        asked = entries.filter(family=family)
        held = (
            window.reference["identifiers"]
            .filter(pl.col("kind").is_in(_KINDS[family]))
            .join(asked, on="staff_id", how="semi")
            .select("staff_id", party="value")
        )
        if held.is_empty():
            continue
        values = held["party"].to_list()
        parties = pl.concat_list(columns).list.drop_nulls()
        rows = (
            window.events(family)
            .filter(near)
            .select(
                parties.list.eval(pl.element().filter(pl.element().is_in(values))).alias("party"),
                seen="timestamp",
            )
            .filter(pl.col("party").list.len() > 0)
            .explode("party")
            .collect()
        )
        pairs = asked.join(held, on="staff_id").join(rows.unique(), on="party")
        apart = pl.col("seen") - pl.col("timestamp")
        close = pairs.filter(apart.abs() <= REGISTER_REACH)
        both = close.group_by("entry_id").agg(
            (pl.col("seen") < pl.col("timestamp")).any().alias("earlier"),
            (pl.col("seen") > pl.col("timestamp")).any().alias("later"),
        )
        kept.append(asked.join(both.filter("earlier", "later"), on="entry_id", how="semi"))
    return pl.concat(kept) if kept else entries.clear()
