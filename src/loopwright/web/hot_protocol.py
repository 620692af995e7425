"""uvicorn's connections with a short way for predictions, and with an end to patience.

This leans on the inside of one file of uvicorn's. `missing_parts` says what of it is not as it was; a worker then runs
uvicorn's own connections, on which everything works, only slower.
"""

import re
from collections import deque
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from loopwright.web.hot import HotPath
from loopwright.web.short_cycle import ShortCycle, ShortHead

_END = b"\r\n\r\n"
_CLOSE = (b"connection", b"close")
_UPGRADE = re.compile(rb"\r\nupgrade(?=:)", re.IGNORECASE)
_MOST_IN_LINE = 32
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: 58\r\nconnection: close\r\n\r\n"
    b'{"code":"LW503","what":"the request was sent too slowly"}\n'
)
_METHODS = {
    "connection_made": ("self", "transport"),
    "data_received": ("self", "data"),
    "on_message_begin": ("self",),
    "on_headers_complete": ("self",),
    "on_body": ("self", "body"),
    "on_message_complete": ("self",),
    "on_response_complete": ("self",),
    "_start_asgi_task": ("self", "cycle", "app"),
    "_unset_keepalive_if_required": ("self",),
    "connection_lost": ("self", "exc"),
    "shutdown": ("self",),
    "pause_writing": ("self",),
    "resume_writing": ("self",),
}
_ATTRIBUTES = (
    "app", "parser", "timeout_keep_alive_task", "timeout_keep_alive", "server_state", "transport", "flow", "pipeline",
    "headers", "cycle",
)  # fmt: skip


def missing_parts(base: type = HttpToolsProtocol) -> list[str]:
    """What the short way needs of uvicorn's connections and does not find; empty where all is as it was."""
    missing = [name for name, parameters in _METHODS.items() if _parameters(base, name) != parameters]
    made = base.__init__.__code__.co_names  # type: ignore[misc]
    return missing + [name for name in _ATTRIBUTES if name not in made]


def _parameters(base: type, name: str) -> tuple[str, ...] | None:
    code = getattr(getattr(base, name, None), "__code__", None)
    return None if code is None else code.co_varnames[: code.co_argcount]


class HotProtocol(HttpToolsProtocol):
    """One connection.

    Requests on the short way that come before earlier ones are answered are worked on at once, and answered in their
    order. Anything else that comes early waits, as uvicorn has it.
    """

    def __init__(self, hot: HotPath, **given: Any) -> None:
        super().__init__(**given)
        self.hot = hot
        self._line: deque[ShortCycle] = deque()
        self._between = True
        self._beginning = False
        self._at_work: Any = None
        self._messages = 0
        self._last_head: ShortHead | None = None
        self._since = hot.monotonic()

    def data_received(self, data: bytes) -> None:
        if self._between:
            at = self._known_requests(data)
            if at == len(data):
                return
            if at:
                data = data[at:]
        self._read_whole(data)

    def _known_requests(self, data: bytes) -> int:
        """Take requests whose head is known and whose body is here; returns where the first other one begins."""
        heads, at, size = self.hot.heads, 0, len(data)
        while at < size:
            body_at = data.find(_END, at) + 4
            head = heads.get(data[at:body_at]) if body_at > 3 else None
            if head is None or body_at + head.length > size:
                break
            at = body_at + head.length
            if self.timeout_keep_alive_task is not None:
                self._unset_keepalive_if_required()
            cycle = head.cycle(self, data[body_at:at], more_body=False)
            self._enter(cycle)
            if not cycle.queued:
                cycle.begin()
        return at

    def _read_whole(self, data: bytes) -> None:
        """Let the parser read; a request that it read from exactly these bytes has a head worth knowing."""
        fresh, before = self._between, self._messages
        self._last_head = None
        super().data_received(_not_upgraded(data) if fresh else data)
        head = self._last_head
        if fresh and head is not None and self._between and self._messages == before + 1:
            body_at = data.find(_END) + 4
            if body_at + head.length == len(data):
                self.hot.remember(data[:body_at], head)

    def on_message_begin(self) -> None:
        self._between = False
        self._since = self.hot.monotonic()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._since = self.hot.monotonic()
        head = None
        if self.parser.get_method() == b"POST" and self.parser.get_http_version() == "1.1":
            head = self.hot.head(self.url, self.headers)
        self._last_head = head
        if head is None:
            super().on_headers_complete()
        else:
            self._enter(head.cycle(self, b"", more_body=True))

    def on_body(self, body: bytes) -> None:
        cycle: Any = self.cycle
        if type(cycle) is not RequestResponseCycle:
            cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._between = True
        self._messages += 1
        cycle: Any = self.cycle
        if type(cycle) is RequestResponseCycle:
            super().on_message_complete()
            return
        cycle.more_body = False
        if not cycle.queued:
            cycle.begin()

    def _enter(self, cycle: ShortCycle) -> None:
        """Make it the connection's latest request: at work now, or behind one that is not on the short way."""
        before: Any = self.cycle
        self.cycle = cycle  # type: ignore[assignment]
        if (
            before is None
            or before.response_complete
            or (type(before) is not RequestResponseCycle and not before.queued)
        ):
            self._line.append(cycle)
            if len(self._line) > _MOST_IN_LINE:
                self.flow.pause_reading()
        else:
            cycle.queued = True
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))  # type: ignore[arg-type]

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if type(cycle) is RequestResponseCycle:
            self._at_work = cycle
            super()._start_asgi_task(cycle, app)
            return
        cycle.queued = False
        self._line.append(cycle)
        if not cycle.more_body:
            cycle.begin()

    def answered(self, cycle: ShortCycle, message: bytes) -> None:
        """Send the answer to a request of this connection, once those before it are sent."""
        line = self._line
        cycle.out = message
        while line and (out := line[0].out) is not None:
            self._send(line.popleft(), out)
        if not line:
            self._rest()

    def is_first(self, cycle: ShortCycle) -> bool:
        """Whether it is this request's turn to be answered."""
        return bool(self._line) and self._line[0] is cycle

    def stream(self, cycle: ShortCycle, part: bytes) -> None:
        """Send part of an answer whose turn it is; the first begins with its head. Its end goes by `answered`."""
        if not self.transport.is_closing():
            self.transport.write(part if cycle.streaming else self._headed(part, last=self._is_last(cycle)))
        cycle.streaming = True

    def _send(self, cycle: ShortCycle, message: bytes) -> None:
        cycle.response_complete = True
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        last = self._is_last(cycle)
        self.transport.write(message if cycle.streaming else self._headed(message, last=last))
        if last:
            self.transport.close()

    def _is_last(self, cycle: ShortCycle) -> bool:
        """Whether the connection ends with this answer."""
        return not cycle.keep_alive or _CLOSE in self.server_state.default_headers

    def _headed(self, message: bytes, *, last: bool) -> bytes:
        """An answer with the headers that all of this server's have."""
        headers = self.server_state.default_headers
        if last and _CLOSE not in headers:
            headers = [*headers, _CLOSE]
        if not headers:
            return message
        status, _, rest = message.partition(b"\r\n")
        return b"\r\n".join((status, *(b"%b: %b" % header for header in headers), rest))

    def _rest(self) -> None:
        """Nothing on the short way is under way: what waits behind it begins, one after the other.

        One that is answered at once comes back here; it must not begin the next, or a packet full of them would be as
        many calls deep.
        """
        self._since = self.hot.monotonic()
        if self._beginning:
            return
        self._beginning = True
        try:
            while self.pipeline and not self._line and not self.transport.is_closing():
                cycle: Any = self.pipeline[-1][0]
                self._start_asgi_task(*self.pipeline.pop())
                if type(cycle) is RequestResponseCycle:
                    break
        finally:
            self._beginning = False
        if not self.pipeline and self.flow.read_paused and not self.flow.write_paused:
            self.flow.resume_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.pipeline:
            self.flow.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request at work, where others wait behind it too; uvicorn tells the last one only."""
        for cycle in self._line:
            cycle.disconnected = True
            cycle.left()
        if self._at_work is not None and not self._at_work.response_complete:
            self._at_work.disconnected = True
            self._at_work.message_event.set()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._since = self.hot.monotonic()
        super().on_response_complete()

    def sweep(self, now: float) -> None:
        """Let go of a caller who is silent for too long or sends too slowly."""
        cycle: Any = self.cycle
        idle = cycle is None or cycle.response_complete
        if self.transport is None or self.transport.is_closing() or self.flow.read_paused:
            return
        if self._between:
            if idle and now - self._since > self.timeout_keep_alive:
                self.transport.close()
        elif now - self._since > self.hot.header_timeout_s:
            self.transport.write(_TOO_SLOW)
            self.transport.close()


def _not_upgraded(data: bytes) -> bytes:
    """A request whose head asks for another protocol, as Java's client does, without that wish.

    A server may ignore it (RFC 9110, 7.8); the parser would leave out the body.
    """
    head, end, rest = data.partition(_END)
    return b"".join((_UPGRADE.sub(b"\r\nignored", head), end, rest)) if _UPGRADE.search(head) else data
