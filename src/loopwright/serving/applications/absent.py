"""Stand-ins where there is nothing: no budgets and prices, no kept answers, no groups."""

from loopwright.llm.answer_cache import AnswerCache, CacheHit, CachePolicy
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.metering import Charge, Meter, Spend


class NoMeter(Meter):
    """Lets everything pass, and knows no price."""

    async def reserve(self, charge: Charge) -> None:
        """There is no budget."""

    def settle(self, call: str, usage: Usage | None, *, provider: str, model: str) -> Spend:  # noqa: ARG002
        return Spend(usage=usage, cost_usd=None)

    def release(self, call: str) -> None:
        """Nothing was set aside."""

    async def close(self) -> None:
        """Nothing is held."""


class NoCache(AnswerCache):
    """Knows no answer."""

    async def look(self, ask: Ask, *, version: str, tenant: str, policy: CachePolicy) -> CacheHit | None:  # noqa: ARG002
        return None

    def keep(self, ask: Ask, reply: Reply, *, version: str, tenant: str, policy: CachePolicy) -> None:
        """Nothing is kept."""


def no_groups(caller: str) -> tuple[str, ...]:  # noqa: ARG001 - the form of a giver of groups
    """Nobody belongs to a group."""
    return ()
