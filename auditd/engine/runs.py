"""Runs: a detector with its settings, in force or in shadow, under the key by which its progress is stored.

It must never give two runs one key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from alerts.keeping import JudgedBy
from alerts.shadow import Way
from detectors.detector import Detector
from parsers.force import Force


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A detector as it is run. digest: of all its verdicts depend on beside the data; shadow: its name there, "" in force."""

    detector: Detector
    digest: str
    shadow: str = ""

    @property
    def key(self) -> str:
        """What its progress is stored under: the detector's name, or `shadow:NAME`."""
        return f"shadow:{self.shadow}" if self.shadow else self.detector.name

    @property
    def by(self) -> JudgedBy:
        """What its findings are said to be judged by."""
        return JudgedBy(self.detector.version, self.digest)

    @property
    def way(self) -> Way:
        """How it is run, for the history."""
        values = self.detector.settings.model_dump(mode="json")
        return Way(self.detector.name, self.detector.version, self.digest, values)


def runs_of(detectors: Iterable[Detector], shadows: Mapping[str, Detector], force: Force) -> list[Run]:
    """Return the runs of detectors in force, then those in shadow, by name."""
    live = [Run(detector, _digest(detector, force)) for detector in detectors]
    return live + [Run(detector, _digest(detector, force), name) for name, detector in shadows.items()]


def _digest(detector: Detector, force: Force) -> str:
    """Return a digest of all that its verdicts depend on beside the data: with another, all is judged again."""
    return sha256(f"{detector.settings.model_dump_json()} {force!r}".encode()).hexdigest()
