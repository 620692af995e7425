import json

import pytest

from loopwright.errors import RequestRefusedError
from loopwright.serving.call import Answered, Call
from loopwright.serving.protocols import json_records


@pytest.mark.parametrize(
    ("body", "records", "many"),
    [
        (b'{"a": 1}', [{"a": 1}], False),
        (b'{"records": [{"a": 1}, {"a": 2}]}', [{"a": 1}, {"a": 2}], True),
        (b'{"records": 3}', [{"records": 3}], False),
        (b'{"records": [1], "a": 2}', [{"records": [1], "a": 2}], False),
        (b"{}", [{}], False),
    ],
)
def test_one_record_or_a_list_of_them(body, records, many):
    assert json_records.parse(body) == (records, many)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"3", b'"x"', b"null", b'{"records": []}', b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e999}',
     b"\xff\xfe", b'{"a": "\\ud800"}', b'{"a":' + b"[" * 100_000, b"\0"],
)  # fmt: skip
def test_any_other_body_is_refused(body):
    with pytest.raises(RequestRefusedError):
        json_records.parse(body)


def answered(*outputs, flags=()):
    call = Call(id="r1", records=[{}] * len(outputs), started=0.0, deadline=0.0)
    return Answered(
        call=call, endpoint="flights", version="v", arm="champion", release=None, fallback_from=None,
        outputs=list(outputs), flags=[flags for _ in outputs],
    )  # fmt: skip


def test_one_answer_is_flat():
    said = json.loads(json_records.answer(answered({"prediction": True, "score": 0.9}), many=False))
    assert said == {
        "request_id": "r1", "prediction": True, "score": 0.9, "version": "v", "arm": "champion", "release": None
    }  # fmt: skip


def test_several_answers_each_have_the_id_that_their_label_needs():
    both = answered({"prediction": 1.0, "score": 1.0}, {"prediction": 2.0, "score": 2.0}, flags=("wind:maximum",))
    said = json.loads(json_records.answer(both, many=True))
    assert [one["request_id"] for one in said["predictions"]] == ["r1.0", "r1.1"]
    assert said["predictions"][1] == {
        "prediction": 2.0, "score": 2.0, "request_id": "r1.1", "flags": ["wind:maximum"]
    }  # fmt: skip
