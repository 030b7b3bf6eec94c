"""Phone numbers have one canonical form, and nothing becomes a number that was not one."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.force import Force
from parsers.numbers import canonical_number, canonical_number_text

FORCE = Force()

WRITTEN = {
    # national, international, own country code without plus
    "020 7946 0123": "+442079460123",
    "+44 (0)20 7946 0123": "+442079460123",
    "+442079460123": "+442079460123",
    "00442079460123": "+442079460123",
    "00 44 (0)20-7946-0123": "+442079460123",
    "442079460123": "+442079460123",
    "01632 960123": "+441632960123",
    "0800 1111": "+448001111",
    "+1 303 555 0123": "+13035550123",
    "0013035550123": "+13035550123",
    # drama ranges are possible, never "valid"
    "07700 900123": "+447700900123",
    # marks and wide digits
    "０２０７９４６０１２３": "+442079460123",
    "\u202a+44\u00a07700\u00a0900123\u202c": "+447700900123",
    "\\+442079460123": "+442079460123",
    # schemes, hosts, parameters
    "tel:+442079460123": "+442079460123",
    "sip:+442079460123@gw.example.org;user=phone": "+442079460123",
    "SIPS:50009@example.org": "50009",
    "50009@192.0.2.10": "50009",
    "sip:j.smith@example.org": None,
    # access digits and service prefixes
    "902079460123": "+442079460123",
    "9,020 7946 0123": "+442079460123",
    "900442079460123": "+442079460123",
    "14102079460123": "+442079460123",
    "1470 07700 900123": "+447700900123",
    "147107700900123": "+447700900123",
    "914107700900123": "+447700900123",
    "07700900123#": "+447700900123",
    # extensions and short codes
    "50009": "50009",
    "999": "999",
    "101": "101",
    "9999": "9999",
    "116123": "116123",
    "1471": "1471",
    # longer, and not to be read for certain
    "5033466594": "5033466594",
    "2079460123": "2079460123",
    "9116123": "9116123",
    "02079460123456": "02079460123456",
    "012345678": "012345678",
    # masked
    "+447700900***": "+447700900*",
    "07700900***": "+447700900*",
    "07700900*": "+447700900*",
    "907700900***": "+447700900*",
    "07939 XXYYZZ": "+447939*",
    "5033466xxx": "5033466*",
    "1234**": "1234*",
    "+44*": None,
    "0**********": None,
    # withheld, not a number, impossible
    "": None,
    " ": None,
    "anonymous": None,
    "Number Withheld": None,
    "UNAVAILABLE": None,
    "xxxxx": None,
    "b002179144511001": None,
    "*21*07700900123#": None,
    "+": None,
    "+44": None,
    "+999123456789": None,
    "+440000000000": None,
}


@pytest.mark.parametrize(("written", "canonical"), WRITTEN.items())
def test_a_number_as_written_has_this_canonical_form(written: str, canonical: str | None) -> None:
    assert canonical_number_text(written, FORCE) == canonical


def test_a_column_is_read_like_its_values_with_nulls_kept_and_its_name() -> None:
    column = pl.Series("called", [*WRITTEN, None, *WRITTEN])
    expected = pl.Series("called", [*WRITTEN.values(), None, *WRITTEN.values()], dtype=pl.String)
    assert canonical_number(column, FORCE).equals(expected, check_names=True)


def test_an_empty_column_stays_an_empty_column_of_text() -> None:
    assert canonical_number(pl.Series("n", [], dtype=pl.Null), FORCE).dtype == pl.String


PIECES = st.sampled_from(
    [
        *"0123456789",
        *"00112344445799",
        *["141", "1470", "0044", "+44", "+", "(0)", "07700900", "020794601", "3535", "18002"],
        *["*", "x", " ", "-", ".", ",", "#", "@", ";", "sip:", "tel:", "\u202a", "\\", "a", "\n", "９", "٣"],
    ]
)
FORCES = st.sampled_from(
    [
        FORCE,
        Force(access_digits=("0", "88"), extension_digits=4),
        Force(access_digits=(), extension_digits=7),
        Force(access_digits=("4", "1"), extension_digits=3),
        Force(access_digits=("", "2.")),
        Force(country="US"),
        Force(country="DE", access_digits=("0",)),
        Force(country="nowhere"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=14).map("".join), max_size=12), FORCES)
def test_the_rules_for_columns_and_the_library_agree_on_any_text(texts: list[str], force: Force) -> None:
    column = canonical_number(pl.Series(texts, dtype=pl.String), force)
    assert column.to_list() == [canonical_number_text(text, force) for text in texts]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        ["", "0", "00", "+", "44", "+44", "0044", "00440", "90", "9141", "91410", "14700", "+440"]
    ),
    st.text("0123456789", max_size=13),
    FORCES,
)
def test_the_rules_for_columns_and_the_library_agree_on_numbers(start: str, rest: str, force: Force) -> None:
    column = canonical_number(pl.Series([start + rest]), force)
    assert column.to_list() == [canonical_number_text(start + rest, force)]


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_canonical_form_is_its_own_canonical_form(text: str) -> None:
    canonical = canonical_number_text(text, FORCE)
    if canonical is not None:
        assert canonical_number_text(canonical, FORCE) == canonical


@given(st.text(max_size=30))
def test_any_text_gives_digits_a_plus_or_a_pattern_and_no_exception(text: str) -> None:
    canonical = canonical_number_text(text, FORCE)
    assert canonical is None or canonical.removeprefix("+").removesuffix("*").isdecimal()


def test_a_short_number_never_gets_a_country() -> None:
    assert canonical_number_text("123456", FORCE) == "123456"
    assert canonical_number_text("1234567", FORCE) == "1234567"


def test_where_numbers_have_no_trunk_zero_the_national_form_is_read_without_one() -> None:
    force = Force(country="US")
    written = ["5033466594", "15033466594", "95033466594", "011442079460123", "3466594"]
    canonical = ["+15033466594", "+15033466594", "+15033466594", "+442079460123", "3466594"]
    assert canonical_number(pl.Series(written), force).to_list() == canonical


def test_an_access_digit_that_is_also_the_trunk_zero_comes_off_when_the_length_fits() -> None:
    force = Force(access_digits=("0",))
    for written in ("002079460123", "02079460123", "00442079460123"):
        assert canonical_number_text(written, force) == "+442079460123"
