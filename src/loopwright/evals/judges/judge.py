"""The judge seam: how a scorer asks its model."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.llm.route import Route


class JudgeReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the model said, and what it cost; None where the price is unknown."""

    text: str
    cost_usd: float | None = None


class JudgeAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a judge.

    Attributes:
        route: Which model.
        messages: A chat's.
        schema: JSON schema of the answer, for a model that can be held to one; the messages say it too.
        name: What the schema is called.
        parameters: Further fields of the request, as `temperature`.
    """

    route: Route
    messages: Sequence[Mapping[str, Any]]
    schema: Mapping[str, Any]
    name: str
    parameters: Mapping[str, Any] = {}


class Judge(ABC):
    """Asks the model of a route. Lives on one event loop; several questions may be under way."""

    @abstractmethod
    async def ask(self, asked: JudgeAsk) -> JudgeReply:
        """One answer, within the route's patience.

        Raises:
            LoopwrightError: There is no answer, or it may not be paid for.
        """

    @abstractmethod
    def fence(self) -> str:
        """A new word of at least 64 random bits, which nobody who wrote an answer can have known."""
