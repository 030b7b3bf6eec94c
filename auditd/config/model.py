"""The configuration as it is written: one model per TOML table, every setting described.

It must never build anything: auditd/config/runtime.py turns a checked model into what the process uses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from alerts.weights import Weights
from auditd.config import values
from auditd.config.listen_model import ListenerTable, ListenTable
from auditd.config.table import Domain, Glob, Level, Name, Table, Zone
from detectors.bounds import ExplanationSettings
from detectors.exempt import ContactExemptions
from parsers.encodings import Declared

RunName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]


class ForceTable(Table):
    """Who "we" are: decides what is internal."""

    name: str = Field("", description="Name of the force, for headings and exports.")
    domains: tuple[Domain, ...] = Field((), description="Own mail domains; their subdomains are ours too.")
    number_ranges: tuple[Annotated[str, AfterValidator(values.number_range)], ...] = Field(
        (), description="Own telephone numbers as E.164 prefixes, each with a leading `+`."
    )
    country: Annotated[str, AfterValidator(values.country)] = Field(
        "GB", description="Country (ISO 3166, two capitals) in which national numbers are read."
    )
    access_digits: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,4}$")], ...] = Field(
        ("9",), description="Prefixes dialled to reach an outside line."
    )
    extension_digits: int = Field(
        6, ge=1, le=8, description="A number of at most this many digits is an extension, and ours."
    )


class StorageTable(Table):
    """Where things are kept."""

    archive: Path = Field(
        Path("/var/lib/access-auditd/archive"), description="Folder of the event archive (Parquet segments)."
    )
    database: Annotated[str, AfterValidator(values.database)] = Field(
        "sqlite:////var/lib/access-auditd/state.db",
        description="SQL database: `sqlite:////absolute/path` or `postgresql+psycopg://user@host/name`.",
    )


class RunTable(Table):
    """The rhythm of the daemon."""

    tick_seconds: float = Field(
        0.1, gt=0, le=60, description="Seconds between two looks at what is new, at most."
    )
    reconcile_seconds: float = Field(
        1.0, gt=0, le=3600, description="Seconds between two full looks at every file, hints or no hints."
    )
    settle_seconds: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="Seconds a file that was rotated or deleted must stay silent before it counts as ended.",
    )
    block_bytes: int = Field(
        2_097_152, ge=4096, le=67_108_864, description="Bytes read and parsed at once, at most."
    )


class HttpTable(Table):
    """The port for metrics and health."""

    bind: Annotated[str, AfterValidator(values.bind)] = Field(
        "127.0.0.1:9464", description="Address and port for /metrics, /healthz and /readyz."
    )
    allow_remote: bool = Field(
        default=False, description="Permit a bind address other machines can reach: it has no log-in."
    )


class LoggingTable(Table):
    """The process's own log, on standard error."""

    level: Level = Field(
        "info", description="Least severe level that is written: debug, info, warning or error."
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="json, console, or auto: console on a terminal, json elsewhere."
    )


class SourceTable(Table):
    """One kind of log: which files, in which format."""

    name: Name = Field(description="Name of the source, unique: part of every event's identity, so keep it.")
    files: tuple[Glob, ...] = Field(
        min_length=1, description="Glob patterns of its files, rotated copies included; `**` crosses folders."
    )
    format: str = Field(description="Log format; `access-auditd try FILE` guesses it.")
    zone: Zone = Field("Europe/London", description="Time zone of times that are written without one.")
    envelope: Literal["none", "syslog"] = Field(
        "none",
        description="What each line is wrapped in: syslog for files of `access-auditd listen` or of a syslog daemon; it is "
        "taken off before the format sees the line, and kept in the evidence.",
    )
    site: str = Field("", description="Site or system that wrote the log, kept with each event.")
    keep_raw: bool = Field(default=True, description="Keep each raw line with its event, not its hash alone.")
    complete_after_seconds: float | None = Field(
        None,
        ge=0,
        description="Seconds without change after which a file is complete and its last line counts even without a "
        "newline; unset: as the format has it (5 for cucm, never for logs that grow).",
    )
    rhythm: bool = Field(
        default=True, description="Learn how much comes when, and note a silence beyond that as a gap."
    )
    quiet_after_minutes: float | None = Field(
        None,
        gt=0,
        description="Minutes without an event that count as a gap at any hour, instead of the rhythm; unset: learnt.",
    )
    backwards_after_minutes: float | None = Field(
        None,
        ge=0,
        le=525_600,
        description="Minutes that new lines of a file may lie before its earlier ones; further back is a gap. 0: not looked "
        "for; unset: as the format has it (60, not looked for in exports).",
    )
    encoding: Declared = Field(
        "auto",
        description="Encoding: `auto` (UTF-8, or UTF-16 by its marks and NUL bytes, wherever it changes), `utf-8`, "
        "`cp1252` (where it is not UTF-8), `utf-16le` or `utf-16be`.",
    )
    max_line_bytes: int = Field(
        1_048_576, ge=256, le=67_108_864, description="A longer line is rejected, alone, as too_long."
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Options of the format: see docs/formats."
    )


class FeedTable(Table):
    """One delivery of reference data: CSV files with a header, or the rows of a query; neither: loaded by hand."""

    name: Name = Field(description="Name of the delivery, unique.")
    feed: str = Field(description="Which reference feed it fills: see docs/feeds.md.")
    files: tuple[Glob, ...] = Field((), description="Glob patterns of its files.")
    database: Annotated[str, AfterValidator(values.query_database)] | None = Field(
        None, description="SQLAlchemy URL of a database to query instead; only ever read from, never shown."
    )
    query: Annotated[str, AfterValidator(values.query)] | None = Field(
        None, description="The query there: it returns the feed's columns, or those that `columns` names."
    )
    every_seconds: float = Field(
        900.0, ge=1, le=604_800, description="Seconds from the end of one run of the query to the next."
    )
    timeout_seconds: float = Field(
        300.0, gt=0, le=86_400, description="Seconds after which a run of the query is reported as hanging."
    )
    zone: Zone = Field("Europe/London", description="Time zone of times that are written without one.")
    complete: bool = Field(
        default=False,
        description="Each file holds everything that is true: what is missing from it has ended.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description='Columns with other names in the file: `ours = "theirs"`.'
    )


class SigmaTable(Table):
    """Rules in Sigma's language."""

    folder: Glob | None = Field(
        None, description="Folder of Sigma rules (`*.yml`, `*.yaml`), subfolders included; unset: none."
    )
    mode: Literal["live", "shadow"] = Field(
        "live", description="How rules run that have no `mode` of their own in `[detectors.NAME]`."
    )


class ShadowTable(Table):
    """A detector run in shadow beside the one in force."""

    detector: str = Field(description="Detector it runs.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings that differ from those of `[detectors.NAME]`."
    )


class ConfigFile(Table):
    """The whole file."""

    force: ForceTable = Field(default_factory=ForceTable, description="Who we are.")
    storage: StorageTable = Field(default_factory=StorageTable, description="Where things are kept.")
    run: RunTable = Field(default_factory=RunTable, description="The rhythm of the daemon.")
    http: HttpTable = Field(default_factory=HttpTable, description="The port for metrics and health.")
    logging: LoggingTable = Field(default_factory=LoggingTable, description="The process's own log.")
    sources: tuple[SourceTable, ...] = Field((), description="Logs to read.")
    feeds: tuple[FeedTable, ...] = Field((), description="Reference data to load.")
    listen: ListenTable = Field(default_factory=ListenTable, description="The process that listens.")
    listeners: tuple[ListenerTable, ...] = Field((), description="Ports on which syslog messages arrive.")
    explanations: ExplanationSettings = Field(
        default_factory=ExplanationSettings, description="How far explanations of look-ups reach."
    )
    contacts: ContactExemptions = Field(
        default_factory=ContactExemptions, description="Contacts with listed media that are left out."
    )
    score: Weights = Field(default_factory=Weights, description="What an alert's score is made of: points.")
    detectors: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings per detector; all run unless `enabled = false`."
    )
    sigma: SigmaTable = Field(default_factory=SigmaTable, description="Rules in Sigma's language.")
    shadows: dict[RunName, ShadowTable] = Field(default_factory=dict, description="Runs in shadow, by name.")
