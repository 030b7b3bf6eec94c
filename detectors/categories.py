"""The twelve national corruption categories. They must never grow one of our own: returns are counted by them."""

from __future__ import annotations

from typing import Final

CATEGORIES: Final = (
    "infiltration",
    "disclosure of information",
    "perverting the course of justice",
    "sexual misconduct",
    "controlled drugs",
    "theft and fraud",
    "misuse of force systems",
    "abuse of authority",
    "inappropriate association",
    "vulnerability",
    "commit, incite or aid crime",
    "other",
)
