"""TLS for a listener (RFC 5425): its own certificate, and the senders' where they have to show one.

It must never fall back to anything weaker than it was told.
"""

from __future__ import annotations

import ssl
from hashlib import sha256

from auditd.config.listen_model import ListenerTable


class CertificateError(Exception):
    """A certificate, key or authority file cannot be used; the message names the setting."""


def server_context(listener: ListenerTable) -> ssl.SSLContext:
    """Return the context of a tls listener. Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Senders never read. A session ticket left unread makes their close a reset, which throws away what is under way.
    context.num_tickets = 0
    load_certificates(context, listener)
    if listener.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def load_certificates(context: ssl.SSLContext, listener: ListenerTable) -> None:
    """Read the files of a listener into a context, for handshakes from now on. Raises CertificateError."""
    assert listener.certificate is not None  # checked with the configuration
    where = f"listener {listener.name}"
    try:
        # An empty password, lest OpenSSL ask for one on the terminal.
        context.load_cert_chain(listener.certificate, listener.key, password="")
    except (OSError, ValueError) as error:
        why = _why(error)
        raise CertificateError(f"{where}: certificate and key cannot be used: {why}") from error
    if listener.client_ca is not None:
        try:
            context.load_verify_locations(listener.client_ca)
        except (OSError, ValueError) as error:
            raise CertificateError(f"{where}: client_ca cannot be used: {_why(error)}") from error


def fingerprint_of(certificate: bytes | None) -> str:
    """Return the SHA-256 fingerprint of a certificate (DER) in lower-case hex, `-` where there is none."""
    return sha256(certificate).hexdigest() if certificate else "-"


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not a PEM file of that kind"
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
