"""JSON out of what models write when they mean JSON."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.llm.guards.detectors.valid_json import ValidJson
from loopwright.llm.guards.json_repair import repaired


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure! {"a": 1} Anything else?', {"a": 1}),
        ('{"a": 1, "b": [1, 2,],}', {"a": 1, "b": [1, 2]}),
        ("{'a': 'it''s', 'b': 'don\\'t'}", {"a": "it''s", "b": "don't"}),
        ("{'a': 'it's fine'}", {"a": "it's fine"}),
        ("{a: True, b: None, c: .5}", {"a": True, "b": None, "c": 0.5}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a": [1, 2', {"a": [1, 2]}),
        ('{"a": "cut of', {"a": "cut of"}),
        ('{"a": 1, "b": ', {"a": 1}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": 1 // one\n, /* two */ "b": 2}', {"a": 1, "b": 2}),
        ("{\u201ca\u201d: \u201cb\u201d}", {"a": "b"}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        ('{"a": "\\u00e9\\ud83d\\ude00\\ud800"}', {"a": "\u00e9\U0001f600"}),
        ('[{"a": 1}, {"b": 2}', [{"a": 1}, {"b": 2}]),
    ],
)
def test_common_breakages_are_mended(text: str, value: object) -> None:
    assert repaired(text) == value


@pytest.mark.parametrize("text", ["", "no", "42", "[" * 500])
def test_what_holds_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the text"):
        repaired(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=6), v, max_size=4),
    max_leaves=12
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=6), values, max_size=3))
def test_json_that_is_valid_is_read_as_it_is(value: object) -> None:
    assert repaired(json.dumps(value)) == value


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}[]\":,'\\ntrue1 /*#`a\n", max_size=60))
def test_any_text_ends_in_a_value_or_a_refusal(text: str) -> None:
    with suppress(ValueError):
        json.dumps(repaired(text))


def test_a_shaper_mends_and_says_so() -> None:
    shaper = ValidJson({"type": "object", "required": ["a"]})
    assert shaper.shape('{"a": 1}') == ('{"a": 1}', "", True)
    assert shaper.shape("{'a': 1,}") == ('{"a":1}', "not_json", True)
    assert shaper.shape('{"b": 1}').problem == "wrong_json"
    assert not shaper.shape('{"b": 1}').mended
    assert not shaper.shape("no json here").mended
