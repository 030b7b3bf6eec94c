"""References as they are compared: written alike both ways, and never a lie for a slip of the finger."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.claims import like, ref_key
from detectors.variants import misspelt

KEYS = st.from_regex("[A-Z]{0,2}[1-9][0-9]{0,5}", fullmatch=True)


def key(text: str) -> str:
    return str(pl.DataFrame({"ref": [text]}).select(ref_key(pl.col("ref"))).item())


@pytest.mark.parametrize(
    ("written", "compared"), [("nm-0012/26", "NM1226"), (" NI000000345", "NI345"), ("000", "0"), ("", "")]
)
def test_strokes_spaces_case_and_leading_zeros_do_not_count(written: str, compared: str) -> None:
    assert key(written) == compared


@pytest.mark.parametrize("slip", ["NM1235", "NM1324", "NM123", "NM12334", "NM91234", "N1M234"])
def test_one_slip_of_the_finger_is_alike(slip: str) -> None:
    others = like(pl.Series(["NM1234"]))
    assert slip in others["other"].to_list()
    assert "NM1234" in others["other"].to_list()


def test_two_slips_are_not() -> None:
    assert not {"NM1144", "NM12", "NX1234"} & set(like(pl.Series(["NM1234"]))["other"])


@given(one=KEYS, data=st.data())
def test_being_alike_goes_both_ways(one: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(like(pl.Series([one]))["other"].sort().to_list()))
    assert one in like(pl.Series([other]))["other"].to_list()


def test_keys_of_one_length_and_two_letters_apart_are_misspelt() -> None:
    pairs = [
        ("AB12CDE", "BA12CDE"),
        ("AB12CDE", "AB12CDE"),
        ("AB12CDE", "AB12CD"),
        ("AB12CDE", "ZZZ2CDE"),
        (None, "X"),
    ]
    one, two = (pl.Series(column, dtype=pl.String) for column in zip(*pairs, strict=True))
    assert misspelt(one, two).to_list() == [True, True, False, False, False]
