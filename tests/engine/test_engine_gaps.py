"""Gaps in a whole installation: noticed as facts, told to the SOC, cited by alerts, filled by late data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_rig import NOON, Rig, at, event_ids
from sqlalchemy import select

from alerts.models import AlertRow
from auditd.archive.archive import Archive
from auditd.cli import main
from auditd.database import reading
from auditd.demo.formats import Call, Lookup, cucm_line, pnc_line
from auditd.gaps.book import Gap, gaps_between, history
from auditd.gaps.tables import SourceHourRow

MINUTE = timedelta(minutes=1)
BEGIN = NOON - timedelta(days=30)


def look_ups(
    start: datetime, end: datetime, *, every: timedelta = 2 * MINUTE, user: str = "auser"
) -> list[str]:
    """PNC look-ups at a steady pace in [start, end), each with a reference of its own."""
    moments = [start + n * every for n in range(int((end - start) / every))]
    return [pnc_line(Lookup(m, user, "vehicle", "AB12CDE", f"T{m.timestamp():.0f}", "")) for m in moments]


def gaps(rig: Rig, *, filled: bool = False, kinds: Iterable[str] | None = None) -> tuple[Gap, ...]:
    with reading(rig.engine) as conn:
        return gaps_between(conn, None, None, None, filled=filled, kinds=kinds)


def invoke(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def answer(rig: Rig, *arguments: str) -> Any:
    result = invoke(rig, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def alerts(rig: Rig) -> list[Any]:
    query = select(AlertRow).where(AlertRow.concern == "data").with_only_columns(*AlertRow.__table__.c)
    with reading(rig.engine) as conn:
        return list(conn.execute(query))


def pnc_alone(rig: Rig, *, quiet_after: float | None = None, look_ups_judged: bool = False) -> None:
    """Configure one source; look-ups are not judged unless told, as there are thousands of them."""
    rig.formats = {"pnc": "pnc"}
    # What feed_stale says of a source would gather with what source_silent says of it.
    rig.more = ("" if look_ups_judged else "enabled = false\n") + "[detectors.feed_stale]\nenabled = false\n"
    rig.write_config()
    if quiet_after is not None:
        place = 'name = "pnc"\n'
        text = rig.config_file.read_text().replace(place, f"{place}quiet_after_minutes = {quiet_after}\n", 1)
        rig.config_file.write_text(text)


@pytest.fixture
def steady(rig: Rig) -> Rig:
    """Thirty days of a look-up every two minutes, but for half an hour in the night before."""
    pnc_alone(rig)
    quiet = at(hours=-10, minutes=10)
    rig.log("pnc", look_ups(BEGIN, quiet) + look_ups(quiet + 40 * MINUTE, NOON))
    return rig


def test_a_silence_beyond_the_rhythm_is_a_fact_with_its_minutes(steady: Rig) -> None:
    steady.once(NOON)
    [gap] = gaps(steady)
    quiet = at(hours=-10, minutes=10)
    assert (gap.source, gap.kind, gap.state) == ("pnc", "silent", "ended")
    assert (gap.start, gap.end) == (quiet - MINUTE, quiet + 40 * MINUTE)
    assert gap.detail == {"usual_events": 20}
    assert gap.sentence == ("No pnc data from 02:09 to 02:50 on 3 Mar 2026, where about 20 events are usual.")


def test_late_data_fills_a_gap_and_its_alert_closes_by_itself(steady: Rig) -> None:
    steady.once(NOON)
    [alert] = alerts(steady)
    assert (alert.person_key, alert.staff_id, alert.state) == ("source:pnc", None, "open")
    quiet = at(hours=-10, minutes=10)
    steady.log("pnc", look_ups(quiet, quiet + 40 * MINUTE), name="pnc-late.csv")
    steady.once(at(hours=1))
    assert gaps(steady) == ()
    [gap] = gaps(steady, filled=True)
    assert (gap.state, gap.filled_at) == ("filled", at(hours=1))
    with reading(steady.engine) as conn:
        assert [action for _, action, _ in history(conn, gap.gap_id)] == ["noticed", "filled"]
    [alert] = alerts(steady)
    assert (alert.state, alert.outcome) == ("closed", "explained late")
    assert (
        "late data filled the gap at 13:00 on 3 Mar 2026"
        in invoke(steady, "alerts", "show", alert.alert_id).stdout
    )


def test_what_late_data_leaves_of_a_gap_is_a_gap_of_its_own(rig: Rig) -> None:
    pnc_alone(rig)
    quiet, back = at(hours=-10), at(hours=-6)
    rig.log("pnc", look_ups(BEGIN, quiet) + look_ups(back, NOON))
    rig.once(NOON)
    rig.log("pnc", look_ups(at(hours=-8), at(hours=-7, minutes=-30)), name="pnc-late.csv")
    rig.once(at(hours=1))
    assert [(gap.state, gap.start, gap.end) for gap in gaps(rig)] == [
        ("ended", quiet - MINUTE, at(hours=-8)),
        ("ended", at(hours=-7, minutes=-31), back),
    ]


def test_the_daemon_notices_that_a_source_falls_silent_and_that_it_speaks_again(rig: Rig) -> None:
    pnc_alone(rig, quiet_after=30)
    rig.log("pnc", look_ups(at(hours=-1), NOON))
    rig.once(at(minutes=20))
    assert gaps(rig) == ()
    rig.once(at(minutes=40))
    [gap] = gaps(rig)
    assert (gap.state, gap.start, gap.end) == ("open", at(minutes=-1), None)
    rig.log("pnc", look_ups(at(minutes=50), at(minutes=52)))
    rig.once(at(minutes=53))
    [gap] = gaps(rig)
    assert (gap.state, gap.start, gap.end) == ("ended", at(minutes=-1), at(minutes=50))
    with reading(rig.engine) as conn:
        assert [action for _, action, _ in history(conn, gap.gap_id)] == ["noticed", "ended"]


def test_a_young_history_is_said_to_be_too_young_and_never_guessed_from(rig: Rig) -> None:
    pnc_alone(rig)
    rig.log("pnc", look_ups(at(days=-15), at(days=-5)) + look_ups(at(days=-2), NOON))
    rig.once(NOON)
    assert gaps(rig) == ()
    [source] = answer(rig, "gaps")["sources"]
    assert "of history, 21 are needed" in source["rhythm"]


def test_an_alert_cites_the_gaps_within_its_reach_and_no_others(rig: Rig) -> None:
    pnc_alone(rig, quiet_after=30, look_ups_judged=True)
    rig.log("pnc", look_ups(at(hours=-90), at(hours=-89), user="early"))
    rig.log("pnc", look_ups(at(hours=-60), at(hours=-45), user="early"))
    rig.log("pnc", look_ups(at(hours=-30), at(hours=-29), user="bird"))
    rig.once(at(days=2))
    assert len(gaps(rig)) == 3
    [shown] = answer(rig, "alerts", "list", "--person", "account:bird")
    view = answer(rig, "alerts", "show", shown["alert_id"])
    cited = {gap["sentence"] for finding in view["findings"] for gap in finding["gaps"]}
    # Not the one more than a day before, nor what came after: nothing explains a look-up that happens later.
    [sentence] = cited
    assert sentence.startswith("No pnc data from 14:59 on 1 Mar 2026 to 06:00 on 2 Mar 2026")
    assert f"Not seen: {sentence}" in invoke(rig, "alerts", "show", shown["alert_id"]).stdout


def test_the_command_shows_gaps_of_a_time_and_a_source(steady: Rig) -> None:
    steady.once(NOON)
    found = answer(steady, "gaps", "--source", "pnc", "--from", "2026-03-03", "--to", "2026-03-04")
    assert [gap["kind"] for gap in found["gaps"]] == ["silent"]
    assert found["sources"][0]["rhythm"].startswith("learnt")
    assert answer(steady, "gaps", "--to", "2026-03-01")["gaps"] == []
    text = invoke(steady, "gaps").stdout
    assert "No pnc data from 02:09 to 02:50 on 3 Mar 2026" in text
    assert "1 gaps; no daemon has ever looked" in text
    refused = invoke(steady, "gaps", "--source", "nowhere")
    assert (refused.exit_code, "there is no source" in refused.stderr) == (2, True)


def test_volumes_are_those_of_the_archive(rig_on_each: Rig) -> None:
    rig = rig_on_each
    rig.log("pnc", look_ups(at(hours=-3), at(hours=-1)))
    rig.log("cucm", [cucm_line(Call(at(minutes=n), "50001", "50002", 60, n)) for n in range(60)])
    rig.once(NOON)
    rig.log("pnc", look_ups(at(hours=-2), at(hours=2)), name="pnc-twice.csv")  # the first hour of it twice
    rig.once(at(hours=3))
    with reading(rig.engine) as conn:
        counted = dict(
            conn.execute(
                select(SourceHourRow.hour, SourceHourRow.events)
                .where(SourceHourRow.source == "pnc")
                .order_by(SourceHourRow.hour)
            ).all()
        )
        total = sum(conn.execute(select(SourceHourRow.events)).scalars())
    assert counted == {at(hours=n): 30 for n in range(-3, 2)}
    assert total == len(event_ids(Archive(rig.root / "archive", rig.engine)))


def test_a_database_from_before_counts_its_archive_once(steady: Rig) -> None:
    steady.once(NOON)
    with steady.engine.begin() as conn:
        before = conn.execute(select(SourceHourRow.hour, SourceHourRow.events, SourceHourRow.minutes)).all()
        conn.execute(SourceHourRow.__table__.delete())
    steady.once(NOON)
    with reading(steady.engine) as conn:
        assert sorted(
            conn.execute(select(SourceHourRow.hour, SourceHourRow.events, SourceHourRow.minutes)).all()
        ) == sorted(before)


def numbered(rig: Rig, number: int, *, minute: int | None = None) -> Path:
    moment = at(minutes=number if minute is None else minute)
    name = f"cdr_StandAloneCluster_01_{moment:%Y%m%d%H%M}_{number}"
    return rig.log("cucm", [cucm_line(Call(moment, "50001", "50002", 60, number))], name=name)


def test_missing_numbers_of_files_are_a_gap_until_they_come(rig: Rig) -> None:
    for number in [*range(1, 15), *range(18, 30)]:
        numbered(rig, number)
    rig.once(at(hours=1))
    assert gaps(rig, kinds=["missing_files"]) == ()  # they may still be on their way
    rig.once(at(hours=2))
    [gap] = gaps(rig, kinds=["missing_files"])
    assert gap.detail == {"series": "cdr_StandAloneCluster_01", "first": 15, "last": 17}
    assert (gap.start, gap.end) == (at(minutes=14), at(minutes=19))
    for number in (15, 16, 17):
        numbered(rig, number)
    rig.once(at(hours=3))
    assert gaps(rig, kinds=["missing_files"]) == ()
    assert [gap.state for gap in gaps(rig, filled=True, kinds=["missing_files"])] == ["filled"]
