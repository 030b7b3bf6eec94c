"""Paths into JSON objects, as configurations write them: `actor.id`, `names[0].text`, `recipients[].address`.

It must never read a record: it says where things stand, `json_lines` what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import polars as pl


class Each(Enum):
    """The step to every element of an array."""

    ELEMENT = "[]"


EACH: Final = Each.ELEMENT
Step = str | int | Each
Path = tuple[Step, ...]

MOST_STEPS: Final = 20
_STEP: Final = re.compile(
    r'(?P<dot>\.)?(?:"(?P<quoted>[^"\\]+)"|(?P<name>[^.\[\]"\\]+))|\[(?P<index>[0-9]{0,4})\]'
)


@dataclass(slots=True)
class Node:
    """What is read of one place: a value (no parts), parts of an object by name, or elements of an array."""

    parts: dict[str, Node] = field(default_factory=dict)
    element: Node | None = None

    @property
    def is_value(self) -> bool:
        """Whether the place is read as a value."""
        return not self.parts and self.element is None

    def dtype(self) -> pl.DataType:
        """Return the type the place is decoded as."""
        if self.element is not None:
            return pl.List(self.element.dtype())
        return (
            pl.Struct({name: part.dtype() for name, part in self.parts.items()})
            if self.parts
            else pl.String()
        )

    def count(self, place: pl.Expr) -> pl.Expr:
        """Expression: how many members with a value, here and below, the place has in a decoded record."""
        own = place.is_not_null().cast(pl.Int32)
        if self.element is not None:
            inner = place.list.eval(self.element.count_parts(pl.element())).list.sum().fill_null(0)
            return own if self.element.is_value else own + inner.cast(pl.Int32)
        return own + self.count_parts(place) if self.parts else own

    def count_parts(self, place: pl.Expr) -> pl.Expr:
        """Expression: as `count`, below this place alone."""
        if self.element is not None:
            return self.count(place) - place.is_not_null().cast(pl.Int32)
        counts = [part.count(place.struct.field(name)) for name, part in self.parts.items()]
        return pl.sum_horizontal(counts) if counts else pl.lit(0, dtype=pl.Int32)


def read_path(text: str) -> Path | None:
    """Return the steps of a path, None where it is none."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        # A dot stands between steps and before names alone.
        if found is None or (found["index"] is None and bool(found["dot"]) != bool(steps)):
            return None
        name = found["quoted"] or found["name"]
        steps.append(name or (int(found["index"]) if found["index"] else EACH))
        at = found.end()
    fits = steps and isinstance(steps[0], str) and len(steps) <= MOST_STEPS and steps.count(EACH) <= 1
    return tuple(steps) if fits else None


def is_list(path: Path) -> bool:
    """Whether a path leads to a list of values."""
    return EACH in path


def tree(paths: Sequence[Path]) -> tuple[Node, list[int]]:
    """Return the places that paths lead to as one tree, and the indexes of paths that contradict those before them.

    The same place cannot be a value and an object, nor an object and an array.
    """
    root, contradicting = Node(), []
    values: set[int] = set()
    for number, path in enumerate(paths):
        if _fits(root, path, values):
            leaf = _grown(root, path)
            values.add(id(leaf))
        else:
            contradicting.append(number)
    return root, contradicting


def _fits(root: Node, path: Path, values: set[int]) -> bool:
    node: Node | None = root
    for step in path:
        if node is None:
            return True
        if (
            id(node) in values
            or (node.parts and not isinstance(step, str))
            or (node.element and isinstance(step, str))
        ):
            return False
        node = node.parts.get(step) if isinstance(step, str) else node.element
    return node is None or id(node) in values


def _grown(root: Node, path: Path) -> Node:
    node = root
    for step in path:
        if isinstance(step, str):
            node = node.parts.setdefault(step, Node())
        else:
            node.element = node.element or Node()
            node = node.element
    return node


def value_at(path: Path) -> pl.Expr:
    """Expression for what a path leads to in a decoded record: text, or a list of texts."""
    first, *steps = path
    return _follow(pl.col(str(first)), tuple(steps))


def _follow(place: pl.Expr, steps: Path) -> pl.Expr:
    for number, step in enumerate(steps):
        if step is EACH:
            rest = steps[number + 1 :]
            return place.list.eval(_follow(pl.element(), rest)) if rest else place
        place = (
            place.struct.field(step)
            if isinstance(step, str)
            else place.list.get(int(str(step)), null_on_oob=True)
        )
    return place


def names_of(root: Node) -> set[str]:
    """Return every name of a member in a tree."""
    found = set(root.parts)
    for part in root.parts.values():
        found |= names_of(part)
    return found | names_of(root.element) if root.element else found
