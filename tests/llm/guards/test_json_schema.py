"""JSON schema: judged as another implementation judges."""

import json

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import UsageError
from loopwright.llm.guards.json_schema import JsonSchema

SCHEMAS = [
    {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 2}},
     "additionalProperties": False},
    {"type": ["array", "null"], "items": {"type": "string", "maxLength": 2}, "minItems": 1, "uniqueItems": True},
    {"anyOf": [{"const": 1}, {"type": "string", "pattern": "^a"}]},
    {"oneOf": [{"type": "number", "multipleOf": 2}, {"type": "number", "exclusiveMinimum": 3}]},
    {"$defs": {"n": {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}, "maxProperties": 1}},
     "$ref": "#/$defs/n"},
    {"if": {"type": "string"}, "then": {"enum": ["a", "b"]}, "else": {"not": {"type": "boolean"}}},
    {"type": "array", "prefixItems": [{"type": "string"}], "items": False, "contains": {"const": "a"}},
    {"allOf": [{"minProperties": 1}, {"propertyNames": {"maxLength": 1}}],
     "patternProperties": {"^b": {"type": "null"}}},
]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 6) | st.sampled_from([1.0, 2.5, 4.0])
    | st.sampled_from(["", "a", "ab", "b", "abc"]),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "bb"]), v, max_size=2), max_leaves=5,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SCHEMAS), values)
def test_a_value_is_judged_as_another_implementation_judges_it(schema: dict, value: object) -> None:
    assert (JsonSchema(schema).problem(value) == "") == jsonschema_rs.is_valid(schema, value)


def test_a_problem_names_the_place_and_the_word_and_no_content() -> None:
    schema = JsonSchema({"properties": {"items": {"items": {"properties": {"price": {"minimum": 0}}}}}})
    assert schema.problem({"items": [{"price": 1}, {"price": -4711}]}) == "$.items[1].price: minimum"
    closed = JsonSchema({"additionalProperties": {"type": "string"}})
    assert closed.problem({"secret name": 4711}) == "$.*: type"


@pytest.mark.parametrize(
    ("schema", "word"),
    [({"minimun": 1}, "minimun"), ({"type": "text"}, "text"),
     ({"pattern": "("}, "pattern"), ({"$ref": "#/$defs/x"}, "x"),
     ({"properties": {"a": {"unknown": 1}}}, "unknown")],
)  # fmt: skip
def test_a_schema_that_is_not_understood_is_refused(schema: dict, word: str) -> None:
    with pytest.raises(UsageError, match=word.replace("$", "")):
        JsonSchema(schema)


def test_a_schema_that_turns_in_a_circle_ends() -> None:
    circle = JsonSchema({"$ref": "#"})
    assert "deep" in circle.problem(1)
    deep = json.loads("[" * 100 + "]" * 100)
    JsonSchema({"items": {"$ref": "#"}}).problem(deep)
