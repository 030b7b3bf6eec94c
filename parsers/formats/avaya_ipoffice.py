"""Avaya IP Office call records (SMDR): comma-separated, one line per segment of a call, without a header.

It must never refuse a line for fields that are not read: releases and collectors add some and leave some out.

    2026/03/03 14:02:00,00:06:00,7,209,O,902079460123,902079460123,,0,1000014,0,E209,Briar,T9001,Line 1.1,0,0,,,,,,,,,,,,,

References:
- Avaya, IP Office technical bulletin and Web Manager help: SMDR fields, SMDR examples
- Avaya, B5800 Branch Gateway Manager 10.0 (15-601011), appendix SMDR, pages 851 to 858
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import polars as pl

from parsers.ipoffice_fields import FAULTS, FEWEST, MOST, WIDTHS, complete, legs, timed
from parsers.legs import CallLog, Told, tell

_LOOKED_AT: Final = 20
_LIKELY: Final = (
    r"^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?,[0-9]+:[0-9]{2}:[0-9]{2},[0-9]*,[^,]*,[IO],"
)


class AvayaIpOffice(CallLog):
    """SMDR of IP Office with 30 to 37 fields; nothing is carried from line to line."""

    name: ClassVar[str] = "avaya_ipoffice"
    title: ClassVar[str] = "Avaya IP Office call records (SMDR)"
    references: ClassVar[tuple[str, ...]] = (
        "Avaya IP Office, SMDR fields and SMDR examples (Web Manager help)",
        "Avaya B5800 Branch Gateway Manager 10.0, 15-601011, appendix SMDR",
    )

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say."""
        parts = [(timed(complete(rows), self.context.zone), rejects) for rows, rejects in WIDTHS.read(lines)]
        return replace(tell(parts, FAULTS, lambda rows: legs(rows, self.context.force)), state=state)

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return the share of the first lines that start like a record and are as wide as one, at most 0.95."""
        lines = [line for line in sample.decode("utf-8", "replace").splitlines()[:_LOOKED_AT] if line.strip()]
        if not lines:
            return 0.0
        likely = pl.Series(lines).str.contains(_LIKELY)
        wide = [FEWEST <= line.count(",") + 1 <= MOST for line in lines]
        return 0.95 * sum(map(bool.__and__, likely, wide)) / len(lines)
