"""Progress of long work on standard error, only where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

if TYPE_CHECKING:
    from auditd.engine.ingest import Ingested
    from auditd.engine.machine import Machine


@contextmanager
def reading_progress(machine: Machine, *, quiet: bool) -> Iterator[Callable[[Ingested], None]]:
    """Show how much of the backlog is read; yields what must be told of each step."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        machine.tailer.reconcile()
        task = bar.add_task("reading", total=sum(behind.bytes for behind in machine.tailer.behind().values()))
        yield lambda step: bar.advance(task, step.bytes)
