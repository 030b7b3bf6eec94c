"""`access-auditd demo`: an invented force writes real log formats, the real daemon audits it, alerts appear."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditd.cli.context import BAD_ANSWER, CliError

if TYPE_CHECKING:
    from rich.console import Console

    from auditd.demo.stage import Stage


@click.command()
@click.option(
    "--seconds",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Stop after so long; 0: never.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Another seed is another force.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keep everything here.  [default: a temporary folder]"
)
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), help="Save what was shown as an SVG file."
)
@click.pass_context
def command(ctx: click.Context, seconds: int, seed: int, folder: Path | None, picture: Path | None) -> None:
    """Watch an invented force being audited, live.

    Exit status 0 when everything planted was found, nothing else was, and every line is accounted for.
    """
    from rich.console import Console

    from auditd.demo.picture import save_picture
    from auditd.demo.show import SHORTEST_SECONDS, Show
    from auditd.demo.stage import Stage

    if 0 < seconds < SHORTEST_SECONDS:
        raise CliError(
            f"--seconds must be 0 or at least {SHORTEST_SECONDS}", hint="the story needs time to unfold"
        )
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise CliError(f"{folder} is not empty", hint="name a new folder")
    root = (folder or Path(tempfile.mkdtemp(prefix="access-auditd-demo-"))).resolve()
    root.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, record=picture is not None, width=100 if picture else None)
    try:
        stage = Stage(root, seed)
        _introduce(console, stage, "demo" if picture else str(root))
        stage.start()
        good = Show(stage, console, seconds).play()
        if folder:
            console.print(f"look closer:  access-auditd --config {stage.config_file} alerts list")
        if picture:
            save_picture(console, picture)
    finally:
        if folder is None:
            shutil.rmtree(root, ignore_errors=True)
    ctx.exit(0 if good else BAD_ANSWER)


def _introduce(console: Console, stage: Stage, root: str) -> None:
    from auditd.demo.stage import GRACE_SECONDS

    command = f"access-auditd --config {root}/{stage.config_file.name}"
    console.print(
        "[bold]Northmere Constabulary[/] (invented) writes PNC, Exchange and CUCM logs; the daemon reads them."
    )
    console.print(
        f"Look-ups that nothing explains {GRACE_SECONDS} s later, and contact with listed media, become alerts."
    )
    console.print(f"  metrics      http://127.0.0.1:{stage.port}/metrics")
    console.print(f"  look closer  {command} alerts list | alerts show ALERT | accounts | status")
    console.print(f"  daemon log   {root}/{stage.daemon_log.name}")
    console.print()
