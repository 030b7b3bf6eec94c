"""A torn, zeroed or missing piece of the state: recovered, or refused with a message that says what to do.

Never does the daemon take a damaged state for a new one, judge without what is lost, or stop reading because of it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from daemon_process import DaemonProcess, wait_until
from engine_rig import Rig, at, small_rig
from sqlalchemy import event
from structlog.testing import capture_logs

from auditd.archive.archive import Archive
from auditd.cli import main
from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics

END = at(days=5)


def look(number: int, hours: float = 0) -> str:
    return pnc_line(Lookup(at(hours=hours, seconds=number), "auser", "vehicle", "AB12CDE", f"T{number}", ""))


@pytest.fixture
def used(tmp_path: Path) -> Rig:
    """An installation that has read and judged two days, each in a segment of its own, and is not running."""
    rig = small_rig(tmp_path / "used")
    rig.log("pnc", [look(n) for n in range(20)], "pnc1.csv")
    rig.once(END)
    rig.log("pnc", [look(n, hours=48) for n in range(100, 120)], "pnc2.csv")
    rig.once(END)
    rig.close()
    return Rig(rig.root)


def segments(rig: Rig) -> list[Path]:
    """The files of the two days, the earlier one first."""
    return sorted((rig.root / "archive").glob("family=access/day=*/*.parquet"))


def invoke(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def told(result: Result) -> tuple[int, bool]:
    """Exit status, and whether it says what is wrong and what to do, without a traceback."""
    clean = result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, clean and "error: " in result.stderr and "hint: " in result.stderr


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def fill_with_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def rot(path: Path) -> None:
    """Change bytes in the middle, where neither size nor ends show it."""
    content = bytearray(path.read_bytes())
    content[100:400] = bytes(300)
    path.write_bytes(content)


# ---- how much is looked at


def checks(rig: Rig) -> int:
    """How often a start of the machine reads the whole database file."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(rig.engine, "before_cursor_execute", note)
    with rig.machine():
        event.remove(rig.engine, "before_cursor_execute", note)
    return sum("quick_check" in statement for statement in statements)


@pytest.mark.case("T21")
def test_the_whole_database_file_is_read_at_start_unless_it_is_as_a_clean_stop_left_it(used: Rig) -> None:
    assert checks(used) == 0
    used.close()
    used = Rig(used.root)
    assert checks(used) == 0
    with pytest.raises(ZeroDivisionError), used.machine():
        raise ZeroDivisionError  # not a clean stop
    assert checks(used) == 1
    assert checks(used) == 0
    used.grant(at())  # written by another command meanwhile
    used.close()  # which brings it from the journal into the file
    assert checks(Rig(used.root)) == 1


# ---- segments


@pytest.mark.case("T21")
@pytest.mark.parametrize("damage", [cut_short, fill_with_zeros, Path.unlink, rot])
def test_what_rests_on_a_damaged_segment_is_not_judged_until_it_is_back_and_everything_else_goes_on(
    used: Rig, damage: Callable[[Path], Any]
) -> None:
    before = used.standing()
    victim = segments(used)[0]
    whole = victim.read_bytes()
    damage(victim)
    # A new line, one that was in the lost segment and comes again, and an incident that touches the lost day.
    used.log("pnc", [look(200, hours=72)], "pnc2.csv")
    used.log("pnc", [look(300, hours=1)], "pnc3.csv")
    with capture_logs() as logs:
        used.once(END, Reports(Metrics()))
    assert [entry for entry in logs if entry["event"] == "detector_failed"] == []
    assert len(used.found("unlinked_lookup")) == 41
    assert used.withdrawn() == 0
    status = invoke(used, "status", "--json")
    if damage is not rot:  # told from the file's ends and size alone, at no cost
        assert status.exit_code == 1
        assert "gone or damaged" in json.loads(status.stdout)["damage"][0]["what"]
        assert told(invoke(used, "status")) == (1, True)
    victim.write_bytes(whole)
    used.once(END)
    assert len(used.found("unlinked_lookup")) == 42
    assert used.standing().events > before.events
    assert invoke(used, "status").exit_code == 0


@pytest.mark.case("T21")
def test_a_replay_over_a_damaged_segment_says_so(used: Rig) -> None:
    cut_short(segments(used)[0])
    stretch = ("--from", "2026-03-01", "--to", "2026-03-10", "--dry-run")
    assert told(invoke(used, "replay", *stretch)) == (1, True)


@pytest.mark.case("T21")
def test_a_running_daemon_says_that_a_segment_is_gone_and_reads_on(used: Rig) -> None:
    victim = segments(used)[0]
    victim.rename(victim.with_suffix(".away"))
    daemon = DaemonProcess(used.config_file).started()
    try:
        assert daemon.log("segments_missing")
        used.log("pnc", [look(400)], "pnc1.csv")
        wait_until(lambda: daemon.metric("lines_total", source="pnc") == 1)
        assert daemon.metric("archive_missing_segments") == 1
        wait_until(lambda: daemon.get("/readyz")[0] == 200)
    finally:
        daemon.kill()


# ---- the database file


def in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    content[pages // 3 * 4096 : (pages // 3 + 4) * 4096] = bytes(4 * 4096)
    path.write_bytes(content)


def first_page(path: Path) -> None:
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])


def half_a_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


@pytest.mark.case("T21")
@pytest.mark.parametrize("damage", [half_a_page, first_page, in_the_middle, fill_with_zeros])
def test_a_damaged_database_file_is_refused(used: Rig, damage: Callable[[Path], None]) -> None:
    damage(used.root / "state.db")
    kept = {path: path.read_bytes() for path in segments(used)}
    for command in (("run", "--once"), ("run",), ("status",)):
        result = invoke(used, *command)
        assert told(result) == (2, True), result.output
        assert "damaged" in result.stderr
    assert {path: path.read_bytes() for path in segments(used)} == kept


def no_bytes(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.case("T21")
@pytest.mark.parametrize("damage", [no_bytes, Path.unlink])
def test_a_lost_database_is_not_taken_for_a_new_one(used: Rig, damage: Callable[[Path], None]) -> None:
    backup = (used.root / "state.db").read_bytes()
    damage(used.root / "state.db")
    kept = segments(used)
    for command in (("run", "--once"), ("run",), ("reparse",)):
        result = invoke(used, *command)
        assert told(result) == (2, True), result.output
        assert "knows nothing of them" in result.stderr
    assert told(invoke(used, "status")) == (1, True)
    assert segments(used) == kept
    for path in used.root.glob("state.db*"):
        path.unlink()
    (used.root / "state.db").write_bytes(backup)
    assert invoke(used, "run", "--once").exit_code == 0


@pytest.mark.case("T21")
def test_moving_the_archive_away_too_begins_anew_as_the_message_says(used: Rig) -> None:
    before = used.standing().events
    used.close()
    for path in used.root.glob("state.db*"):
        path.unlink()
    (used.root / "archive").rename(used.root / "archive-of-before")
    assert invoke(used, "run", "--once").exit_code == 0
    assert Rig(used.root).standing().events == before


@pytest.mark.case("T21")
def test_a_crash_before_the_first_commit_is_no_lost_database(tmp_path: Path) -> None:
    rig = small_rig(tmp_path)
    rig.log("pnc", [look(1)])
    with rig.machine() as machine:
        machine.archive.write("access", _one_event(tmp_path))
    rig.once(END)
    assert len(rig.standing().events) == 1


def _one_event(folder: Path) -> Any:
    other = small_rig(folder / "other")
    other.log("pnc", [look(1)])
    other.once(END)
    events = Archive(other.root / "archive", other.engine).scan("access").collect()
    other.close()
    return events


@pytest.mark.case("T21")
@pytest.mark.parametrize("away", [shutil.rmtree, lambda path: path.rename(path.with_name("unmounted"))])
def test_a_lost_or_unmounted_archive_is_refused(used: Rig, away: Callable[[Path], Any]) -> None:
    away(used.root / "archive")
    used.log("pnc", [look(500)], "pnc1.csv")
    for command in (("run", "--once"), ("run",)):
        result = invoke(used, *command)
        assert told(result) == (2, True), result.output
        assert "none of them is there" in result.stderr
    assert told(invoke(used, "status")) == (1, True)


# ---- the journal of the database


def killed_amid(rig: Rig) -> None:
    """A daemon is killed with commits in the journal that are not in the database file."""
    daemon = DaemonProcess(rig.config_file).started()
    for number in range(600, 640):
        rig.log("pnc", [look(number)], "pnc1.csv")
        if number % 10 == 0:
            wait_until(lambda n=number: (daemon.metric("lines_total", source="pnc") or 0) >= n - 599)
    wait_until(lambda: daemon.metric("lines_total", source="pnc") == 40)
    daemon.kill()
    assert (rig.root / "state.db-wal").stat().st_size > 4096


def torn(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3 + 17)


def end_zeroed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)


@pytest.mark.case("T21")
@pytest.mark.parametrize("damage", [torn, end_zeroed, fill_with_zeros, Path.unlink])
def test_a_torn_zeroed_or_missing_journal_takes_the_state_back_and_every_line_comes_again_once(
    used: Rig, damage: Callable[[Path], Any]
) -> None:
    used.close()
    killed_amid(used)
    damage(used.root / "state.db-wal")
    result = invoke(used, "run", "--once")
    if result.exit_code:
        assert told(result) == (2, True), result.output
        return
    rig = Rig(used.root)
    assert len(rig.standing().events) == 80
    assert sum(account.tally.lines for account in rig.accounts()) == 82
    assert sum(account.tally.duplicates for account in rig.accounts()) == 0
    assert all(account.tally.balances for account in rig.accounts())
    rig.close()


# ---- cursors


@pytest.mark.case("T21")
@pytest.mark.parametrize(
    "change", ["offset = offset + 100000", "head_hash = 'x'", "tail_hash = 'x'", "inode = '1'"]
)
def test_a_cursor_that_does_not_fit_its_file_never_hides_a_line_nor_doubles_an_event(
    used: Rig, change: str
) -> None:
    """T22 and kin: beyond the end, or of other content. The file is then read as another; what repeats is folded."""
    used.close()
    conn = sqlite3.connect(used.root / "state.db")
    conn.execute(f"UPDATE files SET {change}")
    conn.commit()
    conn.close()
    used.log("pnc", [look(700)], "pnc1.csv")
    rig = Rig(used.root)
    rig.once(END)
    assert len(rig.standing().events) == 41
    assert all(account.tally.balances for account in rig.accounts())
    rig.close()
