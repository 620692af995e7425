from collections.abc import Callable

import msgspec

from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.spending_rules import read_revision, read_rules
from loopwright.llm.prices.override import KIND, Override
from loopwright.llm.prices.price import Price
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores


def test_a_home_where_nobody_set_anything_has_the_shipped_prices_and_no_budgets(stores: Stores) -> None:
    rules = read_rules(stores.ledger)
    assert (rules.revision, rules.budgets) == (None, ())
    assert rules.prices.at("openai", "gpt-4o", 10**15) is not None


def test_rules_are_the_budgets_that_hold_and_the_home_s_own_prices(
    stores: Stores, declare: Callable[..., None]
) -> None:
    one = Budget(name="b", limit=1, unit="tokens")
    declare(one, Budget(name="a", limit=1, unit="usd"), Budget(name="gone", limit=1, unit="usd", removed=True))
    own = Override(model="m", price=Price(provider="", model="m", input="1"), since=0, made_at=0)
    stores.ledger.commit(records=[Record(kind=KIND, id="p", data=msgspec.to_builtins(own))])
    rules = read_rules(stores.ledger)
    assert [budget.name for budget in rules.budgets] == ["a", "b"]
    assert rules.prices.at("p", "m", 1) is not None
    assert rules.revision == read_revision(stores.ledger) is not None
