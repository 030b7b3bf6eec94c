"""Syslog over TLS (RFC 5425): real handshakes, real certificates, and who is sent away."""

from __future__ import annotations

import shutil
import signal
import ssl
from pathlib import Path

import pytest
from certificates import Authority, fingerprint
from listening import Listening, counted, syslog, wait_until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


def listener(authority: Authority, *, more: str = "") -> str:
    certificate, key = authority.sign("server")
    return f"""
[[listeners]]
name = "soc"
bind = "127.0.0.1:0"
protocol = "tls"
certificate = "{certificate}"
key = "{key}"
{more}
"""


def refused(listening: Listening, context: ssl.SSLContext) -> bool:
    """Whether a sender is sent away: with TLS 1.3 it learns that only when it reads."""
    try:
        with listening.connect(context) as sock:
            sock.sendall(counted(syslog("refused")))
            return sock.recv(10) == b""
    except OSError:
        return True


def test_what_is_sent_over_tls_is_kept_to_the_last_byte_however_the_sender_leaves(
    tmp_path: Path, authority: Authority
) -> None:
    with Listening(tmp_path, listener(authority)) as listening:
        for round_ in range(8):  # without a farewell of TLS, right behind the last byte
            messages = [syslog(f"{round_} {number} {'x' * number * 20}") for number in range(500)]
            listening.send(b"".join(map(counted, messages)), context=authority.trusting())
            assert [one.message for one in listening.wait_for(500 * (round_ + 1))][500 * round_ :] == messages
        assert {one.identity for one in listening.lines()} == {"-"}


def test_a_sender_has_to_show_a_certificate_of_the_authority(tmp_path: Path, authority: Authority) -> None:
    stranger = Authority(tmp_path / "strangers", "strangers").sign("stranger")
    with Listening(tmp_path, listener(authority, more=f'client_ca = "{authority.file}"')) as listening:
        assert refused(listening, authority.trusting())
        assert refused(listening, authority.trusting(stranger))
        sender = authority.sign("sender")
        listening.send(counted(syslog("kept")), context=authority.trusting(sender))
        [line] = listening.wait_for(1)
        assert (line.message, line.identity) == (syslog("kept"), fingerprint(sender[0]))
        wait_until(lambda: listening.metric("listen_refused_total", listener="soc", reason="tls") == 2)


def test_only_the_certificates_listed_are_accepted(tmp_path: Path, authority: Authority) -> None:
    known, other = authority.sign("known"), authority.sign("other")
    colons = ":".join(fingerprint(known[0])[place : place + 2] for place in range(0, 64, 2)).upper()
    more = f'client_ca = "{authority.file}"\nclient_fingerprints = ["{colons}"]'
    with Listening(tmp_path, listener(authority, more=more)) as listening:
        assert refused(listening, authority.trusting(other))
        listening.send(counted(syslog("kept")), context=authority.trusting(known))
        assert [one.message for one in listening.wait_for(1)] == [syslog("kept")]
        wait_until(
            lambda: listening.metric("listen_refused_total", listener="soc", reason="not_allowed") == 1
        )
        assert listening.metric("listen_connections", listener="soc") == 0


def test_who_speaks_no_tls_is_sent_away_and_holds_up_nobody(tmp_path: Path, authority: Authority) -> None:
    with Listening(tmp_path, listener(authority, more="message_seconds = 1.0")) as listening:
        silent = [listening.connect() for _ in range(20)]
        listening.send(counted(syslog("kept")), context=authority.trusting())
        listening.wait_for(1)
        with listening.connect() as plain:
            plain.sendall(counted(syslog("in clear")))
            plain.settimeout(10)
            with_alert = plain.recv(100)
            assert b"in clear" not in with_alert
        for sock in silent:
            sock.settimeout(10)
            with pytest.raises((ConnectionResetError, AssertionError)):
                assert sock.recv(100)
        wait_until(lambda: listening.metric("listen_refused_total", listener="soc", reason="tls") == 21)
        assert listening.messages() == [syslog("kept")]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path, authority: Authority) -> None:
    with Listening(tmp_path, listener(authority)) as listening:
        context = authority.trusting()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError), listening.connect(context):
            pass


def test_a_renewed_certificate_is_taken_on_sighup_and_a_broken_one_refused(
    tmp_path: Path, authority: Authority
) -> None:
    with Listening(tmp_path, listener(authority)) as listening:
        renewed = Authority(tmp_path / "renewed", "renewed")
        for new, old in zip(renewed.sign("server"), authority.sign("server"), strict=True):
            shutil.copy(new, old)
        assert served_by(listening, authority)
        listening.process.send_signal(signal.SIGHUP)
        wait_until(lambda: listening.log("certificates_read"))
        assert served_by(listening, renewed)
        old.write_text("no key")
        listening.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(listening.log("certificates_read")) == 2)
        assert [entry["taken"] for entry in listening.log("certificates_read")] == [True, False]
        assert served_by(listening, renewed)


def served_by(listening: Listening, authority: Authority) -> bool:
    try:
        with listening.connect(authority.trusting()):
            return True
    except ssl.SSLError:
        return False


def test_a_certificate_that_cannot_be_used_ends_the_start_with_the_reason(
    tmp_path: Path, authority: Authority
) -> None:
    listening = Listening(tmp_path, listener(authority))
    authority.sign("server")[1].write_text("no key")
    done = listening.command("listen")
    assert done.returncode == 2
    assert "listener soc: certificate and key cannot be used" in done.stderr
