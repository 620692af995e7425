from pathlib import Path

from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.counters import CounterFile
from loopwright.llm.budgets.period import Every, period_of
from loopwright.llm.budgets.purse import Purse
from loopwright.testing.clocks import START


def purse(folder: Path, every: Every = "day") -> Purse:
    budget = Budget(name="b", limit=5 * 10**9, unit="usd", per="user", every=every)
    counter = CounterFile(folder, "a").open("k", 0)
    return Purse(key="k", budget=budget, period=period_of(every, START), subject="ann", counter=counter)


def test_what_is_free_is_what_was_leased_less_what_is_spent_and_set_aside(tmp_path: Path) -> None:
    one = purse(tmp_path)
    one.leased = 100
    one.counter.reserve(30)
    one.counter.settle(10, 4)
    assert one.free == 76


def test_a_refusal_says_which_budget_what_is_left_and_when_it_begins_anew(tmp_path: Path) -> None:
    one = purse(tmp_path)
    one.left = 2 * 10**7
    error = one.refusal(3 * 10**7)
    assert (error.code, error.http_status, error.retryable) == ("LW513", 402, False)
    assert "b: 5.00 USD a day for this user" in error.what
    assert error.why == "the call may take 0.03 USD, and 0.02 USD are left"
    assert "ann" not in str(error.as_dict())
    assert (error.context["left"], error.context["resets_at"]) == (2 * 10**7, "2026-01-02T00:00:00.000000Z")


def test_a_budget_without_an_end_never_begins_anew(tmp_path: Path) -> None:
    error = purse(tmp_path, "total").refusal(1)
    assert error.context["resets_at"] == ""
    assert "in all" in error.what
