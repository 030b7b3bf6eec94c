"""What is printed is aligned, in London time, and cannot take over a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from auditd.cli.output import clean, count, london, print_json, print_table


def test_times_are_shown_as_london_reads_them() -> None:
    assert london(datetime(2026, 3, 3, 14, 2, 11, tzinfo=UTC)) == "Tue 3 Mar 2026 14:02:11"
    assert london(datetime(2026, 7, 3, 14, 2, 11, tzinfo=UTC), seconds=False) == "Fri 3 Jul 2026 15:02"
    assert london(None) == "-"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        london(datetime(2026, 3, 3))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb\n", "a\\x0db\\x0a"),
        ("\u202eelif", "\\u202eelif"),
        ("Zoë £5", "Zoë £5"),
    ],
)
def test_control_characters_show_instead_of_acting(written: str, shown: str) -> None:
    assert clean(written) == shown


def test_a_table_that_is_piped_is_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("source", "lines"), [("pnc", 12), ("exchange\x1b", 3)], right=("lines",))
    assert capsys.readouterr().out == (
        "source        lines\npnc              12\nexchange\\x1b      3\n"
    )  # fmt: skip


def test_a_table_without_rows_is_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("source", "lines"), [])
    assert capsys.readouterr().out == "source  lines\n"


def test_numbers_have_separators() -> None:
    assert count(1234567) == "1,234,567"


def test_json_takes_what_the_project_uses(capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass
    class Thing:
        at: datetime
        raw: bytes

    thing = Thing(datetime(2026, 3, 3, tzinfo=UTC), b"a\xff")
    print_json(
        {
            "thing": thing,
            "day": date(2026, 3, 3),
            "path": Path("/x"),
            "wait": timedelta(seconds=2),
            "set": {"b", "a"},
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "thing": {"at": "2026-03-03T00:00:00+00:00", "raw": "a\\xff"},
        "day": "2026-03-03",
        "path": "/x",
        "wait": 2.0,
        "set": ["a", "b"],
    }


def test_json_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        print_json(object())
