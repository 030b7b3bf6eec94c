"""The agenda: after any history of changes, judging, saving and crashes, everything is judged after its last change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete

from alerts.tables import Base
from auditd.engine.agenda import Agenda
from auditd.engine.runs import Run
from auditd.engine.tables import DirtyRow, JudgedRow
from detectors.detector import Detector, Span, Window
from detectors.findings import NO_FINDINGS

START = datetime(2026, 3, 3, tzinfo=UTC)
END = 30


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


class Watcher(Detector):
    """A detector that looks at nothing but the moment itself."""

    name = "watcher"
    reads = ("access",)

    def judge(self, window: Window) -> pl.DataFrame:
        return NO_FINDINGS

    def describe(self, facts: object, naming: object) -> list[str]:
        return []


@pytest.fixture(scope="module")
def tables() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[JudgedRow.__table__, DirtyRow.__table__])
    yield engine
    engine.dispose()


@dataclass
class Life:
    """An agenda, and beside it when each hour last changed and was last judged, by a count of steps."""

    engine: Engine
    agenda: Agenda = field(init=False)
    steps: int = 0
    changed: dict[int, int] = field(default_factory=dict)
    judged: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.engine.begin() as conn:
            conn.execute(delete(JudgedRow))
            conn.execute(delete(DirtyRow))
        self.crash()

    def crash(self) -> None:
        """Lose all that is in memory only."""
        self.agenda = Agenda([Run(Watcher(), "as ever")])
        with self.engine.connect() as conn:
            self.agenda.load(conn)

    def change(self, at: int, length: int, commits: bool) -> None:
        """Something new lies in some hours; it is noted in the transaction that brings it."""
        with self.engine.begin() as conn:
            self.agenda.note_spans(conn, "watcher", [Span(hour(at), hour(at + length))])
            if not commits:
                conn.rollback()
        self.agenda.noted(committed=commits)
        if commits:
            self.changed |= dict.fromkeys(range(at, at + length), self.steps)

    def extend(self, target: int) -> None:
        """Time goes on."""
        self.agenda.extend("watcher", hour(target), hour(0))

    def work(self, hours: int) -> None:
        """Judge the oldest of what there is to judge, for so many hours."""
        for span in self.agenda.todo("watcher"):
            end = min(span.end, span.start + timedelta(hours=hours))
            self.judged |= {number: self.steps for number in range(END) if span.start <= hour(number) < end}
            self.agenda.done("watcher", Span(hour(-99), end))
            return

    def save(self, crashes: bool) -> None:
        """Store how far it got; perhaps the process ends before it learns that it did."""
        with self.engine.begin() as conn:
            self.agenda.save(conn, "watcher")
        if crashes:
            self.crash()
        else:
            self.agenda.saved("watcher")

    def end(self) -> None:
        """Reach the end of all time and judge what is left."""
        self.extend(END)
        while self.agenda.todo("watcher"):
            self.steps += 1
            self.work(END)


hours = st.integers(0, END - 1)
acts = st.one_of(
    st.tuples(st.just("change"), hours, st.integers(1, 4), st.booleans()),
    st.tuples(st.just("extend"), hours),
    st.tuples(st.just("work"), st.integers(1, 6)),
    st.tuples(st.just("save"), st.booleans()),
    st.tuples(st.just("crash")),
)


@pytest.mark.case("T37")
@given(st.lists(acts, max_size=40))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everything_is_judged_after_its_last_change(
    tables: Engine, history: list[tuple[object, ...]]
) -> None:
    life = Life(tables)
    for act, *arguments in history:
        life.steps += 1
        getattr(life, str(act))(*arguments)
    life.end()
    late = {at for at, changed in life.changed.items() if at < END and life.judged.get(at, -1) <= changed}
    assert not late


@pytest.mark.case("T36", "T37")
@given(st.lists(acts, max_size=30))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_said_to_be_judged_has_been(tables: Engine, history: list[tuple[object, ...]]) -> None:
    """`until` never promises an hour that holds a change nobody has judged."""
    life = Life(tables)
    for act, *arguments in history:
        life.steps += 1
        getattr(life, str(act))(*arguments)
        until = life.agenda.until("watcher")
        promised = {at for at in life.changed if until is not None and hour(at) < until}
        assert all(life.judged.get(at, -1) >= life.changed[at] for at in promised)


def test_other_settings_judge_everything_again(tables: Engine) -> None:
    life = Life(tables)
    life.extend(10)
    life.work(END)
    life.save(crashes=False)
    stricter = Agenda([Run(Watcher(), "stricter than before")])
    with tables.connect() as conn:
        stricter.load(conn)
    stricter.extend("watcher", hour(10), hour(0))
    assert stricter.todo("watcher") == [Span(hour(0), hour(10))]


def test_a_quiet_restart_judges_nothing_again(tables: Engine) -> None:
    life = Life(tables)
    life.extend(10)
    life.work(END)
    life.save(crashes=True)
    life.extend(10)
    assert life.agenda.todo("watcher") == []
