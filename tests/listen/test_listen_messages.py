"""What senders send is what stands in the spool: any framing, any bytes, whole or not, and where it belongs."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from listening import LISTENER, Listening, counted, syslog, wait_until

FAULTY = "listen_faulty_messages_total"
LIMITED = LISTENER.replace("routes", "max_message_bytes = 1000\nroutes")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """One process for all tests that only look at what they sent themselves."""
    with Listening(tmp_path_factory.mktemp("listen"), LIMITED) as listening:
        yield listening


def flags_of(listening: Listening, message: bytes, folder: str = "soc/*") -> list[str]:
    """Wait for a message in the spool; return its flags as often as it is there."""
    return wait_until(lambda: [one.flags for one in listening.lines(folder) if one.message == message])


def unique(app: str = "pnc") -> bytes:
    return syslog(uuid4().hex, app)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_line_is_a_message(shared: Listening, ending: bytes) -> None:
    one, two = unique(), unique()
    shared.send(one + ending + two + ending)
    assert (flags_of(shared, one), flags_of(shared, two)) == (["-"], ["-"])


def test_counted_octets_are_a_message_whatever_they_are(shared: Listening) -> None:
    one, two = unique() + b"\nsecond\0line\\n", unique()
    shared.send(counted(one) + counted(two))
    assert (flags_of(shared, one), flags_of(shared, two)) == (["escaped"], ["-"])


def test_a_message_goes_where_its_application_or_host_says(shared: Listening) -> None:
    messages = {
        "soc/pnc": b"<13>1 - h pnc-live - - - ",
        "soc/gw": b"<13>Mar  3 14:02:11 GW-7 cron[1]: ",
        "soc/other": b"<13>1 - h cron - - - ",
    }
    for folder, header in messages.items():
        message = header + uuid4().hex.encode()
        shared.send(message + b"\n")
        assert flags_of(shared, message, folder) == ["-"]


def test_the_receipt_names_the_sender_by_address(shared: Listening) -> None:
    message = unique()
    with shared.connect(source="127.0.0.9") as sock:
        sock.sendall(message + b"\n")
        host, port = sock.getsockname()
        flags_of(shared, message)
    assert [one.peer for one in shared.lines() if one.message == message] == [f"{host}:{port}"]


def test_garbage_is_kept_counted_and_not_routed(shared: Listening) -> None:
    before = shared.metric(FAULTY, listener="soc", fault="malformed")
    garbage = os.urandom(200).replace(b"\n", b"").replace(b"\r", b"") + b"x"
    shared.send(b"\xff" + garbage + b"\n")
    flags_of(shared, b"\xff" + garbage, "soc/other")
    wait_until(lambda: shared.metric(FAULTY, listener="soc", fault="malformed") == before + 1)


def test_an_over_long_message_is_cut_counted_and_loses_no_other(shared: Listening) -> None:
    long, next_ = unique() + b"x" * 5000, unique()
    shared.send(long + b"\n" + next_ + b"\n")
    assert flags_of(shared, long[:1000]) == [f"cut={len(long)}"]
    assert flags_of(shared, next_) == ["-"]
    wait_until(lambda: shared.metric(FAULTY, listener="soc", fault="cut") >= 1)


def test_half_a_message_at_the_end_of_a_connection_is_kept_as_half(shared: Listening) -> None:
    lined, in_count = unique(), unique()
    shared.send(lined)
    assert flags_of(shared, lined) == [f"half={len(lined)}"]
    shared.send(b"500 " + in_count)
    assert flags_of(shared, b"500 " + in_count) == [f"half={len(in_count) + 4}"]


def test_a_connection_out_of_frame_is_closed_after_what_was_in_frame_is_kept(shared: Listening) -> None:
    good = unique()
    with shared.connect() as sock:
        sock.sendall(counted(good) + b"no length here")
        with suppress(ConnectionResetError):
            assert sock.recv(100) == b""
    assert flags_of(shared, good) == ["-"]
    assert flags_of(shared, b"no length here", "soc/other") == ["unframed=14"]
    wait_until(lambda: shared.metric("listen_closed_total", listener="soc", reason="unframed") >= 1)


def test_random_bytes_never_end_the_process(shared: Listening) -> None:
    for seed in range(60):
        shared.send(random.Random(seed).randbytes(3000))
    message = unique()
    shared.send(message + b"\n")
    assert flags_of(shared, message) == ["-"]


def test_many_senders_at_once_neither_mix_nor_lose_their_lines(shared: Listening) -> None:
    mark = uuid4().hex
    socks = [shared.connect() for _ in range(20)]
    for number in range(200):
        for who, sock in enumerate(socks):
            data = syslog(f"{mark} {who} {number}") + b"\n"
            sock.sendall(data[:17])
            sock.sendall(data[17:])
    for sock in socks:
        sock.close()
    mine = [f"{mark} {who} {number}".encode() for who in range(20) for number in range(200)]
    own = lambda: [one for one in shared.messages("soc/pnc") if mark.encode() in one]  # noqa: E731  asked again and again
    wait_until(lambda: len(own()) >= len(mine))
    assert sorted(own()) == sorted(syslog(text) for text in mine)


@pytest.mark.parametrize(
    "words", [["--rfc5424"], ["--rfc3164"], ["--rfc5424", "--octet-count"], ["--rfc3164", "--octet-count"]]
)
def test_the_logger_of_the_system_is_understood(shared: Listening, words: list[str]) -> None:
    if shutil.which("logger") is None:
        pytest.skip("there is no logger command")
    host, port = shared.address()
    text = uuid4().hex
    subprocess.run(["logger", "--tcp", "-n", host, "-P", str(port), "-t", "pnc", *words, text], check=True)
    found = wait_until(lambda: [one for one in shared.lines("soc/pnc") if text.encode() in one.message])
    assert [one.flags for one in found] == ["-"]


def test_nothing_of_a_message_or_its_sender_is_in_the_log_or_the_metrics(shared: Listening) -> None:
    secret = uuid4().hex
    with shared.connect(source="127.0.0.77") as sock:
        sock.sendall(secret.encode() + b"\n" + counted(syslog(secret)) + b"no count " + secret.encode())
    wait_until(lambda: secret.encode() in b"".join(shared.messages()))
    told = shared.log_file.read_text() + shared.get("/metrics")[1]
    assert secret not in told
    assert "127.0.0.77" not in told


def test_files_are_rotated_by_size_and_by_age_and_hold_everything_in_order(tmp_path: Path) -> None:
    with Listening(tmp_path, limits="rotate_bytes = 20000\nrotate_seconds = 1.0") as listening:
        messages = [syslog(f"{number} {'x' * 300}") for number in range(300)]
        for message in messages:
            listening.send(message + b"\n")
        listening.wait_for(300)
        files = listening.files("soc/pnc")
        assert len(files) >= 3
        assert all(path.stat().st_size < 25_000 for path in files)
        assert listening.messages("soc/pnc") == messages
        wait_until(lambda: not (tmp_path / "spool/soc/pnc/current.log").exists())
