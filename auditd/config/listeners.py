"""Checks of the listeners that need more than one value: names, ports, what goes with which protocol, routes.

They read the raw TOML, table by table, so that a fault in one table hides none in another. They must never raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from auditd.config import values
from auditd.config.faults import Complaint, KeyPath, Raw, tables, written

_ONLY_TLS: Final = ("certificate", "key", "client_ca", "client_fingerprints")
_NOT_UDP: Final = ("framing", "max_connections", "idle_seconds", "message_seconds")


def complaints(raw: Raw) -> Iterator[Complaint]:
    """Yield every fault of the listeners that no single value shows."""
    yield from _distinct(raw)
    for index, table in tables(raw, "listeners"):
        at = ("listeners", index)
        if table.get("allow_remote") is not True:
            hint = (
                "bind 127.0.0.1, or set allow_remote = true, and name the senders in allow or by certificate"
            )
            yield from exposed((*at, "bind"), table.get("bind"), hint)
        yield from _protocol(at, table)
        yield from _routes(at, table)
    listen = raw.get("listen")
    if isinstance(listen, dict):
        hint = "bind 127.0.0.1: there is no log-in"
        yield from exposed(("listen", "http"), listen.get("http", "127.0.0.1:0"), hint)


def exposed(path: KeyPath, bind: Any, hint: str) -> Iterator[Complaint]:
    """Yield a fault where other machines can reach a bind address."""
    try:
        remote = bind is not None and not values.is_loopback(str(bind))
    except ValueError:
        return  # not an address: the value's own check says so
    if remote:
        yield Complaint(path, "other machines could reach this address", hint)


def _distinct(raw: Raw) -> Iterator[Complaint]:
    first: dict[tuple[str, object], str] = {}
    for index, table in tables(raw, "listeners"):
        for key, value in (("name", table.get("name")), ("bind", _port(table))):
            if value is None:
                continue
            place = first.setdefault((key, value), written(("listeners", index)))
            if place != written(("listeners", index)):
                yield Complaint(("listeners", index, key), f"the {key} {table[key]!r} is taken by {place}")


def _port(table: Raw) -> object:
    """Return what two listeners cannot both have, None where the address is none or the system chooses the port."""
    try:
        host, port = values.split_bind(str(table.get("bind")))
    except ValueError:
        return None
    return (host, port, table.get("protocol") == "udp") if port else None


def _protocol(at: KeyPath, table: Raw) -> Iterator[Complaint]:
    protocol = table.get("protocol", "tcp")
    if protocol == "tls":
        for key in ("certificate", "key"):
            if key not in table:
                yield Complaint(
                    (*at, key), "is missing", "tls needs a certificate and its key, each a PEM file"
                )
        if table.get("client_fingerprints") and "client_ca" not in table:
            why = "without client_ca no sender shows a certificate"
            yield Complaint((*at, "client_fingerprints"), why, "set client_ca")
    unfit = () if protocol == "tls" else _ONLY_TLS
    for key in (*unfit, *(_NOT_UDP if protocol == "udp" else ())):
        if key in table:
            yield Complaint((*at, key), f"has no meaning for {protocol}", "remove it, or change the protocol")


def _routes(at: KeyPath, table: Raw) -> Iterator[Complaint]:
    routes = list(tables(table, "routes"))
    for index, route in routes:
        if not route.get("app_names") and not route.get("hostnames"):
            hint = "give app_names or hostnames; what no route takes goes to the listener's own folder"
            yield Complaint((*at, "routes", index), "this route would take everything", hint)
