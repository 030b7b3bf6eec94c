"""`access-auditd shadow`: what runs in shadow would have raised, how they differ from what is in force, promotion.

It must never show a person from a run in shadow before that use is written down, nor what only a lapsed authority allowed.
"""

from __future__ import annotations

import click

from auditd.cli.acting import by_option, optional_use_options, refusals
from auditd.cli.context import open_state
from auditd.cli.output import clean, count, london, print_json, print_table
from auditd.cli.shadow_entry import as_toml, entry_of, number, permitted, sentences, text, trial_of, trials_of


@click.group()
def command() -> None:
    """Show what runs in shadow would have raised, of which nothing becomes an alert; promote one."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_(ctx: click.Context, /, *, as_json: bool) -> None:
    """List the runs in shadow, with what they would have raised and what they cost."""
    state = open_state(ctx)
    entries = [entry_of(state, trial) for trial in trials_of(state)]
    if as_json:
        print_json(entries)
        return
    columns = (
        "run",
        "detector",
        "state",
        "compared until",
        "findings",
        "alerts",
        "alerts a day",
        "added",
        "gone",
        "seconds",
    )
    rows = [
        (
            one["run"], one["detector"], one["state"], london(one["until"], seconds=False), count(one["findings"]),
            count(one["alerts"]), number(one["alerts_a_day"]), count(one["added"]), count(one["gone"]),
            number(one["seconds"]),
        )
        for one in entries
    ]  # fmt: skip
    print_table(columns, rows, right=columns[4:])


@command.command()
@click.argument("run")
@click.option(
    "--findings", "with_findings", is_flag=True,
    help="Show each finding in sentences: a use of personal data, recorded with --purpose and --reason.",
)  # fmt: skip
@optional_use_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def report(
    ctx: click.Context, /, *, run: str, with_findings: bool, purpose: str, reason: str, by: str, as_json: bool
) -> None:
    """Say what RUN would have raised, at what cost, and how that differs from what is in force."""
    from alerts.uses import UseError, record_use

    state = open_state(ctx)
    entry = entry_of(state, trial_of(state, run))
    if with_findings:
        found = permitted(state, run)
        people = sorted({one.staff_id for one in found if one.staff_id})
        with refusals(UseError), state.engine.begin() as conn:
            record_use(
                conn, action="shadow report", detail={"run": run, "people": people}, purpose=purpose, reason=reason,
                by=by, now=state.now(),
            )  # fmt: skip
        entry["sentences"] = [sentences(state, run, one) for one in found]
    if as_json:
        print_json(entry)
        return
    for name, value in entry.items():
        if name != "sentences":
            click.echo(f"{name.replace('_', ' ')}: {clean(text(value))}")
    for lines in entry.get("sentences", ()):
        click.echo("\n" + clean(" ".join(lines)))


@command.command()
@click.argument("run")
@click.option("--reason", required=True, help="Why it is to be in force, in words.")
@by_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def promote(ctx: click.Context, /, *, run: str, reason: str, by: str, as_json: bool) -> None:
    """Stand for RUN by name, and say what to write into the configuration.

    Nothing is in force before the configuration says so: then the history names who promoted it.
    """
    from alerts import trials

    state = open_state(ctx)
    trial = trial_of(state, run)
    with refusals(trials.TrialError), state.engine.begin() as conn:
        entry = trials.promote(conn, trial, by=by, reason=reason, now=state.now())
    table = as_toml(state, trial)
    if as_json:
        print_json({"promotion": entry, "run": run, "settings": trial.settings, "configuration": table})
        return
    click.echo(
        f"promotion {entry}: {run} by {by}. In force once the configuration says, without the run in shadow:\n"
    )
    click.echo(table)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def history(ctx: click.Context, /, *, as_json: bool) -> None:
    """Show how detectors came to be run as they are: in force, tried, promoted, ended; the latest first."""
    from alerts import trials
    from auditd.database import reading

    with reading(open_state(ctx).engine) as conn:
        rows = trials.history(conn)
    if as_json:
        print_json([dict(row._mapping) for row in rows])
        return
    columns = ("entry", "when", "who", "what", "run", "version", "settings", "promoted by")
    table = [
        (
            row.entry, london(row.at), row.actor, row.action, row.run, row.detail["version"],
            row.detail["settings"][:12], row.detail.get("promoted_by") or "-",
        )
        for row in rows
    ]  # fmt: skip
    print_table(columns, table, right=("entry", "version"))
