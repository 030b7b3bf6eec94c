"""What the documentation tells people to type works, and pages made from code are those the code makes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from pages import PAGES, ROOT, code_blocks, name

from auditd.cli import main
from auditd.cli.page import commands_page, walk
from auditd.config import load
from parsers.schema_page import schema_page

COMMANDS = {
    found: command for found, command, _ in walk(main, click.Context(main, info_name="access-auditd"))
}
TYPED = re.compile(r"(?:^|bin/)access-auditd\s+(\S.*)$")


def typed() -> list[tuple[str, str]]:
    """Return every call of the command in a code block, with the name of its page."""
    found = []
    for page in PAGES:
        for block in code_blocks(page, "console", "sh", ""):
            for line in block.replace("\\\n", " ").splitlines():
                call = TYPED.search(line.removeprefix("$ ").strip())
                if call and (line.startswith("$ ") or not block.startswith("$ ")):
                    found.append((name(page), call.group(1)))
    return found


def parse(words: list[str]) -> None:
    """Let click read the words; nothing is run. An unknown command or option raises."""
    context = main.make_context("access-auditd", words, resilient_parsing=False)
    found: click.Command = main
    while isinstance(found, click.Group) and (rest := [*context._protected_args, *context.args]):
        name_, command, args = found.resolve_command(context, rest)
        assert command is not None
        context, found = command.make_context(name_, args, parent=context), command


def test_the_documentation_shows_the_commands_that_matter() -> None:
    shown = {call.split()[0] for _, call in typed()}
    assert shown >= {"check", "try", "run", "accounts", "alerts", "authority", "reparse", "replay"}


@pytest.mark.parametrize(("page", "call"), typed())
def test_what_a_page_tells_people_to_type_is_a_command_with_these_options(page: str, call: str) -> None:
    parse(shlex.split(call, comments=True))


def test_the_page_of_the_commands_is_the_one_they_make() -> None:
    assert (ROOT / "docs/commands.md").read_text("utf-8") == commands_page()


def test_every_command_and_option_says_what_it_does() -> None:
    silent = [found for found, command in COMMANDS.items() if not command.help]
    silent += [
        f"{found} {option.opts[0]}"
        for found, command in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_the_page_of_the_schema_is_the_one_the_schema_makes() -> None:
    assert (ROOT / "docs/schema.md").read_text("utf-8") == schema_page()


def test_the_configuration_of_the_read_me_can_be_used(tmp_path: Path) -> None:
    [text] = code_blocks(ROOT / "README.md", "toml")
    file = tmp_path / "audit.toml"
    file.write_text(text, "utf-8")
    config = load(file)
    assert [source.name for source in config.sources] == ["pnc", "exchange", "cucm"]
    assert len(config.feeds) == 7
