"""`access-auditd gaps`: what is not known, per source: silences, missing files, losses, stops, changed files.

It must never say that a source is whole where its rhythm is not known: it says that instead.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.context import CliError, State, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import clean, count, london, print_json, print_table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from auditd.config.runtime import Source
    from auditd.gaps.book import Gap
    from auditd.gaps.rhythm import Rhythm


@click.command()
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--from", "start", type=MOMENT, help="Only gaps that reach past this time.")
@click.option("--to", "end", type=MOMENT, help="Only gaps that begin before this time.")
@click.option("--all", "everything", is_flag=True, help="Also those that late data has filled.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    sources: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what is missing, as far as it is known, and what is known of each source's rhythm.

    The daemon notices gaps; each is a fact with its history. A source whose rhythm is not known yet cannot be found
    silent.
    """
    from auditd.database import reading
    from auditd.gaps.book import gaps_between
    from auditd.gaps.stops import last_alive

    state = open_state(ctx)
    chosen = _chosen(state, sources)
    with reading(state.engine) as conn:
        found = gaps_between(conn, sources or None, start, end, filled=everything)
        rhythms = [_rhythm(conn, source, state.now()) for source in chosen]
        looked_at = last_alive(conn)
    if as_json:
        entries = [asdict(gap) | {"sentence": gap.sentence} for gap in found]
        print_json({"looked_at": looked_at, "sources": rhythms, "gaps": entries})
        return
    _print(rhythms, found, looked_at)


def _chosen(state: State, names: tuple[str, ...]) -> list[Source]:
    known = {source.name: source for source in state.config.sources}
    if unknown := [name for name in names if name not in known]:
        raise CliError(f"there is no source {unknown[0]!r}", hint=f"sources: {', '.join(known) or 'none'}")
    return [source for name, source in known.items() if not names or name in names]


def _rhythm(conn: Connection, source: Source, now: datetime) -> dict[str, Any]:
    from auditd.gaps.rhythm import LEAST_WEEKS, Rhythm
    from auditd.gaps.volumes import hours_of

    hours = hours_of(conn, source.name)
    rhythm = Rhythm(source.context.zone, hours)
    last = max(hours, default=None)
    known_at = min(now, last + timedelta(hours=1)) if last else now
    days = rhythm.days_known(known_at)
    if source.quiet_after is not None:
        words = f"set: silent after {source.quiet_after.total_seconds() / 60:g} minutes"
    elif not source.rhythm:
        words = "switched off: silences are not looked for"
    elif not hours:
        words = "not known: nothing was ever read"
    elif not rhythm.knows(known_at):
        words = f"not known yet: {days} days of history, {7 * LEAST_WEEKS} are needed"
    elif not rhythm.ever_speaks(known_at):
        words = "too irregular to tell a silence within a week: set quiet_after_minutes"
    else:
        words = f"learnt from {min(days, 56)} days"
    return {
        "source": source.name,
        "rhythm": words,
        "usual_events_this_hour": _this_hour(rhythm, now) if rhythm.knows(known_at) else None,
        "events": sum(hour.events for hour in hours.values()),
        "last_hour_with_events": last,
    }


def _this_hour(rhythm: Rhythm, now: datetime) -> int:
    begin = now.replace(minute=0, second=0, microsecond=0)
    return int(rhythm.usual_events(begin, begin + timedelta(hours=1)))


def _print(rhythms: list[dict[str, Any]], found: tuple[Gap, ...], looked_at: datetime | None) -> None:
    rows = [
        (
            rhythm["source"],
            count(rhythm["events"]),
            london(rhythm["last_hour_with_events"], seconds=False),
            "-" if (usual := rhythm["usual_events_this_hour"]) is None else count(usual),
            rhythm["rhythm"],
        )
        for rhythm in rhythms
    ]
    columns = ("source", "events", "last hour with events", "usual this hour", "rhythm")
    print_table(columns, rows, right=("events", "usual this hour"))
    click.echo()
    print_table(("gap", "source", "state", "what"), [_row(gap) for gap in found])
    daemon = f"the daemon last looked at {london(looked_at)}" if looked_at else "no daemon has ever looked"
    click.echo(clean(f"{count(len(found))} gaps; {daemon}"))


def _row(gap: Gap) -> tuple[str, ...]:
    filled = f" at {london(gap.filled_at, seconds=False)}" if gap.filled_at else ""
    return gap.gap_id[:8], gap.source, f"{gap.state}{filled}", gap.sentence
