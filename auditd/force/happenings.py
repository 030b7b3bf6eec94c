"""What can happen in the invented force and be logged: look-ups, mail, calls, visits to the web.

It must never know a log format: `auditd/force/lines/` writes these as the systems do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up of a record; `originator` is the 53-character line that says who asked, why and where.

    reason: the code typed. incident_ref: the reference typed, which may be right, mistyped or invented.
    terminal: where it was made, "" for one made up from the account.
    """

    at: datetime
    user: str
    subject_type: str
    subject_key: str
    ref: str
    originator: str
    reason: str = "6"
    incident_ref: str = ""
    terminal: str = ""
    justification: str = ""
    result: str = "hit"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message from one sender to its recipients; `forwarded_by` is the mailbox whose rule passed it on, if one did."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    ours: bool
    size: int = 14336
    forwarded_by: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A telephone call; numbers as the exchange writes them (9 for an outside line)."""

    at: datetime
    caller: str
    called: str
    seconds: int
    call_id: int
    caller_login: str = ""

    @property
    def leaves(self) -> bool:
        """Whether it was dialled to an outside line."""
        return len(self.called) > 6

    @property
    def comes_in(self) -> bool:
        """Whether it came from outside."""
        return len(self.caller) > 6


@dataclass(frozen=True, slots=True)
class Visit:
    """A request through the web proxy, and its bytes from and to the client."""

    at: datetime
    account: str
    method: str
    url: str
    sent: int
    received: int


Contact = Mail | Call | Visit
"""What somebody does that is no look-up."""
Happening = Lookup | Contact
