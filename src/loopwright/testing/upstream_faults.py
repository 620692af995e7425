"""How the local upstream fails, when it is told to: by command line, by call, or by the request's header `x-fault`.

A fault is written `KIND[=VALUE][@SHARE][*TIMES]`: `429=1.5` answers 429 with `Retry-After: 1.5`, `500@0.2` fails one
call in five, `reset*2` the first two calls; of several, as `500@0.2 late=0.02`, a call meets the first that hits it.
Which calls fail depends on a seed and the call's number alone.
"""

import re
from collections.abc import Callable
from typing import Literal

import msgspec
from blake3 import blake3

KINDS = {
    "400": "refuses the request",
    "401": "refuses the key",
    "403": "refuses the account",
    "404": "knows no such model",
    "408": "took too long",
    "409": "is in conflict",
    "429": "too many requests; VALUE: Retry-After as it stands",
    "500": "internal error",
    "503": "unavailable; VALUE: Retry-After as it stands",
    "hang": "takes the request and says nothing",
    "hang_after_head": "sends the head of its answer and nothing more",
    "hang_midway": "stops in the middle of its answer",
    "truncated": "closes the connection in the middle of its answer",
    "ends_early": "ends a stream as HTTP has it, without the protocol's own end",
    "malformed_json": "answers what is no JSON",
    "malformed_sse": "streams what is no event",
    "error_event": "tells an error in the middle of a stream",
    "wrong_length": "promises more bytes than it sends, then closes",
    "long_body": "sends more bytes than its answer has",
    "slow": "VALUE seconds between the pieces of a stream",
    "late": "VALUE seconds before its answer",
    "reset": "resets the connection in place of an answer",
    "close": "closes the connection in place of an answer",
    "byte_by_byte": "sends its answer a byte at a time",
    "bad_head": "answers what is no HTTP",
    "long_head": "sends a head without end",
}
_SPEC = re.compile(r"(?P<kind>\w+)(=(?P<value>[^@*]+))?(@(?P<share>[\d.]+))?(\*(?P<times>\d+))?")
_NO_EVENT = b"data: {not json\n\n"
_ERROR = b'data: {"error":{"message":"the server had an error","type":"server_error","code":null}}\n\n'
_POINTS = 1 << 64
_LAST_CHUNK = b"0\r\n\r\n"
_PAUSE_S = 0.02

Ending = Literal["keep", "close", "reset", "hang"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault; see the module.

    Attributes:
        kind: One of `KINDS`; empty for none.
        value: What it takes.
        share: Of the calls.
        times: How many calls it hits, counted from the first; 0: no limit.
    """

    kind: str = ""
    value: str = ""
    share: float = 1.0
    times: int = 0

    def hits(self, number: int, seed: int) -> bool:
        """Whether it hits the call of this number, counted from 1."""
        if not self.kind or (self.times and number > self.times):
            return False
        lot = int.from_bytes(blake3(f"{seed}:{number}".encode()).digest(8), "big")
        return lot < self.share * _POINTS


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What goes over the wire: bytes, each after its wait in seconds, and what becomes of the connection."""

    steps: tuple[tuple[float, bytes], ...]
    ending: Ending = "keep"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it should be.

    Attributes:
        status: HTTP's.
        parts: The body; one part an event where it streams.
        stream: Whether it is a stream of events.
        headers: Further lines of the head.
    """

    status: int
    parts: tuple[bytes, ...]
    stream: bool = False
    headers: bytes = b""


def fault_of(text: str) -> Fault:
    """Read a fault.

    Raises:
        ValueError: It is none.
    """
    if not text:
        return Fault()
    found = _SPEC.fullmatch(text)
    if found is None or found["kind"] not in KINDS:
        raise ValueError(f"{text!r} is no fault; a fault is KIND[=VALUE][@SHARE][*TIMES] of {', '.join(KINDS)}")
    share, times = float(found["share"] or 1.0), int(found["times"] or 0)
    return Fault(kind=found["kind"], value=found["value"] or "", share=share, times=times)


def faults_of(text: str) -> tuple[Fault, ...]:
    """Read faults with spaces between them: `500@0.2 late=0.02`. The first that hits a call is the one it meets.

    Raises:
        ValueError: One of them is none.
    """
    return tuple(fault_of(one) for one in text.split())


def played(answer: Answer, fault: Fault) -> Script:
    """What goes over the wire for an answer that a fault hits; a fault of streams leaves a whole answer as it is."""
    kind = fault.kind
    if kind in {"late", "slow"}:
        return _paced(answer, kind, float(fault.value or 0.05))
    make = _SCRIPTS.get(kind)
    return make(answer) if make is not None else Script(steps=((0.0, plain(answer)),))


def head_of(answer: Answer) -> bytes:
    """The head of an answer."""
    kind = b"text/event-stream" if answer.stream else b"application/json"
    size = b"transfer-encoding: chunked" if answer.stream else b"content-length: %d" % sum(map(len, answer.parts))
    return b"HTTP/1.1 %d X\r\ncontent-type: %s\r\n%s%s\r\n\r\n" % (answer.status, kind, answer.headers, size)


def plain(answer: Answer) -> bytes:
    """An answer without a fault, as it goes over the wire."""
    return head_of(answer) + _body(answer)


def _body(answer: Answer) -> bytes:
    if not answer.stream:
        return b"".join(answer.parts)
    return b"".join(map(_chunk, answer.parts)) + _LAST_CHUNK


def _chunk(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


def _paced(answer: Answer, kind: str, wait_s: float) -> Script:
    if kind == "late" or not answer.stream:
        return Script(steps=((wait_s, plain(answer)),))
    steps = [(wait_s if number else 0.0, _chunk(part)) for number, part in enumerate(answer.parts)]
    return Script(steps=((0.0, head_of(answer)), *steps, (0.0, _LAST_CHUNK)))


def _cut(answer: Answer, share: float, ending: Ending) -> Script:
    body = _body(answer)
    return Script(steps=((0.0, head_of(answer) + body[: int(len(body) * share)]),), ending=ending)


def _byte_by_byte(answer: Answer) -> Script:
    return Script(steps=tuple((0.0, bytes((byte,))) for byte in plain(answer)))


def _wrong_length(answer: Answer) -> Script:
    longer = msgspec.structs.replace(answer, parts=(*answer.parts, b" " * 10))
    return Script(steps=((0.0, head_of(longer) + _body(answer)),), ending="close")


def _long_head(_: Answer) -> Script:
    lines = ((0.0, b"x-%d: %s\r\n" % (number, b"x" * 4000)) for number in range(64))
    return Script(steps=((0.0, b"HTTP/1.1 200 X\r\n"), *lines), ending="hang")


def _malformed_json(answer: Answer) -> Script:
    cut = msgspec.structs.replace(answer, parts=(b'{"id": "x", "choices": [',))
    return Script(steps=((0.0, plain(answer if answer.stream else cut)),))


def _in_the_middle(answer: Answer, events: tuple[bytes, ...], *, rest: bool) -> Script:
    """A stream with these events in its middle, which come after a while, as what follows them; or without the rest."""
    if not answer.stream:
        return Script(steps=((0.0, plain(answer)),))
    middle = len(answer.parts) // 2
    begun, left = answer.parts[:middle], answer.parts[middle:] if rest else ()
    after = b"".join(map(_chunk, (*events, *left))) + _LAST_CHUNK
    return Script(steps=((0.0, head_of(answer) + b"".join(map(_chunk, begun))), (_PAUSE_S, after)))


_SCRIPTS: dict[str, Callable[[Answer], Script]] = {
    "hang": lambda _: Script(steps=(), ending="hang"),
    "reset": lambda _: Script(steps=(), ending="reset"),
    "close": lambda _: Script(steps=(), ending="close"),
    "hang_after_head": lambda answer: _cut(answer, 0.0, "hang"),
    "hang_midway": lambda answer: _cut(answer, 0.5, "hang"),
    "truncated": lambda answer: _cut(answer, 0.5, "close"),
    "byte_by_byte": _byte_by_byte,
    "wrong_length": _wrong_length,
    "long_body": lambda answer: Script(steps=((0.0, plain(answer) + b'{"more": true}'),)),
    "malformed_json": _malformed_json,
    "malformed_sse": lambda answer: _in_the_middle(answer, (_NO_EVENT,), rest=True),
    "error_event": lambda answer: _in_the_middle(answer, (_ERROR,), rest=False),
    "ends_early": lambda answer: _in_the_middle(answer, (), rest=False),
    "bad_head": lambda _: Script(steps=((0.0, b"this is no HTTP\r\n\r\n"),), ending="close"),
    "long_head": _long_head,
}
