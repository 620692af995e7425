"""One canonical text for a value, so that the same value always has the same digest."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_ENCODER = msgspec.json.Encoder(order="sorted")
_PLAIN = msgspec.json.Encoder()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces; structs become objects. NaN and infinities become null.

    Raises:
        TypeError: The value holds something that JSON cannot say.
    """
    return _ENCODER.encode(value)


def to_json(value: Any) -> bytes:
    """JSON in the order given."""
    return _PLAIN.encode(value)


def from_json(data: bytes | str, into: type[T]) -> T:
    """Decode and check against `into`.

    Raises:
        msgspec.ValidationError: The text is JSON of another shape.
        msgspec.DecodeError: The text is not JSON.
    """
    return msgspec.json.decode(data, type=into)


def plain(data: bytes | str) -> Any:
    """Decode to dicts, lists and scalars."""
    return msgspec.json.decode(data)
