"""JSON values come back with their exact types; bytes as they are."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.formats.value import get_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


def round_trip(value: Any) -> Any:
    blobs = MemoryBlobs()
    return get_value(blobs, put_value(blobs, value))


def same(a: Any, b: Any) -> bool:
    """Equality that holds NaN equal to NaN and tells 1, 1.0 and True apart."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_json_values_come_back_with_their_exact_types(value: Any) -> None:
    assert same(round_trip(value), value)


def test_order_of_keys_is_no_part_of_the_value(blobs: Blobs) -> None:
    assert put_value(blobs, {"a": 1, "b": [2]}) == put_value(blobs, {"b": [2], "a": 1})
    assert put_value(blobs, {"a": 1, "b": b"x"}) == put_value(blobs, {"b": b"x", "a": 1})
