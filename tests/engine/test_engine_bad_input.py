"""Bad input: one clear message and a metric, nothing lost, and every other source goes on."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from engine_rig import HEADERS, Rig, at
from structlog.testing import capture_logs

from auditd.demo.formats import Call, Lookup, Mail, cucm_line, exchange_lines, pnc_line
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics

END = at(days=3)
ORDINARY_USER = 65534


def good(source: str, count: int) -> list[str]:
    """Good lines of a log, each a record of its own."""
    match source:
        case "pnc":
            return [
                pnc_line(Lookup(at(seconds=n), "auser", "vehicle", "AB12CDE", f"T{n}", ""))
                for n in range(count)
            ]
        case "exchange":
            mails = (
                Mail(at(seconds=n), "a@x.example", ("b@y.example",), f"m{n}", "x", ours=False)
                for n in range(count)
            )
            return [exchange_lines(mail)[2] for mail in mails]
        case "squid":
            return [
                f"{at(seconds=n).timestamp():.3f} 5 192.0.2.7 TCP_MISS/200 99 GET http://news.example/{n} auser HIER_DIRECT/192.0.2.9 text/html\n"
                for n in range(count)
            ]
        case _:
            return [cucm_line(Call(at(seconds=n), "50001", "50002", 60, n)) for n in range(count)]


@dataclass
class Outcome:
    """What one pass made of everything."""

    rig: Rig
    metrics: Metrics
    logs: list[Any]

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"access_auditd_{name}", labels)

    def rejects(self, source: str) -> dict[str, int]:
        """Rejected lines by reason: as the account has them, and the metric, which must agree."""
        counts: dict[str, int] = {}
        for account in self.rig.accounts():
            if account.source == source:
                counts |= account.tally.rejects
        for reason, count in counts.items():
            assert self.metric("rejects_total", source=source, reason=reason) == count
        return counts

    def events(self, source: str) -> int:
        return sum(name.startswith(f"{source}:") for name in self.rig.standing().events)

    def said(self, event: str, **about: Any) -> list[Any]:
        return [entry for entry in self.logs if entry["event"] == event and about.items() <= entry.items()]


def once(rig: Rig) -> Outcome:
    """One pass beside healthy logs of every other source; those must come through whole."""
    healthy = [name for name in rig.formats if not any((rig.root / "logs" / name).iterdir())]
    for name in healthy:
        rig.log(name, good(rig.formats[name], 7))
    outcome = Outcome(rig, Metrics(), [])
    with capture_logs() as logs:
        rig.once(END, Reports(outcome.metrics))
    outcome.logs = logs
    assert [outcome.events(name) for name in healthy] == [7] * len(healthy)
    assert all(account.tally.balances for account in rig.accounts())
    return outcome


# ---- lines


@pytest.mark.case("T41")
@pytest.mark.parametrize("source", ["pnc", "exchange", "cucm"])
def test_nothing_between_two_unbalanced_quotes_vanishes(rig: Rig, source: str) -> None:
    """An insider can plant them to have everything in between swallowed."""
    lines = good(source, 1500)
    for place in (100, 1400):
        lines[place] = lines[place].replace(",", ',"', 1)
    rig.log(source, lines)
    outcome = once(rig)
    assert outcome.events(source) == 1498
    assert outcome.rejects(source) == {"unbalanced_quote": 2}
    [message] = outcome.said("lines_rejected", source=source)
    assert "reparse" in message["hint"]


GARBAGE = random.Random(7).randbytes(200_000)


@pytest.mark.case("T40")
@pytest.mark.parametrize("source", ["pnc", "exchange", "cucm"])
def test_binary_garbage_costs_its_own_lines_alone(rig: Rig, source: str) -> None:
    lines = [line.encode() for line in good(source, 40)]
    path = rig.log(source, [])
    path.write_bytes(path.read_bytes() + b"".join([*lines[:20], GARBAGE, b"\n", *lines[20:]]))
    outcome = once(rig)
    assert outcome.events(source) == 40
    rejects = outcome.rejects(source)
    assert {"binary", "not_text"} >= rejects.keys() - {
        "too_few_fields",
        "no_header",
        "bad_quoting",
        "unbalanced_quote",
    }
    newlines = path.read_bytes().count(b"\n")
    assert outcome.metric("lines_total", source=source) == newlines
    assert len(outcome.said("lines_rejected", source=source)) == 1


@pytest.mark.parametrize("source", ["pnc", "exchange", "cucm"])
def test_a_file_of_garbage_beside_a_good_one(rig: Rig, source: str) -> None:
    rig.log(source, good(source, 5))
    junk = (
        rig.root / "logs" / source / {"pnc": "pnc2.csv", "exchange": "MSGTRK2.LOG", "cucm": "cdr_2"}[source]
    )
    junk.write_bytes(GARBAGE)
    assert once(rig).events(source) == 5


@pytest.mark.parametrize(
    ("source", "time"),
    [
        ("pnc", "0001-01-01T00:00:00"),
        ("pnc", "9999-12-31T23:59:59"),
        ("exchange", "0001-01-01T00:00:00.000Z"),
        ("exchange", "9999-12-31T23:59:59.999Z"),
        ("cucm", "99999999999999"),
    ],
)
def test_a_time_at_the_end_of_the_calendar_is_a_bad_time_and_no_poison(
    rig: Rig, source: str, time: str
) -> None:
    lines = good(source, 3)
    written = {"pnc": "2026-03-03T12:00:01.000", "exchange": "2026-03-03T12:00:01.000Z", "cucm": "1772539201"}
    assert written[source] in lines[1]
    lines[1] = lines[1].replace(written[source], time, 1)
    rig.log(source, lines)
    outcome = once(rig)
    assert (outcome.events(source), outcome.rejects(source)) == (2, {"bad_time": 1})


# ---- files


def test_a_wrong_format_is_told_once_and_stops_nobody(rig: Rig) -> None:
    rig.formats["cucm"] = "pnc"
    rig.write_config()
    rig.log("cucm", []).write_text(HEADERS["cucm"] + "".join(good("cucm", 300)))
    outcome = once(rig)
    assert outcome.events("cucm") == 0
    [message] = outcome.said("source_problem", source="cucm", reason="wrong_format")
    assert "access-auditd try FILE" in message["hint"]
    assert outcome.metric("source_problem", source="cucm", reason="wrong_format") == 1
    assert outcome.metric("source_problem", source="pnc", reason="wrong_format") is None


def test_a_wrong_format_is_noticed_though_its_lines_come_one_at_a_time_and_is_over_when_it_is_mended(
    rig: Rig,
) -> None:
    metrics = Metrics()
    reports = Reports(metrics)

    def step() -> None:
        machine.tailer.reconcile()
        reports.ingested(machine.ingest.step(1 << 20, END))

    def problem() -> float | None:
        labels = {"source": "pnc", "reason": "wrong_format"}
        return metrics.registry.get_sample_value("access_auditd_source_problem", labels)

    with capture_logs() as logs, rig.machine() as machine:
        for _ in range(60):
            rig.log("pnc", ["not a record\n"])
            step()
        assert problem() == 1
        rig.log("pnc", good("pnc", 200))
        step()
        assert problem() == 0
    said = [
        entry["event"]
        for entry in logs
        if entry["event"] in ("lines_rejected", "source_problem", "source_recovered")
    ]
    assert said == ["lines_rejected", "source_problem", "source_recovered"]


def test_what_is_no_log_file_is_passed_over(rig: Rig) -> None:
    """A folder, a pipe nobody writes to, a link to nowhere, an empty file: none is waited for."""
    folder = rig.root / "logs" / "pnc"
    rig.log("pnc", good("pnc", 3))
    (folder / "pnc-folder.csv").mkdir()
    os.mkfifo(folder / "pnc-pipe.csv")
    (folder / "pnc-link.csv").symlink_to(folder / "nowhere.csv")
    (folder / "pnc-empty.csv").touch()
    assert once(rig).events("pnc") == 3


@contextmanager
def as_ordinary_user(rig: Rig) -> Iterator[None]:
    """Give up root's right to read everything; the installation belongs to the ordinary user."""
    if os.geteuid() != 0:
        yield
        return
    for path in (rig.root, *rig.root.rglob("*")):
        os.chown(path, ORDINARY_USER, ORDINARY_USER, follow_symlinks=False)
    for parent in rig.root.parents:
        if parent.owner() == "root" and "pytest" in str(parent):
            parent.chmod(0o755)
    os.seteuid(ORDINARY_USER)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.case("T39")
def test_a_file_that_may_not_be_read_is_told_and_read_once_it_may_be(rig: Rig) -> None:
    rig.log("pnc", good("pnc", 3), "pnc1.csv")
    secret = rig.log("pnc", good("pnc", 5)[3:], "pnc2.csv")
    secret.chmod(0)
    rig.engine.dispose()
    with as_ordinary_user(rig):
        outcome = once(rig)
        assert outcome.events("pnc") == 3
        [message] = outcome.said("source_problem", source="pnc", reason="permission_denied")
        assert "read the file" in message["hint"]
        assert outcome.metric("source_problem", source="pnc", reason="permission_denied") == 1
        secret.chmod(0o600)
        assert once(rig).events("pnc") == 5


# ---- feeds


def test_broken_rows_of_a_feed_cost_themselves_alone(rig: Rig) -> None:
    people = [
        "S1,account,auser\n",
        "S1,colour,blue\n",
        ",account,nobody\n",
        'S2,"account,x\n',
        "S3,account,cuser,x\n",
    ]
    path = rig.root / "feeds" / "identifiers-1.csv"
    path.write_text("staff_id,kind,value\n" + "".join(people))
    rig.log("pnc", good("pnc", 1))
    outcome = once(rig)
    assert outcome.metric("feed_rejected_rows_total", feed="identifiers") == 4
    assert len(outcome.said("feed_problem", feed="identifiers")) == 1
    assert [finding[4] for finding in rig.standing().findings] == ["S1"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfes\x00t\x00a\x00", GARBAGE, b"colour,shape\nblue,round\n"],
    ids=["empty", "UTF-16", "garbage", "other columns"],
)
def test_a_feed_that_cannot_be_taken_at_all_says_why_and_keeps_what_was_known(
    rig: Rig, content: bytes
) -> None:
    rig.feed("identifiers", [{"staff_id": "S1", "kind": "account", "value": "auser"}], name="1")
    (rig.root / "feeds" / "identifiers-2.csv").write_bytes(content)
    rig.log("pnc", good("pnc", 1))
    outcome = once(rig)
    [message] = outcome.said("feed_problem", feed="identifiers")
    assert "identifiers-2.csv" in message["reason"]
    assert [finding[4] for finding in rig.standing().findings] == ["S1"]
