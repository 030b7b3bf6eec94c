"""A configuration for the force's logs and feeds, ready to run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from auditd.force.browsing import PRIVATE
from auditd.force.logs import SYSTEMS
from auditd.force.names import DOMAIN, TRUNK
from detectors.reference import FEEDS

LIST_DETECTORS: Final = ("media_contact", "lookup_then_contact", "unregistered_media_contact")
"""The detectors that need an authority and for which the force writes what they look at."""


def configuration(
    root: Path, *, sources: Iterable[str], feeds: Iterable[str], bind: str = "127.0.0.1:9464", more: str = ""
) -> str:
    """Return the text of the configuration file; feeds this version does not know are left out. more: further tables."""
    known = [feed for feed in feeds if feed in FEEDS]
    tables = [
        f'[[sources]]\nname = "{name}"\nfiles = ["logs/{name}/{SYSTEMS[name].files}"]\nformat = "{name}"\n'
        + (f"\n{SYSTEMS[name].options}" if SYSTEMS[name].options else "")
        for name in sources
    ]
    tables += [
        f'[[feeds]]\nname = "{feed}"\nfeed = "{feed}"\nfiles = ["feeds/{feed}-*.csv"]\n' for feed in known
    ]
    sites = ", ".join(f'"{site}"' for site in PRIVATE)
    return f"""\
# An invented force: its logs, its feeds, and what is alarming in them. Made by `access-auditd force write` or the demo.
[force]
name = "Northmere Constabulary"
domains = ["{DOMAIN}"]
number_ranges = ["{TRUNK}"]

[storage]
archive = "archive"
database = "sqlite:///{root}/state.db"

[http]
bind = "{bind}"

[logging]
format = "json"

{more}{chr(10).join(tables)}
[detectors.web_exfiltration]
domains = [{sites}]

[detectors.private_mailbox]
private_domains = [{sites}, "mail.example"]
"""
