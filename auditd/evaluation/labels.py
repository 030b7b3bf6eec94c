"""A labelled data set: what is true of look-ups and cases, read from CSV files (their layout: docs/evaluate.md).

It must never guess at a label: a row that cannot be read stops the reading, with its line and reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from parsers.event import TEXT, UTC_MICROSECONDS
from parsers.subjects import canonical_account, canonical_subject_key, canonical_subject_type

LOOK_UPS_SCHEMA: Final = pl.Schema(
    {
        "at": UTC_MICROSECONDS,
        "account": TEXT,
        "subject_type": TEXT,
        "subject_key": TEXT,
        "role": TEXT,
        "truth": TEXT,
        "record": TEXT,
        "explained_by": TEXT,
        "cause": TEXT,
    }
)
CASES_SCHEMA: Final = pl.Schema({"case_id": TEXT, "kind": TEXT, "truth": TEXT, "category": TEXT})
EVENTS_SCHEMA: Final = pl.Schema(
    {"case_id": TEXT, "family": TEXT, "at": UTC_MICROSECONDS, "identifier": TEXT}
)
_REQUIRED: Final = {
    "look_ups.csv": ("at", "account", "subject_type", "subject_key", "truth", "record"),
    "cases.csv": ("case_id", "kind", "truth"),
    "case_events.csv": ("case_id", "family", "at"),
}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "truth": ("innocent", "misuse"),
    "record": ("yes", "no"),
    "family": ("access", "email", "call", "web"),
}
_MOST_FAULTS: Final = 10


class LabelError(Exception):
    """The labels cannot be used; the message says every fault found, at most ten of a file."""


@dataclass(frozen=True, slots=True)
class Labels:
    """look_ups (LOOK_UPS_SCHEMA), cases (CASES_SCHEMA), events of cases (EVENTS_SCHEMA); each may be empty, not all."""

    look_ups: pl.DataFrame
    cases: pl.DataFrame
    events: pl.DataFrame


def read_labels(folder: Path) -> Labels:
    """Read the labels of a folder: look_ups.csv, or cases.csv with case_events.csv, or all. Raises LabelError."""
    frames = {name: _read(folder / name) for name in _REQUIRED if (folder / name).exists()}
    if not frames:
        raise LabelError(f"{folder} holds none of {', '.join(_REQUIRED)}")
    missing = {"cases.csv", "case_events.csv"} - frames.keys()
    if len(missing) == 1:
        raise LabelError(f"{folder} lacks {missing.pop()}: cases.csv and case_events.csv belong together")
    look_ups = frames.get("look_ups.csv", LOOK_UPS_SCHEMA.to_frame())
    labels = Labels(
        look_ups=_filled(look_ups, LOOK_UPS_SCHEMA).with_columns(
            canonical_account(pl.col("account")),
            canonical_subject_type(pl.col("subject_type")),
            canonical_subject_key(pl.col("subject_type"), pl.col("subject_key")),
        ),
        cases=_filled(frames.get("cases.csv", CASES_SCHEMA.to_frame()), CASES_SCHEMA),
        events=_filled(frames.get("case_events.csv", EVENTS_SCHEMA.to_frame()), EVENTS_SCHEMA),
    )
    _check_cases(labels)
    return labels


def _read(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise LabelError(f"{path}: it cannot be read as CSV with a header: {reason}") from None
    lacking = [column for column in _REQUIRED[path.name] if column not in frame.columns]
    if lacking:
        raise LabelError(f"{path}: no column {', '.join(lacking)}")
    times = pl.col("at").str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    read = frame.with_columns(times) if "at" in frame.columns else frame
    faults = [fault for column in _REQUIRED[path.name] for fault in _faults(read, frame, column)]
    if faults:
        told = [f"{path}:{line}: {why}" for line, why in sorted(faults)[:_MOST_FAULTS]]
        raise LabelError("\n".join(told))
    return read


def _faults(read: pl.DataFrame, raw: pl.DataFrame, column: str) -> list[tuple[int, str]]:
    """Return (line, reason) of the first values of a required column that are empty or not what it may hold."""
    words = _WORDS.get(column)
    bad = pl.col(column).is_null()
    if words:
        bad = bad | ~pl.col(column).is_in(words)
    rows = read.with_row_index("line", offset=2).filter(bad).head(_MOST_FAULTS)["line"]
    found = []
    for line in rows:
        value = raw[column][line - 2]
        expected = f"not one of {', '.join(words)}" if words else "not a time such as 2026-03-03T14:02:00Z"
        found.append((line, f"{column} is empty" if value is None else f"{column} is {expected}"))
    return found


def _filled(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Return the columns of a schema, null where the file has none; others are ignored."""
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )


def _check_cases(labels: Labels) -> None:
    repeated = labels.cases.filter(pl.col("case_id").is_duplicated())["case_id"].unique().sort()
    if len(repeated):
        raise LabelError(f"cases.csv: {', '.join(repeated.head(_MOST_FAULTS))} stands there more than once")
    unknown = labels.events.join(labels.cases, on="case_id", how="anti")["case_id"].unique().sort()
    if len(unknown):
        raise LabelError(f"case_events.csv: no such case: {', '.join(unknown.head(_MOST_FAULTS))}")
