"""An authority of the test's own, and certificates it signs, made with the openssl command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("there is no openssl command")
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        _openssl(
            "req", "-x509", *_key(self._key), "-subj", f"/CN={name}", "-days", "2", "-out", str(self.file)
        )

    def sign(self, name: str) -> tuple[Path, Path]:
        """Return the files of a certificate for localhost and of its key."""
        certificate, key, request = (self._folder / f"{name}.{kind}" for kind in ("crt", "key", "csr"))
        _openssl("req", *_key(key), "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-out", str(request))  # fmt: skip
        signer = (
            "-CA",
            str(self.file),
            "-CAkey",
            str(self._key),
            "-CAcreateserial",
            "-copy_extensions",
            "copy",
        )
        _openssl("x509", "-req", "-in", str(request), *signer, "-days", "2", "-out", str(certificate))
        return certificate, key

    def trusting(self, shown: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return how a sender connects that trusts this authority, showing a certificate if it has one."""
        context = ssl.create_default_context(cafile=str(self.file))
        context.verify_flags &= (
            ~ssl.VERIFY_X509_STRICT
        )  # what openssl makes by itself is not strict enough for 3.13
        if shown:
            context.load_cert_chain(*shown)
        return context


def fingerprint(certificate: Path) -> str:
    return sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def _key(path: Path) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(path))


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
