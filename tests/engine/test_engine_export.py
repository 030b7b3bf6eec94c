"""`export` hands out what the archive holds, whole, in order, on record before and after, and content only when asked."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_rig import Rig, at

from alerts.uses import Use, list_uses
from auditd.archive.archive import Archive
from auditd.archive.stretches import stretches
from auditd.cli import main
from auditd.database import reading
from auditd.demo.formats import Lookup, Mail, exchange_lines, pnc_line

SPAN = ("--from", "2026-03-01", "--to", "2026-04-01")
BECAUSE = ("--purpose", "self_monitoring", "--reason", "Case 12.", "--by", "Dee Sharp")
WEB = (
    "{stamp}.000    120 10.20.0.7 TCP_MISS/200 10182 GET http://goods.example/{n}?q=jane jbriar"
    " HIER_DIRECT/192.0.2.80 text/html\n"
)
LOOKS, MAILS, VISITS = 30, 4, 20


def export(rig: Rig, *arguments: str, because: tuple[str, ...] = BECAUSE) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), "export", *SPAN, *because, *arguments])


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def uses(rig: Rig) -> list[Use]:
    with reading(rig.engine) as conn:
        return list(reversed(list_uses(conn)))


def fill(rig: Rig) -> Rig:
    """Look-ups over three days, mail, and visits through a proxy."""
    rig.formats["web"], rig.patterns["web"] = "squid", "access*.log"
    (rig.root / "logs/web").mkdir(exist_ok=True)
    rig.write_config()
    rig.log(
        "pnc",
        [pnc_line(Lookup(at(hours=2 * n), "auser", "vehicle", "AB12CDE", f"T{n}", "")) for n in range(LOOKS)],
    )
    rig.log(
        "exchange",
        [
            line
            for n in range(MAILS)
            for line in exchange_lines(
                Mail(at(minutes=n), "a@x.example", ("b@y.example",), f"m{n}", "Secret subject", ours=False)
            )
        ],
    )
    stamp = int(at().timestamp())
    (rig.root / "logs/web/access1.log").write_text(
        "".join(WEB.format(stamp=stamp + n, n=n) for n in range(VISITS))
    )
    rig.once(at(days=30))
    return rig


@pytest.fixture
def filled(rig: Rig) -> Rig:
    return fill(rig)


def test_everything_of_a_stretch_leaves_in_order_of_time_and_both_ends_are_on_record(
    rig_on_each: Rig,
) -> None:
    rig = fill(rig_on_each)
    done = export(rig)
    found = rows(done)
    archive = Archive(rig.root / "archive", rig.engine)
    held = sum(segment.rows for segment in archive.segments() if segment.family != "rejects")
    assert len(found) == held
    families = [one["family"] for one in found]
    assert families == sorted(families, key=("access", "email", "call", "web").index)
    for family in set(families):
        times = [one["timestamp"] for one in found if one["family"] == family]
        assert times == sorted(times)
    before, after = uses(rig)
    assert (before.action, before.actor, before.purpose) == ("export", "Dee Sharp", "self_monitoring")
    assert before.reason == "Case 12."
    assert before.detail["from"] == "2026-03-01T00:00:00+00:00"
    assert (after.action, after.detail["documents"]) == ("export done", held)
    assert after.detail["sha256"] == sha256(done.stdout.encode()).hexdigest()


def test_only_what_is_asked_for_leaves(filled: Rig) -> None:
    assert {one["family"] for one in rows(export(filled, "--family", "web"))} == {"web"}
    assert {one["source"] for one in rows(export(filled, "--source", "pnc"))} == {"pnc"}
    assert rows(export(filled, "--source", "nobody")) == []


@pytest.mark.parametrize("output", ["ndjson", "ecs", "ocsf"])
def test_content_leaves_only_where_it_is_asked_for(filled: Rig, output: str) -> None:
    plain = export(filled, "--output", output)
    assert "Secret subject" not in plain.stdout
    assert "q=jane" not in plain.stdout
    assert len(rows(plain)) == len(rows(export(filled, "--output", output, "--show-content")))
    assert "Secret subject" in export(filled, "--output", output, "--show-content").stdout
    assert [use.detail["content"] for use in uses(filled) if use.action == "export"] == [False, True, True]


def test_documents_are_of_the_standard_asked_for(filled: Rig) -> None:
    classes = {one["class_uid"] for one in rows(export(filled, "--output", "ocsf"))}
    assert classes == {6005, 4009, 4002}
    assert {one["ecs"]["version"] for one in rows(export(filled, "--output", "ecs"))} == {"8.17.0"}


@pytest.mark.parametrize(
    ("because", "status", "told"),
    [
        (("--reason", "Case 12."), 2, "--purpose"),
        (("--purpose", "self_monitoring"), 2, "--reason"),
        (("--purpose", "curiosity", "--reason", "x"), 2, "is not one of"),
        (("--purpose", "self_monitoring", "--reason", " "), 1, "reason is empty"),
    ],
)
def test_without_a_purpose_and_a_reason_nothing_leaves(
    filled: Rig, because: tuple[str, ...], status: int, told: str
) -> None:
    refused = export(filled, because=because)
    assert (refused.exit_code, refused.stdout) == (status, "")
    assert told in refused.stderr
    assert uses(filled) == []


def test_a_new_file_is_written_that_only_its_owner_can_read(filled: Rig, tmp_path: Path) -> None:
    out = tmp_path / "events.ndjson"
    done = export(filled, "--out", str(out))
    assert (done.exit_code, done.stdout) == (0, "")
    assert out.stat().st_mode & 0o777 == 0o600
    assert uses(filled)[-1].detail["sha256"] == sha256(out.read_bytes()).hexdigest()
    again = export(filled, "--out", str(out))
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


def test_an_export_that_cannot_be_whole_leaves_no_file_and_is_on_record(filled: Rig, tmp_path: Path) -> None:
    for segment in Archive(filled.root / "archive", filled.engine).segments("email"):
        (filled.root / "archive" / segment.path).unlink()
    out = tmp_path / "events.ndjson"
    refused = export(filled, "--out", str(out))
    assert refused.exit_code == 1
    assert "are gone or damaged" in refused.stderr
    assert not out.exists()
    assert uses(filled)[-1].action == "export broken off"
    assert rows(export(filled, "--family", "access"))


def test_times_in_the_wrong_order_are_told(filled: Rig) -> None:
    refused = CliRunner().invoke(
        main,
        [
            "--config",
            str(filled.config_file),
            "export",
            "--from",
            "2026-04-01",
            "--to",
            "2026-03-01",
            *BECAUSE,
        ],
    )
    assert (refused.exit_code, "--from must come before --to" in refused.stderr) == (2, True)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_stretches_hold_no_more_than_they_may_and_everything_once(filled: Rig, most: int) -> None:
    archive = Archive(filled.root / "archive", filled.engine)
    start, end = at(days=-10), at(days=10)
    for family in ("access", "web"):
        parts = list(stretches(archive, family, start, end, lambda events: events, most_rows=most))
        ids = [name for part in parts for name in part["event_id"]]
        assert len(ids) == len(set(ids)) == {"access": LOOKS, "web": VISITS}[family]
        assert all(part.height <= max(most, 1) for part in parts)
        times = [moment for part in parts for moment in part["timestamp"]]
        assert times == sorted(times)
    edges = list(stretches(archive, "access", at(), at(hours=2), lambda events: events))
    assert [part["timestamp"][0] for part in edges] == [at()]
    assert not list(stretches(archive, "access", at() - timedelta(days=2), at(), lambda events: events))
