"""Lines of a Zscaler NSS feed for web to fields: quoted CSV, tab-separated values, name=value pairs, or JSON.

    "Tue Mar  3 14:02:11 2026","jo.briar@police.northmere.example","HTTPS","www.goods.example/a","Allowed",...
    2026-03-03 14:02:11	reason=Allowed	event_id=7001	protocol=HTTPS	action=Allowed	url=www.goods.example/a	...
    {"sourcetype":"zscalernss-web","event":{"datetime":"2026-03-03 14:02:11","user":"jo.briar@...","action":"Allowed",...}}

It must never let one line change what becomes of another, nor look for a name inside a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import polars as pl

from parsers.delimited import REMEMBERED, split_fields, split_header
from parsers.format import NO_REJECTS
from parsers.json_texts import decode_objects
from parsers.lines import EVIDENCE, reject
from parsers.zscaler_fields import DEFAULT_FEED, FIELD_OF, NAMES, fields_of

# Evidence beside the fields of records, and the lines that are none.
Read = tuple[pl.DataFrame, pl.DataFrame]

_LINE: Final = pl.col("line")
_STAMP: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"
IS_JSON: Final = _LINE.str.contains(r"^\s*\{")
IS_PAIRS: Final = _LINE.str.contains(rf"^(?:{_STAMP}[\t ,]+)?[A-Za-z_][A-Za-z0-9_]*=")
IS_TABBED: Final = _LINE.str.contains("\t", literal=True)
# In pairs that are not separated by tabs, a value without quotes ends at a blank or comma.
_PAIR: Final = r'[A-Za-z_][A-Za-z0-9_]*=(?:"[^"]*"|[^\s",]*)'
_PAIRS: Final = rf"^(?:{_STAMP}[ ,]+)?{_PAIR}(?:[ ,]+{_PAIR})*[ ,]*$"
_LEAST_NAMES: Final = 4
_WRAPPING: Final = r'^\{\s*"sourcetype"\s*:\s*"[A-Za-z-]*"\s*,\s*"event"\s*:\s*'
_WRAPPED: Final = _WRAPPING + r"\{.*\}\s*\}$"
_MEMBERS: Final = sorted({name for names in NAMES.values() for name in names})
_EVENT: Final = pl.Schema(dict.fromkeys(_MEMBERS, pl.String()))
_OBJECT: Final = pl.Schema({**_EVENT, "event": pl.Struct(_EVENT)})


@lru_cache(maxsize=REMEMBERED)
def is_header(line: str) -> bool:
    """Whether a line names the columns that follow: a time, an action, and others we know."""
    names = [FIELD_OF.get(name.casefold()) for name in header_names(line)]
    known = {name for name in names if name}
    return len(known) >= _LEAST_NAMES and {"action"} <= known and bool({"time", "epoch"} & known)


def header_names(line: str) -> list[str]:
    """Return the names on a line, [] where it is no readable record."""
    return split_header(line.lstrip("\ufeff"), separator="\t" if "\t" in line else ",")


def read_columns(lines: pl.DataFrame, names: Sequence[str] | None, separator: str) -> Read:
    """Return what delimited lines say under these column names; under those of the first feed where there are none."""
    if names:
        return _columns(lines, tuple(names), separator)
    default = tuple(DEFAULT_FEED.split())
    found, rejects = _columns(lines, default, separator)
    older = rejects["reason"] == "too_few_fields"
    if not older.any():
        return found, rejects
    again = lines.filter(pl.col("log_offset").is_in(rejects.filter(older)["log_offset"].implode()))
    more, bad = _columns(again, default[:-1], separator)
    return pl.concat([found, more]), pl.concat([rejects.filter(~older), bad])


def _columns(lines: pl.DataFrame, names: tuple[str, ...], separator: str) -> Read:
    unique, wanted = _layout(names)
    fields, kept, rejects = split_fields(lines, unique, separator=separator, wanted=wanted)
    return kept[EVIDENCE].hstack(fields_of(fields)), rejects


@lru_cache(maxsize=REMEMBERED)
def _layout(names: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Return names of which none stands twice, and those that are read: the first of each."""
    unique = tuple(
        name if name.casefold() in FIELD_OF and name not in names[:place] else f"other {place}"
        for place, name in enumerate(names)
    )
    return unique, [name for name in unique if name.casefold() in FIELD_OF]


def read_objects(lines: pl.DataFrame) -> Read:
    """Return what JSON lines say: the members of `event`, or of the object itself."""
    texts = lines["line"].str.strip_chars()
    # As nearly all are: what is inside is decoded alone, several times faster. It must still be one object.
    wrapped = texts.str.contains(_WRAPPED)
    inner = texts.str.replace(_WRAPPING, "").str.head(-1).zip_with(wrapped, texts)
    given, is_object = decode_objects(inner, _members(inner))
    whole = is_object & (wrapped | ~texts.str.contains('"event"', literal=True))
    if not whole.all():
        odd, sound = _with_event(texts.filter(~whole))
        order = pl.concat([whole.arg_true(), (~whole).arg_true()]).arg_sort()
        given = pl.concat([given.filter(whole), odd], how="diagonal")[order]
        is_object = pl.concat([is_object.filter(whole), sound])[order]
    rejects = NO_REJECTS
    if not is_object.all():
        rejects = reject(lines.filter(~is_object), "bad_json")
        given, lines = given.filter(is_object), lines.filter(is_object)
    return lines[EVIDENCE].hstack(fields_of(given)), rejects


def _members(texts: pl.Series) -> pl.Schema:
    """Return what must be decoded: the members of the first object, unless another has more of those we know."""
    first = texts[0] if len(texts) else ""
    named = [name for name in _MEMBERS if f'"{name}"' in first]
    others = [f'"{name}"' for name in _MEMBERS if name not in named] + ["\\u"]  # a name may be escaped
    if not named or texts.str.contains_any(others).any():
        return _EVENT
    return pl.Schema(dict.fromkeys(named, pl.String()))


def _with_event(texts: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """Return the members of `event` where there is one, else of the object, and whether each text is an object."""
    members, is_object = decode_objects(texts, _OBJECT)
    inside = pl.col("event").struct
    given = members.select(
        pl.when(pl.col("event").is_not_null()).then(inside.field(name)).otherwise(name).alias(name)
        for name in _MEMBERS
    )
    return given, is_object


def read_pairs(lines: pl.DataFrame) -> Read:
    """Return what lines of name=value pairs say, between tabs, or quoted where values hold blanks."""
    tabbed = lines.select(IS_TABBED).to_series()
    sound = tabbed | lines["line"].str.contains(_PAIRS)
    rejects = NO_REJECTS if sound.all() else reject(lines.filter(~sound), "not_this_format")
    lines, tabbed = lines.filter(sound), tabbed.filter(sound)
    pairs = lines.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.when(pl.lit(tabbed)).then(_LINE.str.split("\t")).otherwise(_LINE.str.extract_all(_PAIR)).alias("pair"),
        # A time may stand in front of the pairs, without a name.
        _LINE.str.extract(rf"^({_STAMP})").alias("time"),
    )  # fmt: skip
    parts = pl.col("pair").str.splitn("=", 2).struct
    named = (
        pairs.select("row", "pair")
        .explode("pair")
        .select(
            "row",
            parts.field("field_0").str.strip_chars().str.to_lowercase().alias("name"),
            parts.field("field_1").str.strip_chars().str.strip_chars('"').alias("value"),
        )
        .filter(pl.col("name").is_in(list(FIELD_OF)), pl.col("value").is_not_null())
    )
    twice = named.filter(pl.struct("row", "name").is_duplicated())["row"].unique()
    if twice.len():
        repeated = pairs["row"].is_in(twice.implode())
        rejects = pl.concat([rejects, reject(lines.filter(repeated), "repeated_field")])
        lines, pairs = lines.filter(~repeated), pairs.filter(~repeated)
    given = pairs.select("row", pl.col("time").alias("datetime"))
    for name in named["name"].unique(maintain_order=True):
        own = named.filter(pl.col("name") == name).select("row", pl.col("value").alias(f"{name} "))
        given = given.join(own, on="row", how="left", maintain_order="left")
    return lines[EVIDENCE].hstack(fields_of(given.drop("row"))), rejects
