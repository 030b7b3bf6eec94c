"""What a finding is a concern about: findings about one person and one concern are one matter for whoever judges them.

A concern is never a detector: several detectors see one misuse, each from its side. It must never be so narrow that two of
them put one look-up, or one contact, before people twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Concern = Literal[
    "look-ups", "media", "disclosure", "relationship", "association", "account", "record", "data", "other"
]

CONCERNS: Final[Mapping[str, str]] = {
    "look-ups": "look-ups without a good reason",
    "media": "contact with the media",
    "disclosure": "what left the force's systems",
    "relationship": "contact with a victim or witness",
    "association": "contact with somebody on a watch-list",
    "account": "use of an account",
    "record": "many people at one record",
    "data": "state of the data",
    "other": "other matters",
}
"""Every concern, in words. `record` is about a record, `data` about a source or feed, the others about a person."""
