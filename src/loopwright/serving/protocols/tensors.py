"""Tensors as the Open Inference Protocol says them: in JSON, in raw bytes, and as plain values in between.

Source: the protocol's text, github.com/kserve/open-inference-protocol, and its binary tensor data extension.
"""

import struct
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import msgspec
import numpy as np

from loopwright.errors import RequestRefusedError

_MOST_DIMENSIONS = 8
_WHOLE = {
    f"{sign}INT{bits}": f"{kind}{bits // 8}" for bits in (8, 16, 32, 64) for sign, kind in (("", "i"), ("U", "u"))
}
_REAL = {"FP16": "f2", "FP32": "f4", "FP64": "f8"}
_DTYPES = {name: np.dtype(f"<{code}") for name, code in (_WHOLE | _REAL | {"BOOL": "?"}).items()}
_TYPES: dict[str, set[type]] = {"BOOL": {bool}, "BYTES": {str}, **{name: {float, int} for name in _REAL}}
_WHOLE_TYPES: set[type] = {int}
DATATYPES = (*_DTYPES, "BYTES")


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """One tensor.

    Attributes:
        name: Its name.
        datatype: One of `DATATYPES`.
        shape: Its size in each dimension.
        values: Its elements in row-major order: float, int, bool or str; None where there is no value.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[Any]


def of_json(name: str, datatype: str, shape: Sequence[int], *, data: list[Any]) -> Tensor:
    """A tensor of JSON values, nested or flat.

    Raises:
        RequestRefusedError: An unknown datatype, a value of another one, or not as many values as the shape says.
    """
    made = _begun(name, datatype, shape)
    values = data
    for _ in made[1:]:
        if not any(type(value) is list for value in values):
            break
        values = [inner for value in values for inner in (value if type(value) is list else (value,))]
    _check_count(name, made, len(values))
    _check_values(name, datatype, values)
    return Tensor(name=name, datatype=datatype, shape=made, values=values)


def of_raw(name: str, datatype: str, shape: Sequence[int], *, raw: bytes | memoryview) -> Tensor:
    """A tensor of raw bytes: little endian, row-major; each element of BYTES is preceded by its length (4 bytes).

    Raises:
        RequestRefusedError: As `of_json`; or text that is not UTF-8.
    """
    made = _begun(name, datatype, shape)
    if datatype == "BYTES":
        values: list[Any] = list(_texts(name, bytes(raw)))
        _check_count(name, made, len(values))
    else:
        dtype = _DTYPES[datatype]
        if len(raw) != prod(made) * dtype.itemsize:
            raise RequestRefusedError(
                f"input {name[:80]!r} has {len(raw)} bytes",
                why=f"{prod(made)} values of {datatype} are {prod(made) * dtype.itemsize}",
            )
        values = _without_nan(datatype, np.frombuffer(raw, dtype=dtype).tolist())
    return Tensor(name=name, datatype=datatype, shape=made, values=values)


def of_values(name: str, datatype: str, shape: Sequence[int], *, values: list[Any]) -> Tensor:
    """A tensor of typed values, as gRPC's typed contents: what is NaN there is null here.

    Raises:
        RequestRefusedError: As `of_json`; or text that is not UTF-8.
    """
    made = _begun(name, datatype, shape)
    _check_count(name, made, len(values))
    if datatype == "BYTES":
        values = [_text(name, value) if isinstance(value, bytes) else value for value in values]
    else:
        _check_values(name, datatype, values)
    return Tensor(name=name, datatype=datatype, shape=made, values=_without_nan(datatype, values))


def raw_of(tensor: Tensor) -> bytes:
    """The tensor's raw bytes, as `of_raw` takes them."""
    if tensor.datatype != "BYTES":
        return np.array(tensor.values, dtype=_DTYPES[tensor.datatype]).tobytes()
    texts = [value.encode("utf-8", "replace") for value in tensor.values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _begun(name: str, datatype: str, shape: Sequence[int]) -> tuple[int, ...]:
    if datatype not in DATATYPES:
        raise RequestRefusedError(
            f"input {name[:80]!r} has datatype {datatype[:20]!r}", why=f"known: {', '.join(DATATYPES)}"
        )
    if not 1 <= len(shape) <= _MOST_DIMENSIONS or any(size < 0 for size in shape):
        raise RequestRefusedError(
            f"input {name[:80]!r} has shape {list(shape[:_MOST_DIMENSIONS])}",
            why=f"a shape is 1 to {_MOST_DIMENSIONS} sizes, none below 0",
        )
    return tuple(shape)


def _check_count(name: str, shape: tuple[int, ...], found: int) -> None:
    if found != prod(shape):
        raise RequestRefusedError(
            f"input {name[:80]!r} has {found} values", why=f"its shape {list(shape)} says {prod(shape)}"
        )


def _check_values(name: str, datatype: str, values: Sequence[Any]) -> None:
    """Look at the types of all values at once; whole numbers must be within their bits too."""
    found = set(map(type, values)) - {type(None)}
    fits = found <= _TYPES.get(datatype, _WHOLE_TYPES)
    if fits and found and datatype in _WHOLE:
        bounds = np.iinfo(_DTYPES[datatype])
        there = [value for value in values if value is not None]
        fits = min(there) >= bounds.min and max(there) <= bounds.max
    if not fits:
        raise RequestRefusedError(f"input {name[:80]!r} holds a value that is not {datatype}")


def _without_nan(datatype: str, values: list[Any]) -> list[Any]:
    """A real tensor says by NaN that there is no value: bytes know no null."""
    if datatype not in _REAL:
        return values
    return [None if value is not None and value != value else value for value in values]  # noqa: PLR0124 - NaN


def _texts(name: str, raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw):
        end = at + 4
        if end > len(raw):
            raise _cut_off(name)
        (length,) = struct.unpack_from("<I", raw, at)
        at, end = end, end + length
        if end > len(raw):
            raise _cut_off(name)
        yield _text(name, raw[at:end])
        at = end


def _cut_off(name: str) -> RequestRefusedError:
    return RequestRefusedError(
        f"the bytes of input {name[:80]!r} end within an element",
        why="an element of BYTES is its length (4 bytes, little endian) and that many bytes",
    )


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestRefusedError(f"input {name[:80]!r} holds text that is not UTF-8", why=str(error)[:100]) from error
