"""Which detectors are in force, which are run in shadow, and with what settings; and what is wrong with that.

It must never put into force what the configuration says is to be tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from auditd.config.faults import Complaint, Raw, suggestion, tables
from auditd.config.model import ConfigFile
from auditd.config.runtime import ChosenDetector
from auditd.config.validate import sure, validate
from detectors.detector import Detector, DetectorSettings
from detectors.reference import FEEDS

Detectors = Mapping[str, type[Detector]]
MODES: Final = ("live", "shadow")
SIGMA: Final = "sigma_"
"""How names of detectors begin that are Sigma rules."""
SHARED: Final = ("explanations", "contacts")
_HOW_RUN: Final = ("enabled", "mode")


def in_force(model: ConfigFile, known: Detectors) -> tuple[ChosenDetector, ...]:
    """Return the detectors whose findings become alerts, by name."""
    return tuple(
        ChosenDetector(detector, _settings(detector, model.detectors.get(name, {}), model))
        for name, detector in known.items()
        if _mode(detector, model) == "live"
    )


def in_shadow(model: ConfigFile, known: Detectors) -> tuple[ChosenDetector, ...]:
    """Return the runs in shadow: detectors that are run there alone, and tables of `[shadows]`."""
    alone = [
        ChosenDetector(detector, _settings(detector, model.detectors.get(name, {}), model), name)
        for name, detector in known.items()
        if _mode(detector, model) == "shadow"
    ]
    beside = []
    for run, table in model.shadows.items():
        detector = known[table.detector]
        merged = _merged(model.detectors.get(table.detector, {}), table.settings)
        beside.append(ChosenDetector(detector, _settings(detector, merged, model), run))
    return tuple(sorted([*alone, *beside], key=lambda one: one.run))


def _mode(detector: type[Detector], model: ConfigFile) -> str:
    """Return how a detector is run: live, shadow, or off."""
    table = model.detectors.get(detector.name, {})
    usual = model.sigma.mode if detector.name.startswith(SIGMA) else "live"
    return str(table.get("mode", usual)) if table.get("enabled", True) else "off"


def _merged(live: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in live.items() if key not in _HOW_RUN} | dict(other)


def _settings(detector: type[Detector], table: Mapping[str, Any], model: ConfigFile) -> DetectorSettings:
    """Return a detector's settings; a table that all share holds where it has none of its own."""
    settings = sure(detector.Settings, _merged(table, {}))
    shared = {name: getattr(model, name) for name in SHARED if name in detector.Settings.model_fields}
    return settings.model_copy(update={name: shared[name] for name in shared.keys() - table.keys()})


def complaints(raw: Raw, known: Detectors) -> Iterator[Complaint]:
    """Yield every fault of the tables of detectors."""
    chosen = raw.get("detectors")
    for name, table in (chosen if isinstance(chosen, dict) else {}).items():
        if name not in known:
            hint = suggestion(name, list(known), kind="detectors")
            yield Complaint(("detectors", name), f"there is no detector {name!r}", hint)
        elif isinstance(table, dict):
            yield from validate(known[name].Settings, _merged(table, {}), at=("detectors", name))[1]
            if not isinstance(table.get("enabled", True), bool):
                yield Complaint(("detectors", name, "enabled"), "must be true or false")
            if table.get("mode", "live") not in MODES:
                yield Complaint(("detectors", name, "mode"), 'must be "live" or "shadow"')
    yield from _shadows(raw, known)
    yield from _ages(raw)


def _shadows(raw: Raw, known: Detectors) -> Iterator[Complaint]:
    """Yield what is wrong with runs in shadow: what they name, their own names, their settings beside the live ones."""
    runs, live = raw.get("shadows"), raw.get("detectors")
    for run, table in (runs if isinstance(runs, dict) else {}).items():
        if run in known:
            hint = f'a detector that is run in shadow alone has mode = "shadow" in [detectors.{run}]'
            yield Complaint(("shadows", run), f"{run!r} is the name of a detector", hint)
        name = table.get("detector") if isinstance(table, dict) else None
        if not isinstance(name, str):
            continue
        if name not in known:
            hint = suggestion(name, list(known), kind="detectors")
            yield Complaint(("shadows", run, "detector"), f"there is no detector {name!r}", hint)
            continue
        settings = table.get("settings", {})
        own = live.get(name, {}) if isinstance(live, dict) else {}
        if isinstance(settings, dict) and isinstance(own, dict):
            found = validate(known[name].Settings, settings, at=("shadows", run, "settings"))[1]
            yield from found
            if not found and not validate(known[name].Settings, _merged(own, {}))[1]:
                yield from validate(
                    known[name].Settings, _merged(own, settings), at=("shadows", run, "settings")
                )[1]


def _ages(raw: Raw) -> Iterator[Complaint]:
    """Yield limits of feed_stale for deliveries there are not: a name misspelt would never be missed."""
    found: object = raw
    for key in ("detectors", "feed_stale", "max_age_hours"):
        found = found.get(key) if isinstance(found, dict) else None
    names = [table["name"] for _, table in tables(raw, "feeds") if isinstance(table.get("name"), str)]
    known = [*names, *(name for name in FEEDS if name not in names)]
    for name in found if isinstance(found, dict) else ():
        if name not in known:
            hint = suggestion(name, known, kind="deliveries and feeds")
            why = f"there is no delivery or feed {name!r}"
            yield Complaint(("detectors", "feed_stale", "max_age_hours", name), why, hint)
