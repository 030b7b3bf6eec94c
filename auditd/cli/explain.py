"""`access-auditd explain EVENT`: what explains one look-up, and why every other template does not.

It must never show more of a look-up than the question needs: no text typed into the system, no content; nor anything
before the use is written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.acting import explaining_use_options, refusals
from auditd.cli.approvals import approve, list_, mine, revoke
from auditd.cli.context import BAD_ANSWER, CliError, State, open_state
from auditd.cli.output import clean, london, print_json

if TYPE_CHECKING:
    import polars as pl

    from detectors.examination import Tried


class ExplainGroup(click.Group):
    """A group whose command may be left out: `explain EVENT` is `explain event EVENT`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `event` before a first word that is no command."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["event", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ExplainGroup)
def command() -> None:
    """Say what explains a look-up, `explain EVENT`; mine, approve and revoke patterns that explain."""


for _part in (mine, approve, revoke, list_):
    command.add_command(_part)


@command.command()
@click.argument("event")
@explaining_use_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def event(ctx: click.Context, /, *, event: str, purpose: str, reason: str, by: str, as_json: bool) -> None:
    """Ask every explanation about one look-up: which holds, with its evidence, and why each other one does not.

    EVENT is the event id that `alerts show` prints. The word `event` may be left out. Reference data is taken as it is
    known now. The use is recorded with who, purpose and reason, where `uses` shows it. The exit status is 0 whether anything
    explains the look-up or not, 1 where there is no such look-up.
    """
    from alerts.uses import UseError, record_use

    state = open_state(ctx)
    looks, row = _look(state, event)
    with refusals(UseError), state.engine.begin() as conn:
        asked = {"event_id": row["event_id"]}
        record_use(
            conn, action="explain", detail=asked, purpose=purpose, reason=reason, by=by, now=state.now()
        )
    tried = _examined(state, looks, row["event_id"])
    person = state.naming().person(row["staff_id"], row["actor"] or "account:unknown")
    explained_by = next((one.template for one in tried if one.held), None)
    if as_json:
        print_json(
            {
                "event_id": row["event_id"],
                "at": row["timestamp"],
                "actor": row["actor"],
                "staff_id": row["staff_id"],
                "person": person,
                "subject_type": row["subject_type"],
                "subject_key": row["subject_key"],
                "system": row["system"],
                "claimed_ref": row["claimed_ref"],
                "explained_by": explained_by,
                "templates": [
                    {
                        "template": one.template, "held": one.held, "sentences": list(one.sentences),
                        "evidence": [dict(why) for why in one.evidence],
                    }
                    for one in tried
                ],
            }
        )  # fmt: skip
        return
    click.echo(
        clean(
            f"{person} queried {row['subject_type']} {row['subject_key']} on {row['system']} at {london(row['timestamp'])}."
        )
    )
    click.echo(f"Explained by {explained_by}." if explained_by else "Nothing explains it.")
    for line in _lines(tried):
        click.echo(clean(line))


def _look(state: State, event_id: str) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the look-ups of the same account that may explain the one, and the one itself."""
    import polars as pl

    from auditd.database import reading
    from detectors.accesses import look_ups

    event_id = event_id.strip()
    found = state.archive.collect_intact(
        "access",
        None,
        None,
        lambda events: events.filter(pl.col("event_id") == event_id).select(
            "timestamp", "user_id", "source_address"
        ),
    )
    if found.is_empty():
        raise CliError(
            "there is no access with this event id",
            hint="`alerts show` prints the ids of events",
            exit_code=BAD_ANSWER,
        )
    at, account, terminal = found.row(0)
    reach = state.config.explaining().options.reach
    theirs = (
        pl.col("user_id").eq_missing(account) if account else pl.col("source_address").eq_missing(terminal)
    )
    with reading(state.engine) as conn:
        reference = state.reference_store.reference(conn, authorities=())
    events = state.archive.collect_intact(
        "access", at - reach, None, lambda all_: all_.filter(pl.col("timestamp") <= at, theirs)
    )
    looks = look_ups(events.lazy(), reference)
    one = looks.filter(event_id=event_id)
    if one.is_empty():
        hint = "a log-in, a print or a list screen is counted with its source, never judged"
        raise CliError("this access has no subject, so it is no look-up", hint=hint, exit_code=BAD_ANSWER)
    return looks, one.row(0, named=True)


def _examined(state: State, looks: pl.DataFrame, event_id: str) -> Sequence[Tried]:
    from auditd.database import reading
    from detectors.examination import examine

    with reading(state.engine) as conn:
        reference = state.reference_store.reference(conn, authorities=())
    return examine(looks, event_id, reference, state.config.explaining().options, state.naming())


def _lines(tried: Sequence[Tried]) -> Iterator[str]:
    """Yield the templates that hold, then the others, each with its sentences."""
    for held in (True, False):
        for one in (one for one in tried if one.held is held):
            mark = "holds" if held else "does not hold"
            yield ""
            yield f"{one.template}: {mark}"
            yield from (f"  {sentence[:1].upper()}{sentence[1:]}." for sentence in one.sentences)
