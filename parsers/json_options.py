"""What the configuration says of one log of JSON lines: paths to what is read of each object. Never reads a record."""

from __future__ import annotations

from typing import Any, Final

from parsers.event import FAMILIES, Family
from parsers.json_paths import MOST_STEPS, is_list, read_path, tree
from parsers.mapping import MappingOptions
from parsers.mapping_faults import Refusal, reads_of
from parsers.mapping_fields import FIELDS, LISTS, ecs_path

_HOW: Final = (
    f'write it like actor.id, names[0].text, recipients[].address or "user.id", {MOST_STEPS} steps at most'
)


class JsonLinesOptions(MappingOptions):
    """The mapping (parsers/mapping.py); what is read are paths into an object (parsers/json_paths.py)."""

    @classmethod
    def faults(cls, raw: dict[str, Any]) -> list[Refusal]:
        """Return the faults of the mapping and of its paths."""
        return [*super().faults(raw), *_path_faults(raw)]

    @classmethod
    def own_name(cls, family: Family, field: str) -> str:
        """Return the path in logs that use the names of the Elastic Common Schema."""
        return ecs_path(family, field)


def _path_faults(raw: dict[str, Any]) -> list[Refusal]:
    found: list[Refusal] = []
    read = []
    for place, text in reads_of(raw):
        path = read_path(text)
        if path is None:
            found.append(Refusal(place, f"{text!r} is not a path", _HOW))
            continue
        read.append((place, text, path))
        if is_list(path) and not _takes_lists(place):
            found.append(
                Refusal(place, f"{text!r} leads to a list, and this is one value", "write [0] for the first")
            )
    _, contradicting = tree([path for _, _, path in read])
    for number in contradicting:
        place, text, _ = read[number]
        why = f"{text!r} contradicts a path above: one place is a value, an object or an array"
        found.append(Refusal(place, why, "map the value or what is inside it"))
    return found


def _takes_lists(place: tuple[str | int, ...]) -> bool:
    kinds = [FIELDS[family].get(str(place[1])) for family in FAMILIES]
    return place[0] == "fields" and any(kind in LISTS for kind in kinds)
