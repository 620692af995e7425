"""The short way of a call of an application: past ASGI, as `web.hot` has it for predictions.

It takes the gateway's POSTs with a JSON body of ordinary length. The gateway answers them as it answers all others;
what is saved is what ASGI costs, and looking whether the caller is still there: the connection itself tells.
"""

import asyncio
import logging
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from loopwright.web.gateway.gateway import OPERATIONS, Gateway
from loopwright.web.hot import HeadOf
from loopwright.web.http import Request, Response
from loopwright.web.short_cycle import NobodyWaits, ShortHead, head_lines, message

if TYPE_CHECKING:
    from loopwright.web.hot_protocol import HotProtocol

_LOG = logging.getLogger("loopwright.gateway")
_CHUNKED = (b"transfer-encoding", b"chunked")
_END = b"0\r\n\r\n"


def short_ways(gateway: Gateway) -> dict[bytes, HeadOf]:
    """What of the gateway goes the short way, by path."""
    return {path.encode(): partial(GatewayHead, Way(gateway=gateway, path=path)) for path in OPERATIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One path of the gateway."""

    gateway: Gateway
    path: str


class GatewayHead(ShortHead):
    """The head of a call.

    Attributes:
        gateway: Answers it.
        request: All but its body.
    """

    __slots__ = ("gateway", "request")
    most_bytes = 256 * 1024

    def __init__(self, way: Way, headers: Mapping[str, str], length: int) -> None:
        super().__init__(headers, length)
        self.gateway = way.gateway
        self.request = Request(method="POST", path=way.path, headers=headers, receive=_nothing_more)

    def cycle(self, protocol: "HotProtocol", body: bytes, *, more_body: bool) -> "GatewayCycle":
        return GatewayCycle(protocol, self, body, more_body=more_body)


class GatewayCycle:
    """One call on the short way; the rest as `ShortCycle` has it."""

    __slots__ = (
        "_head", "_held", "_protocol", "_task", "body", "disconnected", "keep_alive", "more_body", "out", "queued",
        "response_complete", "streaming",
    )  # fmt: skip
    message_event = NobodyWaits()

    def __init__(self, protocol: "HotProtocol", head: GatewayHead, body: bytes, *, more_body: bool) -> None:
        self._protocol = protocol
        self._head = head
        self._task: asyncio.Task[None] | None = None
        self._held = b""
        self.body = body
        self.more_body = more_body
        self.queued = False
        self.out: bytes | None = None
        self.streaming = False
        self.response_complete = False
        self.keep_alive = True
        self.disconnected = False

    def begin(self) -> None:
        """See `ShortCycle`."""
        protocol = self._protocol
        self._task = task = protocol.loop.create_task(self._run())
        protocol.tasks.add(task)
        task.add_done_callback(protocol.tasks.discard)

    def left(self) -> None:
        """See `ShortCycle`: the upstream is left, what it took is settled, the row is logged."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        head = self._head
        try:
            answer = await head.gateway.answer(head.request, body=self.body)
            if type(answer) is Response:
                self._protocol.answered(self, message(answer.status, answer.body, answer.headers))
            else:
                await answer.send(self._send)
        except asyncio.CancelledError:
            if not self.disconnected:
                self._protocol.transport.close()
                raise
        except ConnectionAbortedError:
            self._protocol.transport.close()
        except Exception as error:  # noqa: BLE001 - boundary: one call; what fails here has no answer any more
            _LOG.error("POST %s failed", head.request.path, exc_info=error)
            self._protocol.transport.close()

    async def _send(self, event: MutableMapping[str, Any]) -> None:
        """Send a part of a stream, as ASGI has it; behind other answers of its connection it is held until its end."""
        protocol = self._protocol
        if event["type"] == "http.response.start":
            self._held = head_lines(event["status"], (*event["headers"], _CHUNKED)) + b"\r\n"
            return
        body = event.get("body", b"")
        part = b"%b%x\r\n%b\r\n" % (self._held, len(body), body) if body else self._held
        self._held = b""
        if not event.get("more_body", False):
            protocol.answered(self, part + _END)
        elif not protocol.is_first(self):
            self._held = part
        elif part:
            protocol.stream(self, part)
            if protocol.flow.write_paused:
                await protocol.flow.drain()


async def _nothing_more() -> MutableMapping[str, Any]:
    """The whole body is there already, and the connection tells of a caller who goes away."""
    return {"type": "http.request", "body": b"", "more_body": False}
