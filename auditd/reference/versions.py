"""The versions of facts: which are known, what a file changes of them, and writing that down.

It must never change or delete a version: one that is no longer known is ended, and stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Connection, select, text, true, update

from auditd.reference.tables import ReferenceRow

KEYS_PER_QUERY: Final = 500
ROWS_PER_QUERY: Final = 20_000
MOST_KEYS_ASKED: Final = 20_000
# Thousands of rows are one parameter, a JSON list: several times cheaper than a parameter for each of their values.
_ADD: Final = {
    "sqlite": """
        INSERT INTO reference_rows (feed, row_key, body, known_from, load_id)
        SELECT :feed, json_extract(came.value, '$.row_key'), json_extract(came.value, '$.body'), loads.loaded_at, loads.id
        FROM reference_loads AS loads, json_each(:rows) AS came WHERE loads.id = :load_id
    """,
    "postgresql": """
        INSERT INTO reference_rows (feed, row_key, body, known_from, load_id)
        SELECT :feed, came.row_key, came.body, loads.loaded_at, loads.id
        FROM reference_loads AS loads, json_to_recordset(CAST(:rows AS json)) AS came(row_key text, body text)
        WHERE loads.id = :load_id
    """,
}
VERSIONS: Final = pl.Schema(
    {"id": pl.Int64(), "row_key": pl.String(), "known_body": pl.String(), "load_id": pl.Int64()}
)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes known and what no longer is: `came` (row_key, body), `gone` (versions that are ended).

    corrected counts facts with a version in both; ended those that are gone for good.
    """

    came: pl.DataFrame
    gone: pl.DataFrame
    corrected: int
    ended: int


def known_versions(conn: Connection, feed: str, keys: pl.Series | None) -> pl.DataFrame:
    """Return the known versions of the facts with these keys, of every fact of the feed where keys is None."""
    if keys is None or len(keys) > MOST_KEYS_ASKED:
        return _versions(conn, feed, true())
    parts = (_versions(conn, feed, ReferenceRow.row_key.in_(part)) for part in _parts(keys, KEYS_PER_QUERY))
    return pl.concat([VERSIONS.to_frame(), *parts])


def difference(stated: pl.DataFrame, known: pl.DataFrame, withdrawn: pl.Expr) -> Change:
    """Compare what a file states (row_key, body; one row per key) with the known versions.

    withdrawn: which of the known versions the file ends by not stating them.
    """
    compared = stated.join(known, on="row_key", how="left", maintain_order="left")
    differs = pl.col("id").is_not_null() & (pl.col("body") != pl.col("known_body"))
    corrected = compared.filter(differs)
    ended = known.filter(withdrawn).join(stated, on="row_key", how="anti")
    return Change(
        # In the order of the index that holds them: several times faster to write than at random.
        came=compared.filter(pl.col("id").is_null() | differs).select("row_key", "body").sort("row_key"),
        gone=pl.concat([corrected.select(VERSIONS.names()), ended]).sort("id"),
        corrected=corrected.height,
        ended=ended.height,
    )


def write(conn: Connection, feed: str, change: Change, *, load_id: int, moment: datetime) -> None:
    """End the versions that are gone and add those that came, known from `moment`: the time of the load."""
    for ids in _parts(change.gone["id"], KEYS_PER_QUERY):
        ending = update(ReferenceRow).where(ReferenceRow.id.in_(ids))
        conn.execute(ending.values(known_to=moment, ended_by=load_id))
    adding = text(_ADD[conn.dialect.name])
    constant: dict[str, Any] = {"feed": feed, "load_id": load_id}
    one = pl.struct("row_key", "body").struct.json_encode()
    for rows in change.came.iter_slices(ROWS_PER_QUERY):
        listed = rows.select(pl.format("[{}]", one.str.join(","))).item()
        conn.execute(adding, constant | {"rows": listed})


def _versions(conn: Connection, feed: str, condition: ColumnElement[bool]) -> pl.DataFrame:
    statement = (
        select(ReferenceRow.id, ReferenceRow.row_key, ReferenceRow.body, ReferenceRow.load_id)
        .where(ReferenceRow.feed == feed, ReferenceRow.known_to.is_(None), condition)
        .execution_options(yield_per=ROWS_PER_QUERY)
    )
    frames = [VERSIONS.to_frame()]
    for batch in conn.execute(statement).partitions():
        columns = zip(VERSIONS.items(), zip(*batch, strict=True), strict=True)
        frames.append(pl.DataFrame([pl.Series(name, values, dtype) for (name, dtype), values in columns]))
    return pl.concat(frames)


def _parts(values: pl.Series, size: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield values.slice(start, size).to_list()
