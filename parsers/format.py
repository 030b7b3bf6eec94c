"""What a log format is: one class per file in parsers/formats, found by scanning that folder.

A format turns blocks of complete lines into events, rejects and counts. It must never read a clock, a file or
a socket, never log, and never lose a line: every line of a block ends in exactly one place.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import BaseModel, ConfigDict

from parsers.encodings import Encoding
from parsers.envelope import Envelope
from parsers.event import SHAPES, Family
from parsers.force import Force
from parsers.numbered import Numbered

REJECTS_SCHEMA: Final = pl.Schema(
    {
        "log_offset": pl.Int64(),
        "log_length": pl.Int32(),
        "reason": pl.String(),
        "detail": pl.String(),
        "event_hash": pl.Binary(),
        "event_original": pl.Binary(),
    }
)
NO_REJECTS: Final = REJECTS_SCHEMA.to_frame()

REJECT_REASONS: Final[dict[str, str]] = {
    "not_text": "the line is not text in the source's encoding",
    "binary": "the line holds NUL bytes",
    "unbalanced_quote": "a quote is opened and never closed on the line",
    "too_few_fields": "the line has fewer fields than the header",
    "too_many_fields": "the line has more fields than the header",
    "bad_quoting": "a quoted field is followed by something other than a separator",
    "bad_time": "the time cannot be read",
    "missing_field": "a field the event cannot do without is empty",
    "bad_number": "a field that must be a number is not one",
    "no_header": "a record came before any header that names its columns",
    "bad_json": "the line is not one JSON object",
    "repeated_field": "a field that is read stands twice on the line",
    "too_long": "the line is longer than the configured limit",
    "not_this_format": "the line does not look like this format at all",
    "no_envelope": "the line is not in the envelope the source says its lines are in",
    "cut_short": "the message was over-long, or broken off, before it reached us",
}


class FormatOptions(BaseModel):
    """Options of a format in the configuration; each format derives its own. Unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser may know about the source it reads for."""

    source: str
    zone: ZoneInfo
    force: Force = field(default_factory=Force)
    site: str = ""
    keep_raw: bool = True
    envelope: Envelope = "none"


@dataclass(frozen=True, slots=True)
class Block:
    """Complete lines of one file: every line ends in a newline, except the last of a file that has ended.

    offset is the byte offset of data in the file; file is its identity; envelope is what every line is wrapped in,
    encoding what every line is in. written_before is a moment before which the lines were written (when the file was last
    changed), where that is known: for stamps that have no year.
    """

    data: bytes
    file: str = ""
    offset: int = 0
    envelope: Envelope = "none"
    encoding: Encoding = "utf-8"
    written_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """Where every line of a block went, and the state the next block of the same file starts from.

    events: per family a frame of that family's schema (parsers/event.py), in file order.
    rejects: frame of REJECTS_SCHEMA; reason is a key of REJECT_REASONS.
    event_lines: lines that became events. non_records: lines by kind (header, comment, blank, ...).
    state: text carried to the next block (a header line, say); "" at the start of a file.
    unknown_codes: codes met that no table names, with counts: accepted, but worth knowing.
    """

    lines: int
    events: Mapping[Family, pl.DataFrame]
    event_lines: int
    rejects: pl.DataFrame
    non_records: Mapping[str, int]
    state: str
    unknown_codes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse to exist unless every line is accounted for and every frame has its schema."""
        placed = self.event_lines + self.rejects.height + sum(self.non_records.values())
        if placed != self.lines:
            raise AssertionError(
                f"{self.lines} lines in, {placed} accounted for: {self.event_lines} event lines, "
                f"{self.rejects.height} rejects, {dict(self.non_records)}"
            )
        for family, frame in self.events.items():
            if (frame.columns, frame.dtypes) != SHAPES[family]:
                raise AssertionError(f"{family} frame does not have the schema of its family")


class Format(ABC):
    """One log format. Subclasses set the class attributes and implement `parse` and `recognise`."""

    name: ClassVar[str]
    title: ClassVar[str]
    families: ClassVar[tuple[Family, ...]]
    references: ClassVar[tuple[str, ...]]
    Options: ClassVar[type[FormatOptions]] = FormatOptions
    complete_after_seconds: ClassVar[float | None] = None
    """For logs delivered as whole files: unchanged for so long, a file is complete, last newline or not."""
    reads_in_order: ClassVar[bool] = False
    """Whether the state changes with nearly every line, so that no part of a block can be parsed before the one above."""
    keeps_order: ClassVar[bool] = True
    """Whether new lines of a file lie behind earlier ones in time, or nearly so; exports are sorted as they please."""

    def __init__(self, context: Context, options: FormatOptions | None = None) -> None:
        self.context = context
        self.options: Any = options if options is not None else self.Options()

    def read(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went, its lines wrapped as the source says: what callers call."""
        if self.context.envelope != block.envelope:
            block = replace(block, envelope=self.context.envelope)
        return self.parse(block, state)

    @property
    def joins_lines(self) -> bool:
        """Whether records may hold newlines, so that blocks must end where a record does."""
        return False

    @abstractmethod
    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went. Bad lines are data, never an exception."""

    @classmethod
    @abstractmethod
    def recognise(cls, sample: bytes) -> float:
        """Return how sure the sample (the first lines of a file) is of this format, from 0 to 1."""

    @classmethod
    def numbered(cls, path: str) -> Numbered | None:
        """Return a file's place in a sequence of files by its name; None for formats whose files have no numbers."""
        del path
        return None


def is_split_record(format_: Format, first: Block, second: bytes, state: str) -> bool:
    """Whether a line without an end and the rest of a line found elsewhere are one record, torn apart.

    They are only if each of them alone is a line that is rejected, and both together are one record.
    """
    whole, alone, rest = (
        format_.read(replace(first, data=data), state) for data in (first.data + second, first.data, second)
    )
    parts = [(part.lines, part.event_lines, part.rejects.height) for part in (alone, rest)]
    return parts == [(1, 0, 1)] * 2 and (whole.lines, whole.event_lines) == (1, 1)


@cache
def all_formats() -> dict[str, type[Format]]:
    """Return every format of parsers/formats by name: one Format subclass per file, named like the file."""
    package = importlib.import_module("parsers.formats")
    found: dict[str, type[Format]] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"parsers.formats.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Format) and value.__module__ == module.__name__:
                found[value.name] = value
    return dict(sorted(found.items()))
