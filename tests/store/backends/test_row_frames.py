import polars as pl
import pytest

from loopwright.errors import UsageError
from loopwright.store.backends.row_frames import checked_table, concatenate, frame_of, select, to_lines, whole_lines


def frame(*rows):
    return frame_of(to_lines("t", rows))


def test_rows_are_lines():
    assert to_lines("t", [{"at": 1, "x": float("nan")}, {"at": 2}]) == b'{"at":1,"x":null}\n{"at":2}\n'
    assert to_lines("t", []) == b""


@pytest.mark.parametrize(("data", "whole"), [(b"", b""), (b"a", b""), (b"a\n", b"a\n"), (b"a\nb", b"a\n")])
def test_a_line_counts_with_its_newline(data, whole):
    assert whole_lines(data) == whole


@pytest.mark.parametrize("name", ["requests", "a", "arm_stats", "v1.2-x"])
def test_names_that_are_safe_pass(name):
    assert checked_table(name) == name


def test_objects_share_the_fields_of_all_rows():
    found = frame({"at": 1, "o": {"a": 1}}, {"at": 2, "o": {"b": "x"}}, {"at": 3})
    assert found["o"].to_list() == [{"a": 1, "b": None}, {"a": None, "b": "x"}, None]


def test_fields_without_content_are_left_out_at_any_depth():
    found = frame({"at": 1, "o": {"empty": {}, "a": 1, "inner": {"empty": {}, "b": 2}}, "l": [{"empty": {}, "c": 3}]})
    assert found["o"].to_list() == [{"a": 1, "inner": {"b": 2}}]
    assert found["l"].to_list() == [[{"c": 3}]]


def test_a_missing_object_stays_null_beside_one_with_a_field_without_content():
    assert frame({"at": 1, "o": {"empty": {}, "a": 1}}, {"at": 2})["o"].to_list() == [{"a": 1}, None]


def test_integers_over_64_bits_become_floats():
    assert frame({"at": 1, "n": 2**64 - 1})["n"].to_list() == [float(2**64 - 1)]
    assert frame({"at": 1, "n": -(2**70)})["n"].to_list() == [float(-(2**70))]


def test_only_the_column_that_cannot_be_read_becomes_text():
    found = frame({"at": 1, "x": True, "y": 1}, {"at": 2, "x": 1, "y": 2}, {"at": 3, "x": "a", "y": None})
    assert found["x"].to_list() == ["true", "1", "a"]
    assert found["y"].to_list() == [1, 2, None]


def test_frames_of_different_columns_meet():
    found = concatenate([frame({"at": 1, "a": 1}), pl.DataFrame(), frame({"at": 2, "b": "x"})])
    assert found.to_dicts() == [{"at": 1, "a": 1, "b": None}, {"at": 2, "a": None, "b": "x"}]


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [(True, 1, ["true", "1"]), ({"a": 1}, 2, ['{"a":1}', "2"]), ([1], "s", ["[1]", "s"]), ("s", 2.5, ["s", "2.5"])],
)
def test_frames_whose_columns_cannot_share_a_type_meet_as_text(first, second, texts):
    assert concatenate([frame({"at": 1, "x": first}), frame({"at": 2, "x": second})])["x"].to_list() == texts


def test_objects_that_differ_within_meet():
    found = concatenate([frame({"at": 1, "x": {"a": [1]}}), frame({"at": 2, "x": {"a": 2}})])
    assert found.height == 2
    assert found["x"].null_count() == 0


def test_nothing_selected_from_nothing_has_the_columns():
    assert select(pl.DataFrame(), columns=["a"], since=1, until=2).schema == {"a": pl.Null}


@pytest.mark.parametrize("value", [1j, object(), {(1, 2): 3}])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(UsageError):
        to_lines("t", [{"at": 1, "x": value}])
