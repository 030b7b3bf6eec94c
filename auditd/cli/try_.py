"""`access-auditd try`: parse a file and show what becomes of its lines. It stores nothing and starts nothing."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, get_args
from zoneinfo import ZoneInfo

import click
import polars as pl

from auditd.cli.context import BAD_ANSWER, CliError, State, open_state
from auditd.cli.documents import Output, documents
from auditd.cli.options import format_named, format_options, valid
from auditd.cli.output import clean, count, print_json
from auditd.cli.show import event_lines, event_values
from auditd.cli.trial import MOST_CODES, Trial
from auditd.cli.unpacked import BrokenFile, unpacked
from auditd.config.values import domain, number_range, zone
from parsers.encodings import Declared, is_wide, whole_lines
from parsers.event import SCHEMA
from parsers.force import Force
from parsers.format import REJECT_REASONS, Context, Format
from parsers.guess import Guess, guess

SAMPLE_BYTES: Final = 64 << 10
LONGEST_LINE: Final = 1 << 20
LEAST_CONFIDENCE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    format: str | None
    options: tuple[str, ...]
    zone: str | None
    source: str | None
    encoding: Declared | None
    domains: tuple[str, ...]
    ranges: tuple[str, ...]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", help="Log format; guessed if left out.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="Option of the format.")
@click.option("--zone", help="Time zone of times without one.  [default: Europe/London]")
@click.option("--source", help="Read it as this source of the configuration.")
@click.option("--encoding", type=click.Choice(get_args(Declared)), help="Encoding.  [default: auto]")
@click.option("--force-domain", "domains", multiple=True, help="A mail domain of ours.")
@click.option("--force-range", "ranges", multiple=True, help="A number range of ours, like +441632960.")
@click.option("--limit", type=click.IntRange(0, 1000), default=5, show_default=True, help="How many to show.")
@click.option(
    "--show-content", is_flag=True, help="Show the subjects of emails and kept queries of addresses."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--output",
    type=click.Choice(get_args(Output)),
    help="Print the events as JSON lines of this kind instead.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    file: Path,
    limit: int,
    show_content: bool,
    as_json: bool,
    output: Output | None,
    **wishes: Any,
) -> None:
    """Parse a file and show what becomes of its lines; store nothing.

    FILE may be compressed (gzip, zstd, xz, bzip2), or - for standard input. With --config the force is the configuration's. Exit code: 0 lines
    became events, 1 none did or nobody knows the format, 2 wrong usage.
    """
    if output and as_json:
        raise CliError("--output is JSON already: leave out --json")
    wish = Wish(**wishes)
    trial = Trial(limit=limit)
    state = open_state(ctx)
    context, parser, longest = _known(state, wish)
    trial.encoding = wish.encoding or (state.config.source(wish.source).encoding if wish.source else "auto")
    guesses: list[Guess] = []
    with _opened(file) as stream:
        head = stream.read(SAMPLE_BYTES)
        if parser is None:
            if wish.format is None:
                guesses = guess(_beginning(head, trial.encoding))
            name = wish.format or _believable(file, guesses)
            parser = format_named(name)(context, format_options(name, wish.options))
        trial.run(stream, parser, longest=longest, head=head, written_before=_changed(file))
    if output:
        _print_documents(trial, output, show_content=show_content)
    elif as_json:
        print_json(_as_data(file, parser, guesses, trial, show_content=show_content))
    else:
        _print(file, parser, guesses, trial, show_content=show_content)
    ctx.exit(0 if trial.balances and (trial.event_lines or not trial.rejects) else BAD_ANSWER)


def _beginning(head: bytes, declared: Declared) -> bytes:
    """Return the first whole lines of a file as UTF-8, as far as they are in one encoding."""
    encoding, end = whole_lines(head, declared)
    return (
        head[: end or None].decode(encoding, "replace").encode() if is_wide(encoding) else head[: end or None]
    )


def _changed(file: Path) -> datetime | None:
    """Return when the file was last changed; None for standard input."""
    return None if str(file) == "-" else datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _known(state: State, wish: Wish) -> tuple[Context, Format | None, int]:
    """Return what is known before the file is opened: context, parser where a source names it, longest line."""
    context, parser, longest = Context("try", ZoneInfo("Europe/London")), None, LONGEST_LINE
    if wish.source is not None:
        try:
            source = state.config.source(wish.source)
        except KeyError:
            names = ", ".join(known.name for known in state.config.sources)
            raise CliError(f"there is no source {wish.source!r}", hint=f"sources: {names}") from None
        if wish.options and wish.format is None:
            raise CliError("--option changes a format given with --format, not a configured source")
        context, longest = _wished(source.context, wish), source.max_line_bytes
        parser = source.format(context, source.options) if wish.format is None else None
    elif state.config_given:
        context = replace(context, force=state.config.force)
    return _wished(context, wish), parser, longest


def _wished(context: Context, wish: Wish) -> Context:
    """Return the context with zone, domains and number ranges of the command line in place of its own."""
    force: Force = context.force
    if wish.domains:
        force = replace(force, domains=tuple(valid("--force-domain", domain, text) for text in wish.domains))
    if wish.ranges:
        ranges = tuple(valid("--force-range", number_range, text) for text in wish.ranges)
        force = replace(force, number_ranges=ranges)
    own = context.zone if wish.zone is None else ZoneInfo(valid("--zone", zone, wish.zone))
    return replace(context, force=force, zone=own)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file, compressed or not, or standard input; what goes wrong while reading becomes a CliError."""
    try:
        raw = sys.stdin.buffer if str(file) == "-" else file.open("rb")
        yield unpacked(raw)
        if str(file) != "-":
            raw.close()
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror or error}") from None
    except BrokenFile as broken:
        raise CliError(
            f"{file} is not a whole {broken.kind} file", hint="is it still being compressed?"
        ) from None


def _believable(file: Path, guesses: list[Guess]) -> str:
    if not guesses or guesses[0].confidence < LEAST_CONFIDENCE:
        raise CliError(
            f"the format of {file} is not known: no format recognises its first lines",
            hint="name one with --format, if the file is in one of them",
            exit_code=BAD_ANSWER,
        )
    return guesses[0].name


def _as_data(
    file: Path, parser: Format, guesses: list[Guess], trial: Trial, *, show_content: bool
) -> dict[str, Any]:
    return {
        "file": file,
        "format": parser.name,
        "guesses": guesses,
        "balances": trial.balances,
        "lines": trial.lines,
        "event_lines": trial.event_lines,
        "events": trial.events,
        "rejects": trial.rejects,
        "non_records": trial.non_records,
        "unknown_codes": dict(trial.unknown_codes.most_common(MOST_CODES)),
        "shown_events": {
            family: [{"line": line, **event_values(row, show_content=show_content)} for line, row in rows]
            for family, rows in trial.shown_events.items()
        },
        "shown_rejects": [asdict(reject) for reject in trial.shown_rejects],
    }


def _print(file: Path, parser: Format, guesses: list[Guess], trial: Trial, *, show_content: bool) -> None:
    click.echo(f"{file}: {parser.title} ({parser.name}){_how_sure(guesses)}")
    for family, rows in trial.shown_events.items():
        if trial.events[family]:
            click.echo(f"\n{family} events, {_first(len(rows), trial.events[family])}:")
        for line, row in rows:
            for text in event_lines(family, line, row, show_content=show_content):
                click.echo(f"  {text}")
    if trial.rejects:
        click.echo(f"\nrejected lines, {_first(len(trial.shown_rejects), trial.rejects.total())}:")
    for reject in trial.shown_rejects:
        why = REJECT_REASONS.get(reject.reason, reject.reason)
        detail = f" ({clean(reject.detail)})" if reject.detail else ""
        click.echo(f"  line {reject.line}, byte {reject.offset}: {reject.reason}: {why}{detail}")
        click.echo(f"    {clean(reject.text[:300])}")
    _print_account(trial)


def _print_documents(trial: Trial, output: Output, *, show_content: bool) -> None:
    """Print the events that are shown as documents, and the account beside them."""
    for family, rows in trial.shown_events.items():
        events = pl.DataFrame([row for _, row in rows], schema=SCHEMA[family])
        for text in documents(output, family, events, content=show_content) if rows else ():
            click.echo(text)
    with redirect_stdout(sys.stderr):
        _print_account(trial)


def _print_account(trial: Trial) -> None:
    click.echo(f"\n{count(trial.lines)} lines = {count(trial.event_lines)} event lines", nl=False)
    click.echo(
        f" + {count(trial.rejects.total())} rejects + {count(trial.non_records.total())} non-records",
        nl=False,
    )
    click.echo(": the account balances" if trial.balances else ": THE ACCOUNT DOES NOT BALANCE")
    counters: tuple[tuple[str, Counter[Any]], ...] = (
        ("events by family", trial.events),
        ("rejects by reason", trial.rejects),
        ("non-records by kind", trial.non_records),
        ("unknown codes", trial.unknown_codes),
    )
    for title, counts in counters:
        listed = ", ".join(
            f"{clean(word)} {count(number)}" for word, number in counts.most_common(20) if number
        )
        if listed:
            click.echo(f"  {title}: {listed}")


def _how_sure(guesses: list[Guess]) -> str:
    if not guesses:
        return ""
    others = ", ".join(f"{other.name} {other.confidence:.0%}" for other in guesses[1:4])
    return f", guessed with {guesses[0].confidence:.0%} confidence" + (f" (else: {others})" if others else "")


def _first(shown: int, total: int) -> str:
    return f"all {count(total)}" if shown == total else f"the first {count(shown)} of {count(total)}"
