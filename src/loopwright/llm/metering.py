"""What the gateway asks of budgets: reserve before a call, settle after it. The seam; `budgets/` keeps the promise."""

from abc import ABC, abstractmethod

import msgspec

from loopwright.llm.ask import Usage


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What a call may cost, known before it is made.

    Attributes:
        call: The call's id, unique for ever: under it it is settled.
        endpoint: The application.
        caller: The key's id, `home` or `anyone`.
        user: Whom the caller says it is for; empty where it does not.
        feature: What for, as the caller's header says; empty where it does not.
        lost: Earlier attempts of the same call that their upstreams may charge for, though nobody has their answers: a
            time-out, an answer that broke off, a second upstream that is asked at once.
        provider: The upstream's.
        model: The upstream's name of the model.
        input_tokens: At most so many; an upper bound by the bytes of the request.
        output_tokens: At most so many, for all choices together.
    """

    call: str
    endpoint: str
    caller: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    user: str = ""
    feature: str = ""
    lost: int = 0


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """What a call did cost.

    Attributes:
        usage: As the upstream counted; None where it did not say, and then the reserved bound is what it cost.
        cost_usd: In US dollars, by the prices of the moment; None where nobody knows the price.
        price: Digest or version of the price table that said so.
        over_bound: Whether the upstream counted more tokens than the call could take by its charge: it is charged, and
            somebody should look.
    """

    usage: Usage | None
    cost_usd: float | None
    price: str = ""
    over_bound: bool = False


class Meter(ABC):
    """Counts what calls cost against every budget that they fall under. Lives on one event loop; several processes of a
    home share the budgets."""

    @abstractmethod
    async def reserve(self, charge: Charge) -> None:
        """Set aside what the call may cost, under `charge.call`, in every budget and rate that it falls under, or in
        none. A retry on another upstream reserves anew under the same id: the greater of the two bounds is then held,
        once more for each attempt that is lost.

        Raises:
            BudgetExceededError: A budget has no room for it; nothing was set aside.
            RateLimitedError: So many tokens a minute are not allowed.
            PriceUnknownError: A budget in money applies, nobody knows the model's price, and none is assumed.
            StoreBusyError, NoSpaceError, NoPermissionError: Nobody can say now; nothing was set aside.
        """

    @abstractmethod
    def settle(self, call: str, usage: Usage | None, *, provider: str, model: str) -> Spend:
        """Replace what was set aside by what was used, once; what a call did not use is free again. Never waits.

        A call whose upstream was reached and did not say what it took is charged what was set aside, unless `usage` is
        known to be zero. Attempts that are lost are charged what was set aside for them.
        """

    @abstractmethod
    def release(self, call: str) -> None:
        """Give back everything that was set aside for a call that never reached an upstream. Never waits."""

    @abstractmethod
    async def close(self) -> None:
        """Give back what is not spent, and write down what was; idempotent."""
