"""`access-auditd replay`: judge a stretch of the past again, and say what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from auditd.cli.context import BAD_ANSWER, CliError, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import count, london, print_json, print_table

if TYPE_CHECKING:
    import polars as pl

    from auditd.engine.judged import Judged


@click.command()
@click.option("--from", "start", type=MOMENT, required=True, help="Start of the events to judge again.")
@click.option(
    "--to", "end", type=MOMENT, required=True, help="End of the events to judge again (not included)."
)
@click.option("--detector", "names", multiple=True, help="Only this detector; may be repeated.")
@click.option(
    "--as-known-on", "known_on", type=MOMENT, help="Judge with what was known at this time; store nothing."
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    start: datetime,
    end: datetime,
    names: tuple[str, ...],
    known_on: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the same detectors over the archive and compare with the findings there are.

    Reference data is taken as it is known now. Without --dry-run findings are added and withdrawn accordingly; stop the
    daemon for that. With --as-known-on the verdicts of that time are shown instead, by the events read and the
    reference data known by then, and nothing is stored.
    """
    from rich.console import Console

    from auditd.archive.archive import SegmentsDamaged
    from auditd.engine.lock import StateInUse
    from auditd.engine.machine import Machine
    from auditd.engine.replay import replay, replay_as_known
    from auditd.engine.soundness import StateDamaged
    from detectors.detector import Span

    state = open_state(ctx)
    known = {chosen.detector.name for chosen in state.config.chosen}
    if unknown := sorted(set(names) - known):
        raise CliError(
            f"no such detector: {', '.join(unknown)}", hint=f"there are {', '.join(sorted(known))}"
        )
    if start >= end:
        raise CliError("--from must come before --to")
    if known_on is not None and known_on > state.now():
        raise CliError("--as-known-on lies in the future")
    report: dict[str, Judged] = {}
    then: dict[str, pl.DataFrame] = {}
    try:
        with Machine(state.config, state.engine) as machine, Console(stderr=True).status("judging") as status:
            span, now = Span(start, end), state.now()

            def progress(name: str, piece: Span) -> None:
                status.update(f"judging {name}: {piece.end:%Y-%m-%d %H:%M}")

            if known_on is None:
                report = replay(machine.judge, span, now=now, keep=not dry_run, only=names, progress=progress)
            else:
                found = replay_as_known(
                    machine.judge, span, known_on=known_on, now=now, only=names, progress=progress
                )
                report = {name: judged for name, (judged, _) in found.items()}
                then = {name: findings for name, (_, findings) in found.items()}
    except StateInUse as error:
        raise CliError(str(error), hint="stop the daemon while you replay") from None
    except StateDamaged as error:
        raise CliError(str(error), hint=error.hint) from None
    except SegmentsDamaged as error:
        hint = "restore them from a backup, or choose another stretch; access-auditd status counts them"
        raise CliError(str(error), hint=hint, exit_code=BAD_ANSWER) from None
    left_out = sorted((set(names) or known) - set(report))
    if known_on is not None:
        _print_then(report, then, start=start, end=end, known_on=known_on, left_out=left_out, as_json=as_json)
    elif as_json:
        print_json(
            {
                "from": start,
                "to": end,
                "dry_run": dry_run,
                "not_authorised": left_out,
                "detectors": {
                    name: {"added": j.added, "withdrawn": j.withdrawn, "changed": j.changed, "same": j.same}
                    for name, j in report.items()
                },
            }
        )
    else:
        columns = ("detector", "added", "withdrawn", "changed", "same")
        rows = [
            (n, *(count(value) for value in (j.added, j.withdrawn, j.changed, j.same)))
            for n, j in report.items()
        ]
        print_table(columns, rows, right=columns[1:])
    if as_json:
        return
    for name in left_out:
        click.echo(f"{name}: not authorised, so nothing was judged (access-auditd authority grant)", err=True)


def _print_then(
    report: Mapping[str, Judged],
    then: Mapping[str, pl.DataFrame],
    *,
    start: datetime,
    end: datetime,
    known_on: datetime,
    left_out: Sequence[str],
    as_json: bool,
) -> None:
    """Print the verdicts of then, and what has become of them since."""
    since = {
        name: {
            "found_then": then[name].height,
            "same_now": j.same,
            "changed_since": j.changed,
            "withdrawn_since": j.added,
            "found_since": j.withdrawn,
        }
        for name, j in report.items()
    }
    if as_json:
        findings = [
            {"detector": name, **row, "facts": json.loads(row["facts"])}
            for name, frame in then.items()
            for row in frame.to_dicts()
        ]
        about = {"from": start, "to": end, "as_known_on": known_on, "not_authorised": left_out}
        print_json({**about, "detectors": since, "findings": findings})
        return
    click.echo(f"as known on {london(known_on)}")
    columns = ("detector", "found then", "same now", "changed since", "withdrawn since", "found since")
    rows = [(name, *(count(value) for value in counts.values())) for name, counts in since.items()]
    print_table(columns, rows, right=columns[1:])
