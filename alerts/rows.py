"""Many rows of one table updated at once. It must never touch a row that is not named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.orm import InstrumentedAttribute


def update_rows(conn: Connection, key: InstrumentedAttribute[str], rows: Sequence[dict[str, Any]]) -> None:
    """Update rows of the key's table; each row names its key as "id", and all have the same columns."""
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "id"}
        conn.execute(update(key.class_).where(key == bindparam("id")).values(values), rows)
