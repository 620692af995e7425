"""An answer as the cache keeps it."""

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.llm.ask import Ask, Reply

_OVERHEAD_BYTES = 1000
_WELL_ENDED = ("stop", "tool_calls")


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and when it was given.

    Attributes:
        at: By the workspace's clock.
        reply: The answer, as guards let it pass.
    """

    at: Micros
    reply: Reply

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        return len(self.reply.body) + 2 * len(self.reply.text) + _OVERHEAD_BYTES

    def age_s(self, now: Micros) -> float:
        """Seconds since it was given; 0 where the clock was set back."""
        return max(0, now - self.at) / SECOND


def is_whole(ask: Ask, reply: Reply) -> bool:
    """Whether an answer ended well and says something, so that it may be given again."""
    if ask.operation == "embedding":
        return bool(reply.body)
    return reply.finish in _WELL_ENDED and bool(reply.text or reply.tool_calls)
