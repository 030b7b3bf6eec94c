"""Sources that cannot be relied on: silent, losing, changed under us. It must never find anything about a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.detector import About, Detector, DetectorSettings, Naming, Window
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.gaps import SOURCE_ACTOR, gap_sentence
from detectors.sentences import clock_and_day

_GRAVE: Final = ("lost", "edited", "shrunk", "backwards")


class SourceSilentSettings(DetectorSettings):
    """Settings of source_silent."""

    down_minutes: float = Field(60, ge=0, description="how long access-auditd may be stopped, minutes")


class SourceSilent(Detector):
    """A gap in what is known of a source, unless late data has filled it."""

    name = "source_silent"
    about = About(
        title="Source silent, losing or changed",
        meaning=(
            "A source fell quiet beyond its rhythm, numbered files are missing, lines were destroyed before they were "
            "read or stopped matching their format, a file was changed after it had been read, or nobody was watching. "
            "Whoever can stop a log can hide in the gap."
        ),
        severity=Severity.MEDIUM,
        category="other",
        concern="data",
        innocent_causes=(
            "The system was down or in maintenance: nobody used it, so nothing was logged.",
            "The delivery stands still (a full disk, an expired password, a changed path): the data comes late.",
            "A day on which less is done than usual, and which is no bank holiday.",
            "A clock that ran ahead and was put right: its source steps back once.",
            "Rotation that truncates a file without keeping a copy, or an application that starts its log anew.",
        ),
        runbook=(
            "Run `access-auditd gaps --all` over the day before and after: is it one source, or all of a system?",
            "Ask whoever runs the source: was it down, and from when to when?",
            "Look at the disk: are there files that were not delivered? Late ones fill the gap by themselves.",
            "For a file that was edited or shrank: keep it as it is, compare it with the archived lines, and find out "
            "who can write to it.",
            "Look at who logged on to the source's server in the hour before the gap began.",
            "Say the gap in every case whose time it touches: what was not seen in it is no evidence.",
        ),
        audience="soc",
    )
    reads = ()
    by = "actor"
    feeds = ()
    judges_gaps = True
    Settings = SourceSilentSettings

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per gap that begins in the span; its key is the gap's id, its actor the source.

        Severity: high where data was lost or changed, low for a stop of access-auditd, else medium.
        """
        gaps = window.gaps.filter(window.in_span("start"), pl.col("filled_at").is_null())
        short = (pl.col("kind") == "down") & (pl.col("end") - pl.col("start") < self._down)
        found = gaps.filter(~short.fill_null(value=False))
        if found.is_empty():
            return NO_FINDINGS
        severity = (
            pl.when(pl.col("kind").is_in(_GRAVE))
            .then(int(Severity.HIGH))
            .when(kind="down")
            .then(int(Severity.LOW))
            .otherwise(int(Severity.MEDIUM))
        )
        return to_findings(
            found.select(
                pl.col("gap_id").alias("key"),
                pl.col("start").alias("timestamp"),
                pl.concat_str(pl.lit(f"{SOURCE_ACTOR}:"), "source").alias("actor"),
                severity.alias("severity"),
                pl.lit([], pl.List(pl.String())).alias("event_ids"),
                pl.struct(
                    "source",
                    "kind",
                    utc_text("start").alias("start"),
                    utc_text("end").alias("end"),
                    utc_text("noticed_at").alias("noticed_at"),
                    "detail",
                )
                .struct.json_encode()
                .alias("facts"),
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the gap, and when it was noticed."""
        del naming
        sentence = gap_sentence(
            source=facts["source"],
            kind=facts["kind"],
            start=facts["start"],
            end=facts["end"],
            detail=json.loads(facts["detail"]),
        )
        return [sentence, f"Noticed at {clock_and_day(facts['noticed_at'])}."]

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return when late data filled the gaps."""
        filled = window.gaps.filter(pl.col("gap_id").is_in(list(keys)), pl.col("filled_at").is_not_null())
        rows = filled.select("gap_id", utc_text("filled_at")).iter_rows()
        return {gap_id: f"late data filled the gap at {clock_and_day(moment)}" for gap_id, moment in rows}

    @property
    def _down(self) -> timedelta:
        return timedelta(minutes=self.settings.down_minutes)
