"""Every line of a feed file ends as a record or as a fault, whatever its quotes do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditd.reference.records import FeedRefused, read_header, read_records


def records(text: str | bytes) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    data = text.encode() if isinstance(text, str) else text
    good, faults = [], []
    for chunk in read_records(data):
        good += list(zip(chunk.lines, chunk.rows, strict=True))
        faults += chunk.faults
    return good, faults


def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_any_value() -> None:
    data = b"\xef\xbb\xbfa,b\r\n1,2\r\n"
    assert read_header(data) == ["a", "b"]
    assert records(data) == ([(2, ["1", "2"])], [])


def test_a_quoted_value_may_hold_commas_quotes_and_line_breaks() -> None:
    good, faults = records('a,b,c\n1,"x, ""y""\nz",3\n4,5,6\n')
    assert (good, faults) == ([(2, ["1", 'x, "y"\nz', "3"]), (4, ["4", "5", "6"])], [])


def test_two_open_quotes_far_apart_swallow_nothing_between_them() -> None:
    between = "".join(f"{number},x,y\n" for number in range(100))
    good, faults = records(f'a,b,c\n1,"x,y\n{between}2,x",y\n')
    assert [row[0] for _, row in good] == [str(number) for number in range(100)]
    assert faults == [(2, "unbalanced_quote"), (103, "unbalanced_quote")]


def test_a_quote_open_to_the_end_of_the_file_loses_only_its_own_line() -> None:
    assert records('a,b\n1,"2\n\n3,4\n') == ([(4, ["3", "4"])], [(2, "unbalanced_quote")])


def test_rows_of_the_wrong_width_and_lines_that_are_not_text_are_faults() -> None:
    good, faults = records(b"a,b\n1\n1,2,3\n\xff,2\n\x00,2\n1,2\n\n")
    assert good == [(6, ["1", "2"])]
    assert faults == [
        (2, "too_few_fields"),
        (3, "too_many_fields"),
        (4, "not_text"),
        (5, "not_text"),
    ]


def test_lines_with_nothing_but_separators_are_blank() -> None:
    assert records("a,b,c\n,,\n1,2,3\n , ,\n\n") == ([(3, ["1", "2", "3"])], [])


def test_text_after_a_closing_quote_is_a_fault() -> None:
    assert records('a,b\n1,"2"x\n') == ([], [(2, "bad_quoting")])


@pytest.mark.parametrize("data", [b"", b"\n \n", "a,b\n".encode("utf-16"), b"\xff\xfea,b\n", b'"a"b,c\n'])
def test_a_file_without_a_readable_header_is_refused(data: bytes) -> None:
    with pytest.raises(FeedRefused):
        read_header(data)


@given(st.lists(st.text(alphabet='ab,"', max_size=7).map("a{}".format), max_size=12))
def test_every_line_starts_a_record_is_part_of_one_or_is_a_fault(lines: list[str]) -> None:
    good, faults = records("h,i,j\n" + "".join(f"{line}\n" for line in lines))
    inside = sum(value.count("\n") for _, row in good for value in row)
    assert len(good) + len(faults) + inside == len(lines)


@given(st.lists(st.tuples(st.text(alphabet="ab, é"), st.just("x"), st.just("y")), max_size=20))
def test_planted_open_quotes_never_cost_a_line_without_quotes(rows: list[tuple[str, ...]]) -> None:
    plain = [",".join(cell.replace(",", ";") for cell in row) for row in rows]
    mixed = [line for row in plain for line in (row, '"open,x,y')]
    good, _ = records("h,i,j\n" + "".join(f"{line}\n" for line in mixed))
    assert [",".join(row) for _, row in good] == plain
