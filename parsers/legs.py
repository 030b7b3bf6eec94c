"""Legs of calls: from the plain columns that any telephone system's records come down to, to events of family call.

It must never know a system: what a column of a record means is the business of its format.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

import polars as pl

from parsers.call_numbers import every_number
from parsers.calls import call_direction, call_verdict, is_ours
from parsers.event import NO_EVENTS, SCHEMA, TEXT, Family, conform
from parsers.format import NO_REJECTS, Block, Context, Format, Parsed
from parsers.lines import cut_lines, in_file_order, record_identity, reject
from parsers.subjects import canonical_account

USERS: Final = ("call_from_user", "call_to_user")
# Lines that are sound, yet tell of no call: headers, and what else stands in a file of calls.
COUNTED: Final = ("header", "trailer", "other_record")


@dataclass(frozen=True, slots=True)
class Told:
    """What lines of a block said.

    legs: frames of rows as Legs takes them. rejects: frames of REJECTS_SCHEMA. The rest as in Parsed.
    """

    legs: Sequence[pl.DataFrame] = ()
    rejects: Sequence[pl.DataFrame] = ()
    non_records: Mapping[str, int] = field(default_factory=dict)
    state: str = ""
    unknown_codes: Mapping[str, int] = field(default_factory=dict)


class CallLog(Format):
    """A format whose lines are legs of calls; subclasses implement `told` and `recognise`."""

    families: ClassVar[tuple[Family, ...]] = ("call",)

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went."""
        lines = cut_lines(block)
        told = self.told(lines.text, state)
        events = in_file_order(
            [self._legs.events(legs, block.file) for legs in told.legs if legs.height], NO_EVENTS["call"]
        )
        counts = {"blank": lines.blank, **told.non_records}
        return Parsed(
            lines=lines.total,
            events={"call": events},
            event_lines=events.height,
            rejects=in_file_order([lines.rejects, *told.rejects], NO_REJECTS),
            non_records={kind: count for kind, count in counts.items() if count},
            state=told.state,
            unknown_codes=told.unknown_codes,
        )

    @abstractmethod
    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what `lines` (of LINES_SCHEMA) say; every one of them is a leg, a reject or counted."""

    @cached_property
    def _legs(self) -> Legs:
        return Legs(self.name, self.context)


class Legs:
    """Makes events of legs.

    A leg has the columns of a line's evidence, `timestamp`, `time_uncertainty_seconds`, `time_zone_source`, `own`
    (the record's own identifier or null), canonical numbers (`read_numbers`), and any other columns of the call schema.
    `call_from_user` and `call_to_user` are as written. `answered`, where there is one, says whether anybody did;
    else `call_connected` says it. `message`, where there is one, says that it is a text message and no call.
    """

    def __init__(self, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._steps: dict[tuple[str, ...], list[list[pl.Expr]]] = {}

    def events(self, legs: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return the events of `legs`."""
        columns = tuple(legs.columns)
        steps = self._steps.get(columns)
        if steps is None:
            steps = self._steps[columns] = self._made(columns)
        frame = legs.with_columns(pl.lit(file).alias("log_file"), every_number(legs))
        for step in steps:
            frame = frame.with_columns(step)
        unfilled = () if self._context.keep_raw else ("event_original",)
        return conform(
            frame.select(name for name in frame.columns if name in SCHEMA["call"] and name not in unfilled),
            "call",
        )

    def _made(self, columns: tuple[str, ...]) -> list[list[pl.Expr]]:
        context = self._context
        rang = pl.coalesce([name for name in ("call_to_final", "call_to_dialled") if name in columns])
        first = [
            is_ours(context.force, pl.col("call_from")).alias("from_us"),
            is_ours(context.force, rang).alias("to_us"),
            record_identity(context.source, pl.col("own")),
            pl.lit(context.source).alias("source"),
            pl.lit(self._name).alias("event_module"),
            pl.lit(context.site or None, dtype=TEXT).alias("observer_name"),
            *([pl.col("call_device_from").alias("source_address")] if "call_device_from" in columns else []),
            *(pl.lit(None, dtype=TEXT).alias(name) for name in USERS if name not in columns),
            *(canonical_account(pl.col(name)).alias(f"{name} plain") for name in USERS if name in columns),
        ]
        recording = pl.col("call_is_recording") if "call_is_recording" in columns else pl.lit(value=False)
        direction = call_direction(
            caller=pl.col("call_from"), called=rang, from_us=pl.col("from_us"), to_us=pl.col("to_us")
        )
        second = [
            pl.when(recording).then(pl.lit("unknown")).otherwise(direction).alias("call_direction"),
            recording.alias("call_is_recording"),
        ]
        answered = (
            pl.when("answered").then(pl.lit(value=True))
            if "answered" in columns
            else pl.col("call_connected")
        )
        verdict = call_verdict(
            direction=pl.col("call_direction"),
            connected=answered,
            talk_seconds=pl.col("call_talk_seconds"),
            recording=pl.col("call_is_recording"),
        )
        if "message" in columns:
            verdict = (
                pl.when("message")
                .then(pl.concat_str(pl.lit("message-"), "call_direction"))
                .otherwise(verdict[0]),
                pl.when("message").then(pl.lit("success")).otherwise(verdict[1]),
            )
        named = zip(("event_action", "event_outcome"), verdict, strict=True)
        return [first, second, [*(made.alias(name) for name, made in named), *_users(columns)]]


def _users(columns: tuple[str, ...]) -> list[pl.Expr]:
    """The account that acted is our party's: the caller's, except on a call that came in from outside."""
    if not set(USERS) & set(columns):
        return []
    plain = {name: pl.col(f"{name} plain" if name in columns else name) for name in USERS}
    caller, called = (pl.col(name) for name in USERS)
    direction = pl.col("call_direction")
    is_caller = direction.is_in(["outbound", "internal"]) | ((direction != "inbound") & caller.is_not_null())
    return [
        pl.when(is_caller).then(plain[USERS[0]]).otherwise(plain[USERS[1]]).alias("user_id"),
        pl.when(is_caller).then(caller).otherwise(called).alias("user_name"),
        *(plain[name].alias(name) for name in USERS),
    ]


def tell(
    parts: Sequence[tuple[pl.DataFrame, pl.DataFrame]],
    faults: Sequence[pl.Expr],
    legs: Callable[[pl.DataFrame], pl.DataFrame],
) -> Told:
    """Return what rows say: those without fault as `legs` has it. Beside rows stand the rejects found before.

    Faults of a kind in COUNTED are no rejects: they are counted.
    """
    found: list[pl.DataFrame] = []
    rejects: list[pl.DataFrame] = []
    counts: dict[str, int] = {}
    for rows, misshapen in parts:
        good, bad = set_aside(rows, faults)
        if good.height:
            found.append(legs(good))
        for kind in COUNTED if bad.height else ():
            of_kind = bad["reason"] == kind
            counts[kind] = counts.get(kind, 0) + int(of_kind.sum())
            bad = bad.filter(~of_kind)
        rejects += [misshapen, bad]
    return Told(legs=found, rejects=rejects, non_records=counts)


def set_aside(rows: pl.DataFrame, faults: Sequence[pl.Expr]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows without fault and the others as rejects. `faults` are what `fault` returns: the first one counts."""
    if not rows.height:
        return rows, NO_REJECTS
    found = rows.select(pl.coalesce(faults).alias("fault")).to_series()
    if found.null_count() == rows.height:
        return rows, NO_REJECTS
    parts = found.str.splitn("\x1f", 2).struct.rename_fields(["reason", "detail"]).struct.unnest()
    bad = rows.drop("reason", "detail", strict=False).hstack(parts).filter(found.is_not_null())
    return rows.filter(found.is_null()), reject(bad)


def fault(when: pl.Expr, reason: str, detail: str) -> pl.Expr:
    """Expression: what is wrong with a row where `when` holds, null elsewhere."""
    return pl.when(when).then(pl.lit(f"{reason}\x1f{detail}"))
