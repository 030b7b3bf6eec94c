"""Who acts on the command line, and words of the closed vocabularies as options. It must never act for nobody."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from alerts.vocabulary import PURPOSES
from auditd.cli.context import BAD_ANSWER, CliError

Command = TypeVar("Command", bound=Callable[..., Any])


def by_option(command: Command) -> Command:
    """Add `--by`: who acts, the user of the operating system unless told."""
    return click.option(
        "--by", default=_user, show_default="the user of the operating system", help="Who acts."
    )(command)


def use_options(command: Command) -> Command:
    """Add `--purpose`, `--reason` and `--by`: what a use of personal data must come with, see alerts.uses."""
    why = click.option("--reason", required=True, help="Why it is necessary, in words.")
    what_for = click.option(
        "--purpose", type=click.Choice(list(PURPOSES)), required=True, help="What it is used for."
    )
    return what_for(why(by_option(command)))


def explaining_use_options(command: Command) -> Command:
    """Add the same, for a question that is put time and again while alerts are decided: told only where it is another."""
    why = click.option(
        "--reason",
        default="what explains this look-up",
        show_default=True,
        help="Why it is necessary, in words.",
    )
    what_for = click.option(
        "--purpose",
        type=click.Choice(list(PURPOSES)),
        default="self_monitoring",
        show_default=True,
        help="What it is used for.",
    )
    return what_for(why(by_option(command)))


def optional_use_options(command: Command) -> Command:
    """Add the same, for a command that uses personal data only where an option asks for it; "" where not given."""
    why = click.option("--reason", default="", help="Why it is necessary, in words.")
    what_for = click.option(
        "--purpose",
        type=click.Choice(["", *PURPOSES]),
        default="",
        help="What it is used for.",
        metavar="PURPOSE",
    )
    return what_for(why(by_option(command)))


def slugs(words: Iterable[str]) -> dict[str, str]:
    """Return vocabulary words by how they are typed: "no-further-action" for "no further action"."""
    return {re.sub("[^a-z]+", "-", word): word for word in words}


@contextmanager
def refusals(*errors: type[Exception]) -> Iterator[None]:
    """Tell these errors, whose messages are written for people, on standard error with exit status 1."""
    try:
        yield
    except errors as error:
        raise CliError(str(error), exit_code=BAD_ANSWER) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, or no variable that names one
        return ""
