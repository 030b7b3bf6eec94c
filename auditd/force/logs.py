"""The force's log files: each system's lines with that system's rotation.

It must never close a file that a reader could take for whole before it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from auditd.force.happenings import Call, Happening, Lookup, Mail, Visit
from auditd.force.lines import (
    asterisk,
    avaya_ipoffice,
    cucm,
    delimited,
    exchange,
    jsonlines,
    m365_trace,
    pnc,
    postfix,
    squid,
)

Rotation = Literal["renamed", "dated", "spooled", "numbered"]


@dataclass(frozen=True, slots=True)
class System:
    """How a system logs: kind of happening, folder, file name, header, lines, rotation; options of its source.

    Rotations: `renamed` NAME to NAME.1, .2, ...; `dated` one file a day, {day} in its name; `numbered` one file an instance,
    {hour} and {number} in its name; `spooled` one file a delivery, {minute} and {number} in its name.
    """

    kind: type[Lookup] | type[Mail] | type[Call] | type[Visit]
    files: str
    file: str
    rotation: Rotation
    lines: Callable[[Any], Iterable[str]]  # of a happening of its kind
    header: Callable[[datetime], str] = lambda _at: ""
    options: str = ""


SYSTEMS: Final[dict[str, System]] = {
    "pnc": System(
        Lookup, "pnc.log*", "pnc.log", "renamed", lambda one: (pnc.pnc_line(one),), lambda _: pnc.pnc_header()
    ),
    "delimited": System(
        Lookup, "audit-*.csv", "audit-{day}.csv", "dated", lambda one: (delimited.records_line(one),),
        lambda _: delimited.records_header(), delimited.OPTIONS,
    ),
    "jsonlines": System(
        Lookup, "casework.jsonl*", "casework.jsonl", "renamed", lambda one: (jsonlines.casework_line(one),),
        options=jsonlines.OPTIONS,
    ),
    "exchange": System(
        Mail, "MSGTRK*.LOG", "MSGTRK{hour}-{number}.LOG", "numbered", exchange.exchange_lines, exchange.exchange_header
    ),
    "postfix": System(Mail, "mail.log*", "mail.log", "renamed", postfix.postfix_lines),
    "m365_trace": System(
        Mail, "trace-*.csv", "trace-{day}.csv", "dated", m365_trace.trace_lines, lambda _: m365_trace.trace_header()
    ),
    "cucm": System(
        Call, "cdr_*", "cdr_NorthmereCluster_01_{minute}_{number}", "spooled", lambda one: (cucm.cucm_line(one),),
        lambda _: cucm.cucm_header(),
    ),
    "asterisk": System(Call, "Master.csv*", "Master.csv", "renamed", lambda one: (asterisk.asterisk_line(one),)),
    "avaya_ipoffice": System(
        Call, "smdr-*.csv", "smdr-{day}.csv", "dated", lambda one: (avaya_ipoffice.ipoffice_line(one),)
    ),
    "squid": System(
        Visit, "access.log*", "access.log", "renamed", lambda one: (squid.squid_line(one),), options=squid.OPTIONS
    ),
}  # fmt: skip
USUAL: Final = ("pnc", "exchange", "cucm")
WHOLE: Final = (*USUAL, "squid")
"""One system of every kind."""


class Log:
    """One system's log in a folder of its own."""

    def __init__(self, folder: Path, system: System) -> None:
        folder.mkdir(parents=True)
        self.lines = 0
        self._folder, self._system = folder, system
        self._file: TextIO | None = None
        self._number = 0

    def write(self, happenings: Sequence[Happening], now: datetime) -> None:
        """Append lines, or deliver a file of them, and push them out. `now` names new files."""
        if not happenings:
            return
        system = self._system
        text = [line for one in happenings for line in system.lines(one)]
        self.lines += len(text)
        if system.rotation == "spooled":
            self._deliver(text, now)
            return
        if self._file is None:
            self._file = self._begin(now)
        self._file.writelines(text)
        self._file.flush()

    def rotate(self) -> None:
        """Go on in a new file; a renamed log moves every copy up by one first, oldest first."""
        if self._file is None:
            return
        if self._system.rotation == "renamed":
            name = self._system.file
            for copy in sorted(self._folder.glob(f"{name}.*"), key=lambda path: -int(path.suffix[1:])):
                copy.rename(copy.with_suffix(f".{int(copy.suffix[1:]) + 1}"))
            (self._folder / name).rename(self._folder / f"{name}.1")
        self._file.close()
        self._file = None

    def _begin(self, now: datetime) -> TextIO:
        file = (self._folder / self._name(now)).open("a", encoding="utf-8", newline="")
        file.write(self._system.header(now))
        return file

    def _deliver(self, text: list[str], now: datetime) -> None:
        name = self._name(now)
        part = self._folder / f".{name}"
        part.write_text(self._system.header(now) + "".join(text), encoding="utf-8", newline="")
        part.rename(self._folder / name)

    def _name(self, now: datetime) -> str:
        self._number += 1
        at = now.astimezone(UTC)
        return self._system.file.format(
            day=f"{at:%Y%m%d}", hour=f"{at:%Y%m%d%H}", minute=f"{at:%Y%m%d%H%M}", number=self._number
        )


class Logs:
    """The logs of the chosen systems, each in a folder of its name."""

    def __init__(self, folder: Path, names: Sequence[str] = USUAL) -> None:
        self.names = tuple(names)
        self._logs = {name: Log(folder / name, SYSTEMS[name]) for name in names}

    @property
    def lines(self) -> dict[str, int]:
        """Records written so far, by system; headers are not among them."""
        return {name: log.lines for name, log in self._logs.items()}

    def write(self, happenings: Sequence[Happening], now: datetime | None = None) -> None:
        """Write what happened: systems of one kind share it, by reference or number, so that each record is in one log."""
        moment = now or datetime.now(UTC)
        for kind in (Lookup, Mail, Call, Visit):
            of_kind = [one for one in happenings if isinstance(one, kind)]
            logs = [log for name, log in self._logs.items() if SYSTEMS[name].kind is kind]
            for index, log in enumerate(logs):
                log.write(of_kind if len(logs) == 1 else _share(of_kind, index, len(logs)), moment)

    def rotate(self) -> None:
        """Rotate the logs that are rotated."""
        for log in self._logs.values():
            log.rotate()


def _share(happenings: list[Happening], index: int, of: int) -> list[Happening]:
    """Return the happenings of one of several systems of a kind: by who acts, as people have one telephone system."""
    return [one for one in happenings if sum(_actor(one).encode()) % of == index]


def _actor(one: Happening) -> str:
    match one:
        case Lookup():
            return one.ref
        case Mail():
            return one.message_id
        case Call():
            return str(one.call_id)
        case Visit():
            return one.account
