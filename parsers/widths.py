"""Separated lines by their number of fields, for logs that have no header and more than one layout.

It must never let one line's width depend on another's: where the layouts are mixed, each line has its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from parsers.delimited import is_plain, split_fields
from parsers.format import NO_REJECTS
from parsers.lines import EVIDENCE

_HAS_QUOTE: Final = pl.col("line").str.contains('"', literal=True)
_QUOTED: Final = r'"(?:[^"]|"")*"'


@dataclass(frozen=True, slots=True)
class Widths:
    """Layouts by number of fields: names for each width, and the columns that are read of them."""

    layouts: Mapping[int, tuple[str, ...]]
    wanted: frozenset[str]

    def read(self, lines: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
        """Return, by layout, rows (evidence and the wanted columns it has, empty ones null) and rejects.

        Separators inside properly quoted fields do not count. What has fewer or more fields than any layout is rejected.
        """
        if not lines.height:
            return []
        quoted = lines.select(_HAS_QUOTE).to_series()
        if not quoted.any():
            return [self._read(*group, plain=True) for group in self._by_width(lines, lines["line"])]
        usual = width_of(lines["line"][0])
        if usual in self.layouts:
            sure = lines.select(is_plain(usual, ",")).to_series()
            if sure.any():
                parts = [self._read(usual, lines if sure.all() else lines.filter(sure), plain=True)]
                return parts if sure.all() else [*parts, *self._read_doubtful(lines.filter(~sure))]
        return self._read_doubtful(lines)

    def used(self, width: int) -> tuple[str, ...]:
        """Return the columns that are read of lines of this width, in file order."""
        return tuple(name for name in self.layouts[width] if name in self.wanted)

    def _read_doubtful(self, lines: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
        """Read lines whose separators may stand inside quoted fields."""
        quoted = lines.select(_HAS_QUOTE).to_series()
        plain, other = lines.filter(~quoted), lines.filter(quoted)
        folded = other["line"].str.replace_all(_QUOTED, "")
        return [
            *(self._read(*group, plain=True) for group in self._by_width(plain, plain["line"])),
            *(self._read(*group, plain=False) for group in self._by_width(other, folded)),
        ]

    def _by_width(self, lines: pl.DataFrame, text: pl.Series) -> list[tuple[int, pl.DataFrame]]:
        width = text.str.count_matches(",", literal=True) + 1
        widths = width.unique().sort().to_list()
        if len(widths) == 1:
            return [(widths[0], lines)]
        return [(one, lines.filter(width == one)) for one in widths]

    def _read(self, width: int, lines: pl.DataFrame, *, plain: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        near = min(self.layouts, key=lambda known: abs(known - width))
        names, used = self.layouts[near], self.used(near)
        if plain and near == width:
            fields = read_strict(lines, names, used)
            if fields is not None:
                return lines[EVIDENCE].hstack(fields), NO_REJECTS
        fields, kept, rejects = split_fields(lines, names, empty_is_null=True)
        return kept[EVIDENCE].hstack(fields[list(used)]), rejects


def width_of(line: str) -> int:
    """Return the number of fields of one line, as `Widths` counts them."""
    return re.sub(_QUOTED, "", line).count(",") + 1


@lru_cache(maxsize=32)
def all_quoted(kinds: str) -> pl.Expr:
    """Boolean expression: the line has exactly these fields, each written strictly, so that no field can shift.

    kinds: a letter per field, `q` always quoted, `t` quoted or empty, `n` a whole number or empty, without quotes.
    """
    patterns = {"q": _QUOTED, "t": '(?:"[^"]*")?', "n": "-?[0-9]*"}
    return pl.col("line").str.contains(f"^{','.join(patterns[kind] for kind in kinds)}$")


def read_strict(lines: pl.DataFrame, names: tuple[str, ...], wanted: tuple[str, ...]) -> pl.DataFrame | None:
    """Return the wanted columns of lines whose fields cannot shift, empty ones null; None if they are not one row each.

    That is so of lines without any quote and with the right number of separators, and where `all_quoted` holds.
    """
    block: bytes = lines["line"].extend_constant("", 1).str.join("\n").cast(pl.Binary).item()
    try:
        fields = pl.read_csv(
            block,
            has_header=False,
            schema=_schema(names),
            columns=[names.index(name) for name in wanted],
            null_values="",
        )
    except pl.exceptions.PolarsError:
        return None
    return fields[list(wanted)] if fields.height == lines.height else None


@lru_cache(maxsize=32)
def _schema(names: tuple[str, ...]) -> pl.Schema:
    return pl.Schema(dict.fromkeys(names, pl.String()))
