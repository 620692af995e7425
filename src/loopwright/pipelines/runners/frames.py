"""Messages between a runner and its child: four bytes of length, then JSON."""

import os
from typing import TypeVar

import msgspec

from loopwright.pipelines.runners.failure import Refusal
from loopwright.pipelines.task import Result

T = TypeVar("T")
_LENGTH_BYTES = 4


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The first message to a child: the blob folder, where imports are found, and what to import at once."""

    blobs: str
    search_path: tuple[str, ...]
    modules: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """A task that succeeded."""

    result: Result


Answer = Done | Refusal


def send(file: int, message: msgspec.Struct) -> None:
    """Write one message. Raises BrokenPipeError where nobody reads."""
    body = msgspec.json.encode(message)
    data = memoryview(len(body).to_bytes(_LENGTH_BYTES, "big") + body)
    while data:
        data = data[os.write(file, data) :]


def receive(file: int, into: type[T]) -> T | None:
    """Read one message; None at the end of the stream, also in the middle of a message."""
    head = _exactly(file, _LENGTH_BYTES)
    body = None if head is None else _exactly(file, int.from_bytes(head, "big"))
    return None if body is None else msgspec.json.decode(body, type=into)


def _exactly(file: int, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        part = os.read(file, min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
