"""Arrays come back bit for bit; their layout and padding are no part of them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from loopwright.errors import UnsupportedValueError
from loopwright.formats.value import get_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


def round_trip(value: Any) -> Any:
    blobs = MemoryBlobs()
    return get_value(blobs, put_value(blobs, value))


dtypes = hnp.scalar_dtypes().filter(lambda dtype: dtype.char not in "gG") | hnp.array_dtypes(
    st.sampled_from([np.dtype("i1"), np.dtype("<f8"), np.dtype("U3"), np.dtype("M8[us]")])
)


@settings(max_examples=60)
@given(hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
def test_arrays_come_back_with_dtype_shape_and_bits(array: np.ndarray) -> None:
    back = round_trip(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert put_value(MemoryBlobs(), back) == put_value(MemoryBlobs(), array)
    if array.dtype.names is None:
        assert back.tobytes() == array.tobytes()


def test_layout_of_an_array_is_no_part_of_it(blobs: Blobs) -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert put_value(blobs, np.asfortranarray(array)) == put_value(blobs, array)
    assert put_value(blobs, np.arange(24.0)[::2].reshape(3, 4) / 2) == put_value(blobs, array)


def test_padding_of_a_structured_array_is_no_part_of_it(blobs: Blobs) -> None:
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    one, other = np.zeros(2, dtype), np.frombuffer(bytearray(b"\xff" * 32), dtype)
    other["a"], other["b"] = 0, 0
    assert one.tobytes() != other.tobytes()
    assert put_value(blobs, one) == put_value(blobs, other)


@pytest.mark.parametrize(
    "scalar", [np.float32(1.5), np.int64(3), np.bool_(True), np.datetime64("2020-01-01", "D"), np.str_("ab")]
)
def test_numpy_scalars_stay_scalars(scalar: Any) -> None:
    back = round_trip(scalar)
    assert type(back) is type(scalar)
    assert back == scalar


def test_arrays_of_objects_are_refused(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValueError, match="dtype object"):
        put_value(blobs, np.array([{}, None]))
