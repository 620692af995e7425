from pathlib import Path

from loopwright.llm.budgets.account import Account
from loopwright.llm.budgets.counters import CounterFile
from loopwright.llm.budgets.figures import Figures, ask_for_idle, figures_of, read_holders

KEY = "budget/b/all-tokens/all/"


def counted(folder: Path, holder: str, spent: int, reserved: int) -> CounterFile:
    file = CounterFile(folder, holder)
    counter = file.open(KEY, 0)
    counter.reserve(spent + reserved)
    counter.settle(spent, spent)
    return file


def test_what_processes_have_is_told_apart_and_an_unknown_process_has_spent_it_all(tmp_path: Path) -> None:
    counted(tmp_path, "a", 10, 5)
    counted(tmp_path, "b", 1, 0)
    account = Account(spent=100, leases={"a": 30, "b": 2, "elsewhere": 7})
    assert figures_of(KEY, account, read_holders(tmp_path)) == Figures(spent=118, held=5, idle=16)


def test_what_calls_took_too_much_is_not_idle(tmp_path: Path) -> None:
    counted(tmp_path, "a", 50, 0)
    assert figures_of(KEY, Account(leases={"a": 30}), read_holders(tmp_path)) == Figures(spent=50, held=0, idle=0)


def test_only_others_are_asked_for_what_is_idle(tmp_path: Path) -> None:
    mine, theirs = CounterFile(tmp_path, "a"), CounterFile(tmp_path, "b")
    counters = [file.open(KEY, 0) for file in (mine, theirs)]
    account = Account(leases={"a": 30, "b": 20, "gone": 5})
    assert ask_for_idle(tmp_path, KEY, account, but="a") == 20
    assert [counter.wanted() for counter in counters] == [False, True]
    counters[1].reserve(20)
    assert ask_for_idle(tmp_path, KEY, account, but="a") == 0
    assert not counters[1].wanted()
