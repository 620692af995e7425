"""What the gateway asks of a cache of answers. The seam; `cache/` has the exact and the semantic one."""

from abc import ABC, abstractmethod
from typing import Literal

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.ask import Ask, Reply


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What an application keeps of its answers; part of its bundle.

    Attributes:
        exact_s: Seconds that an answer is given again to the very same request; 0: not at all.
        semantic: `off`; `shadow`: similar requests are looked up and written down, never answered; `on`.
        threshold: Cosine similarity from which a request may be taken for another. `on` needs one that
            `loopwright cache eval` has chosen, with the share of false hits that it stated.
        stated_error: That share.
        semantic_s: Seconds that an answer is kept for similar requests.
        per_user: Whether each user has answers of their own; else each key has.
    """

    exact_s: float = 0.0
    semantic: Literal["off", "shadow", "on"] = "off"
    threshold: float = 0.0
    stated_error: float | None = None
    semantic_s: float = 3600.0
    per_user: bool = False

    def __post_init__(self) -> None:
        if not (0.0 <= self.exact_s < float("inf") and 0.0 <= self.semantic_s < float("inf")):
            raise UsageError("a cache keeps answers for a number of seconds of at least 0")
        if self.semantic == "on" and (not 0.0 < self.threshold <= 1.0 or self.stated_error is None):
            raise UsageError(
                "a semantic cache that answers needs a threshold and the share of false hits stated for it",
                why="similar requests are often not the same request",
                fix="Run `loopwright cache eval`: it chooses a threshold and prints this line.",
            )


class CacheHit(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was found.

    Attributes:
        reply: In the protocol of the request.
        how: What found it.
        age_s: How old it is.
    """

    reply: Reply
    how: Literal["exact", "semantic"]
    age_s: float


class AnswerCache(ABC):
    """Answers by request. Lives on one event loop; several processes of a home may share what is kept.

    A failure of the cache is a miss, counted, never a failure of the call.
    """

    @abstractmethod
    async def look(self, ask: Ask, *, version: str, tenant: str, policy: CachePolicy) -> CacheHit | None:
        """The answer to this request, or to one that may stand for it.

        Args:
            ask: The request as it goes to the upstream: rendered, with passages. A request that streams is answered
                from the cache too; the caller makes a stream of it.
            version: The application's version, whose answers alone are found.
            tenant: Whose answers: nobody is given another tenant's.
            policy: The application's.
        """

    @abstractmethod
    def keep(self, ask: Ask, reply: Reply, *, version: str, tenant: str, policy: CachePolicy) -> None:
        """Remember an answer that ended well (`stop` or `tool_calls`). Never waits."""
