"""`access-auditd accounts`: what every line of every file became, and whether it adds up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditd.cli.context import BAD_ANSWER, open_state
from auditd.cli.output import count, print_json, print_table
from parsers.encodings import Declared, LineCount

if TYPE_CHECKING:
    from auditd.archive.accounts import Account


@click.command()
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option(
    "--verify", is_flag=True, help="Count the lines of the files that are still there, and compare."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, sources: tuple[str, ...], verify: bool, as_json: bool) -> None:
    """Show per file: lines, events, rejects by reason, non-records, bytes, where reading stands.

    An account balances when lines = event lines + rejects + non-records. Exit status 1 when one does not.
    """
    from auditd.archive.accounts import load_accounts, load_cursors
    from auditd.database import reading
    from auditd.tail.whereabouts import whereabouts

    state = open_state(ctx)
    with reading(state.engine) as conn:
        accounts = [a for a in load_accounts(conn) if not sources or a.source in sources]
        cursors = {cursor.file: cursor for cursor in load_cursors(conn)}
    entries = [
        _entry(
            a,
            found_at=whereabouts(cursors[a.file]),
            verify=verify,
            encoding=state.encoding(a.source),
        )
        for a in accounts
    ]
    if as_json:
        print_json(entries)
    else:
        _print(entries, verify=verify)
    if not all(entry["balances"] and _as_on_disk(entry) for entry in entries):
        ctx.exit(BAD_ANSWER)


def _entry(account: Account, *, found_at: str | None, verify: bool, encoding: Declared) -> dict[str, Any]:
    tally = account.tally
    size = file_size(Path(found_at)) if found_at and not account.finished else None
    return {
        "source": account.source,
        "path": account.path,
        "found_at": found_at,
        "file": account.file,
        "lines": tally.lines,
        "event_lines": tally.event_lines,
        "events": tally.events,
        "duplicates": tally.duplicates,
        "rejects": dict(tally.rejects),
        "non_records": dict(tally.non_records),
        "lost_bytes": tally.lost_bytes,
        "nul_bytes": tally.nul_bytes,
        "bytes_read": account.offset,
        "bytes_waiting": max(size - account.offset, 0) if size is not None else 0,
        "finished": account.finished,
        "first_read_at": account.first_read_at,
        "last_read_at": account.last_read_at,
        "balances": tally.balances,
        "lines_on_disk": lines_before(Path(found_at), account.offset, encoding)
        if verify and found_at
        else None,
    }


def _print(entries: list[dict[str, Any]], *, verify: bool) -> None:
    columns = [
        "source",
        "file",
        "lines",
        "event lines",
        "events",
        "rejects",
        "non-records",
        "bytes read",
        "waiting",
        "account",
    ]
    rows = [
        [
            entry["source"],
            Path(entry["found_at"] or entry["path"]).name,
            count(entry["lines"]),
            count(entry["event_lines"]),
            count(entry["events"])
            + (f" (+{count(entry['duplicates'])} twice)" if entry["duplicates"] else ""),
            _by_name(entry["rejects"]),
            _by_name(entry["non_records"]),
            count(entry["bytes_read"]),
            count(entry["bytes_waiting"]),
            _verdict(entry, verify=verify),
        ]
        for entry in entries
    ]
    print_table(columns, rows, right=("lines", "event lines", "events", "bytes read", "waiting"))
    lines = sum(entry["lines"] for entry in entries)
    rejects = sum(sum(entry["rejects"].values()) for entry in entries)
    wrong = [entry for entry in entries if not entry["balances"]]
    verdict = "every account balances" if not wrong else f"{len(wrong)} accounts do NOT balance"
    if others := sum(not _as_on_disk(entry) for entry in entries):
        verdict += f", but {others} files have other numbers of lines on disk"
    click.echo(f"{count(len(entries))} files, {count(lines)} lines, {count(rejects)} rejects: {verdict}")


def _by_name(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count(lines)}" for name, lines in sorted(counts.items())) or "0"


def _verdict(entry: dict[str, Any], *, verify: bool) -> str:
    if not entry["balances"]:
        return "DOES NOT BALANCE"
    if not verify:
        return "balances"
    if entry["lines_on_disk"] is None:
        return "balances (file gone)"
    if not _as_on_disk(entry):
        return f"BALANCES BUT {count(entry['lines_on_disk'])} LINES ON DISK"
    return "balances, as on disk"


def _as_on_disk(entry: dict[str, Any]) -> bool:
    return entry["lines_on_disk"] in (None, entry["lines"])


def lines_before(path: Path, offset: int, encoding: Declared = "auto") -> int | None:
    """Count the lines in the first `offset` bytes of a file, compressed or not; None where it is gone or shorter."""
    from auditd.tail.compressed import content_of

    lines = LineCount(encoding)
    place = 0
    try:
        with content_of(str(path)) as content:
            while place < offset:
                block = content.pread(min(offset - place, 1 << 20), place)
                if not block:
                    return None
                lines.add(block)
                place += len(block)
    except OSError:
        return None
    return lines.total


def file_size(path: Path) -> int | None:
    """Return the bytes of a file; None where it is gone or cannot be seen."""
    try:
        return path.stat().st_size
    except OSError:
        return None
