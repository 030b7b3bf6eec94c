"""Cases of detectors: a TOML file of small logs in real formats beside what must be found in them.

`about` says what happens; `[logs]` holds a log per format; `[feeds]` rows of feeds beside those of the invented force in
cases/force.toml; `[options.FORMAT]` options of a format. Each `[[findings]]` names columns of one finding in order of time,
its severity as a word, `facts` of it, and `says`: its sentences. A file without findings is a quiet case.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from history import OURS, Plain

from auditd.reference.reading import read_feed
from detectors.detector import Detector, Span, Window
from detectors.finding import Severity
from detectors.reference import FEEDS, Reference
from parsers.event import FAMILIES, SCHEMA, Family
from parsers.format import Block, Context, all_formats

FOLDER = Path(__file__).parent / "cases"
LONDON = ZoneInfo("Europe/London")
SPAN = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def case_names(detector: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / detector).glob("*.toml"))


def load_case(detector: str, name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / detector / f"{name}.toml").read_text("utf-8"))


def case_window(case: Mapping[str, Any]) -> Window:
    events = _events(case)
    return Window(SPAN, lambda family: events[family].lazy(), _reference(case.get("feeds", {})), OURS)


def check_case(detector: Detector, case: Mapping[str, Any]) -> None:
    findings = detector.judge(case_window(case)).to_dicts()
    wanted = case.get("findings", [])
    assert len(findings) == len(wanted), [(found["timestamp"], found["facts"]) for found in findings]
    for found, want in zip(findings, wanted, strict=True):
        facts = json.loads(found["facts"])
        told = {**found, "severity": Severity(found["severity"]).name.lower()}
        for name, value in want.items():
            if name == "says":
                assert list(detector.describe(facts, Plain())) == value
            elif name == "facts":
                assert {key: facts.get(key) for key in value} == value
            else:
                assert told[name] == value, name


def _events(case: Mapping[str, Any]) -> dict[Family, pl.DataFrame]:
    found: dict[Family, list[pl.DataFrame]] = {family: [SCHEMA[family].to_frame()] for family in FAMILIES}
    for name, log in case["logs"].items():
        kind = all_formats()[name]
        options = kind.Options(**case.get("options", {}).get(name, {}))
        parser = kind(Context(source=name, zone=LONDON, force=OURS), options)
        parsed = parser.parse(Block(log.lstrip("\n").encode(), file=name), "")
        assert parsed.rejects.is_empty(), parsed.rejects.select("reason", "detail").rows()
        for family, events in parsed.events.items():
            found[family].append(events)
    return {
        family: pl.concat(frames).sort("timestamp", maintain_order=True) for family, frames in found.items()
    }


def _reference(feeds: Mapping[str, str]) -> Reference:
    known = {**_force(), **{name: _rows(name, text) for name, text in feeds.items() if name not in _force()}}
    for name in feeds.keys() & _force().keys():
        known[name] = pl.concat((_force()[name], _rows(name, feeds[name])))
    return Reference(frames=known, loaded=frozenset(known))


@cache
def _force() -> dict[str, pl.DataFrame]:
    texts = tomllib.loads((FOLDER / "force.toml").read_text("utf-8"))
    return {name: _rows(name, text) for name, text in texts.items()}


def _rows(feed: str, text: str) -> pl.DataFrame:
    assert feed in FEEDS, feed
    reading = read_feed(text.lstrip("\n").encode(), feed)
    assert reading.rejects.is_empty(), reading.rejects
    return reading.rows
