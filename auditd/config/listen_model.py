"""The tables of the configuration for `access-auditd listen`, every setting described. It must never build anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from auditd.config import values
from auditd.config.table import Glob, Name, Table


class ListenTable(Table):
    """The process `access-auditd listen`: where what arrives is kept until it is read."""

    spool: Path = Field(
        Path("/var/spool/access-auditd"),
        description="Folder of what arrived: `LISTENER/FOLDER/current.log`, and rotated copies beside it.",
    )
    http: Annotated[str, AfterValidator(values.bind)] = Field(
        "127.0.0.1:9465", description="Address and port of its own /metrics, /healthz and /readyz."
    )
    sync_seconds: float = Field(
        0.2, gt=0, le=60, description="Seconds after which what was written is forced to disk, at most."
    )
    sync_bytes: int = Field(
        1_048_576,
        ge=4096,
        le=1_073_741_824,
        description="Bytes after which it is forced to disk at once; at four times as many, reading waits for the disk.",
    )
    rotate_bytes: int = Field(
        67_108_864,
        ge=4096,
        le=17_179_869_184,
        description="Bytes at which a spool file is renamed and a new one begun.",
    )
    rotate_seconds: float = Field(
        3600.0, gt=0, le=604_800, description="Seconds after which it is renamed, if anything is in it."
    )
    min_free_bytes: int = Field(
        268_435_456,
        ge=0,
        description="Bytes left free on the spool's disk: with less, nothing more is read from the network.",
    )
    keep_hours: float = Field(
        168.0,
        ge=0,
        le=87_600,
        description="Hours a rotated file that was read to its end stays before `access-auditd spool sweep` deletes it.",
    )


class RouteTable(Table):
    """Which messages of a listener go to a folder of their own."""

    folder: Name = Field(description="Subfolder of the listener's spool.")
    app_names: tuple[Glob, ...] = Field(
        (), description="Patterns (`*`, `?`) of the application name or tag, any case; empty: any."
    )
    hostnames: tuple[Glob, ...] = Field(
        (), description="Patterns of the host the message names, any case; empty: any."
    )


class ListenerTable(Table):
    """One port on which syslog messages arrive."""

    name: Name = Field(description="Name of the listener, unique: the subfolder of its spool.")
    bind: Annotated[str, AfterValidator(values.bind)] = Field(description="Address and port to listen on.")
    allow_remote: bool = Field(default=False, description="Permit a bind address other machines can reach.")
    protocol: Literal["tcp", "tls", "udp"] = Field(
        "tcp", description="tcp, tls (RFC 5425), or udp, which loses messages by its nature."
    )
    certificate: Path | None = Field(None, description="tls: PEM file of the certificate and its chain.")
    key: Path | None = Field(None, description="tls: PEM file of the private key, without a password.")
    client_ca: Path | None = Field(
        None,
        description="tls: PEM file of the authorities whose certificates senders must show; unset: none is asked for.",
    )
    client_fingerprints: tuple[Annotated[str, AfterValidator(values.fingerprint)], ...] = Field(
        (), description="tls: SHA-256 of the only certificates accepted, in hex; empty: all of client_ca."
    )
    allow: tuple[Annotated[str, AfterValidator(values.network)], ...] = Field(
        (), description="Networks senders may have, like `192.0.2.0/24`; empty: any that reach the port."
    )
    framing: Literal["auto", "octet", "newline"] = Field(
        "auto",
        description="tcp, tls: how messages are told apart (RFC 6587); auto goes by the first of a connection.",
    )
    max_message_bytes: int = Field(
        65_536,
        ge=480,
        le=1_048_576,
        description="A longer message is cut, counted, and ends in quarantine as cut_short.",
    )
    max_connections: int = Field(
        128, ge=1, le=4096, description="tcp, tls: connections at once; more are refused and counted."
    )
    idle_seconds: float = Field(
        3600.0, gt=0, le=604_800, description="tcp, tls: a connection this silent is closed."
    )
    message_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="tcp, tls: Seconds a message, or a TLS handshake, may take to arrive.",
    )
    folder: Name = Field(
        "other", description="Subfolder for messages that no route takes, malformed ones included."
    )
    routes: tuple[RouteTable, ...] = Field(
        (), description="Routes, each a table; the first that fits takes a message."
    )
