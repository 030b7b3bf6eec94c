"""Facts of findings in plain words: local times, lengths, numbers, explanations, contacts.

It must never know a name: whoever describes a finding brings the words for the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

LOCAL: Final = ZoneInfo("Europe/London")
_CERTAIN: Final = ("certain", "known")
"""`known` is what findings said before their detectors' version 2; withdrawn ones say so still."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def local(text: str) -> datetime:
    """Return a facts' UTC time as local time."""
    return datetime.fromisoformat(text).astimezone(LOCAL)


def clock_and_day(text: str) -> str:
    """Return a UTC time as "14:02 on 3 Mar 2026", local."""
    return f"{local(text):%H:%M} on {day(text)}"


def day(text: str) -> str:
    """Return a UTC time as "3 Mar 2026", local."""
    moment = local(text)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def length(seconds: float) -> str:
    """Return a length of time as people say it: 45 s, 6 min, 3 h, 2 days."""
    for unit, size, until in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if seconds < until:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86400)} days"


def number(value: str) -> str:
    """Return a British number as dialled at home, "020 7946 0123"; any other as it is."""
    national = "0" + value.removeprefix("+44")
    if not value.startswith("+44") or len(national) not in (10, 11):
        return value
    if national.startswith("02"):
        return f"{national[:3]} {national[3:7]} {national[7:]}"
    return f"{national[:5]} {national[5:]}"


def subject(facts: Mapping[str, Any]) -> str:
    """Return the subject of a look-up: "vehicle AB12CDE"."""
    return f"{facts['subject_type']} {facts['subject_key']}"


def explanation(evidence: Mapping[str, Any]) -> str:
    """Return what explains a look-up: "incident 1234 (crime), recorded 3 h later"."""
    words = _ground(evidence)
    if evidence["originator_collar"]:
        words = f"{words} of the originator, collar number {evidence['originator_collar']}"
    elif evidence["unit"] and evidence["template"] != "shift_stop":
        words = f"{words} of unit {evidence['unit']}"
    words = f"{words}{_way(evidence)}"
    late = evidence["lateness_hours"] or 0
    return f"{words}, recorded {length(late * 3600)} later" if late > 0 else words


def _ground(evidence: Mapping[str, Any]) -> str:
    if evidence["incident_ref"]:
        return f"incident {evidence['incident_ref']} ({evidence['kind']})"
    return f"their duty ({evidence.get('basis')})"


def _way(evidence: Mapping[str, Any]) -> str:
    """Return how the incident leads to the look-up, where that is not by assignment."""
    linked = evidence.get("linked_ref")
    if evidence["template"] == "approved":
        return f", by the approved pattern {evidence['basis']}"
    if evidence["follows"]:
        what = (
            f"the person just before, named together in {linked}"
            if linked
            else "the vehicle look-up just before"
        )
        return f", through {what}"
    if linked:
        return f", which is linked with {linked}"
    ways = {
        "inherited": ", handed over from one colleague to the other",
        "shift_stop": ", a colleague's of the same unit and shift",
        "circulation": ", open to all",
    }
    return ways.get(evidence["template"], "")


def no_explanation(facts: Mapping[str, Any], window_hours: float) -> str:
    """Return why a look-up counts as unexplained."""
    if facts["certainty"] not in _CERTAIN:
        held = "several people" if facts["certainty"] == "shared" else "nobody known"
        return f"its account belonged to {held} then, so nothing can be said for it"
    names = "names them" if facts["subject_type"] == "person" else "names it"
    return (
        "no incident, crime, custody record, stop or task that they or their unit worked on "
        f"within {length(window_hours * 3600)} {names}"
    )


def contact(facts: Mapping[str, Any]) -> str:
    """Return a contact with listed media as one sentence, with the state of the register where that is known."""
    return f"{in_contact(facts, 'listed media: ' + facts['outlet'])}{_register(facts)}."


def in_contact(facts: Mapping[str, Any], who: str) -> str:
    """Return a contact as a clause: own identifier, counterpart, `who` that is, and how long they talked."""
    other = number(facts["other"]) if facts["family"] == "call" else facts["other"]
    own = f"{facts['own_kind']} {number(facts['own'])}" if facts["family"] == "call" else facts["own"]
    sentence = f"At {clock_and_day(facts['at'])} {own}, {_holder(facts)}, {_did(facts)} {other} ({who})"
    return f"{sentence}{_talk(facts)}"


def _holder(facts: Mapping[str, Any]) -> str:
    if facts["certainty"] not in _CERTAIN:
        return "shared by several people" if facts["certainty"] == "shared" else "whose holder is not known"
    if facts["since"] is None:
        return "theirs"
    since = local(facts["since"])
    return f"theirs since {since.year if since.year < local(facts['at']).year else day(facts['since'])}"


def _did(facts: Mapping[str, Any]) -> str:
    outbound = facts["direction"] == "outbound"
    if facts["family"] == "email":
        return "emailed" if outbound else "received an email from"
    return "called" if outbound else "was called by"


def _talk(facts: Mapping[str, Any]) -> str:
    if facts["family"] != "call" or facts["seconds"] is None:
        return ""
    return f" for {length(facts['seconds'])}" if facts["seconds"] else ", unanswered"


def _register(facts: Mapping[str, Any]) -> str:
    if facts["register"] == "registered":
        return f"; it is registered as a media contact (entry {facts['register_entry']})"
    return "; no media contact is registered" if facts["register"] == "none" else ""
