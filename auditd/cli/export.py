"""`access-auditd export`: events of a stretch of time as JSON lines, for other systems and for files of a case.

It must never hand out anything before the use is on record, nor without saying afterwards what left: how many documents,
and their SHA-256.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, get_args

import click
import polars as pl

from alerts.uses import UseError, record_use
from auditd.archive.archive import SegmentsDamaged
from auditd.archive.stretches import Query, expected_rows, stretches
from auditd.cli.acting import refusals, use_options
from auditd.cli.context import BAD_ANSWER, CliError, State, open_state
from auditd.cli.documents import Output, documents
from auditd.cli.moments import MOMENT
from auditd.cli.output import count
from parsers.event import CONTENT, FAMILIES, Family

if TYPE_CHECKING:
    from rich.progress import Progress

    from auditd.archive.archive import Archive

PIECE_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to leave: events with time in [start, end), of these families and sources (all if empty)."""

    start: datetime
    end: datetime
    families: tuple[Family, ...]
    sources: tuple[str, ...]
    output: Output
    content: bool

    def as_data(self) -> dict[str, Any]:
        """Return it as it is put on record."""
        return {
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "families": list(self.families),
            "sources": list(self.sources),
            "output": self.output,
            "content": self.content,
        }


@dataclass(slots=True)
class Sink:
    """Where documents go, and what went there."""

    stream: BinaryIO
    documents: int = 0
    digest: Any = field(default_factory=sha256)

    def write(self, lines: bytes, documents: int) -> None:
        """Write whole lines."""
        self.stream.write(lines)
        self.digest.update(lines)
        self.documents += documents

    def as_data(self) -> dict[str, Any]:
        """Return what went there, as it is put on record."""
        return {"documents": self.documents, "sha256": self.digest.hexdigest()}


@click.command()
@click.option("--from", "start", type=MOMENT, required=True, help="Start of the events.")
@click.option("--to", "end", type=MOMENT, required=True, help="End of the events (not included).")
@click.option(
    "--family",
    "families",
    type=click.Choice(FAMILIES),
    multiple=True,
    help="Only this family; may be repeated.  [default: all]",
)
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.  [default: all]")
@click.option(
    "--output", type=click.Choice(get_args(Output)), default="ndjson", show_default=True, help="Kind of JSON."
)
@click.option("--show-content", is_flag=True, help="Also subjects, kept queries of addresses, and raw lines.")
@click.option("--out", type=click.Path(path_type=Path), help="A new file.  [default: standard output]")
@use_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    start: datetime,
    end: datetime,
    families: tuple[Family, ...],
    sources: tuple[str, ...],
    output: Output,
    show_content: bool,
    out: Path | None,
    **why: str,
) -> None:
    """Write the events of a stretch of time as JSON lines: our own columns, ECS, or OCSF 1.5.

    Family after family, each in order of time. The use is recorded with who, purpose and reason before anything is
    written, and with the number of documents and their SHA-256 when all is. Exit code: 0 all was written, 1 some of it is
    lost or it was not permitted, 2 wrong usage.
    """
    state = open_state(ctx)
    if start >= end:
        raise CliError("--from must come before --to")
    wanted = Wanted(start, end, families or FAMILIES, sources, output, show_content)
    archive = state.archive
    with _opened(out) as stream:
        _record(state, "export", {**wanted.as_data(), "out": str(out) if out else None}, why)
        sink = Sink(stream)
        try:
            _write(archive, wanted, sink)
            _finish(stream)
        except BaseException:
            _record(state, "export broken off", {**wanted.as_data(), **sink.as_data()}, why)
            raise
        _record(state, "export done", {**wanted.as_data(), **sink.as_data()}, why)
    told = sink.as_data()
    click.echo(f"{count(told['documents'])} documents, SHA-256 {told['sha256']}: on record", err=True)


def _record(state: State, action: str, detail: dict[str, Any], why: dict[str, str]) -> None:
    with refusals(UseError), state.engine.begin() as conn:
        record_use(conn, action=action, detail=detail, now=state.now(), **why)


def _write(archive: Archive, wanted: Wanted, sink: Sink) -> None:
    try:
        with _progress() as bar:
            for family in wanted.families:
                rows = expected_rows(archive, family, wanted.start, wanted.end)
                task = bar.add_task(family, total=rows)
                for events in stretches(archive, family, wanted.start, wanted.end, _query(wanted)):
                    for piece in events.iter_slices(PIECE_ROWS):
                        made = documents(wanted.output, family, piece, content=wanted.content)
                        lines = made.extend_constant("", 1).str.join("\n").item().encode()
                        sink.write(lines, piece.height)
                        bar.advance(task, piece.height)
    except SegmentsDamaged as error:
        hint = "restore them from a backup, or choose another stretch; access-auditd status counts them"
        raise CliError(str(error), hint=hint, exit_code=BAD_ANSWER) from None


def _query(wanted: Wanted) -> Query:
    """Return what is read of the archive: content, which is most of its bytes, only where it is asked for."""

    def read(events: pl.LazyFrame) -> pl.LazyFrame:
        if wanted.sources:
            events = events.filter(pl.col("source").is_in(list(wanted.sources)))
        return events if wanted.content else events.drop(CONTENT, strict=False)

    return read


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """Open a new file that only its owner can read, gone again if anything fails; or standard output."""
    if out is None:
        yield sys.stdout.buffer
        return
    try:
        stream = os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise CliError(f"{out} is there already", hint="name a new file") from None
    except OSError as error:
        raise CliError(f"{out} cannot be written: {error.strerror or error}") from None
    try:
        with stream:
            yield stream
    except OSError as error:
        out.unlink(missing_ok=True)
        raise CliError(f"{out} cannot be written: {error.strerror or error}") from None
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _finish(stream: BinaryIO) -> None:
    stream.flush()
    if stream is not sys.stdout.buffer:
        os.fsync(stream.fileno())


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
