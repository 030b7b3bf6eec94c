"""`try` shows what becomes of a file's lines, without storing anything."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditd.cli import main

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SQUEEZED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "zst": zstd.compress, "xz": lzma.compress, "bz2": bz2.compress,
}  # fmt: skip

HEADER = "txn_datetime,system,txn_code,user_id,originator,subject_type,subject_key,result,txn_ref"
ROW = "2026-03-03T14:02:11,pnc,#VE,ABriar,BRIAR 4471/STOP/HIGH ST,vehicle,AB12 CDE,hit,1"
OTHER = "2026-03-03T14:02:12,pnc,#VE,treed,REED 12/STOP/HIGH ST,vehicle,ZZ99 ZZZ,no_trace,2"
GOOD = f"{HEADER}\n{ROW}\n{OTHER}\n"
MESSAGES = """\
#Software: Microsoft Exchange Server
#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,schema-version
2026-03-03T09:00:00.000Z,192.0.2.1,mx1,192.0.2.2,mx2,,out,SMTP,SEND,7,<m1@example.org>,n1,desk@news.example.com,250 ok,1200,1,,,Secret subject,ann@example.org,ann@example.org,,Originating,,192.0.2.9,192.0.2.2,,Email,l1,15.01
"""


def run(*arguments: str | Path, data: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["try", *map(str, arguments)], input=data)


def as_json(*arguments: str | Path, data: bytes | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json", data=data).stdout)
    return found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "pnc.csv"
    path.write_text(GOOD)
    return path


def test_events_are_shown_in_words(log: Path) -> None:
    done = run(log)
    assert done.exit_code == 0
    assert "guessed with" in done.output
    assert "line 2: Tue 3 Mar 2026 14:02:11: ABriar queried vehicle AB12CDE on pnc: hit" in done.output
    assert "subject_key                AB12CDE" in done.output
    assert "3 lines = 2 event lines + 0 rejects + 1 non-records: the account balances" in done.output


def test_rejects_are_shown_with_reason_line_offset_and_text(log: Path) -> None:
    log.write_text(GOOD + 'bad "line\x1b[31m\n')
    done = run(log)
    assert done.exit_code == 0
    assert f"line 4, byte {len(GOOD)}: unbalanced_quote: a quote is opened and never closed" in done.output
    assert 'bad "line\\x1b[31m' in done.output


def test_a_file_nobody_recognises_is_said_to_be_unknown(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("Dear diary\n")
    done = run(tmp_path / "x")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is not known: no format recognises its first lines\nhint: name one with --format" in done.stderr


def test_a_format_without_any_event_is_a_bad_answer(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("Dear diary\n")
    assert run(tmp_path / "x", "--format", "pnc").exit_code == 1


def test_an_unknown_format_suggests_another(log: Path) -> None:
    done = run(log, "--format", "pcn")
    assert done.exit_code == 2
    assert done.stderr == "error: there is no format 'pcn'\nhint: did you mean 'pnc'?\n"


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    done = run(tmp_path / "absent", "--format", "pnc")
    assert done.exit_code == 2
    assert "absent cannot be read: No such file or directory" in done.stderr


@pytest.mark.parametrize("squeeze", SQUEEZED.values(), ids=SQUEEZED)
def test_a_compressed_file_is_read_whatever_its_name(
    tmp_path: Path, squeeze: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "x.log").write_bytes(squeeze(GOOD.encode()))
    assert as_json(tmp_path / "x.log")["events"] == {"access": 2}


@pytest.mark.parametrize("squeeze", SQUEEZED.values(), ids=SQUEEZED)
def test_files_that_were_compressed_apart_and_joined_are_read_to_the_end(
    tmp_path: Path, squeeze: Callable[[bytes], bytes]
) -> None:
    rows = GOOD.encode() + (ROW.encode() + b"\n") * 5000
    (tmp_path / "x").write_bytes(squeeze(rows[:1000]) + squeeze(rows[1000:]))
    assert as_json(tmp_path / "x")["events"] == {"access": 5002}


@pytest.mark.parametrize(("kind", "squeeze"), SQUEEZED.items(), ids=SQUEEZED)
def test_half_a_compressed_file_is_told(tmp_path: Path, kind: str, squeeze: Callable[[bytes], bytes]) -> None:
    (tmp_path / "x").write_bytes(squeeze(GOOD.encode() * 50)[:60])
    done = run(tmp_path / "x", "--format", "pnc")
    assert done.exit_code == 2
    assert f"is not a whole {kind} file" in done.stderr


def test_a_damaged_compressed_file_is_told(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(GOOD.encode()))
    data[-6] ^= 0xFF  # within the checksum
    (tmp_path / "x.gz").write_bytes(data)
    assert "is not a whole gz file" in run(tmp_path / "x.gz").stderr


@pytest.mark.parametrize("data", [GOOD.encode(), *(squeeze(GOOD.encode()) for squeeze in SQUEEZED.values())])
def test_standard_input_is_read(data: bytes) -> None:
    assert as_json("-", data=data)["events"] == {"access": 2}


def test_a_log_that_only_begins_like_a_compressed_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(f"BZh9 is no record\n{GOOD}")
    assert as_json(tmp_path / "x", "--format", "pnc")["event_lines"] == 2


def test_json_holds_the_whole_account(log: Path) -> None:
    log.write_text(GOOD + 'bad "line\n')
    found = as_json(log)
    assert found["balances"] is True
    assert (found["lines"], found["event_lines"]) == (4, 2)
    assert found["rejects"] == {"unbalanced_quote": 1}
    assert found["non_records"] == {"header": 1}
    assert [event["line"] for event in found["shown_events"]["access"]] == [2, 3]
    assert found["shown_rejects"][0]["line"] == 4


def test_the_limit_bounds_what_is_shown_not_what_is_counted(log: Path) -> None:
    found = as_json(log, "--limit", "1")
    assert found["events"] == {"access": 2}
    assert len(found["shown_events"]["access"]) == 1


@pytest.mark.parametrize("output", ["ndjson", "ecs", "ocsf"])
def test_events_are_shown_as_documents_of_a_standard_with_the_account_beside_them(
    tmp_path: Path, output: str
) -> None:
    (tmp_path / "m.log").write_text(MESSAGES)
    done = run(tmp_path / "m.log", "--output", output)
    [document] = [json.loads(line) for line in done.stdout.splitlines()]
    named = {"ndjson": document.get("family"), "ecs": document.get("ecs"), "ocsf": document.get("class_uid")}
    assert named[output] in ("email", {"version": "8.17.0"}, 4009)
    assert "the account balances" in done.stderr
    assert "Secret subject" not in done.stdout
    assert "Secret subject" in run(tmp_path / "m.log", "--output", output, "--show-content").stdout


def test_documents_are_json_already(log: Path) -> None:
    assert run(log, "--output", "ecs", "--json").exit_code == 2


def test_subjects_of_emails_are_hidden_until_asked_for(tmp_path: Path) -> None:
    (tmp_path / "m.log").write_text(MESSAGES)
    assert "Secret subject" not in run(tmp_path / "m.log").output
    assert "(hidden)" in run(tmp_path / "m.log").output
    assert "Secret subject" not in run(tmp_path / "m.log", "--json").output
    assert "Secret subject" in run(tmp_path / "m.log", "--show-content").output


def test_direction_follows_from_the_domains_given(tmp_path: Path) -> None:
    (tmp_path / "m.log").write_text(MESSAGES)
    event = as_json(tmp_path / "m.log", "--force-domain", "example.org")["shown_events"]["email"][0]
    assert event["email_direction"] == "outbound"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--zone", "Europe/Londn"), "--zone: there is no time zone 'Europe/Londn'\nhint: did you mean"),
        (("--force-range", "01632"), "--force-range: '01632' is not an E.164 prefix"),
        (("--force-domain", "a@b.example"), "--force-domain: a domain has no '@'"),
        (("--option", "sytem=x"), "--option sytem: unknown setting\nhint: did you mean 'system'?"),
        (("--option", "system"), "--option 'system' is not KEY=VALUE"),
        (("--source", "x"), "absent.toml: cannot be read"),
    ],
)
def test_wrong_settings_are_told(log: Path, option: tuple[str, str], message: str) -> None:
    arguments = ["--config", str(log.parent / "absent.toml"), "try", str(log), "--format", "pnc", *option]
    if "--source" not in option:
        arguments = arguments[2:]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_the_zone_given_is_where_times_are_read(log: Path) -> None:
    event = as_json(log, "--zone", "America/New_York")["shown_events"]["access"][0]
    assert event["timestamp"] == "2026-03-03T19:02:11+00:00"


def test_options_are_text_or_toml_as_the_option_wants(log: Path) -> None:
    log.write_text(GOOD.replace("user_id", "Konto").replace(",", ";").replace("pnc;", ";"))
    found = as_json(
        log,
        "--format",
        "pnc",
        "--option",
        "separator=;",
        "--option",
        "columns.user_id=Konto",
        "--option",
        "system=7",
    )
    assert found["shown_events"]["access"][0]["pnc_system"] == "7"


class TestWithConfiguration:
    """With a configuration, the force is the configuration's, and a source brings its format and options."""

    def config(self, folder: Path) -> Path:
        path = folder / "a.toml"
        path.write_text(
            '[force]\ndomains = ["news.example.com"]\n[[sources]]\nname = "old"\nfiles = ["x"]\nformat = "pnc"\n'
            'zone = "UTC"\nsite = "hq"\nmax_line_bytes = 256\n[sources.options]\ncolumns = {user_id = "Konto"}\n'
        )
        return path

    def run(self, log: Path, *arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["--config", str(self.config(log.parent)), "try", str(log), *arguments]
        )

    def test_a_source_brings_its_options(self, log: Path) -> None:
        log.write_text(GOOD.replace("user_id", "Konto"))
        found = json.loads(self.run(log, "--source", "old", "--json").stdout)
        event = found["shown_events"]["access"][0]
        assert (event["source"], event["observer_name"], event["user_id"]) == ("old", "hq", "abriar")

    def test_a_line_too_long_for_the_source_is_rejected_as_the_daemon_does(self, log: Path) -> None:
        log.write_text(GOOD.replace("user_id", "Konto") + "x" * 300 + "\n")
        assert json.loads(self.run(log, "--source", "old", "--json").stdout)["rejects"] == {"too_long": 1}

    def test_the_force_decides_the_direction(self, tmp_path: Path) -> None:
        log = tmp_path / "m.log"
        log.write_text(MESSAGES)
        event = json.loads(self.run(log, "--json").stdout)["shown_events"]["email"][0]
        assert event["email_direction"] == "inbound"

    def test_an_unknown_source_names_the_known(self, log: Path) -> None:
        done = self.run(log, "--source", "new")
        assert (done.exit_code, done.stderr) == (2, "error: there is no source 'new'\nhint: sources: old\n")


@pytest.mark.case("T31")
@pytest.mark.parametrize("encoding", ["utf-16le", "utf-16be", "utf-8"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_t31_a_file_in_utf16_is_recognised_and_read(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "pnc.csv"
    path.write_bytes((mark + GOOD + "bad Ċ line\r\n").encode(encoding))
    found = as_json(path)
    assert (found["format"], found["balances"], found["lines"], found["event_lines"]) == ("pnc", True, 4, 2)
    assert [(reject["line"], reject["text"]) for reject in found["shown_rejects"]] == [(4, "bad Ċ line\r")]


@pytest.mark.case("T31")
def test_t31_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "pnc.csv"
    path.write_bytes(GOOD.replace("ABriar", "Zoë").encode("cp1252"))
    assert as_json(path)["event_lines"] == 1
    assert as_json(path, "--encoding", "cp1252")["event_lines"] == 2


@pytest.mark.case("T31")
def test_t31_a_file_that_changes_its_encoding_and_holds_a_long_line(tmp_path: Path) -> None:
    path = tmp_path / "pnc.csv"
    long = ("x" * 700_000 + "\n").encode("utf-16le")
    path.write_bytes(GOOD.encode() + f"{ROW}\n".encode("utf-16le") + long + f"{OTHER}\n".encode("utf-16le"))
    found = as_json(path)
    assert (found["lines"], found["event_lines"], found["rejects"]) == (6, 4, {"too_long": 1})


@pytest.mark.case("T13")
def test_t13_records_of_several_lines_are_tried_with_the_option(tmp_path: Path) -> None:
    path = tmp_path / "pnc.csv"
    path.write_text(f"{HEADER}\n" + ROW.replace("#VE", '"#VE\n\nmore"') + f"\n{OTHER}\n")
    found = as_json(path, "--format", "pnc", "--option", "quoted_newlines=true")
    assert (found["balances"], found["lines"], found["event_lines"], found["rejects"]) == (True, 5, 4, {})
    assert [row["line"] for row in found["shown_events"]["access"]] == [2, 5]


def test_stamps_without_year_are_of_the_years_before_the_file_was_last_changed(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    line = "{} mx1 postfix/smtp[1]: ABCDEF12: to=<desk@news.example>, relay=mx, delay=1, dsn=2.0.0, status=sent (ok)\n"
    path.write_text(line.format("Dec 31 23:59:59") + line.format("Jan  1 00:00:01"))
    changed = datetime(2024, 1, 1, 0, 0, 2, tzinfo=UTC).timestamp()
    os.utime(path, (changed, changed))
    events = as_json(path)["shown_events"]["email"]
    assert [event["timestamp"][:10] for event in events] == ["2023-12-31", "2024-01-01"]
