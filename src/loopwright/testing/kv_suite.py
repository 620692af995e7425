"""What every back end and wrapper of the key-value seam must do.

A test class subclasses `KeyValuesSuite`, says `implementation = TheClass`, and has fixtures `kv` (an empty store that
goes by `clock`) and `clock` (a ManualClock).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from loopwright.core.clock import SECOND
from loopwright.errors import UsageError
from loopwright.store.kv import KeyValues
from loopwright.testing.clocks import ManualClock


class KeyValuesSuite:
    """The contract of `KeyValues`."""

    implementation: ClassVar[type[KeyValues]]

    def test_values_come_back_by_key(self, kv: KeyValues) -> None:
        kv.put_many({"a": b"1", "b": b"", "ключ/%_'": b"\x00\xff"})
        assert kv.get_many(["a", "b", "ключ/%_'", "absent"]) == {"a": b"1", "b": b"", "ключ/%_'": b"\x00\xff"}

    def test_no_keys_are_no_values(self, kv: KeyValues) -> None:
        kv.put_many({})
        assert kv.get_many([]) == {}
        assert kv.delete_many([]) == 0

    def test_thousands_of_keys_are_one_call(self, kv: KeyValues) -> None:
        items = {f"key-{number}": str(number).encode() for number in range(2500)}
        kv.put_many(items)
        assert kv.get_many(list(items)) == items

    def test_a_later_put_replaces_value_and_expiry(self, kv: KeyValues, clock: ManualClock) -> None:
        kv.put_many({"a": b"1"}, expires_at=clock.now() + SECOND)
        kv.put_many({"a": b"2"})
        clock.advance(2 * SECOND)
        assert kv.get_many(["a"]) == {"a": b"2"}

    def test_keys_are_found_by_how_they_begin(self, kv: KeyValues, clock: ManualClock) -> None:
        kv.put_many(dict.fromkeys(["a/2", "a/1", "a/é", "a", "a0", "a_1", "a%", "b/1"], b"v"))
        kv.put_many({"a/gone": b"v"}, expires_at=clock.now() + 1)
        clock.advance(1)
        assert kv.keys("a/") == ["a/1", "a/2", "a/é"]
        assert kv.keys("b") == ["b/1"]
        assert kv.keys("c") == []
        assert len(kv.keys("")) == 8

    def test_deleting_counts_what_was_there(self, kv: KeyValues) -> None:
        kv.put_many({"a": b"1", "b": b"2"})
        assert kv.delete_many(["a", "a", "absent"]) == 1
        assert kv.get_many(["a", "b"]) == {"b": b"2"}

    def test_a_value_is_absent_from_its_expiry_on(self, kv: KeyValues, clock: ManualClock) -> None:
        kv.put_many({"a": b"1"}, expires_at=clock.now() + SECOND)
        clock.advance(SECOND - 1)
        assert kv.get_many(["a"]) == {"a": b"1"}
        clock.advance(1)
        assert kv.get_many(["a"]) == {}
        assert kv.compare_and_set("a", None, b"new")

    def test_deleting_an_expired_value_counts_nothing(self, kv: KeyValues, clock: ManualClock) -> None:
        kv.put_many({"a": b"1"}, expires_at=clock.now() + SECOND)
        clock.advance(SECOND)
        assert kv.delete_many(["a"]) == 0

    def test_a_counter_stops_at_its_limit(self, kv: KeyValues) -> None:
        assert kv.add_if("n", 3, 5) == 3
        assert kv.add_if("n", 2, 5) == 5
        assert kv.add_if("n", 1, 5) is None
        assert kv.add_if("n", -4, 5) == 1
        assert kv.get_many(["n"]) == {"n": b"1"}

    def test_an_expired_counter_starts_from_zero(self, kv: KeyValues, clock: ManualClock) -> None:
        kv.add_if("n", 5, 5, expires_at=clock.now() + SECOND)
        clock.advance(SECOND)
        assert kv.add_if("n", 2, 5) == 2

    def test_only_a_counter_can_be_added_to(self, kv: KeyValues) -> None:
        kv.put_many({"a": b"text"})
        with pytest.raises(UsageError):
            kv.add_if("a", 1, 5)
        assert kv.get_many(["a"]) == {"a": b"text"}

    def test_compare_and_set_needs_the_expected_value(self, kv: KeyValues) -> None:
        assert not kv.compare_and_set("a", b"1", b"2")
        assert kv.compare_and_set("a", None, b"1")
        assert not kv.compare_and_set("a", None, b"2")
        assert kv.compare_and_set("a", b"1", b"2")
        assert kv.get_many(["a"]) == {"a": b"2"}

    def test_threads_never_pass_the_limit_together(self, kv: KeyValues) -> None:
        with ThreadPoolExecutor(8) as pool:
            sums = list(pool.map(lambda _: kv.add_if("n", 1, 50), range(80)))
        assert sorted(total for total in sums if total is not None) == list(range(1, 51))
