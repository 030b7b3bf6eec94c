"""`access-auditd feed`: how the deliveries of reference data stand, what of them was refused, and loading one by hand.

It must never print a value of a row: lines, reasons and columns say where to look.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from auditd.cli.context import BAD_ANSWER, CliError, State, open_state
from auditd.cli.output import clean, count, london, print_json, print_table

if TYPE_CHECKING:
    from auditd.config.runtime import Delivery
    from auditd.reference.loads import LoadReport

MOST_SHOWN: Final = 20


@click.group()
def command() -> None:
    """Show how reference feeds stand, and what of them was refused; load a file by hand."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Show every delivery: where it comes from, how old it is, its rows, those refused, what is wrong."""
    from auditd.cli.feed_health import feed_health
    from auditd.database import reading

    state = open_state(ctx)
    with reading(state.engine) as conn:
        shown = feed_health(conn, state.config.feeds, state.now())
    if as_json:
        print_json(shown)
        return
    columns = ("name", "feed", "from", "delivered", "age", "rows", "refused", "known", "what is wrong")
    print_table(columns, [_row(one) for one in shown], right=("rows", "refused", "known"))


@command.command("rejects")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every line that was kept.")
@click.pass_context
def rejects(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the lines that were refused of the latest load of each file (or of the query) of delivery NAME."""
    from auditd.database import reading
    from auditd.reference.loads import latest_loads, report_again

    state = open_state(ctx)
    delivery = _delivery(state, name)
    with reading(state.engine) as conn:
        found = [(load, report_again(conn, load)) for load in latest_loads(conn, delivery.name)]
    if as_json:
        print_json([_load(load.file_name, report) for load, report in found])
        return
    if not found:
        click.echo(f"nothing was ever loaded by {name}")
    for load, report in found:
        click.echo(f"{clean(load.file_name)}, loaded {london(report.loaded_at)}: {_words(report)}")
        _print_rejects(report)


@command.command("load")
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--wait", "seconds", type=click.FloatRange(0), default=120.0, show_default=True,
    help="Seconds to wait for a daemon that runs.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def load(ctx: click.Context, /, *, name: str, file: Path, seconds: float, as_json: bool) -> None:
    """Load FILE once, as a file of delivery NAME: with its zone, its columns, and what it leaves out if it is complete.

    Where the daemon runs it does so, else this command. What the file changes is judged again. Exit status 1 when the
    file, or rows of it, were refused.
    """
    from auditd.engine.faults import StoreUnavailable
    from auditd.engine.handing_in import NotTaken, hand_in, load_once
    from auditd.engine.soundness import StateDamaged

    state = open_state(ctx)
    delivery = _delivery(state, name)
    if not os.access(file, os.R_OK) or not file.is_file():
        raise CliError(f"{file} is no file that can be read", hint="check the path and who may read it")
    try:
        with hand_in(state.config, delivery.name, file) as handed:
            report = load_once(state.config, state.engine, handed, state.now(), seconds)
    except NotTaken as error:
        raise CliError(str(error), hint="is the daemon stuck? `access-auditd status` says so") from None
    except StoreUnavailable as error:
        raise CliError(str(error)) from None
    except StateDamaged as error:
        raise CliError(str(error), hint=error.hint) from None
    except OSError as error:
        hint = "run it as the user of the daemon"
        raise CliError(f"the file cannot be handed in: {error.strerror}", hint=hint) from None
    if as_json:
        print_json(_load(str(file), report))
    else:
        click.echo(f"{name} ({delivery.feed}): {_words(report)}")
        _print_rejects(report)
        for hint in report.hints:
            click.echo(clean(f"note: {hint}"), err=True)
    if report.problem or report.rejects.height:
        ctx.exit(BAD_ANSWER)


def _delivery(state: State, name: str) -> Delivery:
    known = {delivery.name: delivery for delivery in state.config.feeds}
    if name not in known:
        hint = f"deliveries: {', '.join(known)}" if known else "name one under [[feeds]] in the configuration"
        raise CliError(f"there is no delivery {name!r}", hint=hint)
    return known[name]


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    refused = count(one["rejected_rows"])
    if one["rejected_share"]:
        refused += f" ({one['rejected_share']:.1%})"
    return (
        one["name"],
        one["feed"],
        one["from"],
        london(one["delivered_at"], seconds=False),
        "-" if one["age_seconds"] is None else _age(one["age_seconds"]),
        count(one["rows"]),
        refused,
        count(one["known_rows"]),
        one["problem"] or "-",
    )


def _age(seconds: float) -> str:
    from detectors.sentences import length

    return length(max(0.0, seconds))


def _words(report: LoadReport) -> str:
    if report.problem:
        return f"refused as a whole: {clean(report.problem)}"
    taken = f"{count(report.accepted)} new or corrected, {count(report.unchanged)} known already"
    return f"{count(report.rows)} rows: {taken}, {count(report.rejects.height)} refused"


def _load(file: str, report: LoadReport) -> dict[str, Any]:
    from auditd.reference.reading import REASONS

    return {
        "file": file,
        "loaded_at": report.loaded_at,
        "rows": report.rows,
        "accepted": report.accepted,
        "unchanged": report.unchanged,
        "rejected": report.rejects.height,
        "problem": report.problem,
        "notes": list(report.hints),
        "rejects": [row | {"meaning": REASONS.get(row["reason"], "")} for row in report.rejects.to_dicts()],
    }


def _print_rejects(report: LoadReport) -> None:
    from auditd.reference.reading import REASONS

    if report.rejects.is_empty():
        return
    rows = [
        (count(line), reason, detail, REASONS.get(reason, ""))
        for line, reason, detail in report.rejects.head(MOST_SHOWN).iter_rows()
    ]
    print_table(("line", "reason", "column", "meaning"), rows, right=("line",))
    if more := report.rejects.height - len(rows):
        click.echo(f"and {count(more)} more (--json has them)")
