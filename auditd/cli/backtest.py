"""`access-auditd alerts backtest` and `alerts verdicts`: what a budget would have shown, and what people made of alerts.

It must never change anything: verdicts are shown, and move neither score nor detector.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from auditd.cli.context import CliError, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import count, print_json, print_table

if TYPE_CHECKING:
    from auditd.evaluation.backtest import Backtest

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.option(
    "--budget", type=click.IntRange(min=1), default=20, show_default=True, help="Alerts looked at a day."
)
@click.option("--from", "start", type=MOMENT, help="Start of the events.  [default: the first finding]")
@click.option(
    "--to", "end", type=MOMENT, help="End of the events, not included.  [default: the last finding]"
)
@_json
@click.pass_context
def backtest(
    ctx: click.Context, /, *, budget: int, start: datetime | None, end: datetime | None, as_json: bool
) -> None:
    """Say which alerts a number a day would have shown of the past, and how old the others grow.

    Each day the first of what waits is looked at, in the order of the score, and is then done with. Where people have
    closed alerts, what they decided says how much of the right would have been seen. Nothing is changed.
    """
    from alerts.verdicts import verdict_of_findings
    from auditd.database import reading
    from auditd.evaluation.backtest import backtest as go_through
    from auditd.evaluation.caught import Gathering
    from auditd.evaluation.found import standing_findings

    if start is not None and end is not None and start >= end:
        raise CliError("--from must come before --to")
    state = open_state(ctx)
    detectors = [one for one in state.config.detectors() if one.about.audience != "soc"]
    with reading(state.engine) as conn:
        found = standing_findings(conn, [one.name for one in detectors])
        said = verdict_of_findings(conn)
    within = [
        one for one in found if (not start or one.timestamp >= start) and (not end or one.timestamp < end)
    ]
    report = go_through(within, Gathering.of(detectors, state.config.score), budget=budget, verdicts=said)
    if as_json:
        print_json(report)
    else:
        _print(report)


@click.command()
@_json
@click.pass_context
def verdicts(ctx: click.Context, /, *, as_json: bool) -> None:
    """Show how often people found something in each detector's alerts. It is shown, and changes nothing."""
    from dataclasses import asdict

    from alerts.verdicts import verdicts as verdicts_of
    from auditd.database import reading

    with reading(open_state(ctx).engine) as conn:
        found = verdicts_of(conn)
    if as_json:
        print_json([asdict(one) | {"precision": one.precision} for one in found])
        return
    columns = ("detector", "right", "wrong", "undecided", "precision")
    rows = [
        (one.detector, count(one.right), count(one.wrong), count(one.undecided), _share(one.precision))
        for one in found
    ]
    print_table(columns, rows, right=columns[1:])


def _print(report: Backtest) -> None:
    columns = ("day", "new or grown", "shown", "waiting", "oldest, days")
    rows = [
        (one.day.isoformat(), count(one.new), count(one.shown), count(one.waiting), count(one.oldest))
        for one in report.days
    ]
    print_table(columns, rows, right=columns[1:])
    waited = (
        "-" if report.median_waited is None else f"{report.median_waited:g} (longest {report.longest_waited})"
    )
    click.echo(
        f"\n{count(len(report.shown))} alerts shown at {report.budget} a day, {count(report.never_shown)} never; "
        f"days waited, in the middle: {waited}"
    )
    if report.right:
        click.echo(
            f"of {count(report.right)} alerts that people found right, {count(report.right_shown)} shown"
        )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
