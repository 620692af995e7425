"""The short way of a prediction: from the parser to the endpoint and back to the connection, past ASGI.

It takes what callers send all the time: POST /predict/{endpoint} with a JSON body and nothing special about it. All
else goes the usual way, and so may this: both answer the same. `web.hot_protocol` puts it into uvicorn's connections;
`web.gateway.short_way` is the same for calls of applications.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError, OverloadedError
from loopwright.serving.call import Call
from loopwright.serving.door import Door, Row
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.outcome import Outcome
from loopwright.serving.outputs import Score
from loopwright.serving.pending import Pending, check_records
from loopwright.serving.protocols import json_records
from loopwright.web.asking import CLOCK_HEADER, ID_HEADER, Asking, checked_count
from loopwright.web.auth import Doors
from loopwright.web.errors import as_known, body_of, headers_of, status_of
from loopwright.web.request_ids import RequestIds
from loopwright.web.short_cycle import NobodyWaits, ShortHead, message

if TYPE_CHECKING:
    from loopwright.web.hot_protocol import HotProtocol

_LOG = logging.getLogger("loopwright.inference")
_PATH = b"/predict/"
_SPECIAL = frozenset({b"transfer-encoding", b"expect", b"content-encoding", b"upgrade", CLOCK_HEADER.encode()})
_UNIQUE = frozenset({ID_HEADER, "traceparent"})
_SWEEP_S = 1.0
_MOST_HEADS = 1024
_MOST_HEAD_BYTES = 4096
_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
_encode = msgspec.json.Encoder().encode


class _ScoreAnswer(msgspec.Struct, frozen=True, gc=False):
    """What `json_records.answer` says of one record with a score and nothing special."""

    request_id: str
    prediction: Any
    score: float | None
    version: str
    arm: str
    release: str | None


HeadOf = Callable[[Mapping[str, str], int], ShortHead]
"""Makes the head of a request from its headers by lower-case name and the bytes of its body."""


class Head(ShortHead):
    """The head of a prediction: who is asked.

    `open` is whether a door let it in that will always do so: no key was needed.
    """

    __slots__ = ("endpoint", "open")

    def __init__(self, endpoint: Endpoint, headers: Mapping[str, str], length: int) -> None:
        super().__init__(headers, length)
        self.endpoint = endpoint
        self.open = False

    def cycle(self, protocol: "HotProtocol", body: bytes, *, more_body: bool) -> "HotCycle":
        return HotCycle(protocol, self, body, more_body=more_body)


class HotPath:
    """What the connections of one worker share.

    Args:
        asking: The way to the endpoints, whose count of requests under way is kept.
        doors: Who may call.
        clock: Times requests; its `now` is not a replay's.
        ids: Gives requests their ids.
        header_timeout_s: Seconds that a caller may take to send a head, and again a body.
        others: What else goes this way, by path.

    Attributes:
        heads: Heads that came before, by their very bytes: the same bytes mean the same again.
    """

    def __init__(
        self, asking: Asking, *, doors: Doors, clock: Clock, ids: RequestIds, header_timeout_s: float = 10.0,
        others: Mapping[bytes, HeadOf] | None = None,
    ) -> None:  # fmt: skip
        self.asking = asking
        self.monotonic = clock.monotonic
        self.header_timeout_s = header_timeout_s
        self.heads: dict[bytes, ShortHead] = {}
        self._doors = doors
        self._ids = ids
        self._paths: dict[bytes, HeadOf] = dict(others or {})
        self._paths |= {_PATH + name.encode(): partial(Head, endpoint) for name, endpoint in asking.endpoints.items()}

    def head(self, url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> ShortHead | None:
        """The head of a POST over HTTP/1.1, or None where it goes the usual way."""
        head_of = self._paths.get(url)
        if head_of is None:
            return None
        length = -1
        for name, value in headers:
            if name in _SPECIAL or (name == b"accept" and b"event-stream" in value.lower()):
                return None
            if name == b"connection" and value.lower() != b"keep-alive":
                return None
            if name == b"content-length":
                length = int(value) if value.isdigit() else -1
        if not 0 < length <= self.asking.limits.body_bytes:
            return None
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        head = head_of(named, length)
        return head if length <= head.most_bytes else None

    def end(self) -> None:
        """Take no more requests: all go the usual way from now on, which says that the connection closes."""
        self.heads.clear()
        self._paths = {}

    async def keep_sweeping(self, connections: Collection[Any]) -> None:
        """Let go of callers who are silent for too long or send too slowly, until cancelled.

        Args:
            connections: Those of the server, as they are at each look.
        """
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = self.monotonic()
            for connection in list(connections):
                connection.sweep(now)

    def remember(self, data: bytes, head: ShortHead) -> None:
        """Know the bytes of a head again."""
        if len(data) > _MOST_HEAD_BYTES or not _UNIQUE.isdisjoint(head.headers):
            return
        if len(self.heads) >= _MOST_HEADS:
            self.heads.clear()
        self.heads[data] = head

    def ask(self, cycle: "HotCycle") -> None:
        """Let a request in and hand it to its endpoint; what goes wrong is its answer."""
        asking = self.asking
        try:
            self._admit(cycle)
            if asking.in_flight >= asking.limits.in_flight:
                raise OverloadedError("too many requests are under way", why=f"the limit is {asking.limits.in_flight}")
        except Exception as error:  # noqa: BLE001 - boundary: one request; the error is its answer, or in the log
            cycle.fail(error)
            return
        asking.in_flight += 1
        cycle.under_way = True
        try:
            cycle.started = started = self.monotonic()
            cycle.deadline = started + asking.limits.timeout_s
            cycle.read()
            cycle.id = self._ids.of(cycle.head.headers.get(ID_HEADER))
            cycle.head.endpoint.submit(cycle)
        except Exception as error:  # noqa: BLE001 - boundary: one request; the error is its answer, or in the log
            cycle.fail(error)

    def _admit(self, cycle: "HotCycle") -> None:
        head = cycle.head
        if head.open:
            return
        caller = self._doors.admit("POST", head.headers, scope="predict", open_on_loopback=True)
        cycle.rate = caller.headers
        head.open = "authorization" not in head.headers


class HotCycle(Pending):
    """One prediction on the short way; the rest as `ShortCycle` has it.

    Attributes:
        head: What was asked.
        under_way: Whether it counts as a request under way.
        rate: Headers about the rate of the caller's key.
    """

    __slots__ = (
        "_door", "_many", "_records", "_row", "body", "disconnected", "head", "keep_alive", "more_body", "out",
        "protocol", "queued", "rate", "response_complete", "under_way",
    )  # fmt: skip
    message_event = NobodyWaits()
    streaming: bool = False

    def __init__(self, protocol: "HotProtocol", head: Head, body: bytes, *, more_body: bool) -> None:
        self.protocol = protocol
        self.head = head
        self.body = body
        self.more_body = more_body
        self.queued = False
        self.out: bytes | None = None
        self.under_way = False
        self.rate: Sequence[tuple[bytes, bytes]] = ()
        self.response_complete = False
        self.keep_alive = True
        self.disconnected = False
        self._many = False
        self._records: list[Any] | None = None
        self._row: Row | None = None
        self._door: Door | None = None

    @property
    def headers(self) -> Mapping[str, str]:  # type: ignore[override]
        """The request's headers by lower-case name."""
        return self.head.headers

    def begin(self) -> None:
        """See `ShortCycle`."""
        self.protocol.hot.ask(self)

    def left(self) -> None:
        """See `ShortCycle`; an answer that nobody reads costs nothing more."""

    def read(self) -> None:
        """Decode the body.

        Raises:
            RequestRefusedError, UsageError: It is no record, no list of records, or one that is too long.
        """
        arms = self.head.endpoint.arms
        if arms is not None:
            self._door = arms.champion.intake.door
            form = self._door.form
            if form is not None:
                self._row = form.one(self.body)
                if self._row is not None:
                    return
        records, self._many = json_records.parse(self.body)
        self._records = checked_count(records)

    def check(self, door: Door) -> list[Row]:
        if self._row is not None and self._door is door:
            return [self._row]
        if self._records is None:
            self._records, self._many = json_records.parse(self.body)
        return check_records(door, self._records)

    def give(self, outcome: Outcome, start: int) -> None:
        rows = self.rows
        output = outcome.outputs[start]
        if (
            not self._many and not self.rate and outcome.fallback_from is None and not rows[0].flags
            and type(output) is Score
        ):  # fmt: skip
            label = outcome.label
            answer = _ScoreAnswer(self.id, output.prediction, output.score, label.version, label.arm, label.release)
            body = _encode(answer)
            self._end(_OK % (len(body), body), len(body))
            return
        call = Call(id=self.id, records=[None] * len(rows), started=self.started, deadline=self.deadline)
        answered = outcome.answered(call, start, rows)
        headers = (*json_records.headers_of(answered), *self.rate)
        said = json_records.answer(answered, many=self._many)
        self._end(message(200, said, headers), len(said))

    def refuse(self, error: LoopwrightError) -> None:
        self.fail(error)

    def fail(self, error: Exception) -> None:
        """Answer with an error."""
        known = as_known(error)
        if known is not error:
            _LOG.error("POST /predict/%s failed", self.head.endpoint.name, exc_info=error)
        said = body_of(known)
        self._end(message(status_of(known), said, headers_of(known)), len(said))

    def _end(self, out: bytes, body_bytes: int) -> None:
        if self.under_way:
            self.under_way = False
            self.protocol.hot.asking.in_flight -= 1
        traffic = self.head.endpoint.traffic
        traffic.received += len(self.body)
        traffic.sent += body_bytes
        self.protocol.answered(self, out)
