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
from auditd.force.feeds import FeedFiles
from auditd.force.logs import USUAL, Logs
from auditd.force.people import People, make_people
from auditd.force.settings import configuration
from auditd.force.steady import Steady
from auditd.migrations import upgrade

GRACE_SECONDS: Final = 8
LIST_DETECTORS: Final = ("media_contact", "lookup_then_contact")
STAFF: Final = 60
FEEDS: Final = (
    "staff", "identifiers", "incidents", "incident_subjects", "assignments", "media_contacts", "protected_contacts",
)  # fmt: skip
# A grace of seconds instead of a day; no wait for the rest of bulk mail, of which the demo has none.
_HASTE: Final = """\
[run]
settle_seconds = 2.0

[contacts]
bulk_wait_minutes = 0

[detectors.unlinked_lookup]
grace_hours = {grace_hours}

"""


class Stage:
    """Everything the demo stands on; `start` raises the curtain, `stop` has the daemon drain and leave."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.config_file = root / "access-auditd.toml"
        self.daemon_log = root / "daemon.log"
        self.people: People = make_people(seed, STAFF)
        self.logs = Logs(root / "logs")
        self._feeds = FeedFiles(root / "feeds")
        self.started_at = datetime.now(UTC)
        self.story = Steady(self.people, random.Random(seed + 1), self.started_at)
        self.feeds = self._feeds
        self.port = _free_port()
        self._write_config()
        self.config: Config = load(self.config_file)
        self.engine: Engine = open_database(self.config.storage.database)
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Drop the feeds, grant the authority, start the daemon."""
        self._feeds.drop_standing(self.people)
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
        text = configuration(
            self.root,
            sources=USUAL,
            feeds=FEEDS,
            bind=f"127.0.0.1:{self.port}",
            more=_HASTE.format(grace_hours=GRACE_SECONDS / 3600),
        )
        self.config_file.write_text(text, encoding="utf-8")


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
