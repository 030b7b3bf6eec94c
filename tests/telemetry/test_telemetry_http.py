"""The port answers over real HTTP, only on its three pages, and goes away when told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from auditd.telemetry.http import Heartbeat, PortError, TelemetryServer, Verdict
from auditd.telemetry.metrics import Metrics


class Service:
    """A server whose answers the test sets."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.metrics = Metrics()
        self.alive = self.ready = Verdict(ok=True)
        self.server = TelemetryServer(
            (host, 0), registry=self.metrics.registry, alive=lambda: self.alive, ready=lambda: self.ready
        )

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = HTTPConnection(*self.server.address, timeout=5)
        connection.request(method, path)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.close()


def test_metrics_are_served(service: Service) -> None:
    service.metrics.lines.labels("pnc").inc(3)
    status, text = service.ask("/metrics")
    assert status == 200
    assert 'access_auditd_lines_total{source="pnc"} 3.0' in text


def test_health_is_what_the_process_says(service: Service) -> None:
    assert service.ask("/healthz") == (200, "ok\n")
    service.alive = Verdict(ok=False, why="no tick for 40 s")
    assert service.ask("/healthz") == (503, "no tick for 40 s\n")


def test_readiness_is_asked_apart_from_health(service: Service) -> None:
    service.ready = Verdict(ok=False, why="starting")
    assert service.ask("/readyz") == (503, "starting\n")
    assert service.ask("/healthz")[0] == 200


def test_other_pages_are_not_there(service: Service) -> None:
    assert service.ask("/admin")[0] == 404


def test_nothing_can_be_sent(service: Service) -> None:
    assert service.ask("/metrics", "POST")[0] == 405


def test_a_client_that_says_nothing_holds_up_nobody(service: Service) -> None:
    with socket.create_connection(service.server.address, timeout=5):
        assert service.ask("/healthz")[0] == 200


def test_a_port_that_is_taken_is_told_with_a_way_out(service: Service) -> None:
    with pytest.raises(PortError, match=r"is the daemon running already\? Set http.bind"):
        TelemetryServer(
            service.server.address,
            registry=service.metrics.registry,
            alive=lambda: Verdict(ok=True),
            ready=lambda: Verdict(ok=True),
        )


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(PortError, match="does not have that address"):
        Service("192.0.2.1")


def test_closing_frees_the_port() -> None:
    service = Service()
    address = service.server.address
    service.server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_a_heartbeat_is_good_until_its_limit() -> None:
    now = 0.0
    heart = Heartbeat(10, clock=lambda: now)
    now = 10.0
    assert heart.verdict().ok
    now = 40.0
    assert heart.verdict() == Verdict(ok=False, why="no tick for 40 s")
    heart.beat()
    assert heart.verdict().ok
