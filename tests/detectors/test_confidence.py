"""An identifier that is not certainly one person's may lead to one, who is called likely and why; or to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from history import JANE, NOON, OURS, Plain, Row, at, holds, reference
from hypothesis import given
from hypothesis import strategies as st

from detectors.confidence import IDENTITY_DTYPE, NEAR, Asked, identity
from detectors.identity import resolve
from detectors.identity_words import identity as words
from detectors.variants import SLIPS, loose, slips_of, variants
from parsers.force import Force

COUNTER = (
    holds("S1", "account", "counter"),
    holds("S2", "account", "counter"),
    holds("S3", "account", "counter", until=at(days=-1)),
    holds("S2", "terminal", "T1"),
    holds("S3", "terminal", "T3"),
    holds("S9", "terminal", "T9"),
    holds("S1", "collar", "1"),
)  # fmt: skip


def ask(
    *held: Row,
    value: str | None,
    kind: str = "account",
    force: Force = OURS,
    roster: Sequence[Row] = (),
    **beside: str,
) -> dict[str, Any] | None:
    """What is said of an identifier at noon; `beside`: the terminal and collar number of the same record."""
    known = reference(identifiers=held, roster=roster)
    row = {"value": value, "timestamp": NOON, "terminal": None, "collar": None} | beside
    schema = {
        "value": pl.String,
        "timestamp": pl.Datetime("us", "UTC"),
        "terminal": pl.String,
        "collar": pl.String,
    }
    people = resolve(pl.DataFrame([row], schema), known, kind=kind, value=pl.col("value"), time="timestamp")
    columns = Asked(pl.lit(kind), pl.col("value"), terminal=pl.col("terminal"), collar=pl.col("collar"))
    told: dict[str, Any] | None = identity(people, known, force, columns)[0]
    return told


def who(*held: Row, **asked: Any) -> tuple[Any, ...]:
    """Confidence, person, and why."""
    told = ask(*held, **asked)
    assert told is not None
    return told["confidence"], told["staff_id"], *(reason["why"] for reason in told["reasons"])


def test_of_a_certain_holder_nothing_is_to_be_said() -> None:
    assert ask(*JANE, value="jdoe") is None


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("account", "force\\jdoe", "domain"),
        ("account", "jdoe@force.example", "domain"),
        ("account", "jdoe@mail.force.example", "domain"),
        ("account", "j doe", "spaces"),
        ("account", "force\\j doe", "mixed"),
        ("account", "jane@force.example", "mailbox"),
        ("email", "jane@mail.force.example", "domain"),
        ("extension", "050009", "zeros"),
        ("collar", "001234", "zeros"),
        ("collar", "PC1234", "rank"),
        ("collar", "SGT.1234", "rank"),
        ("collar", "1235", "digit"),
        ("collar", "1243", "swapped"),
    ],
)
def test_a_value_written_otherwise_is_likely_the_one_person_whom_it_may_mean(
    kind: str, value: str, why: str
) -> None:
    assert who(*JANE, kind=kind, value=value) == ("likely", "S1", why)


@pytest.mark.parametrize(
    ("held", "kind", "value", "why"),
    [
        ("u12345", "account", "u0012345", "zeros"),
        ("force\\jdoe", "account", "jdoe", "domain"),
        ("force\\jdoe", "account", "jdoe@force.example", "domain"),
        ("NM-PC-0101", "terminal", "NM-PC-0101.FORCE.EXAMPLE", "domain"),
        ("NM-PC-0101", "terminal", "NM-PC-101", "zeros"),
        ("PC77", "collar", "77", "rank"),
    ],
)
def test_it_is_the_same_whichever_of_the_two_the_feed_has(held: str, kind: str, value: str, why: str) -> None:
    assert who(holds("S1", kind, held), kind=kind, value=value) == ("likely", "S1", why)
    assert who(holds("S1", kind, value), kind=kind, value=held) == ("likely", "S1", why)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("account", "jdoe@other.example"),  # somebody else's domain is somebody else
        ("account", "jdoe@notforce.example"),
        ("account", "@force.example"),
        ("account", "force\\"),
        ("account", "jdoes"),
        ("account", "jode"),  # only collar numbers are typed by hand
        ("extension", "50008"),
        ("email", "jane@other.example"),
        ("collar", "12345"),
        ("collar", "1324567"),
        ("collar", "XX1234"),
        ("terminal", "jdoe"),
        ("account", "1234"),  # a collar number, but nobody's account
    ],
)
def test_what_is_not_written_alike_leads_to_nobody(kind: str, value: str) -> None:
    assert who(*JANE, kind=kind, value=value) == ("unknown", None, "nobody")


def test_addresses_of_machines_are_no_names_with_a_domain() -> None:
    assert who(holds("S1", "terminal", "10.0.0.1"), kind="terminal", value="10.0.0.2") == (
        "unknown",
        None,
        "nobody",
    )


def test_without_own_domains_no_domain_is_taken_for_ours() -> None:
    asked = {"value": "jdoe@force.example", "force": Force()}
    assert who(*JANE, **asked) == ("unknown", None, "nobody")


def test_a_value_that_may_mean_two_people_means_neither() -> None:
    held = (*JANE, holds("S2", "account", "north\\jdoe"))
    assert who(*held, value="force\\jdoe") == ("unknown", None, "several")
    assert ask(*held, value="force\\jdoe")["reasons"][0]["people"] == 2  # type: ignore[index]


def test_a_variant_that_is_shared_names_nobody() -> None:
    assert who(*COUNTER, value="force\\counter") == ("unknown", None, "several")


def test_a_variant_counts_only_while_it_is_held() -> None:
    assert who(holds("S1", "account", "jdoe", until=NOON), value="force\\jdoe") == ("unknown", None, "nobody")
    assert who(holds("S1", "account", "jdoe", since=NOON), value="force\\jdoe") == ("likely", "S1", "domain")


def test_a_slip_counts_only_where_nothing_better_leads_to_anybody() -> None:
    """1234 is one digit from 1239, which was S2's until yesterday: that is the better reason."""
    held = (*JANE, holds("S2", "collar", "1239", until=at(days=-1)))
    assert who(*held, kind="collar", value="1239") == ("likely", "S2", "ended")


def test_several_slips_lead_to_nobody() -> None:
    held = (*JANE, holds("S2", "collar", "1236"))
    assert who(*held, kind="collar", value="1235") == ("unknown", None, "several")


def test_several_ways_to_one_person_are_all_told() -> None:
    held = (holds("S1", "account", "north\\jdoe"), holds("S1", "account", "jdoe", until=at(days=-1)))
    told = ask(*held, value="jdoe")
    assert told is not None
    assert (told["confidence"], told["staff_id"]) == ("likely", "S1")
    assert told["reasons"] == [
        {"why": "domain", "kind": "account", "value": "north\\jdoe", "at": None, "people": None},
        {"why": "ended", "kind": "account", "value": "jdoe", "at": "2026-03-02T12:00:00Z", "people": None},
    ]


DAYS = NEAR / timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, at(), ("likely", "S1", "ended")),
        (None, at(days=-DAYS, seconds=1), ("likely", "S1", "ended")),
        (None, at(days=-DAYS), ("unknown", None, "nobody")),
        (at(seconds=1), None, ("likely", "S1", "begins")),
        (at(days=DAYS, seconds=-1), None, ("likely", "S1", "begins")),
        (at(days=DAYS), None, ("unknown", None, "nobody")),
    ],
)
def test_who_held_it_shortly_before_or_will_soon_after_is_likely(
    since: Any, until: Any, expected: Any
) -> None:
    assert who(holds("S1", "account", "jdoe", since, until), value="jdoe") == expected


def test_between_two_holders_it_is_neither() -> None:
    held = (holds("S1", "account", "x", until=at(days=-1)), holds("S2", "account", "x", since=at(days=1)))
    assert who(*held, value="x") == ("unknown", None, "several")


def test_between_two_holds_of_one_person_it_is_likely_that_one() -> None:
    held = (holds("S1", "account", "x", until=at(days=-1)), holds("S1", "account", "x", since=at(days=1)))
    assert who(*held, value="x") == ("likely", "S1", "begins", "ended")


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({}, ("shared", None, "sharers")),
        ({"terminal": "T1"}, ("likely", "S2", "terminal")),
        ({"collar": "1"}, ("likely", "S1", "collar")),
        ({"terminal": "T1", "collar": "1"}, ("shared", None, "sharers")),  # one says S2, the other S1
        ({"terminal": "T9"}, ("shared", None, "sharers")),  # the terminal of somebody else says nothing
        ({"terminal": "T3"}, ("shared", None, "sharers")),  # S3 shared it until yesterday
        ({"terminal": "T0"}, ("shared", None, "sharers")),
        ({"terminal": "T9", "collar": "1"}, ("likely", "S1", "collar")),
    ],
)
def test_a_shared_account_leads_to_the_one_whom_the_same_record_names(beside: Any, expected: Any) -> None:
    assert who(*COUNTER, value="counter", **beside) == expected


def test_a_terminal_that_is_shared_itself_tells_nobody_apart() -> None:
    held = (*COUNTER, holds("S1", "terminal", "T1"))
    assert who(*held, value="counter", terminal="T1") == ("shared", None, "sharers")


def shift(staff_id: str, state: str, hours: float = 0) -> Row:
    """A stretch of eight hours of the roster that began two hours before noon, unless told otherwise."""
    begins = at(hours=hours - 2)
    return {"staff_id": staff_id, "from": begins, "to": begins + timedelta(hours=8), "state": state}


@pytest.mark.parametrize(
    ("roster", "expected"),
    [
        ([shift("S1", "duty"), shift("S2", "leave")], ("likely", "S1", "roster")),
        ([shift("S1", "duty"), shift("S2", "duty", hours=-24)], ("likely", "S1", "roster")),
        ([shift("S2", "rest")], ("likely", "S1", "roster")),
        ([shift("S1", "duty"), shift("S2", "overtime")], ("shared", None, "sharers")),
        ([shift("S1", "leave"), shift("S2", "sick")], ("shared", None, "sharers")),
        ([shift("S1", "duty")], ("shared", None, "sharers")),  # of S2 the roster says nothing
        ([], ("shared", None, "sharers")),
    ],
)
def test_a_shared_account_leads_to_the_only_one_who_was_not_off_shift(
    roster: list[Row], expected: Any
) -> None:
    assert who(*COUNTER, value="counter", roster=roster) == expected


def test_the_roster_and_the_terminal_must_agree() -> None:
    roster = [shift("S1", "duty"), shift("S2", "leave")]
    assert who(*COUNTER, value="counter", roster=roster, terminal="T1") == ("shared", None, "sharers")
    assert who(*COUNTER, value="counter", roster=roster, collar="1") == ("likely", "S1", "collar", "roster")


def test_the_roster_does_not_tell_who_had_a_mailbox() -> None:
    held = (holds("S1", "email", "desk@force.example"), holds("S2", "email", "desk@force.example"))
    roster = [shift("S1", "duty"), shift("S2", "leave")]
    assert who(*held, kind="email", value="desk@force.example", roster=roster) == ("shared", None, "sharers")


def test_how_many_share_it_is_told() -> None:
    told = ask(*COUNTER, value="counter")
    assert told is not None
    assert told["reasons"][0]["people"] == 2


def test_a_terminal_does_not_make_an_unknown_account_somebodys() -> None:
    assert who(*COUNTER, value="ghost", terminal="T1") == ("unknown", None, "nobody")


def test_a_record_that_names_nobody_leads_to_nobody() -> None:
    assert who(*JANE, value=None) == ("unknown", None, "nobody")
    assert who(value="jdoe") == ("unknown", None, "nobody")


def test_rows_keep_their_order_and_certain_ones_are_null() -> None:
    known = reference(identifiers=[*JANE, *COUNTER])
    values = ["ghost", "jdoe", "force\\jdoe", "counter", None, "jdoe"]
    rows = pl.DataFrame({"value": values, "timestamp": [NOON] * len(values)})
    rows = rows.cast({"timestamp": pl.Datetime("us", "UTC")})
    people = resolve(rows, known, kind="account", value=pl.col("value"), time="timestamp")
    told = identity(people, known, OURS, Asked(pl.lit("account"), pl.col("value")))
    assert [one and one["confidence"] for one in told] == [
        "unknown",
        None,
        "likely",
        "shared",
        "unknown",
        None,
    ]
    assert (
        told.dtype == identity(people.clear(), known, OURS, Asked(pl.lit("account"), pl.col("value"))).dtype
    )
    assert told.dtype == IDENTITY_DTYPE


def test_a_likely_person_never_becomes_the_person() -> None:
    """What findings go by is `resolve`, which knows nothing of all this."""
    known = reference(identifiers=JANE)
    rows = pl.DataFrame({"value": ["force\\jdoe"], "timestamp": [NOON]}).cast(
        {"timestamp": pl.Datetime("us", "UTC")}
    )
    people = resolve(rows, known, kind="account", value=pl.col("value"), time="timestamp")
    assert people.select("staff_id", "certainty").row(0) == (None, "unknown")


def test_the_words_say_likely_before_they_name_anybody() -> None:
    assert words(ask(*JANE, value="force\\jdoe"), "account:force\\jdoe", Plain()) == [
        "The person behind account force\\jdoe is likely, not certain: S1. Why: it was nobody's then; account jdoe, the "
        "same but for its domain part, was theirs."
    ]
    assert words(ask(*JANE, value="ghost"), "account:ghost", Plain()) == [
        "The person behind account ghost is not known: nobody held it then or within 30 days, nor one that is written "
        "alike."
    ]
    assert words(None, "account:jdoe", Plain()) == []


texts = st.text("a01 \\@.PC", max_size=6)


@given(st.sampled_from(["account", "collar", "email", "extension", "phone", "terminal"]), texts, texts)
def test_being_alike_goes_both_ways(kind: str, one: str, other: str) -> None:
    """What touches what is found from either side: see auditd/engine/alike.py."""

    def found(asked: str, held: str) -> list[str]:
        rows = pl.DataFrame({"kind": [kind], "value": [asked]})
        return variants(rows, reference(identifiers=[holds("S1", kind, held)]), OURS)["way"].to_list()

    assert sorted(found(one, other)) == sorted(found(other, one))


def test_slips_are_one_digit_or_two_neighbours() -> None:
    slips = list(slips_of("K12"))
    assert len(slips) == len(set(slips)) == 19
    assert {way for _, way in slips} == set(SLIPS)
    assert ("K21", "swapped") in slips
    assert list(slips_of("K")) == []


def test_the_loose_form_of_a_loose_form_is_itself() -> None:
    frame = pl.DataFrame({"kind": ["account", "collar", "terminal"], "value": ["n\\u01@x", "PC007", "A.B"]})
    once = frame.select("kind", value=loose(pl.col("kind"), pl.col("value")))
    assert once["value"].to_list() == ["u1", "7", "A"]
    assert once.select(loose(pl.col("kind"), pl.col("value")))["value"].to_list() == ["u1", "7", "A"]
