"""The real listening process, senders that speak to it, and what it has left in its spool."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from parsers.syslog import unescape

PATIENCE_SECONDS = 30.0
HEADER = b"<134>1 2026-03-03T14:02:11Z gw %s - - - "
LISTENER = """
[[listeners]]
name = "soc"
bind = "127.0.0.1:0"
routes = [{ folder = "pnc", app_names = ["PNC*"] }, { folder = "gw", hostnames = ["gw-?"] }]
"""


def wait_until(true: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until something is so and return it; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def syslog(text: str | bytes, app: str = "pnc") -> bytes:
    """A message of RFC 5424."""
    return HEADER % app.encode() + (text.encode() if isinstance(text, str) else text)


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


@dataclass(frozen=True)
class Taken:
    """A line of the spool: the fields of its receipt, and the message as it was sent."""

    peer: str
    identity: str
    flags: str
    message: bytes


def read_line(line: bytes) -> Taken:
    received, peer, identity, flags, message = line.split(b" ", 4)
    assert received.startswith(b"@20")
    assert received.endswith(b"Z")
    whole = unescape(message) if b"escaped" in flags else message
    return Taken(peer.decode(), identity.decode(), flags.decode(), whole)


class Listening:
    """`access-auditd listen` on a configuration of its own."""

    def __init__(self, root: Path, listeners: str = LISTENER, more: str = "", *, limits: str = "") -> None:
        self.root = root
        self.config_file = root / "audit.toml"
        self.spool = root / "spool"
        settings = {"min_free_bytes": "0", "sync_seconds": "0.05"} | dict(
            line.split(" = ") for line in limits.splitlines() if line
        )
        self.config_file.write_text(
            f'[listen]\nspool = "{self.spool}"\nhttp = "127.0.0.1:0"\n'
            + "".join(f"{key} = {value}\n" for key, value in settings.items())
            + f'[storage]\narchive = "archive"\ndatabase = "sqlite:///state.db"\n{listeners}\n{more}',
            "utf-8",
        )
        self.log_file = root / "listen.log"

    def start(self) -> Self:
        command = [sys.executable, "-m", "auditd", "--config", str(self.config_file), "listen"]
        with self.log_file.open("ab") as log:
            self._before = log.tell()
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(lambda: self.log("started") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log_file.read_text()
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def log(self, event: str = "") -> list[dict[str, Any]]:
        with self.log_file.open(encoding="utf-8") as log:
            log.seek(self._before)
            entries = [json.loads(line) for line in log if line.startswith("{") and line.endswith("}\n")]
        return [entry for entry in entries if event in ("", entry["event"])]

    def address(self, listener: str = "soc") -> tuple[str, int]:
        host, _, port = self.log("started")[0]["listeners"][listener].rpartition(":")
        return host, int(port)

    def connect(
        self, context: ssl.SSLContext | None = None, *, listener: str = "soc", source: str = "127.0.0.1"
    ) -> socket.socket:
        sock = socket.create_connection(self.address(listener), timeout=10, source_address=(source, 0))
        return context.wrap_socket(sock, server_hostname="localhost") if context else sock

    def send(self, data: bytes, **how: Any) -> None:
        """Send over a connection that is closed in good order afterwards."""
        with self.connect(**how) as sock:
            sock.sendall(data)
            if not isinstance(sock, ssl.SSLSocket):
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(4096):
                    pass

    def files(self, folder: str = "*/*") -> list[Path]:
        """The spool's files, oldest first."""
        return sorted(self.spool.glob(f"{folder}/current-*")) + sorted(
            self.spool.glob(f"{folder}/current.log")
        )

    def lines(self, folder: str = "*/*") -> list[Taken]:
        """The whole lines in the spool."""
        text = b"".join(path.read_bytes() for path in self.files(folder))
        return [read_line(line) for line in text.split(b"\n")[:-1] if not line.endswith(b"\0")]

    def messages(self, folder: str = "*/*") -> list[bytes]:
        return [line.message for line in self.lines(folder)]

    def wait_for(self, count: int, folder: str = "*/*") -> list[Taken]:
        wait_until(lambda: len(self.lines(folder)) >= count)
        return self.lines(folder)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(
                f"http://{self.log('started')[0]['http']}{path}", timeout=5
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        shown = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
        start = f"access_auditd_{name}{{{shown}}} " if labels else f"access_auditd_{name} "
        found = [line for line in self.get("/metrics")[1].splitlines() if line.startswith(start)]
        return float(found[0].removeprefix(start)) if found else 0.0

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command over the same configuration."""
        command = [sys.executable, "-m", "auditd", "--config", str(self.config_file), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    def peak_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
