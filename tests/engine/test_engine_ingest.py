"""Reading: everything of a step is durable or nothing moved; the same record delivered twice is one event."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from commits import failing_commits
from engine_rig import HEADERS, Rig, at, event_ids

from auditd.archive.compaction import compact
from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.faults import StoreUnavailable
from auditd.engine.machine import Machine
from parsers.formats.exchange import Exchange
from parsers.formats.pnc import Pnc


def look(number: int, minutes: float = 0) -> str:
    return pnc_line(Lookup(at(minutes=minutes), "auser", "vehicle", "AB12CDE", f"T{number}", ""))


def read(machine: Machine) -> None:
    machine.tailer.reconcile()
    machine.ingest.step(1 << 20, at(days=1))


@pytest.fixture
def machine(rig_on_each: Rig) -> Iterator[Machine]:
    with rig_on_each.machine() as machine:
        yield machine


def balance(rig: Rig) -> tuple[int, int, int]:
    """Lines, events and duplicates over all files; every account balances."""
    tallies = [account.tally for account in rig.accounts()]
    assert all(tally.balances for tally in tallies)
    return (
        sum(tally.lines for tally in tallies),
        sum(tally.events for tally in tallies),
        sum(tally.duplicates for tally in tallies),
    )


# ---- the same record twice


def test_a_record_in_two_files_is_one_event(rig_on_each: Rig, machine: Machine) -> None:
    rig_on_each.log("pnc", [look(1), look(2, 5)], "pnc1.csv")
    read(machine)
    rig_on_each.log("pnc", [look(2, 5), look(3, 1)], "pnc2.csv")
    read(machine)
    assert len(event_ids(machine.archive)) == 3
    assert balance(rig_on_each) == (6, 3, 1)


def test_a_record_twice_in_one_step_is_one_event(rig_on_each: Rig, machine: Machine) -> None:
    rig_on_each.log("pnc", [look(1), look(2), look(1)], "pnc1.csv")
    rig_on_each.log("pnc", [look(1)], "pnc2.csv")
    read(machine)
    assert len(event_ids(machine.archive)) == 2
    assert balance(rig_on_each) == (6, 2, 2)


def test_a_record_delivered_again_after_a_restart_and_a_merge_is_one_event(rig_on_each: Rig) -> None:
    with rig_on_each.machine() as machine:
        for number in range(4):
            rig_on_each.log("pnc", [look(number, number)], "pnc1.csv")
            read(machine)
        compact(machine.archive, machine.engine, now=at(), fan_in=2)
    with rig_on_each.machine() as machine:
        rig_on_each.log("pnc", [look(number, number) for number in reversed(range(5))], "pnc2.csv")
        read(machine)
        assert len(event_ids(machine.archive)) == 5
    assert balance(rig_on_each) == (11, 5, 4)


def test_equal_records_of_two_sources_are_two_events(rig: Rig) -> None:
    rig.formats["leds"] = "pnc"
    rig.write_config()
    rig.log("pnc", [look(1)])
    rig.log("leds", [look(1)])
    rig.once(at(days=3))
    assert {name.partition(":")[0] for name in rig.standing().events} == {"pnc", "leds"}


# ---- a store that refuses


@pytest.mark.case("T20", "T30")
def test_a_refused_commit_moves_nothing_and_the_next_one_everything(
    rig_on_each: Rig, machine: Machine
) -> None:
    rig_on_each.log("pnc", [look(1), "no,record\n"])
    with failing_commits(machine.engine), pytest.raises(StoreUnavailable) as refused:
        read(machine)
    assert refused.value.reason == "database"
    assert rig_on_each.accounts() == []
    read(machine)
    assert len(event_ids(machine.archive)) == 1
    assert balance(rig_on_each) == (3, 1, 0)
    assert machine.archive.missing() == []


@pytest.mark.case("T20")
def test_a_commit_whose_answer_was_lost_is_neither_repeated_nor_undone(
    rig_on_each: Rig, machine: Machine
) -> None:
    """The server carried it out, the connection broke before it could say so."""
    rig_on_each.log("pnc", [look(1), "no,record\n"])
    with failing_commits(machine.engine, answer_lost=True, times=1), pytest.raises(StoreUnavailable):
        read(machine)
    rig_on_each.log("pnc", [look(2, 5)])
    read(machine)
    read(machine)
    assert len(event_ids(machine.archive)) == 2
    assert balance(rig_on_each) == (4, 2, 0)
    assert machine.archive.missing() == []


def test_lines_without_any_record_are_not_counted_twice_when_the_answer_is_lost(
    rig_on_each: Rig, machine: Machine
) -> None:
    rig_on_each.log("pnc", ["\n", "# a remark\n"])
    with failing_commits(machine.engine, answer_lost=True, times=1), pytest.raises(StoreUnavailable):
        read(machine)
    read(machine)
    assert balance(rig_on_each) == (3, 0, 0)


@pytest.mark.case("T37")
def test_a_late_look_up_whose_commit_was_in_doubt_is_judged(rig_on_each: Rig, machine: Machine) -> None:
    rig_on_each.log("pnc", [look(1)], "pnc1.csv")
    read(machine)
    machine.judge.catch_up(at(days=3), at(days=3))
    rig_on_each.log("pnc", [look(2, -30)], "pnc2.csv")
    with failing_commits(machine.engine, answer_lost=True, times=1), pytest.raises(StoreUnavailable):
        read(machine)
    machine.feeding.poll(at(days=3), settle=False)
    read(machine)
    machine.judge.catch_up(at(days=3), at(days=3))
    assert len(rig_on_each.found("unlinked_lookup")) == 2


def test_a_reload_while_a_commit_is_in_doubt_finds_out_too(rig_on_each: Rig, machine: Machine) -> None:
    rig_on_each.log("pnc", [look(1)])
    with failing_commits(machine.engine, answer_lost=True, times=1), pytest.raises(StoreUnavailable):
        read(machine)
    machine.adopt(rig_on_each.config)
    read(machine)
    assert len(event_ids(machine.archive)) == 1
    assert balance(rig_on_each) == (2, 1, 0)


# ---- one source's trouble


class _Broken(Exception):
    """A fault in a format."""


def test_a_fault_in_a_format_stops_its_source_alone_and_loses_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.log("pnc", [look(1)])
    mail = rig.root / "logs" / "exchange" / "MSGTRK1.LOG"
    mail.write_text("#Fields: date-time,event-id\n2026-03-03T12:00:00Z,SEND\n")
    with rig.machine() as machine:
        with monkeypatch.context() as patched:
            patched.setattr(Exchange, "parse", broken)
            machine.tailer.reconcile()
            step = machine.ingest.step(1 << 20, at(days=1))
        assert set(step.failures) == {"exchange"}
        assert len(event_ids(machine.archive)) == 1
        read(machine)
        assert len(event_ids(machine.archive)) == 2
    assert balance(rig) == (4, 2, 0)


# ---- several chunks of one file, the next one read while this one is committed


@pytest.mark.case("T20", "T30")
@pytest.mark.parametrize("seed", range(6))
def test_whatever_fails_on_the_way_a_long_file_is_read_exactly_once(rig: Rig, seed: int) -> None:
    """Commits refused or in doubt, faults in the format, restarts: each chunk keeps its header and comes once."""
    rng = random.Random(seed)
    rig.block_bytes = 4096
    rig.write_config()
    turned = ",".join(reversed(HEADERS["pnc"].strip().split(","))) + "\n"
    lines = [look(number, number) for number in range(120)]
    lines += [
        turned,
        *(",".join(reversed(line.strip().split(","))) + "\n" for line in map(look, range(200, 320))),
    ]
    rig.log("pnc", lines)
    rig.log("exchange", ["\n"] * 3)
    steps = 0
    while len(rig.standing().events) < 240:
        with rig.machine() as machine:
            for _ in range(rng.randint(1, 12)):
                trouble(machine, rng)
                steps += 1
                assert steps < 400
    with rig.machine() as machine:
        read(machine)
        read(machine)
        assert machine.archive.missing() == []
    pnc = [account.tally for account in rig.accounts() if account.source == "pnc"]
    assert [(tally.lines, tally.events, tally.duplicates, dict(tally.rejects)) for tally in pnc] == [
        (242, 240, 0, {})
    ]
    balance(rig)


def trouble(machine: Machine, rng: random.Random) -> None:
    """One step of reading, in which perhaps something fails."""
    machine.tailer.reconcile()
    what = rng.choice(("nothing", "nothing", "refused", "lost", "parser"))
    with ExitStack() as stack:
        if what in ("refused", "lost"):
            stack.enter_context(failing_commits(machine.engine, answer_lost=what == "lost", times=1))
            stack.enter_context(suppress(StoreUnavailable))
        if what == "parser":
            patched = stack.enter_context(pytest.MonkeyPatch.context())
            patched.setattr(Pnc, "parse", broken)
        machine.ingest.step(1, at(days=1))


def broken(*_: object) -> None:
    raise _Broken
