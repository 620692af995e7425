import os
from pathlib import Path

import pytest

from loopwright.errors import NoPermissionError, NoSpaceError
from loopwright.llm.budgets.counters import CounterFile, ask_for, boot, counters_in


def test_what_is_counted_is_there_for_another_process_at_once(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    one, other = file.open("budget/x", 99), file.open("budget/ü", 100)
    one.reserve(10)
    one.reserve(5)
    one.settle(10, 7)
    other.settle(0, 3)
    under, counted = counters_in(file.path)
    assert under == boot()
    assert {(c.key, c.spent, c.reserved, c.ends_at) for c in counted} == {
        ("budget/x", 7, 5, 99),
        ("budget/ü", 3, 0, 100),
    }


def test_more_accounts_than_a_chunk_holds_all_have_their_place(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    counters = [file.open(f"k{number}", 0) for number in range(300)]
    for number, counter in enumerate(counters):
        counter.settle(0, number)
    assert {c.key: c.spent for c in counters_in(file.path)[1]} == {f"k{number}": number for number in range(300)}


def test_many_accounts_take_few_file_descriptors(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    file = CounterFile(tmp_path, "a")
    kept = [file.open(f"k{number}", 0) for number in range(5000)]
    assert len(os.listdir("/proc/self/fd")) - before < 12
    assert len(kept) == len(counters_in(file.path)[1])


def test_a_full_disk_is_told_before_anything_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda file, data, at: len(data) - 1)
        for _ in range(2):
            with pytest.raises(NoSpaceError):
                CounterFile(tmp_path, "a")
    assert CounterFile(tmp_path, "a").path.exists()


def test_a_place_that_is_free_again_begins_at_nothing(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    for _ in range(200):
        counter = file.open("old", 1)
        counter.reserve(5)
        file.close_counter(counter)
    assert file.path.stat().st_size == 64 * 256
    assert counters_in(file.path)[1] == []
    file.open("new", 2)
    (counted,) = counters_in(file.path)[1]
    assert counted[:4] == ("new", 0, 0, 2)


def test_a_process_is_asked_for_what_is_idle_once(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    file.open("k0", 0)
    counter = file.open("k1", 0)
    place = next(c.place for c in counters_in(file.path)[1] if c.key == "k1")
    assert not counter.wanted()
    ask_for(file.path, place)
    assert [counter.wanted(), counter.wanted()] == [True, False]
    ask_for(tmp_path / "gone.spend", place)  # it may be gone by now


def test_a_file_that_is_gone_counts_nothing(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "a")
    file.remove()
    assert counters_in(file.path) == ("", [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NoPermissionError, match=str(tmp_path)):
        CounterFile(tmp_path, "a")
