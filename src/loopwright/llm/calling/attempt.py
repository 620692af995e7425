"""What became of a call: each attempt of it, and its answer."""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from loopwright.errors import LoopwrightError
from loopwright.llm.ask import Reply
from loopwright.llm.route import Upstream

BeforeAttempt = Callable[[Upstream, int], Awaitable[None]]
"""Called before each attempt, with the upstream that is about to be asked, and how many other attempts of the call may
be on somebody's bill: those under way, and those of which nobody knows. What it raises ends the call at once."""
Cause = Literal[
    "connect", "timeout", "closed", "malformed", "too_large", "status", "limited", "denied", "config", "open", "busy",
    "refused", "untold", "cancelled",
]  # fmt: skip
"""Why an attempt has no answer. The first five are the connection's (`http.exchange.Cause`). status: 408, 409 or 5xx;
limited: 429; denied: the upstream refuses our key, our account or our model's name; config: there is no key; open: its
circuit; busy: no room in time among the calls under way; refused: the upstream refuses the request; untold: the request
cannot be said in its protocol; cancelled: nobody waits for it any more, or another upstream answered first."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One time that an upstream was asked.

    Attributes:
        upstream: Its name in the route.
        provider: As prices and traces name it.
        model: The upstream's name of the model.
        started: Monotonic seconds.
        ended: The same; of a stream, when its first piece came.
        status: HTTP's; None where none came.
        error: A `Cause`; empty where it answered.
    """

    upstream: str
    provider: str
    model: str
    started: float
    ended: float
    status: int | None
    error: str

    @property
    def lost(self) -> bool:
        """Whether its upstream may charge for it, though nobody has its answer."""
        return self.status is None and self.error != "connect"


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that came whole.

    Attributes:
        reply: The answer.
        upstream: Who gave it.
        attempts: In the order in which they ended, the one that answered among them.
    """

    reply: Reply
    upstream: Upstream
    attempts: tuple[Attempt, ...]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt has no answer.

    Attributes:
        cause: In one word.
        error: In full.
        status: HTTP's, where one came.
        retry_after_s: What the upstream wants to be waited.
    """

    cause: Cause
    error: LoopwrightError
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def final(self) -> bool:
        """Whether it is the caller's to correct, whoever else were asked."""
        return self.cause == "refused"

    @property
    def stays(self) -> bool:
        """Whether the same upstream may well answer the next time."""
        return self.cause in {"status", "limited", "closed", "malformed"}

    @property
    def hopeless(self) -> bool:
        """Whether the same upstream would fail again for as long as this call lasts."""
        return self.cause in {"denied", "config", "untold", "too_large"}

    @property
    def of_upstream(self) -> bool:
        """Whether it says something bad of the upstream's health."""
        return self.cause in {"connect", "timeout", "closed", "malformed", "too_large", "status", "denied"}
