"""`check` says everything that is wrong with a configuration, or what it would do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditd.cli import main

GOOD = """
[force]
domains = ["example.org"]
number_ranges = ["+441632960"]
[[sources]]
name = "pnc"
files = ["logs/*.csv"]
format = "pnc"
[[feeds]]
name = "hr"
feed = "staff"
files = ["staff.csv"]
[detectors.unlinked_lookup]
enabled = false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.csv").write_text("x")
    (tmp_path / "logs/b.csv").write_text("x")
    return tmp_path


def check(folder: Path, text: str, *options: str) -> Result:
    path = folder / "a.toml"
    path.write_text(text)
    return CliRunner().invoke(main, ["check", str(path), *options])


def test_a_good_configuration_is_summed_up(folder: Path) -> None:
    done = check(folder, GOOD)
    assert done.exit_code == 0
    assert "name  format  files  unreadable\npnc   pnc         2           0" in done.output
    assert "name  feed   files  unreadable\nhr    staff      0           0" in done.output
    assert "a.toml can be used" in done.output


def test_detectors_say_their_state(folder: Path) -> None:
    states = {row["name"]: row for row in json.loads(check(folder, GOOD, "--json").output)["detectors"]}
    assert states["unlinked_lookup"]["enabled"] is False
    assert states["media_contact"]["needs_authority"] is True
    assert "media_contacts" in states["media_contact"]["missing_feeds"]


def test_faults_are_printed_with_place_and_hint(folder: Path) -> None:
    done = check(folder, GOOD + "[http]\nbnid = 1\nbind = 2\n")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        f"{folder}/a.toml:16: http.bnid: unknown setting",
        "    did you mean 'bind'?",
        f"{folder}/a.toml:17: http.bind: must be text in quotes, not 2",
    ]
    assert done.stderr == f"2 faults in {folder}/a.toml\n"


def test_faults_as_json_carry_everything(folder: Path) -> None:
    done = check(folder, "[http]\nbnid = 1\n", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert found["valid"] is False
    assert found["faults"] == [
        {
            "file": f"{folder}/a.toml",
            "key": "http.bnid",
            "line": 2,
            "why": "unknown setting",
            "hint": "did you mean 'bind'?",
        }
    ]


def test_without_a_file_it_checks_the_one_of_the_command_line(folder: Path) -> None:
    (folder / "b.toml").write_text(GOOD)
    done = CliRunner().invoke(main, ["--config", str(folder / "b.toml"), "check"])
    assert done.exit_code == 0
    assert f"{folder}/b.toml can be used" in done.output


def test_a_file_that_two_sources_read_is_a_warning(folder: Path) -> None:
    second = '[[sources]]\nname = "again"\nfiles = ["logs/a*"]\nformat = "pnc"\n'
    assert (
        f"warning: {folder}/logs/a.csv is read by two sources: pnc and again"
        in check(folder, GOOD + second).output
    )


def test_a_configuration_that_does_nothing_says_so(folder: Path) -> None:
    assert "there are no sources: nothing will be read" in check(folder, "").output


def test_folders_of_the_spool_that_nobody_reads_or_reads_wrongly_are_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "audit.toml"
    file.write_text(
        """
[listen]
spool = "spool"
[[listeners]]
name = "soc"
bind = "127.0.0.1:6514"
routes = [{ folder = "pnc", app_names = ["pnc"] }, { folder = "mail", app_names = ["mail"] }]
[[sources]]
name = "pnc"
format = "pnc"
envelope = "syslog"
files = ["spool/*/pnc/*.log"]
[[sources]]
name = "mail"
format = "exchange"
files = ["spool/soc/mail/current*.log"]
""",
        "utf-8",
    )
    result = CliRunner().invoke(main, ["check", str(file), "--json"])
    warnings = json.loads(result.output)["warnings"]
    folder = f"{tmp_path}/spool/soc"
    assert f'the source mail reads {folder}/mail/current.log without envelope = "syslog"' in warnings
    assert any(said.startswith(f"no source reads {folder}/other/current.log") for said in warnings)
    assert not any("/pnc/" in said for said in warnings)
