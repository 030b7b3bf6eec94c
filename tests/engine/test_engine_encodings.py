"""Encodings and records of several lines through the whole installation: events, accounts, quarantine, evidence."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from click.testing import CliRunner
from engine_rig import HEADERS, Rig, at

from auditd.archive.archive import Archive
from auditd.cli import main
from auditd.demo.formats import Lookup, pnc_line

END = at(days=3)


def lines(count: int) -> list[str]:
    return [pnc_line(Lookup(at(minutes=n), "zoë", "vehicle", "AB12CDE", f"Ċ{n}", "")) for n in range(count)]


def with_setting(rig: Rig, setting: str) -> None:
    text = rig.config_file.read_text().replace('format = "pnc"', f'format = "pnc"\n{setting}')
    rig.config_file.write_text(text)


def answer(rig: Rig, *arguments: str) -> Any:
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.case("T31", "T40")
@pytest.mark.parametrize("encoding", ["utf-16le", "utf-16be", "utf-8", "cp1252"])
def test_t31_a_log_in_another_encoding_is_read_whole_and_its_account_agrees_with_the_disk(
    rig_on_each: Rig, encoding: str
) -> None:
    rig = rig_on_each
    if encoding == "cp1252":
        with_setting(rig, 'encoding = "cp1252"')
    text = (HEADERS["pnc"] + "".join(lines(60)) + "short\n").replace("\n", "\r\n")
    mark = "" if encoding == "cp1252" else "\ufeff"
    raw = (mark + text.replace("Ċ", "€")).encode(encoding)
    path = rig.log("pnc", [])
    path.write_bytes(raw)
    rig.once(END)
    events = Archive(rig.root / "archive", rig.engine).scan("access").collect()
    assert (events.height, set(events["user_name"])) == (60, {"zoë"})
    for place, length, digest, original in events.select(
        "log_offset", "log_length", "event_hash", "event_original"
    ).iter_rows():
        assert raw[place:][:length] == original
        assert sha256(original).digest() == digest
    [account] = answer(rig, "accounts", "--verify")
    assert (account["lines"], account["event_lines"], account["lines_on_disk"]) == (62, 60, 62)
    assert account["rejects"] == {"too_few_fields": 1}


@pytest.mark.case("T31", "T40")
def test_t31_a_log_that_changes_its_encoding_is_accounted_for(rig: Rig) -> None:
    first, second = lines(40)[:20], lines(40)[20:]
    path = rig.log("pnc", first)
    with path.open("ab") as log:
        log.write("".join(second).encode("utf-16le") + b"no record\n")
    rig.once(END)
    [account] = answer(rig, "accounts", "--verify")
    assert (account["events"], account["lines"], account["lines_on_disk"]) == (40, 42, 42)


@pytest.mark.case("T31")
def test_t31_quarantined_lines_of_utf16_are_read_again_in_their_own_encoding(rig: Rig) -> None:
    """Under a header the source did not know; the lines are neighbours in the file, newlines of two bytes between."""
    header = HEADERS["pnc"].replace("user_id", "Konto")
    rig.log("pnc", []).write_bytes(b"\xff\xfe" + (header + "".join(lines(30))).encode("utf-16le"))
    rig.once(END)
    assert len(rig.standing().events) == 0
    rig.config_file.write_text(
        rig.config_file.read_text().replace(
            'format = "pnc"', 'format = "pnc"\noptions = { columns = { user_id = "Konto" } }'
        )
    )
    assert answer(rig, "reparse")["pnc"]["events"] == 30
    [account] = answer(rig, "accounts", "--verify")
    assert (account["event_lines"], account["rejects"]) == (30, {})


@pytest.mark.case("T13", "T40")
def test_t13_records_of_several_lines_are_one_event_each_and_their_lines_are_accounted_for(
    rig_on_each: Rig,
) -> None:
    rig = rig_on_each
    with_setting(rig, "options = { quoted_newlines = true }")
    rig.block_bytes = 4096
    records = [
        line.replace("vehicle,AB12CDE", '"vehicle","AB12CDE"').replace(",VE,", f',"VE\n\n{n}",')
        for n, line in enumerate(lines(300))
    ]
    rig.log("pnc", records)
    rig.once(END)
    assert len(rig.standing().events) == 300
    [account] = answer(rig, "accounts", "--verify")
    assert (account["lines"], account["event_lines"]) == (901, 900)
    assert account["lines_on_disk"] == 901
    assert account["rejects"] == {}


@pytest.mark.case("T13")
def test_t13_records_split_before_the_option_was_set_are_whole_once_they_are_read_again(rig: Rig) -> None:
    rig.log("pnc", [line.replace(",VE,", ',"VE\nmore",') for line in lines(20)])
    rig.once(END)
    assert len(rig.standing().events) == 0
    with_setting(rig, "options = { quoted_newlines = true }")
    assert answer(rig, "reparse")["pnc"]["events"] == 20
    [account] = answer(rig, "accounts", "--verify")
    assert (account["event_lines"], account["events"], account["rejects"]) == (40, 20, {})


@pytest.mark.case("T13", "T41")
def test_t41_planted_quotes_swallow_nothing_where_records_may_have_newlines(rig: Rig) -> None:
    with_setting(rig, "options = { quoted_newlines = true }")
    records = lines(1500)
    for place in (100, 130, 1400):
        records[place] = records[place].replace(",Ċ", ',"Ċ', 1)
    rig.log("pnc", records)
    rig.once(END)
    assert len(rig.standing().events) == 1497
    [account] = rig.accounts()
    assert account.tally.rejects == {"unbalanced_quote": 3}
