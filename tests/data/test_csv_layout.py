import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.data.csv_layout import scan
from loopwright.errors import SourceError


def test_a_plain_file_tells_its_header_and_lines() -> None:
    layout = scan(b"a,b\n1,2\n3,4\n", "f")
    assert (layout.header, layout.separator, layout.lines.tolist()) == (("a", "b"), ",", [2, 3])
    assert layout.body == b"1,2\n3,4\n"


@pytest.mark.parametrize("data", [b"a,b\r\n1,2\r\n", b"\xef\xbb\xbfa,b\n1,2", b"a,b\r1,2\r", b"a,b\n1,2\n\n\n"])
def test_line_ends_marks_and_trailing_blank_lines_are_no_content(data: bytes) -> None:
    layout = scan(data, "f")
    assert (layout.header, layout.lines.tolist()) == (("a", "b"), [2])


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_known_by_the_header(separator: str) -> None:
    assert scan(f"a{separator}b\n1,5{separator}2\n".encode(), "f").header == ("a", "b")


def test_a_quoted_newline_moves_the_lines_that_follow() -> None:
    assert scan(b'a,b\n"x\ny, z",2\n3,4\n', "f").lines.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \r\n\n", "empty"),
        (b"a,b\n1,2\n3\n4,5\n", "line 3 has 1 field where the header has 2"),
        (b"a,b\n1,2,9\n", "line 2 has 3 fields"),
        (b'a,b\n"x\n\ny",2\n3\n', "line 5 has 1 field"),
        (b"a,b\n1,2\n\n3,4\n", "line 3 is blank"),
        (b"a,b,a\n1,2,3\n", "column 'a' 2 times"),
        (b'a,b\n"x,2\n3,4\n', "quoted field that never ends"),
        (b"a,b\n1,2\n1,\xff\n", "line 3 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,\0\n", "line 2 has a NUL"),
        (b"PK\x03\x04...", "zip"),
    ],
)
def test_a_file_that_is_not_csv_says_where_and_why(data: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        scan(data, "f")


NAMES = ["it's", 'say "hi"', "two\nlines", "__import__('os')", "naïve ☃", "", "a,b", "{{x}}", "<script>"]


def test_hostile_headers_are_plain_data() -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([NAMES, list(range(len(NAMES)))])
    assert scan(text.getvalue().encode(), "f").header == tuple(NAMES)


@given(st.lists(st.lists(st.text("ab,\"\n 'é", max_size=4), min_size=3, max_size=3), min_size=1, max_size=6))
def test_whatever_the_csv_module_writes_has_a_layout(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x", "y", "z"], *rows])
    layout = scan(text.getvalue().encode(), "f")
    assert layout.lines.size == len(rows)
    assert layout.lines[0] == 2
    assert list(csv.reader(io.StringIO(layout.body.decode(), newline=""))) == rows
