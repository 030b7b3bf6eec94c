"""Labels are read as they are meant, or refused with every fault and its line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditd.evaluation.labels import LabelError, read_labels

LOOK_UPS = "at,account,subject_type,subject_key,truth,record\n"


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    return tmp_path


def refused(tmp_path: Path, **files: str) -> str:
    with pytest.raises(LabelError) as caught:
        read_labels(folder(tmp_path, **files))
    return str(caught.value)


def test_values_are_made_canonical_like_those_of_events(tmp_path: Path) -> None:
    row = '2026-03-02T14:02:11+01:00," JBriar ",Vehicle,ab12 cde,innocent,yes\n'
    [look_up] = read_labels(folder(tmp_path, look_ups=LOOK_UPS + row)).look_ups.to_dicts()
    assert look_up["at"] == datetime(2026, 3, 2, 13, 2, 11, tzinfo=UTC)
    assert (look_up["account"], look_up["subject_type"], look_up["subject_key"]) == (
        "jbriar", "vehicle", "AB12CDE",
    )  # fmt: skip
    assert look_up["role"] is None


def test_other_columns_are_ignored_in_any_order(tmp_path: Path) -> None:
    text = "mood,record,truth,subject_key,subject_type,account,at\nfine,no,misuse,AB12CDE,vehicle,a,2026-03-02T14:02:11Z\n"
    assert read_labels(folder(tmp_path, look_ups=text)).look_ups["truth"].to_list() == ["misuse"]


def test_cases_alone_are_enough(tmp_path: Path) -> None:
    labels = read_labels(
        folder(
            tmp_path,
            cases="case_id,kind,truth\nM1,leak,misuse\n",
            case_events="case_id,family,at,identifier\nM1,call,2026-03-02T14:02:11Z,extension:50001\n",
        )
    )
    assert labels.look_ups.is_empty()
    assert labels.events["identifier"].to_list() == ["extension:50001"]


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    assert "look_ups.csv, cases.csv, case_events.csv" in refused(tmp_path)


def test_cases_without_events_are_refused(tmp_path: Path) -> None:
    assert "lacks case_events.csv" in refused(tmp_path, cases="case_id,kind,truth\n")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    assert "no column truth, record" in refused(tmp_path, look_ups="at,account,subject_type,subject_key\n")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("3 March,a,vehicle,AB12CDE,innocent,yes", ":3: at is not a time"),
        (",a,vehicle,AB12CDE,innocent,yes", ":3: at is empty"),
        ("2026-03-02T14:02:11Z,,vehicle,AB12CDE,innocent,yes", ":3: account is empty"),
        ("2026-03-02T14:02:11Z,a,vehicle,AB12CDE,guilty,yes", ":3: truth is not one of innocent, misuse"),
        ("2026-03-02T14:02:11Z,a,vehicle,AB12CDE,innocent,maybe", ":3: record is not one of yes, no"),
    ],
)
def test_a_bad_value_is_told_with_its_line(tmp_path: Path, row: str, fault: str) -> None:
    good = "2026-03-02T14:02:11Z,a,vehicle,AB12CDE,innocent,yes\n"
    assert fault in refused(tmp_path, look_ups=f"{LOOK_UPS}{good}{row}\n")


def test_text_that_is_no_csv_is_refused_without_a_traceback(tmp_path: Path) -> None:
    assert "cannot be read as CSV" in refused(tmp_path, look_ups="")


def test_events_of_an_unknown_case_are_refused(tmp_path: Path) -> None:
    why = refused(
        tmp_path,
        cases="case_id,kind,truth\nM1,leak,misuse\n",
        case_events="case_id,family,at\nM2,call,2026-03-02T14:02:11Z\n",
    )
    assert "no such case: M2" in why


def test_a_case_that_stands_twice_is_refused(tmp_path: Path) -> None:
    why = refused(
        tmp_path,
        cases="case_id,kind,truth\nM1,leak,misuse\nM1,leak,innocent\n",
        case_events="case_id,family,at\n",
    )
    assert "M1 stands there more than once" in why
