"""Syslog over UDP, for senders that can do nothing better: what the kernel says it dropped is counted.

It must never be called lossless: what the network loses, nobody can count.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Final

from auditd.listen.framing import Frame
from auditd.listen.ports import DRAIN_SECONDS, Port, written

LARGEST_BYTES: Final = 65_535
RECEIVE_BUFFER_BYTES: Final = 8 << 20
AT_ONCE: Final = 256
PAUSE_SECONDS: Final = 0.02
# Linux: with each datagram, how many were dropped on this socket before it. Python has no name for it.
SO_RXQ_OVFL: Final = 40


class DatagramPort(Port):
    """A udp listener."""

    _loop: asyncio.AbstractEventLoop
    _dropped = 0
    _buffer: memoryview

    def tick(self) -> None:
        """Nothing is due."""

    async def stop(self) -> None:
        """Take what the kernel still holds, then close."""
        deadline = self._loop.time() + DRAIN_SECONDS
        while self._loop.time() < deadline and (self.held or self._read()):
            await asyncio.sleep(PAUSE_SECONDS if self.held else 0)
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _bound(self, family: int, address: tuple[str, int]) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            # As much as the system allows (net.core.rmem_max): bursts wait here.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
        return sock

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = memoryview(bytearray(LARGEST_BYTES))
        loop.add_reader(self._socket, self._read)

    def _hold(self) -> None:
        if self.held:
            self._loop.remove_reader(self._socket)
        else:
            self._loop.add_reader(self._socket, self._read)

    def _read(self) -> bool:
        """Take up to AT_ONCE datagrams; return whether there may be more."""
        for _ in range(AT_ONCE):
            if self.held:
                return True
            try:
                size, extra, _, address = self._socket.recvmsg_into([self._buffer], socket.CMSG_SPACE(4))
            except OSError:  # nothing more, for now
                return False
            self._count_drops(extra)
            self._take(bytes(self._buffer[:size]), address)
        return True

    def _take(self, data: bytes, address: tuple[str, int]) -> None:
        if not self.may_send(str(address[0])):
            self.reports.refused(self.table.name, "not_allowed")
            return
        message = data.removesuffix(b"\n").removesuffix(b"\r")
        limit = self.table.max_message_bytes
        frame = Frame(message[:limit], "cut" if len(message) > limit else "", len(message))
        self.intake.take([frame] if message else [], peer=written(address), received_bytes=len(data))

    def _count_drops(self, extra: list[tuple[int, int, bytes]]) -> None:
        for level, kind, value in extra:
            if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL):
                with suppress(struct.error):
                    (total,) = struct.unpack("=I", value)
                    if more := (total - self._dropped) % 2**32:
                        self._dropped = total
                        self.reports.dropped(self.table.name, more)
