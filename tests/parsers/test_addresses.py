"""Addresses: one canonical form, and whose they are."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.addresses import (
    address_domain,
    canonical_address,
    canonical_address_text,
    canonical_addresses,
    with_email_direction,
)
from parsers.force import Force

FORMS = {
    "Jo.Briar@Example.ORG": "jo.briar@example.org",
    "<jo.briar@example.org>": "jo.briar@example.org",
    " jo.briar@example.org\t": "jo.briar@example.org",
    "SMTP:Jo.Briar@example.org": "jo.briar@example.org",
    "<smtp:jo.briar@example.org>": "jo.briar@example.org",
    "mailto:jo.briar@example.org": "jo.briar@example.org",
    "'jo.briar@example.org'": "jo.briar@example.org",
    '"jo.briar@example.org"': "jo.briar@example.org",
    '"Briar, Jo" <Jo.Briar@example.org>': "jo.briar@example.org",
    "Jo Briar <jo.briar@example.org>": "jo.briar@example.org",
    '"jo.briar"@example.org': "jo.briar@example.org",
    "jo.briar@example.org.": "jo.briar@example.org",
    "ｊｏ.briar＠example.org": "jo.briar@example.org",
    "jo.\u200bbriar@example.org": "jo.briar@example.org",
    # What is written stays: tags, dots, apostrophes, quotes that are needed.
    "jo.briar+press@example.org": "jo.briar+press@example.org",
    "sam.o'dell@example.org": "sam.o'dell@example.org",
    '"jo briar"@example.org': '"jo briar"@example.org',
    # Internationalised domains read the same in both spellings.
    "jo@xn--mnchen-3ya.example": "jo@münchen.example",
    "jo@MÜNCHEN.example": "jo@münchen.example",
    "jo@münchen.example": "jo@münchen.example",
    "jo@XN--MNCHEN-3YA.example": "jo@münchen.example",
    # Punycode that is not sound, or would read as another address, stays as it is.
    "jo@xn--99999999999.example": "jo@xn--99999999999.example",
    "jo@xn--a@b-.example": "jo@xn--a@b-.example",
    "jo@xn--0b0c.example": "jo@xn--0b0c.example",  # half a character
    # Not addresses: kept, folded.
    "/o=Example/ou=Site (A)/cn=Recipients/cn=JBriar": "/o=example/ou=site (a)/cn=recipients/cn=jbriar",
    "IMCEAEX-_o=Example_cn=JBriar@example.org": "imceaex-_o=example_cn=jbriar@example.org",
    "JBRIAR": "jbriar",
    "Jo Briar <>": "jo briar <>",
}
NOTHING = ["", " ", "<>", "< >", "smtp:", "\u200b", "''"]

texts = st.one_of(
    st.sampled_from(sorted(FORMS) + NOTHING),
    st.text(st.sampled_from("aZß.İ@<>\"' :;,-xnXN3y\u200b\uff21\u0345/=()\t'"), max_size=24),
    st.text(max_size=12),
    st.from_regex(r"\A(smtp:|<|\"|')*[aB.]*@(xn--[a-z0-9-]{1,8}\.?){1,3}[>\"']*\Z"),
)


def canonical(values: list[str | None]) -> list[str | None]:
    frame = pl.DataFrame({"value": pl.Series(values, dtype=pl.String)})
    return frame.select(canonical_address(pl.col("value"))).to_series().to_list()


@pytest.mark.parametrize(("written", "expected"), FORMS.items())
def test_each_way_of_writing_has_its_canonical_form(written: str, expected: str) -> None:
    assert canonical_address_text(written) == expected


@pytest.mark.parametrize("written", NOTHING)
def test_nothing_is_left_of_an_empty_address(written: str) -> None:
    assert canonical_address_text(written) is None


@given(st.lists(st.one_of(st.none(), texts), max_size=8))
@example(["A@B.example", None, "<>", "", "Ｊ@x.example"])
def test_columns_and_single_texts_agree(values: list[str | None]) -> None:
    assert canonical(values) == [None if value is None else canonical_address_text(value) for value in values]


@given(texts)
def test_a_canonical_form_is_its_own(text: str) -> None:
    once = canonical_address_text(text)
    assert once is None or canonical_address_text(once) == once


def test_lists_keep_their_length_and_order() -> None:
    lists = [["A@b.example", None, "<>", "<C@d.example>"], [], None]
    frame = pl.DataFrame({"value": lists}, schema={"value": pl.List(pl.String)})
    expected = [["a@b.example", None, None, "c@d.example"], [], None]
    assert frame.select(canonical_addresses(pl.col("value"))).to_series().to_list() == expected
    assert (
        frame.lazy().select(canonical_addresses(pl.col("value"))).collect().to_series().to_list() == expected
    )


def test_the_domain_is_what_follows_the_last_at() -> None:
    frame = pl.DataFrame({"value": ["jo@example.org", '"a@b"@example.com', "jbriar", None]})
    domains = frame.select(address_domain(pl.col("value"))).to_series().to_list()
    assert domains == ["example.org", "example.com", None, None]


OWN, OUT, X500 = "jo@police.northmere.example", "sam@example.org", "/o=example/cn=jo"


@pytest.mark.parametrize(
    ("sender", "recipients", "expected"),
    [
        (OWN, [OUT], "outbound"),
        (OWN, ["kit@mail.police.northmere.example", OUT], "outbound"),
        (OWN, [OWN], "internal"),
        (OUT, [OWN, OUT], "inbound"),
        (OUT, [OUT], "unknown"),
        (OUT, ["kit@notpolice.northmere.example"], "unknown"),
        (None, [OWN], "unknown"),
        (None, [OUT], "unknown"),
        (OWN, [X500], "unknown"),
        (OWN, [X500, None, OUT], "outbound"),
        (X500, [OWN], "unknown"),
        (OWN, [], "unknown"),
        (OWN, None, "unknown"),
    ],
)
def test_direction_follows_from_the_domains(
    sender: str | None, recipients: list[str | None] | None, expected: str
) -> None:
    assert direction(sender, recipients) == expected


@pytest.mark.parametrize("sender", [None, OUT, X500])
def test_a_message_known_to_leave_from_us_is_outbound_whoever_its_sender(sender: str | None) -> None:
    assert direction(sender, [OUT], from_us=pl.lit(value=True)) == "outbound"


def test_a_message_known_to_leave_from_us_for_nobody_outside_is_not_outbound() -> None:
    assert direction(OUT, [OWN], from_us=pl.lit(value=True)) == "inbound"


def test_without_domains_no_direction_is_claimed() -> None:
    assert direction(OWN, [OUT], force=Force()) == "unknown"


def direction(
    sender: str | None,
    recipients: list[str | None] | None,
    *,
    force: Force | None = None,
    from_us: pl.Expr | None = None,
) -> str:
    events = pl.DataFrame(
        {"email_from_address": [sender], "email_to_address": [recipients]},
        schema={"email_from_address": pl.String, "email_to_address": pl.List(pl.String)},
    )
    known = with_email_direction(
        events, force or Force(domains=("police.northmere.example",)), from_us=from_us
    )
    return str(known["email_direction"].item())
