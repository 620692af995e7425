"""Frames between a worker and a probation child: four bytes of length, then MessagePack. Numbers only, no objects."""

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

HEADER = struct.Struct(">I")
MOST_BYTES = 64 << 20
_DTYPES = frozenset({"<f8", "<f4", "<i4", "<i8", "|b1"})

Array = tuple[str, tuple[int, ...], bytes]
Arrays = dict[str, Array]


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """Rows to predict, under a number that the reply repeats.

    The matrix is (n, k) float64 in the order of the signature's features, as `Model.of_matrix` takes it. With `explain`
    the reply is `Explanation.packed` instead of scores.
    """

    number: int
    matrix: Array
    explain: bool = False


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """Scores, or the error that the model raised (`error` = type and message)."""

    number: int
    outputs: Arrays
    error: tuple[str, str] | None = None


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """The child's first frame on a connection: which version it holds, or why it could not load it."""

    version: str
    pid: int
    error: str | None = None


_ENCODER = msgspec.msgpack.Encoder()
decode_ask = msgspec.msgpack.Decoder(Ask).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode
decode_hello = msgspec.msgpack.Decoder(Hello).decode


def frame(message: Any) -> bytes:
    """The message as bytes to send."""
    body = _ENCODER.encode(message)
    return HEADER.pack(len(body)) + body


class Frames:
    """Cuts what a socket gives into frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are whole now.

        Raises:
            ValueError: A frame is larger than any of ours.
        """
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= HEADER.size:
            (size,) = HEADER.unpack_from(buffer, at)
            if size > MOST_BYTES:
                raise ValueError(f"a frame of {size} bytes")
            if len(buffer) - at < HEADER.size + size:
                break
            start = at + HEADER.size
            at = start + size
            yield bytes(memoryview(buffer)[start:at])
        del buffer[:at]


def pack(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Arrays as dtype, shape and bytes."""
    return {name: pack_one(array) for name, array in arrays.items()}


def pack_one(array: np.ndarray) -> Array:
    """One array as dtype, shape and bytes."""
    return (array.dtype.str, array.shape, array.tobytes())


def unpack(arrays: Arrays) -> dict[str, np.ndarray]:
    """The arrays again, read-only.

    Raises:
        ValueError: A dtype that frames do not carry, or bytes that do not fill the shape.
    """
    return {name: unpack_one(array, name) for name, array in arrays.items()}


def unpack_one(array: Array, name: str = "matrix") -> np.ndarray:
    """One array again, read-only. Raises as `unpack`."""
    dtype, shape, data = array
    if dtype not in _DTYPES:
        raise ValueError(f"array {name!r} has dtype {dtype!r}, which frames do not carry")
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape)
