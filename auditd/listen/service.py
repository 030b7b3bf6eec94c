"""The listening process: ports, spool, metrics port and signals, from start to exit. It must never open the database."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import time
from importlib.metadata import version
from typing import Final

from auditd.config.listen_model import ListenerTable
from auditd.config.runtime import Config
from auditd.config.values import split_bind
from auditd.engine.signals import SIGNAL_STATUS, STOPPING
from auditd.listen.datagrams import DatagramPort
from auditd.listen.intake import Intake, folders_of
from auditd.listen.ports import Port
from auditd.listen.spool import Spool
from auditd.listen.streams import StreamPort
from auditd.listen.tls import CertificateError, load_certificates, server_context
from auditd.telemetry import events
from auditd.telemetry.http import Heartbeat, TelemetryServer, Verdict
from auditd.telemetry.listening import ListenMetrics, ListenReports, listening

TEND_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 1.0
MEASURE_SECONDS: Final = 15.0
DEAD_AFTER_SECONDS: Final = 30.0


class ListenService:
    """One listening process over one configuration. Create it, then `run` it once."""

    _spool: Spool
    _stopping: asyncio.Event

    def __init__(self, config: Config) -> None:
        self._config = config
        self._reports = ListenReports(ListenMetrics())
        self._heartbeat = Heartbeat(DEAD_AFTER_SECONDS)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._ports: list[Port] = []
        self._looked = self._measured = float("-inf")

    def run(self) -> None:
        """Listen until a signal says stop. Raises CertificateError, SpoolInUse or PortError when it cannot start."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        listeners = self._config.listeners
        self._contexts = {one.name: server_context(one) for one in listeners if one.protocol == "tls"}
        folders = sorted({folder for one in listeners for folder in folders_of(one)})
        with Spool(self._config.listen, folders, on_change=self._flow) as spool, self._server() as server:
            self._spool = spool
            self._reports.torn(spool.torn)
            self._look()
            self._obey(asyncio.get_running_loop())
            for table in listeners:
                port = self._port(table)
                port.open(asyncio.get_running_loop())
                self._ports.append(port)
            self._flow()
            host, number = server.address
            addresses = {port.table.name: port.address for port in self._ports}
            listening(listeners=addresses, http=f"{host}:{number}", version=version("access-auditd"))
            await self._tend()
            events.stopping(why="asked to")
            await self._drain()

    def _port(self, table: ListenerTable) -> Port:
        intake = Intake(table, self._spool, self._reports)
        if table.protocol == "udp":
            return DatagramPort(table, intake, self._reports)
        return StreamPort(table, intake, self._reports, context=self._contexts.get(table.name))

    def _server(self) -> TelemetryServer:
        return TelemetryServer(
            split_bind(self._config.listen.http),
            registry=self._reports.metrics.registry,
            alive=self._heartbeat.verdict,
            ready=self._ready,
            setting="listen.http",
        )

    def _ready(self) -> Verdict:
        blocked = self._spool.blocked
        return Verdict(ok=not blocked, why=f"senders wait: {blocked}" if blocked else "ok")

    def _obey(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGTERM and SIGINT drain (a second one leaves at once), SIGHUP reads the certificates again."""
        self._stopping = asyncio.Event()

        def stop(number: int) -> None:
            if self._stopping.is_set():
                os._exit(SIGNAL_STATUS + number)
            self._stopping.set()

        for number in STOPPING:
            loop.add_signal_handler(number, stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._read_certificates)

    def _read_certificates(self) -> None:
        for table in self._config.listeners:
            if table.name in self._contexts:
                try:
                    server_context(table)  # all of it or nothing: a context half loaded cannot be taken back
                    load_certificates(self._contexts[table.name], table)
                except CertificateError:
                    self._reports.certificates(table.name, taken=False)
                else:
                    self._reports.certificates(table.name, taken=True)

    def _flow(self) -> None:
        """Read from the network, or do not, as the spool has it."""
        blocked = self._spool.blocked
        self._reports.blocked(blocked)
        for port in self._ports:
            port.hold(held=bool(blocked))

    async def _tend(self) -> None:
        while not self._stopping.is_set():
            await self._turn()
            try:
                await asyncio.wait_for(self._stopping.wait(), TEND_SECONDS)
            except TimeoutError:
                continue

    async def _turn(self) -> None:
        forced = await self._spool.tend()
        if forced is not None:
            self._reports.forced(seconds=forced.seconds, failures=forced.failures)
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._look()
            for port in self._ports:
                port.tick()
        self._heartbeat.beat()

    def _look(self) -> None:
        self._looked = time.monotonic()
        free, removed = self._spool.look_around()
        self._reports.removed(removed)
        metrics = self._reports.metrics
        metrics.spool_free.set(free)
        metrics.spool_waiting.set(self._spool.waiting)
        metrics.spool_unforced.set(self._spool.unforced)
        if self._looked - self._measured >= MEASURE_SECONDS:
            self._measured = self._looked
            metrics.spool_bytes.set(self._spool.size())

    async def _drain(self) -> None:
        """Take what has arrived, write it, force it to disk; what the disk still refuses is lost, and said so."""
        stops = [asyncio.ensure_future(port.stop()) for port in self._ports]
        while not all(stop.done() for stop in stops):
            await self._turn()
            await asyncio.sleep(TEND_SECONDS)
        await asyncio.gather(*stops)
        self._spool.write_again()
        await self._spool.force()
        self._reports.lost(self._spool.close())
