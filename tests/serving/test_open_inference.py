import json

import pytest

from loopwright.errors import RequestRefusedError
from loopwright.serving.call import Answered, Call
from loopwright.serving.protocols import open_inference as oip


def tensor(name="distance", shape=(2,), datatype="INT64", data=(1, 2), **more):
    return {"name": name, "shape": list(shape), "datatype": datatype, "data": list(data)} | more


def parsed(*tensors, **more):
    return oip.parse(json.dumps({"inputs": list(tensors)} | more).encode())


def test_tensors_become_records():
    request = parsed(
        tensor(),
        tensor("carrier", (2, 1), "BYTES", [["AA"], ["UA"]], parameters={"content_type": "str"}),
        tensor("wind", (2,), "FP32", [1, None]),
        id="mine",
    )
    assert oip.records(request) == [
        {"distance": 1, "carrier": "AA", "wind": 1},
        {"distance": 2, "carrier": "UA", "wind": None},
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        tensor(data=["1", "2"]),
        tensor(data=[1.5, 2.5]),
        tensor(data=[True, False]),
        tensor(shape=(3,)),
        tensor(shape=(1, 2)),
        tensor(shape=()),
        tensor(shape=(-2,)),
        tensor(datatype="STRING"),
        tensor(data=[[1, 2], [3, 4]]),
        tensor(shape=(0,), data=[]),
        {"name": "distance", "shape": [2], "datatype": "INT64"},
    ],
)
def test_a_wrong_tensor_is_refused(wrong):
    with pytest.raises(RequestRefusedError):
        oip.records(parsed(wrong))


def test_columns_of_different_lengths_or_of_one_name_are_refused():
    for second in (tensor("wind", (1,), "FP64", [1.0]), tensor()):
        with pytest.raises(RequestRefusedError):
            oip.records(parsed(tensor(), second))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"inputs": 3}', b'{"inputs": [{}]}', b"[" * 100_000])
def test_a_body_that_is_no_request_is_refused(body):
    with pytest.raises(RequestRefusedError):
        oip.records(oip.parse(body))


def answer(signature, outputs, request):
    call = Call(id="r1", records=[{}] * len(outputs), started=0.0, deadline=0.0)
    made = Answered(
        call=call, endpoint="flights", version="v", arm="champion", release=None, fallback_from=None, outputs=outputs,
        flags=[()] * len(outputs),
    )  # fmt: skip
    return json.loads(oip.answer(made, request, signature))


def test_answers_are_tensors_of_the_task(signature):
    request = parsed(tensor())
    binary = answer(signature("binary"), [{"prediction": True, "score": 0.9}], request)
    assert (binary["model_name"], binary["model_version"], binary["id"]) == ("flights", "v", "r1")
    assert binary["outputs"] == [
        {"name": "label", "datatype": "BOOL", "shape": [1], "data": [True]},
        {"name": "score", "datatype": "FP64", "shape": [1], "data": [0.9]},
    ]
    multi = answer(signature("multiclass"), [{"prediction": "b", "probabilities": [0.1, 0.7, 0.2]}] * 2, request)
    assert multi["outputs"][1] == {
        "name": "probabilities", "datatype": "FP64", "shape": [2, 3], "data": [0.1, 0.7, 0.2] * 2
    }  # fmt: skip
    value = answer(signature("regression"), [{"prediction": 2.5, "score": 2.5}], request)
    assert [output["name"] for output in value["outputs"]] == ["score"]


def test_only_asked_outputs_are_sent_and_unknown_ones_refused(signature):
    rows = [{"prediction": True, "score": 0.9}]
    asked = parsed(tensor(), outputs=[{"name": "score", "parameters": {"binary_data": False}}])
    assert [output["name"] for output in answer(signature("binary"), rows, asked)["outputs"]] == ["score"]
    with pytest.raises(RequestRefusedError):
        answer(signature("binary"), rows, parsed(tensor(), outputs=[{"name": "price"}]))
