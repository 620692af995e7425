from pathlib import Path

from loopwright.core.clock import SystemClock
from loopwright.llm.budgets.account import Account, Accounts
from loopwright.llm.budgets.counters import CounterFile
from loopwright.llm.budgets.leftovers import end_leftovers
from loopwright.store.backends.sqlite_kv import SqliteKeyValues

KEY, ENDS = "budget/b/all-tokens/all/", 10**17


def prepared(folder: Path, holder: str = "dead") -> tuple[Accounts, CounterFile]:
    accounts = Accounts(SqliteKeyValues(folder / "kv.db", clock=SystemClock()))
    accounts.take(KEY, holder, subject="", wanted=50, least=1, limit=1000, ends_at=ENDS)
    file = CounterFile(folder / "spending", holder)
    counter = file.open(KEY, ENDS)
    counter.reserve(20)
    counter.settle(5, 3)
    return accounts, file


def test_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    accounts, file = prepared(tmp_path)
    assert end_leftovers(tmp_path / "spending", accounts) == 0
    assert accounts.read([KEY])[KEY].leases == {"dead": 50}
    assert file.path.exists()


def test_of_a_dead_process_what_was_spent_and_what_was_under_way_is_counted_and_the_rest_is_free(
    tmp_path: Path,
) -> None:
    accounts, file = prepared(tmp_path)
    file.abandon()
    assert end_leftovers(tmp_path / "spending", accounts) == 1
    assert accounts.read([KEY])[KEY] == Account(spent=3 + 15)
    assert not file.path.exists()
    assert end_leftovers(tmp_path / "spending", accounts) == 0


def test_a_lease_that_was_ended_before_its_file_went_is_not_counted_twice(tmp_path: Path) -> None:
    accounts, file = prepared(tmp_path)
    accounts.end_lease(KEY, "dead", 18, ends_at=ENDS)
    file.abandon()
    assert end_leftovers(tmp_path / "spending", accounts) == 1
    assert accounts.read([KEY])[KEY] == Account(spent=18)


def test_after_a_crash_of_the_machine_all_of_a_lease_counts_as_spent(tmp_path: Path) -> None:
    accounts, file = prepared(tmp_path)
    file.abandon()
    data = bytearray(file.path.read_bytes())
    data[:36] = b"another-boot-of-this-machine-entirely"[:36]
    file.path.write_bytes(data)
    end_leftovers(tmp_path / "spending", accounts)
    assert accounts.read([KEY])[KEY] == Account(spent=50)


def test_an_empty_file_of_a_process_that_died_at_once_goes_away(tmp_path: Path) -> None:
    accounts, file = prepared(tmp_path)
    (tmp_path / "spending" / "early.spend").write_bytes(b"")
    assert end_leftovers(tmp_path / "spending", accounts) == 1
    assert file.path.exists()
