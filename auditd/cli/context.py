"""What a command works with: configuration, database, archive and reference data, each opened when first used.

It must never open anything for a command that does not ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from auditd.archive.archive import Archive
    from auditd.config import Config
    from auditd.reference.store import ReferenceStore
    from detectors.detector import Naming
    from parsers.encodings import Declared

USAGE: Final = 2
BAD_ANSWER: Final = 1


class CliError(click.ClickException):
    """A failure told as `error:` and `hint:` on standard error. exit_code 2: it could not run; 1: the answer is bad."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.hint = hint
        self.__dict__["exit_code"] = exit_code  # the base class has it per class

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the error and its hint."""
        from auditd.cli.output import clean

        lines = [f"error: {clean(line)}" for line in self.message.splitlines()]
        if self.hint:
            lines.append(f"hint: {clean(self.hint)}")
        click.echo("\n".join(lines), file=file, err=True)


def damaged_database() -> CliError:
    """Return what is said of a database file that is damaged."""
    hint = "restore database and archive together from a backup; see Damaged state in docs/operations.md"
    return CliError("the database file is damaged", hint=hint)


@dataclass(frozen=True, slots=True)
class RawLine:
    """A raw line behind an event: where it stands and its text ("" where the source does not keep it).

    path: where the file was last seen; log_file: its identity, which stays when it is renamed.
    """

    source: str
    path: str
    log_file: str
    log_offset: int
    text: str


class State:
    """The parts of one installation, opened lazily and closed with the command."""

    def __init__(self, config_path: Path, *, config_given: bool = True, verbose: int = 0) -> None:
        self.config_path = config_path
        self.config_given = config_given
        self.verbose = verbose
        self._closing = ExitStack()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @cached_property
    def config(self) -> Config:
        """The configuration, its log as much more talkative as -v asks; a CliError with every fault if unusable."""
        from auditd.config import ConfigError, load

        try:
            return load(self.config_path).talking(self.verbose)
        except ConfigError as error:
            hint = "" if self.config_given else "name a file with --config or ACCESS_AUDITD_CONFIG"
            raise CliError(str(error), hint=hint) from None

    @cached_property
    def engine(self) -> Engine:
        """The database, with its tables up to date."""
        from alembic.util import CommandError
        from sqlalchemy.exc import DatabaseError, DBAPIError

        from auditd.database import open_database
        from auditd.engine.faults import is_damage
        from auditd.migrations import upgrade

        engine = open_database(self.config.storage.database)
        self._closing.callback(engine.dispose)
        try:
            upgrade(engine)
        except DBAPIError as error:
            if isinstance(error, DatabaseError) and is_damage(error):
                raise damaged_database() from error
            hint = "check storage.database: does it exist, is it running, may this user write to it?"
            raise CliError(f"the database cannot be used: {type(error.orig).__name__}", hint=hint) from error
        except CommandError as error:
            hint = "a newer version of access-auditd has upgraded it: install that version here"
            raise CliError("the database's tables are not of this version", hint=hint) from error
        return engine

    @cached_property
    def archive(self) -> Archive:
        """The event archive."""
        from auditd.archive.archive import Archive

        archive = Archive(self.config.storage.archive, self.engine)
        archive.missing()  # known from here on, and left out
        return archive

    @cached_property
    def reference_store(self) -> ReferenceStore:
        """The reference data."""
        from auditd.reference.store import ReferenceStore

        return ReferenceStore(self.engine, self.config.force)

    def naming(self) -> Naming:
        """Return how people are written: by rank, name and collar number as known now."""
        from auditd.cli.names import StaffNames

        return StaffNames.known_now(self.engine)

    def now(self) -> datetime:
        """Return the time, aware, UTC."""
        return datetime.now(UTC)

    def raw_lines(
        self, event_ids: Iterable[str], *, start: datetime | None = None, end: datetime | None = None
    ) -> Mapping[str, RawLine]:
        """Return the raw lines behind events with times in [start, end), by event id; those not held are absent."""
        import polars as pl

        from auditd.archive.accounts import file_paths
        from auditd.database import reading
        from parsers.encodings import readable
        from parsers.event import FAMILIES

        wanted = list(event_ids)
        columns = ("event_id", "source", "log_file", "log_offset", "event_original")
        found = pl.concat(
            self.archive.collect_intact(
                family,
                start,
                end,
                lambda events: events.filter(pl.col("event_id").is_in(wanted)).select(columns),
            )
            for family in FAMILIES
        )
        with reading(self.engine) as conn:
            paths = file_paths(conn, set(found["log_file"]))
        return {
            event_id: RawLine(
                source, paths.get(file, ""), file, offset, readable(raw or b"", self.encoding(source))
            )
            for event_id, source, file, offset, raw in found.iter_rows()
        }

    def encoding(self, source: str) -> Declared:
        """Return the encoding a source says it has; of a source that is no more, whatever its lines look like."""
        return next((one.encoding for one in self.config.sources if one.name == source), "auto")


def open_state(ctx: click.Context) -> State:
    """Return the state of the running command."""
    state = ctx.find_object(State)
    if state is None:
        raise CliError("this command runs only as a command of access-auditd")
    return state
