"""Flat fields out of lines that hold one JSON object each. It must never let one line change what becomes of another."""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.format import NO_REJECTS
from parsers.lines import reject

_LINE: Final = pl.col("line").str.strip_chars()
DEEPEST: Final = 200
# Deep nesting is not for a reader that may recurse.
_SHAPED: Final = (
    _LINE.str.starts_with("{") & _LINE.str.ends_with("}") & (_LINE.str.count_matches(r"[\[{]") <= DEEPEST)
)


def read_objects(
    lines: pl.DataFrame, names: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return (fields, kept, rejects): the named members as text, null where absent, of which lines, and other lines.

    Lines that fail together are halved until those that fail are alone: so each line is judged by itself.
    """
    schema = pl.Schema(dict.fromkeys(names, pl.String()))
    shaped = lines.select(_SHAPED).to_series()
    waiting = [lines if shaped.all() else lines.filter(shaped)]
    bad = [] if shaped.all() else [lines.filter(~shaped)]
    good: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    while waiting:
        some = waiting.pop()
        if not some.height:
            continue
        fields = _read(some, schema)
        if fields is not None:
            good.append((fields, some))
        elif some.height == 1:
            bad.append(some)
        else:
            half = some.height // 2
            waiting += [some[half:], some[:half]]
    if not good:
        fields, kept = schema.to_frame(), lines.clear()
    else:
        fields, kept = (pl.concat(list(parts)) for parts in zip(*good, strict=True))
    return fields, kept, reject(pl.concat(bad), "not_this_format", "not a JSON object") if bad else NO_REJECTS


def _read(lines: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame | None:
    """Return the lines read together; None when the reader fails or its rows are not the lines."""
    block: bytes = lines["line"].str.join("\n").cast(pl.Binary).item()
    try:
        fields = pl.read_ndjson(block, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    return fields if fields.height == lines.height else None
