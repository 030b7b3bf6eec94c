"""`access-auditd uses`: who looked personal data up, for which purpose, and why. For oversight.

It must never leave a use out: what is asked for is shown whole.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerts.vocabulary import PURPOSES
from auditd.cli.context import open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import london, print_json, print_table

if TYPE_CHECKING:
    from alerts.uses import Use


@click.command()
@click.option("--from", "start", type=MOMENT, help="From this time on.")
@click.option("--to", "end", type=MOMENT, help="Until before this time.")
@click.option("--by", "actor", help="Only by this person.")
@click.option("--action", help="Only this kind of use, for example who.")
@click.option("--person", help="Only those that showed this staff id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, /, *, person: str | None, as_json: bool, **filters: Any) -> None:
    """Show who looked personal data up, for which purpose, and why.

    The latest use comes first. No use can be changed or deleted.
    """
    from alerts.uses import list_uses
    from auditd.database import reading

    state = open_state(ctx)
    with reading(state.engine) as conn:
        uses = list_uses(conn, **filters)
    chosen = [use for use in uses if person is None or person in use.detail.get("people", ())]
    if as_json:
        print_json(chosen)
        return
    columns = ("when", "who", "what", "of", "people shown", "purpose", "reason")
    print_table(columns, [_row(use) for use in chosen])


def _row(use: Use) -> tuple[str, ...]:
    people = ", ".join(use.detail.get("people", ())) or "-"
    asked = [_asked(name, value) for name, value in use.detail.items() if name != "people" and value]
    purpose = PURPOSES[use.purpose]
    return (london(use.at), use.actor, use.action, ", ".join(asked), people, purpose, use.reason)


def _asked(name: str, value: object) -> str:
    """Return a part of what was asked; a moment as London has it."""
    return london(datetime.fromisoformat(str(value))) if name == "at" else str(value)
