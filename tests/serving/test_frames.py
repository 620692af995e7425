import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from loopwright.serving.frames import HEADER, Ask, decode_ask, frame, pack, unpack


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0)))
def test_arrays_come_back_bit_for_bit(array):
    framed = frame(Ask(7, pack({"x": array})))
    (size,) = HEADER.unpack(framed[: HEADER.size])
    ask = decode_ask(framed[HEADER.size :])
    assert size == len(framed) - HEADER.size
    assert ask.number == 7
    back = unpack(ask.columns)["x"]
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", ["|O", "<U4", "|V8", "nonsense"])
def test_only_numbers_are_unpacked(dtype):
    with pytest.raises(ValueError, match="do not carry"):
        unpack({"x": (dtype, (1,), b"\0" * 8)})


def test_bytes_that_do_not_fill_the_shape_are_refused():
    with pytest.raises(ValueError, match="size"):
        unpack({"x": ("<f8", (2,), b"\0" * 8)})
