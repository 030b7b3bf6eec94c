"""The command `access-auditd`: a group whose commands are imported only when they are used.

It must never import polars or a database driver itself: `--help` has to be quick.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

DEFAULT_CONFIG: Final = "/etc/access-auditd/access-auditd.toml"

# name: (module with a click command called `command`, its line in --help)
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "check": ("auditd.cli.check", "Say everything that is wrong with a configuration."),
    "try": ("auditd.cli.try_", "Parse a file and show what becomes of its lines; store nothing."),
    "run": ("auditd.cli.run", "Read the configured logs, judge them continuously and raise alerts."),
    "listen": (
        "auditd.cli.listen",
        "Take syslog messages from the network into the spool, from where `run` reads them.",
    ),
    "spool": ("auditd.cli.spool", "Show what is in the spool; delete what was read to its end."),
    "status": (
        "auditd.cli.status",
        "Show sources, feeds, detectors, authorities, archive and alerts as the database has them.",
    ),
    "accounts": (
        "auditd.cli.accounts",
        "Show per file: lines, events, rejects by reason, non-records, bytes, where reading stands.",
    ),
    "feed": (
        "auditd.cli.feed",
        "Show how reference feeds stand, and what of them was refused; load a file by hand.",
    ),
    "gaps": (
        "auditd.cli.gaps",
        "Show what is missing, as far as it is known, and what is known of each source's rhythm.",
    ),
    "quality": (
        "auditd.cli.quality",
        "Show what share of each source's events says who, when, what, why and from where.",
    ),
    "reparse": (
        "auditd.cli.reparse",
        "Parse rejected lines again with the formats and options as they are now.",
    ),
    "alerts": ("auditd.cli.alerts", "List, read and handle alerts."),
    "suppress": (
        "auditd.cli.suppress",
        "Keep back findings that are known to be good: they are stored, marked, counted, and make no alert.",
    ),
    "explain": (
        "auditd.cli.explain",
        "Say what explains a look-up, `explain EVENT`; mine, approve and revoke patterns that explain.",
    ),
    "who": (
        "auditd.cli.who",
        "Say who an identifier was at a time (account, collar number, mailbox, number, ...), how sure that is, and why.",
    ),
    "uses": ("auditd.cli.uses", "Show who looked personal data up, for which purpose, and why."),
    "authority": (
        "auditd.cli.authority",
        "Grant, list and revoke authorities: without a live one, detectors that use contact lists find nothing.",
    ),
    "shadow": (
        "auditd.cli.shadow",
        "Show what runs in shadow would have raised, of which nothing becomes an alert; promote one.",
    ),
    "sigma": ("auditd.cli.sigma", "Say what Sigma rules become here, or what is wrong with them."),
    "replay": (
        "auditd.cli.replay",
        "Run the same detectors over the archive and compare with the findings there are.",
    ),
    "export": (
        "auditd.cli.export",
        "Write the events of a stretch of time as JSON lines: our own columns, ECS, or OCSF 1.5.",
    ),
    "evaluate": (
        "auditd.cli.evaluate",
        "Measure explanations, detectors and ranking against a labelled data set.",
    ),
    "force": ("auditd.cli.force", "Write an invented force to test against: its logs, feeds and labels."),
    "demo": ("auditd.cli.demo", "Watch an invented force being audited, live."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands this installation has, in the order of use."""
        del ctx
        return [name for name, (module, _) in COMMANDS.items() if find_spec(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, None where there is no such command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; that the database turns out to be damaged on the way is told like any other trouble."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if (
                type(error).__module__ != "sqlalchemy.exc"
            ):  # it is imported only where a command has needed it
                raise
            from sqlalchemy.exc import DatabaseError

            from auditd.cli.context import damaged_database
            from auditd.engine.faults import is_damage

            if isinstance(error, DatabaseError) and is_damage(error):
                raise damaged_database() from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="ACCESS_AUDITD_CONFIG",
    default=DEFAULT_CONFIG,
    show_default=True,
    show_envvar=True,
    help="Configuration file.",
)
@click.option("-v", "--verbose", count=True, help="Log one level more than configured; repeat for more.")
@click.version_option(version("access-auditd"), prog_name="access-auditd")
@click.pass_context
def main(ctx: click.Context, config: Path, verbose: int) -> None:
    """Audit who looked at what across police IT systems, and whether anything explains it."""
    from auditd.cli.context import State

    given = ctx.get_parameter_source("config") is not click.core.ParameterSource.DEFAULT
    ctx.obj = ctx.with_resource(State(config, config_given=given, verbose=verbose))
