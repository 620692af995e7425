"""The workspace clock of a home created for replay: it stands where the ledger's record says."""

from loopwright.core.clock import Clock, Micros
from loopwright.core.events import EventDraft
from loopwright.errors import ClockRefusedError
from loopwright.store.ledger import Ledger, Record
from loopwright.store.open_stores import Stores

_KIND, _ID = "clock", "workspace"


class ReplayClock:
    """`now()` is the instant in the ledger; durations are real."""

    def __init__(self, ledger: Ledger, machine: Clock) -> None:
        self._ledger = ledger
        self._machine = machine

    def now(self) -> Micros:
        record = self._ledger.record(_KIND, _ID)
        return int(record.data["now"]) if record else self._machine.now()

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        self._machine.sleep(seconds)


def set_clock(stores: Stores, now: Micros, *, announce: bool = False) -> None:
    """Move the workspace clock of a replay home forward.

    Args:
        stores: The home's stores.
        now: The new instant; an earlier one than the clock shows is refused.
        announce: Whether the journal gets an event (`clock_set`); ticks in between only move the record.

    Raises:
        ClockRefusedError: The home was not created for replay, or the clock would go back.
    """
    if not stores.replay:
        raise ClockRefusedError("this home's clock cannot be set", why="it was not created for replay")
    record = stores.ledger.record(_KIND, _ID)
    if record and int(record.data["now"]) > now:
        raise ClockRefusedError("the clock cannot go back", why=f"it stands at {record.data['now']}, asked was {now}")
    events = [EventDraft(kind="clock_set", subject="home:clock", data={"now": now}, logical_at=now)] if announce else []
    stores.ledger.commit(
        records=[Record(kind=_KIND, id=_ID, data={"now": now}, at=now)], events=events, durability="normal"
    )
