"""What patterns are weighed by: the unexplained look-ups of a stretch, and the look-ups behind known misuse.

It must never leave known misuse out, whatever the stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from auditd.cli.context import CliError, State

if TYPE_CHECKING:
    import polars as pl

    from alerts.approvals import KnownMisuse
    from detectors.bounds import Options
    from detectors.patterns import Pattern
    from detectors.reference import Reference

USUAL: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Ground:
    """What patterns are held against: the unexplained look-ups of a stretch, and those of known misuse."""

    start: datetime
    end: datetime
    unexplained: pl.DataFrame
    misuse: Sequence[KnownMisuse]
    misused: pl.DataFrame
    reference: Reference
    options: Options

    def excuses(self, pattern: Pattern) -> list[str]:
        """Return the alerts closed as misuse of which the pattern would explain a look-up."""
        from detectors.mining import excused

        ids = excused(self.misused, pattern, self.reference, self.options)
        return [one.alert_id for one in self.misuse if not ids.isdisjoint(one.event_ids)]


def ground_of(state: State, start: datetime | None, end: datetime | None) -> Ground:
    """Return what patterns are held against; a CliError where the stretch is empty."""
    from alerts.approvals import known_misuse
    from auditd.database import reading
    from auditd.engine.unexplained import look_ups_among, unexplained
    from detectors.detector import Span

    bounds = state.archive.bounds()
    latest = bounds[1] + timedelta(microseconds=1) if bounds else state.now()
    until = end or latest
    since = start or until - USUAL
    if since >= until:
        raise CliError("--from must come before --to")
    options = state.config.explaining().options
    with reading(state.engine) as conn:
        reference = state.reference_store.reference(conn, authorities=())
        misuse = known_misuse(conn)
    events = frozenset(event_id for one in misuse for event_id in one.event_ids)
    return Ground(
        since,
        until,
        unexplained(state.archive, Span(since, until), reference, options),
        misuse,
        look_ups_among(state.archive, events, reference),
        reference,
        options,
    )
