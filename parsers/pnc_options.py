"""What the configuration says of one force's PNC export, and where its columns stand. Never reads a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from parsers.format import FormatOptions

COLUMNS: Final = (
    "txn_datetime", "system", "txn_code", "user_id", "user_force", "terminal_id", "originator", "reason_code",
    "justification", "enquiry_text", "subject_type", "subject_key", "result", "hit_count", "txn_ref", "incident_ref",
)  # fmt: skip
REQUIRED: Final = ("txn_datetime", "user_id")
SubjectType = Literal["person", "vehicle", "property", "address", "phone", "occurrence"]
_FEW_COLUMNS: Final = 4
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class TransactionCode(FormatOptions):
    """What one transaction code stands for: the kind of subject it is about, and what it does."""

    object: SubjectType | None = None
    action: Literal["enquiry", "update", "audit"] = "enquiry"


class PncOptions(FormatOptions):
    """Names and codes of one force's export.

    columns: our column name -> the name in its header. header: the names in file order, for files without a header.
    separator: one character. quoted_newlines: whether quoted fields may hold newlines. system: the system of records that name none. codes: what transaction codes stand for.
    reasons: text of reason codes. Codes missing from a table that is not empty are counted, never refused.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    header: tuple[str, ...] = ()
    separator: str = ","
    quoted_newlines: bool = False
    system: str = "pnc"
    codes: dict[str, TransactionCode] = Field(default_factory=dict)
    reasons: dict[str, str] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(columns) - set(COLUMNS))
        if unknown:
            raise ValueError(f"no such column: {', '.join(unknown)}; the columns are {', '.join(COLUMNS)}")
        return columns

    @field_validator("separator")
    @classmethod
    def _separator_is_one_mark(cls, separator: str) -> str:
        if len(separator) != 1 or not separator.isascii() or separator.isalnum() or separator in "\"'\r\n":
            raise ValueError('the separator must be one character such as "," ";" "|" or a tab')
        return separator

    @model_validator(mode="after")
    def _header_has_what_is_required(self) -> PncOptions:
        if self.header and read_layout(self.header, self.columns) is None:
            names = " and ".join(self.columns.get(name, name) for name in REQUIRED)
            raise ValueError(f"header must name {names}, and none of the columns twice")
        return self


@dataclass(frozen=True, slots=True)
class Layout:
    """Where our columns stand in a file: position by name, and the number of fields of a record."""

    positions: dict[str, int]
    width: int


def read_layout(names: Sequence[str], renamed: Mapping[str, str]) -> Layout | None:
    """Return the layout that header `names` give; None unless they name the required columns, and none twice.

    A line that holds a date is no header: so nobody can have a record taken for one by what they type into it.
    """
    given = [name.strip().casefold() for name in names]
    wanted = {name: renamed.get(name, name).strip().casefold() for name in COLUMNS}
    positions = {name: given.index(theirs) for name, theirs in wanted.items() if theirs in given}
    twice = any(given.count(wanted[name]) > 1 for name in positions)
    if twice or any(name not in positions for name in REQUIRED) or any(map(_DATE.search, given)):
        return None
    return Layout(positions=positions, width=len(given))


def likeness(names: Sequence[str]) -> float:
    """Return how sure it is, from 0 to 1, that `names` are a header in our own words."""
    layout = read_layout(names, {})
    known = len({name.casefold() for name in names} & set(COLUMNS))
    if layout is not None:
        return 0.9 + 0.1 * known / len(COLUMNS)
    return known / len(COLUMNS) if known >= _FEW_COLUMNS else 0.0
