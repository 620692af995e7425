import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from loopwright.errors import RequestRefusedError
from loopwright.serving.protocols import tensors

NUMBERS = [name for name in tensors.DATATYPES if name not in ("BYTES", "BOOL")]


@pytest.mark.parametrize(
    ("datatype", "shape", "data"),
    [
        ("INT64", [2], ["1", "2"]),
        ("INT64", [2], [1.5, 2.5]),
        ("INT64", [2], [True, False]),
        ("INT64", [2], [1, 2**63]),
        ("UINT8", [2], [1, 256]),
        ("UINT8", [2], [1, -1]),
        ("INT64", [3], [1, 2]),
        ("INT64", [], [1]),
        ("INT64", [-2], [1, 2]),
        ("INT64", [1] * 9, [1]),
        ("STRING", [1], ["a"]),
        ("BYTES", [1], [1]),
        ("BOOL", [1], [1]),
        ("INT64", [2], [[1, 2]]),
        ("INT64", [2, 2], [[1, 2], [3, [4]]]),
    ],
)
def test_json_that_is_not_what_the_tensor_says_is_refused(datatype, shape, data):
    with pytest.raises(RequestRefusedError):
        tensors.of_json("distance", datatype, shape, data=data)


def test_json_may_be_nested_or_flat():
    nested = tensors.of_json("x", "FP32", [2, 2], data=[[1, 2.5], [None, 4]])
    assert nested.values == tensors.of_json("x", "FP32", [2, 2], data=[1, 2.5, None, 4]).values == [1, 2.5, None, 4]


@given(
    st.sampled_from(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]).flatmap(
        lambda code: arrays.arrays(np.dtype(f"<{code}"), st.integers(0, 20))
    )
)
def test_raw_numbers_are_what_numpy_wrote_and_nan_is_null(array):
    datatype = {"i": "INT", "u": "UINT", "f": "FP"}[array.dtype.kind] + str(array.dtype.itemsize * 8)
    read = tensors.of_raw("x", datatype, array.shape, raw=array.tobytes())
    assert len(read.values) == len(array)
    for value, given_value in zip(read.values, array.tolist(), strict=True):
        assert value == given_value or (value is None and given_value != given_value)
    if None not in read.values:
        assert tensors.raw_of(read) == array.tobytes()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_raw_texts_come_back_as_they_were(texts):
    made = tensors.Tensor(name="x", datatype="BYTES", shape=(len(texts),), values=texts)
    assert tensors.of_raw("x", "BYTES", made.shape, raw=tensors.raw_of(made)).values == texts


def test_raw_truths_are_bytes():
    made = tensors.of_raw("x", "BOOL", [3], raw=b"\0\1\1")
    assert made.values == [False, True, True]
    assert tensors.raw_of(made) == b"\0\1\1"


@given(st.sampled_from(tensors.DATATYPES), st.lists(st.integers(0, 5), max_size=3), st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(datatype, shape, raw):
    try:
        made = tensors.of_raw("x", datatype, shape, raw=raw)
    except RequestRefusedError:
        return
    assert len(made.values) == np.prod(made.shape, dtype=int)


@pytest.mark.parametrize("raw", [b"\1", b"\2\0\0\0a", b"\xff\xff\xff\xff", struct.pack("<I", 1) + b"\xff"])
def test_texts_that_end_too_early_or_are_not_utf_8_are_refused(raw):
    with pytest.raises(RequestRefusedError):
        tensors.of_raw("x", "BYTES", [1], raw=raw)


def test_typed_values_are_checked_and_texts_decoded():
    assert tensors.of_values("x", "FP64", [2], values=[1.0, float("nan")]).values == [1.0, None]
    assert tensors.of_values("x", "BYTES", [1], values=[b"AA"]).values == ["AA"]
    with pytest.raises(RequestRefusedError):
        tensors.of_values("x", "INT8", [1], values=[300])
    with pytest.raises(RequestRefusedError):
        tensors.of_values("x", "BYTES", [1], values=[b"\xff"])
