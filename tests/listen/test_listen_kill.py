"""Killed at any moment, the listener has in its files what it had read, every line whole or marked, none twice."""

from __future__ import annotations

import json
import random
import signal
import time
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from listening import LISTENER, Listening, counted, syslog, wait_until

SENDERS = 4


def test_what_was_read_from_the_socket_is_in_the_file_when_the_process_is_killed(tmp_path: Path) -> None:
    listening = Listening(tmp_path)
    for round_ in range(5):
        with listening:
            before = len(listening.lines())
            data = [syslog(f"{round_} {number}") + b"\n" for number in range(500)]
            with listening.connect() as sock:
                sock.sendall(b"".join(data) + b"<13>half")
                size = sum(map(len, data)) + len(b"<13>half")
                wait_until(
                    lambda size=size: listening.metric("listen_received_bytes_total", listener="soc") == size
                )  # type: ignore[misc]
                listening.kill()
            assert len(listening.lines()) == before + 500


def test_a_stop_takes_everything_that_was_sent_before_it(tmp_path: Path) -> None:
    with Listening(tmp_path) as listening:
        socks = [listening.connect() for _ in range(5)]
        wait_until(lambda: listening.metric("listen_connections", listener="soc") == 5)
        listening.process.send_signal(signal.SIGSTOP)
        for sock in socks:
            sock.sendall(b"".join(counted(syslog(f"{number} {'x' * 400}")) for number in range(2000)))
        listening.process.send_signal(signal.SIGTERM)
        listening.process.send_signal(signal.SIGCONT)
        assert listening.process.wait(20) == 0
        assert len(listening.lines()) == 10_000


class Sender(Thread):
    """Sends numbered messages, connects again whenever the connection is gone; what it could not send is lost."""

    def __init__(self, listening: Listening, who: int, stop: Event) -> None:
        super().__init__(daemon=True)
        self._listening, self._who, self._stop_event = listening, who, stop
        self.sent: list[bytes] = []

    def run(self) -> None:
        numbers = count()
        while not self._stop_event.is_set():
            try:
                with self._listening.connect() as sock:
                    while not self._stop_event.is_set():
                        message = syslog(f"{self._who} {next(numbers)} {'x' * random.randrange(2000)}.")
                        self.sent.append(message)
                        sock.sendall(counted(message) if self._who % 2 else message + b"\n")
            except (OSError, IndexError):
                time.sleep(0.02)


def kill_again_and_again(root: Path, *, kills: int) -> None:
    source = f'[[sources]]\nname = "pnc"\nformat = "pnc"\nenvelope = "syslog"\nfiles = ["{root}/spool/*/*/current*.log"]'
    listening = Listening(root, LISTENER, source, limits="rotate_bytes = 300000")
    stop = Event()
    listening.start()
    senders = [Sender(listening, who, stop) for who in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(kills):
        time.sleep(random.uniform(0.05, 0.6))
        listening.kill()
        listening.start()
    time.sleep(0.3)
    stop.set()
    for sender in senders:
        sender.join()
    assert listening.stop() == 0
    whole = [line.message for line in listening.lines() if line.flags == "-"]
    assert len(whole) > 1000
    for sender in senders:
        mine = [message for message in whole if message.startswith(syslog(f"{sender._who} "))]
        place = {message: number for number, message in enumerate(sender.sent)}
        places = [place[message] for message in mine]  # KeyError: something that nobody sent in this form
        assert places == sorted(set(places))
    done = listening.command("run", "--once", "--json")
    assert done.returncode == 0, done.stderr
    accounts = json.loads(listening.command("accounts", "--json", "--verify").stdout)
    assert all(one["balances"] and one["lines_on_disk"] == one["lines"] for one in accounts)
    on_disk = sum(path.read_bytes().count(b"\n") for path in listening.files())
    assert sum(one["lines"] for one in accounts) == on_disk


def test_killed_under_load_again_and_again_no_line_is_mangled_doubled_or_out_of_order(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, kills=5)


@pytest.mark.soak
def test_killed_under_load_a_hundred_times(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, kills=100)
