"""Lines of a block as a frame: text, offset, length, hash, raw bytes. The first step of every text format.

It must never lose a line: what is not text comes back as a reject, what is blank is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import polars as pl

from parsers.encodings import Encoding, decoded, is_wide, split_lines
from parsers.envelope import take_off
from parsers.format import NO_REJECTS, REJECTS_SCHEMA, Block

UTF8_BOM: Final = b"\xef\xbb\xbf"

LINES_SCHEMA: Final = pl.Schema(
    {
        "line": pl.String(),
        "log_offset": pl.Int64(),
        "log_length": pl.Int32(),
        "event_hash": pl.Binary(),
        "event_original": pl.Binary(),
    }
)
EVIDENCE: Final = ["log_offset", "log_length", "event_hash", "event_original"]

# Expressions are made once: making them costs more than a small block does.
_SIZE: Final = pl.col("event_original").bin.size().cast(pl.Int64)
_PLACE: Final = _SIZE.cum_sum() - _SIZE + pl.int_range(pl.len())
_LENGTH: Final = _SIZE.cast(pl.Int32).alias("log_length")
_REJECTED: Final = [pl.col(name).cast(dtype) for name, dtype in REJECTS_SCHEMA.items()]


@dataclass(frozen=True, slots=True)
class Lines:
    """A block cut into lines.

    total: lines in the block (newlines, plus an unterminated last line).
    text: frame of LINES_SCHEMA, one row per non-blank line that is text; `line` has no terminator, no byte-order mark
    and no envelope.
    rejects: frame of REJECTS_SCHEMA, lines that are not text, or not in the envelope they should be in.
    blank: count of blank lines, empty envelopes among them.
    spans: number of lines, by offset, of rows of `text` that are records of several lines (parsers/records.py).
    """

    total: int
    text: pl.DataFrame
    rejects: pl.DataFrame
    blank: int
    spans: Mapping[int, int] = field(default_factory=dict)

    def lines_of(self, rows: pl.DataFrame) -> int:
        """Return how many lines these rows of `text`, or what was made of them, stand for."""
        if not self.spans:
            return rows.height
        return rows.height + sum(self.spans.get(place, 1) - 1 for place in rows["log_offset"])


def cut_lines(block: Block) -> Lines:
    """Cut a block into lines, each with its evidence; `event_hash` is over the raw line without its newline."""
    if is_wide(block.encoding):
        return _cut_wide_lines(block)
    raw = block.data.split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    original = pl.Series("event_original", raw, dtype=pl.Binary)
    hashes = pl.Series("event_hash", [sha256(line).digest() for line in raw], dtype=pl.Binary)
    text, reasons = _as_text(original, block)
    frame = pl.DataFrame([text.alias("line"), hashes, original]).select(
        "line", (_PLACE + block.offset).alias("log_offset"), _LENGTH, "event_hash", "event_original"
    )
    return _sorted_out(block, frame, reasons)


def _sorted_out(block: Block, frame: pl.DataFrame, reasons: pl.Series | None) -> Lines:
    """Part a frame of all lines into text, rejects and blank ones; reasons: null where a line is text."""
    total, rejects = frame.height, NO_REJECTS
    if reasons is not None:
        rejects = reject(frame.with_columns(reasons.alias("reason")).filter(reasons.is_not_null()))
        frame = frame.filter(reasons.is_null())
    frame, blank = _without_blank(frame)
    if block.envelope == "syslog":
        frame, strays = _unwrapped(frame)
        frame, empty = _without_blank(frame)
        rejects, blank = in_file_order([rejects, strays], NO_REJECTS), blank + empty
    return Lines(total=total, text=frame, rejects=rejects, blank=blank)


def _without_blank(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the lines that hold anything, and how many do not."""
    blank_rows = frame["line"].str.strip_chars() == ""
    blank = int(blank_rows.sum())
    return (frame.filter(~blank_rows) if blank else frame), blank


def _unwrapped(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines with their messages alone as `line`, and the lines that have none as rejects."""
    messages, reasons = take_off(frame["line"])
    opened = frame.with_columns(messages.alias("line"))
    if reasons is None:
        return opened, NO_REJECTS
    strays = frame.with_columns(reasons.alias("reason")).filter(reasons.is_not_null())
    return opened.filter(reasons.is_null()), reject(strays)


def reject(lines: pl.DataFrame, reason: str | None = None, detail: str | None = None) -> pl.DataFrame:
    """Return lines as rejects; `reason` and `detail` fill those columns unless the frame already has them."""
    filled = lines.with_columns(
        *([] if reason is None else [pl.lit(reason).alias("reason")]),
        *(
            []
            if "detail" in lines.columns and detail is None
            else [pl.lit(detail, dtype=pl.String).alias("detail")]
        ),
    )
    return filled.select(_REJECTED)


def in_file_order(frames: list[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    """Return frames as one, sorted by `log_offset`; `empty` where none of them has a row."""
    filled = [frame for frame in frames if frame.height]
    if not filled:
        return empty
    whole = filled[0] if len(filled) == 1 else pl.concat(filled)
    return whole if whole["log_offset"].is_sorted() else whole.sort("log_offset")


def _as_text(raw: pl.Series, block: Block) -> tuple[pl.Series, pl.Series | None]:
    """Decode the lines of `block`; the second value gives a reject reason per line, None when every line is text."""
    if block.data.isascii() and b"\0" not in block.data:
        text = raw.cast(pl.String)
        return (text.str.strip_suffix("\r") if b"\r" in block.data else text), None
    nul = raw.bin.contains(b"\0")
    if nul.any():
        raw = raw.clone().scatter(nul.arg_true(), [line.lstrip(b"\0") for line in raw.filter(nul)])
    # A byte-order mark stands at the start of a file, and in its middle where files were concatenated.
    text = _decoded(raw, block.encoding).str.strip_prefix("\ufeff").str.strip_suffix("\r")
    nul = raw.bin.contains(b"\0")
    if not nul.any() and not text.null_count():
        return text, None
    reason = pl.when("nul").then(pl.lit("binary")).when(pl.col("text").is_null()).then(pl.lit("not_text"))
    return text, pl.select(nul=nul, text=text).select(reason).to_series()


def _decoded(raw: pl.Series, encoding: Encoding) -> pl.Series:
    """Return the lines as text, null where they are none in the encoding."""
    try:
        return raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(raw.name, [decoded(line, encoding) for line in raw], dtype=pl.String)


def _cut_wide_lines(block: Block) -> Lines:
    """Cut a block of UTF-16: the evidence is its raw bytes, of which a newline takes two."""
    raw = split_lines(block.data, block.encoding)
    text = pl.Series("line", [decoded(line, block.encoding) for line in raw], dtype=pl.String)
    text = text.str.strip_chars_start("\0").str.strip_prefix("\ufeff").str.strip_suffix("\r")
    hashes = pl.Series("event_hash", [sha256(line).digest() for line in raw], dtype=pl.Binary)
    original = pl.Series("event_original", raw, dtype=pl.Binary)
    place = _PLACE + pl.int_range(pl.len()) + block.offset
    frame = pl.DataFrame([text, hashes, original]).select(
        "line", place.alias("log_offset"), _LENGTH, "event_hash", "event_original"
    )
    reason = pl.when(text.is_null()).then(pl.lit("not_text")).when(text.str.contains("\0", literal=True))
    return _sorted_out(block, frame, pl.select(reason.then(pl.lit("binary"))).to_series())


def record_identity(source: str, own: pl.Expr | None = None) -> pl.Expr:
    """Return the event id: source, the record's own identifier (else byte offset and line hash), and its `timestamp`.

    The fallback follows content, not inodes: a copied, renamed or re-created file yields the same ids, so the same
    record delivered twice is one event. Where `own` is null or empty on a row, that row gets the fallback. The time
    is in it because systems use numbers again, and zones are configured anew: one id never means two times.
    """
    prefix, at = pl.lit(f"{source}:"), pl.concat_str(pl.lit("@"), pl.col("timestamp").to_physical())
    place, content = pl.col("log_offset"), pl.col("event_hash")
    if own is None:
        return pl.concat_str(_place_and_content(prefix, place, content), at).alias("event_id")
    own = own.str.strip_chars().replace("", None)
    nameless = own.is_null()
    # Masked first: rows that have a name of their own cost nothing here.
    by_place = _place_and_content(prefix, pl.when(nameless).then(place), pl.when(nameless).then(content))
    return pl.concat_str(pl.coalesce(pl.concat_str(prefix, own), by_place), at).alias("event_id")


def _place_and_content(prefix: pl.Expr, offset: pl.Expr, content: pl.Expr) -> pl.Expr:
    return pl.concat_str(prefix, offset.cast(pl.String), pl.lit("-"), content.bin.head(8).bin.encode("hex"))
