import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from loopwright.serving.frames import HEADER, MOST_BYTES, Ask, Frames, decode_ask, frame, pack_one, unpack, unpack_one


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0)))
def test_arrays_come_back_bit_for_bit(array):
    framed = frame(Ask(7, pack_one(array)))
    (size,) = HEADER.unpack(framed[: HEADER.size])
    ask = decode_ask(framed[HEADER.size :])
    assert size == len(framed) - HEADER.size
    assert ask.number == 7
    back = unpack_one(ask.matrix)
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", ["|O", "<U4", "|V8", "nonsense"])
def test_only_numbers_are_unpacked(dtype):
    with pytest.raises(ValueError, match="do not carry"):
        unpack({"x": (dtype, (1,), b"\0" * 8)})


def test_bytes_that_do_not_fill_the_shape_are_refused():
    with pytest.raises(ValueError, match="size"):
        unpack({"x": ("<f8", (2,), b"\0" * 8)})


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 30), min_size=1))
def test_frames_are_cut_out_of_whatever_pieces_a_socket_gives(bodies, sizes):
    stream = b"".join(HEADER.pack(len(body)) + body for body in bodies)
    frames, found, at = Frames(), [], 0
    while at < len(stream):
        size = sizes[len(found) % len(sizes)]
        found += frames.feed(stream[at : at + size])
        at += size
    assert found == bodies


def test_a_frame_beyond_any_of_ours_is_refused_before_it_is_read():
    with pytest.raises(ValueError, match="a frame of"):
        list(Frames().feed(HEADER.pack(MOST_BYTES + 1)))
