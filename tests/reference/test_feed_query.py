"""A query is a feed: its rows are judged like those of a file, it only reads, and what fails is told without secrets."""

import sqlite3
import time
from datetime import timedelta
from pathlib import Path

import pytest
from feed_samples import DAY, NOW
from sqlalchemy import Engine, func, select, text

from auditd.reference.queries import RETRY_SECONDS, FeedQueries
from auditd.reference.query import Asked, Question, ask
from auditd.reference.records import FeedRefused
from auditd.reference.source import FeedQuery, FeedSource
from auditd.reference.store import ReferenceStore
from auditd.reference.tables import ReferenceLoad

SELECT = "SELECT number AS staff_id, name, rank, role, unit, employer, force, begun AS start_date FROM people"


class Elsewhere:
    """A database of somebody else's, with people in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}?timeout=60"
        self.do("CREATE TABLE people (number, name, rank, role, unit, employer, force, begun)")
        self.add(1)

    def do(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.path) as conn:
            return conn.execute(statement, values).fetchall()

    def add(self, number: object, name: object = "Ruth Alder", unit: object = "Ashwick CID") -> None:
        row = (number, name, "DC", "detective", unit, "Force", "Exampleshire", "2019-04-01")
        self.do("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def ask(self, query: str = SELECT, feed: str = "staff", **options: object) -> Asked:
        return ask(Question(feed, self.url, query, **options))  # type: ignore[arg-type]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path / "people.db")


def test_rows_are_judged_like_those_of_a_file_and_counted_from_one(elsewhere: Elsewhere) -> None:
    elsewhere.add(2, name=None)
    elsewhere.add(3, name="Lee \0 Rowan")
    elsewhere.add(4, name=b"\xff\xfe")
    elsewhere.add(5)
    reading = elsewhere.ask().reading
    assert reading.rows["staff_id"].to_list() == ["1", "5"]
    assert [row[:2] for row in reading.rejects.rows()] == [
        (2, "missing_value"),
        (3, "not_text"),
        (4, "not_text"),
    ]
    assert reading.total == 5


def test_columns_may_be_mapped_instead_of_renamed(elsewhere: Elsewhere) -> None:
    query = "SELECT number, name, rank, role, unit, employer, force, begun FROM people"
    mapping = {"staff_id": "Number", "start_date": "begun"}
    assert elsewhere.ask(query, mapping=mapping).reading.rows.height == 1


@pytest.mark.parametrize(
    ("written", "hour"), [("'2026-07-01 12:00:00'", 11), ("'2026-07-01T12:00:00Z'", 12), ("'2026-07-01 12:00+02:00'", 10)]
)  # fmt: skip
def test_colons_and_times_are_taken_as_they_stand(elsewhere: Elsewhere, written: str, hour: int) -> None:
    query = (
        f"SELECT 'INC:1' AS incident_ref, 'crime' AS kind, {written} AS opened_at, {written} AS recorded_at"
    )
    [row] = elsewhere.ask(query, feed="incidents").reading.rows.rows(named=True)
    assert (row["incident_ref"], row["opened_at"].hour) == ("INC:1", hour)


def test_types_of_a_real_server_are_written_as_a_file_has_them(database: Engine) -> None:
    """Times with and without zone, dates, numbers, lists, nulls; on both back ends as far as they have them."""
    stamps = "'2026-07-01 12:00:00+02:00'", "'2026-07-01 12:00:00'"
    if database.dialect.name == "postgresql":
        stamps = f"{stamps[0]}::timestamptz", f"{stamps[1]}::timestamp"
    query = f"SELECT 7 AS incident_ref, 'crime' AS kind, {stamps[0]} AS opened_at, {stamps[1]} AS recorded_at, NULL AS unit"
    with database.begin() as conn:
        conn.execute(text("CREATE TABLE any_table (id INTEGER)"))
    url = database.url.render_as_string(hide_password=False)
    [row] = ask(Question("incidents", url, query)).reading.rows.rows(named=True)
    assert row["incident_ref"] == "7"
    assert (row["opened_at"].hour, row["recorded_at"].hour, row["unit"]) == (10, 11, None)


def test_a_query_cannot_write(database: Engine) -> None:
    with database.begin() as conn:
        conn.execute(text("CREATE TABLE kept (id INTEGER)"))
        conn.execute(text("INSERT INTO kept VALUES (1)"))
    url = database.url.render_as_string(hide_password=False)
    delete = "DELETE FROM kept RETURNING id AS staff_id"
    with pytest.raises(FeedRefused, match="the query failed"):
        ask(Question("staff", url, delete))
    with database.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM kept")).scalar_one() == 1


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("{url}", "SELECT secret_column FROM people"),
        ("{url}", "SELECT 'hush-value' AS staff_id FROM nowhere"),
        ("sqlite:///{folder}/absent.db", SELECT),
        ("postgresql+psycopg://reader:hush-value@127.0.0.1:1/hr?connect_timeout=2", SELECT),
    ],
    ids=["no column", "no table", "no file", "no server"],
)
def test_what_fails_is_told_without_the_query_the_url_or_a_value(
    elsewhere: Elsewhere, url: str, query: str
) -> None:
    url = url.format(url=elsewhere.url, folder=elsewhere.path.parent)
    with pytest.raises(FeedRefused) as told:
        ask(Question("staff", url, query))
    assert "the query failed" in str(told.value)
    assert not any(word in str(told.value) for word in ("hush", "secret", "nowhere", "SELECT", "127.0.0.1"))
    assert url not in repr(Question("staff", url, query))
    assert not (elsewhere.path.parent / "absent.db").exists()


def test_a_query_without_a_needed_column_says_which(elsewhere: Elsewhere) -> None:
    with pytest.raises(FeedRefused, match="`start_date` is missing"):
        elsewhere.ask(SELECT.replace("begun AS start_date", "begun AS started"))


# ---- asked again and again


class Asking:
    """The queries of a force, asked by hand; the clock stands still until it is moved."""

    def __init__(self, database: Engine, elsewhere: Elsewhere, **options: object) -> None:
        self.database = database
        self.elsewhere = elsewhere
        self.seconds = 1000.0
        self.store = ReferenceStore(database)
        query = FeedQuery(elsewhere.url, SELECT, timedelta(minutes=15), timedelta(minutes=5))
        broken = FeedQuery(elsewhere.url, "SELECT gone FROM people")
        self.sources = [
            FeedSource("people", "staff", (), query=query, complete=True),
            FeedSource("broken", "staff", (), query=broken),
        ]
        self.queries = FeedQueries(self.store, self.sources, clock=lambda: self.seconds)

    def poll(self, *, commit: bool = True) -> None:
        self.queries.ready()
        self.queries.wait()
        if self.queries.ready():
            with self.database.connect() as conn, conn.begin() as transaction:
                self.queries.poll(conn, NOW)
                if not commit:
                    transaction.rollback()

    def known(self) -> list[str]:
        with self.database.begin() as conn:
            return sorted(self.store.snapshot(conn)["staff"]["staff_id"])

    def loads(self) -> int:
        with self.database.begin() as conn:
            return conn.execute(select(func.count()).select_from(ReferenceLoad)).scalar_one()


@pytest.fixture
def asking(database: Engine, elsewhere: Elsewhere) -> Asking:
    return Asking(database, elsewhere)


def test_an_answer_is_loaded_and_one_that_fails_stops_no_other(asking: Asking) -> None:
    asking.poll()
    people, broken = asking.queries.statuses(NOW + DAY)
    assert asking.known() == ["1"]
    assert (people.rows, people.problem, people.age) == (1, "", DAY)
    assert (broken.failures, "the query failed" in broken.problem) == (1, True)


def test_it_is_asked_again_after_its_interval_and_sooner_after_a_failure(asking: Asking) -> None:
    asking.poll()
    asking.elsewhere.add(2)
    asking.seconds += RETRY_SECONDS
    asking.poll()
    assert asking.known() == ["1"]
    assert asking.queries.statuses(NOW)[1].failures == 2
    asking.seconds += 15 * 60
    asking.poll()
    assert asking.known() == ["1", "2"]


def test_what_a_complete_query_no_longer_returns_has_ended(asking: Asking) -> None:
    asking.elsewhere.add(2)
    asking.poll()
    asking.elsewhere.do("DELETE FROM people WHERE number = 1")
    asking.seconds += 15 * 60
    asking.poll()
    assert asking.known() == ["2"]


def test_the_same_answer_is_loaded_once_and_the_same_failure_told_once(asking: Asking) -> None:
    asking.poll()
    before = asking.loads()
    for _ in range(2):
        asking.seconds += 15 * 60
        asking.poll()
    assert asking.loads() == before == 2


def test_an_answer_whose_transaction_failed_is_loaded_by_the_next_poll(asking: Asking) -> None:
    asking.poll(commit=False)
    assert asking.known() == []
    asking.poll()
    assert asking.known() == ["1"]


def test_a_query_that_hangs_is_told_once_makes_nobody_wait_and_is_taken_when_it_answers(
    asking: Asking,
) -> None:
    with sqlite3.connect(asking.elsewhere.path, isolation_level=None) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert not asking.queries.ready()
        assert time.monotonic() - began < 5
        asking.seconds += 5 * 60
        asking.poll()
        people, _ = asking.queries.statuses(NOW)
        assert (people.waiting, people.failures, "not answered in time" in people.problem) == (1, 1, True)
        asking.poll()
        assert asking.queries.statuses(NOW)[0].failures == 1
        locker.execute("ROLLBACK")
    asking.seconds -= 60  # so that there is time to wait
    asking.poll()
    assert asking.known() == ["1"]
    assert asking.queries.statuses(NOW)[0].problem == ""
