"""The lines tests write most, under one name: what happened, and what PNC, Exchange and CUCM would have logged of it."""

from __future__ import annotations

from auditd.force.happenings import Call, Lookup, Mail
from auditd.force.lines.cucm import CUCM_COLUMNS, cucm_header, cucm_line
from auditd.force.lines.exchange import EXCHANGE_COLUMNS, exchange_header, exchange_lines
from auditd.force.lines.pnc import PNC_COLUMNS, pnc_line
from auditd.force.lines.text import LONDON, csv_line

__all__ = (
    "CUCM_COLUMNS", "EXCHANGE_COLUMNS", "LONDON", "PNC_COLUMNS", "Call", "Lookup", "Mail", "csv_line", "cucm_header",
    "cucm_line", "exchange_header", "exchange_lines", "pnc_line",
)  # fmt: skip
