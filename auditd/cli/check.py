"""`access-auditd check`: everything that is wrong with a configuration, or what it would do. It starts nothing."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from auditd.cli.context import BAD_ANSWER, open_state
from auditd.cli.output import clean, count, print_json, print_table
from auditd.config import Config, ConfigError, load


@click.command()
@click.argument("file", required=False, metavar="[CONFIG]", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Say everything that is wrong with a configuration.

    CONFIG is a file, the one of --config if left out. Exit code: 0 it can be used, 1 it has faults, 2 wrong usage.
    """
    path = file or open_state(ctx).config_path
    try:
        config = load(path)
    except ConfigError as error:
        _print_faults(path, error, as_json=as_json)
        ctx.exit(BAD_ANSWER)
    summary = _summary(config)
    if as_json:
        print_json(summary)
    else:
        _print_summary(config, summary)


def _print_faults(path: Path, error: ConfigError, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": path, "valid": False, "faults": [asdict(fault) for fault in error.faults]})
        return
    for fault in error.faults:
        place = str(fault.file) if fault.line is None else f"{fault.file}:{fault.line}"
        click.echo(clean(f"{place}: {fault.key}: {fault.why}" if fault.key else f"{place}: {fault.why}"))
        if fault.hint:
            click.echo(clean(f"    {fault.hint}"))
    faults = len(error.faults)
    click.echo(f"{faults} fault{'s' if faults > 1 else ''} in {path}", err=True)


def matching(patterns: Sequence[str]) -> list[str]:
    """Return the files that match the patterns now, each once."""
    found = (name for pattern in patterns for name in glob.iglob(pattern, recursive=True))  # noqa: PTH207  the patterns are absolute text
    return sorted({name for name in found if Path(name).is_file()})


def _summary(config: Config) -> dict[str, Any]:
    switched_on = {chosen.detector.name for chosen in config.chosen}
    return {
        "file": config.file,
        "valid": True,
        "digest": config.digest(),
        "sources": [
            {"name": source.name, "format": source.format.name, **_files(source.files)}
            for source in config.sources
        ],
        "listeners": [
            {"name": one.name, "bind": one.bind, "protocol": one.protocol} for one in config.listeners
        ],
        "feeds": [
            {"name": feed.name, "feed": feed.feed, "complete": feed.complete, **_files(feed.files)}
            for feed in config.feeds
        ],
        "detectors": [
            {
                "name": name,
                "enabled": name in switched_on,
                "shadows": sorted(one.run for one in config.shadows if one.detector.name == name),
                "needs_authority": detector.about.needs_authority,
                "missing_feeds": sorted(set(detector.feeds) - {feed.feed for feed in config.feeds}),
            }
            for name, detector in config.known.items()
        ],
        "warnings": _warnings(config),
    }


def _files(patterns: Sequence[str]) -> dict[str, int]:
    found = matching(patterns)
    return {"files": len(found), "unreadable": sum(not os.access(name, os.R_OK) for name in found)}


def _warnings(config: Config) -> list[str]:
    said = []
    owner: dict[str, str] = {}
    for source in config.sources:
        for name in matching(source.files):
            if name in owner:
                said.append(f"{name} is read by two sources: {owner[name]} and {source.name}")
            owner.setdefault(name, source.name)
    said += _spool_warnings(config)
    if not config.sources:
        said.append("there are no sources: nothing will be read")
    if not (config.force.domains and config.force.number_ranges):
        said.append("force.domains or force.number_ranges is empty: every party counts as external")
    return [*said, *_suppression_warnings(config)]


def _suppression_warnings(config: Config) -> list[str]:
    """Return what is to be said of suppressions, where there is a database that has any; it is neither made nor upgraded."""
    from sqlalchemy import inspect
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from alerts.suppressions import warnings
    from auditd.database import open_database, reading

    url = make_url(config.storage.database)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return []
    engine = open_database(config.storage.database)
    try:
        with reading(engine) as conn:
            known = inspect(conn).has_table("suppressions")
            return warnings(conn, datetime.now(UTC)) if known else []
    except SQLAlchemyError:
        return []  # `status` and `run` say what is wrong with a database
    finally:
        engine.dispose()


def _spool_warnings(config: Config) -> Iterator[str]:
    """Yield what is wrong between the listeners' folders and the sources that should read them."""
    for listener in config.listeners:
        for folder in sorted({listener.folder, *(route.folder for route in listener.routes)}):
            live = str(config.listen.spool / listener.name / folder / "current.log")
            readers = [one for one in config.sources if any(fnmatchcase(live, glob) for glob in one.files)]
            if not readers:
                yield f"no source reads {live}: what arrives there is kept for ever, and judged by nobody"
            for source in readers:
                if source.context.envelope != "syslog":
                    yield f'the source {source.name} reads {live} without envelope = "syslog"'


def _print_summary(config: Config, summary: dict[str, Any]) -> None:
    for title, columns in (
        ("sources", ("name", "format", "files", "unreadable")),
        ("listeners", ("name", "bind", "protocol")),
        ("feeds", ("name", "feed", "files", "unreadable")),
    ):
        if summary[title]:
            click.echo(f"{title}:")
            print_table(
                columns,
                [[row[key] for key in columns] for row in summary[title]],
                right=("files", "unreadable"),
            )
            click.echo()
    click.echo("detectors:")
    print_table(("name", "state"), [(row["name"], _state(row)) for row in summary["detectors"]])
    for warning in summary["warnings"]:
        click.echo(clean(f"warning: {warning}"))
    click.echo(f"\n{config.file} can be used ({count(len(config.sources))} sources)")


def _state(row: dict[str, Any]) -> str:
    if not row["enabled"] and not row["shadows"]:
        return "off"
    notes = [f"in shadow: {', '.join(row['shadows'])}"] if row["shadows"] else []
    notes += ["needs an authority"] if row["needs_authority"] else []
    if row["missing_feeds"]:
        notes.append(f"no feed configured for {', '.join(row['missing_feeds'])}")
    state = "on" if row["enabled"] else "off"
    return f"{state} ({'; '.join(notes)})" if notes else state
