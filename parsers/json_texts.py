"""JSON objects, one per text, to columns of text: at columnar speed, and a text that is no object is told, alone.

It must never let one text change what becomes of another: the reader is asked again, about ever fewer, until those it
refuses are found.
"""

from __future__ import annotations

import io
import json
from typing import Any, Final

import polars as pl
from polars.datatypes import DataTypeClass

_TEXT: Final = pl.col("text")
# Lines that were cut off fail this, so that the reader need not be asked again and again because of them.
_SHAPED: Final = (
    _TEXT.str.starts_with("{") & _TEXT.str.contains(r"\}[ \t\r]*$") & ~_TEXT.str.contains("\n", literal=True)
).fill_null(value=False)
_PIECE: Final = 512


def decode_objects(texts: pl.Series, schema: pl.Schema) -> tuple[pl.DataFrame, pl.Series]:
    """Return the members that `schema` names, a row per text, and whether each text is one JSON object.

    schema: of texts, structs of these, and lists of structs. What is no text becomes the JSON of it; a text whose value
    is itself made of parts is not to be read as JSON again (the reader does not escape backslashes). A member that is
    absent or of another kind than the schema says is null; so is every member of what is no object.
    """
    frame = texts.alias("text").to_frame()
    whole = _read(frame, schema) if frame.height else schema.to_frame()
    if whole is not None:
        return whole, pl.Series([True], dtype=pl.Boolean).new_from_index(0, len(texts))
    placed = frame.with_columns(place=pl.int_range(pl.len(), dtype=pl.UInt32))
    shaped = placed.filter(_SHAPED)
    found: list[pl.DataFrame] = []
    waiting = [shaped] if shaped.height else []
    while waiting:
        piece = waiting.pop()
        read = _read(piece, schema)
        if read is None and piece.height > _PIECE:
            waiting += [piece[start : start + _PIECE] for start in range(0, piece.height, _PIECE)]
            continue
        if read is None and piece.height > 1:
            half = piece.height // 2
            waiting += [piece[:half], piece[half:]]
            continue
        if read is None:
            read = _read_leniently(piece["text"][0], schema)
        if read is not None:
            found.append(read.with_columns(piece["place"]))
    empty = schema.to_frame().with_columns(place=pl.Series([], dtype=pl.UInt32))
    told = pl.concat([empty, *found])
    is_object = placed["place"].is_in(told["place"].implode())
    return placed.select("place").join(told, on="place", how="left", maintain_order="left").drop(
        "place"
    ), is_object


def loaded(text: str) -> Any:
    """Return the value of a JSON text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read_leniently(text: str, schema: pl.Schema) -> pl.DataFrame | None:
    """Return the members of an object that does not keep to the schema; None where the text is no object."""
    told = loaded(text)
    if not isinstance(told, dict):
        return None
    return pl.DataFrame(
        {name: pl.Series([_as(told.get(name), dtype)], dtype=dtype) for name, dtype in schema.items()}
    )


def _as(value: Any, dtype: pl.DataType | DataTypeClass) -> Any:
    if isinstance(dtype, pl.Struct):
        of_struct = {field.name: field.dtype for field in dtype.fields}
        return (
            {name: _as(value.get(name), part) for name, part in of_struct.items()}
            if isinstance(value, dict)
            else None
        )
    if isinstance(dtype, pl.List):
        return [_as(one, dtype.inner) for one in value] if isinstance(value, list) else None
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def _read(texts: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame | None:
    """Return the members; None when the reader refuses any of the texts, or its rows are not the texts."""
    if not texts.select(_SHAPED).to_series().all():
        return None
    block = texts["text"].str.join("\n").cast(pl.Binary).item() + b"\n"
    try:
        decoded = pl.read_ndjson(io.BytesIO(block), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    return decoded.select(schema.names()) if decoded.height == texts.height else None
