"""One-off commands on a real installation: a single pass as of a moment, and quarantined lines read again."""

from __future__ import annotations

import json
import re
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from engine_rig import HEADERS, Rig, at

from auditd.archive.archive import REJECTS
from auditd.cli import main
from auditd.demo.formats import Call, Lookup, Mail, cucm_line, exchange_lines, pnc_line
from auditd.engine.reparse import quarantine

END = at(days=3)
MOMENT = "2026-03-06T12:00Z"
LINES = {
    "pnc": [pnc_line(Lookup(at(minutes=n), "auser", "vehicle", "AB12CDE", f"T{n}", "")) for n in range(60)],
    "exchange": [
        line
        for n in range(20)
        for line in exchange_lines(
            Mail(at(minutes=n), "a@x.example", ("b@y.example",), f"m{n}", "x", ours=False)
        )
    ],
    "cucm": [cucm_line(Call(at(minutes=n), "50001", "50002", 60, n)) for n in range(60)],
}


def invoke(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def answer(rig: Rig, *arguments: str) -> Any:
    result = invoke(rig, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_single_pass_judges_as_of_the_moment_it_is_given(rig_on_each: Rig) -> None:
    rig = rig_on_each
    rig.log("pnc", LINES["pnc"][:1])
    early = answer(rig, "run", "--once", "--as-of", "2026-03-04T11:59Z")
    assert (early["lines"], early["events"]) == (2, 1)
    assert rig.found("unlinked_lookup") == []
    late = answer(rig, "run", "--once", "--as-of", "2026-03-04T12:01Z")
    assert (late["lines"], late["detectors"]["unlinked_lookup"]["added"]) == (0, 1)


def test_a_moment_goes_with_a_single_pass_alone(rig: Rig) -> None:
    refused = invoke(rig, "run", "--as-of", MOMENT)
    assert (refused.exit_code, "--as-of goes with --once" in refused.stderr) == (2, True)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("right", "wrong"), list(permutations(LINES, 2)))
def test_a_log_read_in_the_wrong_format_is_whole_after_the_format_is_mended(
    rig: Rig, right: str, wrong: str, newline: str
) -> None:
    """Nothing is lost meanwhile: every line is in quarantine, and read again in the end as if nothing had been wrong."""
    path = rig.log(right, [])
    path.write_text((HEADERS[right] + "".join(LINES[right])).replace("\n", newline), newline="")
    rig.formats[right] = wrong
    rig.write_config()
    rig.once(END)
    assert rig.standing().events == frozenset()
    rig.formats[right] = right
    rig.write_config()
    [report] = answer(rig, "reparse", "--source", right).values()
    assert (report["events"], report["left"]) == (60, {})
    [account] = rig.accounts()
    assert account.tally.balances
    assert (account.tally.events, account.tally.event_lines, dict(account.tally.rejects)) == (60, 60, {})
    rig.once(END)
    assert len(rig.standing().events) == 60
    assert len(rig.found("unlinked_lookup")) == (60 if right == "pnc" else 0)


def test_lines_of_two_layouts_are_each_read_again_under_their_own_header(rig: Rig) -> None:
    """The header lines themselves were no rejects: what they said is remembered with the lines below them."""
    path = two_layouts(rig, time="03/03/2026 12:0{n}", columns=PLAIN)
    [account] = rig.accounts()
    assert dict(account.tally.rejects) == {"bad_time": 4}
    mend_times(rig)
    [report] = answer(rig, "reparse", "--source", "pnc").values()
    assert (report["events"], report["left"]) == (4, {})
    assert path.exists()


def test_lines_under_headers_nobody_knew_are_read_again_once_the_names_are_configured(rig: Rig) -> None:
    two_layouts(rig, time="2026-03-03T12:0{n}:00", columns=("when", "who", "kind", "what", "ref"))
    [account] = rig.accounts()
    assert dict(account.tally.rejects) == {"no_header": 6}
    names = (
        'txn_datetime = "when", user_id = "who", subject_type = "kind", subject_key = "what", txn_ref = "ref"'
    )
    config = rig.config_file.read_text()
    rig.config_file.write_text(
        config.replace('format = "pnc"', f'format = "pnc"\noptions = {{ columns = {{ {names} }} }}')
    )
    [report] = answer(rig, "reparse", "--source", "pnc").values()
    assert (report["events"], report["left"]) == (4, {})
    [account] = rig.accounts()
    assert account.tally.balances
    assert dict(account.tally.non_records) == {"header": 2}
    rig.once(END)
    assert len(rig.found("unlinked_lookup")) == 4


PLAIN = ("txn_datetime", "user_id", "subject_type", "subject_key", "txn_ref")


def two_layouts(rig: Rig, *, time: str, columns: tuple[str, ...]) -> Path:
    """A file of four records, the last two in a layout the other way round; read in two passes."""
    path = rig.root / "logs" / "pnc" / "pnc1.csv"
    rows = [(time.format(n=n), "auser", "vehicle", "AB12CDE", f"T{n}") for n in range(4)]
    parts = ((columns, *rows[:2]), (columns[::-1], *(row[::-1] for row in rows[2:])))
    for part in parts:
        with path.open("a") as out:
            out.writelines(",".join(cells) + "\n" for cells in part)
        rig.once(END)
    return path


def mend_times(rig: Rig) -> None:
    """Put times the format can read into the quarantined lines, as if it had learned to read the others."""
    with rig.machine() as machine:
        rows = quarantine(machine.archive, "pnc")
        raw = [
            re.sub(rb"03/03/2026 (12:0.)", rb"2026-03-03T\1:00", line)
            for line in rows["event_original"].to_list()
        ]
        mended = rows.with_columns(
            pl.Series("event_original", raw), pl.Series("log_length", map(len, raw), dtype=pl.Int32)
        )
        written = machine.archive.write(REJECTS, mended, source="pnc")
        with machine.engine.begin() as conn:
            machine.archive.register(conn, [segment for segment, _ in written], END)
            machine.archive.retire(conn, machine.archive.segments(REJECTS), END)


def test_an_over_long_line_stays_in_quarantine_and_its_neighbours_leave_it(rig: Rig) -> None:
    """Only its beginning was kept: an event made of that would be a false one."""
    long = LINES["pnc"][1].replace("AB12CDE", "A" * 6000)
    rig.log("cucm", []).write_text(HEADERS["pnc"] + LINES["pnc"][0] + long + LINES["pnc"][2])
    config = rig.config_file.read_text().replace('format = "cucm"', 'format = "cucm"\nmax_line_bytes = 300')
    rig.config_file.write_text(config)
    rig.once(END)
    rig.config_file.write_text(config.replace('format = "cucm"', 'format = "pnc"'))
    [report] = answer(rig, "reparse", "--source", "cucm").values()
    assert (report["events"], report["left"]) == (2, {"too_long": 1})
    [account] = rig.accounts()
    assert account.tally.balances
    again = answer(rig, "reparse", "--source", "cucm")["cucm"]
    assert (again["lines"], again["events"], again["left"]) == (1, 0, {"too_long": 1})


def test_reading_again_changes_nothing_where_nothing_was_mended(rig: Rig) -> None:
    rig.log("pnc", ["not,a,record\n", LINES["pnc"][0]])
    rig.once(END)
    before = rig.accounts()
    assert answer(rig, "reparse")["pnc"] == {
        "lines": 1,
        "events": 0,
        "freed": {},
        "left": {"too_few_fields": 1},
    }
    assert rig.accounts() == before
    assert len(rig.standing().events) == 1


def test_a_source_that_does_not_exist_is_told_as_such(rig: Rig) -> None:
    refused = invoke(rig, "reparse", "--source", "pcn")
    assert refused.exit_code == 2
    assert "there are pnc, exchange, cucm" in refused.stderr
