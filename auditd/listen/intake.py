"""From frames to lines of the spool: each with its receipt, in the folder its route says.

It must never drop a frame: what has no header, or did not arrive whole, is kept, counted and marked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Final

from auditd.config.listen_model import ListenerTable
from auditd.listen.framing import Frame
from auditd.listen.spool import Spool
from auditd.telemetry.listening import ListenReports
from parsers.syslog import ESCAPED, Header, escape, read_header, receipt

_REMEMBERED: Final = 4096


def folders_of(listener: ListenerTable) -> set[str]:
    """Return the folders a listener may write to, below the spool."""
    return {f"{listener.name}/{folder}" for folder in (listener.folder, *(r.folder for r in listener.routes))}


class Routes:
    """Which folder a message goes to, by what its header says."""

    def __init__(self, listener: ListenerTable) -> None:
        self._other = listener.folder
        self._routes = [
            (route.folder, _lowered(route.app_names), _lowered(route.hostnames)) for route in listener.routes
        ]
        self._known: dict[Header, str] = {}

    def folder(self, header: Header | None) -> str:
        """Return the folder of the first route that fits."""
        if header is None or not self._routes:
            return self._other
        if (known := self._known.get(header)) is not None:
            return known
        if len(self._known) >= _REMEMBERED:  # headers are the sender's to invent
            self._known.clear()
        found = self._known[header] = self._search(header.app_name.lower(), header.hostname.lower())
        return found

    def _search(self, app: str, host: str) -> str:
        for folder, apps, hosts in self._routes:
            if _fits(app, apps) and _fits(host, hosts):
                return folder
        return self._other


class Intake:
    """Takes the frames of one listener into the spool."""

    def __init__(self, listener: ListenerTable, spool: Spool, reports: ListenReports) -> None:
        self._name = listener.name
        self._routes = Routes(listener)
        self._spool = spool
        self._reports = reports

    def take(
        self, frames: Iterable[Frame], *, peer: str, identity: str = "-", received_bytes: int = 0
    ) -> None:
        """Write frames that arrived together. peer: address and port; identity: fingerprint of a certificate, or -."""
        received = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        plain = receipt(received=received, peer=peer, identity=identity, flags="-")
        lines: defaultdict[str, list[bytes]] = defaultdict(list)
        messages: Counter[str] = Counter()
        faults: Counter[str] = Counter()
        for frame in frames:
            header = read_header(frame.data)
            folder = self._routes.folder(header)
            messages[folder] += 1
            if header is None or frame.fault:
                faults[frame.fault or "malformed"] += 1
            data, flags = frame.data, _flags(frame)
            if b"\n" in data or b"\0" in data:
                data, flags = escape(data), [*flags, ESCAPED]
            start = (
                receipt(received=received, peer=peer, identity=identity, flags=",".join(flags))
                if flags
                else plain
            )
            lines[folder] += (start, data, b"\n")
        for folder, parts in lines.items():
            self._spool.put(f"{self._name}/{folder}", b"".join(parts))
        self._reports.taken(self._name, bytes_=received_bytes, messages=messages, faults=faults)


def _flags(frame: Frame) -> list[str]:
    return [f"{frame.fault}={frame.length}"] if frame.fault else []


def _lowered(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(pattern.lower() for pattern in patterns)


def _fits(word: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(word, pattern) for pattern in patterns)
