import json
import struct

import pytest

from loopwright.errors import RequestRefusedError, UsageError
from loopwright.serving.call import Answered, Call
from loopwright.serving.protocols import open_inference as oip


def tensor(name="distance", shape=(2,), datatype="INT64", data=(1, 2), **more):
    return {"name": name, "shape": list(shape), "datatype": datatype, "data": list(data)} | more


def parsed(*tensors, **more):
    return oip.parse(json.dumps({"inputs": list(tensors)} | more).encode())


@pytest.mark.parametrize("body", [b"", b"{}", b'{"inputs": 3}', b'{"inputs": [{}]}', b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_request_is_refused(body):
    with pytest.raises(RequestRefusedError):
        oip.parse(body)


def test_a_tensor_without_values_is_refused():
    with pytest.raises(RequestRefusedError, match="no data"):
        parsed({"name": "distance", "shape": [2], "datatype": "INT64"})


def binary(*tensors, tail=b"", **more):
    """A body with binary tensors: each a (name, shape, datatype, bytes)."""
    inputs = [
        {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": len(raw)}}
        for name, shape, datatype, raw in tensors
    ]
    head = json.dumps({"inputs": inputs} | more).encode()
    return head + b"".join(raw for *_, raw in tensors) + tail, str(len(head))


def test_binary_tensors_follow_the_json_in_its_order():
    body, length = binary(
        ("distance", [2], "INT64", struct.pack("<2q", 5, 6)),
        ("carrier", [2], "BYTES", b"\x02\0\0\0AA\x02\0\0\0UA"),
    )
    distance, carrier = oip.parse(body, length).inputs
    assert (distance.values, carrier.values) == ([5, 6], ["AA", "UA"])


def test_json_and_binary_tensors_may_be_mixed():
    inputs = [
        tensor("wind", (1,), "FP32", [1.5]),
        {"name": "distance", "shape": [1], "datatype": "INT32", "parameters": {"binary_data_size": 4}},
    ]
    head = json.dumps({"inputs": inputs}).encode()
    wind, distance = oip.parse(head + struct.pack("<i", 7), str(len(head))).inputs
    assert (wind.values, distance.values) == ([1.5], [7])


@pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "99999999", "9" * 30, "3"])
def test_a_wrong_length_of_the_json_is_refused(length):
    body, _ = binary(("distance", [1], "INT64", struct.pack("<q", 5)))
    with pytest.raises(RequestRefusedError):
        oip.parse(body, length)


@pytest.mark.parametrize("size", [-1, 9, "8", 8.0, True, 2**70])
def test_a_wrong_size_of_a_binary_tensor_is_refused(size):
    said = {"name": "distance", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [said]}).encode()
    with pytest.raises(RequestRefusedError):
        oip.parse(head + b"\0" * 8, str(len(head)))


def test_bytes_that_belong_to_no_tensor_are_refused():
    body, length = binary(("distance", [1], "INT64", struct.pack("<q", 5)), tail=b"x")
    with pytest.raises(RequestRefusedError, match="more bytes"):
        oip.parse(body, length)


def test_shared_memory_and_classification_are_refused_by_name():
    shared = {"shared_memory_region": "r", "shared_memory_byte_size": 8}
    with pytest.raises(UsageError, match="shared memory"):
        parsed({"name": "distance", "shape": [1], "datatype": "INT64", "parameters": shared})
    with pytest.raises(UsageError, match="score"):
        parsed(tensor(), outputs=[{"name": "score", "parameters": {"classification": 2}}])


def test_a_callers_timeout_is_microseconds():
    assert parsed(tensor(), parameters={"timeout": 250_000}).timeout_s == 0.25
    assert parsed(tensor()).timeout_s is None


def whole_answer(signature, outputs, request):
    call = Call(id="r1", records=[{}] * len(outputs), started=0.0, deadline=0.0)
    made = Answered(
        call=call, endpoint="flights", version="v", arm="champion", release=None, fallback_from=None, outputs=outputs,
        flags=[()] * len(outputs),
    )  # fmt: skip
    return oip.answer(made, request, signature)


def answer(signature, outputs, request):
    body, json_length = whole_answer(signature, outputs, request)
    assert json_length is None
    return json.loads(body)


def test_outputs_are_binary_where_asked(signature):
    rows = [{"prediction": "b", "probabilities": [0.1, 0.7, 0.2]}]
    everything = parsed(tensor(), parameters={"binary_data_output": True})
    body, length = whole_answer(signature("multiclass"), rows, everything)
    label, probabilities = json.loads(body[:length])["outputs"]
    assert label == {"name": "label", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 5}}
    assert probabilities["parameters"] == {"binary_data_size": 24}
    assert body[length:] == b"\x01\0\0\0b" + struct.pack("<3d", 0.1, 0.7, 0.2)
    one = parsed(tensor(), outputs=[{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "label"}])
    body, length = whole_answer(signature("multiclass"), rows, one)
    probabilities, label = json.loads(body[:length])["outputs"]
    assert (label["data"], "data" in probabilities, len(body) - length) == (["b"], False, 24)


def test_the_index_lists_versions_and_may_leave_out_what_is_not_ready():
    models = [("flights", "v1", ""), ("trains", None, "no version is loaded yet")]
    assert [said["state"] for said in json.loads(oip.repository_index(models, b""))] == ["READY", "UNAVAILABLE"]
    assert [said["name"] for said in json.loads(oip.repository_index(models, b'{"ready": true}'))] == ["flights"]
    with pytest.raises(RequestRefusedError):
        oip.repository_index(models, b"[1]")


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
