import msgspec

from loopwright.core.access import KIND, ApiKey, Rate
from loopwright.llm.budgets.facts import NO_FACTS, KeyFacts, LedgerFacts
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores


def test_facts_are_those_of_the_key_and_a_key_of_before_has_none(stores: Stores) -> None:
    made = ApiKey(digest="d", team="pricing", tokens=Rate.parse("10/s"))
    old = {"digest": "d", "name": "old"}
    stores.ledger.commit(
        records=[
            Record(kind=KIND, id="key_new", data=msgspec.to_builtins(made)),
            Record(kind=KIND, id="key_old", data=old),
        ]
    )
    facts = LedgerFacts(stores.ledger)
    assert facts("key_new") == KeyFacts(team="pricing", tokens=Rate(requests=10, period_s=1.0))
    assert facts("key_new") is facts("key_new")
    assert [facts(caller) for caller in ("key_old", "home", "anyone", "key_nobody", "")] == [NO_FACTS] * 5


def test_a_key_that_is_made_later_is_known_then(stores: Stores) -> None:
    facts = LedgerFacts(stores.ledger)
    assert facts("key_late") == NO_FACTS
    made = ApiKey(digest="d", team="pricing")
    stores.ledger.commit(records=[Record(kind=KIND, id="key_late", data=msgspec.to_builtins(made))])
    assert facts("key_late").team == "pricing"
