"""A finding: one detector's verdict on one thing that happened. The noun this package emits.

Findings hold facts, never sentences with names in them: sentences are made when a person looks, so that names can be
masked until they are revealed.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import sha256
from typing import Final

import polars as pl

from parsers.event import TEXT, TEXTS, UTC_MICROSECONDS


class Severity(IntEnum):
    """How serious a finding would be if true."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


SUBJECT_ACTOR: Final = "subject"
"""The kind of actor of a finding about a record and everybody who looked at it, not about one of them."""

FINDING_SCHEMA: Final = pl.Schema(
    {
        "key": TEXT,  # what the verdict is about, unique within the detector
        "timestamp": UTC_MICROSECONDS,  # when the thing judged happened; inside the span judged
        "staff_id": TEXT,  # the person, where the identifier resolves to exactly one
        "actor": TEXT,  # the identifier as "kind:value", always there
        "subject_type": TEXT,
        "subject_key": TEXT,
        "outlet": TEXT,  # media outlet concerned, for list-based detectors
        "severity": pl.Int8(),  # a Severity
        "event_ids": TEXTS,  # evidence, in time order
        "facts": TEXT,  # JSON object: what Detector.describe needs to write the sentences
    }
)


def finding_id(detector: str, key: str) -> str:
    """Return the finding's identity: derived from detector and key, so that re-judging is idempotent."""
    return sha256(f"{detector}\n{key}".encode()).hexdigest()[:32]
