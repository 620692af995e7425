"""The same value always has the same text."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.codec import canonical, from_json, plain, to_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int = 0


@given(JSON)
def test_what_is_written_reads_back_as_it_was(value: object) -> None:
    assert plain(canonical(value)) == value
    assert plain(to_json(value)) == value


@given(st.dictionaries(st.text(max_size=5), st.integers(-9, 9), max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_keys_are_sorted_without_spaces_and_structs_are_objects() -> None:
    assert canonical({"b": Point(1), "a": [1, 2]}) == b'{"a":[1,2],"b":{"x":1,"y":0}}'


def test_nan_and_infinities_become_null() -> None:
    assert canonical([float("nan"), float("inf")]) == b"[null,null]"


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical(object())


def test_decoding_checks_the_shape() -> None:
    assert from_json('{"x": 3}', Point) == Point(3)
    with pytest.raises(msgspec.ValidationError):
        from_json('{"x": "three"}', Point)
    with pytest.raises(msgspec.DecodeError):
        plain("{")
