"""The command as a whole: quick help, commands that may be absent, errors that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from auditd.cli import COMMANDS, main
from auditd.cli.context import CliError, State, open_state

FOLDER = Path(sys.executable).parent


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a process of its own."""
    return subprocess.run(
        [FOLDER / "access-auditd", *arguments],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_help_lists_the_commands_without_importing_them() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "auditd", "--help"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "check" in done.stdout
    for heavy in ("polars", "sqlalchemy", "pydantic"):
        assert f" {heavy}\n" not in done.stderr


def test_the_version_is_told() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, "access-auditd, version 0.1.0\n")


def test_a_configuration_that_cannot_be_read_ends_in_exit_code_2_with_a_hint(tmp_path: Path) -> None:
    done = command("try", "-", "--source", "pnc", ACCESS_AUDITD_CONFIG=str(tmp_path / "absent.toml"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {tmp_path}/absent.toml: cannot be read: No such file")


def test_an_unknown_command_is_wrong_usage() -> None:
    done = command("chekc")
    assert done.returncode == 2
    assert "No such command" in done.stderr


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_each_command_says_of_itself_what_the_list_says(name: str) -> None:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    assert found.get_short_help_str(limit=200).rstrip(".") == COMMANDS[name][1].rstrip(".")


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_each_command_explains_itself(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert f"Usage: main {name}" in done.output


def test_a_command_whose_module_is_absent_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "ghost", ("auditd.cli.no_such_module", "Nothing."))
    done = CliRunner().invoke(main, ["--help"])
    assert "ghost" not in done.output
    assert "check" in done.output


def test_an_error_is_told_with_its_hint_on_standard_error() -> None:
    @click.command()
    def failing() -> None:
        raise CliError("it is broken\x1b[31m", hint="mend it", exit_code=1)

    done = CliRunner().invoke(failing)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "error: it is broken\\x1b[31m\nhint: mend it\n"


class TestState:
    """What a command works with is opened when it is asked for, and closed with the command."""

    def config(self, folder: Path, database: str = "sqlite:///state.db") -> Path:
        path = folder / "a.toml"
        path.write_text(f'[storage]\narchive = "archive"\ndatabase = "{database}"\n')
        return path

    def test_the_first_use_makes_the_database(self, tmp_path: Path) -> None:
        with State(self.config(tmp_path)) as state:
            assert not (tmp_path / "state.db").exists()
            assert state.archive.segments() == []
            assert (tmp_path / "state.db").exists()

    @pytest.mark.parametrize(("verbose", "level"), [(0, "info"), (1, "debug"), (9, "debug")])
    def test_asking_for_more_makes_the_log_more_talkative(
        self, tmp_path: Path, verbose: int, level: str
    ) -> None:
        assert State(self.config(tmp_path), verbose=verbose).config.logging.level == level

    def test_a_database_that_cannot_be_used_is_told(self, tmp_path: Path) -> None:
        with (
            State(self.config(tmp_path, "sqlite:///absent/state.db")) as state,
            pytest.raises(CliError) as caught,
        ):
            _ = state.engine
        assert caught.value.message == "the database cannot be used: OperationalError"
        assert "storage.database" in caught.value.hint

    def test_a_database_of_a_newer_version_is_told(self, tmp_path: Path) -> None:
        with State(self.config(tmp_path)) as state, state.engine.begin() as conn:
            conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with State(self.config(tmp_path)) as state, pytest.raises(CliError, match="not of this version"):
            _ = state.engine

    def test_people_nobody_knows_are_written_by_their_identifier(self, tmp_path: Path) -> None:
        with State(self.config(tmp_path)) as state:
            assert state.naming().person(None, "account:abriar") == "account abriar (nobody known)"

    def test_lines_the_archive_does_not_hold_are_absent(self, tmp_path: Path) -> None:
        with State(self.config(tmp_path)) as state:
            assert state.raw_lines(["pnc:1"]) == {}

    def test_now_says_that_it_is_utc(self, tmp_path: Path) -> None:
        offset = State(self.config(tmp_path)).now().utcoffset()
        assert offset is not None
        assert not offset

    def test_a_command_outside_the_group_is_told_so(self) -> None:
        with pytest.raises(CliError):
            open_state(click.Context(click.Command("x")))
