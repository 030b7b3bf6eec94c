"""`access-auditd run`: the daemon, or with --once a single pass over everything there is."""

from __future__ import annotations

import os
from datetime import datetime

import click

from auditd.cli.context import BAD_ANSWER, CliError, State, open_state
from auditd.cli.moments import MOMENT
from auditd.cli.output import count, print_json


@click.command()
@click.option("--once", is_flag=True, help="Read everything there is, judge what can be judged, exit.")
@click.option("--as-of", type=MOMENT, help="With --once: judge as of this time (default: now).")
@click.option("--json", "as_json", is_flag=True, help="With --once: print the summary as JSON.")
@click.pass_context
def command(ctx: click.Context, once: bool, as_of: datetime | None, as_json: bool) -> None:
    """Read the configured logs, judge them continuously and raise alerts.

    SIGTERM and SIGINT finish what is under way, commit it and exit 0; a second one leaves at once. SIGHUP reloads the
    configuration, all of it or nothing.

    \b
    Exit status: 0 stopped as asked; 1 the store refused (--once), or a fault nobody foresaw;
    2 the configuration cannot be used, or another daemon has the state.
    """  # noqa: D301  click needs the real character
    if not once:
        # A tick's frames are small: more threads under each of them only cost. To be said before polars is imported.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    if as_of is not None and not once:
        raise CliError("--as-of goes with --once", hint="the daemon judges as of now")
    state = open_state(ctx)
    if once:
        _once(state, as_of, as_json)
    else:
        _daemon(state)


def _once(state: State, as_of: datetime | None, as_json: bool) -> None:
    from auditd.cli.progress import reading_progress
    from auditd.engine.daemon import run_once
    from auditd.engine.faults import StoreUnavailable
    from auditd.engine.lock import StateInUse
    from auditd.engine.machine import Machine
    from auditd.engine.reports import Reports
    from auditd.engine.soundness import StateDamaged
    from auditd.telemetry import logging
    from auditd.telemetry.metrics import Metrics

    logging.configure("warning", state.config.logging.format)
    try:
        with (
            Machine(state.config, state.engine, once=True) as machine,
            reading_progress(machine, quiet=as_json) as progress,
        ):
            done = run_once(machine, Reports(Metrics()), as_of=as_of or state.now(), progress=progress)
    except StateInUse as error:
        raise CliError(str(error)) from None
    except StateDamaged as error:
        raise CliError(str(error), hint=error.hint) from None
    except StoreUnavailable as error:
        raise CliError(
            f"stopped, nothing is lost: {error}", hint="then run again", exit_code=BAD_ANSWER
        ) from None
    detectors = {
        name: {"added": j.added, "changed": j.changed, "withdrawn": j.withdrawn, "alerts": j.new_alerts}
        for name, j in done.judged.items()
    }
    if as_json:
        print_json({"lines": done.lines, "events": done.events, "bytes": done.bytes, "detectors": detectors})
        return
    click.echo(f"{count(done.lines)} lines read, {count(done.events)} events kept")
    for name, j in done.judged.items():
        click.echo(f"{name}: {count(j.added)} new findings, {count(j.withdrawn)} withdrawn")
    click.echo(
        "access-auditd alerts list shows the alerts; access-auditd accounts, what became of every line"
    )


def _daemon(state: State) -> None:
    from auditd.engine.lock import StateInUse
    from auditd.engine.service import Service
    from auditd.engine.soundness import StateDamaged
    from auditd.telemetry import events, logging
    from auditd.telemetry.http import PortError

    logging.configure(state.config.logging.level, state.config.logging.format)
    engine = (
        state.engine
    )  # that it cannot be used is told like a faulty configuration, not like a fault of ours
    try:
        Service(state.config_path, state.config, engine).run()
    except (StateInUse, PortError) as error:
        raise CliError(str(error)) from None
    except StateDamaged as error:
        raise CliError(str(error), hint=error.hint) from None
    except Exception:  # noqa: BLE001  whatever it is, it is written without personal data and ends the process
        events.failed(step="daemon")
        click.get_current_context().exit(BAD_ANSWER)
