"""Header lines among the records of delimited text: which lines they are, and which records stand under each.

It must never take a record for a header because it holds some of its words: whoever calls says what a header is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl


def header_lines(
    lines: pl.DataFrame, likely: Sequence[pl.Expr], is_header: Callable[[str], bool]
) -> pl.Series | None:
    """Return which lines are headers, None where none is; those of which all of `likely` is true are asked one by one."""
    asked = lines
    for told in likely:
        found = asked.select(told).to_series()
        if not found.any():
            return None
        asked = asked.filter(found)
    headers = [text for text in asked["line"].unique() if is_header(text)]
    return lines["line"].is_in(headers) if headers else None


def under_headers(
    lines: pl.DataFrame, is_header: pl.Series | None, in_force: Sequence[str]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the lines that are no headers, in order, under each distinct text in force.

    in_force: what is in force before the first line, and from each header line on.
    """
    if is_header is None:
        yield in_force[0], lines
        return
    number = {text: number for number, text in enumerate(dict.fromkeys(in_force))}
    if is_header[0] and len(number) == 2 and in_force.count(in_force[0]) == 1:
        yield in_force[1], lines.filter(~is_header)
        return
    section = is_header.cast(pl.UInt32).cum_sum()
    text = pl.Series("header", [number[text] for text in in_force], dtype=pl.UInt32).gather(section)
    marked = lines.with_columns(text).filter(~is_header)
    texts = list(number)
    for (own,), group in marked.partition_by("header", as_dict=True, include_key=False).items():
        yield texts[int(str(own))], group
