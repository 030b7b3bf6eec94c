"""Points in time as people type them: ISO 8601, without zone read in Europe/London."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from auditd.cli.output import LONDON


class Moment(click.ParamType[datetime]):
    """A date or date-time: `2026-03-03`, `2026-03-03 14:02`, `2026-03-03T14:02:00Z`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return aware UTC; a time without zone is London time."""
        if isinstance(value, datetime):
            return value
        try:
            stamp = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no time: write 2026-03-03, '2026-03-03 14:02' or 2026-03-03T14:02:00Z",
                param,
                ctx,
            )
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=LONDON)).astimezone(UTC)


MOMENT = Moment()
