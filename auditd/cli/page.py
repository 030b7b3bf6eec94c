"""Writes docs/commands.md from the commands themselves: `python -m auditd.cli.page > docs/commands.md`.

It must never describe a command otherwise than `--help` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final

import click

from auditd.cli import main

_INTRODUCTION: Final = """\
# Commands

<!-- Made by `python -m auditd.cli.page` from the commands: change their help, then run it again. -->

`access-auditd COMMAND --help` says the same in the terminal. Times are ISO 8601 (`2026-03-03`, `2026-03-03 14:02`,
`2026-03-03T14:02:00Z`); without a zone they are London time. `--json` prints to standard output and nothing else does;
errors go to standard error as `error:` and `hint:`. Unless said otherwise the exit status is 0 done, 1 refused or a bad
answer, 2 the command could not run. While the daemon runs, all commands work except `run`, `reparse` and `replay`.
More on [alerts](alerts.md), [authorities](authority.md), [configuration](configuration.md) and [operations](operations.md).
"""


def commands_page() -> str:
    """Return the page as Markdown, with a final newline."""
    top = click.Context(main, info_name="access-auditd")
    sections = [_INTRODUCTION, "## Before the command", *_table(main, top)]
    for name, command, context in walk(main, top):
        arguments = [found for found in command.params if isinstance(found, click.Argument)]
        usage = " ".join((name, *(argument.make_metavar(context) for argument in arguments)))
        sections += [f"\n## `{usage}`\n", _help(command), *_table(command, context)]
    return "\n".join(sections) + "\n"


def walk(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command below the group as (name after access-auditd, command, context), groups before theirs."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        yield inner.command_path.partition(" ")[2], command, inner
        if isinstance(command, click.Group):
            yield from walk(command, inner)


def _help(command: click.Command) -> str:
    lines = inspect.cleandoc(command.help or "").splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip() not in {"\b", "\\b"})


def _table(command: click.Command, context: click.Context) -> list[str]:
    records = [found.get_help_record(context) for found in command.params if isinstance(found, click.Option)]
    rows = [f"| `{_cell(record[0])}` | {_cell(record[1])} |" for record in records if record]
    return ["\n| option | meaning |", "|---|---|", *rows] if rows else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("  [", " [")


if __name__ == "__main__":
    print(commands_page(), end="")
