"""What a configuration says of a log whose fields it maps itself: which of its columns becomes which field, and how.

It must never read a record. `mapping_faults` finds what is wrong with a mapping, all of it at once.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from parsers.event import Family
from parsers.format import FormatOptions
from parsers.mapping_faults import Refusal, mapping_faults
from parsers.mapping_fields import FIELDS

# The kind of error that the configuration shows with `why` and `hint`.
_REFUSED: Final = "refused"


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


# One text, or a list of them. A list is no tuple yet, since the faults are found over the raw table.
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class FieldTable(FormatOptions):
    """Where one field comes from, and how it is read; a text or a list alone is its `read`.

    read: columns or paths; several are joined by `join`, those that are empty left out. value: the same text for every
    record, instead of `read`. codes: what values stand for, compared without regard to capitals; otherwise: what a
    value stands for that codes lack (itself if not given); default: the value of records that give none.
    separator: what stands between the values of a list. format: notations of a time, the first that fits holds;
    zone: of times that name none, instead of the source's.
    """

    read: Texts = ()
    value: str | None = None
    join: str = " "
    codes: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    default: str | None = None
    separator: str | None = None
    format: Texts = ()
    zone: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"read": data} if isinstance(data, str | list | tuple) else data


class SubjectTable(FormatOptions):
    """Where the key of one kind of subject comes from; a text alone is its `key`.

    key: a key as it is. surname, forename, born, born_format: parts of a person's; postcode, number: of an address's.
    """

    key: str | None = None
    surname: str | None = None
    forename: str | None = None
    born: str | None = None
    born_format: Texts = ()
    postcode: str | None = None
    number: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"key": data} if isinstance(data, str) else data

    def reads(self) -> tuple[str, ...]:
        """Return the columns or paths it is made from."""
        parts = (self.key, self.surname, self.forename, self.born, self.postcode, self.number)
        return tuple(part for part in parts if part)


class MappingOptions(FormatOptions):
    """A mapping; formats add how their lines are cut.

    family: of the events. fields: field -> where it comes from; without any, the record names them as we do.
    subjects: kind of subject -> its key; the first that a record gives holds.
    """

    family: Family = "access"
    fields: dict[str, FieldTable] = Field(default_factory=dict)
    subjects: dict[str, SubjectTable] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _tell_every_fault(cls, raw: Any, validate: ModelWrapValidatorHandler[Any]) -> Any:
        if not isinstance(raw, dict):
            return validate(raw)
        found = [_refused(refusal) for refusal in cls.faults(raw)]
        try:
            options = validate(raw)
        except ValidationError as error:
            found = [*map(_again, error.errors(include_url=False)), *found]
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return options

    @classmethod
    def faults(cls, raw: dict[str, Any]) -> list[Refusal]:
        """Return every fault of a raw table that its types do not show; formats add their own."""
        return list(mapping_faults(raw))

    @classmethod
    def own_name(cls, family: Family, field: str) -> str:
        """Return where a field is read from in logs that need no mapping."""
        del family
        return field

    @property
    def mapped(self) -> dict[str, FieldTable]:
        """Where every field comes from."""
        if self.fields:
            return self.fields
        return {field: FieldTable(read=(self.own_name(self.family, field),)) for field in FIELDS[self.family]}

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column or path that is read, once."""
        fields = (name for table in self.mapped.values() for name in table.read)
        subjects = (name for table in self.subjects.values() for name in table.reads())
        return tuple(dict.fromkeys((*fields, *subjects)))


def _refused(refusal: Refusal) -> InitErrorDetails:
    why = PydanticCustomError(_REFUSED, "{why}", {"why": refusal.why, "hint": refusal.hint})
    return InitErrorDetails(type=why, loc=refusal.path, input=None)


def _again(error: Any) -> InitErrorDetails:
    """Return an error as it was, to be raised beside others."""
    message = error["msg"].replace("{", "(").replace("}", ")")
    kind = PydanticCustomError(error["type"], message, error.get("ctx"))
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"])
