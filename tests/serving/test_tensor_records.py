import pytest

from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.protocols.tensor_records import check_wanted, metadata, records
from loopwright.serving.protocols.tensors import Tensor, of_json


def signature_of(*columns):
    return Signature(task="regression", request=columns, features=columns)


NUMERIC = signature_of(Column(name="a", kind="int"), Column(name="b", kind="float"), Column(name="c", kind="bool"))
MIXED = signature_of(Column(name="distance", kind="int"), Column(name="carrier", kind="category", categories=("AA",)))
KEYED = signature_of(Column(name="id", kind="string", nullable=True), *NUMERIC.request)


def test_columns_become_records():
    inputs = [
        of_json("distance", "INT64", [2], data=[1, 2]),
        of_json("carrier", "BYTES", [2, 1], data=[["AA"], ["UA"]]),
        of_json("wind", "FP32", [2], data=[1, None]),
    ]
    assert records(inputs, MIXED, most=10) == [
        {"distance": 1, "carrier": "AA", "wind": 1},
        {"distance": 2, "carrier": "UA", "wind": None},
    ]


@pytest.mark.parametrize("signature", [NUMERIC, KEYED])
def test_one_table_holds_all_numeric_columns_in_the_signatures_order(signature):
    table = of_json("input", "FP64", [2, 3], data=[[1, 2.5, 0], [3, None, 1]])
    assert records([table], signature, most=10) == [{"a": 1, "b": 2.5, "c": False}, {"a": 3, "b": None, "c": True}]


@pytest.mark.parametrize(
    ("signature", "shape"), [(NUMERIC, [1, 2]), (NUMERIC, [1, 4]), (MIXED, [1, 2]), (MIXED, [1, 1])]
)
def test_a_table_of_another_width_or_for_texts_is_refused_by_the_names_that_are_needed(signature, shape):
    table = of_json("input", "FP64", shape, data=[0.0] * shape[1])
    with pytest.raises(RequestRefusedError, match=f"table of {shape[1]} columns"):
        records([table], signature, most=10)


def test_near_datatypes_are_taken():
    inputs = [
        of_json("a", "BOOL", [2], data=[True, False]),
        of_json("b", "UINT8", [2], data=[7, 8]),
        of_json("c", "INT32", [2], data=[1, 0]),
    ]
    assert records(inputs, NUMERIC, most=10) == [{"a": 1, "b": 7, "c": True}, {"a": 0, "b": 8, "c": False}]
    two = records([of_json("c", "INT32", [1], data=[2])], NUMERIC, most=10)
    assert two == [{"c": 2}], "what is no truth is left for the door to refuse"


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [of_json("a", "INT64", [1], data=[1]), of_json("b", "FP64", [2], data=[1, 2])],
        [of_json("a", "INT64", [1], data=[1]), of_json("a", "INT64", [1], data=[1])],
        [of_json("a", "INT64", [1, 2], data=[1, 2]), of_json("b", "FP64", [1], data=[1])],
        [of_json("a", "INT64", [0], data=[])],
        [of_json("input", "FP64", [0, 3], data=[])],
        [of_json("a", "INT64", [11], data=[1] * 11)],
        [of_json("input", "INT64", [11, 3], data=[1] * 33)],
    ],
)
def test_what_is_no_list_of_a_few_records_is_refused(inputs):
    with pytest.raises(RequestRefusedError):
        records(inputs, NUMERIC, most=10)


def test_metadata_names_the_datatypes_and_outputs():
    said = metadata("trips", ["v1"], MIXED)
    assert said["inputs"] == [
        {"name": "distance", "datatype": "INT64", "shape": [-1]},
        {"name": "carrier", "datatype": "BYTES", "shape": [-1]},
    ]
    assert said["outputs"] == [{"name": "score", "datatype": "FP64", "shape": [-1]}]
    check_wanted(MIXED, ["score"])
    with pytest.raises(RequestRefusedError, match="price"):
        check_wanted(MIXED, ["price"])


def test_a_lone_column_of_one_is_no_table():
    one = signature_of(Column(name="a", kind="int"))
    assert records([Tensor(name="a", datatype="INT64", shape=(2, 1), values=[1, 2])], one, most=10) == [
        {"a": 1},
        {"a": 2},
    ]
    assert records([Tensor(name="x", datatype="INT64", shape=(2, 1), values=[1, 2])], one, most=10) == [
        {"a": 1},
        {"a": 2},
    ]
