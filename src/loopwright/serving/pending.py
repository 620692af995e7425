"""A request under way at an endpoint, whoever asked."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.core.clock import Micros
from loopwright.errors import LoopwrightError, RequestRefusedError
from loopwright.serving.call import Answered, Call
from loopwright.serving.door import Door, Row

if TYPE_CHECKING:
    from loopwright.serving.outcome import Outcome


class Pending(ABC):
    """One request, from its receipt until `give` or `refuse`, of which exactly one is called, once. On one event loop.

    Attributes:
        id: The request's id.
        started: Monotonic seconds at receipt.
        deadline: Monotonic seconds after which an answer is of no use.
        received_at: The workspace's time of receipt, where a replay set it.
        at: The workspace's time of receipt as it is logged; the endpoint sets it.
        rows: Its records as the champion's door passed them; the endpoint sets them.
        pinned, headers, explain: As in `Call`.
    """

    __slots__ = ("at", "deadline", "id", "rows", "started")

    id: str
    started: float
    deadline: float
    at: Micros
    rows: list[Row]
    received_at: Micros | None = None
    pinned: str | None = None
    headers: Mapping[str, str] = {}
    explain: bool = False

    @abstractmethod
    def check(self, door: Door) -> list[Row]:
        """Its records as a door passes them.

        Raises:
            RequestRefusedError: A record breaks the contract.
        """

    @abstractmethod
    def give(self, outcome: "Outcome", start: int) -> None:
        """Take the answer: rows `start` to `start + len(rows)` of an outcome. Must not raise or wait."""

    @abstractmethod
    def refuse(self, error: LoopwrightError) -> None:
        """Take the news that there is no answer. Must not raise or wait."""


class PendingCall(Pending):
    """A call that a coroutine waits for."""

    __slots__ = ("call", "explain", "future", "headers", "pinned", "received_at")

    def __init__(self, call: Call, future: asyncio.Future[Answered]) -> None:
        self.id = call.id
        self.started = call.started
        self.deadline = call.deadline
        self.received_at = call.received_at
        self.pinned = call.pinned
        self.headers = call.headers
        self.explain = call.explain
        self.at = 0
        self.rows = []
        self.call = call
        self.future = future

    def check(self, door: Door) -> list[Row]:
        return check_records(door, self.call.records)

    def give(self, outcome: "Outcome", start: int) -> None:
        if not self.future.done():
            self.future.set_result(outcome.answered(self.call, start, self.rows))

    def refuse(self, error: LoopwrightError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def check_records(door: Door, records: list[Any]) -> list[Row]:
    """The records as a door passes them; a refusal of one of several says which.

    Raises:
        RequestRefusedError: A record breaks the contract.
    """
    rows: list[Row] = []
    for index, record in enumerate(records):
        try:
            rows.append(door.check(record))
        except RequestRefusedError as error:
            if len(records) > 1:
                error.context["record"] = index
            raise
    return rows


def record_id(id: str, index: int, count: int) -> str:
    """The id of one of `count` records of a request, under which its label may come back."""
    return id if count == 1 else f"{id}.{index}"
