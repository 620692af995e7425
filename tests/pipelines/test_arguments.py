import enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.pipelines.arguments import (
    Constant,
    Given,
    Keyed,
    Listed,
    Opaque,
    Wire,
    argument_of,
    leaves,
    replaced,
    valued,
)  # fmt: skip

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def plain(value):
    return argument_of(value, lambda _: None)


@settings(deadline=None)
@given(JSON)
def test_json_comes_back_as_it_was(value):
    argument = plain(value)
    assert isinstance(argument, Constant)
    back = valued(argument, lambda _: None)
    assert back == value
    assert repr(back) == repr(value), "1 is not 1.0, and True is not 1"


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), object(), {1: 2}, {"a": {1}}, b"x", Colour.RED, [[object()]], {"a": [print]}]
)
def test_what_json_cannot_say_faithfully_is_opaque(value):
    assert isinstance(plain(value), Opaque)


def test_a_value_that_holds_itself_is_opaque():
    loop: list[object] = []
    loop.append(loop)
    assert isinstance(plain(loop), Opaque)


def test_wires_are_found_in_lists_and_dicts_with_their_paths():
    handle = object()
    argument = argument_of({"a": [handle, 3], "b": 4}, lambda v: Wire(node="n") if v is handle else None)
    assert argument == Keyed(
        items={"a": Listed(items=(Wire(node="n"), Constant(value=3))), "b": Constant(value=4)}
    )  # fmt: skip
    assert [path for path, _ in leaves(argument, "x")] == ["x['a'][0]", "x['a'][1]", "x['b']"]


def test_given_values_are_loaded_in_their_places():
    argument = Keyed(items={"a": Listed(items=(Wire(node="n"), Constant(value=[3])))})
    task = replaced(argument, lambda leaf: Given(digest="d") if isinstance(leaf, Wire) else leaf)
    assert valued(task, lambda given: given.digest) == {"a": ["d", [3]]}


def test_each_call_makes_new_lists():
    argument = Constant(value=[1])
    first = valued(argument, lambda _: None)
    first.append(2)
    assert valued(argument, lambda _: None) == [1]
