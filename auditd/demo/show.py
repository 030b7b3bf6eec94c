"""The demo's show: acts played in real time, alerts told as they arise, and at the end what was planted against what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from sqlalchemy import select

from alerts import desk
from alerts.models import AlertHistoryRow
from auditd.archive.accounts import load_accounts
from auditd.cli.alert_text import Reader, gravest_first, severity_word
from auditd.cli.names import StaffNames
from auditd.database import reading
from auditd.demo.stage import GRACE_SECONDS, Stage
from auditd.force.steady import Moment, Plant, Steady

BEAT_SECONDS: Final = 0.25
PER_SECOND: Final = 12.0
ROTATE_SECONDS: Final = 9.0
ROUND_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = GRACE_SECONDS + 7
SHORTEST_SECONDS: Final = 40
LATE_SECONDS: Final = GRACE_SECONDS + 6
_STYLES: Final = {"low": "cyan", "medium": "yellow", "high": "red", "critical": "bold red"}


@dataclass(slots=True)
class Show:
    """Plays on a stage until the time is up or somebody interrupts."""

    stage: Stage
    console: Console
    seconds: int
    plants: list[Plant] = field(default_factory=list)
    _seen: int = 0
    _late: list[tuple[datetime, Moment]] = field(default_factory=list)

    def play(self) -> bool:
        """Play; return whether everything planted was found, nothing else was, and every line is accounted for."""
        began = time.monotonic()
        until = began + self.seconds - SETTLE_SECONDS if self.seconds else float("inf")
        acts = _acts(self.stage.story, self._length())
        rotated = began
        try:
            act = next(acts)
            while time.monotonic() < until and self.stage.running:
                self._write_background()
                while act is not None and time.monotonic() - began >= act[0]:
                    self._perform(act[1]())
                    act = next(acts)
                self._drop_late()
                if time.monotonic() - rotated >= ROTATE_SECONDS:
                    rotated = time.monotonic()
                    self.stage.logs.rotate()
                self._tell()
                time.sleep(BEAT_SECONDS)
            self._wait_for_the_last()
        except KeyboardInterrupt:
            self.console.print("\nstopping ...")
        status = self.stage.stop()
        self._tell()
        return self._summarise() and status == 0

    def _length(self) -> float:
        return max(self.seconds - SETTLE_SECONDS - 2 - LATE_SECONDS, 8.0) if self.seconds else ROUND_SECONDS

    def _write_background(self) -> None:
        start = datetime.now(UTC)
        happenings = self.stage.story.background(start, 0.01, per_second=PER_SECOND * BEAT_SECONDS / 0.01)
        self.stage.logs.write(sorted(happenings, key=lambda happening: happening.at))

    def _perform(self, told: Moment) -> None:
        now = datetime.now(UTC)
        self.plants += told.plants
        due = [h for h in told.happenings if h.at <= now]
        self.stage.logs.write(due)
        later = Moment(
            [h for h in told.happenings if h.at > now], [i for i in told.incidents if i.recorded_at > now]
        )
        for happening in later.happenings:
            self._late.append((happening.at, Moment([happening])))
        for incident in later.incidents:
            self._late.append((incident.recorded_at, Moment(incidents=[incident])))

    def _drop_late(self) -> None:
        now = datetime.now(UTC)
        due = [told for at, told in self._late if at <= now]
        self._late = [(at, told) for at, told in self._late if at > now]
        for told in due:
            if told.happenings:
                self.stage.logs.write(told.happenings)
            if told.incidents:
                self.stage.feeds.drop_incidents(told.incidents)

    def _wait_for_the_last(self) -> None:
        """Let the grace pass for what was written last, still telling what comes up."""
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end and self.stage.running:
            self._drop_late()
            self._tell()
            time.sleep(BEAT_SECONDS)

    def _tell(self) -> None:
        """Print what happened to alerts since the last look."""
        with reading(self.stage.engine) as conn:
            rows = conn.execute(
                select(AlertHistoryRow.entry, AlertHistoryRow.alert_id, AlertHistoryRow.action)
                .where(AlertHistoryRow.entry > self._seen)
                .order_by(AlertHistoryRow.entry)
            ).all()
            views = {alert_id: desk.show(conn, alert_id) for _, alert_id, _ in rows}
        if not rows:
            return
        self._seen = rows[-1].entry
        reader = self._reader()
        for alert_id, view in views.items():
            actions = [row.action for row in rows if row.alert_id == alert_id]
            self.console.print(_panel(view, reader, actions))

    def _reader(self) -> Reader:
        detectors = {detector.name: detector for detector in self.stage.config.detectors()}
        return Reader(StaffNames.known_now(self.stage.engine), detectors, {})

    def _summarise(self) -> bool:
        with reading(self.stage.engine) as conn:
            found = {
                (finding.detector, alert.staff_id): alert
                for alert in desk.list_alerts(conn)
                for finding in desk.show(conn, alert.alert_id).findings
            }
            accounts = load_accounts(conn)
        table = Table(title="planted and found", title_justify="left")
        for heading in ("planted", "expected", "found", ""):
            table.add_column(heading, overflow="fold")
        good = True
        expected: set[tuple[str, str | None]] = set()
        for plant in self.plants:
            keys = {(detector, plant.staff_id) for detector in plant.detectors}
            expected |= keys
            here = {key[0]: found[key] for key in sorted(keys) if key in found}
            right = set(here) == set(plant.detectors) and all(
                (alert.outcome or "open") == plant.ends for alert in here.values()
            )
            if not plant.detectors:
                right = not any(staff == plant.staff_id for _, staff in found)
            good &= right
            ends = f" ({plant.ends})" if plant.ends != "open" else ""
            table.add_row(
                plant.label,
                (", ".join(plant.detectors) or "nothing") + ends,
                ", ".join(here) or "nothing",
                Text("as planned", "green") if right else Text("MISSED", "bold red"),
            )
        others = {alert.alert_id for key, alert in found.items() if key not in expected}
        lines = sum(account.tally.lines for account in accounts)
        balanced = all(account.tally.balances for account in accounts)
        self.console.print(table)
        self.console.print(
            f"{lines:,} lines in {len(accounts)} files: "
            + ("every line accounted for" if balanced else "ACCOUNTS DO NOT BALANCE")
            + f"; {len(others)} alerts that nothing was planted for"
        )
        return good and balanced and not others


def _acts(story: Steady, length: float) -> Iterator[tuple[float, Callable[[], Moment]] | None]:
    """Yield when (seconds from the start) and what is planted: each act once in `length` seconds, then again."""

    def now() -> datetime:
        return datetime.now(UTC)

    gap = timedelta(seconds=2)
    acts: tuple[tuple[float, Callable[[], Moment]], ...] = (
        (0.05, lambda: story.unlinked_look_ups(now(), timedelta(seconds=1))),
        (0.20, lambda: story.look_up_then_call(now(), gap)),
        (0.40, lambda: story.late_incident(now(), timedelta(seconds=LATE_SECONDS))),
        (0.55, lambda: story.look_up_then_mail(now(), gap)),
        (0.75, lambda: story.protected_call(now())),
        (0.90, lambda: story.media_call(now())),
    )
    rounds = 0
    while True:
        for share, act in acts:
            yield (rounds + share) * length, act
        rounds += 1
        if rounds * length > 24 * 3600 or length < ROUND_SECONDS:
            break
    while True:
        yield None


def _panel(view: desk.AlertView, reader: Reader, actions: list[str]) -> Panel:
    alert = view.alert
    word = severity_word(alert.severity)
    body = Text()
    for finding in gravest_first(view.findings)[:3]:
        for sentence in reader.sentences(finding):
            body.append(sentence + "\n")
        if finding.state == "withdrawn":
            body.append(f"Withdrawn: {finding.withdrawn_reason}\n", "green")
    if len(view.findings) > 3:
        body.append(f"... and {len(view.findings) - 3} more\n", "dim")
    body.append(f"{alert.alert_id}  {', '.join(dict.fromkeys(actions))}", "dim")
    return Panel(
        body,
        title=f"[{_STYLES[word]}]{word}[/]  {alert.title}",
        title_align="left",
        border_style="green" if alert.state == "closed" else _STYLES[word],
    )
