"""`access-auditd suppress`: patterns known to be good, proposed by one person, approved by another, until they expire.

It must never suppress what nobody asked for, nor without an end.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.acting import by_option, refusals
from auditd.cli.context import CliError, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import count, london, print_json, print_table

if TYPE_CHECKING:
    from alerts.suppressions import Suppression

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Keep back findings that are known to be good: they are stored, marked, counted, and make no alert."""


@command.command()
@click.option("--detector", "detectors", multiple=True, help="Only of this detector; may be repeated.")
@click.option("--person", "people", multiple=True, help="About this staff id, or identifier as kind:value.")
@click.option("--unit", "units", multiple=True, help="About people of this unit, as the staff feed has it.")
@click.option("--subject", "subjects", multiple=True, help="On this subject, as type:key.")
@click.option("--outlet", "outlets", multiple=True, help="With this outlet.")
@click.option("--number", "numbers", multiple=True, help="With this telephone number or mail address.")
@click.option("--terminal", "terminals", multiple=True, help="From this terminal.")
@click.option("--reason", required=True, help="Why this is good, in words.")
@click.option("--expires", type=MOMENT, required=True, help="When it ends: within a year.")
@by_option
@_json
@click.pass_context
def add(
    ctx: click.Context, /, *, reason: str, expires: datetime, by: str, as_json: bool, **given: tuple[str, ...]
) -> None:
    """Propose a suppression. It keeps nothing back until another person approves it.

    Every kind of condition that is given must fit a finding, one of its values. Each may be repeated.
    """
    from alerts.conditions import ConditionError, canonical
    from alerts.suppressions import SuppressionError
    from alerts.suppressions import add as add_suppression

    state = open_state(ctx)
    known = {*state.config.known}
    if unknown := sorted(set(given["detectors"]) - known):
        raise CliError(
            f"no such detector: {', '.join(unknown)}", hint=f"there are {', '.join(sorted(known))}"
        )
    with refusals(ConditionError):
        wanted = canonical(given, state.config.force)
    now = state.now()
    with refusals(SuppressionError), state.engine.begin() as conn:
        made = add_suppression(conn, wanted, by=by, reason=reason, expires_at=expires, now=now)
    _tell(
        made,
        f"proposed, until {london(made.expires_at, seconds=False)}: another person has to approve it",
        now,
        as_json=as_json,
    )


@command.command()
@click.argument("suppression")
@by_option
@_json
@click.pass_context
def approve(ctx: click.Context, /, *, suppression: str, by: str, as_json: bool) -> None:
    """Have a suppression count from now on, for past alerts too. Who approves is not who proposed it."""
    from alerts.suppressions import SuppressionError
    from alerts.suppressions import approve as approve_suppression

    state = open_state(ctx)
    now = state.now()
    with refusals(SuppressionError), state.engine.begin() as conn:
        found = approve_suppression(conn, suppression, by=by, now=now)
    _tell(found, f"approved, until {london(found.expires_at, seconds=False)}", now, as_json=as_json)


@command.command()
@click.argument("suppression")
@click.option("--reason", required=True, help="Why it ends, in words.")
@by_option
@_json
@click.pass_context
def revoke(ctx: click.Context, /, *, suppression: str, reason: str, by: str, as_json: bool) -> None:
    """End a suppression at once. What it alone kept back becomes alerts."""
    from alerts.suppressions import SuppressionError
    from alerts.suppressions import revoke as revoke_suppression

    state = open_state(ctx)
    now = state.now()
    with refusals(SuppressionError), state.engine.begin() as conn:
        found = revoke_suppression(conn, suppression, by=by, reason=reason, now=now)
    _tell(found, "revoked", now, as_json=as_json)


@command.command("list")
@click.option("--live", "only_live", is_flag=True, help="Only those that count now.")
@_json
@click.pass_context
def list_(ctx: click.Context, /, *, only_live: bool, as_json: bool) -> None:
    """List suppressions, the newest first, with how many findings each keeps back."""
    from alerts.suppressions import list_suppressions, suppressed_counts
    from auditd.database import reading

    state = open_state(ctx)
    now = state.now()
    with reading(state.engine) as conn:
        found = [one for one in list_suppressions(conn) if one.state(now) == "live" or not only_live]
        counts = suppressed_counts(conn)
    if as_json:
        print_json([_entry(one, now) | {"findings": counts.get(one.suppression_id, 0)} for one in found])
        return
    columns = (
        "suppression",
        "state",
        "findings",
        "conditions",
        "added by",
        "approved by",
        "expires",
        "reason",
    )
    rows = [
        (
            one.suppression_id, one.state(now), count(counts.get(one.suppression_id, 0)),
            one.conditions.words() if one.conditions else "cannot be read", one.author, one.approved_by or "-",
            london(one.expires_at, seconds=False), one.reason,
        )
        for one in found
    ]  # fmt: skip
    print_table(columns, rows, right=("findings",))


def _entry(one: Suppression, now: datetime) -> dict[str, Any]:
    from dataclasses import asdict

    told = one.conditions.entry() if one.conditions else None
    return asdict(one) | {"conditions": told, "state": one.state(now)}


def _tell(one: Suppression, done: str, now: datetime, *, as_json: bool) -> None:
    if as_json:
        print_json(_entry(one, now))
    else:
        click.echo(f"{one.suppression_id} {done}")
