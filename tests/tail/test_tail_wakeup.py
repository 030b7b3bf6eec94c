"""Wake-up hints, with the real inotify: they come, they overflow, they run out, and reading never depends on them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tail_reading import append, numbered, text

from auditd.tail.wakeup import WakeUp


@pytest.fixture
def wake(tmp_path: Path) -> Iterator[WakeUp]:
    made = WakeUp([str(tmp_path)])
    yield made
    made.close()


def quiet(wake: WakeUp) -> None:
    while wake.wait(0.01).woken:
        pass


@pytest.mark.parametrize("change", ["append", "create", "rename", "delete"])
def test_t18_every_change_in_the_folder_wakes(wake: WakeUp, log: Path, change: str) -> None:
    append(log, b"one\n")
    quiet(wake)
    {
        "append": lambda: append(log, b"two\n"),
        "create": lambda: append(log.with_name("new.log"), b""),
        "rename": lambda: log.rename(log.with_name("app.log.1")),
        "delete": log.unlink,
    }[change]()
    assert wake.wait(5).woken
    assert wake.limited == ""


def test_nothing_changes_and_the_wait_ends_by_itself(wake: WakeUp) -> None:
    assert not wake.wait(0.01).woken


def test_interrupt_from_a_signal_handler_ends_the_wait(wake: WakeUp) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: wake.interrupt())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    started = time.monotonic()
    assert wake.wait(10).woken
    assert time.monotonic() - started < 5
    signal.signal(signal.SIGALRM, before)
    assert not wake.wait(0).woken


def test_t16_queue_overflow_is_reported_and_a_reconcile_finds_everything(
    reading, wake: WakeUp, log: Path
) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    reader = reading(log.parent / "*.log")
    append(log, b"")
    reader.tick()
    expected = numbered(0, limit // 2 + 100)
    with log.open("ab", buffering=0) as one, log.with_name("b.log").open("ab", buffering=0) as two:
        for line in expected:
            one.write(line + b"\n")
            two.write(line + b"\n")
    hint = wake.wait(5)
    assert (hint.woken, hint.overflow) == (True, True)
    assert sorted(reader.tick()) == sorted(expected * 2)
    append(log, b"more\n")
    hint = wake.wait(5)
    assert (hint.woken, hint.overflow) == (True, False)


def test_t19_a_folder_that_is_replaced_is_watched_anew(wake: WakeUp, tmp_path: Path) -> None:
    """Neither the watch on the folder that was moved away nor the one on the deleted folder goes stale."""
    folder = tmp_path / "logs"
    for replace in (lambda: folder.rename(tmp_path / "old"), lambda: shutil.rmtree(folder)):
        folder.mkdir(exist_ok=True)
        wake.watch([str(folder)])
        append(folder / "app.log", b"one\n")
        assert wake.wait(5).woken
        replace()
        folder.mkdir()
        quiet(wake)
        wake.watch([str(folder)])
        append(folder / "app.log", b"two\n")
        assert wake.wait(5).woken
        assert wake.limited == ""
    wake.watch([])
    quiet(wake)
    append(folder / "app.log", b"three\n")
    assert not wake.wait(0.05).woken


WITHOUT_NOTICES = """
import resource, sys
from auditd.tail.wakeup import WakeUp
if "descriptors" in sys.argv:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), 100))
wake = WakeUp(sys.argv[2].split(":"))
print(wake.limited)
assert not wake.wait(0.01).woken
wake.interrupt()
assert wake.wait(5).woken
wake.close()
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_t17_watch_limit_reached_falls_back_to_polling_and_says_so(tmp_path: Path) -> None:
    """ENOSPC from a user namespace of its own, with a limit of one watch."""
    limit = "echo 1 > /proc/sys/user/max_inotify_watches"
    if subprocess.run(["unshare", "-Ur", "sh", "-c", limit], capture_output=True, check=False).returncode:
        pytest.skip("needs user namespaces")
    (tmp_path / "a").mkdir()
    folders = f"{tmp_path}:{tmp_path}/a"
    program = tmp_path / "program.py"
    program.write_text(WITHOUT_NOTICES)
    said = run("unshare", "-Ur", "sh", "-c", f"{limit}; exec {sys.executable} {program} - {folders}")
    assert "No space left on device" in said


def test_t17_no_descriptor_left_for_notices(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(WITHOUT_NOTICES)
    said = run(sys.executable, str(program), "4", str(tmp_path), "descriptors")
    assert said.startswith("no change notices: ")
    assert "EMFILE" in said


def test_t09_reading_works_without_any_notice(reading, log: Path) -> None:
    """Polling alone: the tailer does not know whether notices exist."""
    reader = reading(log)
    for step in range(5):
        append(log, text(numbered(step, step + 1)))
        if step == 2:
            log.rename(log.with_name("app.log.1"))
        reader.tick()
    reader.settle()
    assert reader.lines == numbered(0, 5)


def test_folders_to_watch_follow_the_files(reading, tmp_path: Path) -> None:
    """Folders that do not exist yet are awaited in the nearest one that does; a link's target is watched too."""
    reader = reading(tmp_path / "a" / "*" / "x.log", tmp_path / "current.log")
    reader.tick()
    assert reader.tailer.directories() == {str(tmp_path)}
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "days").mkdir()
    append(tmp_path / "days" / "mon.log", b"one\n")
    (tmp_path / "current.log").symlink_to(tmp_path / "days" / "mon.log")
    reader.tick()
    assert reader.tailer.directories() == {str(tmp_path / name) for name in ("", "a", "a/b", "days")}


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    WakeUp([str(tmp_path)]).close()
    assert sorted(Path("/proc/self/fd").iterdir()) == before
