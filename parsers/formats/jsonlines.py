"""JSON lines of any system, read by a mapping in the configuration: one object per line. Never loses a line.

Which path becomes which field is configured (parsers/mapping.py); without a mapping, objects use the names of the Elastic
Common Schema. Sample, as mapped in docs/formats/jsonlines.md:

    {"when":1772546531120,"actor":{"login":"jbriar"},"op":"READ","record":{"type":"EMP","id":"004417"}}

References: docs/formats/jsonlines.md: mapping, paths, a worked example, where each line goes.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import ClassVar, Final

import polars as pl

from parsers.event import FAMILIES, NO_EVENTS, Family
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.json_lines import JsonReader
from parsers.json_options import JsonLinesOptions
from parsers.json_paths import is_list, read_path
from parsers.lines import cut_lines, in_file_order
from parsers.mapping_events import Meaning
from parsers.mapping_values import input_name

_LOOKED_AT: Final = 5
_LONGEST_LOOKED_AT: Final = 64 << 10


class JsonLines(Format):
    """JSON lines by a configured mapping; every line stands for itself, `state` is empty."""

    name: ClassVar[str] = "jsonlines"
    title: ClassVar[str] = "JSON lines, mapped in the configuration"
    families: ClassVar[tuple[Family, ...]] = FAMILIES
    references: ClassVar[tuple[str, ...]] = (
        "docs/formats/jsonlines.md",
        "RFC 8259: the JavaScript Object Notation",
        "Elastic Common Schema: names of fields in logs that need no mapping",
    )
    Options: ClassVar[type[FormatOptions]] = JsonLinesOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went."""
        del state
        cut = cut_lines(block)
        values, kept, misshapen = self._reader.read(cut.text)
        told = self._meaning.read(values.select(self._given), kept, block.file)
        family = self.options.family
        return Parsed(
            lines=cut.total,
            events={one: told.events if one == family else NO_EVENTS[one] for one in FAMILIES},
            event_lines=told.events.height,
            rejects=in_file_order([cut.rejects, misshapen, told.rejects], NO_REJECTS),
            non_records={"blank": cut.blank} if cut.blank else {},
            state="",
            unknown_codes=told.unknown_codes,
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.9 where lines are objects with the time and account of the Elastic Common Schema, else 0."""
        lines = [line for line in sample.splitlines() if line.strip()][:_LOOKED_AT]
        seen = [_is_ecs(line) for line in lines]
        return 0.9 * sum(seen) / len(seen) if seen else 0.0

    @cached_property
    def _paths(self) -> dict[str, bool]:
        """Every path that is read, and whether it leads to a list."""
        paths = {text: read_path(text) for text in self.options.reads}
        return {text: is_list(path) for text, path in paths.items() if path is not None}

    @cached_property
    def _reader(self) -> JsonReader:
        paths = [path for text in self._paths if (path := read_path(text)) is not None]
        return JsonReader(paths, [input_name(text) for text in self._paths])

    @cached_property
    def _given(self) -> list[pl.Expr]:
        """Steps from values as they are to trimmed ones, null where nothing is left."""
        element = pl.element().str.strip_chars()
        given = []
        for text, leads_to_list in self._paths.items():
            name = input_name(text)
            trimmed = pl.col(name).str.strip_chars()
            listed = pl.col(name).list.eval(element.filter(element != ""))
            given.append((listed if leads_to_list else pl.when(trimmed != "").then(trimmed)).alias(name))
        return given

    @cached_property
    def _meaning(self) -> Meaning:
        lists = frozenset(text for text, leads_to_list in self._paths.items() if leads_to_list)
        return Meaning(self.name, self.context, self.options, lists=lists)


def _is_ecs(line: bytes) -> bool:
    if not line.lstrip().startswith((b"{", b"\xef\xbb\xbf{")) or len(line) > _LONGEST_LOOKED_AT:
        return False
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "@timestamp" in record and isinstance(record.get("user"), dict)
