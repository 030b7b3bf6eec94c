"""`access-auditd authority`: grant, list and revoke permissions to use contact lists.

It must never grant without a purpose, a reason, a person who decides, an end and a review.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerts.vocabulary import PURPOSES
from auditd.cli.acting import by_option, refusals
from auditd.cli.context import open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import clean, london, print_json, print_table

if TYPE_CHECKING:
    from alerts.authority import Authority


@click.group()
def command() -> None:
    """Grant, list and revoke authorities: without a live one, detectors that use contact lists find nothing."""


@command.command()
@click.option("--purpose", type=click.Choice(list(PURPOSES)), required=True, help="What it may be used for.")
@click.option("--reason", required=True, help="Why it is necessary, in words.")
@click.option("--detector", "detectors", multiple=True, required=True, help="What may run; may be repeated.")
@click.option(
    "--outlet",
    "outlets",
    multiple=True,
    help="Only this outlet, or this watch-list; may be repeated.  [default: all outlets, no watch-list]",
)
@click.option(
    "--person", "people", multiple=True, help="Only this staff id; may be repeated.  [default: all]"
)
@click.option("--from", "start", type=MOMENT, help="Start of the events it covers.  [default: now]")
@click.option("--to", "end", type=MOMENT, help="End of the events it covers.  [default: when it expires]")
@click.option("--expires", type=MOMENT, required=True, help="When it ends: within a year.")
@click.option(
    "--review-by",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="When somebody asks whether it is still right.",
)
@by_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def grant(
    ctx: click.Context,
    /,
    *,
    start: datetime | None,
    end: datetime | None,
    expires: datetime,
    review_by: datetime,
    by: str,
    as_json: bool,
    **scope: Any,
) -> None:
    """Grant an authority. What it covers: events from --from to --to, of the people and outlets named (or all)."""
    from alerts.authority import AuthorityError
    from alerts.authority import grant as grant_authority

    state = open_state(ctx)
    now = state.now()
    with refusals(AuthorityError), state.engine.begin() as conn:
        granted = grant_authority(
            conn,
            **scope,
            events_from=start or now,
            events_to=end or expires,
            granted_by=by,
            granted_at=now,
            expires_at=expires,
            review_by=review_by.date(),
            known_detectors=[name for name, kind in state.config.known.items() if kind.about.needs_authority],
        )
    _tell(granted, f"granted, until {london(granted.expires_at, seconds=False)}", now, as_json=as_json)


@command.command("list")
@click.option("--live", "only_live", is_flag=True, help="Only those that may be used now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_(ctx: click.Context, /, *, only_live: bool, as_json: bool) -> None:
    """List authorities, the newest first."""
    from alerts.authority import list_authorities
    from auditd.database import reading

    state = open_state(ctx)
    now = state.now()
    with reading(state.engine) as conn:
        found = [a for a in list_authorities(conn) if a.live(now) or not only_live]
    if as_json:
        print_json([_entry(authority, now) for authority in found])
        return
    columns = (
        "authority",
        "state",
        "detectors",
        "scope",
        "purpose",
        "granted by",
        "expires",
        "review by",
        "reason",
    )
    print_table(columns, [_row(authority, now) for authority in found])


@command.command()
@click.argument("authority")
@click.option("--reason", required=True, help="Why it ends, in words.")
@by_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def revoke(ctx: click.Context, /, *, authority: str, reason: str, by: str, as_json: bool) -> None:
    """End an authority at once. What was found under it stays."""
    from alerts.authority import AuthorityError
    from alerts.authority import revoke as revoke_authority

    state = open_state(ctx)
    now = state.now()
    with refusals(AuthorityError), state.engine.begin() as conn:
        ended = revoke_authority(conn, authority, by=by, reason=reason, now=now)
    _tell(ended, "revoked", now, as_json=as_json)


def _tell(authority: Authority, done: str, now: datetime, *, as_json: bool) -> None:
    if as_json:
        print_json(_entry(authority, now))
    else:
        click.echo(f"{authority.authority_id} {done}")


def _entry(authority: Authority, now: datetime) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(authority) | {"state": authority.state(now)}


def _row(authority: Authority, now: datetime) -> tuple[str, ...]:
    covered = (
        f"{london(authority.events_from, seconds=False)} to {london(authority.events_to, seconds=False)}"
    )
    outlets = ", ".join(authority.outlets) or "all outlets"
    people = ", ".join(authority.people) or "all people"
    return (
        authority.authority_id,
        authority.state(now),
        ", ".join(authority.detectors),
        f"{covered}; {people}; {outlets}",
        PURPOSES[authority.purpose],
        authority.granted_by,
        london(authority.expires_at, seconds=False),
        authority.review_by.isoformat(),
        clean(authority.reason),
    )
