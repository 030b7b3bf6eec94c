"""Nothing in the repository tells on which machine it was made, and the service is what the documentation says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

from pages import ROOT

from auditd.cli import DEFAULT_CONFIG

OUTSIDE = {"build", "dist", "__pycache__"}
# Spelt in parts, so that this file does not find itself.
MACHINE = re.compile(rb"/(?:work|home|root|Users)" + rb"/[a-z]|/tmp" + rb"/(?!pytest)[a-z]")
REGISTRY = re.compile(
    rb"(?i)py" + rb"pi\.|python" + rb"hosted|index-" + rb"url|--find" + rb"-links|artifac" + rb"tory"
)
# A test's sample of a path that must not be logged, and the option that keeps a registry's name out of the lock files.
ALLOWED = (
    b'"Permission denied", "/home' + b'/briar"',
    b"--no-emit-index-" + b"url --no-emit-find" + b"-links",
)


def files() -> Iterator[Path]:
    for top in ROOT.iterdir():
        if (
            top.name in OUTSIDE
            or top.name.endswith(".egg-info")
            or (top.name.startswith(".") and top.name != ".ci")
        ):
            continue
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and not OUTSIDE.intersection(path.parts) and path.suffix != ".pyc":
                yield path


def told(pattern: re.Pattern[bytes]) -> list[str]:
    found = []
    for path in files():
        data = path.read_bytes()
        for allowed in ALLOWED:
            data = data.replace(allowed, b"")
        found += [f"{path.relative_to(ROOT)}: {match.decode()}" for match in pattern.findall(data)]
    return found


def test_no_file_names_a_place_of_the_machine_it_was_made_on() -> None:
    assert told(MACHINE) == []


def test_no_file_names_a_package_registry() -> None:
    assert told(REGISTRY) == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert MACHINE.search(b"see /home" + b"/jane/x")
    assert MACHINE.search(b"in /tmp" + b"/demo")
    assert REGISTRY.search(b"https://files.python" + b"hosted.org/x")
    assert len(list(files())) > 200


class TestUnit:
    """deploy/access-auditd.service"""

    def unit(self) -> RawConfigParser:
        parser = RawConfigParser(strict=True)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string((ROOT / "deploy/access-auditd.service").read_text("utf-8"))
        return parser

    def test_runs_the_daemon_with_the_configuration_it_has_by_default(self) -> None:
        start = self.unit()["Service"]["ExecStart"]
        assert start.endswith(f"/access-auditd --config {DEFAULT_CONFIG} run")

    def test_reloads_with_the_signal_the_daemon_listens_to(self) -> None:
        assert self.unit()["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"

    def test_keeps_its_state_where_the_example_configuration_does(self) -> None:
        service = self.unit()["Service"]
        assert f"/var/lib/{service['StateDirectory']}/state.db" in (
            ROOT / "deploy/access-auditd.toml"
        ).read_text("utf-8")
        assert service["User"] == service["Group"] == "access-auditd"

    def test_may_write_nothing_but_its_state(self) -> None:
        service = self.unit()["Service"]
        assert service["ProtectSystem"] == "strict"
        assert service["NoNewPrivileges"] == "yes"
        assert service["CapabilityBoundingSet"] == ""
        assert "ReadWritePaths" not in service


class TestListenerUnits:
    """deploy/access-auditd-listen.service and the sweeping of its spool"""

    def unit(self, name: str) -> RawConfigParser:
        parser = RawConfigParser(strict=True)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string((ROOT / "deploy" / name).read_text("utf-8"))
        return parser

    def test_runs_the_listener_as_a_user_that_is_not_the_daemons(self) -> None:
        service = self.unit("access-auditd-listen.service")["Service"]
        assert service["ExecStart"].endswith(f"/access-auditd --config {DEFAULT_CONFIG} listen")
        assert (service["User"], service["Group"]) == ("access-auditd-listen", "access-auditd")

    def test_may_write_its_spool_and_nothing_else(self) -> None:
        service = self.unit("access-auditd-listen.service")["Service"]
        example = (ROOT / "deploy/access-auditd.toml").read_text("utf-8")
        assert f'spool = "{service["ReadWritePaths"]}"' in example
        assert service["ProtectSystem"] == "strict"
        assert service["NoNewPrivileges"] == "yes"
        assert service["CapabilityBoundingSet"] == ""
        assert service["InaccessiblePaths"] == "-/var/lib/access-auditd"

    def test_the_timer_sweeps_as_the_daemons_user(self) -> None:
        service = self.unit("access-auditd-spool.service")["Service"]
        assert service["ExecStart"].endswith(f"/access-auditd --config {DEFAULT_CONFIG} spool sweep")
        assert service["User"] == "access-auditd"
        assert "OnCalendar" in self.unit("access-auditd-spool.timer")["Timer"]
