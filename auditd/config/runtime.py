"""The configuration as the process uses it: checked, resolved, ready to build parsers, tailers and detectors from.

It must never be changed: a reload makes a new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url

from alerts.weights import Weights
from auditd.config.listen_model import ListenerTable, ListenTable
from auditd.config.model import (
    HttpTable,
    LoggingTable,
    RunTable,
    StorageTable,
)
from auditd.config.table import Level
from auditd.config.values import split_bind
from detectors.bounds import ExplainingSettings, ExplanationSettings
from detectors.detector import Detector, DetectorSettings
from parsers.encodings import Declared
from parsers.force import Force
from parsers.format import Context, Format, FormatOptions, is_split_record

if TYPE_CHECKING:
    from auditd.tail.source import TailSource


@dataclass(frozen=True, slots=True)
class Source:
    """One configured log. files: absolute glob patterns."""

    name: str
    files: tuple[str, ...]
    format: type[Format]
    options: FormatOptions
    context: Context
    max_line_bytes: int
    complete_after_seconds: float | None
    rhythm: bool = True
    quiet_after: timedelta | None = None
    backwards_after: timedelta | None = None
    encoding: Declared = "auto"

    def parser(self) -> Format:
        """Return a new parser for this source."""
        return self.format(self.context, self.options)

    def tail_source(self) -> TailSource:
        """Return what the tailer needs to know of this source."""
        from auditd.tail.source import TailSource

        parser = self.parser()
        return TailSource(
            name=self.name,
            files=self.files,
            max_line_bytes=self.max_line_bytes,
            complete_after_seconds=self.complete_after_seconds,
            encoding=self.encoding,
            joins_lines=parser.joins_lines,
            is_split=partial(is_split_record, parser),
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A query to ask again and again. url: with its password, so it is not for showing."""

    url: str = field(repr=False)
    text: str
    every: timedelta
    timeout: timedelta

    @property
    def shown(self) -> list[Any]:
        """All of it that may be shown or hashed: without the password."""
        url = make_url(self.url).render_as_string(hide_password=True)
        return [url, self.text, self.every.total_seconds(), self.timeout.total_seconds()]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One configured delivery of reference data. files: absolute glob patterns; columns: ours -> theirs.

    query: where its rows are asked for instead; with neither it is loaded by hand.
    """

    name: str
    feed: str
    files: tuple[str, ...]
    zone: ZoneInfo
    complete: bool
    columns: Mapping[str, str]
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class ChosenDetector:
    """A detector that is run, with its settings; run: its name where it is run in shadow."""

    detector: type[Detector]
    settings: DetectorSettings
    run: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration. Paths are absolute; everything named in it exists in this installation.

    known: every detector by name, those of Sigma rules among them; chosen: those in force.
    """

    file: Path
    force_name: str
    force: Force
    storage: StorageTable
    run: RunTable
    http: HttpTable
    logging: LoggingTable
    sources: tuple[Source, ...]
    feeds: tuple[Delivery, ...]
    known: Mapping[str, type[Detector]] = field(default_factory=dict)
    chosen: tuple[ChosenDetector, ...] = field(default=())
    shadows: tuple[ChosenDetector, ...] = field(default=())
    explanations: ExplanationSettings = field(default_factory=ExplanationSettings)
    score: Weights = field(default_factory=Weights)
    listen: ListenTable = field(default_factory=ListenTable)
    listeners: tuple[ListenerTable, ...] = field(default=())

    def source(self, name: str) -> Source:
        """Return the source of that name; an unknown name is a KeyError."""
        for source in self.sources:
            if source.name == name:
                return source
        raise KeyError(name)

    def detectors(self) -> list[Detector]:
        """Return a new instance of every detector that is in force, by name."""
        return [chosen.detector(chosen.settings) for chosen in self.chosen]

    def shadow_detectors(self) -> dict[str, Detector]:
        """Return a new instance of every detector that is run in shadow, by the name of the run."""
        return {chosen.run: chosen.detector(chosen.settings) for chosen in self.shadows}

    def explaining(self) -> ExplainingSettings:
        """Return the bounds of explanations as unlinked_lookup has them, whether it is switched on or not."""
        for chosen in self.chosen:
            if chosen.detector.name == "unlinked_lookup" and isinstance(chosen.settings, ExplainingSettings):
                return chosen.settings
        return ExplainingSettings(explanations=self.explanations)

    def http_address(self) -> tuple[str, int]:
        """Return host and port of the metrics server."""
        return split_bind(self.http.bind)

    def talking(self, more: int) -> Config:
        """Return this configuration with the log `more` levels more talkative."""
        levels: tuple[Level, ...] = ("error", "warning", "info", "debug")
        level = levels[min(levels.index(self.logging.level) + more, len(levels) - 1)]
        return replace(self, logging=self.logging.model_copy(update={"level": level}))

    def digest(self) -> str:
        """Return the SHA-256 of everything in effect, defaults included, the database password excluded."""
        return sha256(json.dumps(self._effective(), sort_keys=True).encode()).hexdigest()

    def _effective(self) -> dict[str, Any]:
        url = make_url(self.storage.database).render_as_string(hide_password=True)
        return {
            "force": [self.force_name, repr(self.force)],
            "storage": [str(self.storage.archive), url],
            "run": self.run.model_dump(mode="json"),
            "http": self.http.model_dump(mode="json"),
            "logging": self.logging.model_dump(mode="json"),
            "sources": [_source(source) for source in self.sources],
            "listen": self.listen.model_dump(mode="json"),
            "listeners": [listener.model_dump(mode="json") for listener in self.listeners],
            "feeds": [_delivery(delivery) for delivery in self.feeds],
            "score": self.score.model_dump(mode="json"),
            "detectors": {
                chosen.detector.name: [chosen.detector.version, chosen.settings.model_dump(mode="json")]
                for chosen in self.chosen
            },
            "shadows": {
                chosen.run: [
                    chosen.detector.name,
                    chosen.detector.version,
                    chosen.settings.model_dump(mode="json"),
                ]
                for chosen in self.shadows
            },
        }


def _source(source: Source) -> list[Any]:
    context = source.context
    return [
        source.name,
        source.files,
        source.format.name,
        source.options.model_dump(mode="json"),
        [context.zone.key, context.site, context.keep_raw, context.envelope],
        source.max_line_bytes,
        source.complete_after_seconds,
        [source.rhythm, source.quiet_after.total_seconds() if source.quiet_after else None],
        source.backwards_after.total_seconds() if source.backwards_after else None,
        source.encoding,
    ]


def _delivery(delivery: Delivery) -> list[Any]:
    columns = sorted(delivery.columns.items())
    return [
        delivery.name,
        delivery.feed,
        delivery.files,
        delivery.zone.key,
        delivery.complete,
        columns,
        delivery.query.shown if delivery.query else None,
    ]
