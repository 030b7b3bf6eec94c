"""How sure it is who used an identifier, where it is not certain: a likely person and why, or why nobody is named.

It must never make a likely person count as the person: `resolve` alone says who that is, and nothing here changes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from detectors.duty import off_shift
from detectors.findings import utc_text
from detectors.identity import CERTAIN, SHARED, UNKNOWN, resolve, validities
from detectors.reference import Reference
from detectors.variants import SLIPS, variants
from parsers.event import TEXT
from parsers.force import Force

LIKELY: Final = "likely"
NEAR: Final = timedelta(days=30)
"""How long before or after somebody's hold an identifier that is nobody's may still have been theirs."""

ENDED: Final = "ended"
BEGINS: Final = "begins"
TERMINAL: Final = "terminal"
COLLAR: Final = "collar"
ROSTER: Final = "roster"
SHARERS: Final = "sharers"
SEVERAL: Final = "several"
NOBODY: Final = "nobody"

REASON_DTYPE: Final = pl.Struct(
    {
        "why": pl.String(),  # ended, begins, terminal, collar, roster, a way of `variants`; sharers, several, nobody
        "kind": pl.String(),  # the identifier that leads to somebody
        "value": pl.String(),
        "at": pl.String(),  # when their hold of it ended or begins, where that is the reason; ISO 8601, UTC
        "people": pl.UInt32(),  # to how many people it leads, where it leads to several
    }
)
IDENTITY_DTYPE: Final = pl.Struct(
    {
        "confidence": pl.String(),  # likely, shared or unknown
        "staff_id": pl.String(),  # who it is likely to have been, else null
        "reasons": pl.List(REASON_DTYPE),
    }
)
_LEADS: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "staff_id": TEXT,
        "why": TEXT,  # null: one of the people who share it, for no reason of their own
        "kind": TEXT,
        "value": TEXT,
        "at": TEXT,
    }
)
_NO_LEADS: Final = _LEADS.to_frame()
_NO_VERDICTS: Final = pl.Schema(
    {"row": pl.UInt32(), "people": pl.UInt32(), "staff_id": TEXT, "reasons": pl.List(REASON_DTYPE)}
).to_frame()
_NOW: Final = (pl.col("start") <= pl.col("at")) & (pl.col("at") < pl.col("end"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a frame's rows is asked: an identifier at a time, and what else the same record names.

    kind and value: the identifier. terminal and collar: expressions where there are any. All canonical.
    """

    kind: pl.Expr
    value: pl.Expr
    time: str = "timestamp"
    terminal: pl.Expr | None = None
    collar: pl.Expr | None = None


def identity(rows: pl.DataFrame, reference: Reference, force: Force, asked: Asked) -> pl.Series:
    """Return, per row, how sure it is who it was (IDENTITY_DTYPE), null where that is certain.

    rows: with the `certainty` that `resolve` gave for the same identifiers. One that several people share leads to the one
    of them whose terminal, or collar number, the same record names; an account or terminal also to the only one of them
    whom the roster does not have off shift. One of nobody leads to those who held it within NEAR
    and to who holds one that is written alike; failing those, a collar number leads to those a slip of the finger away.
    Somebody is likely where all this leads to exactly one person.
    """
    unsure = rows.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        asked.kind.alias("kind"),
        asked.value.alias("value"),
        pl.col(asked.time).alias("at"),
        "certainty",
        _or_null(asked.terminal).alias(TERMINAL),
        _or_null(asked.collar).alias(COLLAR),
    ).filter(pl.col("certainty") != CERTAIN)
    if unsure.is_empty():
        return pl.Series("identity", [None], IDENTITY_DTYPE).new_from_index(0, rows.height)
    several, nobody = unsure.filter(certainty=SHARED), unsure.filter(certainty=UNKNOWN)
    leads = pl.concat((_of_several(several, reference), _of_nobody(nobody, reference, force)))
    return _told(unsure.select("row", "certainty"), _verdicts(leads), rows.height)


def _or_null(value: pl.Expr | None) -> pl.Expr:
    return pl.lit(None, TEXT) if value is None else value


def _of_several(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return who shares each identifier, and whom of them something else in the same record names."""
    if rows.is_empty():
        return _NO_LEADS
    sharing = rows.join(reference.once(validities), on=["kind", "value"]).filter(_NOW)
    clues = [
        resolve(rows.drop_nulls(clue), reference, kind=clue, value=pl.col(clue), time="at")
        .select("row", "staff_id", why=pl.lit(clue), kind=pl.lit(clue), value=clue)
        .join(sharing, on=["row", "staff_id"], how="semi")
        for clue in (TERMINAL, COLLAR)
        if rows[clue].null_count() < rows.height
    ]
    return pl.concat(
        [_leads(sharing.select("row", "staff_id")), *map(_leads, (*clues, _on_shift(sharing, reference)))]
    )


def _on_shift(sharing: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the one who shared an account or terminal while all the others were off shift.

    Mail and calls come when nobody is at a desk, so of mailboxes and numbers the roster says nothing.
    """
    used = sharing.filter(pl.col("kind").is_in(["account", "terminal"])).unique(["row", "staff_id"])
    if used.is_empty() or reference["roster"].is_empty():
        return _NO_LEADS
    there = used.filter(~off_shift(used.select("staff_id", timestamp="at"), reference))
    alone = pl.len().over("row") == 1
    return there.filter(alone).select("row", "staff_id", "kind", "value", why=pl.lit(ROSTER))


def _of_nobody(rows: pl.DataFrame, reference: Reference, force: Force) -> pl.DataFrame:
    """Return who held each identifier shortly before or will soon after, and who holds what it may be written for."""
    held = reference.once(validities)
    if rows.is_empty() or held.is_empty():
        return _NO_LEADS
    asked = rows.select("row", "kind", "value", "at")
    near = _near(asked.join(held, on=["kind", "value"]))
    ways = variants(asked, reference, force)
    if ways.is_empty():
        return near
    meant = (
        asked.join(ways, on=["kind", "value"])
        .join(held, left_on=["held_kind", "held_value"], right_on=["kind", "value"])
        .filter(_NOW)
        .select("row", "staff_id", "way", why="way", kind="held_kind", value="held_value")
    )
    slips = pl.col("way").is_in(SLIPS)
    strong = pl.concat((near, _leads(meant.filter(~slips))))
    return pl.concat((strong, _leads(meant.filter(slips).join(strong, on="row", how="anti"))))


def _near(holds: pl.DataFrame) -> pl.DataFrame:
    """Return who held the same identifier until shortly before, and from shortly after."""
    if holds.is_empty():
        return _NO_LEADS
    before = holds.filter(pl.col("end") <= pl.col("at"), pl.col("at") - pl.col("end") < NEAR)
    after = holds.filter(pl.col("start") > pl.col("at"), pl.col("start") - pl.col("at") < NEAR)
    latest = before.group_by("row", "staff_id", "kind", "value").agg(pl.col("end").max())
    first = after.group_by("row", "staff_id", "kind", "value").agg(pl.col("start").min())
    return pl.concat(
        (
            _leads(latest.with_columns(utc_text("end").alias("at"), why=pl.lit(ENDED))),
            _leads(first.with_columns(utc_text("start").alias("at"), why=pl.lit(BEGINS))),
        )
    )


def _leads(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame as leads: absent columns null, further ones dropped."""
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in _LEADS.items() if name not in frame.columns]
    return frame.with_columns(absent).select(_LEADS.names())


def _verdicts(leads: pl.DataFrame) -> pl.DataFrame:
    """Return per row whom its leads name if they name one, why, and how many people they lead to in all."""
    if leads.is_empty():
        return _NO_VERDICTS
    named = pl.col("why").is_not_null()
    reason = pl.struct("why", "kind", "value", "at", pl.lit(None, pl.UInt32).alias("people"))
    found = (
        leads.unique()
        .sort(_LEADS.names())
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("staff_id").filter(named).n_unique().alias("named"),
            pl.col("staff_id").filter(named).first(),
            reason.filter(named).alias("reasons"),
            pl.col("staff_id").n_unique().alias("people"),
        )
    )
    one = pl.col("named") == 1
    return found.select(
        "row", "people", *(pl.when(one).then(name).alias(name) for name in ("staff_id", "reasons"))
    )


def _told(unsure: pl.DataFrame, verdicts: pl.DataFrame, height: int) -> pl.Series:
    """Return the verdicts (IDENTITY_DTYPE) of `height` rows; `unsure` says which of them have one."""
    text = pl.lit(None, TEXT)
    why_nobody = pl.struct(
        pl.when(certainty=SHARED)
        .then(pl.lit(SHARERS))
        .when(pl.col("people") > 0)
        .then(pl.lit(SEVERAL))
        .otherwise(pl.lit(NOBODY))
        .alias("why"),
        text.alias("kind"),
        text.alias("value"),
        text.alias("at"),
        pl.col("people").cast(pl.UInt32),
    )
    told = unsure.join(verdicts, on="row", how="left").select(
        "row",
        pl.struct(
            pl.when(pl.col("staff_id").is_null())
            .then("certainty")
            .otherwise(pl.lit(LIKELY))
            .alias("confidence"),
            "staff_id",
            pl.coalesce("reasons", pl.concat_list(why_nobody)).alias("reasons"),
        )
        .cast(IDENTITY_DTYPE)
        .alias("identity"),
    )
    numbered = pl.int_range(height, dtype=pl.UInt32, eager=True).alias("row").to_frame()
    return numbered.join(told, on="row", how="left", maintain_order="left")["identity"]
