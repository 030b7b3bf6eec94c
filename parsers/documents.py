"""Events as JSON documents, one text per event: nested by the paths of their members, without what is empty.

It must never hold a null or an empty object: other systems refuse documents, or take them for statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

import polars as pl

# Inside a text every quote is escaped, so that none of these matches there: they need one that is not.
_NAME: Final = r'"[A-Za-z0-9_@-]+"'
_LATER_NULL: Final = rf",{_NAME}:null"
_FIRST_NULL: Final = rf"\{{{_NAME}:null,?"
_LATER_EMPTY: Final = rf",{_NAME}:\{{\}}"
_FIRST_EMPTY: Final = rf"\{{{_NAME}:\{{\}},?"


@dataclass(slots=True)
class _Node:
    """A member of a document: a value, or an object of members."""

    value: pl.Expr | None = None
    members: dict[str, _Node] = field(default_factory=dict)

    def expression(self) -> pl.Expr:
        if self.value is not None:
            return self.value
        return pl.struct(node.expression().alias(name) for name, node in self.members.items())

    @property
    def depth(self) -> int:
        return 1 + max((node.depth for node in self.members.values()), default=0)


class Documents:
    """Makes documents of one family's events. paths: dotted path of each member -> its value; no path leads through another."""

    def __init__(self, paths: Mapping[str, pl.Expr]) -> None:
        root = _Node()
        for path, value in paths.items():
            node = root
            for name in path.split("."):
                node = node.members.setdefault(name, _Node())
            node.value = value
        self._document = root.expression().struct.json_encode().alias("document")
        self._depth = root.depth

    def of(self, events: pl.DataFrame) -> pl.Series:
        """Return a JSON text per event, in their order."""
        # Of frames in many pieces each expression would cost as much per piece as it costs at all.
        return _without_empty(events.rechunk().select(self._document)["document"], self._depth)


def _without_empty(texts: pl.Series, depth: int) -> pl.Series:
    texts = texts.str.replace_all(_LATER_NULL, "").str.replace_all(_FIRST_NULL, "{")
    for _ in range(depth):
        if not texts.str.contains(":{}", literal=True).any():
            break
        texts = texts.str.replace_all(_LATER_EMPTY, "").str.replace_all(_FIRST_EMPTY, "{")
    return texts


def instant(time: pl.Expr) -> pl.Expr:
    """Return times as ISO 8601 in UTC, to the microsecond."""
    return time.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


def milliseconds(time: pl.Expr) -> pl.Expr:
    """Return times as milliseconds since 1970."""
    return time.dt.epoch("ms")


def readable_bytes(raw: pl.Expr) -> pl.Expr:
    """Return raw lines as text; bytes that are no text become replacement characters."""
    return raw.map_batches(_decoded, return_dtype=pl.String(), is_elementwise=True)


def sound_ip(text: pl.Expr) -> pl.Expr:
    """Return IP addresses, null where the text is none: systems refuse a document for a malformed one."""
    return text.map_batches(_sound_ips, return_dtype=pl.String(), is_elementwise=True)


def _decoded(raw: pl.Series) -> pl.Series:
    try:
        return raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        texts = [None if line is None else line.decode("utf-8", "replace") for line in raw]
        return pl.Series(raw.name, texts, dtype=pl.String)


def _sound_ips(texts: pl.Series) -> pl.Series:
    written = texts.drop_nulls().unique()
    if not written.len():
        return texts
    sound = pl.Series([text if _is_ip(text) else None for text in written], dtype=pl.String)
    return texts.replace_strict(written, sound, default=None, return_dtype=pl.String())


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
