import math
import struct

import pytest

from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError, UsageError
from loopwright.serving.call import Answered, Call

pytest.importorskip("google.protobuf", reason="the extra grpc is not installed")
from loopwright.serving.protocols import oip_grpc
from loopwright.serving.protocols.oip_messages import messages

COLUMNS = (Column(name="a", kind="float"),)
SIGNATURES = {
    "binary": Signature(task="binary", request=COLUMNS, features=COLUMNS, classes=(False, True)),
    "multiclass": Signature(task="multiclass", request=COLUMNS, features=COLUMNS, classes=("x", "y")),
}


def request(raw=(), **inputs):
    made = messages()["ModelInferRequest"](model_name="m", raw_input_contents=raw)
    for name, (datatype, field, values) in inputs.items():
        said = made.inputs.add(name=name, datatype=datatype, shape=[len(values)])
        if field:
            getattr(said.contents, field).extend(values)
    return made


def answered(*outputs, **changes):
    call = Call(id="r1", records=[{}] * len(outputs), started=0.0, deadline=0.0)
    given = {"version": "v", "arm": "champion", "release": None, "fallback_from": None} | changes
    return Answered(call=call, endpoint="m", outputs=list(outputs), flags=[()] * len(outputs), **given)


def test_typed_and_raw_contents_are_the_same_tensors():
    typed = request(a=("FP32", "fp32_contents", [1.5, math.nan]), b=("BYTES", "bytes_contents", [b"AA", b""]))
    raw = request(
        [struct.pack("<2f", 1.5, math.nan), b"\2\0\0\0AA\0\0\0\0"], a=("FP32", "", [0, 0]), b=("BYTES", "", [0, 0])
    )
    assert oip_grpc.inputs(typed) == oip_grpc.inputs(raw)
    assert [tensor.values for tensor in oip_grpc.inputs(raw)] == [[1.5, None], ["AA", ""]]


@pytest.mark.parametrize(
    ("datatype", "field"),
    [("FP16", ""), ("STRING", ""), ("INT64", "int_contents"), ("INT8", "int_contents"), ("UINT8", "int_contents")],
)
def test_contents_in_the_wrong_field_or_out_of_range_are_refused(datatype, field):
    with pytest.raises(RequestRefusedError):
        oip_grpc.inputs(request(a=(datatype, field, [300])))


def test_a_timeout_is_microseconds():
    asked = request()
    assert oip_grpc.timeout_s(asked) is None
    asked.parameters["timeout"].int64_param = 250_000
    assert oip_grpc.timeout_s(asked) == 0.25


def test_outputs_are_wanted_by_name_and_not_as_classes():
    asked = request()
    assert oip_grpc.wanted(asked) is None
    asked.outputs.add(name="score")
    assert oip_grpc.wanted(asked) == ["score"]
    asked.outputs[0].parameters["classification"].int64_param = 2
    with pytest.raises(UsageError, match="score"):
        oip_grpc.wanted(asked)


def test_an_answer_says_who_gave_it():
    made = oip_grpc.answer(
        answered({"prediction": True, "score": 0.75}, fallback_from="candidate"), request(), SIGNATURES["binary"]
    )
    assert {name: made.parameters[name].string_param for name in made.parameters} == {
        "request_id": "r1", "arm": "champion", "release": "", "fallback_from": "candidate"
    }  # fmt: skip
    label, score = made.outputs
    assert (list(label.contents.bool_contents), list(score.contents.fp64_contents)) == ([True], [0.75])


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_default_without_numbers_is_answered_with_nan(task, raw):
    prediction = {"binary": True, "multiclass": "y"}[task]
    asked = request([b""] if raw else [])
    made = oip_grpc.answer(answered({"prediction": prediction, "score": None}), asked, SIGNATURES[task])
    numbers = (
        struct.unpack(f"<{len(made.raw_output_contents[1]) // 8}d", made.raw_output_contents[1])
        if raw
        else made.outputs[1].contents.fp64_contents
    )
    assert len(numbers) == made.outputs[1].shape[-1]
    assert all(math.isnan(number) for number in numbers)
