"""Subjects and accounts: equal things are written equally, and nothing is guessed."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.subjects import (
    SUBJECT_TYPES,
    canonical_account,
    canonical_account_text,
    canonical_collar,
    canonical_collar_text,
    canonical_subject_key,
    canonical_subject_key_text,
    canonical_subject_type,
    canonical_terminal,
    canonical_terminal_text,
    canonical_vehicle,
    canonical_vehicle_text,
)


@pytest.mark.parametrize("text", ["AB12CDE", "ab12 cde", " AB 12 CDE ", "ab12\tcde", "AB12\u00a0CDE"])
def test_a_registration_mark_has_capitals_and_no_spaces(text: str) -> None:
    assert canonical_vehicle_text(text) == "AB12CDE"
    assert canonical_subject_key_text("vehicle", text) == "AB12CDE"


def test_a_partial_registration_stays_partial() -> None:
    assert canonical_vehicle_text("ab1* ") == "AB1*"


@pytest.mark.parametrize(
    ("subject_type", "key", "expected"),
    [
        ("person", " 90/123456x", "90/123456X"),
        ("person", "Fern / Jo Ann /1990-04-01", "FERN/JO ANN/1990-04-01"),
        ("person", "de  la  Haye/Kim/1988-12-31", "DE LA HAYE/KIM/1988-12-31"),
        ("driver", "Fern/Jo/1990-04-01", "FERN/JO/1990-04-01"),
        ("address", "ab1 2cd / 14a", "AB12CD/14A"),
        ("phone", "+44 7700 900123", "+447700900123"),
        ("phone", "+44 (0)20 7946-0123", "+442079460123"),
        ("phone", "07700 900123", "07700900123"),
        ("property", " sn  77-1234", "SN 77-1234"),
        ("occurrence", "inc-2026-004417", "INC-2026-004417"),
        ("", "some thing", "SOME THING"),
        (" Vehicle ", "ab12 cde", "AB12CDE"),
        ("vehicle", "  ", ""),
    ],
)
def test_keys_are_canonical_by_kind_of_subject(subject_type: str, key: str, expected: str) -> None:
    assert canonical_subject_key_text(subject_type, key) == expected


def test_a_key_without_a_kind_is_kept_and_a_missing_key_is_null() -> None:
    frame = pl.DataFrame(
        {"kind": [None, "vehicle"], "key": ["ab 1", None]}, schema_overrides={"kind": pl.String}
    )
    keys = frame.select(canonical_subject_key(pl.col("kind"), pl.col("key")))
    assert keys.to_series().to_list() == ["AB 1", None]


def test_kinds_are_lower_case_a_driver_is_a_person_and_strangers_keep_their_name() -> None:
    kinds = pl.DataFrame({"kind": [" Vehicle", "DRIVER", "aircraft", " ", None]})
    assert kinds.select(canonical_subject_type(pl.col("kind"))).to_series().to_list() == [
        "vehicle",
        "person",
        "aircraft",
        None,
        None,
    ]


def test_accounts_are_lower_case_collars_and_terminals_capitals() -> None:
    assert canonical_account_text(" JBriar ") == "jbriar"
    assert canonical_account_text(" ") is None
    assert canonical_collar_text(" nv 44 71") == "NV4471"
    assert canonical_terminal_text(" t0417 ") == "T0417"


TEXTS = st.text(alphabet=st.sampled_from("aZß İς9/()+-. \t\u00a0\x1c"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_one_text_becomes_what_a_column_of_it_becomes(text: str) -> None:
    frame = pl.DataFrame({"text": [text]})
    for column, one in (
        (canonical_account, canonical_account_text),
        (canonical_collar, canonical_collar_text),
        (canonical_terminal, canonical_terminal_text),
        (canonical_vehicle, canonical_vehicle_text),
    ):
        assert frame.select(column(pl.col("text"))).item() == one(text)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([*SUBJECT_TYPES, "driver", "aircraft", ""]), TEXTS)
def test_what_is_canonical_stays_as_it_is(subject_type: str, text: str) -> None:
    once = canonical_subject_key_text(subject_type, text)
    assert canonical_subject_key_text(subject_type, once) == once
    account = canonical_account_text(text)
    assert account is None or canonical_account_text(account) == account
