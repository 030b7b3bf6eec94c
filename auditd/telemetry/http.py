"""The HTTP port: /metrics, /healthz and /readyz, in a daemon thread. It has no log-in and must never show a person."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from threading import Thread
from time import monotonic
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer to a health question: yes or no, and why in words."""

    ok: bool
    why: str = "ok"


class PortError(Exception):
    """The port cannot be opened; the message says what to do."""


class Heartbeat:
    """Whether the engine's last turn is recent: it beats once per turn."""

    def __init__(self, limit_seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._limit = limit_seconds
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """Note that the engine has just turned."""
        self._last = self._clock()

    def verdict(self) -> Verdict:
        """Return whether the last beat is recent."""
        silent = self._clock() - self._last
        return Verdict(
            silent <= self._limit, "ok" if silent <= self._limit else f"no tick for {silent:.0f} s"
        )


class TelemetryServer:
    """Serves metrics and health until `close`. `alive` and `ready` are asked on each request, from its thread.

    setting: what to change where the port cannot be opened.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        registry: CollectorRegistry,
        alive: Callable[[], Verdict],
        ready: Callable[[], Verdict],
        setting: str = "http.bind",
    ) -> None:
        self._metrics = make_wsgi_app(registry)
        self._questions = {"/healthz": alive, "/readyz": ready}
        self._server = _open(address, setting)
        self._server.set_app(self._answer)
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="telemetry", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port in use (the port is chosen by the system where 0 was asked for)."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> TelemetryServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _say(start_response, "405 Method Not Allowed", "only GET")
        if path == "/metrics":
            return cast(Iterable[bytes], self._metrics(environ, start_response))
        question = self._questions.get(path)
        if question is None:
            return _say(start_response, "404 Not Found", "try /metrics, /healthz or /readyz")
        verdict = question()
        return _say(start_response, "200 OK" if verdict.ok else "503 Service Unavailable", verdict.why)


def _say(start_response: StartResponse, status: str, text: str) -> list[bytes]:
    body = f"{text}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds a slow client may hold a thread

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: scrapes are not worth a line."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking DNS for our own name, which may hang."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is no fault of ours."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _open(address: tuple[str, int], setting: str) -> _Server:
    host, port = address
    try:
        return (_Server6 if ":" in host else _Server)(address, _Handler)
    except OSError as error:
        why = {
            errno.EADDRINUSE: "another process has it: is the daemon running already?",
            errno.EACCES: "ports below 1024 need privileges",
            errno.EADDRNOTAVAIL: "this machine does not have that address",
        }.get(error.errno or 0, error.strerror or "unknown reason")
        raise PortError(f"cannot open {host} port {port}: {why} Set {setting} to a free one.") from error
