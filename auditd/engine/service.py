"""The daemon as a process: machine, loop, metrics port, signals and reload, from start to exit."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from auditd.config import ConfigError, load
from auditd.config.runtime import Config
from auditd.engine.daemon import Daemon
from auditd.engine.machine import Machine
from auditd.engine.reports import Reports
from auditd.telemetry import events, logging
from auditd.telemetry.http import Heartbeat, TelemetryServer, Verdict
from auditd.telemetry.metrics import Metrics

DEAD_AFTER_SECONDS: Final = 30.0
FIXED: Final = ("storage", "http")


class Service:
    """One daemon process over one configuration file."""

    def __init__(self, file: Path, config: Config, engine: Engine) -> None:
        self._file = file
        self._config = config
        self._engine = engine
        self._metrics = Metrics()
        self._heartbeat = Heartbeat(max(DEAD_AFTER_SECONDS, 10 * config.run.tick_seconds))
        self._reports = Reports(self._metrics, self._heartbeat)

    def run(self) -> None:
        """Run until a signal says stop. Raises StateInUse or PortError when it cannot start."""
        with Machine(self._config, self._engine) as machine, self._server() as server:
            self._reports.started(machine)
            daemon = Daemon(machine, self._reports, reload=lambda: self._reload(machine))
            daemon.handle_signals()
            self._announce(machine)
            host, port = server.address
            events.started(version=version("access-auditd"), http=f"{host}:{port}")
            daemon.run()
            events.stopping(why="asked to")

    def _server(self) -> TelemetryServer:
        return TelemetryServer(
            self._config.http_address(),
            registry=self._metrics.registry,
            alive=self._heartbeat.verdict,
            ready=self._ready,
        )

    def _ready(self) -> Verdict:
        if self._reports.store_trouble:
            return Verdict(ok=False, why=f"the store refuses: {self._reports.store_trouble}")
        return Verdict(ok=self._reports.ready, why="ok" if self._reports.ready else "starting")

    def _reload(self, machine: Machine) -> None:
        """Take the configuration file as it is now, all of it or nothing."""
        try:
            new = load(self._file)
        except ConfigError as error:
            events.config_refused(self._metrics, faults=len(error.faults))
            return
        if any(getattr(new, part) != getattr(machine.config, part) for part in FIXED):
            events.config_refused(self._metrics, faults=1, hint="storage and http change only with a restart")
            return
        machine.adopt(new)
        logging.configure(new.logging.level, new.logging.format)
        self._announce(machine)

    def _announce(self, machine: Machine) -> None:
        events.config_loaded(
            self._metrics,
            digest=machine.config.digest(),
            sources=len(machine.config.sources),
            feeds=len(machine.config.feeds),
            detectors=len(machine.judge.detectors),
        )
