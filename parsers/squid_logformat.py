"""A `logformat` of squid.conf to the pattern of its lines. It must never see a line.

    %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt

What stands between codes is matched as written, and codes that no field is made of are passed over. A value ends at the quote,
bracket or blank that stands behind its code, and none may contain it: so nobody can write a field by what they type into another.

References: squid-cache.org/Doc/config/logformat (codes, encodings, widths, arguments)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from parsers.squid_lines import COMMON_CLOCK, Layout

_CODE: Final = re.compile(
    r"%(?:(?P<percent>%)|(?P<encoding>[\"\[#'/])?(?P<left>-)?(?P<width>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)?"
    r"(?:\{(?P<argument>[^}]*)\})?(?P<code>(?:[a-z]+::)?(?:[<>]?[A-Za-z_]+))(?:\{(?P<behind>[^}]*)\})?)"
)
_FIELDS: Final = {
    "ts": "stamp", "tu": "fraction", "tl": "clock", "tg": "clock", "tr": "elapsed",
    ">a": "client", ">A": "client_name", "un": "user", "ul": "user", "ui": "ident", ">Hs": "status", "Hs": "status",
    "Ss": "code", "<a": "peer", "<A": "peer_name", "<st": "sent", ">st": "received", "rm": "method", ">rm": "method",
    "ru": "url", ">ru": "url", "mt": "mime",
}  # fmt: skip
_HEADERS: Final = {"referer": "referrer", "user-agent": "agent"}
_SECONDS: Final = {"stamp": "[0-9]{1,12}", "fraction": "[0-9]{3}"}
_DIRECTIVE: Final = re.compile("%([A-Za-z])")
_TWO_DIGITS: Final = "[0-9]{1,2}"
_OF_CLOCKS: Final = {
    **dict.fromkeys("dmyHMSIe", _TWO_DIGITS), "Y": "[0-9]{4}", "b": "[A-Za-z]{3}", "a": "[A-Za-z]{3}", "z": "[+-][0-9]{4}",
}  # fmt: skip
_NEEDED: Final = ("method", "url", "client")


class NotALogformat(ValueError):
    """It cannot be read, or lacks what an event cannot do without; the message says what to do."""


@lru_cache(maxsize=16)
def layout_of(logformat: str) -> Layout:
    """Return the layout of a logformat. Raises NotALogformat."""
    pattern, names, clock, place = "", list[str](), "", 0
    for found in _CODE.finditer(logformat):
        pattern += re.escape(logformat[place : found.start()])
        place = found.end()
        if found["percent"]:
            pattern += "%"
            continue
        behind = logformat[place : place + 1]
        field = _field_of(found["code"], found["argument"] or found["behind"] or "")
        pad = " *" if found["width"] and not found["left"] else ""
        value = _SECONDS.get(field, _value(behind, quoted=found["encoding"] in ('"', "/")))
        if field == "clock":
            clock = found["argument"] or found["behind"] or COMMON_CLOCK
            value = _DIRECTIVE.sub(lambda one: _OF_CLOCKS.get(one[1], r"\S+"), re.escape(clock))
        kept = bool(field) and field not in names
        pattern += f"{pad}({value})" if kept else f"{pad}(?:{value})"
        pattern += " *" if found["left"] else ""
        if kept:
            names.append(field)
    pattern += re.escape(logformat[place:])
    _check(names)
    return Layout(rf"^\s*{pattern}\s*$", tuple(names), None if "stamp" in names else clock)


def _field_of(code: str, argument: str) -> str:
    name = code.rpartition("::")[2]
    if name in (">h", ">ha"):
        return _HEADERS.get(argument.casefold(), "")
    return _FIELDS.get(name, "")


def _value(behind: str, *, quoted: bool) -> str:
    """Return the pattern of a value by what stands behind its code in the logformat."""
    if behind == '"':
        return r'(?:[^"\\]|\\.)*'
    if behind == "]":
        return r"[^\]]*"
    if quoted:
        return r'"(?:[^"\\]|\\.)*"|\S+'
    return rf"[^\s{re.escape(behind)}]+" if behind and not behind.isspace() else r"\S+"


def _check(names: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in names]
    codes = {"method": "%rm", "url": "%ru", "client": "%>a"}
    if "stamp" not in names and "clock" not in names:
        raise NotALogformat("it says no time: it needs %ts.%03tu, %ts, %tl or %tg")
    if missing:
        raise NotALogformat(f"it lacks {', '.join(codes[name] for name in missing)}")
