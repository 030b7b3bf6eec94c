"""What people of the force do on the web: work, news, now and then their own mail. One source of chance for itself.

It must never send much to a site for private mail or files: that is planted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from auditd.force.happenings import Visit
from auditd.force.people import Person
from auditd.force.rota import Shift

WEBMAIL: Final = "homemail.example"
FILES: Final = "filedrop.example"
PASTES: Final = "pasteboard.example"
PARTNER: Final = "evidence.courts.example"
PRIVATE: Final = (WEBMAIL, FILES, PASTES)
"""Sites for private mail, shared files and pasted text, as the force's configuration names them."""
_SITES: Final = (
    "intranet.northmere.example", "legislation.example", "maps.example", "weather.example", "herald.example",
    "council.example", "bank.example", "shop.example",
)  # fmt: skip
_OFFICE: Final = 12
_STREET: Final = 3


def visits(rng: random.Random, person: Person, shift: Shift) -> Iterator[Visit]:
    """Yield a shift's ordinary requests; one in twenty-five reads private mail, and sends little."""
    many = _OFFICE if person.role.pattern == "office" else _STREET
    for _ in range(rng.randrange(many // 2, many * 2)):
        at = shift.start + (shift.end - shift.start) * rng.uniform(0.01, 0.97)
        if rng.random() < 0.04:
            yield read_mail(rng, at, person)
            continue
        method = "POST" if rng.random() < 0.1 else "GET"
        sent = rng.randrange(2_000, 60_000) if method == "POST" else rng.randrange(300, 1_800)
        url = f"http://{rng.choice(_SITES)}/{rng.randrange(400)}"
        yield Visit(at, person.account, method, url, sent, rng.randrange(800, 90_000))


def read_mail(rng: random.Random, at: datetime, person: Person) -> Visit:
    """Return a look into private mail."""
    return Visit(at, person.account, "GET", f"http://www.{WEBMAIL}/inbox", rng.randrange(400, 1_500), 48_000)


def upload(at: datetime, person: Person, host: str, size: int) -> Visit:
    """Return a request that sends something."""
    return Visit(at, person.account, "POST", f"http://{host}/upload", size, 900)
