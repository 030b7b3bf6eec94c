"""`access-auditd spool`: what the listener has left for the daemon, and what of it may go."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.context import State, open_state
from auditd.cli.output import count, print_json, print_table

if TYPE_CHECKING:
    from auditd.listen.sweep import SpoolEntry


@click.group()
def command() -> None:
    """Show what is in the spool; delete what was read to its end."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a file a row.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Show how much of the spool is read, folder by folder."""
    found = _entries(open_state(ctx))
    if as_json:
        print_json([_row(entry) for entry in found])
        return
    folders = sorted({entry.folder for entry in found})
    columns = ("folder", "files", "bytes", "read", "unread", "unread bytes")
    print_table(columns, [_summary(name, found) for name in folders], right=columns[1:])


@command.command("sweep")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a file a row.")
@click.pass_context
def sweep(ctx: click.Context, dry_run: bool, as_json: bool) -> None:
    """Delete the files that were read to their end, and are older than listen.keep_hours.

    A file goes only when the accounts name every byte of it. What no source reads stays for ever: add a source, or
    delete it by hand.
    """
    state = open_state(ctx)
    keep = timedelta(hours=state.config.listen.keep_hours)
    going = [entry for entry in _entries(state) if entry.may_go(now=state.now(), keep=keep)]
    if not dry_run:
        for entry in going:
            entry.path.unlink(missing_ok=True)
    if as_json:
        print_json([_row(entry) for entry in going])
        return
    size = sum(entry.size for entry in going)
    done = "would be deleted" if dry_run else "deleted"
    click.echo(f"{count(len(going))} files, {count(size)} bytes {done}")


def _entries(state: State) -> list[SpoolEntry]:
    from auditd.archive.accounts import load_cursors
    from auditd.database import reading
    from auditd.listen.sweep import entries

    with reading(state.engine) as conn:
        cursors = load_cursors(conn)
    return list(entries(state.config.listen.spool, cursors))


def _row(entry: SpoolEntry) -> dict[str, Any]:
    return {
        "file": entry.path, "folder": entry.folder, "bytes": entry.size,
        "modified": entry.modified, "standing": entry.standing,
    }  # fmt: skip


def _summary(folder: str, found: list[SpoolEntry]) -> tuple[str, ...]:
    own = [entry for entry in found if entry.folder == folder]
    by_standing = Counter(entry.standing for entry in own)
    unread = [entry.size for entry in own if entry.standing != "read"]
    numbers = (len(own), sum(entry.size for entry in own), by_standing["read"], len(unread), sum(unread))
    return (folder, *(count(number) for number in numbers))
