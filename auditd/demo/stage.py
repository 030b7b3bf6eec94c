"""The stage of the demo: a temporary folder with logs, feeds, configuration, an authority, and the real daemon on it."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from alerts.authority import grant
from auditd.config import Config, load
from auditd.database import open_database
from auditd.demo.people import (
    DOMAIN,
    TRUNK,
    People,
    identifier_rows,
    make_people,
    media_rows,
    protected_rows,
    staff_rows,
)
from auditd.demo.story import Story
from auditd.demo.writers import FeedFiles, Logs
from auditd.migrations import upgrade

GRACE_SECONDS: Final = 8
LIST_DETECTORS: Final = ("media_contact", "lookup_then_contact")
_CONFIG: Final = """\
# The demo's configuration: three logs of an invented force, its feeds, and a grace of seconds instead of a day.
[force]
name = "Northmere Constabulary"
domains = ["{domain}"]
number_ranges = ["{trunk}"]

[storage]
archive = "archive"
database = "sqlite:///{root}/state.db"

[http]
bind = "127.0.0.1:{port}"

[logging]
format = "json"

[run]
settle_seconds = 2.0

[[sources]]
name = "pnc"
files = ["logs/pnc/pnc.log*"]
format = "pnc"

[[sources]]
name = "exchange"
files = ["logs/exchange/MSGTRK*.LOG"]
format = "exchange"

[[sources]]
name = "cucm"
files = ["logs/cucm/cdr_*"]
format = "cucm"
{feeds}
[detectors.unlinked_lookup]
grace_hours = {grace_hours}
"""
_FEEDS: Final = (
    "staff", "identifiers", "incidents", "incident_subjects", "assignments", "media_contacts", "protected_contacts",
)  # fmt: skip


class Stage:
    """Everything the demo stands on; `start` raises the curtain, `stop` has the daemon drain and leave."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.config_file = root / "access-auditd.toml"
        self.daemon_log = root / "daemon.log"
        self.people: People = make_people(random.Random(seed))
        self.logs = Logs(root / "logs")
        self._feeds = FeedFiles(root / "feeds")
        self.started_at = datetime.now(UTC)
        self.story = Story(self.people, random.Random(seed + 1), self.started_at)
        self.feeds = self._feeds
        self.port = _free_port()
        self._write_config()
        self.config: Config = load(self.config_file)
        self.engine: Engine = open_database(self.config.storage.database)
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Drop the feeds, grant the authority, start the daemon."""
        self._feeds.drop("staff", staff_rows(self.people))
        self._feeds.drop("identifiers", identifier_rows(self.people))
        self._feeds.drop("media_contacts", media_rows(self.people))
        self._feeds.drop("protected_contacts", protected_rows())
        self._feeds.drop_incidents(self.story.incidents)
        upgrade(self.engine)
        self._grant()
        command = [sys.executable, "-m", "auditd", "--config", str(self.config_file), "run"]
        with self.daemon_log.open("wb") as log:
            self._daemon = subprocess.Popen(
                command, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    @property
    def running(self) -> bool:
        """Whether the daemon is alive."""
        return self._daemon is not None and self._daemon.poll() is None

    def stop(self) -> int:
        """Ask the daemon to drain; return its exit status."""
        if self._daemon is None:
            return 0
        if self.running:
            self._daemon.send_signal(signal.SIGTERM)
        try:
            return self._daemon.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            return self._daemon.wait()

    def _grant(self) -> None:
        now = datetime.now(UTC)
        with self.engine.begin() as conn:
            grant(
                conn,
                purpose="integrity_security",
                reason="demonstration on invented data",
                detectors=LIST_DETECTORS,
                events_from=now - timedelta(days=1),
                events_to=now + timedelta(days=1),
                granted_by="Det Supt R. Example",
                granted_at=now,
                expires_at=now + timedelta(days=1),
                review_by=now.date(),
            )

    def _write_config(self) -> None:
        feeds = "".join(
            f'\n[[feeds]]\nname = "{feed}"\nfeed = "{feed}"\nfiles = ["feeds/{feed}-*.csv"]\n'
            for feed in _FEEDS
        )
        self.config_file.write_text(
            _CONFIG.format(
                root=self.root,
                domain=DOMAIN,
                trunk=TRUNK,
                port=self.port,
                feeds=feeds,
                grace_hours=GRACE_SECONDS / 3600,
            ),
            encoding="utf-8",
        )


def _free_port() -> int:
    """Return a loopback port nobody listens on, 9464 if it is free."""
    for port in (9464, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on the loopback interface")
