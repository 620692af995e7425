"""Whose documents a caller may be given."""

import msgspec

from loopwright.core.access import KIND, ApiKey
from loopwright.serving.applications.groups import TeamOfKey
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


def test_a_key_is_in_its_team_and_nobody_else_is_in_any():
    ledger = MemoryLedger(clock=ManualClock())
    for name, team in (("key_1", "staff"), ("key_2", "")):
        ledger.commit(records=[Record(kind=KIND, id=name, data=msgspec.to_builtins(ApiKey(digest="d", team=team)))])
    groups = TeamOfKey(ledger)
    assert groups("key_1") == ("staff",)
    assert [groups(caller) for caller in ("key_2", "key_3", "home", "anyone", "staff")] == [()] * 5
