"""Every key of a TOML file is found on its line, whatever stands around it."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auditd.config.faults import KeyPath
from auditd.config.locate import key_lines, nearest_line

TRICKY = '''\
top = 1
[a]
b.c = 2           # dotted
text = """
[not.a.table]
fake = 1
"""
list = [
  "]", # ]
  { x = 1 },
]
after = 3
"quoted key" = 4
[[s]]
n = 1
[s.inner]
k = 1
[[s]]
n = 2
[s.inner]
k = 2
'''


def test_tricky_keys_are_found() -> None:
    lines = key_lines(TRICKY)
    expected: dict[KeyPath, int] = {
        ("top",): 1,
        ("a",): 2,
        ("a", "b", "c"): 3,
        ("a", "text"): 4,
        ("a", "list"): 8,
        ("a", "after"): 12,
        ("a", "quoted key"): 13,
        ("s",): 14,
        ("s", 0): 14,
        ("s", 0, "n"): 15,
        ("s", 0, "inner"): 16,
        ("s", 0, "inner", "k"): 17,
        ("s", 1): 18,
        ("s", 1, "n"): 19,
        ("s", 1, "inner"): 20,
        ("s", 1, "inner", "k"): 21,
    }
    assert lines == expected


def test_what_has_no_line_of_its_own_is_found_at_what_holds_it() -> None:
    lines = key_lines(TRICKY)
    assert nearest_line(lines, ("a", "list", 1, "x")) == 8
    assert nearest_line(lines, ("s", 1, "missing")) == 18
    assert nearest_line(lines, ("nowhere",)) is None


names = st.text("abc", min_size=1, max_size=2)
values = st.sampled_from(["1", '"x"', "'#'", '["[", 1]', "{ a = 1 }", '"""\nz = 1\n"""', "[\n 1,\n # ]\n]"])


@given(st.dictionaries(names, st.dictionaries(names, values, min_size=1), min_size=1))
def test_each_line_found_holds_its_key(tables: dict[str, dict[str, str]]) -> None:
    """The reader agrees with tomllib on which keys there are, and each stands where it says."""
    text = "".join(
        f"[{table}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for table, keys in tables.items()
    )
    parsed: dict[str, dict[str, Any]] = tomllib.loads(text)
    found = key_lines(text)
    assert set(found) == {(t,) for t in parsed} | {(t, k) for t, keys in parsed.items() for k in keys}
    rows = text.splitlines()
    assert all(rows[line - 1].startswith(f"{path[1]} =") for path, line in found.items() if len(path) == 2)
