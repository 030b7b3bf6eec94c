"""What a gap is to a detector: one row per stretch in which a source's data cannot be taken as whole, and its sentence.

It must never hold anything of a log line: sources, times, counts, numbers of files and words of a closed list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from detectors.sentences import clock_and_day, local
from parsers.event import TEXT, UTC_MICROSECONDS

GAP_KINDS: Final[dict[str, str]] = {
    "silent": "no event, though by the source's rhythm there should have been some",
    "missing_files": "numbers are missing in the sequence of its files",
    "lost": "bytes were destroyed before they could be read",
    "shrunk": "a file became shorter than what had been read of it, and no copy was left",
    "edited": "bytes that had been read were changed in place",
    "backwards": "new lines of a file lie in the past of its earlier ones",
    "wrong_format": "lines stopped matching the source's format",
    "down": "access-auditd was not running",
}
EVERY_SOURCE: Final = "all"
"""The source of a gap that concerns every one."""
SOURCE_ACTOR: Final = "source"
"""The kind of actor of a finding about a source: it concerns no person."""

GAP_SCHEMA: Final = pl.Schema(
    {
        "gap_id": TEXT,
        "source": TEXT,  # a configured source, or EVERY_SOURCE
        "kind": TEXT,  # a key of GAP_KINDS
        "start": UTC_MICROSECONDS,
        "end": UTC_MICROSECONDS,  # null while it lasts
        "noticed_at": UTC_MICROSECONDS,
        "filled_at": UTC_MICROSECONDS,  # when late data filled it; null where none did
        "detail": TEXT,  # JSON object
    }
)
NO_GAPS: Final = GAP_SCHEMA.to_frame()
"""The gaps frame with no row."""


def gap_sentence(*, source: str, kind: str, start: str, end: str | None, detail: Mapping[str, Any]) -> str:
    """Return a gap in words, local times: "No pnc data from 02:10 to 02:40 on 3 Mar 2026."; times are ISO 8601."""
    when = _stretch(start, end)
    match kind:
        case "silent":
            return f"No {source} data {when}{_usual(detail)}."
        case "missing_files":
            return f"{_numbers(detail)} of {source} never came: data {when} may be missing."
        case "lost":
            return f"{detail['bytes']:,} bytes of {source} were {detail['reason']} before they were read, {when}."
        case "shrunk":
            sizes = f"from {detail['read']:,} bytes read to {detail['size']:,}"
            return f"A file of {source} shrank {sizes}, noticed at {_at(end or start)}; no copy was left."
        case "edited":
            return (
                f"A file of {source} was changed after it had been read: {_bytes(detail)}, read at {_at(start)}, "
                f"were other ones at {_at(end or start)}."
            )
        case "backwards":
            return f"New lines of a file of {source} lie before lines read earlier: they cover {when}."
        case "wrong_format":
            return f"Lines of {source} did not match its format {when}; they are in quarantine."
        case _:
            return f"Nothing was read {when}: access-auditd was not running."


def _at(time: str) -> str:
    return clock_and_day(time)


def _stretch(start: str, end: str | None) -> str:
    if end is None:
        return f"since {_at(start)}"
    if local(start).date() == local(end).date():
        return f"from {local(start):%H:%M} to {_at(end)}"
    return f"from {_at(start)} to {_at(end)}"


def _usual(detail: Mapping[str, Any]) -> str:
    usual = detail.get("usual_events")
    return f", where about {usual:,} events are usual" if usual else ""


def _numbers(detail: Mapping[str, Any]) -> str:
    first, last, series = detail["first"], detail["last"], detail["series"]
    return (
        f"File {first} of series {series}" if first == last else f"Files {first} to {last} of series {series}"
    )


def _bytes(detail: Mapping[str, Any]) -> str:
    if "offset" not in detail:
        return "some of its bytes"
    return f"bytes {detail['offset']:,} to {detail['offset'] + detail['length']:,}"


def is_about_a_source(actor: str) -> bool:
    """Whether a finding's actor is a source, so that it concerns no person."""
    return actor.startswith(f"{SOURCE_ACTOR}:")
