"""A run in shadow as `access-auditd shadow` tells of it: counts, sentences, and the table that puts it into force.

It must never show what only a lapsed authority allowed.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from auditd.cli.context import CliError, State
from auditd.cli.output import london

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from alerts.difference import FindingRecord
    from alerts.trials import Trial
    from detectors.detector import Detector


def trials_of(state: State) -> tuple[Trial, ...]:
    """Return every run in shadow, in counts."""
    from alerts.trials import trials
    from auditd.database import reading

    with reading(state.engine) as conn:
        return trials(conn, _reached(state, conn))


def _reached(state: State, conn: Connection) -> dict[str, datetime | None]:
    """Return per run how far it has judged, and no further than what is in force of its detector has."""
    from sqlalchemy import select

    from auditd.engine.tables import JudgedRow

    judged = {row.detector: row.judged_until for row in conn.execute(select(JudgedRow))}
    reached: dict[str, datetime | None] = {}
    for run in state.config.shadows:
        until, live = judged.get(f"shadow:{run.run}"), judged.get(run.detector.name)
        reached[run.run] = min(until, live) if until and live else until
    return reached


def trial_of(state: State, run: str) -> Trial:
    """Return a run in counts; a CliError where there is no such run."""
    found = {trial.run: trial for trial in trials_of(state)}
    if run not in found:
        known = ", ".join(found) or "none"
        raise CliError(
            f"no run in shadow is called {run!r}",
            hint=f"there are: {known}; one appears when `run` has begun it",
        )
    return found[run]


def entry_of(state: State, trial: Trial) -> dict[str, Any]:
    """Return a run in counts, without a person."""
    bounds = state.archive.bounds()
    days = max((trial.until - bounds[0]) / timedelta(days=1), 1.0) if trial.until and bounds else None
    return {
        "run": trial.run,
        "detector": trial.detector,
        "version": trial.version,
        "settings": trial.settings,
        "differs": _differing(state, trial),
        "state": _state(state, trial),
        "since": trial.since,
        "until": trial.until,
        "findings": trial.findings,
        "alerts": trial.people,
        "alerts_a_day": round(trial.people / days, 3) if days else None,
        "added": trial.added,
        "gone": trial.gone,
        "same": trial.same,
        "new_people": trial.new_people,
        "lost_people": trial.lost_people,
        "seconds": round(trial.seconds, 3),
        "seconds_a_day": round(trial.seconds / days, 3) if days else None,
    }


def _state(state: State, trial: Trial) -> str:
    from alerts.authority import live_authorities
    from auditd.database import reading

    detector = _detector(state, trial.run)
    if detector is None:
        return "no longer configured"
    if not detector.about.needs_authority:
        return "trying"
    with reading(state.engine) as conn:
        return "authorised" if live_authorities(conn, trial.detector, state.now()) else "not authorised"


def _detector(state: State, run: str) -> Detector | None:
    return state.config.shadow_detectors().get(run)


def _differing(state: State, trial: Trial) -> dict[str, Any]:
    """Return the settings that are not those in force; all that are not the defaults where nothing is in force."""
    live = next((one for one in state.config.detectors() if one.name == trial.detector), None)
    tried = _detector(state, trial.run)
    base = live.settings if live else tried.Settings() if tried else None
    other = base.model_dump(mode="json") if base else {}
    return {name: value for name, value in trial.values.items() if other.get(name) != value}


def permitted(state: State, run: str) -> list[FindingRecord]:
    """Return the findings that may be shown now: of a detector of lists, those a live authority covers."""
    from alerts.authority import live_authorities
    from alerts.shadow import findings_of
    from auditd.database import reading

    detector = _detector(state, run)
    if detector is None:
        return []
    with reading(state.engine) as conn:
        found = list(findings_of(conn, run))
        if not detector.about.needs_authority:
            return found
        live = live_authorities(conn, detector.name, state.now())
    return [
        one
        for one in found
        if any(a.covers(at=one.timestamp, staff_id=one.staff_id, outlet=one.outlet) for a in live)
    ]


def sentences(state: State, run: str, record: FindingRecord) -> list[str]:
    """Return a finding of a run in sentences."""
    detector = _detector(state, run)
    return list(detector.describe(json.loads(record.facts), state.naming())) if detector else []


def as_toml(state: State, trial: Trial) -> str:
    """Return the lines of the configuration that put a run into force, beside what the detector's table has."""
    lines = [f"[detectors.{trial.detector}]"]
    if not any(one.detector.name == trial.detector for one in state.config.chosen):
        lines.append('mode = "live"')
    return "\n".join(
        [
            *lines,
            *(
                f"{name} = {_value(value)}"
                for name, value in _differing(state, trial).items()
                if value is not None
            ),
        ]
    )


def _value(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        inner = (f"{json.dumps(name)} = {_value(one)}" for name, one in value.items() if one is not None)
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def text(value: Any) -> str:
    """Return a part of an entry as text."""
    if isinstance(value, datetime):
        return london(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_value(one)}" for name, one in value.items()) or "nothing"
    return number(value) if isinstance(value, float | None) else str(value)


def number(value: float | None) -> str:
    """Return a number as text; "-" for None."""
    return "-" if value is None else f"{value:,.2f}"
