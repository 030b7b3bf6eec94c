"""Shadow: a detector or a setting is tried over history and live, and nobody is alerted; a person promotes it by name."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dense_history import make_history
from engine_rig import Rig, at, small_rig
from sqlalchemy import select
from structlog.testing import capture_logs
from test_engine_authority import DESK, call, end_authority, hold, listed
from test_engine_invariant import Life
from test_engine_settings import END, incident, look, set_detectors

from alerts.desk import note
from alerts.models import AlertHistoryRow, AlertRow, FindingRow
from alerts.shadow_tables import ShadowFindingRow
from auditd.cli import main
from auditd.database import reading
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics
from detectors.detector import all_detectors
from detectors.rules.self_lookup import SelfLookup
from detectors.rules.unlinked_lookup import UnlinkedLookup

TRIED = '[shadows.strict]\ndetector = "unlinked_lookup"\nsettings = { window_hours = 2 }\n'
PURPOSE = (
    "--purpose",
    "integrity_security",
    "--reason",
    "is the new setting any good?",
    "--by",
    "Det Sgt C. Example",
)


def command(rig: Rig, *arguments: str, status: int = 0) -> Any:
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments, "--json"])
    assert result.exit_code == status, result.output
    return json.loads(result.stdout) if status == 0 else result.output


def tried(rig: Rig, run: str = "strict") -> set[str]:
    """The keys of what a run in shadow would have raised."""
    with reading(rig.engine) as conn:
        return set(conn.scalars(select(ShadowFindingRow.key).where(ShadowFindingRow.run == run)))


def everything(rig: Rig) -> list[Any]:
    """All that people could see of findings and alerts."""
    tables = (FindingRow, AlertRow, AlertHistoryRow)
    with reading(rig.engine) as conn:
        return [sorted(map(str, conn.execute(select(table.__table__)))) for table in tables]


def two_looks(rig: Rig) -> None:
    """Of two look-ups at the car, ten and a hundred hours on, the first is explained by what S1 worked on before."""
    incident(rig)
    rig.log("pnc", [look(1, 10), look(2, 100)])


def test_a_run_in_shadow_judges_history_with_its_own_settings_beside_the_live_ones(rig_on_each: Rig) -> None:
    rig = rig_on_each
    two_looks(rig)
    rig.once(END)
    set_detectors(rig, TRIED)
    rig.once(END)
    assert len(rig.found("unlinked_lookup")) == 1
    assert len(tried(rig)) == 2
    [entry] = command(rig, "shadow", "list")
    said = {
        name: entry[name]
        for name in ("run", "state", "findings", "alerts", "added", "gone", "same", "differs")
    }
    assert said == {
        "run": "strict", "state": "trying", "findings": 2, "alerts": 1, "added": 1, "gone": 0, "same": 1,
        "differs": {"window_hours": 2},
    }  # fmt: skip
    assert entry["seconds"] > 0
    assert entry["alerts_a_day"] > 0


def test_nothing_of_it_is_seen_where_alerts_are(tmp_path: Path) -> None:
    """Findings, alerts, their history and every metric are those of an installation that tries nothing."""
    seen, samples = [], []
    for name, more in (("with", TRIED), ("without", "")):
        rig = small_rig(tmp_path / name, more=more)
        two_looks(rig)
        metrics = Metrics()
        rig.once(END, Reports(metrics))
        seen.append(everything(rig))
        told = ("findings", "alerts", "judged_until", "detector_authorised")
        samples.append(
            sorted(
                (sample.name, str(sample.labels), sample.value)
                for metric in metrics.registry.collect()
                for sample in metric.samples
                if sample.name.removeprefix("access_auditd_") in told
            )
        )
        rig.close()
    assert seen[0] == seen[1]
    assert samples[0] == samples[1]


def test_a_detector_in_shadow_alone_raises_nothing(rig: Rig) -> None:
    set_detectors(rig, 'mode = "shadow"\n')
    two_looks(rig)
    rig.once(END)
    assert rig.found("unlinked_lookup") == []
    assert len(tried(rig, "unlinked_lookup")) == 1
    [entry] = command(rig, "shadow", "list")
    assert (entry["added"], entry["same"]) == (1, 0)


def test_late_data_and_restarts_change_what_is_tried_as_they_change_what_is_found(rig: Rig) -> None:
    set_detectors(rig, TRIED)
    rig.log("pnc", [look(1, 0)])
    rig.once(END)
    assert len(tried(rig)) == 1
    incident(rig)
    rig.once(END)
    assert tried(rig) == set()
    assert rig.found("unlinked_lookup") == []


@pytest.mark.parametrize("seed", range(3))
def test_any_history_tried_with_the_settings_in_force_finds_what_is_in_force(
    tmp_path: Path, seed: int
) -> None:
    """The invariant, for every detector in shadow: late, cut into pieces, restarted, under authorities that come and go."""
    same = "".join(
        f'[shadows.same_{name}]\ndetector = "{name}"\n' for name in all_detectors() if name != "feed_stale"
    )
    rig = small_rig(tmp_path, more=same)
    Trying(rig, random.Random(seed)).live(make_history(seed).deliveries())
    columns = (
        "finding_id",
        "key",
        "timestamp",
        "staff_id",
        "actor",
        "severity",
        "event_ids",
        "facts",
        "settings",
    )
    with reading(rig.engine) as conn:
        live = conn.execute(
            select(*(getattr(FindingRow, name) for name in columns)).where(
                FindingRow.state == "active", FindingRow.detector != "feed_stale"
            )
        ).all()
        shadow = conn.execute(select(*(getattr(ShadowFindingRow, name) for name in columns))).all()
    assert live
    assert sorted(map(str, live)) == sorted(map(str, shadow))
    rig.close()


class Trying(Life):
    """A daemon's life that tries things out, now and then."""

    def judge(self, seconds: float | None = None) -> None:
        super().judge(seconds)
        given = self.rng.choice((0.0, float("inf"))) if seconds is None else seconds
        self.machine.judge.try_out(self.now, self.now, seconds=given)


class TestLists:
    """A detector of contact lists in shadow sees them under a live authority, and not otherwise."""

    TRIED = '[shadows.media]\ndetector = "media_contact"\n'

    def test_finds_nothing_without_an_authority_and_says_so(self, rig: Rig) -> None:
        set_detectors(rig, self.TRIED)
        hold(rig)
        rig.once(at(days=3))
        assert tried(rig, "media") == set()
        [entry] = command(rig, "shadow", "list")
        assert entry["state"] == "not authorised"

    def test_finds_under_one_what_it_covers(self, rig: Rig) -> None:
        set_detectors(rig, self.TRIED)
        hold(rig)
        rig.log("cucm", [call(at(hours=2), call_id=2)])
        rig.once(at(days=3))
        rig.grant(at(days=3), scope=(at(hours=2), at(hours=3)))
        rig.once(at(days=3))
        [key] = tried(rig, "media")
        assert "T14:00:00Z" in key

    def test_shows_nobody_once_the_authority_has_ended(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("auditd.cli.context.State.now", lambda _: at(days=3))
        set_detectors(rig, self.TRIED)
        hold(rig)
        authority = rig.grant(at())
        rig.once(at(days=3))
        shown = command(rig, "shadow", "report", "media", "--findings", *PURPOSE)
        assert len(shown["sentences"]) == 1
        end_authority(rig, authority, at(days=3))
        assert command(rig, "shadow", "report", "media", "--findings", *PURPOSE)["sentences"] == []

    def test_a_contact_protected_late_is_taken_out(self, rig: Rig) -> None:
        set_detectors(rig, self.TRIED)
        hold(rig)
        rig.feed("media_contacts", [listed(DESK)])
        rig.grant(at())
        rig.once(at(days=3))
        assert tried(rig, "media")
        rig.feed("protected_contacts", [{"kind": "phone", "value": DESK, "category": "legal"}])
        rig.once(at(days=3))
        assert tried(rig, "media") == set()


def test_showing_people_needs_a_purpose_and_is_recorded(rig: Rig) -> None:
    set_detectors(rig, TRIED)
    two_looks(rig)
    rig.once(END)
    assert "sentences" not in command(rig, "shadow", "report", "strict")
    command(rig, "shadow", "report", "strict", "--findings", status=1)
    shown = command(rig, "shadow", "report", "strict", "--findings", *PURPOSE)
    assert len(shown["sentences"]) == 2
    [use] = command(rig, "uses", "--action", "shadow report")
    assert (use["actor"], use["detail"]) == ("Det Sgt C. Example", {"run": "strict", "people": ["S1"]})


class TestPromotion:
    """A person stands for it; the configuration puts it into force; the history names both."""

    def promote(self, rig: Rig) -> Any:
        return command(
            rig, "shadow", "promote", "strict", "--by", "Det Supt R. Example", "--reason", "one more, rightly"
        )

    def test_what_it_says_to_write_is_in_force_under_the_name_of_who_promoted_it(
        self, rig_on_each: Rig
    ) -> None:
        rig = rig_on_each
        two_looks(rig)
        set_detectors(rig, TRIED)
        rig.once(END)
        told = self.promote(rig)
        assert "window_hours = 2" in told["configuration"]
        text = rig.config_file.read_text("utf-8").partition("[detectors.unlinked_lookup]")[0]
        rig.config_file.write_text(text + told["configuration"] + "\n", "utf-8")
        rig.once(END)
        assert len(rig.found("unlinked_lookup")) == 2
        entries = command(rig, "shadow", "history")
        live = next(one for one in entries if (one["run"], one["action"]) == ("unlinked_lookup", "in force"))
        assert live["detail"]["promoted_by"] == "Det Supt R. Example"
        assert live["detail"]["settings"] == told["settings"]
        assert live["detail"]["promotion"] == told["promotion"]

    def test_what_nobody_promoted_is_in_force_under_no_name(self, rig: Rig) -> None:
        rig.once(END)
        set_detectors(rig, "window_hours = 2\n")
        rig.once(END)
        entries = [one for one in command(rig, "shadow", "history") if one["run"] == "unlinked_lookup"]
        assert [one["detail"]["promoted_by"] for one in entries] == [None, None]
        assert [one["detail"]["values"]["window_hours"] for one in entries] == [2, 24]

    @pytest.mark.parametrize(
        ("by", "reason"), [("access-auditd", "fine"), (" ", "fine"), ("Det Supt R. Example", " ")]
    )
    def test_nobody_and_no_reason_promote_nothing(self, rig: Rig, by: str, reason: str) -> None:
        set_detectors(rig, TRIED)
        two_looks(rig)
        rig.once(END)
        command(rig, "shadow", "promote", "strict", "--by", by, "--reason", reason, status=1)
        assert "promoted" not in {one["action"] for one in command(rig, "shadow", "history")}

    def test_what_has_judged_nothing_is_not_promoted(self, rig: Rig) -> None:
        set_detectors(rig, TRIED)
        with rig.machine() as machine:
            machine.judge.catch_up(END, END)
        assert "judged nothing" in command(
            rig, "shadow", "promote", "strict", "--by", "Det Supt R. Example", "--reason", "fine", status=1
        )


def test_other_settings_of_a_run_begin_anew_and_a_run_that_is_no_more_leaves_only_its_history(
    rig: Rig,
) -> None:
    two_looks(rig)
    set_detectors(rig, TRIED)
    rig.once(END)
    set_detectors(rig, TRIED.replace("window_hours = 2", "window_hours = 1000"))
    rig.once(END)
    assert tried(rig) == set()
    set_detectors(rig, "")
    rig.once(END)
    assert command(rig, "shadow", "list") == []
    entries = [one for one in command(rig, "shadow", "history") if one["run"] == "strict"]
    assert [one["action"] for one in entries] == ["ended", "tried in shadow", "ended", "tried in shadow"]
    assert [one["detail"].get("findings") for one in entries] == [0, None, 2, None]


def test_a_detector_that_raises_in_shadow_stops_nothing_else(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_detectors(rig, '[shadows.broken]\ndetector = "self_lookup"\nsettings = {}\n' + TRIED)
    judge = SelfLookup.judge
    calls: list[object] = []

    def raises_in_shadow(self: SelfLookup, window: Any) -> Any:
        calls.append(self)
        if self is not calls[0]:
            raise ZeroDivisionError
        return judge(self, window)

    monkeypatch.setattr(SelfLookup, "judge", raises_in_shadow)
    two_looks(rig)
    with capture_logs() as logs:
        rig.once(END)
    assert [entry["run"] for entry in logs if entry["event"] == "shadow_failed"] == ["shadow:broken"]
    assert len(tried(rig)) == 2
    assert len(rig.found("unlinked_lookup")) == 1


class TestVersions:
    """Findings name what judged them; another version or other settings never rewrite what a person has acted on."""

    def act(self, rig: Rig) -> None:
        with rig.engine.begin() as conn:
            theirs = FindingRow.detector == "unlinked_lookup"
            [alert] = set(conn.scalars(select(FindingRow.alert_id).where(theirs)))
            note(conn, alert, text="Roster asked for.", by="Ben Ode", now=END)

    def history(self, rig: Rig) -> list[Any]:
        query = select(AlertHistoryRow.detail).where(AlertHistoryRow.action == "judged otherwise")
        with reading(rig.engine) as conn:
            return [one for detail in conn.scalars(query) for one in detail["findings"]]

    def stored(self, rig: Rig) -> list[Any]:
        columns = (
            FindingRow.key,
            FindingRow.version,
            FindingRow.settings,
            FindingRow.facts,
            FindingRow.state,
        )
        with reading(rig.engine) as conn:
            query = select(*columns).where(FindingRow.detector == "unlinked_lookup").order_by(FindingRow.key)
            return list(conn.execute(query))

    def test_every_finding_names_the_version_and_settings_that_judged_it(self, rig: Rig) -> None:
        two_looks(rig)
        rig.once(END)
        set_detectors(rig, "window_hours = 2\n")
        rig.once(END)
        first, second = self.stored(rig)
        assert first.version == second.version == UnlinkedLookup.version
        assert len(first.settings) == len(second.settings) == 64

    def test_what_nobody_acted_on_follows_the_new_settings(self, rig: Rig) -> None:
        two_looks(rig)
        rig.once(END)
        set_detectors(rig, "window_hours = 1000\n")
        rig.once(END)
        assert rig.found("unlinked_lookup") == []

    @pytest.mark.parametrize(
        ("window_hours", "says"), [(1000, "reason"), (2, "now")], ids=["gone", "changed"]
    )
    def test_what_somebody_acted_on_stays_and_its_history_says_once_how_it_is_judged_now(
        self, rig_on_each: Rig, window_hours: int, says: str
    ) -> None:
        rig = rig_on_each
        two_looks(rig)
        rig.once(END)
        self.act(rig)
        before = self.stored(rig)
        set_detectors(rig, f"window_hours = {window_hours}\n")
        rig.once(END)
        [kept] = [one for one in self.stored(rig) if one.key == before[0].key]
        assert kept == before[0]
        [noted] = self.history(rig)
        assert says in noted
        assert noted["settings"] != kept.settings
        assert rig.replay(END)["unlinked_lookup"] == (0, 0, 0)
        rig.once(END)
        set_detectors(rig, f"window_hours = {window_hours}\n")
        rig.once(END)
        assert len(self.history(rig)) == 1

    def test_new_data_still_withdraws_it_by_what_judged_it(self, rig: Rig) -> None:
        rig.log("pnc", [look(1, 0)])
        rig.once(END)
        self.act(rig)
        incident(rig)
        rig.once(END)
        assert rig.found("unlinked_lookup") == []
        assert self.history(rig) == []
