"""`access-auditd sigma`: what Sigma rules become here, or what is wrong with them. It runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.context import BAD_ANSWER
from auditd.cli.output import clean, print_json

if TYPE_CHECKING:
    from detectors.detector import Detector


@click.group()
def command() -> None:
    """Say what Sigma rules become here, or what is wrong with them."""


@command.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, /, *, paths: tuple[Path, ...], as_json: bool) -> None:
    """Compile rules and say which detectors they are, or what of them is wrong or not supported, with file and line.

    FILE is a rule file, or a folder of them. What a correlation refers to must be among them. Exit code: 0 all can be run,
    1 some cannot, 2 wrong usage.
    """
    from auditd.config.sigma import files_in, read_files

    files = [file for path in paths for file in (files_in(path) if path.is_dir() else [path])]
    rules, faults = read_files(files)
    if as_json:
        print_json({"rules": [_entry(rule) for rule in rules.values()], "faults": faults})
    else:
        for rule in rules.values():
            _tell(_entry(rule))
        for fault in faults:
            click.echo(f"error: {clean(str(fault))}", err=True)
    if faults:
        ctx.exit(BAD_ANSWER)


def _entry(kind: type[Detector]) -> dict[str, Any]:
    rule, about = kind(), kind.about
    return {
        "detector": rule.name,
        "title": about.title,
        "severity": about.severity.name.lower(),
        "category": about.category,
        "reads": list(rule.reads),
        "looks_back_seconds": rule.before.total_seconds(),
        "needs_authority": about.needs_authority,
        "innocent_causes": list(about.innocent_causes),
        "runbook": list(about.runbook),
    }


def _tell(entry: dict[str, Any]) -> None:
    click.echo(clean(f"{entry['detector']}  {entry['title']}"))
    back = f", looks back {entry['looks_back_seconds']:,.0f} s" if entry["looks_back_seconds"] else ""
    click.echo(
        clean(f"    {entry['severity']}, {entry['category']}; reads {', '.join(entry['reads'])}{back}")
    )
    if entry["needs_authority"]:
        click.echo("    needs an authority: it names who ours were in contact with")
