"""`access-auditd alerts`: list and read alerts, and handle them by name.

It must never change an alert without saying who did, nor over a change its user has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from alerts.vocabulary import ALERT_STATES, CATEGORIES, OUTCOMES
from auditd.cli.acting import by_option, refusals, slugs
from auditd.cli.backtest import backtest, verdicts
from auditd.cli.context import State, open_state
from auditd.cli.output import clean, count, print_json, print_table
from detectors.concern import CONCERNS

if TYPE_CHECKING:
    from alerts.desk import Alert
    from alerts.difference import StoredFinding
    from auditd.cli.context import RawLine
    from auditd.gaps.book import Gap
    from detectors.detector import Detector

_OUTCOMES: Final = slugs(OUTCOMES)
_CATEGORIES: Final = slugs(CATEGORIES)
_SEVERITIES: Final = ("low", "medium", "high", "critical")

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_version = click.option(
    "--version", type=int, help="Act only if the alert still is as you saw it (see show --json)."
)


@click.group()
def command() -> None:
    """List, read and handle alerts. Every action is kept, with who and when."""


command.add_command(backtest)
command.add_command(verdicts)


@command.command("list")
@click.option("--state", type=click.Choice(ALERT_STATES), help="Only this state.  [default: not closed]")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@click.option("--severity", type=click.Choice(_SEVERITIES), help="At least this severe.")
@click.option("--concern", type=click.Choice(list(CONCERNS)), help="Only of this concern.")
@click.option("--detector", help="Only those in which a finding of this detector stands.")
@click.option("--person", help="Only about this staff id, or identifier as kind:value.")
@click.option("--assignee", help="Only assigned to this person.")
@click.option(
    "--order",
    type=click.Choice(["score", "severity", "newest", "oldest"]),
    default="score",
    show_default=True,
    help="Order.",
)
@_json
@click.pass_context
def list_(
    ctx: click.Context,
    /,
    *,
    state: str | None,
    everything: bool,
    severity: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """List alerts, those with most points first: `alerts show` says what each point is for."""
    from alerts.desk import list_alerts
    from auditd.cli.alert_text import alert_entry
    from auditd.database import reading
    from detectors.finding import Severity

    opened = open_state(ctx)
    filters["state"] = state or (None if everything else "not closed")
    filters["severity"] = Severity[severity.upper()].value if severity else None
    with reading(opened.engine) as conn:
        alerts = list_alerts(conn, **filters)
    if as_json:
        print_json([alert_entry(alert) for alert in alerts])
        return
    _print_list(opened, alerts)


@command.command()
@click.argument("alert")
@click.option(
    "--most", type=click.IntRange(min=0), default=20, show_default=True, help="How many findings to show."
)
@_json
@click.pass_context
def show(ctx: click.Context, /, *, alert: str, most: int, as_json: bool) -> None:
    """Read one alert: what was found in plain sentences, the raw lines behind it, and its history."""
    from alerts.desk import AlertError
    from alerts.desk import show as show_alert
    from auditd.cli.alert_text import Reader, gravest_first, printed, view_entry, view_lines
    from auditd.database import reading

    state = open_state(ctx)
    with refusals(AlertError), reading(state.engine) as conn:
        view = show_alert(conn, alert)
    shown = view.findings if as_json else gravest_first(view.findings)[:most]
    detectors = _detectors(state)
    reader = Reader(state.naming(), detectors, _evidence(state, shown), _gaps(state, detectors, shown))
    if as_json:
        print_json(view_entry(view, reader))
    else:
        printed(view_lines(view, reader, most=most))


@command.command()
@click.argument("alert")
@click.option("--to", help="To whom.  [default: who acts]")
@by_option
@_version
@_json
@click.pass_context
def assign(ctx: click.Context, /, *, alert: str, to: str | None, by: str, **rest: Any) -> None:
    """Give an alert to somebody."""
    from alerts import desk

    _do(ctx, partial(desk.assign, alert_id=alert, to=by if to is None else to, by=by), **rest)


@command.command()
@click.argument("alert")
@by_option
@_version
@_json
@click.pass_context
def review(ctx: click.Context, /, *, alert: str, by: str, **rest: Any) -> None:
    """Take an open alert into review."""
    from alerts import desk

    _do(ctx, partial(desk.start_review, alert_id=alert, by=by), **rest)


@command.command()
@click.argument("alert")
@click.argument("text")
@by_option
@_version
@_json
@click.pass_context
def note(ctx: click.Context, /, *, alert: str, text: str, by: str, **rest: Any) -> None:
    """Write a note on an alert."""
    from alerts import desk

    _do(ctx, partial(desk.note, alert_id=alert, text=text, by=by), **rest)


@command.command()
@click.argument("alert")
@click.option("--outcome", type=click.Choice(list(_OUTCOMES)), required=True, help="What comes of it.")
@click.option(
    "--category", type=click.Choice(list(_CATEGORIES)), help="National category.  [default: the alert's]"
)
@click.option("--rationale", required=True, help="Why, in words.")
@by_option
@_version
@_json
@click.pass_context
def close(
    ctx: click.Context,
    /,
    *,
    alert: str,
    outcome: str,
    category: str | None,
    rationale: str,
    by: str,
    **rest: Any,
) -> None:
    """Close an alert, with outcome, category and why."""
    from alerts import desk

    action = partial(
        desk.close,
        alert_id=alert,
        outcome=_OUTCOMES[outcome],
        category=_CATEGORIES[category] if category else None,
        rationale=rationale,
        by=by,
    )
    _do(ctx, action, **rest)


@command.command()
@click.argument("alert")
@click.option("--reason", required=True, help="Why, in words.")
@by_option
@_version
@_json
@click.pass_context
def reopen(ctx: click.Context, /, *, alert: str, reason: str, by: str, **rest: Any) -> None:
    """Open a closed alert again."""
    from alerts import desk

    _do(ctx, partial(desk.reopen, alert_id=alert, reason=reason, by=by), **rest)


def _do(ctx: click.Context, action: Callable[..., Alert], *, version: int | None, as_json: bool) -> None:
    from alerts.desk import AlertError
    from auditd.cli.alert_text import alert_entry

    state = open_state(ctx)
    with refusals(AlertError), state.engine.begin() as conn:
        alert = action(conn, now=state.now(), version=version)
    if as_json:
        print_json(alert_entry(alert))
        return
    assigned = f", assigned to {alert.assignee}" if alert.assignee else ""
    outcome = f": {alert.outcome}" if alert.outcome else ""
    click.echo(clean(f"{alert.alert_id} is {alert.state.replace('_', ' ')}{outcome}{assigned}"))


def _evidence(state: State, findings: Sequence[StoredFinding]) -> Mapping[str, RawLine]:
    """Return the raw lines behind findings; a finding's evidence lies within its detector's reach."""
    if not findings:
        return {}
    detectors = _detectors(state)
    reach = max((d.before + d.after for d in detectors.values()), default=timedelta(0)) + timedelta(days=1)
    times = [finding.record.timestamp for finding in findings]
    event_ids = {event_id for finding in findings for event_id in finding.record.event_ids}
    return state.raw_lines(sorted(event_ids), start=min(times) - reach, end=max(times) + reach)


def _gaps(
    state: State, detectors: Mapping[str, Detector], findings: Sequence[StoredFinding]
) -> Mapping[str, Sequence[Gap]]:
    """Return the gaps that touch what findings rest on: of sources their detector reads, within its reach of them."""
    from auditd.database import reading
    from auditd.gaps.book import gaps_between
    from detectors.gaps import GAP_KINDS

    found: dict[str, Sequence[Gap]] = {}
    with reading(state.engine) as conn:
        for finding in findings:
            detector = detectors.get(finding.detector)
            if detector is None or not detector.reads:
                continue
            sources = [s.name for s in state.config.sources if set(s.format.families) & set(detector.reads)]
            when = finding.record.timestamp
            start, end = when - detector.recalls, when + detector.after + timedelta(microseconds=1)
            kinds = GAP_KINDS.keys() - {"down"}  # what was written meanwhile was read afterwards
            found[finding.record.finding_id] = gaps_between(conn, sources, start, end, kinds=kinds)
    return found


def _detectors(state: State) -> dict[str, Any]:
    """Every installed detector by name, with its settings where it is switched on."""
    plain = {name: kind() for name, kind in state.config.known.items()}
    return plain | {detector.name: detector for detector in state.config.detectors()}


def _print_list(state: State, alerts: tuple[Alert, ...]) -> None:
    from auditd.cli.alert_text import severity_word, when

    naming = state.naming()
    columns = (
        "alert",
        "score",
        "severity",
        "state",
        "about",
        "what",
        "findings",
        "last event",
        "assigned to",
    )
    rows = [
        (
            alert.alert_id,
            count(alert.score),
            severity_word(alert.severity),
            alert.outcome or alert.state.replace("_", " "),
            naming.person(alert.staff_id, alert.actor),
            alert.title,
            count(alert.finding_count),
            when(alert.last_event_at),
            alert.assignee or "-",
        )
        for alert in alerts
    ]
    print_table(columns, rows, right=("score", "findings"))
