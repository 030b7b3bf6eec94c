"""Signals of the daemon: the first that says stop drains, the second leaves at once, whatever the process is doing.

Python runs a handler only between two steps of its own, and a commit or a scan can be one long step: so a thread
watches for the second signal. It must never do more than leave.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Thread
from typing import Final

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
SIGNAL_STATUS: Final = 128  # plus the signal's number: the exit status of a process that a signal ended


def obey(*, stop: Callable[[], None], reload: Callable[[], None]) -> None:
    """Call `stop` on the first SIGTERM or SIGINT, leave on the second, call `reload` on each SIGHUP.

    Call it once, in the main thread; both are called there, between two steps.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in STOPPING:
        signal.signal(number, lambda *_: stop())
    signal.signal(signal.SIGHUP, lambda *_: reload())
    Thread(target=_leave_on_second, args=(reader,), name="signals", daemon=True).start()


def _leave_on_second(reader: int) -> None:
    asked = 0
    while True:
        for number in os.read(reader, 64):
            asked += number in STOPPING
            if asked > 1:
                os._exit(SIGNAL_STATUS + number)
