"""What control routes have in common."""

from types import SimpleNamespace

import msgspec
import pytest

from loopwright.errors import RequestRefusedError
from loopwright.web.control_answers import answer, caller_of, decoded


class Body(msgspec.Struct):
    reason: str = "none"


def test_a_body_is_checked_and_an_empty_one_has_the_defaults():
    assert decoded(b"", Body) == Body()
    assert decoded(b'{"reason": "x"}', Body) == Body(reason="x")
    for body in (b"{", b"[]", b'{"reason": 1}'):
        with pytest.raises(RequestRefusedError, match="not what this path takes"):
            decoded(body, Body)


def test_an_answer_is_json_with_its_status():
    made = answer({"a": 1}, status=202)
    assert (made.status_code, made.media_type, made.body) == (202, "application/json", b'{"a":1}')


def test_who_asks_is_named_by_the_key():
    assert caller_of(SimpleNamespace(state=SimpleNamespace(caller="ci"))) == "key:ci"
    assert caller_of(SimpleNamespace(state=SimpleNamespace())) == "key:unknown"
