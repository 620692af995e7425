import json
import math

import pytest

from loopwright.core.schema import Column, Signature
from loopwright.errors import OverloadedError, RequestRefusedError
from loopwright.serving.protocols import mlflow_scoring

COLUMNS = (
    Column(name="carrier", kind="category", categories=("AA", "UA")),
    Column(name="distance", kind="int"),
    Column(name="wind", kind="float", nullable=True),
    Column(name="late", kind="bool", nullable=True),
)
SIGNATURE = Signature(task="regression", request=COLUMNS, features=COLUMNS)
ROWS = [
    {"carrier": "AA", "distance": 5, "wind": 1.5, "late": None},
    {"carrier": "UA", "distance": 6, "wind": None, "late": True},
]
NAMES = ["carrier", "distance", "wind", "late"]
DATA = [["AA", 5, 1.5, None], ["UA", 6, float("nan"), True]]


def parse(body, content_type="application/json", most=10):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return mlflow_scoring.parse(raw, content_type, SIGNATURE, most=most)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "data": DATA}},
        {"dataframe_split": {"index": [0, 1], "columns": NAMES, "data": DATA}},
        {"dataframe_split": {"data": DATA}},
        {"dataframe_records": ROWS},
        {"instances": ROWS},
        {"instances": DATA},
        {"inputs": ROWS},
        {"inputs": DATA},
        {"inputs": {name: [row[name] for row in ROWS] for name in NAMES}},
        {"dataframe_records": ROWS, "params": {"temperature": 1}},
        {"dataframe_records": [row | {"unknown": 1} for row in ROWS]},
    ],
)
def test_the_payloads_of_mlflow_are_the_same_records(body):
    assert parse(body) == ROWS


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_cells_take_the_types_of_the_contract(end):
    text = end.join(["carrier,extra,distance,wind,late", "AA,x,5,1.5,", "UA,y,6,NaN,True", ""])
    assert parse(text.encode(), "text/csv; charset=utf-8") == ROWS


def test_infinity_is_left_for_the_contract_to_refuse():
    assert parse(b'{"inputs": [{"wind": -Infinity}]}') == [{"wind": -math.inf}]
    assert parse(b"wind\n-inf\n-nan", "text/csv") == [{"wind": -math.inf}, {"wind": None}]


def test_a_cell_that_is_no_number_is_left_for_the_contract_to_refuse_by_name():
    assert parse(b"distance\nfar", "text/csv") == [{"distance": "far"}]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"[" * 100_000, b"\xff", b"3", {}, {"rows": []}, {"instances": ROWS, "inputs": ROWS},
        {"dataframe_split": DATA}, {"dataframe_split": {"columns": NAMES}},
        {"dataframe_split": {"columns": NAMES, "data": DATA, "more": 1}},
        {"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": "ab", "data": [[1, 2]]}},
        {"dataframe_split": {"columns": [[1]], "data": [[1]]}},
        {"dataframe_split": {"columns": NAMES, "data": [[1]]}},
        {"dataframe_records": {}}, {"dataframe_records": [1]}, {"dataframe_records": []}, {"instances": [ROWS[0], 1]},
        {"instances": [1, ROWS[0]]}, {"inputs": {}}, {"inputs": {"a": [1], "b": [1, 2]}}, {"inputs": "x"},
        {"instances": None},        {"instances": [[1]]}, {"instances": ROWS, "params": [1]}, {"instances": ROWS * 6},
        {"inputs": {"distance": [1] * 11}},
    ],
)  # fmt: skip
def test_any_other_json_is_refused(body):
    with pytest.raises(RequestRefusedError):
        parse(body)


@pytest.mark.parametrize(
    "text",
    [b"", b"carrier", b"a,a\n1,2", b"carrier,distance\nAA", b'carrier\n"AA', b"\xff", b"distance\n" + b"1\n" * 11],
)
def test_any_other_csv_is_refused(text):
    with pytest.raises(RequestRefusedError):
        parse(text, "text/csv")


def test_only_utf_8_is_read():
    with pytest.raises(RequestRefusedError, match="UTF-8"):
        parse(b"distance\n1", "text/csv; charset=latin-1")


def test_an_error_is_in_mlflows_form():
    said = json.loads(mlflow_scoring.error_body(OverloadedError("too many", why="the limit is 1"), 503))
    assert said["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert said["message"].startswith("LW502 too many: the limit is 1.")
