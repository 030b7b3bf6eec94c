"""What is kept between calls never differs from a full read, and the past never changes."""

from pathlib import Path

import feed_samples as samples
import polars as pl
import pytest
from feed_samples import DAY, NOW, load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import URL

from alerts.tables import Base
from auditd.database import open_database, reading
from auditd.reference.store import ReferenceStore

Step = tuple[str, dict[int, str], bool, bool]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["staff", "incidents"]),
        st.dictionaries(st.integers(0, 4), st.sampled_from(["CID", "PSD"]), max_size=4),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def content(feed: str, units: dict[int, str]) -> str:
    header, row = {
        "staff": (samples.STAFF, samples.person),
        "incidents": (samples.INCIDENTS, samples.incident),
    }[feed]
    return header + "".join(row(number, unit) for number, unit in units.items())


def fresh(url: URL) -> Engine:
    engine = open_database(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    return engine


def same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> bool:
    return one.keys() == other.keys() and all(frame.equals(other[feed]) for feed, frame in one.items())


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_frames_brought_forward_equal_a_full_read_and_every_past_stays(
    tmp_path: Path, steps: list[Step]
) -> None:
    engine = fresh(URL.create("sqlite", database=str(tmp_path / "state.sqlite")))
    kept = ReferenceStore(engine)
    past = []
    for day, (feed, units, complete, committed) in enumerate(steps):
        now = NOW + day * DAY
        with engine.connect() as conn, conn.begin() as transaction:
            load(kept, conn, feed, content(feed, units), now=now, complete=complete)
            brought_forward = dict(kept.snapshot(conn))
            assert same(brought_forward, dict(ReferenceStore(engine).snapshot(conn)))
            if committed:
                past.append((now, brought_forward))
            else:
                transaction.rollback()
        with reading(engine) as conn:
            assert same(dict(kept.snapshot(conn)), dict(ReferenceStore(engine).snapshot(conn)))
    with reading(engine) as conn:
        for when, frames in past:
            known_then = kept.snapshot(conn, known_on=when)
            for feed, frame in frames.items():
                key = pl.all().exclude(pl.List(pl.String))
                assert known_then[feed].sort(key).equals(frame.sort(key))
    engine.dispose()


def test_a_call_that_finds_nothing_new_asks_one_question(database: Engine) -> None:
    store = ReferenceStore(database)
    with database.begin() as conn:
        load(store, conn, "staff", content("staff", {1: "CID"}))
        before = store.snapshot(conn)
        asked: list[str] = []
        event.listen(conn, "before_cursor_execute", lambda *call: asked.append(call[2]))
        assert store.snapshot(conn) is before
        assert len(asked) == 1


def test_another_process_sees_what_was_committed_and_no_more(database: Engine) -> None:
    writer, reader = ReferenceStore(database), ReferenceStore(database)
    with database.begin() as conn:
        load(writer, conn, "staff", content("staff", {1: "CID"}))
    with reading(database) as conn:
        assert reader.snapshot(conn)["staff"].height == 1
    with database.connect() as conn, conn.begin() as transaction:
        load(writer, conn, "staff", content("staff", {1: "CID", 2: "PSD"}), now=NOW + DAY)
        with reading(database) as other:
            assert reader.snapshot(other)["staff"].height == 1
        transaction.rollback()
    with reading(database) as conn:
        assert reader.snapshot(conn)["staff"].height == 1
        assert writer.snapshot(conn)["staff"].height == 1


def test_two_current_versions_of_one_fact_are_impossible(database: Engine) -> None:
    store = ReferenceStore(database)
    with database.begin() as conn:
        load(store, conn, "staff", content("staff", {1: "CID"}))
    copy = text(
        "INSERT INTO reference_rows (id, feed, row_key, body, known_from, load_id) "
        "SELECT 99, feed, row_key, body, known_from, load_id FROM reference_rows"
    )
    with pytest.raises(Exception, match=r"(?i)unique"), database.begin() as conn:
        conn.execute(copy)
