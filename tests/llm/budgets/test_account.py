"""Accounts, against any key-value store."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loopwright.core.clock import SystemClock
from loopwright.llm.budgets.account import Account, Accounts, account_key, known_as
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.period import period_of
from loopwright.store.backends.sqlite_kv import SqliteKeyValues
from loopwright.testing.clocks import START, ManualClock

KEY, ENDS = "budget/b/all-tokens/all/", START * 2


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(SqliteKeyValues(tmp_path / "kv.db", clock=SystemClock()))


def take(accounts: Accounts, holder: str, wanted: int, limit: int = 100, least: int = 1) -> int:
    return accounts.take(KEY, holder, subject="", wanted=wanted, least=least, limit=limit, ends_at=ENDS).granted


def test_leases_together_never_pass_the_limit_however_many_take_at_once(accounts: Accounts) -> None:
    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(lambda number: take(accounts, f"h{number % 4}", 3), range(60)))
    assert sum(granted) == 100
    account = accounts.read([KEY])[KEY]
    assert account.taken == 100
    assert sum(account.leases.values()) == 100


def test_what_is_given_back_can_be_taken_by_another(accounts: Accounts) -> None:
    assert take(accounts, "a", 100) == 100
    assert take(accounts, "b", 1) == 0
    accounts.set_lease(KEY, "a", 60, ends_at=ENDS)
    assert take(accounts, "b", 50, least=40) == 40


def test_an_ended_lease_leaves_what_was_spent_and_ends_once(accounts: Accounts) -> None:
    take(accounts, "a", 80)
    for _ in range(2):
        accounts.end_lease(KEY, "a", 30, ends_at=ENDS)
    assert accounts.read([KEY])[KEY] == Account(spent=30)
    assert take(accounts, "b", 100) == 70


def test_something_is_told_once(accounts: Accounts) -> None:
    assert [accounts.tell(KEY, what, ends_at=ENDS) for what in ("warn", "warn", "limit")] == [True, False, True]


def test_an_account_is_forgotten_some_weeks_after_its_period(tmp_path: Path) -> None:
    clock = ManualClock()
    accounts = Accounts(SqliteKeyValues(tmp_path / "kv.db", clock=clock))
    accounts.take(KEY, "a", subject="", wanted=1, least=1, limit=10, ends_at=clock.now() + 10)
    clock.advance(30 * 86_400_000_000)
    assert accounts.read([KEY])
    clock.advance(30 * 86_400_000_000)
    assert not accounts.read([KEY])


def test_accounts_are_told_apart_by_subject_whatever_it_holds() -> None:
    budget = Budget(name="b", limit=1, unit="tokens", per="user")
    period = period_of("month", START)
    subjects = ["", "a", "a/b", "x" * 200, "x" * 201, "a\nb", "a\x00b", "ü" * 60, "\ud800", "blake3:1"]
    keys = [account_key(budget, period, known_as(subject)) for subject in subjects]
    assert len(set(keys)) == len(subjects)
    assert all(len(key.encode()) <= 224 and key.startswith("budget/b/user-tokens/2026-01/") for key in keys)
