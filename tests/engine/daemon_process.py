"""The real command as a process of its own, and what can be asked of it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 60.0


def ago(**how_long: float) -> datetime:
    """A moment in the real past, whole milliseconds: the daemon judges by the real clock."""
    moment = datetime.now(UTC) - timedelta(**how_long)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def wait_until(true: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until something is so and return it; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def run(config_file: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "auditd", "--config", str(config_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS * 2, **options)


class DaemonProcess:
    """`access-auditd run` on a configuration; its log goes to a file."""

    def __init__(self, config_file: Path, **options: Any) -> None:
        self.log_file = config_file.with_suffix(".log")
        command = [sys.executable, "-m", "auditd", "--config", str(config_file), "run"]
        with self.log_file.open("ab") as log:
            self._before = log.tell()
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL, **options)

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """Return what this process has logged, of one event or all."""
        with self.log_file.open(encoding="utf-8") as log:
            log.seek(self._before)
            entries = [json.loads(line) for line in log if line.startswith("{") and line.endswith("}\n")]
        return [entry for entry in entries if event in ("", entry["event"])]

    def started(self) -> DaemonProcess:
        """Wait until it is up."""
        wait_until(lambda: self.log("started") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log_file.read_text()
        return self

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP port; return status and text."""
        [started] = self.log("started")
        try:
            with urllib.request.urlopen(f"http://{started['http']}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float | None:
        """Return one sample of /metrics, None where there is none."""
        shown = ",".join(f'{label}="{value}"' for label, value in labels.items())
        start = f"access_auditd_{name}{{{shown}}} " if labels else f"access_auditd_{name} "
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(start):
                return float(line.removeprefix(start))
        return None

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask it to drain; return its exit status."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def peak_megabytes(self) -> float:
        """Return the most memory it has held so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}
