"""Server-sent events, from bytes that end anywhere to whole events, as the HTML standard defines them.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re

import msgspec

from loopwright.errors import UpstreamError

MOST_EVENT_BYTES = 10 * 1024 * 1024
"""An event longer than this is no answer of a model."""
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_LONGEST_END = 4
_MARK = b"\xef\xbb\xbf"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event.

    Attributes:
        raw: Its bytes, with the empty line that ends it.
        data: The values of its `data` lines, joined by newlines; empty for a comment.
        name: The value of its `event` line; empty where it has none.
    """

    raw: bytes
    data: bytes
    name: str = ""


class SseParser:
    """Splits one stream. Events come out with the very bytes that came in, comments among them."""

    def __init__(self, *, most_bytes: int = MOST_EVENT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held = bytearray()
        self._looked = 0

    def blocks(self, data: bytes) -> list[bytes]:
        """The events that these bytes complete, each as its bytes.

        Raises:
            UpstreamError: An event is longer than is allowed.
        """
        held = self._held
        held += data
        found: list[bytes] = []
        start = 0
        for end in _END.finditer(held, self._looked):
            found.append(bytes(held[start : end.end()]))
            start = end.end()
        if start:
            del held[:start]
        self._looked = max(0, len(held) - _LONGEST_END)
        if len(held) > self._most_bytes or any(len(block) > self._most_bytes for block in found):
            raise UpstreamError(
                f"the upstream sent an event of more than {self._most_bytes} bytes",
                why="no answer of a model is that long",
            )
        return found

    def whole(self, data: bytes) -> bytes:
        """The events that these bytes complete, as their bytes together: all that is needed where none is looked into.

        Raises:
            UpstreamError: An event is longer than is allowed.
        """
        if not self._held and data.endswith(b"\n\n") and len(data) <= self._most_bytes and b"\r" not in data:
            return data
        return b"".join(self.blocks(data))

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises:
            UpstreamError: An event is longer than is allowed.
        """
        return [parsed(block) for block in self.blocks(data)]

    def rest(self) -> bytes:
        """What is left at the end: bytes of an event that no empty line ended; nothing after a whole stream."""
        left = bytes(self._held)
        self._held.clear()
        return left if left.strip(b"\r\n") else b""


def blocks_of(events: bytes) -> list[bytes]:
    """Whole events, one by one."""
    return SseParser(most_bytes=len(events)).blocks(events)


def parsed(block: bytes) -> Event:
    """The event of whole lines."""
    if block.startswith(b"data: ") and block.find(b"\n") == len(block) - 2 and b"\r" not in block:
        return Event(raw=block, data=block[6:-2])
    data: list[bytes] = []
    name = ""
    for line in block.removeprefix(_MARK).splitlines():
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Event(raw=block, data=b"\n".join(data), name=name)


def event_of(data: bytes, name: str = "") -> bytes:
    """The bytes of an event that says `data`, which holds no newline (JSON never does)."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data) if name else b"data: %s\n\n" % data
