"""How long a request may take, and how much may come back."""

import math

import msgspec


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines of one request.

    Attributes:
        connect_s: Seconds until a connection is there, waiting for a free one included.
        first_s: Seconds from sending until the first byte of the answer's body.
        between_s: Seconds from some of the body to more of it.
        until: When all of it has to be over, in the event loop's monotonic seconds.
    """

    connect_s: float = 2.0
    first_s: float = 30.0
    between_s: float = 30.0
    until: float = math.inf


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a pool takes.

    Attributes:
        connections: To one server, at once; further requests wait for a free one.
        idle_s: Seconds that a connection is kept for another request.
        head_bytes: Of an answer's head.
        body_bytes: Of an answer that is read whole.
        buffer_bytes: Of a stream that nobody has read yet; then the server is left waiting.
    """

    connections: int = 512
    idle_s: float = 30.0
    head_bytes: int = 64 * 1024
    body_bytes: int = 64 * 1024 * 1024
    buffer_bytes: int = 256 * 1024
