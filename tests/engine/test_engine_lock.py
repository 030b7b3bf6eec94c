"""One writing process a state: archive and database are each held by one, and free the moment it is done."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, ago, wait_until
from engine_rig import Rig, database_text
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from auditd.database import open_database, reading
from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.lock import _FENCE_KEY, _POSTGRES_KEY, StateInUse, StateLock


@pytest.mark.case("T38")
def test_the_archive_is_held_by_one(database: Engine, tmp_path: Path) -> None:
    with StateLock(tmp_path / "archive", database), pytest.raises(StateInUse, match="archive"):
        StateLock(tmp_path / "archive", database).__enter__()


@pytest.mark.case("T38")
def test_the_database_is_held_by_one_whatever_the_archive(database: Engine, tmp_path: Path) -> None:
    other = open_database(database.url)
    with StateLock(tmp_path / "one", database), pytest.raises(StateInUse, match="database"):
        StateLock(tmp_path / "another", other).__enter__()
    other.dispose()


@pytest.mark.case("T38")
def test_it_is_free_at_once_when_let_go(database: Engine, tmp_path: Path) -> None:
    for _ in range(20):
        with StateLock(tmp_path, database):
            pass


@pytest.mark.case("T38")
def test_one_that_could_not_have_everything_holds_nothing(database: Engine, tmp_path: Path) -> None:
    with StateLock(tmp_path / "one", database), pytest.raises(StateInUse):
        StateLock(tmp_path / "another", database).__enter__()
    with StateLock(tmp_path / "another", database):
        pass


# ---- the server ends the session that holds the lock


HOLDERS = "FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


on_postgresql = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def server(database_url: URL) -> Iterator[Engine]:
    """An administrator's connection."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def holders(server: Engine, key_number: int = _POSTGRES_KEY) -> set[int]:
    """The sessions that hold this schema's lock, or another of its locks."""
    key = f"({key_number} # hashtext(current_schema())::bigint)"
    mine = f"{HOLDERS} AND ((classid::bigint << 32) | objid::bigint) = {key}"
    with server.connect() as conn:
        return set(conn.execute(text(f"SELECT pid {mine}")).scalars())


def end_sessions(server: Engine) -> None:
    pids = holders(server)
    assert pids
    with server.connect() as conn:
        for pid in pids:
            conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    wait_until(lambda: not holders(server) & pids)


def stop_between_transactions(daemon: DaemonProcess, server: Engine) -> None:
    """Halt a daemon while it has no transaction open that writes."""
    for _ in range(100):
        daemon.send(signal.SIGSTOP)
        if not holders(server, _FENCE_KEY):
            return
        daemon.send(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("the daemon always had a transaction open")


def look(number: int) -> str:
    return pnc_line(Lookup(ago(days=2, seconds=number), "auser", "vehicle", "AB12CDE", f"T{number}", ""))


@pytest.mark.case("T38")
@on_postgresql
def test_a_lock_whose_session_ended_is_taken_again(database: Engine, server: Engine, tmp_path: Path) -> None:
    with StateLock(tmp_path / "one", database) as lock:
        assert not lock.keep()
        end_sessions(server)
        assert lock.keep()
        assert not lock.keep()
        with pytest.raises(StateInUse):
            StateLock(tmp_path / "two", database).__enter__()


@pytest.mark.case("T38")
@on_postgresql
def test_a_lock_that_another_has_taken_meanwhile_is_not_held_any_more(
    database: Engine, server: Engine, tmp_path: Path
) -> None:
    with StateLock(tmp_path / "one", database) as lock:
        end_sessions(server)
        with StateLock(tmp_path / "two", database):
            for _ in range(2):
                with pytest.raises(StateInUse, match="database"):
                    lock.keep()
        assert lock.keep()


@pytest.mark.case("T38")
@on_postgresql
def test_a_daemon_whose_session_is_ended_takes_the_lock_again_and_reads_on(
    server: Engine, rig_on_each: Rig
) -> None:
    rig = rig_on_each
    rig.log("pnc", [look(1)])
    daemon = DaemonProcess(rig.config_file).started()
    try:
        wait_until(lambda: daemon.metric("lines_total", source="pnc") == 2)
        for number in range(2, 5):
            before = holders(server)
            end_sessions(server)
            rig.log("pnc", [look(number)])
            wait_until(lambda known=before: holders(server) - known)
            wait_until(lambda n=number: daemon.metric("lines_total", source="pnc") == n + 1)
        assert len(daemon.log("lock_taken_again")) == 3
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    assert len(rig.standing().events) == 4
    assert [account.tally.duplicates for account in rig.accounts()] == [0]


@pytest.mark.case("T38")
@on_postgresql
def test_a_daemon_whose_lock_another_took_stops_and_writes_nothing_more(
    database_url: URL, server: Engine, rig_on_each: Rig, tmp_path: Path
) -> None:
    rig = rig_on_each
    rig.log("pnc", [look(1)])
    daemon = DaemonProcess(rig.config_file).started()
    other = open_database(database_text(database_url))
    try:
        wait_until(lambda: daemon.metric("lines_total", source="pnc") == 2)
        stop_between_transactions(daemon, server)  # as if its machine had been away for a while
        end_sessions(server)
        with StateLock(tmp_path / "elsewhere", other):
            rig.log("pnc", [look(2)])
            daemon.send(signal.SIGCONT)
            assert daemon.process.wait(timeout=30) == 2
    finally:
        daemon.kill()
        other.dispose()
    assert "another process writes to this database" in daemon.log_file.read_text()
    assert len(rig.standing().events) == 1


# ---- what is written is fenced


def write(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO runs (started_at, alive_at) VALUES (:now, :now)"), {"now": ago()})


def runs(engine: Engine) -> int:
    with reading(engine) as conn:
        return int(conn.execute(text("SELECT count(*) FROM runs")).scalar_one())


@pytest.mark.case("T38")
@on_postgresql
def test_nothing_is_written_once_the_session_that_held_the_lock_ended(
    database: Engine, server: Engine, tmp_path: Path
) -> None:
    with StateLock(tmp_path, database) as lock:
        write(database)
        end_sessions(server)
        with pytest.raises(OperationalError, match="lock on the state was lost"):
            write(database)
        assert lock.keep()
        write(database)
    write(database)  # what needs no lock, as handling an alert, writes as before
    assert runs(database) == 3


@pytest.mark.case("T38")
@on_postgresql
def test_the_next_holder_waits_for_a_transaction_of_the_last(
    database: Engine, server: Engine, tmp_path: Path
) -> None:
    """It was begun under the lock, the lock is lost before it commits: it is there before anybody else begins."""
    other = open_database(database.url)
    with ThreadPoolExecutor(1) as pool, StateLock(tmp_path / "one", database):
        with database.begin() as conn:
            conn.execute(text("INSERT INTO runs (started_at, alive_at) VALUES (:now, :now)"), {"now": ago()})
            end_sessions(server)
            second = StateLock(tmp_path / "two", other)
            entered = pool.submit(second.__enter__)
            wait_until(lambda: holders(server))
            assert not entered.done()
        entered.result(timeout=10)
        assert runs(other) == 1
        with pytest.raises(OperationalError, match="lock on the state was lost"):
            write(database)
        second.__exit__(None, None, None)
    other.dispose()


@pytest.mark.case("T38")
@pytest.mark.parametrize("lost", ["archive/.access-auditd.lock", "state.sqlite.lock"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_lock_file_that_was_deleted_is_no_lock(database: Engine, tmp_path: Path, lost: str) -> None:
    other = open_database(database.url)
    with StateLock(tmp_path / "archive", database) as lock:
        (tmp_path / lost).unlink()
        with pytest.raises(OperationalError, match="lock on the state was lost"):
            write(database)
        assert lock.keep()
        assert not lock.keep()
        write(database)
    assert runs(other) == 1
    other.dispose()


@pytest.mark.case("T38")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_lost_its_lock_file_to_another_writes_nothing_more(database: Engine, tmp_path: Path) -> None:
    other = open_database(database.url)
    with StateLock(tmp_path / "one", database) as lock:
        Path(f"{database.url.database}.lock").unlink()
        with StateLock(tmp_path / "two", other):
            with pytest.raises(OperationalError, match="lock on the state was lost"):
                write(database)
            with pytest.raises(StateInUse, match="database"):
                lock.keep()
            write(other)
        assert lock.keep()
        write(database)
    assert runs(other) == 2
    other.dispose()
