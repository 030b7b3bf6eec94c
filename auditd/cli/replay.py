"""`access-auditd replay`: judge a stretch of the past again, and say what differs."""

from __future__ import annotations

from datetime import datetime

import click

from auditd.cli.context import BAD_ANSWER, CliError, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import count, print_json, print_table


@click.command()
@click.option("--from", "start", type=MOMENT, required=True, help="Start of the events to judge again.")
@click.option(
    "--to", "end", type=MOMENT, required=True, help="End of the events to judge again (not included)."
)
@click.option("--detector", "names", multiple=True, help="Only this detector; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context, start: datetime, end: datetime, names: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Run the same detectors over the archive and compare with the findings there are.

    Reference data is taken as it is known now. Without --dry-run findings are added and withdrawn accordingly; stop the
    daemon for that.
    """
    from rich.console import Console

    from auditd.archive.archive import SegmentsDamaged
    from auditd.engine.lock import StateInUse
    from auditd.engine.machine import Machine
    from auditd.engine.replay import replay
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
    try:
        with Machine(state.config, state.engine) as machine, Console(stderr=True).status("judging") as status:
            report = replay(
                machine.judge,
                Span(start, end),
                now=state.now(),
                keep=not dry_run,
                only=names,
                progress=lambda name, piece: status.update(f"judging {name}: {piece.end:%Y-%m-%d %H:%M}"),
            )
    except StateInUse as error:
        raise CliError(str(error), hint="stop the daemon while you replay") from None
    except StateDamaged as error:
        raise CliError(str(error), hint=error.hint) from None
    except SegmentsDamaged as error:
        hint = "restore them from a backup, or choose another stretch; access-auditd status counts them"
        raise CliError(str(error), hint=hint, exit_code=BAD_ANSWER) from None
    left_out = sorted((set(names) or known) - set(report))
    if as_json:
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
        return
    columns = ("detector", "added", "withdrawn", "changed", "same")
    rows = [
        (n, *(count(value) for value in (j.added, j.withdrawn, j.changed, j.same))) for n, j in report.items()
    ]
    print_table(columns, rows, right=columns[1:])
    for name in left_out:
        click.echo(f"{name}: not authorised, so nothing was judged (access-auditd authority grant)", err=True)
