"""`access-auditd force`: an invented force to test against, written as logs, feeds and labels."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditd.cli.context import CliError
from auditd.cli.output import count, print_json, print_table

if TYPE_CHECKING:
    from auditd.force.write import Written


@click.group()
def command() -> None:
    """Write an invented force to test against: its logs, feeds and labels."""


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--staff", type=click.IntRange(20, 20_000), default=400, show_default=True, help="How many people."
)
@click.option("--days", type=click.IntRange(1, 730), default=28, show_default=True, help="How many days.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another force.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-03-02",
    show_default=True,
    help="The first day.",
)
@click.option(
    "--formats",
    default="pnc,exchange,cucm,squid",
    show_default=True,
    help="Log formats, separated by commas: pnc, delimited, jsonlines; exchange, postfix, m365_trace; cucm, asterisk, "
    "avaya_ipoffice; squid. Several of a kind share what happens.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def write(
    folder: Path, staff: int, days: int, seed: int, start: datetime, formats: str, as_json: bool
) -> None:
    """Write the logs, feeds, labels and configuration of an invented force into FOLDER, which must be empty or new.

    The same options give the same files. Below seven days no cases are planted.
    """
    from rich.console import Console

    from auditd.force.story import Story
    from auditd.force.write import write_force

    names = _formats(formats)
    if folder.exists() and any(folder.iterdir()):
        raise CliError(f"{folder} is not empty", hint="name a new folder")
    story = Story(staff=staff, days=days, seed=seed, start=start.date())
    try:
        with Console(stderr=True).status("writing") as status:
            written = write_force(
                folder, story, formats=names, progress=lambda day: status.update(f"writing {day:%Y-%m-%d}")
            )
    except OSError as error:
        raise CliError(
            f"{folder}: {error.strerror or error}", hint="is there room, and may you write there?"
        ) from None
    if as_json:
        print_json(asdict(written))
    else:
        _print(written)


def _formats(text: str) -> tuple[str, ...]:
    from auditd.config.faults import suggestion
    from auditd.force.logs import SYSTEMS

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in SYSTEMS:
            raise CliError(
                f"--formats: the force does not write {name!r}",
                hint=suggestion(name, list(SYSTEMS), kind="formats"),
            )
    if not names:
        raise CliError("--formats names no format", hint=f"there are {', '.join(SYSTEMS)}")
    return names


def _print(written: Written) -> None:
    from auditd.force.settings import LIST_DETECTORS

    rows = [(f"log {name}", count(number)) for name, number in written.records.items()]
    rows += [(f"feed {name}", count(number)) for name, number in written.rows.items()]
    rows += [(f"look-ups: {name}", count(number)) for name, number in written.look_ups.items()]
    rows += [(f"cases: {name}", count(number)) for name, number in written.cases.items()]
    print_table(("written", "records"), rows, right=("records",))
    now = datetime.now(UTC)
    config = f"access-auditd --config {written.folder}/access-auditd.toml"
    click.echo("\nnext, with an authority for the detectors that use contact lists:")
    click.echo(
        f"  {config} authority grant --purpose integrity_security --reason 'invented data' "
        f"{' '.join(f'--detector {name}' for name in LIST_DETECTORS)} --from {written.first_day} "
        f"--expires {now + timedelta(days=30):%Y-%m-%d} --review-by {now + timedelta(days=20):%Y-%m-%d}"
    )
    click.echo(f"  {config} run --once")
    click.echo(f"  {config} evaluate {written.folder}/labels")
