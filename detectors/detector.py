"""What a detector is: a pure verdict over a window of time; one class per file in detectors/rules, found by scanning.

It must never read a clock, a file or a socket, and its verdict on an event at t may depend only on events in
[t - before, t + after] and on reference data.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Final, Literal, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict

from detectors.concern import Concern
from detectors.feed_facts import NO_FACTS
from detectors.finding import Severity
from detectors.gaps import NO_GAPS
from detectors.reference import Reference
from parsers.event import Family
from parsers.force import Force

Made = TypeVar("Made")
_MINUTES_OF_A_DAY: Final = 1440
Audience = Literal["unit", "soc"]


class DetectorSettings(BaseModel):
    """Settings of a detector in the configuration; each detector derives its own. Unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class About:
    """What a person needs to know of a detector before trusting an alert of it.

    category: one of the twelve national corruption categories. innocent_causes: known false positives.
    runbook: what to look at, in order. severity: the usual one; a finding may differ. audience: who acts on it, the
    anti-corruption unit or the security operations centre. concern: under which its findings about a person gather with those
    of other detectors (see detectors/concern.py). lists_by_name: an authority for it has to name its lists.
    """

    title: str
    meaning: str
    severity: Severity
    category: str
    innocent_causes: tuple[str, ...]
    runbook: tuple[str, ...]
    needs_authority: bool = False
    lists_by_name: bool = False
    audience: Audience = "unit"
    concern: Concern = "other"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time [start, end), UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """What a detector may look at to judge a span.

    span: events whose time lies in it are judged. scan: returns a family's events as a LazyFrame of that family's
    schema, time in [span.start - recalls, span.end + after), each event once, in no particular order. past: the same from
    span.start - before on, without what is lost; None: as `scan`. gaps: the gaps
    (GAP_SCHEMA) that begin in that time, as known now; for detectors that judge them.
    feed_facts: the facts about feeds (FACT_SCHEMA) that begin in that time, as known now, for detectors that judge those.
    made: what was made of this span's events before, kept by those who look through several windows upon it.
    """

    span: Span
    scan: Callable[[Family], pl.LazyFrame]
    reference: Reference = field(default_factory=Reference)
    force: Force = field(default_factory=Force)
    gaps: pl.DataFrame = field(default_factory=lambda: NO_GAPS)
    feed_facts: pl.DataFrame = field(default_factory=lambda: NO_FACTS)
    made: dict[Callable[[Window], Any], Any] = field(default_factory=dict, repr=False, compare=False)
    past: Callable[[Family], pl.LazyFrame] | None = field(default=None, repr=False, compare=False)

    def once(self, make: Callable[[Window], Made]) -> Made:
        """Return `make(self)`, made once for this span and reference: several detectors may ask for the same view.

        `make` must not look further than every detector's window that asks for it.
        """
        if make not in self.made:
            self.made[make] = make(self)
        made: Made = self.made[make]
        return made

    def has(self, make: Callable[[Window], Any]) -> bool:
        """Whether `make` was made of this span already: a view of all look-ups saves looking for a few of them."""
        return make in self.made

    def events(self, family: Family) -> pl.LazyFrame:
        """Return the family's events in reach of the span: before it, in it and after it; all of them, or it raises."""
        return self.scan(family)

    def history(self, family: Family) -> pl.LazyFrame:
        """Return the family's events from further back on, for counting: those that are there."""
        return (self.past or self.scan)(family)

    def in_span(self, time: str = "timestamp") -> pl.Expr:
        """Boolean expression: the time lies in the span that is judged."""
        return (pl.col(time) >= self.span.start) & (pl.col(time) < self.span.end)


class Naming(ABC):
    """How a person is written in a sentence: by name, or masked until a reveal."""

    @abstractmethod
    def person(self, staff_id: str | None, actor: str) -> str:
        """Return how to write the person; `actor` ("kind:value") is what is known when staff_id is None."""


class Detector(ABC):
    """One detector. Subclasses set the class attributes and implement `judge` and `describe`."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    about: ClassVar[About]
    reads: ClassVar[tuple[Family, ...]]
    by: ClassVar[Literal["actor", "subject", "both", "any"]]
    """Its verdict depends only on rows of the same actor, of the same subject, on rows of either, or, `any`, of others too."""
    feeds: ClassVar[tuple[str, ...]]
    judges_gaps: ClassVar[bool] = False
    """Whether it judges gaps in the data instead of events: the same arrow, over `window.gaps`."""
    judges_feeds: ClassVar[bool] = False
    """Whether it judges facts about feeds instead of events: the same arrow, over `window.feed_facts`."""
    judges_entries: ClassVar[bool] = False
    """Whether it judges rows of a register too, at times of theirs: a span without events is not left out then."""
    Settings: ClassVar[type[DetectorSettings]] = DetectorSettings

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings: Any = settings if settings is not None else self.Settings()

    @property
    def before(self) -> timedelta:
        """How far back of an event its verdict may look; further than `recalls` only by `Window.history`."""
        return timedelta(0)

    @property
    def after(self) -> timedelta:
        """How far past an event its verdict may look."""
        return timedelta(0)

    @property
    def grace(self) -> timedelta:
        """How long an explanation may still arrive in reference data before an event is judged at all."""
        return timedelta(0)

    @property
    def waits(self) -> timedelta:
        """How long after an event it is judged: until what it looks at lies there, and the grace is over."""
        return max(self.after, self.grace)

    @property
    def patience(self) -> timedelta:
        """How long what has come due may wait to be judged together, live: a minute of a day's grace."""
        return self.waits / _MINUTES_OF_A_DAY

    @property
    def recalls(self) -> timedelta:
        """How far before an event a change of what is known of *other* events may change its verdict; at most `before`.

        Shorter than `before` where what lies further back is merely counted, as the logs have it, or is about the same
        person or subject, whose events such a change touches anyhow.
        """
        return self.before

    @abstractmethod
    def judge(self, window: Window) -> pl.DataFrame:
        """Return findings (FINDING_SCHEMA) on events whose time lies in window.span."""

    @abstractmethod
    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return a finding's facts as plain sentences, local times (Europe/London), no markup."""

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return, for findings by key that no longer follow from the data, the reason in words where it is known."""
        del window, keys
        return {}


@cache
def all_detectors() -> dict[str, type[Detector]]:
    """Return every detector of detectors/rules by name: one Detector subclass per file, named like the file."""
    package = importlib.import_module("detectors.rules")
    found: dict[str, type[Detector]] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"detectors.rules.{module_info.name}")
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Detector)
                and value.__module__ == module.__name__
            ):
                found[value.name] = value
    return dict(sorted(found.items()))
