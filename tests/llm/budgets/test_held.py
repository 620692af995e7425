from pathlib import Path

from loopwright.llm.ask import Usage
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.counters import CounterFile
from loopwright.llm.budgets.held import Attempt, Held
from loopwright.llm.budgets.period import period_of
from loopwright.llm.budgets.purse import Purse
from loopwright.llm.metering import Charge
from loopwright.llm.prices.price import Price, priced
from loopwright.testing.clocks import START


def purse(file: CounterFile, unit: str) -> Purse:
    budget = Budget(name="b", limit=1000, unit=unit)  # type: ignore[arg-type]
    return Purse(key=unit, budget=budget, period=period_of("month", START), subject="", counter=file.open(unit, 0))


def attempt(model: str, tokens: int, *purses: Purse, price: str = "1") -> Attempt:
    charge = Charge(
        call="c", endpoint="e", caller="k", provider="p", model=model, input_tokens=tokens, output_tokens=tokens
    )
    return Attempt(charge, priced([Price(provider="p", model=model, input=price, output=price)], "v"), purses)


def test_bounds_are_in_each_unit_and_money_only_where_there_is_a_price() -> None:
    one = attempt("m", 500)
    assert [one.bound(unit) for unit in ("usd", "tokens", "requests")] == [1_000_000, 1000, 1]
    assert Attempt(one.charge, None, ()).bound("usd") == 0
    assert one.passed_by(Usage(input_tokens=501))
    assert not one.passed_by(Usage(input_tokens=500, output_tokens=500))


def test_the_greatest_bound_of_all_attempts_is_held_and_given_back_whole(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    tokens, requests = purse(file, "tokens"), purse(file, "requests")
    held = Held("k")
    for one in (attempt("m", 10, tokens, requests), attempt("n", 30, tokens, requests), attempt("m", 5, tokens)):
        held.add(one)
    assert (held.of(tokens), held.of(requests)) == (60, 1)
    assert (tokens.counter.reserved, requests.counter.reserved) == (60, 1)
    held.release()
    assert (tokens.counter.reserved, tokens.counter.spent, requests.counter.spent) == (0, 0, 0)


def test_only_the_purses_of_the_attempt_that_answered_are_charged(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    shared, own = purse(file, "tokens"), purse(file, "requests")
    held = Held("k")
    held.add(attempt("m", 10, shared, own))
    held.add(attempt("n", 10, shared))
    answered = held.attempt("p", "n")
    assert answered.charge.model == "n"
    held.settle(answered, {"tokens": 7, "requests": 1})
    assert (shared.counter.spent, own.counter.spent, shared.counter.reserved, own.counter.reserved) == (7, 0, 0, 0)


def test_what_nobody_can_say_is_charged_as_it_was_held_and_an_unknown_upstream_is_the_last(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    money = purse(file, "usd")
    held = Held("k")
    held.add(attempt("m", 500, money))
    assert held.attempt("other", "model").charge.model == "m"
    held.settle(held.attempt("other", "model"), {"usd": None})
    assert money.counter.spent == 1_000_000
