import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import LoopwrightError, PayloadTooLargeError, RequestRefusedError
from loopwright.llm.ask import OPERATIONS
from loopwright.llm.protocols.reading import model_of, read_ask

GOOD = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "completion": {"model": "m", "prompt": "hi"},
    "embedding": {"model": "m", "input": ["a", "b"]},
    "response": {"model": "m", "input": "hi"},
    "message": {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]},
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_good_body_is_kept_as_it_came_with_fields_that_nobody_knows(operation):
    raw = json.dumps({**GOOD[operation], "vendor_extra": {"model": "inner"}}, indent=1).encode()

    ask = read_ask(operation, raw)

    assert ask.raw == raw
    assert ask.body["vendor_extra"] == {"model": "inner"}
    assert model_of(ask) == "m"
    assert ask.stream is False
    assert read_ask(operation, json.dumps({**GOOD[operation], "stream": True}).encode()).stream is True


@pytest.mark.parametrize(
    ("operation", "change", "field"),
    [
        ("chat", {"model": None}, "model"),
        ("chat", {"model": ""}, "model"),
        ("chat", {"messages": []}, "messages"),
        ("chat", {"messages": [{"role": "user"}, {"content": "x"}]}, "messages.1.role"),
        ("chat", {"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ("chat", {"messages": "hi"}, "messages"),
        ("chat", {"stream": "yes"}, "stream"),
        ("chat", {"n": 129}, "n"),
        ("chat", {"n": 0}, "n"),
        ("chat", {"max_tokens": -1}, "max_tokens"),
        ("chat", {"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ("chat", {"tools": [1]}, "tools.0"),
        ("completion", {"prompt": {"a": 1}}, "prompt"),
        ("embedding", {"input": []}, "input"),
        ("response", {"input": 3}, "input"),
        ("response", {"max_output_tokens": "many"}, "max_output_tokens"),
        ("message", {"max_tokens": 0}, "max_tokens"),
        ("message", {"system": 1}, "system"),
    ],
)
def test_a_field_that_is_not_as_it_must_be_is_named(operation, change, field):
    body = {name: value for name, value in {**GOOD[operation], **change}.items() if value is not None}

    with pytest.raises(RequestRefusedError) as caught:
        read_ask(operation, json.dumps(body).encode())

    assert caught.value.context["field"] == field
    assert f"`{field}`" in caught.value.what


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"model": "\xff"}', b'{"a":' + b"[" * 5000, b'{"model":NaN}']
)
def test_what_is_no_json_object_is_refused_without_showing_it(raw):
    with pytest.raises(RequestRefusedError) as caught:
        read_ask("chat", raw)
    assert "JSON object" in caught.value.what


def test_a_body_over_the_limit_is_refused_before_it_is_decoded():
    with pytest.raises(PayloadTooLargeError):
        read_ask("chat", b"{" * 101, most_bytes=100)


@pytest.mark.parametrize(("opens", "closes"), [('{"a":', "}"), ("[", "]"), ('[{"content":', "}]")])
def test_a_body_of_too_many_levels_is_the_callers_fault(opens, closes):
    def body(times):
        return f'{{"model":"m","messages":[{{"role":"user","content":"x"}}],"x":{opens * times}1{closes * times}}}'

    assert read_ask("chat", body(45).encode()).body["x"]
    with pytest.raises(RequestRefusedError, match="nested too deeply"):
        read_ask("chat", body(150).encode())


def test_many_objects_beside_one_another_are_not_deep():
    messages = [{"role": "user", "content": [{"type": "text", "text": "x"}]}] * 500
    assert read_ask("chat", json.dumps({"model": "m", "messages": messages}).encode())


def test_content_never_comes_back_in_an_error():
    raw = json.dumps({"model": "m", "messages": [{"role": "user", "content": {"a": "hush"}, "x": 1}], "n": "hush"})
    with pytest.raises(RequestRefusedError) as caught:
        read_ask("chat", raw.encode())
    assert "hush" not in str(caught.value.as_dict())


@given(st.binary(max_size=200), st.sampled_from(OPERATIONS))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(raw, operation):
    with suppress(LoopwrightError):
        read_ask(operation, raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["model", "messages", "input", "prompt", "max_tokens", "n", "stream", "tools"]), JSON
    ),
    st.sampled_from(OPERATIONS),
)
def test_any_json_is_read_or_refused_with_an_error_of_ours(body, operation):
    try:
        ask = read_ask(operation, json.dumps(body).encode())
    except LoopwrightError:
        return
    assert isinstance(model_of(ask), str)
