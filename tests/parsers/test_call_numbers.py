"""The numbers of a call: canonical beside as written, and all of them as one list, however many rows there are."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.call_numbers import ALSO, FEW, PARTIES, every_number, read_numbers
from parsers.force import Force

NAMES = (*PARTIES, *ALSO)
NUMBER = st.none() | st.sampled_from(
    ["+441632960001", "+441632960002", "+442079460003", "50009", "50010", "1"]
)
ROW = st.lists(NUMBER, min_size=len(NAMES), max_size=len(NAMES))


def frame(rows: list[list[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String()), orient="row")


@given(st.lists(ROW, min_size=1, max_size=6), st.sets(st.sampled_from(NAMES)))
@settings(max_examples=80, deadline=None)
def test_every_number_is_listed_once_in_order_in_small_frames_and_in_large_ones(
    rows: list[list[str | None]], left_out: set[str]
) -> None:
    few = frame(rows).drop(*left_out)
    many = pl.concat([few] * (FEW + 1))
    wanted = [sorted({number for number in row if number is not None}) for row in few.rows()]
    assert every_number(few).to_list() == wanted
    assert every_number(many).to_list() == wanted * (FEW + 1)


@given(
    st.lists(
        st.lists(st.sampled_from([None, "", "020 7946 0123", "50009", "withheld"]), min_size=4, max_size=4)
    )
)
@settings(max_examples=50, deadline=None)
def test_a_number_that_repeats_the_column_before_is_read_like_any_other(rows: list[list[str | None]]) -> None:
    canonical = {None: None, "": None, "020 7946 0123": "+442079460123", "50009": "50009", "withheld": None}
    raw = pl.DataFrame(rows, schema={f"{party}_raw": pl.String() for party in PARTIES}, orient="row")
    read = read_numbers(raw, Force()).select(PARTIES).rows()
    assert read == [tuple(canonical[value] for value in row) for row in rows]
