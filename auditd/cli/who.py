"""`access-auditd who`: who an identifier was at a time. A look-up of personal data, and recorded as one.

It must never answer before the use is written down.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from auditd.cli.acting import refusals, use_options
from auditd.cli.context import CliError, State, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import print_json
from detectors.reference import IDENTIFIER_KINDS


@click.command()
@click.argument("value")
@click.option("--at", type=MOMENT, help="When.  [default: now]")
@click.option("--kind", type=click.Choice(IDENTIFIER_KINDS), help="What it is.  [default: any it may be]")
@click.option(
    "--terminal", help="Terminal that the same record names: may tell apart those who share an account."
)
@click.option("--collar", help="Collar number that the same record names: likewise.")
@click.option(
    "--as-known-on", type=MOMENT, help="Answer from what was known then.  [default: what is known now]"
)
@use_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    value: str,
    at: datetime | None,
    as_known_on: datetime | None,
    as_json: bool,
    purpose: str,
    reason: str,
    by: str,
    **beside: Any,
) -> None:
    """Say who an identifier was at a time (account, collar number, mailbox, number, ...), how sure that is, and why.

    The use is recorded with who, purpose and reason, where `uses` shows it.
    """
    from alerts.uses import UseError, record_use
    from auditd.cli.alert_text import printed
    from auditd.cli.who_text import answer_entry, answer_lines
    from auditd.reference.who import Question, who

    state = open_state(ctx)
    now = state.now()
    question = Question(value, at or now, **beside)
    readings = who(question, _reference(state, as_known_on), state.config.force)
    if not readings:
        what = f"an {beside['kind']}" if str(beside["kind"]).startswith(("a", "e")) else f"a {beside['kind']}"
        raise CliError(f"{value!r} cannot be {what if beside['kind'] else 'an identifier'}")
    people = sorted(set().union(*(reading.people for reading in readings)))
    asked = {"value": value, "at": question.at.isoformat(), "people": people} | beside
    with refusals(UseError), state.engine.begin() as conn:
        record_use(conn, action="who", detail=asked, purpose=purpose, reason=reason, by=by, now=now)
    naming = state.naming()
    if as_json:
        print_json(answer_entry(question, readings, naming) | {"as_known_on": as_known_on})
    else:
        printed(answer_lines(question, readings, naming))


def _reference(state: State, as_known_on: datetime | None) -> Any:
    """Return who held what, as known now or on a day in the past."""
    from auditd.database import reading
    from detectors.reference import Reference

    with reading(state.engine) as conn:
        frames = state.reference_store.snapshot(conn, known_on=as_known_on)
    return Reference({feed: frames[feed] for feed in ("identifiers", "roster")})
