import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loopwright.core.access import Rate
from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.errors import BudgetExceededError, NotReadyError, PriceUnknownError, RateLimitedError
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.account import Account, Accounts
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.facts import KeyFacts
from loopwright.llm.budgets.meter import open_meter
from loopwright.llm.metering import Charge, Meter
from loopwright.store.open_stores import Stores, open_stores
from loopwright.testing.clocks import START, ManualClock

Declare = Callable[..., None]
DAY = 86_400_000_000
USED = Usage(input_tokens=3, output_tokens=4)


def charge(call: str = "c1", tokens: tuple[int, int] = (10, 20), **fields: Any) -> Charge:
    told = {"endpoint": "bot", "caller": "key_1", "provider": "openai", "model": "gpt-4o-mini"} | fields
    return Charge(call=call, input_tokens=tokens[0], output_tokens=tokens[1], **told)


def meter_of(stores: Stores, **how: Any) -> Meter:
    told = {"clock": SystemClock(), "machine": SystemClock(), "worker": "w"} | how
    return open_meter(stores, **told)


def run(stores: Stores, play: Callable[[Meter], Awaitable[None]], **how: Any) -> None:
    async def played() -> None:
        meter = meter_of(stores, **how)
        try:
            await play(meter)
        finally:
            await meter.close()

    asyncio.run(played())


def settle(meter: Meter, call: str = "c1", usage: Usage | None = USED) -> Any:
    return meter.settle(call, usage, provider="openai", model="gpt-4o-mini")


def accounts(stores: Stores) -> dict[str, Account]:
    return Accounts(stores.kv).read(stores.kv.keys("budget/"))


def spent(stores: Stores) -> dict[str, int]:
    return {key: account.spent for key, account in accounts(stores).items()}


def tokens(name: str = "b", limit: int = 1000, **how: Any) -> Budget:
    return Budget(name=name, limit=limit, unit="tokens", **({"every": "total"} | how))


def test_without_a_budget_calls_are_priced_and_nothing_is_stored(stores: Stores, home: Path) -> None:
    async def play(meter: Meter) -> None:
        await meter.reserve(charge())
        spend = settle(meter)
        assert spend.cost_usd == pytest.approx(3 * 0.15e-6 + 4 * 0.6e-6)
        assert spend.price
        await meter.reserve(charge("c2", model="nobody-knows"))
        unknown = meter.settle("c2", USED, provider="openai", model="nobody-knows")
        assert (unknown.cost_usd, unknown.price) == (None, "")

    run(stores, play)
    assert not (home / "spending").exists()
    assert accounts(stores) == {}


def test_a_call_counts_what_it_took_in_every_budget_it_falls_under(stores: Stores, declare: Declare) -> None:
    declare(
        Budget(name="money", limit=10**9, unit="usd", every="total", per="key"),
        tokens("tokens", per="user"),
        Budget(name="calls", limit=5, unit="requests", every="total", where={"team": "pricing"}),
        tokens("others", where={"endpoint": "another"}),
    )

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(user="ann"))
        settle(meter)

    run(stores, play, key_facts=lambda caller: KeyFacts(team="pricing"))
    assert spent(stores) == {
        "budget/money/key-usd/all/key_1": 2850,
        "budget/tokens/user-tokens/all/ann": 7,
        "budget/calls/all-requests/all/": 1,
    }


def test_a_call_is_refused_by_what_it_could_take_and_nothing_is_set_aside(stores: Stores, declare: Declare) -> None:
    declare(tokens("wide", limit=10_000), tokens("narrow", limit=100))

    async def play(meter: Meter) -> None:
        with pytest.raises(BudgetExceededError, match="narrow") as refused:
            await meter.reserve(charge(tokens=(50, 51)))
        assert refused.value.context["left"] == 100
        await meter.reserve(charge("c2", tokens=(50, 50)))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("c3", tokens=(1, 0)))
        settle(meter, "c2")

    run(stores, play)
    assert set(spent(stores).values()) == {7}


def test_what_a_call_did_not_use_is_free_for_the_next(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=100))

    async def play(meter: Meter) -> None:
        for number in range(14):
            await meter.reserve(charge(f"c{number}", tokens=(2, 7)))
            settle(meter, f"c{number}")
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("more", tokens=(2, 7)))

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 98}


def test_a_call_is_settled_once_and_a_released_one_is_free(stores: Stores, declare: Declare) -> None:
    declare(tokens())

    async def play(meter: Meter) -> None:
        await meter.reserve(charge())
        settle(meter)
        settle(meter)
        meter.release("c1")
        await meter.reserve(charge("c2"))
        meter.release("c2")
        assert settle(meter, "c2").cost_usd is not None  # priced, and charged to nobody
        meter.release("never")

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 7}


def test_an_upstream_that_does_not_say_what_it_took_is_charged_the_bound(stores: Stores, declare: Declare) -> None:
    declare(tokens())

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(10, 20)))
        spend = settle(meter, usage=None)
        assert spend.cost_usd == pytest.approx(10 * 0.15e-6 + 20 * 0.6e-6)
        await meter.reserve(charge("c2"))
        assert settle(meter, "c2", usage=Usage()).cost_usd == 0.0

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 30}


def test_a_call_that_is_under_way_when_the_meter_closes_stays_charged_at_its_bound(
    stores: Stores, declare: Declare
) -> None:
    declare(tokens())

    async def play(meter: Meter) -> None:
        await meter.reserve(charge())
        await meter.close()
        await meter.close()
        assert settle(meter).cost_usd is not None
        with pytest.raises(NotReadyError):
            await meter.reserve(charge("late"))

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 30}


def test_a_retry_elsewhere_holds_the_greater_bound_and_only_the_one_that_answered_is_charged(
    stores: Stores, declare: Declare
) -> None:
    declare(tokens("all"), tokens("model", per="model"), Budget(name="calls", limit=2, unit="requests", every="total"))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(10, 20)))
        await meter.reserve(charge(tokens=(10, 50), model="gpt-4o"))
        await meter.reserve(charge(tokens=(5, 5)))
        await asyncio.sleep(0)
        held = {key: sum(account.leases.values()) for key, account in accounts(stores).items()}
        assert held["budget/all/all-tokens/all/"] >= 60
        meter.settle("c1", USED, provider="openai", model="gpt-4o")

    run(stores, play)
    assert spent(stores) == {
        "budget/all/all-tokens/all/": 7,
        "budget/model/model-tokens/all/gpt-4o-mini": 0,
        "budget/model/model-tokens/all/gpt-4o": 7,
        "budget/calls/all-requests/all/": 1,
    }


def test_a_retry_needs_room_only_for_what_it_may_take_more(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=100))

    async def play(meter: Meter) -> None:
        for bound in (60, 60, 100, 10):
            await meter.reserve(charge(tokens=(bound, 0), model="gpt-4o"))
        settle(meter)

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 7}


def test_attempts_that_are_lost_are_held_and_charged_at_their_bound(stores: Stores, declare: Declare) -> None:
    async def play(meter: Meter) -> None:
        await meter.reserve(charge())
        await meter.reserve(charge(lost=1))
        await meter.reserve(charge("other", tokens=(40, 20)))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge(lost=2))
        spend = settle(meter)
        assert spend.usage == USED
        assert spend.cost_usd == pytest.approx((3 * 0.15e-6 + 4 * 0.6e-6) + (10 * 0.15e-6 + 20 * 0.6e-6))
        meter.release("other")

    declare(tokens(limit=120), Budget(name="calls", limit=2, unit="requests", every="total"))
    run(stores, play)
    assert sorted(spent(stores).values()) == [1, 7 + 30]


def test_two_attempts_that_wait_for_room_at_once_are_held_and_given_back_together(
    stores: Stores, declare: Declare
) -> None:
    async def play(meter: Meter) -> None:
        await asyncio.gather(meter.reserve(charge()), meter.reserve(charge(lost=1)))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("other", tokens=(40, 21)))
        meter.release("c1")

    declare(tokens(limit=120))
    run(stores, play)
    assert list(spent(stores).values()) == [0]


def test_a_retry_for_which_there_is_no_room_leaves_what_was_held(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=100))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(40, 40)))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge(tokens=(60, 60)))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("c2", tokens=(21, 0)))
        settle(meter)

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 7}


def test_more_tokens_than_were_possible_are_charged_and_flagged_and_end_the_budget(
    stores: Stores, declare: Declare
) -> None:
    declare(tokens(limit=1000))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge())
        assert settle(meter, usage=Usage(input_tokens=10, output_tokens=5000)).over_bound
        await asyncio.sleep(0.3)
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("c2", tokens=(1, 0)))

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 5010}


def test_a_call_that_names_no_user_shares_one_account_with_all_that_name_none(stores: Stores, declare: Declare) -> None:
    declare(tokens(per="user", limit=30))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(user="ann"))
        await meter.reserve(charge("c2", caller="key_2"))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("c3", caller="key_3"))
        for call in ("c1", "c2"):
            settle(meter, call)

    run(stores, play)


def test_a_model_without_a_price_is_refused_where_money_counts_and_only_there(stores: Stores, declare: Declare) -> None:
    declare(Budget(name="money", limit=10**12, unit="usd", where={"endpoint": "bot"}), tokens())

    async def play(meter: Meter) -> None:
        with pytest.raises(PriceUnknownError, match="llama"):
            await meter.reserve(charge(model="llama"))
        await meter.reserve(charge("c2", model="llama", endpoint="free"))
        meter.settle("c2", USED, provider="openai", model="llama")

    run(stores, play)
    assert spent(stores)["budget/b/all-tokens/all/"] == 7


def test_a_model_without_a_price_costs_what_is_assumed(stores: Stores, declare: Declare) -> None:
    declare(Budget(name="money", limit=10**9, unit="usd", every="total"))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(model="llama", tokens=(500, 500)))
        spend = meter.settle("c1", USED, provider="openai", model="llama")
        assert (spend.cost_usd, spend.price) == (7 * 1e-3, "assumed")
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("c2", model="llama", tokens=(1000, 0)))

    run(stores, play, unknown_price_usd_per_mtok=1000.0)
    assert list(spent(stores).values()) == [7_000_000]


def test_a_new_period_begins_at_nothing_and_a_call_counts_in_the_one_it_began_in(home: Path, declare: Declare) -> None:
    declare(tokens(limit=50, every="day"))
    clock = ManualClock(START)
    stores = open_stores(home, clock=clock, ids=random_id)

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(25, 25)))
        with pytest.raises(BudgetExceededError) as refused:
            await meter.reserve(charge("c2"))
        assert refused.value.context["resets_at"] == "2026-01-02T00:00:00.000000Z"
        clock.advance(DAY)
        await meter.reserve(charge("c3", tokens=(25, 25)))
        settle(meter)
        settle(meter, "c3", usage=Usage(output_tokens=1))

    run(stores, play, clock=clock)
    assert spent(stores) == {
        "budget/b/all-tokens/2026-01-01/": 7,
        "budget/b/all-tokens/2026-01-02/": 1,
    }
    stores.close()


@pytest.mark.slow
def test_budgets_that_are_set_changed_and_removed_are_heeded_by_a_running_meter(
    stores: Stores, declare: Declare
) -> None:
    async def play(meter: Meter) -> None:
        await meter.reserve(charge("c0", tokens=(5000, 5000)))
        declare(tokens(limit=100))
        await asyncio.sleep(0.8)
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge(tokens=(101, 0)))
        declare(tokens(limit=200))
        await asyncio.sleep(0.8)
        await meter.reserve(charge(tokens=(101, 0)))
        declare(tokens(limit=110))
        await asyncio.sleep(0.8)
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("c2", tokens=(10, 0)))
        declare(msgspec.structs.replace(tokens(limit=110), removed=True))
        await asyncio.sleep(0.8)
        await meter.reserve(charge("c2", tokens=(10**6, 0)))
        settle(meter)

    run(stores, play)


def test_a_meter_that_was_idle_knows_of_a_budget_by_its_first_call(stores: Stores, declare: Declare) -> None:
    async def play(meter: Meter) -> None:
        declare(tokens(limit=10))
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge())

    run(stores, play)


def test_one_process_gets_what_lies_idle_in_another(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=1000))

    async def play(one: Meter) -> None:
        other = meter_of(stores)
        await one.reserve(charge("a", tokens=(500, 500)))
        settle(one, "a")
        await other.reserve(charge("b", tokens=(900, 0)))  # waits until the first has given it back
        with pytest.raises(BudgetExceededError):
            await one.reserve(charge("c", tokens=(100, 0)))
        settle(other, "b")
        await other.close()

    run(stores, play)
    assert spent(stores) == {"budget/b/all-tokens/all/": 14}


def test_what_lies_idle_is_given_back_after_some_seconds_by_itself(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=1000))
    machine = ManualClock()

    async def play(meter: Meter) -> None:
        await meter.reserve(charge("a", tokens=(500, 500)))
        settle(meter, "a")
        machine.advance(6_000_000)
        await asyncio.sleep(0.4)
        assert [sum(one.leases.values()) for one in accounts(stores).values()] == [7]
        machine.advance(61_000_000)
        await asyncio.sleep(0.4)
        assert [(one.spent, one.leases) for one in accounts(stores).values()] == [(7, {})]
        await meter.reserve(charge("b"))
        settle(meter, "b")

    run(stores, play, machine=machine)
    assert spent(stores) == {"budget/b/all-tokens/all/": 14}


def test_a_caller_who_goes_away_while_it_waits_leaves_nothing_behind(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=10_000))

    async def play(meter: Meter) -> None:
        gone = [asyncio.create_task(meter.reserve(charge(f"g{n}", tokens=(30, 0)))) for n in range(50)]
        await asyncio.sleep(0)
        for task in gone[::2]:
            task.cancel()
        done = await asyncio.gather(*gone, return_exceptions=True)
        for number, outcome in enumerate(done):
            if outcome is None:
                settle(meter, f"g{number}")
        held = sum(outcome is None for outcome in done)
        assert 25 <= held < 50

    run(stores, play)
    (only,) = accounts(stores).values()
    assert only.leases == {}
    assert only.spent % 7 == 0


def test_a_key_s_token_rate_is_kept_and_what_is_not_used_goes_back(stores: Stores) -> None:
    facts = KeyFacts(tokens=Rate.parse("100/h"))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(50, 50)))
        with pytest.raises(RateLimitedError):
            await meter.reserve(charge("c2", tokens=(1, 0)))
        settle(meter)
        await meter.reserve(charge("c2", tokens=(50, 40)))
        meter.release("c2")
        await meter.reserve(charge("c3", tokens=(50, 40)))

    run(stores, play, key_facts=lambda caller: facts)


def test_a_call_that_its_rate_refuses_takes_nothing_of_a_budget(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=100))
    facts = {"key_1": KeyFacts(tokens=Rate.parse("10/h")), "key_2": KeyFacts()}

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(0, 10)))
        with pytest.raises(RateLimitedError):
            await meter.reserve(charge("c2", tokens=(0, 10)))
        await meter.reserve(charge("c3", tokens=(0, 90), caller="key_2"))

    run(stores, play, key_facts=lambda caller: facts[caller])


def test_a_limit_that_is_near_and_one_that_is_reached_are_told_once_each(stores: Stores, declare: Declare) -> None:
    declare(tokens(limit=100, warn=0.5))

    async def play(meter: Meter) -> None:
        await meter.reserve(charge(tokens=(30, 30)))
        for number in range(5):
            with pytest.raises(BudgetExceededError):
                await meter.reserve(charge(f"r{number}", tokens=(30, 30)))
        await asyncio.sleep(1.3)
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("again", tokens=(30, 30)))
        await asyncio.sleep(1.1)

    run(stores, play)
    told = [(event.kind, event.data["spent"], event.data["held"]) for event in stores.ledger.read()]
    assert sorted(told) == [("budget_refused", 0, 60), ("budget_warned", 0, 60)]
