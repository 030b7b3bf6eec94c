"""The envelope of a syslog message, RFC 5424 or RFC 3164, and the receipt our own listener writes in front of it.

One grammar serves the listener, which routes by it, and the parsers, which take it off. It must never raise, whatever
the bytes, nor read more into a header than is written there: a line that does not fit has no envelope.

Lines, as the listener's spool has them (the receipt is everything up to the third-last field before `<`):

    @2026-03-03T14:02:11.482113Z 192.0.2.7:51514 - - <134>1 2026-03-03T14:02:11Z pncgw pnc - - - 2026-03-03T14:02:11,pnc,...
    <134>Mar  3 14:02:11 pncgw pnc[812]: 2026-03-03T14:02:11,pnc,#VE,jbriar

References:
- RFC 5424 section 6 (header and structured data), RFC 3164 section 4 (priority, time, host, tag).
- rsyslog, RSYSLOG_ForwardFormat: RFC 3164 with the time of RFC 3339.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Only what Python's bytes patterns and polars' text patterns read alike: no \d, \w or \s, no look-around.
_PRIORITY: Final = r"<(?:[0-9]|[1-9][0-9]|1[0-8][0-9]|19[01])>"
_ISO: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_BSD: Final = r"[A-Z][a-z]{2} [ 0-9][0-9] (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_WORD: Final = r"[!-~]+"
_NAME: Final = r"[!#-<>-\\\^-~]+"  # printable, without `"`, `=` and `]`
_ELEMENT: Final = rf'\[{_NAME}(?: {_NAME}="(?:[^"\\\]]|\\.)*")*\]'
_HEADER_5424: Final = (
    rf"{_PRIORITY}1 (?:-|{_ISO}) ({_WORD}) ({_WORD}) {_WORD} {_WORD} (?:-|(?:{_ELEMENT})+)(?: (.*))?"
)
# A host never ends in a colon, which tells it from a tag; a tag is a word that begins with a letter and ends in one.
_HEADER_3164: Final = (
    rf"(?:{_PRIORITY})?(?:{_BSD}|{_ISO}) (?:([!-Z\\^-~]*[!-9;-Z\\^-~]) )?"
    r"(?:([A-Za-z_/][0-9A-Za-z_./@-]*)(?:\[[^\]]{0,64}\])?:(?: |$))?(.*)"
)
_ENVELOPE: Final = rf"(?s)^(?:{_HEADER_5424}|{_HEADER_3164})$"
RECEIPT: Final = r"@[0-9T:.-]+Z [!-~]+ [!-~]+ ([!-~]+) "

WHOLE: Final = f"(?s)^(?:{RECEIPT})?(?:{_HEADER_5424}|{_HEADER_3164})$"
"""A line with its receipt, if it has one. Groups: flags; host, application, message (5424); host, tag, message (3164)."""

ESCAPED: Final = "escaped"
SHORTENED: Final = ("cut", "half", "unframed")
"""Flags of a receipt on a message that is not whole: over-long, ended with its connection, or out of frame."""

_HEADER: Final = re.compile(_ENVELOPE.encode())
_ESCAPES: Final = ((b"\\", b"\\\\"), (b"\n", b"\\n"), (b"\0", b"\\0"))


@dataclass(frozen=True, slots=True)
class Header:
    """Who says to have sent a message: host and application, "" where the message does not say."""

    hostname: str = ""
    app_name: str = ""


def read_header(message: bytes) -> Header | None:
    """Return the header of a syslog message, None where it has none that RFC 5424 or RFC 3164 allow."""
    found = _HEADER.match(message)
    if found is None:
        return None
    host, app, _, old_host, tag, _ = found.groups()
    return Header(_plain(host or old_host), _plain(app or tag))


def receipt(*, received: str, peer: str, identity: str, flags: str) -> bytes:
    """Return what the listener writes in front of a message.

    received: RFC 3339, UTC, ending in `Z`. peer: address and port. identity: fingerprint of the sender's certificate,
    or `-`. flags: `-`, or words joined by commas, each alone or with `=number`.
    """
    return f"@{received} {peer} {identity} {flags} ".encode("ascii", "replace")


def escape(message: bytes) -> bytes:
    """Return a message on one line, without NUL: the reverse of what `escaped` in its receipt tells readers to do."""
    for raw, written in _ESCAPES:
        message = message.replace(raw, written)
    return message


def unescape(line: bytes) -> bytes:
    """Return the message that `escape` made this line of."""
    back = {written[1:]: raw for raw, written in _ESCAPES}
    return re.sub(rb"\\([\\n0])", lambda found: back[found.group(1)], line)


def _plain(word: bytes | None) -> str:
    return "" if word is None or word == b"-" else word.decode("ascii", "replace")
