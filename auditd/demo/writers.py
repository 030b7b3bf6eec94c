"""Writes the invented force's logs and feeds as the real systems do: rotation by rename, numbered instances, spooled files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from auditd.demo.formats import (
    PNC_COLUMNS,
    Call,
    Lookup,
    Mail,
    csv_line,
    cucm_header,
    cucm_line,
    exchange_header,
    exchange_lines,
    pnc_line,
)
from auditd.demo.story import Happening, Incident


class PncLog:
    """pnc.log, renamed to pnc.log.1, pnc.log.2, ... and begun anew with its header."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: TextIO | None = None

    def write(self, lookups: Sequence[Lookup]) -> None:
        """Append lines and push them to the file."""
        if self._file is None:
            self._file = (self._folder / "pnc.log").open("a", encoding="utf-8")
            self._file.write(csv_line(PNC_COLUMNS))
        self._file.writelines(pnc_line(lookup) for lookup in lookups)
        self._file.flush()

    def rotate(self) -> None:
        """Rename every copy up by one, oldest first, then the live file."""
        if self._file is None:
            return
        copies = sorted(self._folder.glob("pnc.log.*"), key=lambda path: -int(path.suffix[1:]))
        for copy in copies:
            copy.rename(copy.with_suffix(f".{int(copy.suffix[1:]) + 1}"))
        (self._folder / "pnc.log").rename(self._folder / "pnc.log.1")
        self._file.close()
        self._file = None


class ExchangeLog:
    """MSGTRKyyyymmddhh-n.LOG, a new instance at each rotation, each with its header block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._instance = 0
        self._file: TextIO | None = None

    def write(self, mails: Sequence[Mail]) -> None:
        """Append lines and push them to the file."""
        if self._file is None:
            self._instance += 1
            now = datetime.now(UTC)
            path = self._folder / f"MSGTRK{now:%Y%m%d%H}-{self._instance}.LOG"
            self._file = path.open("w", encoding="utf-8")
            self._file.write(exchange_header(now))
        for mail in mails:
            self._file.writelines(exchange_lines(mail))
        self._file.flush()

    def rotate(self) -> None:
        """Go on in a new instance."""
        if self._file is not None:
            self._file.close()
        self._file = None


class CucmSpool:
    """cdr_Cluster_node_yyyymmddhhmm_sequence: one file a delivery, complete when it appears."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sequence = 0

    def write(self, calls: Sequence[Call]) -> None:
        """Deliver one file with all the calls."""
        if not calls:
            return
        self._sequence += 1
        name = f"cdr_NorthmereCluster_01_{datetime.now(UTC):%Y%m%d%H%M}_{self._sequence}"
        part = self._folder / f".{name}"
        part.write_text(cucm_header() + "".join(cucm_line(call) for call in calls), encoding="utf-8")
        part.rename(self._folder / name)


class Logs:
    """All three systems' logs in one folder each."""

    def __init__(self, folder: Path) -> None:
        for name in ("pnc", "exchange", "cucm"):
            (folder / name).mkdir(parents=True)
        self._pnc = PncLog(folder / "pnc")
        self._exchange = ExchangeLog(folder / "exchange")
        self._cucm = CucmSpool(folder / "cucm")
        self.lines = 0

    def write(self, happenings: Sequence[Happening]) -> None:
        """Write what happened, each in the log of its system."""
        self._pnc.write([h for h in happenings if isinstance(h, Lookup)])
        self._exchange.write([h for h in happenings if isinstance(h, Mail)])
        self._cucm.write([h for h in happenings if isinstance(h, Call)])
        self.lines += len(happenings)

    def rotate(self) -> None:
        """Rotate the logs that are rotated."""
        self._pnc.rotate()
        self._exchange.rotate()


class FeedFiles:
    """Reference data as CSV files dropped into a folder, each complete when it appears."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._drops = 0

    def drop(self, feed: str, rows: Sequence[Mapping[str, str]]) -> None:
        """Drop one file of a feed."""
        self._drops += 1
        columns = list(dict.fromkeys(name for row in rows for name in row))
        part = self._folder / f".{feed}-{self._drops:04d}"
        with part.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows(rows)
        part.rename(self._folder / f"{feed}-{self._drops:04d}.csv")

    def drop_incidents(self, incidents: Sequence[Incident]) -> None:
        """Drop incidents with their subjects and assignments."""
        self.drop("incident_subjects", [
            {"incident_ref": i.ref, "subject_type": i.subject_type, "subject_key": i.subject_key} for i in incidents
        ])  # fmt: skip
        self.drop("assignments", [
            {
                "incident_ref": i.ref,
                "staff_id": i.staff_id,
                "from": i.opened_at.isoformat(),
                "role": "officer in the case",
                "recorded_at": i.recorded_at.isoformat(),
            }
            for i in incidents
        ])  # fmt: skip
        self.drop("incidents", [
            {
                "incident_ref": i.ref,
                "kind": i.kind,
                "opened_at": i.opened_at.isoformat(),
                "recorded_at": i.recorded_at.isoformat(),
                "unit": i.unit,
            }
            for i in incidents
        ])  # fmt: skip
