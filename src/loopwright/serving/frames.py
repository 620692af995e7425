"""Frames between a worker and a probation child: four bytes of length, then MessagePack. Numbers only, no objects."""

import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

HEADER = struct.Struct(">I")
MOST_BYTES = 64 << 20
_DTYPES = frozenset({"<f8", "<f4", "<i4", "<i8", "|b1"})

Array = tuple[str, tuple[int, ...], bytes]
Arrays = dict[str, Array]


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """Columns to predict, under a number that the reply repeats."""

    number: int
    columns: Arrays


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


def pack(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Arrays as dtype, shape and bytes."""
    packed: Arrays = {}
    for name, array in arrays.items():
        packed[name] = (array.dtype.str, array.shape, array.tobytes())
    return packed


def unpack(arrays: Arrays) -> dict[str, np.ndarray]:
    """The arrays again, read-only.

    Raises:
        ValueError: A dtype that frames do not carry, or bytes that do not fill the shape.
    """
    made: dict[str, np.ndarray] = {}
    for name, (dtype, shape, data) in arrays.items():
        if dtype not in _DTYPES:
            raise ValueError(f"array {name!r} has dtype {dtype!r}, which frames do not carry")
        made[name] = np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape)
    return made
