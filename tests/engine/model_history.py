"""One random history of a log, read by the real tailer, ingest, archive and accounts, against a model in memory.

The model knows every line that was ever written whole, and which of them may be lost: those whose bytes were destroyed
before they were committed. All else must be there, once; what was seen and lost must be counted to the byte.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from commits import failing_commits, failing_statements
from engine_rig import _empty_database
from squeezing import SQUEEZERS, squeeze, squeezed

from auditd.archive.accounts import Account, load_accounts, load_cursors
from auditd.archive.archive import QUARANTINE_SCHEMA, REJECTS, Archive
from auditd.archive.compaction import compact
from auditd.database import open_database, reading
from auditd.engine.faults import StoreUnavailable
from auditd.engine.ingest import Ingest
from auditd.engine.judge import Judge
from auditd.reference.store import ReferenceStore
from auditd.tail.compressed import content_of
from auditd.tail.prints import prints_of
from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer
from parsers.force import Force
from parsers.format import Context
from parsers.formats.pnc import Pnc

BEGAN = datetime(2026, 3, 3, tzinfo=UTC)
HEADER = ("txn_datetime", "txn_code", "user_id", "subject_type", "subject_key", "txn_ref", "justification")
ORDINARY_USER = 65534
_COMPILED: dict[Any, Any] = {}  # statements are compiled once for all histories


@dataclass
class Lines:
    """What was written, by kind; `doomed` may be lost: their bytes were destroyed before they were committed.

    A record is known by its reference, any other line by its text.
    """

    records: set[str] = field(default_factory=set)
    junk: set[bytes] = field(default_factory=set)
    remarks: int = 0
    doomed: set[bytes] = field(default_factory=set)
    doomed_bytes: int = 0
    seen: dict[bytes, int] = field(default_factory=dict)  # of the doomed: what was seen before, and its bytes


class Life:
    """One life of the reading half of the daemon, over what is stored."""

    def __init__(self, history: History) -> None:
        engine = history.engine
        force = Force(domains=("police.northmere.example",), number_ranges=("+441632960",))
        self.archive = Archive(history.folder / "archive", engine)
        self.archive.recover()
        judge = Judge(
            runs=[],
            archive=self.archive,
            engine=engine,
            references=ReferenceStore(engine, force),
            force=force,
        )
        with reading(engine) as conn:
            cursors = load_cursors(conn, ["pnc"])
        self.tailer = Tailer(
            [TailSource("pnc", (history.pattern,), 2000)],
            cursors,
            block_bytes=history.block_bytes,
            settle_seconds=5.0,
            open_files=history.open_files,
            monotonic=lambda: history.clock,
            wall=lambda: history.clock + history.skew,
        )
        context = Context(source="pnc", zone=ZoneInfo("Europe/London"), force=force)
        self.ingest = Ingest(
            parsers={"pnc": Pnc(context, Pnc.Options(header=list(HEADER)))},
            tailer=self.tailer,
            archive=self.archive,
            engine=engine,
            notes=judge.notes,
        )

    def drop(self) -> None:
        """It is gone, and nothing that it knew was written."""
        self.tailer.close()
        self.ingest._pool.shutdown()
        self.ingest._reader._ahead_pool.shutdown()


class History:
    """A writer with its rotations, and a reader that is killed, refused, delayed and locked out."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.done: list[str] = []
        (folder / "logs").mkdir(parents=True)
        for path in (folder, folder / "logs"):
            path.chmod(0o755)
        shutil.copy(_empty_database(), folder / "state.db")
        opened = open_database(f"sqlite:///{folder}/state.db")
        self.engine = opened.execution_options(compiled_cache=_COMPILED)
        self.log = folder / "logs" / "app.log"
        self.pattern = self.random.choice([str(self.log), f"{self.log}*"])
        self.shifting = self.random.random() < 0.5
        self.block_bytes = self.random.choice([300, 5000, 1 << 20])
        self.open_files = self.random.choice([3, 256])
        self.clock, self.skew = 1000.0, 0.0
        self.lines = Lines()
        self.count = self.rotations = 0
        self.partial = b""
        self.copied = False
        self.life = Life(self)

    # -- the whole of it

    def run(self, steps: int) -> None:
        actions: list[tuple[Callable[[], None], int]] = [
            (self.write, 30), (self.write_part, 8), (self.tick, 22), (self.look, 6), (self.rename, 6),
            (self.rename_and_write_late, 3), (self.copytruncate, 5), (self.truncate, 2), (self.delete, 2),
            (self.delete_while_down, 1), (self.create_again, 2), (self.lock_out, 3), (self.kill, 5),
            (self.kill_before_commit, 3), (self.kill_after_commit, 3), (self.refuse, 3), (self.doubt, 2),
            (self.refuse_half_way, 3), (self.pause, 4), (self.step_the_clock, 2), (self.merge, 3),
            (self.compress, 4), (self.compress_slowly, 2),
        ]  # fmt: skip
        self.write()
        self.tick()  # from here on nothing is history
        for act in self.random.choices([a for a, _ in actions], [w for _, w in actions], k=steps):
            self.done.append(act.__name__)
            act()
        self.finish_line()
        for _ in range(4):
            self.pass_time(60.0)
            self.read()

    def check(self) -> None:
        with reading(self.engine) as conn:
            accounts = load_accounts(conn)
        tallies = [account.tally for account in accounts]
        assert all(tally.balances for tally in tallies), "an account does not balance"
        arrived = self._check_records(accounts) | self._check_rejects(accounts)
        remarks = sum(sum(tally.non_records.values()) for tally in tallies)
        if not self.copied and not self.lines.doomed:
            assert remarks == self.lines.remarks, f"{remarks} remarks of {self.lines.remarks}"
        lost = sum(tally.lost_bytes for tally in tallies)
        assert lost <= self.lines.doomed_bytes, f"{lost} bytes counted lost of {self.lines.doomed_bytes}"
        gone = [size for line, size in self.lines.seen.items() if line not in arrived]
        assert sum(gone) <= lost, f"{sum(gone)} bytes were seen and are gone, {lost} are counted"
        assert self.life.archive.missing() == []

    def _check_records(self, accounts: list[Account]) -> set[bytes]:
        archive = Archive(self.folder / "archive", self.engine)
        events = archive.scan("access").select("pnc_txn_ref", "event_id").collect()
        assert events["event_id"].n_unique() == events.height, "an event is in the archive twice"
        found = Counter(events["pnc_txn_ref"].to_list())
        assert {ref for ref, times in found.items() if times > 1} == set(), "a record is in the archive twice"
        lost = (
            self.lines.records - found.keys() - {line.decode(errors="replace") for line in self.lines.doomed}
        )
        assert not lost, f"lost: {sorted(lost)[:5]}"
        assert found.keys() <= self.lines.records
        assert sum(a.tally.events for a in accounts) == len(found), (
            "events of the accounts and of the archive"
        )
        again = sum(a.tally.duplicates for a in accounts)
        assert self.copied or again == 0, f"{again} records were read twice"
        return {ref.encode() for ref in found}

    def _check_rejects(self, accounts: list[Account]) -> set[bytes]:
        archive = Archive(self.folder / "archive", self.engine)
        rows = archive.read_lazily(archive.segments(REJECTS), QUARANTINE_SCHEMA).collect()
        found = Counter(rows["event_original"].to_list())
        lost = self.lines.junk - found.keys() - self.lines.doomed
        assert not lost, f"rejects lost: {sorted(lost)[:5]}"
        assert found.keys() <= self.lines.junk, f"not whole: {sorted(found.keys() - self.lines.junk)[:3]}"
        assert rows.height == sum(sum(a.tally.rejects.values()) for a in accounts)
        if not self.copied:
            assert max(found.values(), default=1) == 1, "a reject is in quarantine twice"
        return set(found)

    def close(self) -> None:
        self.life.drop()
        self.engine.dispose()

    # -- the writer

    def line(self) -> bytes:
        self.count += 1
        kind = self.random.choices(["record", "junk", "remark"], [8, 1, 1])[0]
        padding = "x" * self.random.choice([0, 10, 60, 200])
        if kind == "junk":
            line = f"junk {self.count:05d} {padding}".strip().encode()
            self.lines.junk.add(line)
            return line
        if kind == "remark":
            self.lines.remarks += 1
            return f"# remark {self.count:05d}".encode()
        at = BEGAN + timedelta(minutes=self.random.choice([self.count, self.count, self.count % 50]))
        ref = f"T{self.count:05d}"
        self.lines.records.add(ref)
        return f"{at:%Y-%m-%dT%H:%M:%S}Z,#VE,auser,vehicle,AB12CDE,{ref},{padding}".encode()

    def append(self, content: bytes, path: Path | None = None) -> None:
        path = path or self.log
        with path.open("ab") as file:
            file.write(content)
        self.stamp(path)

    def stamp(self, path: Path) -> None:
        """Date a file as the machine's clock has it."""
        if self.skew:
            moment = time.time() + self.skew
            os.utime(path, (moment, moment))

    def write(self) -> None:
        self.finish_line()
        lines = [self.line() for _ in range(self.random.choice([1, 1, 3, 25]))]
        self.append(b"".join(line + b"\n" for line in lines))

    def write_part(self) -> None:
        if not self.partial:
            line = self.line()
            cut = self.random.randint(1, len(line))
            self.append(line[:cut])
            self.partial = line[cut:] + b"\n"

    def finish_line(self) -> None:
        if self.partial:
            self.append(self.partial)
            self.partial = b""

    def away(self) -> Path:
        """Return the name the log is rotated to, making room for it."""
        self.rotations += 1
        if not self.shifting:
            return self.log.with_name(f"app.log-{20260301 + self.rotations}")
        for number in range(self.rotations, 0, -1):
            for ending in ("", *SQUEEZERS):
                older = self.log.with_name(f"app.log.{number}{ending}")
                if older.exists():
                    older.rename(self.log.with_name(f"app.log.{number + 1}{ending}"))
        return self.log.with_name("app.log.1")

    def rename(self) -> None:
        self.finish_line()
        self.log.rename(self.away())
        if self.random.random() < 0.5:
            self.tick()
        self.write()

    def rename_and_write_late(self) -> None:
        self.finish_line()
        with self.log.open("ab", buffering=0) as writer:
            away = self.log.rename(self.away())
            for _ in range(3):
                writer.write(self.line() + b"\n")
                self.stamp(away)
                self.tick()
        self.write()

    def copytruncate(self) -> None:
        self.finish_line()
        copy = self.away()
        copy.write_bytes(self.log.read_bytes())
        self.stamp(copy)
        os.truncate(self.log, 0)
        self.stamp(self.log)
        self.copied = True
        if self.random.random() < 0.5:
            self.write()

    def rotated(self) -> list[Path]:
        """Return the rotated copies that are not compressed."""
        found = sorted(path for path in self.log.parent.glob("app.log?*") if path.suffix not in SQUEEZERS)
        # One too short to be known by its content may be read twice, which folds.
        self.copied |= any(path.stat().st_size < 2048 for path in found)
        return found

    def compress(self) -> None:
        if rotated := self.rotated():
            squeeze(self.random.choice(rotated), self.random.choice(list(SQUEEZERS)))

    def compress_slowly(self) -> None:
        """Look while the compressed file is being written beside its original."""
        if rotated := self.rotated():
            path, ending = self.random.choice(rotated), self.random.choice(list(SQUEEZERS))
            status, stream = path.stat(), squeezed(path.read_bytes(), ending)
            target = path.with_name(path.name + ending)
            for piece in range(3):
                self.append(stream[len(stream) * piece // 3 : len(stream) * (piece + 1) // 3], target)
                self.tick()
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
            path.unlink()

    def doom(self, *, seen: bool) -> None:
        """What is not committed of the log may be lost from here on; seen: then it has to be counted."""
        content = self.log.read_bytes()
        status = self.log.stat()
        with reading(self.engine) as conn, content_of(str(self.log)) as file:
            offset = max(
                (
                    cursor.offset
                    for cursor in load_cursors(conn)
                    if (cursor.device, cursor.inode) == (status.st_dev, status.st_ino)
                    and prints_of(file, cursor) is not None  # not what stood here before a truncation
                ),
                default=0,
            )
        self.lines.doomed_bytes += len(content) - offset
        for line in content[offset:].splitlines():
            name = line.split(b",")[5] if line.count(b",") == 6 else line
            self.lines.doomed.add(name)
            if seen and not line.startswith(b"#"):
                self.lines.seen[name] = len(line) + 1

    def truncate(self) -> None:
        """Without a copy. What was seen and not read is counted."""
        self.finish_line()
        self.life.tailer.reconcile()
        self.doom(seen=True)
        os.truncate(self.log, 0)
        self.stamp(self.log)
        for _ in range(
            2
        ):  # of a file whose descriptor was given up the loss is certain only at the second look
            self.pass_time(60.0)
            self.read()
        self.write()

    def delete(self) -> None:
        """While it is read: it is read to its end through its descriptor, if it is open."""
        self.finish_line()
        self.life.tailer.reconcile()
        if self.open_files < 10:
            self.doom(seen=False)
        self.log.unlink()
        self.pass_time(60.0)
        self.read()
        self.write()

    def delete_while_down(self) -> None:
        self.finish_line()
        self.life.drop()
        self.doom(seen=False)
        self.log.unlink()
        self.life = Life(self)
        self.pass_time(60.0)
        self.read()
        self.write()

    def create_again(self) -> None:
        """Drained, deleted, and there again with other content."""
        self.finish_line()
        self.pass_time(1.0)
        self.read()
        self.log.unlink()
        self.write()

    # -- the reader

    def pass_time(self, seconds: float) -> None:
        self.clock += seconds

    def read(self) -> None:
        """Look, and commit all there is."""
        self.life.tailer.reconcile()
        while self.life.ingest.step(1 << 20, BEGAN).anything:
            pass

    def tick(self) -> None:
        self.pass_time(self.random.choice([0.01, 1.0]))
        self.life.tailer.reconcile()
        self.life.ingest.step(self.random.choice([1, 1 << 20]), BEGAN)

    def look(self) -> None:
        self.life.tailer.reconcile()

    def pause(self) -> None:
        self.finish_line()
        self.pass_time(60.0)
        self.read()

    def step_the_clock(self) -> None:
        """The machine's clock jumps; files written from now on say so. Set back, it is noticed at the next look.

        What is rotated away twice between such a jump and the next look is beyond what can be known (docs/tailing.md).
        """
        self.skew = self.random.choice([-3600.0, 0.0, 3600.0])
        self.write()
        self.read()

    def lock_out(self) -> None:
        """The right to see the log, or its folder, is lost for a while."""
        path = self.random.choice([self.log, self.log.parent])
        mode = path.stat().st_mode & 0o777
        path.chmod(0)
        as_root = os.geteuid() == 0
        if as_root:
            os.seteuid(ORDINARY_USER)
        try:
            for _ in range(self.random.choice([1, 3])):
                self.pass_time(self.random.choice([0.1, 30.0]))
                self.life.tailer.reconcile()
        finally:
            if as_root:
                os.seteuid(0)
            path.chmod(mode)

    def kill(self) -> None:
        if self.random.random() < 0.5:
            self.life.tailer.reconcile()
        self.life.drop()
        if self.random.random() < 0.5:
            self.write()
        self.life = Life(self)
        self.life.tailer.reconcile()

    def _failing_step(self, *, answer_lost: bool) -> None:
        self.life.tailer.reconcile()
        with failing_commits(self.engine, answer_lost=answer_lost, times=1), suppress(StoreUnavailable):
            self.life.ingest.step(1 << 20, BEGAN)

    def kill_before_commit(self) -> None:
        """Segments are written, nothing names them."""
        self._failing_step(answer_lost=False)
        self.life.drop()
        self.life = Life(self)

    def kill_after_commit(self) -> None:
        """Everything is stored, the daemon never learns of it."""
        self._failing_step(answer_lost=True)
        self.life.drop()
        self.life = Life(self)

    def refuse(self) -> None:
        self._failing_step(answer_lost=False)

    def refuse_half_way(self) -> None:
        """The transaction fails before it comes to its commit: it is certain that nothing of it came about."""
        self.life.tailer.reconcile()
        table = self.random.choice(["files", "segments"])
        with failing_statements(self.engine, beginning=f"INSERT INTO {table} "), suppress(StoreUnavailable):
            self.life.ingest.step(1 << 20, BEGAN)

    def doubt(self) -> None:
        self._failing_step(answer_lost=True)

    def merge(self) -> None:
        self.life.archive.refresh()
        while compact(self.life.archive, self.engine, now=BEGAN, fan_in=2):
            pass
