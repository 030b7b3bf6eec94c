"""JSON lines to columns, exactly: at columnar speed where that is sure to be right, one by one where it is not.

The columnar reader takes the first of two members of one name, makes half a surrogate a NUL, and fails whole blocks for one
line. So a line goes through it only if nothing about it is open to reading; `json_values` reads the others, and both say
the same of every line. It must never let a line change what becomes of another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from parsers.format import NO_REJECTS
from parsers.json_paths import Path, is_list, names_of, tree, value_at
from parsers.json_values import DEEPEST, places_of, read_one
from parsers.lines import reject

_LINE: Final = pl.col("line")
# Halves of surrogates, NULs, and escapes in the name of a member.
_OPEN: Final = r'\\u(?:[dD][89a-fA-F]|0000)|\\[^"]*"\s*:'
_FEW: Final = 8
_LEARNT_FROM: Final = 20
_MOST_OTHERS: Final = 100
_SHAPED: Final = _LINE.str.starts_with("{") & _LINE.str.contains(r"\}\s*$")
_PLAIN: Final = ~_LINE.str.contains(_OPEN)
_BRACKETS: Final = _LINE.str.count_matches("{", literal=True) + _LINE.str.count_matches("[", literal=True)


class JsonReader:
    """Reads the values at paths out of lines that hold one JSON object each.

    paths: none of which contradicts another (`json_paths.tree`).
    """

    def __init__(self, paths: Sequence[Path], names: Sequence[str]) -> None:
        self._paths, self._names = tuple(paths), tuple(names)
        self._plan = _Plan(self._paths)
        self._schema = pl.Schema(
            {
                name: pl.List(pl.String) if is_list(path) else pl.String()
                for name, path in zip(names, paths, strict=True)
            }
        )
        self._values = [value_at(path).alias(name) for name, path in zip(names, paths, strict=True)]

    def read(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return (values, kept, rejects): a column per path, the rows of `lines` they are from, and the other lines.

        A value is text (numbers as `json_values.number`); a path through `[]` gives the texts of an array. What is no
        value of its kind, an object for instance, is null.
        """
        if not lines.height:
            return self._schema.to_frame(), lines, NO_REJECTS
        place = pl.Series("place", range(lines.height), dtype=pl.UInt32)
        placed = lines.select("line").with_columns(place)
        pieces: list[tuple[pl.Series, pl.DataFrame]] = []
        plan = self._plan
        sure = self._sure(placed)
        rest = [] if sure is None else placed.filter(~sure)["place"].to_list()
        waiting = [placed if sure is None else placed.filter(sure)]
        while waiting:
            piece = waiting.pop()
            if not piece.height:
                continue
            decoded = plan.decode(piece)
            if decoded is not None:
                kept, strays = self._checked(plan, piece, decoded)
                pieces.append(kept)
                if strays.height > max(_FEW, piece.height >> 6) and (wider := plan.wider(strays)) is not None:
                    # The same names stand in other places too, as in most systems' objects: look there as well.
                    self._plan = plan = wider
                    waiting.append(strays)
                else:
                    rest += strays["place"].to_list()
            elif piece.height <= _FEW:
                rest += piece["place"].to_list()
            else:
                half = piece.height // 2
                waiting += [piece[half:], piece[:half]]
        if not rest and len(pieces) == 1:
            return pieces[0][1], lines, NO_REJECTS
        return self._together(lines, pieces, sorted(rest))

    def _sure(self, placed: pl.DataFrame) -> pl.Series | None:
        """Return which lines can be decoded together, None if all."""
        sure = placed.select(_SHAPED & _PLAIN).to_series()
        long = placed["line"].str.len_bytes() > 2 * DEEPEST
        if long.any():
            sure &= placed.select(_BRACKETS <= DEEPEST).to_series()
        return None if sure.all() else sure

    def _checked(
        self, plan: _Plan, lines: pl.DataFrame, decoded: pl.DataFrame
    ) -> tuple[tuple[pl.Series, pl.DataFrame], pl.DataFrame]:
        """Return the lines whose values are sure, by place, and the other lines.

        They are where as many members with our names were found as are written, so that none stands twice.
        """
        values = decoded.select(self._values)
        sound = decoded.select(plan.found).to_series() == lines.select(plan.written).to_series()
        if sound.all():
            return (lines["place"], values), lines.clear()
        return (lines["place"].filter(sound), values.filter(sound)), lines.filter(~sound)

    def _together(
        self, lines: pl.DataFrame, pieces: list[tuple[pl.Series, pl.DataFrame]], rest: list[int]
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return what `read` does, of lines that were decoded together and of the rest."""
        alone = [read_one(line, self._paths) for line in lines["line"].gather(rest)]
        good = [(place, one) for place, one in zip(rest, alone, strict=True) if isinstance(one, list)]
        bad = [(place, one) for place, one in zip(rest, alone, strict=True) if not isinstance(one, list)]
        columns = {
            name: pl.Series(name, [one[number] for _, one in good], dtype=self._schema[name])
            for number, name in enumerate(self._names)
        }
        places = [*(place for place, _ in pieces), pl.Series([place for place, _ in good], dtype=pl.UInt32)]
        order = pl.concat([place.alias("place") for place in places])
        values = pl.concat([*(frame for _, frame in pieces), pl.DataFrame(columns, schema=self._schema)])
        in_order = order.arg_sort()
        refused = lines[[place for place, _ in bad]].with_columns(
            pl.Series("reason", [one.reason for _, one in bad], dtype=pl.String),
            pl.Series("detail", [one.detail for _, one in bad], dtype=pl.String),
        )
        return values[in_order], lines[order.sort()], reject(refused) if bad else NO_REJECTS


class _Plan:
    """What is decoded of every line: the places wanted, and others where members of the same names were seen.

    found and written are expressions: how many members of those names were decoded, and how many a line holds.
    """

    def __init__(self, wanted: Sequence[Path], others: Sequence[Path] = ()) -> None:
        root, _ = tree((*wanted, *others))
        self._wanted, self._others = tuple(wanted), tuple(others)
        self._decoded = root.dtype()
        self._members = names_of(root)
        members = "|".join(sorted(map(re.escape, self._members)))
        self.written = _LINE.str.count_matches(rf'"(?:{members})"\s*:\s*[^n\s]')
        self.found = pl.sum_horizontal(part.count(pl.col(name)) for name, part in root.parts.items())

    def decode(self, lines: pl.DataFrame) -> pl.DataFrame | None:
        """Return lines decoded together; None when the reader fails or its rows are not the lines."""
        try:
            decoded = lines["line"].str.json_decode(self._decoded).struct.unnest()
        except pl.exceptions.PolarsError:
            return None
        return decoded if decoded.height == lines.height else None

    def wider(self, strays: pl.DataFrame) -> _Plan | None:
        """Return a plan that looks at further places too, learnt from a few lines; None where they teach nothing more.

        What a line says never depends on it: a plan decides only which lines need not be read one by one.
        """
        if len(self._others) >= _MOST_OTHERS:
            return None
        known = {*self._wanted, *self._others}
        seen = [path for line in strays["line"].head(_LEARNT_FROM) for path in places_of(line, self._members)]
        new = [path for path in dict.fromkeys(seen) if path not in known]
        return _Plan(self._wanted, (*self._others, *new)[:_MOST_OTHERS]) if new else None
