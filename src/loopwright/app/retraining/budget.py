"""What retraining may cost: budgets in money or time over a span, and the price of training."""

import re
from collections.abc import Sequence

import msgspec

from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError

_HOUR = 3_600.0
_SPANS = {name: parse_duration(text) for name, text in
          (("day", "1d"), ("week", "7d"), ("month", "30d"), ("year", "365d"))}  # fmt: skip
_MONEY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z]{3})")
_FIX = 'Write "20 USD/month" for money, or "10h/week" for time of training.'


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in a currency, by its ISO 4217 code."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What may be spent within any span of this length that ends now: money, or seconds of training.

    A span is a day, a week (7 days), a month (30 days) or a year (365 days).
    """

    text: str
    span: Micros
    money: Money | None = None
    seconds: float | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What training costs: so much an hour, or so much a run."""

    money: Money
    per: str

    def of(self, seconds: float) -> Money:
        """What a run of that many seconds costs."""
        factor = seconds / _HOUR if self.per == "h" else 1.0
        return Money(amount=self.money.amount * factor, currency=self.money.currency)


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """One run that was paid for: when it started, and what it took."""

    at: Micros
    seconds: float


def parse_budget(text: str) -> Budget:
    """A budget as a loop file writes it.

    Raises:
        UsageError: It is neither money nor a time over a span.
    """
    amount, _, span = (part.strip() for part in text.partition("/"))
    if span not in _SPANS:
        raise UsageError(f"{text!r} is no budget", why=f"the span is one of {', '.join(_SPANS)}", fix=_FIX)
    money = _MONEY.fullmatch(amount)
    if money:
        said = Money(amount=float(money[1]), currency=money[2])
        return Budget(text=text, span=_SPANS[span], money=said)
    try:
        return Budget(text=text, span=_SPANS[span], seconds=parse_duration(amount.replace(" ", "")) / 1e6)
    except ValueError as error:
        raise UsageError(f"{text!r} is no budget", why=str(error), fix=_FIX) from error


def parse_price(text: str) -> Price | None:
    """A price as a loop file or the setting `training_price` writes it; None where it is empty.

    Raises:
        UsageError: It is no amount of money per hour (`/h`) or per run (`/run`).
    """
    if not text.strip():
        return None
    amount, _, per = (part.strip() for part in text.partition("/"))
    money = _MONEY.fullmatch(amount)
    if money is None or per not in ("h", "run"):
        raise UsageError(f"{text!r} is no price of training", fix='Write "1.20 USD/h", or "0.50 USD/run".')
    return Price(money=Money(amount=float(money[1]), currency=money[2]), per=per)


def over_budget(budgets: Sequence[Budget], price: Price | None, spent: Sequence[Spent], *, now: Micros) -> str:
    """Why the next run may not be afforded, in words; empty where it may. Pure.

    The next run is taken to last as long as the last one did; of a first run only what is left is asked.

    Args:
        budgets: All of them must hold.
        price: What training costs; money that nobody can count is not spent.
        spent: Earlier runs, oldest first.
        now: The workspace's time.
    """
    for budget in budgets:
        past = [run.seconds for run in spent if now - run.at < budget.span]
        expected = spent[-1].seconds if spent else 0.0
        why = _lacking(budget, price, past=past, expected=expected)
        if why:
            return why
    return ""


def seconds_left(
    budgets: Sequence[Budget], price: Price | None, spent: Sequence[Spent], *, now: Micros
) -> float | None:
    """How long the next run may take before a budget is spent; None where none limits it. Pure."""
    left: list[float] = []
    for budget in budgets:
        past = sum(run.seconds for run in spent if now - run.at < budget.span)
        if budget.seconds is not None:
            left.append(budget.seconds - past)
        elif budget.money is not None and price is not None and price.per == "h" and price.money.amount > 0:
            left.append(budget.money.amount / price.money.amount * _HOUR - past)
    return max(0.0, min(left)) if left else None


def _lacking(budget: Budget, price: Price | None, *, past: Sequence[float], expected: float) -> str:
    if budget.seconds is not None:
        return _over(budget, sum(past) / _HOUR, expected / _HOUR, most=budget.seconds / _HOUR, unit="h")
    if budget.money is None:
        return ""
    if price is None:
        return f"the budget is {budget.text}, and what training costs is not known: set training_price"
    if price.money.currency != budget.money.currency:
        return f"the budget is {budget.text}, and training costs {price.money.currency}"
    paid = sum(price.of(seconds).amount for seconds in past)
    return _over(budget, paid, price.of(expected).amount, most=budget.money.amount, unit=budget.money.currency)


def _over(budget: Budget, used: float, expected: float, *, most: float, unit: str) -> str:
    if used < most and used + expected <= most:
        return ""
    return f"the budget of {budget.text} is spent: {used:.2f} {unit} used, {expected:.2f} to come"
