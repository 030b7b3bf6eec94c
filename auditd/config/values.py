"""Checks of single values, each refusing with the reason and a hint. They must never change what a value means."""

from __future__ import annotations

import re
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import Final, NoReturn
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from pydantic_core import PydanticCustomError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from auditd.config.faults import suggestion

REFUSED: Final = "refused"
_SQLITE: Final = ("sqlite", "sqlite+pysqlite")
_POSTGRES: Final = ("postgresql+psycopg", "postgresql")


def refuse(why: str, hint: str = "") -> NoReturn:
    """Raise the error that becomes a fault with this reason and hint."""
    raise PydanticCustomError(REFUSED, "{why}", {"why": why, "hint": hint})


def zone(key: str) -> str:
    """Return a time zone's name if the zone exists."""
    try:
        ZoneInfo(key)
    except (KeyError, ValueError, OSError):
        near = suggestion(key, sorted(available_timezones()), kind="zones")
        hint = near if near.startswith("did") else "use a name of the tz database, like 'Europe/London'"
        refuse(f"there is no time zone {key!r}", hint)
    return key


def domain(text: str) -> str:
    """Return a mail domain in lower case."""
    if "@" in text:
        refuse("a domain has no '@'", f"write {text.rpartition('@')[2]!r}")
    if not re.fullmatch(r"\w(?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)+", text):
        refuse(f"{text!r} is not a domain", "write it like 'example.org', without a leading dot or '*'")
    return text.lower()


def number_range(text: str) -> str:
    """Return an E.164 prefix with its leading plus."""
    if not re.fullmatch(r"\+[1-9][0-9]{1,14}", text):
        refuse(f"{text!r} is not an E.164 prefix", "write it like '+441632960': plus, country, digits only")
    return text


def country(text: str) -> str:
    """Return an ISO 3166 region that has a numbering plan."""
    if text not in phonenumbers.SUPPORTED_REGIONS:
        refuse(f"{text!r} is not a country with a numbering plan", "two capitals of ISO 3166, like 'GB'")
    return text


def database(url: str) -> str:
    """Return a database URL of a supported kind. The URL itself is never shown: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        refuse("this is not a database URL", "write it like 'sqlite:////var/lib/access-auditd/state.db'")
    kind = parsed.drivername
    if kind in _SQLITE:
        if parsed.database in {None, "", ":memory:"} or str(parsed.database).startswith("file:"):
            refuse("a database in memory forgets everything", "give a file: 'sqlite:////path/to/state.db'")
    elif kind not in _POSTGRES:
        known = "sqlite:////path or postgresql+psycopg://user@host/name"
        hint = f"write {_POSTGRES[0]}://..." if kind.startswith("postgres") else f"supported: {known}"
        refuse(f"database kind {kind!r} is not supported", hint)
    elif find_spec("psycopg") is None:
        refuse("the PostgreSQL driver is not installed", "install access-auditd with the extra 'postgres'")
    return url


def query_database(url: str) -> str:
    """Return the URL of a database a feed is queried from, of any kind whose driver is installed; it is never shown."""
    try:
        dialect = make_url(url).get_dialect()
        dialect.import_dbapi()
    except NoSuchModuleError:
        refuse("SQLAlchemy knows no such kind of database", "install the dialect beside access-auditd")
    except (ArgumentError, ValueError):
        refuse("this is not a database URL", "write it like 'postgresql+psycopg://reader@hr.example/people'")
    except ImportError:
        refuse("the driver of this database is not installed", "install it beside access-auditd")
    return url


def query(text: str) -> str:
    """Return a query that asks: one statement, without a semicolon at its end."""
    bare = text.strip().rstrip(";").rstrip()
    if not re.match(
        r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*(?:select|with)\b", bare, re.IGNORECASE | re.DOTALL
    ):
        refuse(
            "this is no query", "write a SELECT that returns the feed's columns (WITH may stand before it)"
        )
    return bare


def bind(text: str) -> str:
    """Return `host:port`, where host is an IP address (IPv6 in brackets) or localhost."""
    split_bind(text)
    return text


def split_bind(text: str) -> tuple[str, int]:
    """Return host and port of a bind address; `localhost` is 127.0.0.1."""
    host, _, port = text.rpartition(":")
    hint = "write it like '127.0.0.1:9464' or '[::1]:9464'"
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        refuse(f"{text!r} is not address:port", hint)
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare == "localhost":
        return "127.0.0.1", int(port)
    try:
        address = ip_address(bare)
    except ValueError:
        refuse(f"{bare!r} is not an IP address", hint)
    if address.version == 6 and bare == host:
        refuse(f"an IPv6 address needs brackets: {text!r}", hint)
    return bare, int(port)


def network(text: str) -> str:
    """Return an IP network, or a single address."""
    try:
        ip_network(text)
    except ValueError as error:
        hint = "write it like '192.0.2.0/24', '2001:db8::/32' or '192.0.2.7'"
        refuse(f"{text!r} is not a network: {error}", hint)
    return text


def fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case hex digits; colons between bytes are fine."""
    digits = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        hint = "64 hex digits: openssl x509 -noout -fingerprint -sha256 -in FILE"
        refuse(f"{text[:80]!r} is not a SHA-256 fingerprint", hint)
    return digits


def is_loopback(text: str) -> bool:
    """Return whether only this machine can reach a (checked) bind address."""
    return ip_address(split_bind(text)[0]).is_loopback
