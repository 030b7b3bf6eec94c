"""What every listener has: a socket, the networks senders may come from, and being told to hold."""

from __future__ import annotations

import asyncio
import errno
import socket
from abc import ABC, abstractmethod
from ipaddress import ip_address, ip_network
from typing import Any, Final

from auditd.config.listen_model import ListenerTable
from auditd.config.values import split_bind
from auditd.listen.intake import Intake
from auditd.telemetry.http import PortError
from auditd.telemetry.listening import ListenReports

DRAIN_SECONDS: Final = 3.0  # that a stop takes what has arrived already
_WHY: Final = {
    errno.EADDRINUSE: "another process has it",
    errno.EACCES: "ports below 1024 need privileges: take a higher one, or AmbientCapabilities=CAP_NET_BIND_SERVICE",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}


class Port(ABC):
    """One configured listener. `open`, then `hold` and `tick` as often as needed, then `stop`."""

    def __init__(self, table: ListenerTable, intake: Intake, reports: ListenReports) -> None:
        self.table = table
        self.intake = intake
        self.reports = reports
        self.held = False
        self._networks = [ip_network(text) for text in table.allow]
        self._socket = socket.socket()

    @property
    def address(self) -> str:
        """Return address and port in use (the system chooses where port 0 was asked for)."""
        return written(self._socket.getsockname())

    def may_send(self, host: str) -> bool:
        """Whether senders at this address are allowed."""
        if not self._networks:
            return True
        address = ip_address(host.partition("%")[0])
        return any(address in network for network in self._networks)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open the port. Raises PortError."""
        self._socket.close()
        host, port = split_bind(self.table.bind)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = self._bound(family, (host, port))
        except OSError as error:
            why = _WHY.get(error.errno or 0, error.strerror or "unknown reason")
            raise PortError(f"listener {self.table.name}: cannot open {self.table.bind}: {why}") from error
        self._socket.setblocking(False)
        self._start(loop)

    def hold(self, *, held: bool) -> None:
        """Stop reading from the network, or go on."""
        if held != self.held:
            self.held = held
            self._hold()

    @abstractmethod
    def _bound(self, family: int, address: tuple[str, int]) -> socket.socket:
        """Return a bound socket."""

    @abstractmethod
    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read."""

    @abstractmethod
    def _hold(self) -> None:
        """Do as `held` says now."""

    @abstractmethod
    def tick(self) -> None:
        """Do what is due every second."""

    @abstractmethod
    async def stop(self) -> None:
        """Take what has arrived already, then close; the spool must be tended meanwhile."""


def written(address: Any) -> str:
    """Return a socket address as `host:port`, IPv6 in brackets."""
    host, port = str(address[0]), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
