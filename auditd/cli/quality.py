"""`access-auditd quality`: what each source's events tell, day by day, and how its clock stands.

It must never show a value of a log line: shares, counts and names of columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from auditd.cli.context import CliError, State, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import clean, count, print_json, print_table

if TYPE_CHECKING:
    from auditd.quality.book import Day
    from auditd.quality.clocks import Clock
    from auditd.quality.profile import Profile

USUAL_DAYS: Final = timedelta(days=28)
LAST_DAY: Final = "9999-12-31"  # days that have not come yet have events where a clock is wrong


@click.command()
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--from", "start", type=MOMENT, help="From the UTC day of this time on; else the last 28 days.")
@click.option("--to", "end", type=MOMENT, help="Only days that begin before this time; else until now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, every day on its own too.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    sources: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    as_json: bool,
) -> None:
    """Show what share of each source's events says who, when, what, why and from where.

    Below the table: columns that are never filled or always the same, what changed and since when, how the source's
    clock stands, and events dated after they were read. Days are UTC. What the daemon has not counted yet is counted now.
    """
    from auditd.database import reading
    from auditd.quality.clocks import clocks_between

    state = open_state(ctx)
    _check(state, sources)
    until = end or state.now()
    since = start or until - USUAL_DAYS
    if since >= until:
        raise CliError("--from is not before --to", hint="times without a zone are of London")
    first, last = since.date().isoformat(), (until - timedelta(microseconds=1)).date().isoformat()
    days = _days(state, first, last if end else LAST_DAY, sources)
    with reading(state.engine) as conn:
        clocks = clocks_between(conn, first, last, sources=sources or None)
    found = [_entry(own, clocks, last) for own in _by_place(days).values()]
    if as_json:
        print_json({"from": first, "to": last, "sources": found})
    else:
        _print(found, first, last)


def _check(state: State, names: tuple[str, ...]) -> None:
    known = [source.name for source in state.config.sources]
    if unknown := [name for name in names if name not in known]:
        raise CliError(f"there is no source {unknown[0]!r}", hint=f"sources: {', '.join(known) or 'none'}")


def _days(state: State, first: str, last: str, sources: Sequence[str]) -> list[Day]:
    """Return the days that were counted, and count those of which the archive has other events now."""
    from auditd.database import reading
    from auditd.quality import book
    from auditd.quality.counting import count_day
    from auditd.quality.keeper import stale

    with reading(state.engine) as conn:
        stored = book.days_between(conn, first, last, sources=sources or None)
        counted = book.counted_rows(conn)
    again = [place for place in stale(state.archive, counted) if first <= place[1] <= last]
    days = [day for day in stored if (day.family, day.day) not in again]
    for family, day in again:
        profiles = count_day(state.archive, family, day)
        days += [
            book.Day(source, family, day, profile)
            for source, profile in profiles.items()
            if not sources or source in sources
        ]
    return sorted(days, key=lambda one: (one.source, one.family, one.day))


def _by_place(days: Sequence[Day]) -> dict[tuple[str, str], list[Day]]:
    found: dict[tuple[str, str], list[Day]] = defaultdict(list)
    for day in days:
        found[day.source, day.family].append(day)
    return found


def _entry(every: Sequence[Day], clocks: Sequence[Clock], last: str) -> dict[str, Any]:
    """Return everything about one source and family, whose days these are; of those after the last, how many events."""
    from auditd.quality.changes import changes_of
    from auditd.quality.profile import Profile

    days = [day for day in every if day.day <= last] or every
    whole = sum((day.profile for day in days), Profile())
    mine = [clock for clock in clocks if clock.source == days[0].source]
    return {
        "source": days[0].source,
        "family": days[0].family,
        "events": whole.events,
        "first_day": days[0].day,
        "last_day": days[-1].day,
        "shares": _shares(whole),
        "filled": {name: filled.events / whole.events for name, filled in whole.fields.items()},
        "never_filled": [name for name, filled in whole.fields.items() if not filled.events],
        "always_the_same": [name for name, filled in whole.fields.items() if filled.mark is not None],
        "changes": changes_of(days),
        "future_events": sum(day.profile.future for day in every),
        "clock": [
            {
                "day": clock.day,
                "delay_seconds": clock.delay.total_seconds(),
                "least_seconds": clock.least.total_seconds(),
                "most_seconds": clock.most.total_seconds(),
                "measured_at": clock.measured_at,
            }
            for clock in mine
        ],
        "days": [
            {"day": day.day, "events": day.profile.events, "shares": _shares(day.profile)} for day in days
        ],
    }


def _shares(profile: Profile) -> dict[str, float]:
    return {aspect: told / profile.events for aspect, told in profile.aspects.items()}


def _print(found: Sequence[dict[str, Any]], first: str, last: str) -> None:
    from parsers.aspects import ASPECTS

    rows = [
        (
            entry["source"],
            entry["family"],
            count(entry["events"]),
            *(_percent(entry["shares"].get(aspect)) for aspect in ASPECTS),
        )
        for entry in found
    ]
    print_table(("source", "family", "events", *ASPECTS), rows, right=("events", *ASPECTS))
    for entry in found:
        click.echo(f"\n{clean(entry['source'])} ({entry['family']})")
        for line in _lines(entry):
            click.echo(f"  {line}")
    click.echo(f"\nevents of {first} to {last}, UTC days" if found else f"no events from {first} to {last}")


def _lines(entry: dict[str, Any]) -> list[str]:
    lines = [
        f"{change.what}: {_percent(change.before)} -> {_percent(change.after)} since {_day(change.since)}"
        for change in entry["changes"]
    ]
    lines += [
        f"{words}: {', '.join(entry[key])}"
        for key, words in (("never_filled", "never filled"), ("always_the_same", "always the same"))
        if entry[key]
    ]
    if entry["clock"]:
        lines.append(_clock_words(entry["clock"][-1]))
    if entry["future_events"]:
        lines.append(
            f"{count(entry['future_events'])} events are dated more than 5 minutes after they were read"
        )
    return lines


def _clock_words(clock: dict[str, Any]) -> str:
    delay = clock["delay_seconds"]
    if delay < 0:
        return f"clock: {-delay:,.1f} s ahead of ours on {_day(clock['day'])}"
    return f"clock: lines arrived {delay:,.1f} s after their time at the earliest on {_day(clock['day'])}"


def _percent(share: float | None) -> str:
    """Return a share in per cent; what is not quite all or nothing never looks like it."""
    if share is None:
        return "-"
    rounded = round(100 * share, 1)
    if rounded == 100 and share < 1:
        return ">99.9%"
    if rounded == 0 and share > 0:
        return "<0.1%"
    return f"{rounded:.1f}%"


def _day(day: str) -> str:
    moment = datetime.fromisoformat(day)
    return f"{moment:%a} {moment.day} {moment:%b %Y}"
