"""Senders that flood, dawdle or are not invited, and disks that are full: what is bounded, and that nothing is dropped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from select import select
from threading import Thread

import pytest
from listening import LISTENER, Listening, counted, syslog, wait_until


def limited(setting: str) -> str:
    return LISTENER.replace("routes", f"{setting}\nroutes")


def is_closed(sock: socket.socket) -> bool:
    """Wait until the other side closes the connection."""
    sock.settimeout(20)
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_more_connections_than_allowed_are_refused_and_counted_and_the_others_go_on(tmp_path: Path) -> None:
    with Listening(tmp_path, limited("max_connections = 3")) as listening:
        socks = [listening.connect() for _ in range(3)]
        wait_until(lambda: listening.metric("listen_connections", listener="soc") == 3)
        assert is_closed(listening.connect())
        wait_until(lambda: listening.metric("listen_refused_total", listener="soc", reason="too_many") == 1)
        socks[0].sendall(syslog("kept") + b"\n")
        listening.wait_for(1)
        socks[0].close()
        wait_until(lambda: listening.metric("listen_connections", listener="soc") == 2)
        listening.send(syslog("also kept") + b"\n")
        assert [one.message for one in listening.wait_for(2)] == [syslog("kept"), syslog("also kept")]


def test_only_senders_of_the_networks_allowed_are_heard(tmp_path: Path) -> None:
    with Listening(tmp_path, limited('allow = ["127.0.0.8/31", "2001:db8::/32"]')) as listening:
        assert is_closed(listening.connect(source="127.0.0.7"))
        listening.send(syslog("kept") + b"\n", source="127.0.0.9")
        assert [one.peer.partition(":")[0] for one in listening.wait_for(1)] == ["127.0.0.9"]
        assert listening.metric("listen_refused_total", listener="soc", reason="not_allowed") == 1


def test_a_sender_that_takes_for_ever_over_a_message_is_closed_and_an_idle_one_only_later(
    tmp_path: Path,
) -> None:
    with Listening(tmp_path, limited("message_seconds = 1.0\nidle_seconds = 4.0")) as listening:
        slow, idle = listening.connect(), listening.connect()
        idle.sendall(syslog("whole") + b"\n")
        stop = Thread(target=_drip, args=(slow,), daemon=True)
        stop.start()
        assert is_closed(slow)
        assert listening.metric("listen_connections", listener="soc") == 1
        assert is_closed(idle)
        assert listening.metric("listen_closed_total", listener="soc", reason="slow") == 1
        assert listening.metric("listen_closed_total", listener="soc", reason="idle") == 1
        stop.join()
        assert {one.flags.partition("=")[0] for one in listening.wait_for(2)} == {"-", "half"}


def _drip(sock: socket.socket) -> None:
    """Send a byte now and then, for as long as that goes."""
    try:
        for byte in syslog("x" * 1000):
            sock.sendall(bytes([byte]))
            if select([sock], [], [], 0.1)[0]:
                return
    except OSError:
        return


def test_memory_is_bounded_whatever_many_senders_leave_unfinished(tmp_path: Path) -> None:
    with Listening(tmp_path) as listening:
        before = listening.peak_megabytes()
        socks = [listening.connect() for _ in range(128)]
        for sock in socks:
            sock.sendall(b"<13>" + b"x" * 1_000_000)
        wait_until(lambda: listening.metric("listen_received_bytes_total", listener="soc") == 128 * 1_000_004)
        for sock in socks:
            sock.close()
        wait_until(lambda: listening.metric("listen_connections", listener="soc") == 0)
        assert listening.peak_megabytes() < before + 40
        assert len(listening.wait_for(128)) == 128


def test_a_second_listener_on_the_same_spool_refuses_to_start(tmp_path: Path) -> None:
    with Listening(tmp_path) as listening:
        done = listening.command("listen")
        assert done.returncode == 2
        assert "another process writes to" in done.stderr


def test_a_port_that_is_taken_is_told_with_the_listener(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = Listening(tmp_path, LISTENER.replace("127.0.0.1:0", bind)).command("listen")
    assert done.returncode == 2
    assert f"listener soc: cannot open {bind}: another process has it" in done.stderr


def test_without_a_listener_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert "nothing to listen on" in Listening(tmp_path, "").command("listen").stderr


class TestDatagrams:
    """UDP, honestly."""

    listener = LISTENER.replace("bind", 'protocol = "udp"\nmax_message_bytes = 1000\nbind')

    def test_a_datagram_is_a_message(self, tmp_path: Path) -> None:
        with Listening(tmp_path, self.listener) as listening, udp() as sock:
            for data in (syslog("one") + b"\n", syslog("a\nb"), syslog("x" * 3000), b"", b"\xff"):
                sock.sendto(data, listening.address())
            found = listening.wait_for(4)
            assert {(one.message[:1000], one.flags) for one in found} == {
                (syslog("one"), "-"),
                (syslog("a\nb"), "escaped"),
                (syslog("x" * 3000)[:1000], f"cut={len(syslog('x' * 3000))}"),
                (b"\xff", "-"),
            }
            assert found[0].peer == "127.0.0.1:" + str(sock.getsockname()[1])

    def test_a_stop_takes_the_datagrams_that_had_arrived(self, tmp_path: Path) -> None:
        with Listening(tmp_path, self.listener) as listening, udp() as sock:
            listening.process.send_signal(signal.SIGSTOP)
            for number in range(100):
                sock.sendto(syslog(f"{number}"), listening.address())
            listening.process.send_signal(signal.SIGTERM)
            listening.process.send_signal(signal.SIGCONT)
            assert listening.process.wait(20) == 0
            assert len(listening.lines()) == 100

    def test_what_the_kernel_dropped_is_counted_to_the_last_datagram(self, tmp_path: Path) -> None:
        with Listening(tmp_path, self.listener) as listening, udp() as sock:
            listening.process.send_signal(signal.SIGSTOP)
            sent = 40_000
            for number in range(sent):
                sock.sendto(syslog(f"{number} {'x' * 300}"), listening.address())
            listening.process.send_signal(signal.SIGCONT)
            probes = 0
            while not (
                told := self.dropped(listening)
            ):  # the kernel tells of drops with the next one that arrives
                probes += 1
                sock.sendto(syslog("probe"), listening.address())
                assert probes < 100_000
            wait_until(lambda: len(listening.lines()) + self.dropped(listening) == sent + probes)
            assert told > 0
            assert listening.log("datagrams_dropped")

    def dropped(self, listening: Listening) -> float:
        return listening.metric("listen_dropped_datagrams_total", listener="soc")


def udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


# ---- a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, mounted where the spool will be."""
    folder = tmp_path / "spool"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0777", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def push(sock: socket.socket, messages: list[bytes]) -> Thread:
    """Send in the background: a sender that waits when it has to."""
    sock.settimeout(None)
    thread = Thread(target=sock.sendall, args=(b"".join(map(counted, messages)),), daemon=True)
    thread.start()
    return thread


def test_a_full_disk_makes_senders_wait_and_drops_nothing(tmp_path: Path, small_disk: Path) -> None:
    messages = [
        [syslog(f"{who} {number} {os.urandom(500).hex()}") for number in range(12_000)] for who in (0, 1)
    ]
    with Listening(tmp_path) as listening:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"\0" * 1_000_000)
        threads = [push(listening.connect(), own) for own in messages]
        wait_until(lambda: listening.metric("spool_blocked", reason="disk_full") == 1)
        assert listening.get("/readyz") == (503, "senders wait: disk_full\n")
        assert listening.get("/healthz")[0] == 200
        arrived = listening.metric("listen_received_bytes_total", listener="soc")
        assert arrived < 2_500_000
        assert all(thread.is_alive() for thread in threads)
        subprocess.run(["mount", "-o", "remount,size=128m", str(small_disk)], check=True)
        assert len(listening.wait_for(24_000)) == 24_000
        for own in messages:
            mark = own[0][: len(syslog("0 "))]
            assert [one for one in listening.messages() if one.startswith(mark)] == own
        wait_until(lambda: listening.get("/readyz")[0] == 200)
        assert listening.log("spool_blocked")
        assert listening.stop() == 0


def test_with_too_little_space_left_nothing_is_read_until_there_is_more(
    tmp_path: Path, small_disk: Path
) -> None:
    ballast = small_disk / "ballast"
    with Listening(tmp_path, limits="min_free_bytes = 1000000") as listening:
        listening.send(syslog("before") + b"\n")
        ballast.write_bytes(b"\0" * 1_500_000)
        wait_until(lambda: listening.metric("spool_blocked", reason="low_space") == 1)
        with listening.connect() as sock:
            sock.sendall(syslog("after") + b"\n")
            wait_until(lambda: listening.get("/readyz") == (503, "senders wait: low_space\n"))
            assert listening.messages() == [syslog("before")]
            ballast.unlink()
            assert [one.message for one in listening.wait_for(2)] == [syslog("before"), syslog("after")]
