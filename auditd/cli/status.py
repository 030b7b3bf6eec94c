"""`access-auditd status`: where sources, feeds, detectors and alerts stand. Without personal data."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from auditd.cli.context import BAD_ANSWER, State, open_state
from auditd.cli.output import clean, count, london, print_json, print_table
from detectors.gaps import GAP_KINDS

if TYPE_CHECKING:
    from sqlalchemy import Connection

FUTURE_DAYS: Final = timedelta(days=7)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show sources, feeds, detectors, authorities, archive and alerts as the database has them.

    Exit status 1 when files of the archive are lost or damaged, or database and archive are not of each other.
    """
    from alerts.suppressions import warnings
    from auditd.cli.status_alerts import alert_counts, suppression_counts, verdict_counts
    from auditd.database import reading

    state = open_state(ctx)
    with reading(state.engine) as conn:
        status = {
            "daemon": "running" if _running(state) else "not running",
            "sources": _sources(state, conn),
            "feeds": _feeds(state, conn),
            "detectors": _detectors(state, conn),
            "archive": _archive(conn),
            "alerts": alert_counts(conn),
            "verdicts": verdict_counts(conn),
            "suppressions": suppression_counts(conn, state.now()),
            "suppression_warnings": warnings(conn, state.now()),
            "damage": (damage := _damage(state)),
        }
    if as_json:
        print_json(status)
    else:
        _print(status)
        _print_damage(damage)
    if damage:
        ctx.exit(BAD_ANSWER)


def _damage(state: State) -> list[dict[str, str]]:
    """Return what is wrong with archive and database, and what to do."""
    from auditd.engine.soundness import StateDamaged, check_pair

    try:
        check_pair(state.archive, state.engine)
    except StateDamaged as error:
        return [{"what": str(error), "hint": error.hint}]
    if not (lost := state.archive.damaged()):
        return []
    hint = "restore them from a backup; what rests on them is not judged until they are back: "
    return [
        {
            "what": f"{count(len(lost))} files of the archive are gone or damaged",
            "hint": hint + ", ".join(segment.path for segment in lost[:5]) + (", ..." if lost[5:] else ""),
        }
    ]


def _print_damage(damage: list[dict[str, str]]) -> None:
    for one in damage:
        click.echo(f"error: {one['what']}\nhint: {one['hint']}", err=True)


def _running(state: State) -> bool:
    """Whether a writing process holds the state: asked by trying to take its lock."""
    from auditd.engine.lock import StateInUse, StateLock

    try:
        with StateLock(state.config.storage.archive, state.engine):
            return False
    except StateInUse:
        return True


def _sources(state: State, conn: Connection) -> list[dict[str, Any]]:
    from auditd.archive.accounts import load_accounts, load_cursors
    from auditd.cli.accounts import file_size
    from auditd.gaps.book import gaps_between
    from auditd.health.strangers import last_day_shares
    from auditd.quality.book import future_counts
    from auditd.quality.clocks import clocks_between
    from auditd.tail.whereabouts import whereabouts

    accounts = load_accounts(conn)
    gaps = [gap for gap in gaps_between(conn, None, None, None) if gap.state == "open"]
    unfinished = [cursor for cursor in load_cursors(conn) if not cursor.finished]
    sizes = {c.file: file_size(Path(place)) or 0 for c in unfinished if (place := whereabouts(c))}
    people = last_day_shares(conn, {source.name for source in state.config.sources})
    today = state.now().date()
    yesterday = (today - timedelta(days=1)).isoformat()
    clocks = {clock.source: clock for clock in clocks_between(conn, yesterday, today.isoformat())}
    future = future_counts(conn, since=(today - FUTURE_DAYS).isoformat())
    shown = []
    for source in state.config.sources:
        mine = [account for account in accounts if account.source == source.name]
        waiting = sum(max(sizes.get(account.file, 0) - account.offset, 0) for account in mine)
        shown.append(
            {
                "source": source.name,
                "format": source.format.name,
                "files": len(mine),
                "lines": sum(a.tally.lines for a in mine),
                "events": sum(a.tally.events for a in mine),
                "rejects": sum(sum(a.tally.rejects.values()) for a in mine),
                "lost_bytes": sum(a.tally.lost_bytes for a in mine),
                "bytes_waiting": waiting,
                "last_read_at": max((a.last_read_at for a in mine), default=None),
                "balances": all(a.tally.balances for a in mine),
                "unknown_people": unknown[1] / unknown[0] if (unknown := people.get(source.name)) else None,
                "clock_seconds": clocks[source.name].delay.total_seconds() if source.name in clocks else None,
                "future_events": future.get(source.name, 0),
                "warnings": sorted({gap.kind for gap in gaps if gap.source == source.name}),
            }
        )
    return shown


def _feeds(state: State, conn: Connection) -> list[dict[str, Any]]:
    from auditd.cli.feed_health import feed_health

    return [
        {
            "name": one["name"],
            "feed": one["feed"],
            "rows": one["known_rows"],
            "delivered_rows": one["rows"],
            "rejected_rows": one["rejected_rows"],
            "loaded_at": one["delivered_at"],
            "age_seconds": one["age_seconds"],
            "problem": one["problem"],
        }
        for one in feed_health(conn, state.config.feeds, state.now())
    ]


def _detectors(state: State, conn: Connection) -> list[dict[str, Any]]:
    from sqlalchemy import func, select

    from alerts.authority import live_authorities
    from alerts.models import FindingRow
    from alerts.shadow_tables import ShadowFindingRow
    from auditd.engine.tables import DirtyRow, JudgedRow

    judged = {row.detector: row.judged_until for row in conn.execute(select(JudgedRow))}
    dirty = dict(conn.execute(select(DirtyRow.detector, func.count()).group_by(DirtyRow.detector)).all())
    active = dict(
        conn.execute(
            select(FindingRow.detector, func.count())
            .where(FindingRow.state == "active")
            .group_by(FindingRow.detector)
        ).all()
    )
    tried = conn.execute(select(ShadowFindingRow.run, func.count()).group_by(ShadowFindingRow.run))
    active |= {f"shadow:{run}": findings for run, findings in tried}
    shown = []
    for chosen in (*state.config.chosen, *state.config.shadows):
        name = chosen.detector.name
        needed = chosen.detector.about.needs_authority
        live = live_authorities(conn, name, state.now()) if needed else ()
        permitted = "on" if not needed else "authorised" if live else "not authorised"
        key = f"shadow:{chosen.run}" if chosen.run else name
        shown.append(
            {
                "detector": key,
                "state": permitted,
                "authorities": [authority.authority_id for authority in live],
                "judged_until": judged.get(key),
                "spans_to_judge_again": dirty.get(key, 0),
                "findings": active.get(key, 0),
            }
        )
    return shown


def _archive(conn: Connection) -> list[dict[str, Any]]:
    from auditd.archive.manifest import totals

    return [
        {"family": family, "rows": rows, "bytes": size, "segments": segments}
        for family, (rows, size, segments) in sorted(totals(conn).items())
    ]


def _print(status: dict[str, Any]) -> None:
    click.echo(f"daemon: {status['daemon']}")
    for source in status["sources"]:
        for kind in source["warnings"]:
            click.echo(f"WARNING: {source['source']}: {GAP_KINDS[kind]} (access-auditd gaps)")
        _warn_of_clock(source)
    for feed in status["feeds"]:
        if feed["problem"]:
            click.echo(f"WARNING: {feed['name']}: {clean(feed['problem'])} (access-auditd feed list)")
    for warning in status["suppression_warnings"]:
        click.echo(f"WARNING: {warning} (access-auditd suppress list)")
    for part in ("sources", "feeds", "detectors", "archive", "alerts", "verdicts", "suppressions"):
        rows = status[part]
        click.echo(f"\n{part}")
        if not rows:
            click.echo("  none")
            continue
        columns = [column for column in rows[0] if column != "problem"]  # told above
        numbers = [
            c
            for c in columns
            if all(isinstance(row[c], int) and not isinstance(row[c], bool) for row in rows)
        ]
        print_table(
            [c.replace("_", " ") for c in columns],
            [[_shown(row[c], share=c == "unknown_people") for c in columns] for row in rows],
            right=[c.replace("_", " ") for c in numbers],
        )


def _warn_of_clock(source: dict[str, Any]) -> None:
    from auditd.quality.clocks import AHEAD

    name, delay, future = source["source"], source["clock_seconds"], source["future_events"]
    if delay is not None and -delay > AHEAD.total_seconds():
        click.echo(
            f"WARNING: {name}: its clock is {-delay:,.0f} seconds ahead of ours (access-auditd quality)"
        )
    if future:
        click.echo(
            f"WARNING: {name}: {count(future)} events are dated after they were read (access-auditd quality)"
        )


def _shown(value: Any, *, share: bool = False) -> str:
    from datetime import datetime

    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, datetime):
        return london(value)
    if isinstance(value, float) and share:
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:,.0f}"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return "-" if value is None else str(value)
