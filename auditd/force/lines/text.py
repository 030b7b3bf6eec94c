"""What the lines of several formats have in common: London time and quoted fields."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")
_ODD: Final = re.compile('[",\r\n]')


def csv_line(values: Iterable[str]) -> str:
    """Return one CSV line with newline, quoted where needed."""
    cells = list(values)
    plain = ",".join(cells)
    if plain.count(",") == len(cells) - 1 and not _ODD.search(plain.replace(",", "")):
        return plain + "\n"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def local(at: datetime) -> datetime:
    """Return an aware time as London's clocks show it, without zone."""
    return at.astimezone(LONDON).replace(tzinfo=None)
