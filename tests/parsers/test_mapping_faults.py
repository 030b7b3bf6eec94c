"""A mapping with mistakes: `check` tells every one of them, each with its key and line, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditd.config import ConfigError, load

SOURCE = '[[sources]]\nname = "a"\nfiles = ["a.csv"]\nformat = "{format}"\n[sources.options]\n'
GOOD = 'fields.timestamp = "When"\nfields.user_id = "Who"\n'
CALL = 'family = "call"\nfields.timestamp = "When"\nfields.call_from = "From"\n'


def faults(folder: Path, options: str, kind: str = "delimited") -> dict[str, str]:
    """Every fault of a source with these options: key within the options -> why and hint."""
    file = folder / "a.toml"
    file.write_text(SOURCE.format(format=kind) + options, "utf-8")
    try:
        load(file)
    except ConfigError as error:
        found = error.faults
    else:
        return {}
    assert all(fault.line for fault in found)
    return {fault.key.removeprefix("sources[0].options."): f"{fault.why} ({fault.hint})" for fault in found}


def test_all_faults_are_told_together_and_each_says_where(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(
        SOURCE.format(format="delimited")
        + 'separator = "::"\n'
        + 'skip_lines = "2"\n'
        + "[sources.options.fields]\n"
        + 'timestamp = { read = ["Day", "Hour"], format = "%d/%m/%Y" }\n'
        + 'usr_id = "Who"\n'
        + 'call_from = "From"\n'
        + 'event_outcome = { read = "Ok", codes = { y = "fine" } }\n'
        + "[sources.options.subjects]\n"
        + 'person = { surname = "Name" }\n',
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load(file)
    found = {(fault.line, fault.key.removeprefix("sources[0].options.")) for fault in caught.value.faults}
    assert found == {
        (6, "separator"),
        (7, "skip_lines"),
        (8, "fields"),
        (9, "fields.timestamp.format"),
        (10, "fields.usr_id"),
        (11, "fields.call_from"),
        (12, "fields.event_outcome.codes.y"),
        (14, "subjects.person"),
    }


@pytest.mark.parametrize(
    ("options", "key", "why"),
    [
        ('family = "calls"\n' + GOOD, "family", "must be 'access', 'email', 'call' or 'web'"),
        (GOOD + 'fields.usr_nam = "x"', "fields.usr_nam", "did you mean 'user_name'?"),
        (GOOD + 'fields.call_from = "x"', "fields.call_from", "is a field of family call"),
        (GOOD + 'fields.event_id = "x"', "fields.event_id", "map 'record_id' instead"),
        (GOOD + 'fields.call_direction = "x"', "fields.call_direction", "it is made from the others"),
        (GOOD + "fields.event_code = 3", "fields.event_code", "must be a table"),
        (GOOD + 'fields.event_code = { reed = "x" }', "fields.event_code.reed", "did you mean 'read'?"),
        (GOOD + "fields.event_code = {}", "fields.event_code", "needs `read` or `value`"),
        (GOOD + 'fields.event_code = { read = "x", value = "y" }', "fields.event_code", "has both"),
        (GOOD + 'fields.event_code = { read = "x", zone = "UTC" }', "fields.event_code.zone", "is for times"),
        (GOOD + 'fields.event_code = { read = "x", separator = ";" }', "fields.event_code.separator", "lists"),
        (GOOD + 'fields.event_code = ["x", ""]', "fields.event_code.read", "holds an empty name"),
        (GOOD + 'fields.event_code = { read = "x", otherwise = "y" }', "fields.event_code.otherwise", "needs `codes`"),
        (GOOD + 'fields.pnc_hit_count = { read = "x", codes = { a = "1" } }', "fields.pnc_hit_count.codes", "not apply"),
        (GOOD + 'fields.pnc_result = { value = "yes" }', "fields.pnc_result.value", "it is hit, no_trace, error"),
        (GOOD + 'fields.event_code = { read = "x", codes = { a = "1", A = "2" } }', "fields.event_code.codes.A", "twice"),
        ('fields.user_id = "Who"\nfields.timestamp = { value = "now" }', "fields.timestamp.value", "use `read`"),
        ('fields.user_id = "Who"', "fields", "timestamp must be mapped"),
        ('fields.timestamp = "When"', "fields", "user_id must be mapped for family access"),
        ('family = "call"\nfields.timestamp = "When"', "fields", "call_to_dialled or call_to_final or call_from"),
        (CALL + 'subjects.vehicle = "VRM"', "subjects", "events of family call have no subject"),
        (GOOD + 'subjects.vehicl = "VRM"', "subjects.vehicl", "did you mean 'vehicle'?"),
        (GOOD + 'subjects.vehicle = { surname = "S" }', "subjects.vehicle.surname", "no part of the key"),
        (GOOD + 'subjects.address = { postcode = "P" }', "subjects.address", "needs `key`"),
        (GOOD + 'subjects.person = { key = "K", surname = "S" }', "subjects.person", "lacks `forename` and `born`"),
        (
            GOOD + 'subjects.person = { surname = "S", forename = "F", born = "B", born_format = "%d/%m/%y" }',
            "subjects.person.born_format",
            "which century",
        ),
        ('subjects.vehicle = "VRM"', "fields", "is missing"),
        (GOOD + 'columns = ["When", "who", "WHO"]', "columns", "names 'WHO' twice"),
        (GOOD + 'columns = ["When", "Whom"]', "fields.user_id", "did you mean 'Whom'?"),
        (GOOD + "skip_lines = -1", "skip_lines", "greater than or equal to 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_a_way_out(tmp_path: Path, options: str, key: str, why: str) -> None:
    found = faults(tmp_path, options)
    assert why in found[key]


@pytest.mark.parametrize(
    ("notation", "why"),
    [
        ("%d/%m/%Y", "the pattern needs the hour"),
        ("%d/%m/%Y %I:%M", "%I with %p"),
        ("%H:%M", "needs a year, a month and a day"),
        ("%d/%m/%Y %H", "needs the minute"),
        ("%d/%m/%Y %H:%M %Q", "'%Q' is not understood"),
        ("%d/%m/%Y %H:%M:%M", "'%M' stands twice"),
        ("DD/MM/YYYY", "is no notation of times"),
        ("epoch", "epoch_seconds"),
    ],
)
def test_a_notation_of_times_that_cannot_be_read_is_told(tmp_path: Path, notation: str, why: str) -> None:
    options = f'fields.user_id = "Who"\nfields.timestamp = {{ read = "When", format = "{notation}" }}'
    assert why in faults(tmp_path, options)["fields.timestamp.format"]


def test_a_zone_that_does_not_exist_is_told(tmp_path: Path) -> None:
    options = 'fields.user_id = "Who"\nfields.timestamp = { read = "When", zone = "Europe/Leeds" }'
    assert "there is no time zone" in faults(tmp_path, options)["fields.timestamp.zone"]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a..b", "is not a path"),
        ("a[b]", "is not a path"),
        ("[0]", "is not a path"),
        ("a[].b[]", "is not a path"),
        ("a[].b", "write [0] for the first"),
        ("who.name", "contradicts a path above"),
        ("who[0]", "contradicts a path above"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(tmp_path: Path, path: str, why: str) -> None:
    options = f'fields.timestamp = "when"\nfields.user_id = "who"\nfields.event_code = \'{path}\''
    assert why in faults(tmp_path, options, "jsonlines")["fields.event_code"]


@pytest.mark.parametrize("kind", ["delimited", "jsonlines"])
@pytest.mark.parametrize(
    "options", ["", GOOD, CALL, 'family = "email"', GOOD + 'fields.event_code = ["a", "b"]']
)
def test_a_sound_mapping_has_no_fault(tmp_path: Path, kind: str, options: str) -> None:
    assert faults(tmp_path, options, kind) == {}
