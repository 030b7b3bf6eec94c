"""What events tell is counted whole: aspects, filled columns, columns that never change; however they are cut up."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from auditd.quality.profile import Filled, Profile, profiles_of, total
from parsers.aspects import ASPECTS, BEARERS, FIELDS
from parsers.event import FAMILIES, SCHEMA, Family, conform

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def events(rows: int, family: Family = "access", source: str = "pnc", **columns: Any) -> pl.DataFrame:
    times = {
        name: pl.Series([NOON] * rows, dtype=pl.Datetime("us", "UTC"))
        for name in ("timestamp", "event_ingested")
    }
    given = {
        name: value
        if isinstance(value, pl.Series)
        else pl.Series(
            value if isinstance(value, list) and len(value) == rows else [value] * rows,
            dtype=SCHEMA[family][name],
        )
        for name, value in columns.items()
    }
    return conform(pl.DataFrame({"source": [source] * rows, **times, **given}), family)


def profile(frame: pl.DataFrame, family: Family = "access") -> Profile:
    [found] = profiles_of(frame, family).values()
    return found


def test_an_event_with_nothing_tells_nothing() -> None:
    for family in FAMILIES:
        assert set(profile(events(3, family), family).aspects.values()) == {0}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_bearer_makes_its_aspect_told_where_its_group_is_complete(family: Family) -> None:
    for aspect, groups in BEARERS[family].items():
        for place, group in enumerate(groups):
            others = {
                name: _value(family, name)
                for n, other in enumerate(groups)
                if n != place
                for name in other[:1]
            }
            for name in group:
                told = profile(events(2, family, **others, **{name: _value(family, name)}), family)
                assert told.aspects[aspect] == 2, (aspect, name)
            assert profile(events(2, family, **others), family).aspects[aspect] == 0


def _value(family: Family, name: str) -> Any:
    return pl.Series([["a@x.example"]] * 2) if isinstance(SCHEMA[family][name], pl.List) else "x"


def test_the_time_counts_only_where_it_is_beyond_doubt() -> None:
    frame = events(
        5,
        time_zone_source=["record", "config", "assumed", "record", None],
        time_uncertainty_seconds=[None, 0, None, 3600, None],
    )
    assert profile(frame).aspects["when"] == 2


def test_empty_texts_and_lists_are_not_filled() -> None:
    frame = events(4, pnc_justification=["", None, "robbery", "robbery"])
    assert profile(frame).fields["pnc_justification"].events == 2
    mails = events(3, "email", email_to_address=pl.Series([[], None, ["a@x.example"]]))
    assert profile(mails, "email").fields["email_to_address"].events == 1


def test_a_column_that_never_changes_has_a_mark_that_is_no_value() -> None:
    told = profile(events(100, user_id="marwood", pnc_hit_count=list(range(100)))).fields
    mark = told["user_id"].mark
    assert mark is not None
    assert len(mark) == 4
    assert "marwood" not in mark
    assert told["pnc_hit_count"] == Filled(100, None)
    assert told["pnc_query"] == Filled(0, None)


def test_a_column_that_changes_once_in_the_middle_has_changed() -> None:
    users = ["a"] * 60 + ["b"] + ["a"] * 39
    assert profile(events(100, user_id=users)).fields["user_id"] == Filled(100, None)
    lists = pl.Series([["a"]] * 60 + [["b"]] + [["a"]] * 39)
    assert (
        profile(events(100, "email", email_to_address=lists), "email").fields["email_to_address"].mark is None
    )


def test_events_dated_after_they_were_read_are_counted() -> None:
    ahead = pl.Series([NOON + timedelta(minutes=n) for n in (0, 5, 6)], dtype=pl.Datetime("us", "UTC"))
    assert profile(events(3).with_columns(ahead.alias("timestamp"))).future == 1


@pytest.mark.parametrize("seed", range(5))
def test_parts_counted_apart_are_the_whole(seed: int) -> None:
    rng = random.Random(seed)
    frame = pl.concat(
        events(
            40,
            source=source,
            user_id=[rng.choice(["a", None, ""]) for _ in range(40)],
            event_action=[rng.choice(["x", "y"]) for _ in range(40)],
            pnc_system="pnc" if source == "pnc" else ["pnc"] * 20 + ["leds"] * 20,
        )
        for source in ("pnc", "other")
    )
    cuts = sorted(rng.sample(range(1, 80), 3))
    parts = [frame.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, 80], strict=True)]
    assert total(profiles_of(part, "access") for part in parts) == profiles_of(frame, "access")


def test_every_column_a_record_fills_is_counted_and_ours_are_not() -> None:
    assert "event_hash" not in FIELDS["access"]
    assert {"user_id", "pnc_justification"} <= set(profile(events(1)).fields)
    assert list(profile(events(1)).aspects) == list(ASPECTS)
    assert "why" not in profile(events(1, "email"), "email").aspects
