"""What a power cut may destroy is made durable in time: data, its name, and only then the row that names it.

Seen from outside, in the system calls of the real command; and, where strace is not allowed, in its audit events.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from dying import Launcher, moments
from engine_rig import Rig, at, small_rig

from auditd.archive.archive import Archive
from auditd.demo.formats import Call, Lookup, cucm_line, pnc_line

CALLS = "trace=rename,renameat,renameat2,fsync,fdatasync,write,pwrite64,sendto,sendmsg"


def fill(rig: Rig, first: int = 0) -> None:
    """Records of two families and three days, and a line that is rejected."""
    days = range(3)
    rig.log(
        "pnc",
        [
            *(
                pnc_line(Lookup(at(days=day), "auser", "vehicle", "AB12CDE", f"T{first}{day}", ""))
                for day in days
            ),
            "junk\n",
        ],
    )
    rig.log("cucm", [cucm_line(Call(at(days=day), "50001", "50002", 60, first + day)) for day in days])


@pytest.fixture
def strace(tmp_path: Path) -> str:
    """Where strace is, or a skip."""
    found = shutil.which("strace")
    if (
        not found
        or subprocess.run([found, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("strace is not there, or may not trace")
    return found


@dataclass
class SystemCall:
    """A system call: its text, and the lines of the trace at which it began and was done."""

    text: str
    start: int
    end: int


def traced(strace: str, rig: Rig, *, shown: int) -> list[SystemCall]:
    """The system calls of one pass of the real command, in the order in which they began."""
    trace = rig.root / "trace"
    command = [sys.executable, "-m", "auditd", "--config", str(rig.config_file), "run", "--once"]
    options = ["-f", "-y", "-s", str(shown), "-o", str(trace), "-e", CALLS]
    subprocess.run([strace, *options, *command], check=True, capture_output=True, timeout=100)
    calls: list[SystemCall] = []
    open_of: dict[str, SystemCall] = {}
    for place, line in enumerate(trace.read_text(errors="replace").splitlines()):
        thread, _, text = line.partition(" ")
        text = text.lstrip()
        if text.startswith("<... "):
            open_of.pop(thread).end = place
            continue
        calls.append(SystemCall(text, place, place))
        if text.endswith("<unfinished ...>"):
            open_of[thread] = calls[-1]
    return calls


def first(calls: list[SystemCall], pattern: str, *, after: SystemCall | None = None) -> SystemCall:
    return next(c for c in calls if (after is None or c.start > after.end) and re.match(pattern, c.text))


@pytest.mark.case("T21")
def test_a_row_leaves_the_process_only_when_what_it_names_is_on_disk(rig_on_each: Rig, strace: str) -> None:
    rig = rig_on_each
    rig.once(at())  # tables there, no archive yet
    fill(rig)
    calls = traced(strace, rig, shown=70000)
    segments = Archive(rig.root / "archive", rig.engine).segments()
    assert len(segments) == 7
    for segment in segments:
        name, folder = Path(segment.path).stem, re.escape(str((rig.root / "archive" / segment.path).parent))
        written = [call for call in calls if re.match(rf"write\(\d+<[^>]*{name}\.part>", call.text)]
        synced = first(calls, rf"fsync\(\d+<[^>]*{name}\.part>")
        renamed = first(calls, rf"rename\w*\([^)]*{name}\.parquet")
        folder_synced = first(calls, rf"fsync\(\d+<{folder}>", after=renamed)
        # Nothing else may mention the name before: no page of a journal, no message to a server.
        told = first(calls, rf"(?:write|pwrite64|sendto|sendmsg)\(\d+<[^>]*>+, .*{name}\.parquet")
        assert max(call.end for call in written) < synced.start
        assert synced.end < renamed.start
        assert renamed.end < folder_synced.start
        assert folder_synced.end < told.start


@pytest.mark.case("T21")
def test_a_commit_is_on_disk_before_anything_builds_on_it(rig: Rig, strace: str) -> None:
    """SQLite: after the pages of a commit comes a sync of the journal, before the next page of the next commit."""
    fill(rig)
    calls = traced(strace, rig, shown=16)
    wal = [call.text for call in calls if "state.db-wal>" in call.text]
    # A frame's header says in its bytes 4-8 how large the database is after a commit: zero in all but the last frame.
    syncs = [place for place, call in enumerate(wal) if "sync(" in call]
    commits = [
        p for p, call in enumerate(wal) if re.search(r"pwrite64\(.*, 24, \d+\)", call) and is_last_frame(call)
    ]
    assert len(commits) >= 2
    for commit in commits:
        following = [place for place in syncs if place > commit]
        assert following
        assert following[0] == commit + 2  # its page, then the sync


def is_last_frame(call: str) -> bool:
    text = re.search(r'"(.*?)"(?:\.\.\.)?, 24,', call)
    assert text is not None
    header = text[1].encode().decode("unicode_escape").encode("latin-1")
    return header[4:8] != bytes(4)


@pytest.mark.case("T21")
def test_every_segment_is_synced_and_named_in_order_before_its_commit(tmp_path: Path) -> None:
    """The same, told by the process itself: where tracing is forbidden."""
    rig = small_rig(tmp_path)
    fill(rig)
    with Launcher() as launcher:
        assert launcher.live(rig, "run", "--once") == 0
    passed = moments(rig)
    commit = passed.index("before commit of segments")
    steps = ("after fsync of a file", "before rename", "after fsync of a folder")
    done = {step: passed[:commit].count(step) for step in steps}
    assert done["after fsync of a file"] == done["before rename"] == 7
    assert done["after fsync of a folder"] >= 7
    for place, step in enumerate(passed[:commit]):
        renamed = passed[: place + 1].count("before rename")
        assert step != "before rename" or passed[:place].count("after fsync of a file") >= renamed
    rig.close()
