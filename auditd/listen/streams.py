"""Syslog over TCP and TLS: bounded connections, each with bounded memory, none of which can hold up the others.

It must never read from a socket while the spool cannot take what arrives: senders feel it as back-pressure.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final, cast

from auditd.config.listen_model import ListenerTable
from auditd.listen.framing import Framer
from auditd.listen.intake import Intake
from auditd.listen.ports import DRAIN_SECONDS, Port, written
from auditd.listen.tls import fingerprint_of
from auditd.telemetry.listening import ListenReports

BACKLOG: Final = 128
REST_SECONDS: Final = (
    0.2  # after the system refused to accept, and of quiet before a connection counts as drained
)
KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))


class StreamPort(Port):
    """A tcp or tls listener."""

    def __init__(
        self,
        table: ListenerTable,
        intake: Intake,
        reports: ListenReports,
        *,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(table, intake, reports)
        self.connections: set[Connection] = set()
        self._context = context
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def tick(self) -> None:
        """Close connections that have been silent, or in the middle of a message, for too long."""
        if not self.held:
            for connection in list(self.connections):
                connection.check_patience()

    async def stop(self) -> None:
        """Accept nothing more, take what has arrived, close every connection."""
        for task in self._tasks:
            task.cancel()
        self._socket.close()
        loop = asyncio.get_running_loop()
        begun = heard = loop.time()
        # What lies in the kernel's buffers, and what the sender's follows up with, takes several reads.
        while loop.time() < min(heard + REST_SECONDS, begun + DRAIN_SECONDS):
            await asyncio.sleep(REST_SECONDS / 8)
            heard = loop.time() if self.held else max([begun, *(one.heard for one in self.connections)])
        for connection in list(self.connections):
            connection.close("stopping")
        await asyncio.sleep(0)

    def _bound(self, family: int, address: tuple[str, int]) -> socket.socket:
        return socket.create_server(address, family=family, backlog=BACKLOG)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._run(self._accept(loop))

    def _hold(self) -> None:
        for connection in self.connections:
            connection.hold(held=self.held)
        if self.held:
            self._flowing.clear()
        else:
            self._flowing.set()

    def _run(self, work: object) -> None:
        task = asyncio.ensure_future(cast("asyncio.Future[None]", work))
        self._tasks.add(cast("asyncio.Task[None]", task))
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            await self._flowing.wait()
            try:
                sock, address = await loop.sock_accept(self._socket)
            except OSError:  # too many open files, or the sender has gone again
                self.reports.refused(self.table.name, "too_many")
                await asyncio.sleep(REST_SECONDS)
                continue
            if len(self.connections) >= self.table.max_connections:
                self._refuse(sock, "too_many")
            elif not self.may_send(str(address[0])):
                self._refuse(sock, "not_allowed")
            else:
                connection = Connection(self, written(address), loop)
                self.connections.add(connection)  # from now on, for a handshake takes memory too
                self._run(self._welcome(loop, sock, connection))

    async def _welcome(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, connection: Connection
    ) -> None:
        patience = self.table.message_seconds if self._context else None
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
            await loop.connect_accepted_socket(
                lambda: connection, sock, ssl=self._context, ssl_handshake_timeout=patience
            )
        except OSError:  # the handshake failed, took too long, or the sender left
            self.connections.discard(connection)
            self._refuse(sock, "tls")
        except asyncio.CancelledError:
            sock.close()
            raise

    def _refuse(self, sock: socket.socket, reason: str) -> None:
        sock.close()
        self.reports.refused(self.table.name, reason)


class Connection(asyncio.Protocol):
    """One sender's connection: what arrives goes through a framer into the spool, at once. heard: when it last did.

    Not a BufferedProtocol: under TLS that loses what its buffer cannot hold when the sender closes.
    """

    def __init__(self, port: StreamPort, peer: str, loop: asyncio.AbstractEventLoop) -> None:
        table = port.table
        self._port = port
        self._peer = peer
        self._loop = loop
        self._framer = Framer(framing=table.framing, max_bytes=table.max_message_bytes)
        self._transport: asyncio.Transport | None = None
        self._identity = "-"
        self._why = "sender"
        self.heard = loop.time()
        self._begun: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who it is; a certificate that is not on the list is sent away."""
        self._transport = cast(asyncio.Transport, transport)
        port = self._port
        handshake = transport.get_extra_info("ssl_object")
        if handshake is not None:
            self._identity = fingerprint_of(handshake.getpeercert(binary_form=True))
            if port.table.client_fingerprints and self._identity not in port.table.client_fingerprints:
                port.reports.refused(port.table.name, "not_allowed")
                self._why = ""
                self._transport.abort()
                return
        port.reports.accepted(port.table.name)
        self.heard = self._loop.time()
        if port.held:
            self.hold(held=True)

    def data_received(self, data: bytes) -> None:
        """Take what was read: up to a quarter of a megabyte."""
        if self._framer.broken or not self._why:
            return
        frames = self._framer.feed(data)
        self.heard = self._loop.time()
        if not self._framer.pending:
            self._begun = None
        elif frames or self._begun is None:
            self._begun = self.heard
        self._port.intake.take(frames, peer=self._peer, identity=self._identity, received_bytes=len(data))
        if self._framer.broken:
            self.close("unframed")

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep the message it ended in, marked as half."""
        del exc
        port = self._port
        port.connections.discard(self)
        if not self._why:
            return
        if frames := self._framer.end():
            port.intake.take(frames, peer=self._peer, identity=self._identity)
        port.reports.closed(port.table.name, self._why)

    def hold(self, *, held: bool) -> None:
        """Stop reading, or go on; the time held counts against nobody."""
        if self._transport is None or self._transport.is_closing():
            return
        if held:
            self._transport.pause_reading()
        else:
            self.heard = self._loop.time()
            self._begun = None if self._begun is None else self.heard
            self._transport.resume_reading()

    def check_patience(self) -> None:
        """Close it if it is idle, or a message takes for ever."""
        if self._transport is None:
            return
        now = self._loop.time()
        if self._begun is not None and now - self._begun >= self._port.table.message_seconds:
            self.close("slow")
        elif now - self.heard >= self._port.table.idle_seconds:
            self.close("idle")

    def close(self, why: str) -> None:
        """Close it at once."""
        if self._transport is not None and not self._transport.is_closing():
            self._why = why
            self._transport.abort()
