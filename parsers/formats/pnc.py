"""PNC transaction log in the neutral form: delimited text whose header names the columns. Never loses a line.

No public document gives the layout of a force's export, so columns go by name, and names and codes by configuration.
Sample:

    txn_datetime,system,txn_code,user_id,terminal_id,originator,subject_type,subject_key,result,txn_ref
    2026-03-03T14:02:11,pnc,#VE,jbriar,T0417,BRIAR 4471/STOP/HIGH ST,vehicle,AB12 CDE,hit,88120417

References:
- docs/formats/pnc.md: the columns, the configuration, identity and quirks.
- Cheshire Constabulary, freedom of information request 2951 (2011): the originator line, 4 to 53 characters.
- Leveson Inquiry transcripts (2012): reason codes, and a longer justification on about one check in ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final
from zlib import crc32

import polars as pl

from parsers.delimited import split_fields, split_header
from parsers.event import SCHEMA, Family, conform
from parsers.format import REJECTS_SCHEMA, Block, Format, FormatOptions, Parsed
from parsers.lines import EVIDENCE, cut_lines, record_identity, reject
from parsers.originator import PARTS as ORIGINATOR_PARTS
from parsers.originator import read_originators
from parsers.pnc_options import COLUMNS, REQUIRED, Layout, PncOptions, likeness, read_layout
from parsers.subjects import (
    SUBJECT_TYPE_SYNONYMS,
    canonical_account,
    canonical_subject_type,
    canonical_terminal,
    key_by_kind,
)
from parsers.times import LOG_YEARS, iso_times

SEPARATORS: Final = (",", ";", "|", "\t")
_LOOKED_AT: Final = 20
_NOTHING: Final = pl.lit(None, dtype=pl.String)
_TOLD: Final = tuple(
    pl.col(name).fill_null("")
    for name in ("user_id", "txn_code", "subject_type", "subject_key", "enquiry_text")
)
_OWN_IDENTITY: Final = pl.concat_str("txn_ref", pl.lit("@"), "txn_datetime", pl.lit("-"), "fingerprint")


class Pnc(Format):
    """Neutral PNC (and LEDS) transaction log; `state` is the header line in force."""

    name: ClassVar[str] = "pnc"
    title: ClassVar[str] = "PNC and LEDS transaction log, neutral delimited form"
    families: ClassVar[tuple[Family, ...]] = ("access",)
    references: ClassVar[tuple[str, ...]] = (
        "docs/formats/pnc.md",
        "Cheshire Constabulary, freedom of information request 2951 (28 February 2011)",
        "Leveson Inquiry, transcripts of 2012: PNC Guard, reason codes and justifications",
    )
    Options: ClassVar[type[FormatOptions]] = PncOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went; `state` is the last header line seen in the file."""
        cut = cut_lines(block)
        is_header = self._is_header(cut.text)
        headers = cut.text.filter(is_header)["line"]
        counts = {"blank": cut.blank, "header": headers.len(), "comment": 0}
        events = [SCHEMA["access"].to_frame()]
        rejects = [cut.rejects]
        for header, lines in _by_header(cut.text, is_header, state):
            layout = self._layout(header)
            records = _without_comments(lines, layout)
            counts["comment"] += lines.height - records.height
            if layout is None:
                rejects.append(reject(records, "no_header"))
                continue
            fields, misshapen = self._read(records, layout)
            fit, unfit = self._separate(fields)
            events.append(self._events(fit, block.file))
            rejects += [misshapen, unfit]
        access = pl.concat(events)
        return Parsed(
            lines=cut.total,
            events={"access": access.sort("log_offset") if len(events) > 2 else access},
            event_lines=access.height,
            rejects=pl.concat(rejects).sort("log_offset"),
            non_records={kind: count for kind, count in counts.items() if count},
            state=headers[-1] if headers.len() else state,
            unknown_codes=self._unknown_codes(access),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.9 or more where a line names our required columns, less for a few of the others, else 0."""
        text = sample.decode("utf-8", "replace").replace("\ufeff", "")
        likely = [line for line in text.splitlines()[:_LOOKED_AT] if line and not line.startswith("#")]
        names = (split_header(line, separator=mark) for line in likely for mark in SEPARATORS)
        return max(map(likeness, names), default=0.0)

    def _layout(self, header: str) -> Layout | None:
        options: PncOptions = self.options
        names = split_header(header, separator=options.separator) if header else options.header
        return read_layout(names, options.columns)

    def _is_header(self, lines: pl.DataFrame) -> pl.Series:
        """Return which lines are headers: the few that hold the required names are looked at one by one."""
        options: PncOptions = self.options
        line = pl.col("line")
        names = [re.escape(options.columns.get(name, name).strip()) for name in REQUIRED]
        likely = lines
        for name in names:
            likely = likely.filter(line.str.contains(f"(?i){name}"))
        headers = [text for text in likely["line"].unique() if self._layout(text) is not None]
        return lines["line"].is_in(headers) if headers else pl.repeat(False, lines.height, eager=True)

    def _read(self, records: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the records with COLUMNS (trimmed text, null where empty or absent) beside the evidence, and rejects."""
        names = [f"field_{position}" for position in range(layout.width)]
        fields, kept, rejects = split_fields(records, names, separator=self.options.separator)
        written = {name: pl.col(f"field_{position}") for name, position in layout.positions.items()}
        columns = [
            (pl.when(written[name] != "").then(written[name]) if name in written else _NOTHING).alias(name)
            for name in COLUMNS
        ]
        trimmed = fields.select(column.str.strip_chars() for column in written.values())
        frame = trimmed.with_columns(fields[f"field_{layout.positions['user_id']}"].alias("user_name"))
        frame = frame.select(*columns, "user_name")
        return frame.hstack(kept.select(EVIDENCE)), rejects

    def _separate(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the records that can be events, their times beside them, and the others as rejects."""
        timed = records.hstack(iso_times(records["txn_datetime"], self.context.zone))
        year = pl.col("timestamp").dt.year()
        fit = pl.col("user_id").is_not_null() & year.is_between(*LOG_YEARS).fill_null(value=False)
        is_fit = timed.select(fit).to_series()
        if is_fit.all():
            return timed, REJECTS_SCHEMA.to_frame()
        unfit = timed.filter(~is_fit)
        empty = pl.coalesce(pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in REQUIRED)
        detail = pl.coalesce(empty, pl.lit("txn_datetime")).alias("detail")
        reason = pl.when(empty.is_not_null()).then(pl.lit("missing_field")).otherwise(pl.lit("bad_time"))
        return timed.filter(is_fit), reject(unfit.with_columns(reason.alias("reason"), detail))

    def _events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return records as access events."""
        raw = pl.col("event_original") if self.context.keep_raw else pl.lit(None)
        known = records.hstack(read_originators(records["originator"])).with_columns(
            _fingerprints(records),
            canonical_subject_type(pl.col("subject_type")).alias("kind"),
            pl.col("subject_key").str.to_uppercase().alias("key"),
            _result().alias("result"),
        )
        events = known.with_columns(self._kind(), _OWN_IDENTITY.alias("own_identity")).select(
            record_identity(self.context.source, pl.col("own_identity")),
            "timestamp",
            pl.lit(self.context.source).alias("source"),
            pl.lit(self.name).alias("event_module"),
            pl.lit(self.context.site or None, dtype=pl.String).alias("observer_name"),
            pl.col("txn_code").alias("event_code"),
            self._action().alias("event_action"),
            _outcome().alias("event_outcome"),
            self._reason().alias("event_reason"),
            canonical_account(pl.col("user_id")).alias("user_id"),
            "user_name",
            canonical_terminal(pl.col("terminal_id")).alias("source_address"),
            "time_zone_source",
            "time_uncertainty_seconds",
            pl.lit(file).alias("log_file"),
            "log_offset",
            "log_length",
            "event_hash",
            raw.alias("event_original"),
            pl.col("user_force").alias("organization_name"),
            pl.col("kind").alias("subject_type"),
            key_by_kind(pl.col("kind"), pl.col("key")).alias("subject_key"),
            pl.col("system").str.to_lowercase().fill_null(self.options.system).alias("pnc_system"),
            _query().alias("pnc_query"),
            pl.col("originator").alias("pnc_originator_text"),
            *ORIGINATOR_PARTS,
            pl.col("reason_code").alias("pnc_reason_code"),
            pl.col("justification").alias("pnc_justification"),
            pl.col("result").alias("pnc_result"),
            _hits().alias("pnc_hit_count"),
            pl.col("incident_ref").alias("pnc_incident_ref"),
            pl.col("txn_ref").alias("pnc_txn_ref"),
        )
        return conform(events, "access")

    def _action(self) -> pl.Expr:
        table = {_folded(code): f"pnc-{meaning.action}" for code, meaning in self.options.codes.items()}
        return _look_up(pl.col("txn_code"), table).fill_null("pnc-enquiry")

    def _kind(self) -> pl.Expr:
        """Return the kind of subject as the record gives it, else as the transaction code implies it."""
        table = {_folded(code): meaning.object for code, meaning in self.options.codes.items()}
        implied = {code: kind for code, kind in table.items() if kind is not None}
        return pl.coalesce("kind", _look_up(pl.col("txn_code"), implied)).alias("kind")

    def _reason(self) -> pl.Expr:
        """Return the text of the reason code (else the code), and the justification behind a colon."""
        table = {_folded(code): text for code, text in self.options.reasons.items()}
        reason = pl.coalesce(_look_up(pl.col("reason_code"), table), "reason_code")
        return _joined(reason, pl.col("justification"), separator=": ")

    def _unknown_codes(self, events: pl.DataFrame) -> dict[str, int]:
        options: PncOptions = self.options
        tables = (
            ("txn_code", "event_code", options.codes),
            ("reason_code", "pnc_reason_code", options.reasons),
        )
        unknown: dict[str, int] = {}
        for kind, column, table in tables:
            if table:
                codes = events[column].drop_nulls().str.to_uppercase()
                strange = codes.filter(~codes.is_in([_folded(code) for code in table])).value_counts(
                    sort=False
                )
                unknown |= {f"{kind}:{code}": count for code, count in sorted(strange.iter_rows())}
        return unknown


def _by_header(lines: pl.DataFrame, is_header: pl.Series, state: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the lines that are no headers under each distinct header line, the one carried in `state` among them."""
    if not is_header.any():
        yield state, lines
        return
    in_order = [state, *lines.filter(is_header)["line"]]
    number = {text: number for number, text in enumerate(dict.fromkeys(in_order))}
    section = is_header.cast(pl.UInt32).cum_sum()
    header = pl.Series("header", [number[text] for text in in_order], dtype=pl.UInt32).gather(section)
    marked = lines.with_columns(header).filter(~is_header)
    texts = list(number)
    for (own,), group in marked.partition_by("header", as_dict=True, include_key=False).items():
        yield texts[int(str(own))], group


def _without_comments(lines: pl.DataFrame, layout: Layout | None) -> pl.DataFrame:
    """Return the lines that do not start with `#`; where transaction codes come first, records do."""
    if layout is not None and layout.positions.get("txn_code") == 0:
        return lines
    comment = lines["line"].str.starts_with("#")
    return lines.filter(~comment) if comment.any() else lines


def _fingerprints(records: pl.DataFrame) -> pl.Series:
    """Return a short checksum of who asked what, in the same words wherever the columns stand."""
    told = pl.concat_str(_TOLD, separator="\x1f", ignore_nulls=False)
    texts = records.select(told.cast(pl.Binary)).to_series().to_list()
    return pl.Series("fingerprint", list(map(crc32, texts)), dtype=pl.UInt32)


def _look_up(code: pl.Expr, table: dict[str, str]) -> pl.Expr:
    """Return what `table`, with keys in capitals, says of codes; null where it says nothing."""
    if not table:
        return _NOTHING
    return code.str.to_uppercase().replace_strict(table, default=None, return_dtype=pl.String)


def _folded(code: str) -> str:
    return code.strip().upper()


def _result() -> pl.Expr:
    return pl.col("result").str.to_lowercase().str.replace(r"^no[ -]?trace$", "no_trace")


def _outcome() -> pl.Expr:
    """Return success where the system answered, hit or not."""
    result = pl.col("result")
    answered = pl.when(result.is_in(["hit", "no_trace"])).then(pl.lit("success"))
    return answered.when(result == "error").then(pl.lit("failure")).otherwise(pl.lit("unknown"))


def _hits() -> pl.Expr:
    """Return the number of hits; null where it is not a whole number, which costs nobody the event."""
    hits = pl.col("hit_count").cast(pl.Int32, strict=False)
    return pl.when(hits >= 0).then(hits)


def _query() -> pl.Expr:
    """Return the enquiry as typed; a subject type that we call otherwise is kept in front of it."""
    kind = pl.col("subject_type").str.to_lowercase()
    renamed = pl.when(kind.is_in(list(SUBJECT_TYPE_SYNONYMS))).then(kind)
    return _joined(renamed, pl.col("enquiry_text"), separator=": ")


def _joined(first: pl.Expr, second: pl.Expr, *, separator: str) -> pl.Expr:
    return (
        pl.when(first.is_null())
        .then(second)
        .when(second.is_null())
        .then(first)
        .otherwise(pl.concat_str(first, second, separator=separator))
    )
