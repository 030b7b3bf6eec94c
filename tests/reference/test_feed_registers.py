"""Rosters, sensitive subjects, stories and the registers: what they may hold, what is refused, what a change touches."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from feed_samples import IDENTIFIERS, NOW, load
from sqlalchemy import Engine

from auditd.reference.reading import Reading, read_feed
from auditd.reference.rows import decode, encode
from auditd.reference.store import ReferenceStore
from detectors.reference import FEEDS, Feed, Reference
from detectors.registers import REGISTERS

ROSTER = "staff_id,from,to,state\n"
SENSITIVE = "subject_type,subject_key,flag,from,to\n"
STORIES = "story_id,published_at,outlet,subjects\n"
ROWS = {
    "roster": (ROSTER, "S1,2026-03-03T07:00,2026-03-03T16:00,duty\n"),
    "sensitive_subjects": (SENSITIVE, "vehicle,AB12 CDE,victim,2026-03-01,\n"),
    "stories": (STORIES, "T1,2026-03-02T06:00,Example Herald,vehicle:ab12 cde;person:Alder/Ruth/1985-02-03\n"),
    "gifts": (
        "entry_id,staff_id,offered_on,kind,direction,counterparty,company_number,estimated_value,outcome,recorded_at\n",
        'G1,S1,2026-03-02,Hospitality,received,Northmere  Paving Ltd,123456,"£1,250.00",declined,2026-03-03\n',
    ),
    "contracts": (
        "contract_ref,title,counterparty,company_number,route,awarded_on,contract_value,owner_staff_id,involved_staff_ids\n",
        "C1,Yard resurfacing,northmere paving ltd,00123456,direct,2026-03-05,48000,S2,S3; S4\n",
    ),
    "business_interests": (
        "entry_id,staff_id,kind,counterparty,from,to,outcome,recorded_at\n",
        "B1,S5,Self-employment,Northmere Paving Ltd,2025-01-01,2026-12-31,conditional,2025-01-07\n",
    ),
    "diary": (
        "entry_id,staff_id,from,to,kind,counterparty,contact_name,title,location\n",
        "D1,S6,2026-03-02T19:30,2026-03-02T22:00,meal,,Lee Rowan,Dinner,Ashwick\n",
    ),
    "card_spend": (
        "transaction_id,staff_id,spent_at,counterparty,amount,currency\n",
        "P1,S7,2026-03-02T21:50,The Example Arms,-84.5,gbp\n",
    ),
}  # fmt: skip


def read(feed: str, row: str | None = None) -> Reading:
    header, sample = ROWS[feed]
    return read_feed((header + (sample if row is None else row)).encode(), feed)


def only(feed: str, row: str | None = None) -> dict[str, object]:
    reading = read(feed, row)
    assert reading.rejects.is_empty(), reading.rejects
    return reading.rows.row(0, named=True)


@pytest.mark.parametrize("feed", ROWS)
def test_a_row_is_the_same_after_it_was_stored(feed: str) -> None:
    rows = read(feed).rows.drop("_line")
    assert rows.height == 1
    stored = decode(encode(rows, feed)["body"], feed)
    assert stored.equals(rows)
    assert stored.schema == rows.schema == FEEDS[feed].schema


@pytest.mark.parametrize("feed", ROWS)
def test_detectors_get_it_as_a_frame(feed: str, database: Engine) -> None:
    store = ReferenceStore(database)
    with database.begin() as conn:
        load(store, conn, feed, "".join(ROWS[feed]))
        reference = store.reference(conn, authorities=[], now=NOW)
    assert reference[feed].height == 1
    assert feed in reference.loaded


def test_a_feed_that_was_never_loaded_is_an_empty_frame() -> None:
    assert {feed: Reference()[feed].schema for feed in ROWS} == {feed: FEEDS[feed].schema for feed in ROWS}


@pytest.mark.parametrize("state", ["on_call", "On Call", "ON-CALL", " on call "])
def test_words_of_a_closed_list_may_be_written_with_spaces_hyphens_and_capitals(state: str) -> None:
    assert only("roster", f"S1,2026-03-03,2026-03-03,{state}\n")["state"] == "on_call"


def test_a_day_of_leave_lasts_until_its_end() -> None:
    row = only("roster", "S1,2026-07-01,2026-07-02,leave\n")
    assert row["from"] == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert row["to"] == datetime(2026, 7, 2, 23, tzinfo=UTC)


def test_the_state_of_a_shift_is_corrected_not_doubled(database: Engine) -> None:
    store = ReferenceStore(database)
    with database.begin() as conn:
        load(store, conn, "roster", "".join(ROWS["roster"]))
        report = load(store, conn, "roster", "".join(ROWS["roster"]).replace("duty", "sick"))
        assert (report.corrected, store.snapshot(conn)["roster"]["state"].to_list()) == (1, ["sick"])


def test_stories_name_subjects_as_look_ups_do() -> None:
    assert only("stories")["subjects"] == ["vehicle:AB12CDE", "person:ALDER/RUTH/1985-02-03"]


@pytest.mark.parametrize(
    "subjects", ["AB12CDE", "vehicle:AB12CDE;boat:SAILS", "vehicle:", "vehicle:AB12CDE;XY:9:Z", ":X"]
)
def test_a_story_with_a_subject_that_names_nothing_is_refused(subjects: str) -> None:
    rejects = read("stories", f"T1,2026-03-02T06:00,Example Herald,{subjects}\n").rejects
    assert rejects.rows() == [(2, "bad_value", "subjects")]


def test_companies_are_written_alike() -> None:
    gift, contract = only("gifts"), only("contracts")
    assert gift["counterparty"] == "Northmere Paving Ltd"
    assert gift["company_number"] == contract["company_number"] == "00123456"


@pytest.mark.parametrize(
    ("written", "amount"),
    [("12", "12.00"), ("1250.5", "1250.50"), ('"1,250.00"', "1250.00"), ("£9", "9.00"), ("-84.50", "-84.50"),
     ("-£84.50", "-84.50"), ('"£1,234,567.89"', "1234567.89"), ("0.10", "0.10")],
)  # fmt: skip
def test_money_is_exact(written: str, amount: str) -> None:
    row = only("card_spend", f"P1,S7,2026-03-02T21:50,The Example Arms,{written},\n")
    assert row["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    "written", ["ten", "1.234", '"1,23"', '"12,34.00"', "12345678901234567", "1e3", "€5", "--5"]
)
def test_what_is_no_amount_of_money_is_refused(written: str) -> None:
    rejects = read("card_spend", f"P1,S7,2026-03-02T21:50,The Example Arms,{written},\n").rejects
    assert rejects.rows() == [(2, "bad_amount", "amount")]


def test_dates_of_registers_are_days() -> None:
    assert only("business_interests")["to"] == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("feed", "staff", "subjects"),
    [
        ("roster", {"S1"}, set()),
        ("sensitive_subjects", set(), {("vehicle", "AB12CDE")}),
        ("stories", set(), {("vehicle", "AB12CDE"), ("person", "ALDER/RUTH/1985-02-03")}),
        ("diary", {"S6"}, set()),
        ("card_spend", {"S7"}, set()),
        ("contracts", {"S2", "S3", "S4"}, set()),
    ],
)
def test_a_change_touches_the_people_and_subjects_it_names(
    feed: str, staff: set[str], subjects: set[tuple[str, str]], database: Engine
) -> None:
    store = ReferenceStore(database)
    with database.begin() as conn:
        load(store, conn, "identifiers", IDENTIFIERS + "".join(f"S{n},account,user{n},,\n" for n in range(9)))
        touched = load(store, conn, feed, "".join(ROWS[feed])).touched
    assert touched.staff == staff
    assert touched.subjects == subjects
    assert touched.identifiers == {("account", f"user{one[1:]}") for one in staff}


def test_a_register_touches_everybody_whom_any_register_names_beside_the_same_company(
    database: Engine,
) -> None:
    store = ReferenceStore(database)
    with database.begin() as conn:
        for feed in ("gifts", "business_interests", "diary", "card_spend"):
            load(store, conn, feed, "".join(ROWS[feed]))
        touched = load(store, conn, "contracts", "".join(ROWS["contracts"])).touched
    assert touched.staff == {"S1", "S2", "S3", "S4", "S5"}


@pytest.mark.parametrize("register", REGISTERS, ids=lambda feed: feed.name)
def test_registers_name_companies_and_people_in_the_same_columns(register: Feed) -> None:
    assert {"counterparty", "company_number"} <= set(register.schema)
    assert register.schema["counterparty"] == pl.String()
    assert {"staff_id", "owner_staff_id"} & set(register.schema)
