"""Writes a whole force to a folder: logs with their rotations, feeds, labels, configuration; a day at a time.

It must never write to a folder that holds anything, nor need more memory for more days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from auditd.force import feeds
from auditd.force.happenings import Happening
from auditd.force.labels import LabelFiles
from auditd.force.logs import WHOLE, Logs
from auditd.force.rota import london
from auditd.force.settings import configuration
from auditd.force.story import DayTold, Story

ROSTER_DAYS: Final = 7
_HOURS: Final = (6, 12, 18, 24)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. records: by log; rows: by feed; cases and look_ups: by what is true of them."""

    folder: Path
    staff: int
    days: int
    seed: int
    first_day: date
    records: dict[str, int]
    rows: dict[str, int]
    look_ups: dict[str, int]
    cases: dict[str, int]


def write_force(
    folder: Path,
    story: Story,
    *,
    formats: Sequence[str] = WHOLE,
    progress: Callable[[date], None] = lambda _day: None,
) -> Written:
    """Write logs/, feeds/, labels/ and access-auditd.toml into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    logs, drops, labels = (
        Logs(folder / "logs", formats),
        feeds.FeedFiles(folder / "feeds"),
        LabelFiles(folder / "labels"),
    )
    look_ups = {"innocent with a record": 0, "innocent without a record": 0, "misuse": 0}
    drops.drop("media_contacts", feeds.media_rows(story.people, domains=True))
    drops.drop("protected_contacts", feeds.protected_rows())
    written_cases = 0
    for told in story.tell():
        _drop_people(story, drops, told.day)
        for feed, rows in told.rows.items():
            drops.drop(feed, rows)
        _write_logs(logs, told)
        labels.look_ups(told.looked)
        for looked in told.looked:
            look_ups[_class(looked.truth.truth, record=bool(looked.truth.explained_by))] += 1
        labels.cases(story.cases[written_cases:])
        written_cases = len(story.cases)
        progress(told.day)
    for feed, rows in story.left_over().items():
        drops.drop(feed, rows)
    labels.close()
    text = configuration(folder.resolve(), sources=formats, feeds=drops.rows)
    (folder / "access-auditd.toml").write_text(text, encoding="utf-8")
    truths = [case.truth for case, _ in story.cases]
    return Written(
        folder=folder,
        staff=len(story.people.staff),
        days=story.days,
        seed=story.seed,
        first_day=story.start,
        records=logs.lines,
        rows=drops.rows,
        look_ups=look_ups,
        cases={truth: truths.count(truth) for truth in ("innocent", "misuse")},
    )


def _drop_people(story: Story, drops: feeds.FeedFiles, day: date) -> None:
    """Drop staff and identifiers: everybody on the first day, then who joins, leaves or moves; the roster weekly."""
    people = story.people.staff if day == story.start else feeds.news(story.people, day)
    drops.drop("staff", feeds.staff_rows(people, day))
    drops.drop("identifiers", feeds.identifier_rows(people, day))
    since = (day - story.start).days
    if since % ROSTER_DAYS == 0:
        drops.drop(
            "roster", feeds.roster_rows(story.people, story.rota, day, min(ROSTER_DAYS, story.days - since))
        )


def _write_logs(logs: Logs, told: DayTold) -> None:
    """Write a day in quarters, as systems do that deliver or rotate several times a day; rotate at its end."""
    happenings: list[Happening] = [looked.lookup for looked in told.looked]
    happenings += told.contacts
    happenings.sort(key=lambda happening: happening.at)
    begun = london(told.day, time(0))
    done = 0
    for hour in _HOURS:
        end = begun + timedelta(hours=hour) if hour < 24 else datetime.max.replace(tzinfo=begun.tzinfo)
        upto = next((i for i in range(done, len(happenings)) if happenings[i].at >= end), len(happenings))
        logs.write(happenings[done:upto], min(end, begun + timedelta(hours=23)))
        done = upto
    logs.rotate()


def _class(truth: str, *, record: bool) -> str:
    if truth == "misuse":
        return "misuse"
    return "innocent with a record" if record else "innocent without a record"
