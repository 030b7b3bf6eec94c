"""Squid: what no client can bring about by what it asks for, and what is wrong with a logformat."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from call_cases import event, read
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from parsers.formats.squid import SquidOptions
from parsers.squid_logformat import layout_of
from parsers.urls import bare_address, host_and_port, query_of, unescaped

NATIVE = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt"
COMMON = '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st %Ss:%Sh'
COMBINED = '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh'
NATIVE_LINE = "1772546531.327   2864 10.20.0.7 TCP_MISS/200 10182 GET http://a.example/b jbriar HIER_DIRECT/192.0.2.8 text/html"
COMMON_LINE = '10.20.0.7 - jbriar [03/Mar/2026:14:02:11 +0000] "GET http://a.example/b HTTP/1.1" 200 10182 TCP_MISS:HIER_DIRECT'
COMBINED_LINE = COMMON_LINE.replace(" TCP", ' "http://r.example/" "Mozilla/5.0 (X11)" TCP')
# What an address might hold to look like the rest of a line.
PIECES = [
    " ", "mfern", " mfern HIER_DIRECT/192.0.2.1 text/html", " [", "] [", "]", '"', "HIER_NONE/-", "/", "?", "%20", "-",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    asked=st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join).filter(str.strip),
    headers=st.lists(st.sampled_from([" ", "mfern", " mfern HIER_A/b c", "x"]), max_size=4).map("".join),
    with_headers=st.booleans(),
)
def test_nobody_gets_another_account_into_the_log_by_what_they_ask_for(
    asked: str, headers: str, with_headers: bool
) -> None:
    line = f"1772546531.327 2864 10.20.0.7 TCP_MISS/200 10182 GET http://a.example/{asked} jbriar HIER_DIRECT/192.0.2.80 text/css"
    line += f" [{headers}] [{headers}]" if with_headers else ""
    parsed = read("squid", line)
    for found in parsed.events["web"].to_dicts():
        told = (found["user_id"], found["destination_ip"], found["http_response_mime_type"])
        assert told == ("jbriar", "192.0.2.80", "text/css")
        assert found["url_domain"] == "a.example"
    assert parsed.event_lines == 1


@pytest.mark.parametrize(
    ("logformat", "line"),
    [(NATIVE, NATIVE_LINE), (COMMON, COMMON_LINE), (COMBINED, COMBINED_LINE)],
    ids=["native", "common", "combined"],
)
def test_squids_own_formats_written_as_a_logformat_are_read_alike(logformat: str, line: str) -> None:
    assert event("squid", line, options={"logformat": logformat}) == event("squid", line)


@pytest.mark.parametrize(
    ("logformat", "line", "want"),
    [
        ("%ts %>a %rm %ru", "1772546531 10.20.0.7 GET http://a.example/", {"source_ip": "10.20.0.7"}),
        (
            "%{%Y-%m-%d %H:%M:%S}tl|%>a|%rm|%ru|%un",
            "2026-07-03 14:02:11|10.20.0.7|GET|http://a.example/|x",
            {"user_id": "x", "time_zone_source": "config"},
        ),
        (
            '%%%tg %>a "%rm" %ru %-10http::mt %>A',
            '%03/Jul/2026:13:02:11 +0000 10.20.0.7 "GET" http://a.example/ text/css   pc1',
            {"http_response_mime_type": "text/css", "source_address": "pc1"},
        ),
        (
            '%ts.%03tu %>a %rm %ru "%{Referer}>h" %"{User-Agent}>h',
            '1772546531.327 10.20.0.7 GET http://a.example/ "http://b.example/" "x \\" y"',
            {"http_request_referrer": "http://b.example/"},
        ),
    ],
)
def test_a_logformat_says_how_lines_are_read(logformat: str, line: str, want: dict[str, Any]) -> None:
    found = event("squid", line, options={"logformat": logformat})
    assert {column: found[column] for column in want} == want


@pytest.mark.parametrize(
    ("logformat", "why"),
    [
        ("%>a %rm %ru", "it says no time"),
        ("%ts.%03tu %rm %ru", "it lacks %>a"),
        ("%ts", "it lacks %rm, %ru, %>a"),
    ],
)
def test_a_logformat_that_lacks_something_is_refused(logformat: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SquidOptions(logformat=logformat)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='%{}<>[]"#/-0123tsaruHhun. (', max_size=40))
def test_any_text_is_a_logformat_or_is_refused(text: str) -> None:
    try:
        layout = layout_of("%ts %>a %rm %ru " + text)
    except ValueError:
        return
    pl.select(pl.lit("x").str.extract_groups(layout.pattern))


@pytest.mark.parametrize(
    ("address", "bare", "host", "port", "query"),
    [
        ("http://a.example/b?c#d", "http://a.example/b", "a.example", None, "c"),
        ("https://u:p@A.example:8443/@b?x@y", "https://A.example:8443/@b", "a.example", 8443, "x@y"),
        ("a.example:443", "a.example:443", "a.example", 443, None),
        ("u@a.example/b", "a.example/b", "a.example", None, None),
        ("http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/", "[2001:db8::1]", 80, None),
        ("http://a.example#b?c", "http://a.example", "a.example", None, None),
        ("http://a.example?", "http://a.example", "a.example", None, None),
        ("http://a.example.:80/x", "http://a.example.:80/x", "a.example", 80, None),
        ("error:invalid-request", "error:invalid-request", None, None, None),
        ("/only/a/path", "/only/a/path", None, None, None),
        ("?", None, None, None, None),
        ("http://a.example:99999999/", "http://a.example:99999999/", None, None, None),
        (None, None, None, None, None),
    ],
)
def test_what_is_kept_of_an_address(
    address: str | None, bare: str | None, host: str | None, port: int | None, query: str | None
) -> None:
    frame = pl.DataFrame({"a": [address]}, schema={"a": pl.String})
    kept = frame.select(bare_address(pl.col("a")), query_of(pl.col("a")).alias("query"))
    place = kept.select(host_and_port(pl.col("a")).alias("place"))["place"][0]
    assert (kept["a"][0], place["host"], place["port"], kept["query"][0]) == (bare, host, port, query)


def test_percent_escapes_are_decoded_whatever_they_spell() -> None:
    escaped = pl.DataFrame({"a": ["a%5Cb", "%ff", "100%", "a", None, "%C3%A9"]})
    assert escaped.select(unescaped(pl.col("a")))["a"].to_list() == ["a\\b", "\ufffd", "100%", "a", None, "é"]
