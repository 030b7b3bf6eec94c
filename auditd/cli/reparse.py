"""`access-auditd reparse`: quarantined lines through their format again, after it was mended."""

from __future__ import annotations

import sys
from functools import partial

import click

from auditd.cli.context import BAD_ANSWER, CliError, open_state
from auditd.cli.output import count, print_json, print_table


@click.command()
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, sources: tuple[str, ...], as_json: bool) -> None:
    """Parse rejected lines again with the formats and options as they are now. Stop the daemon for it.

    Lines that now make events leave quarantine and are judged with the next run.
    """
    from rich.console import Console
    from rich.progress import Progress

    from auditd.engine.faults import StoreUnavailable
    from auditd.engine.lock import StateInUse
    from auditd.engine.machine import Machine
    from auditd.engine.reparse import quarantine, reparse
    from auditd.engine.soundness import StateDamaged

    state = open_state(ctx)
    known = [source.name for source in state.config.sources]
    if unknown := sorted(set(sources) - set(known)):
        raise CliError(f"no such source: {', '.join(unknown)}", hint=f"there are {', '.join(known)}")
    report = {}
    try:
        with (
            Machine(state.config, state.engine) as machine,
            Progress(
                console=Console(stderr=True), transient=True, disable=as_json or not sys.stderr.isatty()
            ) as bar,
        ):
            for source in sources or known:
                task = bar.add_task(source, total=quarantine(machine.archive, source).height)
                report[source] = reparse(
                    machine, source, now=state.now(), progress=partial(bar.advance, task)
                )
    except StateInUse as error:
        raise CliError(str(error), hint="stop the daemon while lines are parsed again") from None
    except StateDamaged as error:
        raise CliError(str(error), hint=error.hint) from None
    except StoreUnavailable as error:
        raise CliError(f"nothing changed: {error}", exit_code=BAD_ANSWER) from None
    if as_json:
        print_json(
            {
                name: {"lines": r.lines, "events": r.events, "freed": dict(r.freed), "left": dict(r.left)}
                for name, r in report.items()
            }
        )
        return
    rows = [
        (name, count(r.lines), count(r.events), count(sum(r.left.values())), _words(r.left))
        for name, r in report.items()
    ]
    columns = ("source", "lines in quarantine", "new events", "still rejected", "why")
    print_table(columns, rows, right=columns[1:4])


def _words(left: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count(lines)}" for reason, lines in sorted(left.items())) or "-"
