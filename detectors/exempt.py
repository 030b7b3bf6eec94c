"""Contacts that nobody needs to see: the press office's, bulk mail, what is registered; `[contacts]` in the configuration.

It must never leave out a chief officer because of their role, nor anything that one of ours sent because of its bulk.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from detectors.detector import DetectorSettings, Window
from detectors.reference import Reference
from detectors.words import holds_words
from parsers.force import Force

PRESS: Final = "press"
BULK: Final = "bulk"
BULK_REACH: Final = timedelta(hours=24)
"""How far back of a message its sender's other messages are counted."""

_PRESS: Final = (
    "press office",
    "press officer",
    "media relations",
    "media officer",
    "corporate communications",
)
_CHIEF: Final = (
    "chief officer", "chief officers", "chief constable", "commander", "commissioner", "ACC", "DCC", "CC",
)  # fmt: skip
_BULK: Final = (
    "newsletter", "newsletters", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce", "bounces", "digest",
    "mailer-daemon",
)  # fmt: skip


class ContactExemptions(BaseModel):
    """What is left out of contacts with listed media; one table for all detectors of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    press_office: tuple[str, ...] = Field(
        _PRESS, description="Words of a role or unit whose work is talking to the media; `[]`: nobody's."
    )
    chief_officers: tuple[str, ...] = Field(
        _CHIEF, description="Words of a rank, role or unit that is always shown, press office or not."
    )
    bulk_mailboxes: int = Field(
        5,
        ge=0,
        description="Mail of a sender who writes to so many of our mailboxes within 24 hours is bulk; 0: none is.",
    )
    bulk_senders: tuple[str, ...] = Field(
        _BULK, description="How the address of a sender begins whose mail is bulk, as a whole word."
    )
    bulk_wait_minutes: float = Field(
        5, ge=0, le=60, description="How long to wait for the rest of bulk mail before judging, minutes."
    )
    show_registered: bool = Field(
        default=False, description="Show contacts that are in the media register as well."
    )

    def __str__(self) -> str:
        """Return how documentation shows the default: a table of its own."""
        return "`[contacts]`"

    @property
    def before(self) -> timedelta:
        """How far back of a message bulk is looked for."""
        return BULK_REACH

    @property
    def after(self) -> timedelta:
        """How far ahead of a message bulk is looked for."""
        return timedelta(minutes=self.bulk_wait_minutes)


class ExemptingSettings(DetectorSettings):
    """Settings of a detector of contacts with listed media."""

    contacts: ContactExemptions = Field(
        ContactExemptions(), description="what is left out: one table for all detectors"
    )


def press_office(reference: Reference, exempt: ContactExemptions) -> pl.Series:
    """Return the staff ids of people whose work is talking to the media, chief officers never among them."""
    role, unit, rank = pl.col("role"), pl.col("unit"), pl.col("rank")
    press = holds_words(role, exempt.press_office) | holds_words(unit, exempt.press_office)
    chief = pl.any_horizontal(*(holds_words(text, exempt.chief_officers) for text in (rank, role, unit)))
    return reference["staff"].filter(press & ~chief)["staff_id"].unique()


def is_bulk(rows: pl.DataFrame, window: Window, exempt: ContactExemptions) -> pl.Series:
    """Tell of each contact (CONTACT_SCHEMA) whether it is mail to one of ours that many of ours got; never null.

    Bulk goes by the sender's address: by how it begins, or by how many of our mailboxes it wrote to from BULK_REACH before
    the message to `bulk_wait_minutes` after it.
    """
    received = (pl.col("family") == "email") & (pl.col("direction") == "inbound")
    beginnings = "|".join(re.escape(word.strip().lower()) for word in exempt.bulk_senders) or "$^"
    named = pl.col("other_value").str.contains(rf"^(?:{beginnings})(?:[^a-z]|$)").fill_null(value=False)
    told = rows.select(
        received.alias("received"), (received & named).alias("bulk"), "other_value", "timestamp"
    )
    asked = told.filter(pl.col("received"), ~pl.col("bulk"))
    if exempt.bulk_mailboxes == 0 or asked.is_empty():
        return told["bulk"]
    many = _to_many(asked, window, exempt).with_columns(many=pl.lit(value=True))
    found = told.join(many, on=["other_value", "timestamp"], how="left", maintain_order="left")
    return found.select(
        pl.col("bulk") | (pl.col("received") & pl.col("many").fill_null(value=False))
    ).to_series()


def _to_many(asked: pl.DataFrame, window: Window, exempt: ContactExemptions) -> pl.DataFrame:
    """Return the senders and times of messages around which the sender wrote to many of our mailboxes."""
    senders = asked["other_value"].unique().implode()
    first, last = asked["timestamp"].min(), asked["timestamp"].max()
    near = pl.col("timestamp").is_between(pl.lit(first) - exempt.before, pl.lit(last) + exempt.after)
    sent = (
        window.events("email")
        .filter(near, pl.col("email_from_address").is_in(senders))
        .select("timestamp", other_value="email_from_address", mailbox="email_to_address")
        .explode("mailbox")
        .filter(_ours(window.force))
        .collect()
    )
    mailboxes = pl.col("mailbox").n_unique().over("other_value")
    enough = sent.filter(mailboxes >= exempt.bulk_mailboxes)
    # As numbers, and each moment once: a mail to thousands is thousands of windows over thousands of rows otherwise.
    moments = (
        enough.with_columns(pl.col("mailbox").rank("dense"))
        .group_by("other_value", "timestamp")
        .agg(pl.col("mailbox").unique())
        .sort("timestamp")
    )
    counted = moments.rolling(
        "timestamp",
        period=exempt.before + exempt.after,
        offset=-exempt.before,
        closed="both",
        group_by="other_value",
    ).agg(pl.col("mailbox").list.explode(empty_as_null=False).n_unique().alias("mailboxes"))
    return counted.filter(pl.col("mailboxes") >= exempt.bulk_mailboxes).select("other_value", "timestamp")


def _ours(force: Force) -> pl.Expr:
    return force.owns_address(pl.col("mailbox")).fill_null(value=False)
