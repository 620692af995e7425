"""What is set aside for one call: by its attempts, in every purse that one of them falls under."""

from collections.abc import Mapping

from loopwright.core.access import Rate
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.amount import Unit
from loopwright.llm.budgets.purse import Purse
from loopwright.llm.metering import Charge
from loopwright.llm.prices.price import Priced


class Attempt:
    """One upstream that the call may reach, and the most it may take there."""

    __slots__ = ("_bounds", "charge", "priced", "purses")

    def __init__(self, charge: Charge, priced: Priced | None, purses: tuple[Purse, ...]) -> None:
        self.charge = charge
        self.priced = priced
        self.purses = purses
        self._bounds: dict[Unit, int] = {}

    def bound(self, unit: Unit) -> int:
        """At most so many tokens, billionths of a US dollar, requests; no money where the price is unknown."""
        found = self._bounds.get(unit)
        if found is None:
            found = self._bounds[unit] = self._bound(unit)
        return found

    def named(self, provider: str, model: str) -> bool:
        """Whether it is this upstream's model."""
        return self.charge.model == model and self.charge.provider == provider

    def passed_by(self, usage: Usage) -> bool:
        """Whether the upstream counts more than the call could take."""
        return usage.input_tokens > self.charge.input_tokens or usage.output_tokens > self.charge.output_tokens

    def _bound(self, unit: Unit) -> int:
        tokens_in, tokens_out = max(self.charge.input_tokens, 0), max(self.charge.output_tokens, 0)
        if unit == "tokens":
            return tokens_in + tokens_out
        if unit == "requests":
            return 1
        return 0 if self.priced is None else self.priced.bound_nano(tokens_in, tokens_out)


class Held:
    """What is set aside for a call. Lives on one event loop.

    Attributes:
        caller: The key's id.
        rate: The key's token rate.
        tokens: Taken of it.
        lost: Attempts that their upstreams may charge for beside the one that is settled.
    """

    __slots__ = ("_amounts", "_attempts", "caller", "lost", "rate", "tokens")

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.rate: Rate | None = None
        self.tokens = 0
        self.lost = 0
        self._attempts: list[Attempt] = []
        self._amounts: dict[Purse, int] = {}

    def of(self, purse: Purse) -> int:
        """What is set aside in a purse."""
        return self._amounts.get(purse, 0)

    def missing(self, attempt: Attempt, purse: Purse) -> int:
        """What must be set aside in a purse before an attempt is made, beside what is already."""
        return self._whole(attempt, purse, max(self.lost, attempt.charge.lost)) - self.of(purse)

    def add(self, attempt: Attempt) -> None:
        """Set aside what an attempt needs more than those before it."""
        for purse in attempt.purses:
            more = self.missing(attempt, purse)
            if more > 0:
                purse.counter.reserve(more)
                self._amounts[purse] = self._amounts.get(purse, 0) + more
        self._attempts.append(attempt)
        self.lost = max(self.lost, attempt.charge.lost)

    def lost_bound(self, unit: Unit) -> int:
        """The most that the lost attempts may have taken together."""
        return self.lost * max(one.bound(unit) for one in self._attempts) if self.lost else 0

    def attempt(self, provider: str, model: str) -> Attempt:
        """The one that reached this upstream's model, the last where none is known to."""
        for one in reversed(self._attempts):
            if one.named(provider, model):
                return one
        return self._attempts[-1]

    def settle(self, attempt: Attempt, taken: Mapping[Unit, int | None]) -> None:
        """Count what an attempt took in the purses that it falls under, and free the rest.

        Args:
            attempt: The one that was answered.
            taken: By unit, of the one alone; None where nobody can say, and then all that was set aside.
        """
        for purse, amount in self._amounts.items():
            spent = taken[purse.unit] if purse in attempt.purses else 0
            lost = self._lost_in(purse)
            purse.counter.settle(amount, amount if spent is None else spent + lost)

    def release(self) -> None:
        """Free everything."""
        for purse, amount in self._amounts.items():
            purse.counter.settle(amount, 0)

    def _whole(self, attempt: Attempt, purse: Purse, lost: int) -> int:
        bound = max([attempt.bound(purse.unit), *(one.bound(purse.unit) for one in self._in(purse))])
        return bound if purse.unit == "requests" else bound * (1 + lost)

    def _lost_in(self, purse: Purse) -> int:
        if not self.lost or purse.unit == "requests":
            return 0
        return self.lost * max(one.bound(purse.unit) for one in self._in(purse))

    def _in(self, purse: Purse) -> list[Attempt]:
        return [one for one in self._attempts if purse in one.purses]
