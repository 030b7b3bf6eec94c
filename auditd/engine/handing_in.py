"""A feed file handed in once: put where the daemon finds it, taken by it or, where none runs, by ourselves.

It must never load past a daemon: who holds the state's lock loads, and what follows from it is judged by the same.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from sqlalchemy import Engine

from auditd.config.runtime import Config, Delivery
from auditd.database import reading
from auditd.engine.feeding import inbox
from auditd.engine.lock import StateInUse
from auditd.engine.machine import Machine
from auditd.reference.loads import LoadReport, last_load, report_again

LOOK_SECONDS: Final = 0.1


class NotTaken(Exception):
    """The daemon that runs has not taken the file in time."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A copy of the file in the inbox of its delivery, under a name that was never used before."""

    delivery: Delivery
    path: Path


@contextmanager
def hand_in(config: Config, name: str, file: Path) -> Iterator[HandedIn]:
    """Put a copy of the file into the delivery's inbox, whole, and take it out again at the end. Raises OSError."""
    delivery = next(feed for feed in config.feeds if feed.name == name)
    folder = inbox(config.storage.archive, name)
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = folder / f"{token_hex(8)}-{file.name}"
    part = folder / f".{path.name}.part"
    try:
        shutil.copyfile(file, part)
        with part.open("rb+") as copy:
            os.fsync(copy.fileno())
        part.rename(path)
        yield HandedIn(delivery, path)
    finally:
        part.unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def take(config: Config, engine: Engine, handed: HandedIn, now: datetime) -> LoadReport:
    """Load the file here and now. Raises StateInUse where a daemon runs, StoreUnavailable, StateDamaged."""
    alone = replace(handed.delivery, files=(), query=None)
    with Machine(replace(config, sources=(), feeds=(alone,)), engine) as machine:
        machine.feeding.poll(now, settle=False)
    return _report(engine, handed) or LoadReport(loaded_at=now, problem="the file could not be read")


def wait_for(engine: Engine, handed: HandedIn, seconds: float) -> LoadReport:
    """Wait until the daemon that runs has loaded the file. Raises NotTaken."""
    deadline = time.monotonic() + seconds
    while (report := _report(engine, handed)) is None:
        if time.monotonic() >= deadline:
            raise NotTaken(f"the daemon has not taken the file within {seconds:g} seconds")
        time.sleep(LOOK_SECONDS)
    return report


def load_once(config: Config, engine: Engine, handed: HandedIn, now: datetime, seconds: float) -> LoadReport:
    """Load the file, or have the daemon load it. Raises as `take` and `wait_for`."""
    try:
        return take(config, engine, handed, now)
    except StateInUse:
        return wait_for(engine, handed, seconds)


def _report(engine: Engine, handed: HandedIn) -> LoadReport | None:
    with reading(engine) as conn:
        load = last_load(conn, handed.delivery.feed, str(handed.path))
        return None if load is None else report_again(conn, load)
