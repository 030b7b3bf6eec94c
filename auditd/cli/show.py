"""Events in words for the terminal: a headline per event, then what was read into which column.

It must never show content (the subject of an email, the query of an address) unless told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from auditd.cli.output import clean, london
from parsers.event import CONTENT, Family

HIDDEN: Final = "(hidden)"
_NOT_LISTED: Final = {
    "event_id", "timestamp", "source", "event_module", "log_file", "log_offset", "log_length", "event_hash",
    "event_original", "event_ingested", "time_uncertainty_seconds",
}  # fmt: skip

Row = Mapping[str, Any]


def event_values(row: Row, *, show_content: bool) -> dict[str, Any]:
    """Return an event's filled columns, without the raw line; content as "(hidden)" unless asked for."""
    return {
        name: HIDDEN
        if name in CONTENT and not show_content
        else value.hex()
        if name == "event_hash"
        else value
        for name, value in row.items()
        if value is not None and name != "event_original"
    }


def event_lines(family: Family, line: int, row: Row, *, show_content: bool) -> Iterator[str]:
    """Yield an event as text: headline, then one line per column that is filled."""
    yield f"line {line}: {london(row['timestamp'])}{_doubt(row)}: {clean(_HEADLINES[family](row))}"
    for name, value in event_values(row, show_content=show_content).items():
        if name not in _NOT_LISTED and value not in ("", []):
            yield f"    {name:26} {clean(_shown(value))}"


def _doubt(row: Row) -> str:
    seconds = row["time_uncertainty_seconds"]
    return f" (give or take {seconds} s)" if seconds else ""


def _shown(value: Any) -> str:
    match value:
        case list():
            return "; ".join("-" if part is None else str(part) for part in value)
        case datetime():
            return london(value)
        case _:
            return str(value)


def _access(row: Row) -> str:
    subject = " ".join(row[name] for name in ("subject_type", "subject_key") if row[name])
    outcome = f": {row['pnc_result']}" if row["pnc_result"] else ""
    system = row["pnc_system"] or "a record system"
    return f"{_or_unknown(row['user_name'])} queried {subject or 'something'} on {system}{outcome}"


def _email(row: Row) -> str:
    to = [address or "?" for address in row["email_to_address"] or []]
    more = f" and {len(to) - 3} more" if len(to) > 3 else ""
    sender = row["email_from_address"] or row["email_return_path"]
    return f"{_or_unknown(sender)} -> {', '.join(to[:3]) or 'nobody'}{more}, {row['email_direction']}"


def _call(row: Row) -> str:
    dialled, final = row["call_to_dialled"], row["call_to_final"]
    rang = f" (rang {final})" if final and final != dialled else ""
    talked = row["call_talk_seconds"]
    length = f"{talked} s" if talked else "not answered"
    parties = f"{_or_unknown(row['call_from'])} -> {_or_unknown(dialled or final)}{rang}"
    return f"{parties}, {row['call_direction']}, {length}"


def _web(row: Row) -> str:
    who = _or_unknown(row["user_name"] or row["source_ip"] or row["source_address"])
    asked = " ".join(part for part in (row["http_request_method"], row["url_full"]) if part)
    status = row["http_response_status_code"]
    return (
        f"{who}: {asked or 'nothing'}, {row['web_action'] or 'no verdict'}{f', {status}' if status else ''}"
    )


def _or_unknown(value: str | None) -> str:
    return value or "(unknown)"


_HEADLINES: Final[dict[Family, Callable[[Row], str]]] = {
    "access": _access,
    "email": _email,
    "call": _call,
    "web": _web,
}
