"""Feed files are judged row by row: bad rows are told with line and reason, good ones are kept and made canonical."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import feed_samples as samples
import polars as pl
import pytest

from auditd.reference.reading import REASONS, FeedRefused, Reading, read_feed
from detectors.reference import FEEDS


def read(feed: str, text: str, **options: object) -> Reading:
    return read_feed(text.encode(), feed, **options)  # type: ignore[arg-type]


def refused(feed: str, text: str, **options: object) -> list[tuple[int, str, str]]:
    return read(feed, text, **options).rejects.rows()


def only(feed: str, text: str, column: str, **options: object) -> object:
    reading = read(feed, text, **options)
    assert reading.rejects.is_empty(), reading.rejects
    return reading.rows[column].item()


BROKEN = [
    (",crime,2026-03-01T10:00:00Z,2026-03-01T10:05:00Z,Ashwick CID\n", "missing_value", "incident_ref"),
    ("INC1,picnic,2026-03-01T10:00:00Z,2026-03-01T10:05:00Z,Ashwick CID\n", "unknown_choice", "kind"),
    ("INC1,crime,on Sunday,2026-03-01T10:05:00Z,Ashwick CID\n", "bad_time", "opened_at"),
    ("INC1,crime,2026-03-01T10:00:00Z,2026-02-30T10:05:00Z,Ashwick CID\n", "bad_time", "recorded_at"),
    ("INC1,crime,2026-03-01T10:00:00Z\n", "too_few_fields", "the line"),
    (
        "INC1,crime,2026-03-01T10:00:00Z,2026-03-01T10:05:00Z,Ashwick CID,more\n",
        "too_many_fields",
        "the line",
    ),
    ('INC1,crime,"2026-03-01T10:00:00Z,2026-03-01T10:05:00Z,Ashwick CID\n', "unbalanced_quote", "the line"),
    ('INC1,"crime"s,2026-03-01T10:00:00Z,2026-03-01T10:05:00Z,Ashwick CID\n', "bad_quoting", "the line"),
]


def test_of_a_file_with_one_broken_row_in_five_the_other_four_are_kept() -> None:
    lines = [BROKEN[n // 5 % len(BROKEN)][0] if n % 5 == 0 else samples.incident(n) for n in range(1000)]
    reading = read("incidents", samples.INCIDENTS + "".join(lines))
    assert reading.rows["incident_ref"].to_list() == [f"INC{n}" for n in range(1000) if n % 5]
    assert reading.rejects["line"].to_list() == [n + 2 for n in range(1000) if n % 5 == 0]
    assert reading.total == reading.rows.height + reading.rejects.height == 1000


@pytest.mark.parametrize(("row", "reason", "detail"), BROKEN)
def test_a_refused_row_is_told_with_line_reason_and_column_but_no_value(
    row: str, reason: str, detail: str
) -> None:
    text = samples.INCIDENTS + samples.incident(1) + row + samples.incident(2)
    assert refused("incidents", text) == [(3, reason, detail)]
    assert reason in REASONS


def test_rows_have_the_schema_of_their_feed_even_where_there_are_none() -> None:
    for name, feed in FEEDS.items():
        reading = read(name, ",".join(feed.schema) + "\n")
        assert reading.rows.drop("_line").schema == feed.schema


def test_columns_are_found_by_name_in_any_order_and_letter_case_and_strangers_are_ignored() -> None:
    text = "Shoe_Size,SUBJECT_KEY,Incident_Ref,subject_type\n42,AB12 CDE,INC1,vehicle\n"
    assert only("incident_subjects", text, "subject_key") == "AB12CDE"


def test_a_renamed_column_refuses_the_file_and_says_how_to_map_it() -> None:
    text = "incident ref,kind,opened,recorded_at\nINC1,crime,2026-03-01T10:00:00Z,2026-03-01T10:00:00Z\n"
    with pytest.raises(FeedRefused) as told:
        read("incidents", text)
    assert '[feeds.columns] incident_ref = "incident ref"' in str(told.value)
    assert '[feeds.columns] opened_at = "opened"' in str(told.value)
    mapping = {"incident_ref": "Incident Ref", "opened_at": "opened"}
    assert only("incidents", text, "incident_ref", mapping=mapping) == "INC1"


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        ("subject_type,subject_key", {}, "`incident_ref` is missing"),
        ("incident_ref;subject_type;subject_key", {}, "separated by commas"),
        ("incident_ref,subject_type,subject_key,subject_key", {}, "more than once"),
        ("incident_ref,subject_type,subject_key", {"to": "ends"}, "(mapped to `ends`) is missing"),
        ("incident_ref,subject_type,subject_key", {"colour": "x"}, "does not have"),
    ],
)
def test_a_header_that_cannot_be_used_refuses_the_file(header: str, mapping: object, said: str) -> None:
    with pytest.raises(FeedRefused) as told:
        read("incident_subjects", header + "\nINC1,vehicle,AB12CDE\n", mapping=mapping)
    assert said in str(told.value)


def test_an_ignored_column_that_looks_like_an_absent_optional_one_is_pointed_out() -> None:
    [hint] = read("identifiers", "staff_id,kind,value,valid_until\n").hints
    assert "valid_until" in hint
    assert "valid_to" in hint


@pytest.mark.parametrize(
    ("written", "zone", "utc_hour"),
    [
        ("2026-07-01T12:00:00Z", "Europe/London", 12),
        ("2026-07-01T12:00:00+02:00", "Europe/London", 10),
        ("2026-07-01T12:00:00", "Europe/London", 11),
        ("2026-07-01 12:00", "Europe/London", 11),
        ("2026-07-01T12:00:00", "UTC", 12),
        ("2026-07-01T12:00:00", "America/New_York", 16),
    ],
)
def test_a_time_without_zone_is_read_in_the_zone_of_the_feed(written: str, zone: str, utc_hour: int) -> None:
    text = samples.INCIDENTS + f"INC1,crime,{written},2026-07-01T12:00:00Z,\n"
    assert only("incidents", text, "opened_at", zone=ZoneInfo(zone)) == datetime(
        2026, 7, 1, utc_hour, tzinfo=UTC
    )


def test_a_day_alone_begins_at_its_local_midnight_and_ends_with_the_day() -> None:
    text = samples.IDENTIFIERS + "S1,extension,50009,2026-07-01,2026-07-31\n"
    assert only("identifiers", text, "valid_from") == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert only("identifiers", text, "valid_to") == datetime(2026, 7, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize("forever", ["9999-12-31", "9999-12-31T23:59:59", "9999-12-31T23:59:59Z"])
def test_the_last_day_there_is_can_be_written_for_an_open_end(forever: str) -> None:
    text = samples.IDENTIFIERS + f"S1,extension,50009,,{forever}\n"
    end = only("identifiers", text, "valid_to")
    assert isinstance(end, datetime)
    assert end.year == 9999


@pytest.mark.parametrize(
    ("kind", "written", "canonical"),
    [
        ("account", " R.Alder ", "r.alder"),
        ("collar", "12 34a", "1234A"),
        ("email", "Ruth.Alder@Exampleshire.EXAMPLE", "ruth.alder@exampleshire.example"),
        ("extension", "x50009", "50009"),
        ("phone", "07700 900123", "+447700900123"),
        ("terminal", "ash-t01", "ASH-T01"),
        ("Phone", "+44 20 7946 0123", "+442079460123"),
    ],
)
def test_identifiers_are_written_as_events_write_them(kind: str, written: str, canonical: str) -> None:
    assert only("identifiers", samples.IDENTIFIERS + f"S1,{kind},{written},,\n", "value") == canonical


@pytest.mark.parametrize(
    ("kind", "written", "canonical"),
    [
        ("phone", "020 7946 0123", "+442079460123"),
        ("email", "News@Example.ORG", "news@example.org"),
        ("domain", "@Example.ORG.", "example.org"),
    ],
)
def test_contacts_are_written_as_events_write_them(kind: str, written: str, canonical: str) -> None:
    assert only("media_contacts", samples.MEDIA + samples.listed(1, kind, written), "value") == canonical
    assert only("protected_contacts", samples.PROTECTED + f"{kind},{written},legal\n", "value") == canonical


@pytest.mark.parametrize(
    ("kind", "written"),
    [("phone", "withheld"), ("phone", "07700900***"), ("email", "the news desk"), ("domain", "newsdesk")],
)
def test_a_contact_that_names_nobody_is_refused(kind: str, written: str) -> None:
    text = samples.MEDIA + samples.listed(1, kind, written)
    assert refused("media_contacts", text) == [(2, "bad_value", "value")]


@pytest.mark.parametrize(
    ("kind", "written", "canonical"),
    [
        ("vehicle", "ab12 cde", "AB12CDE"),
        ("person", "Alder/ruth/1985-02-03", "ALDER/RUTH/1985-02-03"),
        ("address", "ab1 2cd/7", "AB12CD/7"),
    ],
)
def test_subjects_are_written_as_look_ups_write_them(kind: str, written: str, canonical: str) -> None:
    assert (
        only("incident_subjects", samples.SUBJECTS + f"INC1,{kind},{written}\n", "subject_key") == canonical
    )


def test_lists_are_split_at_semicolons_and_made_canonical() -> None:
    text = samples.STAFF.strip() + ",vehicles,next_of_kin_surnames,dob\n"
    text += samples.person(1).strip() + ", ab12 cde; ;XY99ZZZ , Alder ;Birch,1985-02-03\n"
    text += samples.person(2).strip() + ", ; ,,\n"
    rows = read("staff", text).rows
    assert rows["vehicles"].to_list() == [["AB12CDE", "XY99ZZZ"], None]
    assert rows["next_of_kin_surnames"].to_list() == [["ALDER", "BIRCH"], None]
    assert rows["dob"].dtype == pl.Date


def test_an_assignment_names_a_person_or_a_unit() -> None:
    row = "INC1,{},{},2026-03-01T10:00:00Z,,2026-03-01T10:00:00Z\n"
    text = samples.ASSIGNMENTS + row.format("S1", "") + row.format("", "Ashwick CID") + row.format("", " ")
    assert refused("assignments", text) == [(4, "none_of", "staff_id or unit")]


def test_a_date_is_a_date() -> None:
    text = samples.STAFF + samples.person(1).replace("2019-04-01", "01/04/2019")
    assert refused("staff", text) == [(2, "bad_date", "start_date")]
