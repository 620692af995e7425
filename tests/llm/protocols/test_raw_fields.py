import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.protocols.raw_fields import with_fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def test_only_the_top_level_field_changes_and_other_values_keep_their_bytes():
    raw = b'{ "a": {"model" : "x"} , "mod\\u0065l" : "old", "big": 1e400, "n": 1.10, "t": "\\u00e9 \\"model\\":" }'

    changed = with_fields(raw, {"model": 'new"\\'})

    assert changed == b'{"a":{"model" : "x"},"model":"new\\"\\\\","big":1e400,"n":1.10,"t":"\\u00e9 \\"model\\":"}'


def test_a_field_that_is_none_is_taken_away_and_a_new_one_is_put_last():
    assert with_fields(b'{"a":1,"b":2}', {"a": None, "zz": None, "c": {"d": True}}) == b'{"b":2,"c":{"d":true}}'


def test_a_field_named_twice_has_its_last_value_as_decoders_have_it():
    raw = b'{"model":"cheap","model":"dear"}'
    assert json.loads(with_fields(raw, {"x": 1})) == {"model": "dear", "x": 1}
    assert json.loads(with_fields(raw, {"model": "mine"})) == {"model": "mine"}


@pytest.mark.parametrize("raw", [b"[]", b"{", b'{"a":}', b""])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(msgspec.DecodeError):
        with_fields(raw, {})


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=6), st.booleans(), st.text())
def test_it_says_what_decoding_changing_and_encoding_would_say(body, ascii_only, model):
    raw = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert json.loads(with_fields(raw, {"model": model})) == {**body, "model": model}
