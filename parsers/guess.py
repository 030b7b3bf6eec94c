"""Guesses the format of a log from its first lines, by asking every format. Never reads a file itself."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.format import all_formats


@dataclass(frozen=True, slots=True)
class Guess:
    """One format the sample may be in; confidence is over 0 and at most 1."""

    name: str
    confidence: float


def guess(sample: bytes) -> list[Guess]:
    """Return the formats that recognise the sample (the first lines of a file, as UTF-8), the surest first; [] if none does."""
    sure = ((name, found.recognise(sample)) for name, found in all_formats().items())
    return sorted(
        (Guess(name, confidence) for name, confidence in sure if confidence > 0),
        key=lambda one: (-one.confidence, one.name),
    )
