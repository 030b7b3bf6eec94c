"""Lines of Squid with a `logformat` that counts the bytes from the client (docs/formats/squid.md)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from auditd.force.happenings import Visit

OPTIONS: Final = """\
[sources.options]
logformat = '%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %>st %rm %ru %[un %Sh/%<a %mt'
"""


def squid_line(visit: Visit) -> str:
    """Return the line of one request: 1772546531.327     84 10.20.0.7 TCP_MISS/200 10182 512 GET http://... jbriar ..."""
    host = urlsplit(visit.url).hostname or visit.url
    client = f"10.20.{sum(visit.account.encode()) % 250}.{len(visit.account)}"
    took = 40 + visit.sent // 20_000
    return (
        f"{visit.at.timestamp():.3f} {took:6d} {client} TCP_MISS/200 {visit.received} {visit.sent} {visit.method} "
        f"{visit.url} {visit.account} HIER_DIRECT/192.0.2.{sum(host.encode()) % 250} text/html\n"
    )
