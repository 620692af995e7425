import json

import pytest

from loopwright.llm.providers.refusals import error_in, refusal_of


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "bad\\nkey sk-proj-abcdefghijklmnop", "type": "x"}}', "bad key …"),
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        (b'{"error": "model not found"}', "model not found"),
        (b'{"message": "unhappy"}', "unhappy"),
        (b"<html><head><style>p{}</style></head><h1>502</h1>Bad Gateway</html>", "502 Bad Gateway"),
        (b"", "status 418 and no message"),
        (b'{"a": 1}', "status 418 and no message"),
    ],
)
def test_a_refusal_is_one_line_without_keys(body, said):
    assert refusal_of(418, body) == said


def test_a_refusal_is_at_most_500_characters():
    assert len(refusal_of(400, json.dumps({"error": {"message": "x" * 9000}}).encode())) == 500


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abc_DEF-123",
        "sk-ant-api03-xyz123",
        "AIzaSyA1234567890abc",
        "Bearer abcdefgh",
        "gsk_abcdefgh",
        "sk-ab***yz",
    ],
)
def test_what_looks_like_a_key_is_masked(key):
    said = refusal_of(401, json.dumps({"error": {"message": f"Incorrect API key provided: {key}."}}).encode())
    assert said.startswith("Incorrect API key provided: …")
    assert key[7:12] not in said


def test_errors_are_found_in_bodies_and_answers_are_none():
    assert error_in({"error": {"message": "no"}}) == "no"
    assert error_in([{"error": {"message": "no"}}]) == "no"
    assert error_in({"object": "error", "message": "no"}) == "no"
    assert error_in({"type": "error", "error": {}}) != ""
    for data in ({"choices": []}, {"error": None}, [], None, "x"):
        assert error_in(data) == ""
