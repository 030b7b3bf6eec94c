"""Ids in batches that one query can take. It must never change their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

_BATCH: Final = 5_000  # ids per query: well under either back end's limit of parameters


def batches(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield the values in sorted batches small enough to be parameters of one query."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
