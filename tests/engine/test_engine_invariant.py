"""Once quiet, what stands is what one replay over the archive would find: whatever the order, batching and lateness."""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from dense_history import FIRST, LAST, Delivery, make_history
from engine_rig import Rig, at, small_rig

from auditd.archive.compaction import compact
from detectors.detector import all_detectors

SMALL = range(8)
MANY = range(1000, 3000)


class Life:
    """A daemon's life turned by hand: things arrive, it reads, judges, is restarted and killed at any moment."""

    def __init__(self, rig: Rig, rng: random.Random) -> None:
        self.rig = rig
        rig.source_settings = (
            "backwards_after_minutes = 0\n"  # what is noticed depends on when it is looked at
        )
        rig.write_config()
        self.rng = rng
        # Mostly everything lies in the past already, so that each arrival is late and judged on its own.
        self.now = rng.choice((FIRST, at(hours=1), at(days=1), at(days=4), at(days=4), at(days=4)))
        self._running = ExitStack()
        self.machine = self._running.enter_context(rig.machine())

        self._acts = (self.read, self.feed, self.judge, self.wait, self.tidy, self.restart, self.nothing)

    def live(self, deliveries: list[Delivery]) -> None:
        """Take everything in, a few things at a time, and end quiet at LAST."""
        quiet_before = len(deliveries) - self.rng.choice((0, 1, 1, 2, 3))
        for place, delivery in enumerate(deliveries):
            if place == quiet_before:
                self.now = max(self.now, at(days=4))
                self.settle()
            delivery.arrive(self.rig)
            for act in self.rng.choices(self._acts, (5, 4, 5, 2, 1, 1, 4), k=2):
                act()
        self.now = LAST
        self.settle()
        self._running.close()

    def settle(self) -> None:
        """Read and judge all there is."""
        self.feed()
        while self.read():
            pass
        self.judge(seconds=float("inf"))

    def read(self) -> bool:
        self.machine.tailer.reconcile()
        return self.machine.ingest.step(self.rng.choice((1, 1 << 20)), self.now).anything

    def feed(self) -> None:
        self.machine.feeding.poll(self.now, settle=False)

    def judge(self, seconds: float | None = None) -> None:
        # With no time at all, one piece is judged and what has been judged is not saved.
        given = self.rng.choice((0.0, float("inf"))) if seconds is None else seconds
        self.machine.judge.catch_up(self.now, self.now, seconds=given)

    def wait(self) -> None:
        self.now = min(LAST, self.now + timedelta(minutes=self.rng.choice((1, 60, 1440, 4320))))

    def tidy(self) -> None:
        compact(self.machine.archive, self.machine.engine, now=self.now, fan_in=2)

    def restart(self) -> None:
        self._running.close()
        self.machine = self._running.enter_context(self.rig.machine())

    def nothing(self) -> None:
        """Nothing happens this time."""


def check_invariant(live: Rig, at_once: Rig, seed: int) -> None:
    deliveries = make_history(seed).deliveries()
    Life(live, random.Random(seed)).live(deliveries)
    for delivery in deliveries:
        delivery.arrive(at_once)
    at_once.once(LAST)
    expected, standing = at_once.standing(), live.standing()
    assert standing.events == expected.events
    assert standing.findings == expected.findings
    assert standing.alerts == expected.alerts
    changes = live.replay(LAST)
    assert changes == dict.fromkeys(changes, (0, 0, 0))
    live.close()
    at_once.close()


@pytest.mark.case("T34", "T36", "T37")
@pytest.mark.parametrize("seed", SMALL)
def test_any_order_batching_lateness_and_restarts_end_like_everything_at_once(
    tmp_path: Path, seed: int
) -> None:
    check_invariant(small_rig(tmp_path / "live"), small_rig(tmp_path / "once"), seed)


@pytest.mark.case("T36", "T37")
def test_the_same_holds_on_each_back_end(rig_on_each: Rig, tmp_path: Path) -> None:
    check_invariant(rig_on_each, small_rig(tmp_path / "once"), seed=7)


@pytest.mark.case("T36", "T37")
@pytest.mark.soak
@pytest.mark.parametrize("seed", MANY)
def test_thousands_of_histories_end_like_everything_at_once(tmp_path: Path, seed: int) -> None:
    check_invariant(small_rig(tmp_path / "live"), small_rig(tmp_path / "once"), seed)


def test_the_histories_hold_what_the_invariant_is_about(tmp_path: Path) -> None:
    """Findings of every detector, of likely, shared and unknown people, withdrawals, duplicates: else it is empty."""
    withdrawn = duplicates = 0
    detectors: set[str] = set()
    told = ""
    for seed in (0, 1, 2, 5):
        rig = small_rig(tmp_path / str(seed))
        Life(rig, random.Random(seed)).live(make_history(seed).deliveries())
        findings = rig.standing().findings
        detectors |= {finding[1] for finding in findings}
        told += "".join(finding[11] for finding in findings)
        duplicates += sum(account.tally.duplicates for account in rig.accounts())
        withdrawn += rig.withdrawn()
    assert detectors == all_detectors().keys() - {
        "feed_stale",
        "source_silent",
    }  # they judge facts, not events
    assert all(f'"confidence":"{word}"' in told for word in ("likely", "shared", "unknown"))
    assert all(f'"why":"{why}"' in told for why in ("domain", "mailbox"))
    assert withdrawn
    assert duplicates
