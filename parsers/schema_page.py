"""Writes docs/schema.md from the event schema: `python -m parsers.schema_page > docs/schema.md`.

It must never say anything of a column that parsers/columns does not say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from parsers.columns import ACCESS, CALL, COMMON, EMAIL, WEB, Column
from parsers.format import all_formats

_TYPES: Final = {
    pl.String(): "text",
    pl.List(pl.String()): "list of text",
    pl.Binary(): "bytes",
    pl.Boolean(): "true or false",
    pl.Int32(): "integer (32 bit)",
    pl.Int64(): "integer (64 bit)",
    pl.Datetime("us", "UTC"): "time (UTC, microseconds)",
}

_INTRODUCTION: Final = """\
# Event schema

<!-- Made by `python -m parsers.schema_page` from parsers/columns: change that, then run it again. -->

An event is one row of its family's table: the common columns, then the family's own. Every column may be null, except
`event_id`, `timestamp` and `source`. Names are those of the Elastic Common Schema (ECS) with dots written as underscores;
where ECS has nothing, the column is an extension and the ECS name is empty. OCSF is the place in a document of the class
that [exports](exporting.md) use for the family; where there is none, a column stands under `unmapped`. The Parquet files of the
archive have exactly these columns, so any tool that reads Parquet can read them: `family=access/day=2026-03-03/*.parquet`. Which files count is
said by the table `segments`, see [architecture](architecture.md).
"""

_FAMILIES: Final = (
    ("access", "Look-ups, updates and other accesses to record systems.", ACCESS),
    ("email", "Messages, one row per line of the mail system's log.", EMAIL),
    ("call", "Telephone calls, one row per leg.", CALL),
    ("web", "Requests through web proxies, one row per request or tunnel.", WEB),
)


def schema_page() -> str:
    """Return the page as Markdown, with a final newline."""
    parts = [_INTRODUCTION, "## Common columns\n", *_table(COMMON)]
    for family, meaning, columns in _FAMILIES:
        formats = ", ".join(
            f"[{name}](formats/{name}.md)"
            for name, found in all_formats().items()
            if family in found.families
        )
        parts += [f"\n## Family `{family}`\n", f"{meaning} Formats: {formats}.\n", *_table(columns)]
    return "\n".join(parts) + "\n"


def _table(columns: Iterable[Column]) -> list[str]:
    rows = [
        f"| `{column.name}` | {_TYPES[column.dtype]} | {column.meaning} | {_name(column.ecs)} | {_name(column.ocsf)} |"
        for column in columns
    ]
    return ["| column | type | meaning | ECS | OCSF |", "|---|---|---|---|---|", *rows]


def _name(path: str) -> str:
    return f"`{path}`" if path else ""


if __name__ == "__main__":
    print(schema_page(), end="")
