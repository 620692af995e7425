from typing import Any

import pytest

from loopwright.app.budgets.pricing import price_list, remove_price, set_price
from loopwright.core.clock import SECOND
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.spending_rules import read_rules
from loopwright.llm.prices.price import Price
from loopwright.llm.prices.table import cost_usd

Project = Any
MTOK = Usage(input_tokens=1_000_000)


def own(workspace: Any) -> list[tuple[str, str, bool, str]]:
    return [(one.model, one.input, one.holds, one.source) for one in price_list(workspace).prices if one.own]


def test_a_price_is_set_replaced_and_taken_back_and_its_history_stays(bare: Project) -> None:
    workspace = bare.workspace()
    ledger, now = workspace.stores.ledger, workspace.clock.now()
    versions = [read_rules(ledger).prices.version]
    set_price(workspace, Price(provider="", model="gpt-4o", input="1"), since=now - 10 * SECOND, note="first")
    versions.append(read_rules(ledger).prices.version)
    set_price(workspace, Price(provider="", model="gpt-4o", input="2"), note="second")
    assert own(workspace) == [("gpt-4o", "1", False, "first"), ("gpt-4o", "2", True, "second")]
    remove_price(workspace, "gpt-4o")
    assert own(workspace) == [("gpt-4o", "1", False, "first"), ("gpt-4o", "2", False, "second")]
    table = read_rules(ledger).prices
    versions.append(table.version)
    cost = [cost_usd(table, "openai", "gpt-4o", usage=MTOK, at=at) for at in (now - SECOND, workspace.clock.now())]
    assert [found[0] for found in cost if found] == [1.0, 2.5]
    assert len(set(versions)) == 3
    assert [event.kind for event in ledger.read()] == ["price_set", "price_set", "price_removed"]
    with pytest.raises(NotFoundError, match="gpt-4o"):
        remove_price(workspace, "gpt-4o")


def test_a_price_that_is_none_is_refused_and_nothing_is_kept(bare: Project) -> None:
    workspace = bare.workspace()
    for price in (Price(provider="", model="m", input="-1"), Price(provider="", model="", input="1")):
        with pytest.raises(UsageError):
            set_price(workspace, price)
    assert own(workspace) == []
    assert workspace.stores.ledger.read() == ()


def test_prices_are_listed_by_provider_and_by_a_part_of_the_name(bare: Project) -> None:
    workspace = bare.workspace()
    found = price_list(workspace, provider="anthropic")
    assert {one.provider for one in found.prices} == {"anthropic"}
    long = [one for one in price_list(workspace, model="gemini-2.5-pro").prices if one.over_input_tokens]
    assert [(one.input, one.over_input_tokens, one.holds) for one in long] == [("2.5", 200_000, True)]
    assert not price_list(workspace, model="no-such-model").prices
    past = [one for one in price_list(workspace, model="gpt-5.6-luna").prices if one.until]
    assert [(one.input, one.until, one.holds) for one in past] == [("1", "2026-07-30", False)]
