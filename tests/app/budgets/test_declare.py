from typing import Any

import pytest

from loopwright.app.budgets.declare import declared, remove_budget, set_budget
from loopwright.app.keys import KeySpending, new_key
from loopwright.core.access import Rate
from loopwright.errors import NotFoundError
from loopwright.llm.budgets.amount import Amount
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.facts import LedgerFacts
from loopwright.llm.budgets.spending_rules import read_revision, read_rules

Project = Any
DAY = Budget(name="day", limit=10, unit="tokens", every="day")


def test_a_budget_is_declared_changed_and_taken_back_and_each_is_told(bare: Project) -> None:
    workspace = bare.workspace()
    ledger = workspace.stores.ledger
    revisions = [read_revision(ledger)]
    set_budget(workspace, DAY)
    revisions.append(read_revision(ledger))
    set_budget(workspace, Budget(name="day", limit=20, unit="tokens", every="day"))
    assert [one.limit for one in read_rules(ledger).budgets] == [20]
    assert declared(workspace, "day").limit == 20
    remove_budget(workspace, "day")
    revisions.append(read_revision(ledger))
    assert read_rules(ledger).budgets == ()
    assert len(set(revisions)) == 3
    told = [(event.kind, event.subject, event.data["limit"]) for event in ledger.read()]
    assert told == [
        ("budget_set", "budget:day", 10),
        ("budget_set", "budget:day", 20),
        ("budget_removed", "budget:day", 20),
    ]


def test_a_budget_that_is_not_there_cannot_be_shown_or_taken_back(bare: Project) -> None:
    workspace = bare.workspace()
    set_budget(workspace, DAY)
    remove_budget(workspace, "day")
    for act in (declared, remove_budget):
        with pytest.raises(NotFoundError, match="day"):
            act(workspace, "day")


def test_a_budget_of_a_key_that_there_is_not_is_refused(bare: Project) -> None:
    workspace = bare.workspace()
    with pytest.raises(NotFoundError, match="key_none"):
        set_budget(workspace, Budget(name="k", limit=1, unit="usd", where={"key": "key_none"}))
    set_budget(workspace, Budget(name="h", limit=1, unit="usd", where={"key": "home"}))
    assert [one.name for one in read_rules(workspace.stores.ledger).budgets] == ["h"]


def test_a_key_is_made_with_its_team_its_token_rate_and_budgets_of_its_own(bare: Project) -> None:
    workspace = bare.workspace()
    may = KeySpending(
        team="pricing",
        tokens=Rate.parse("1000/m"),
        budgets=((Amount.parse("5usd"), "day"), (Amount.parse("100requests"), "total")),
    )
    made = new_key(workspace, "shop", spending=may)
    plain = new_key(workspace, "plain")
    budgets = read_rules(workspace.stores.ledger).budgets
    assert [(one.limit, one.unit, one.every, one.where) for one in budgets] == [
        (5 * 10**9, "usd", "day", {"key": made.id}),
        (100, "requests", "total", {"key": made.id}),
    ]
    facts = LedgerFacts(workspace.stores.ledger)
    assert (facts(made.id).team, facts(made.id).tokens) == ("pricing", Rate.parse("1000/m"))
    assert {facts(caller).tokens for caller in (plain.id, "home", "anyone", "key_none")} == {None}
