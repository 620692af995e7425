"""Answers event by event, from models with a stream of their own.

The champion streams, in a thread of its own for each stream, beside its predictions; versions on probation do not. The
request log gets one row when a stream has ended, with all that it said.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from typing import Any

from loopwright.core.codec import to_json
from loopwright.errors import DeadlineError, LoopwrightError, NotFoundError, NotReadyError, UsageError
from loopwright.serving.arms import ArmSet
from loopwright.serving.call import Call
from loopwright.serving.door import Door, Row
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.failure import as_failure
from loopwright.serving.outcome import Outcome
from loopwright.serving.outputs import Streamed
from loopwright.serving.pending import Pending, check_records

_AHEAD = 16
_MOST_EVENTS_KEPT = 1_000
_MOST_TEXT_KEPT = 65_536
_END = object()


async def stream(endpoint: Endpoint, call: Call) -> AsyncGenerator[dict[str, Any], None]:
    """What the champion says of one record, event by event.

    Close the iterator where nobody reads any more: the model's generator is closed at its next event.

    Args:
        endpoint: Whose champion streams.
        call: One record. Each event may take as long as the call's deadline allows for a whole answer.

    Raises:
        UsageError: There are several records, or the champion does not stream.
        RequestRefusedError: The record breaks the contract.
        NotReadyError, NotFoundError, StoreError: As when it is asked for a prediction.
        DeadlineError: The next event did not come in time.
        ArmFailedError: The model's own code raised, or yielded what is no dict.
    """
    arms = endpoint.arms
    if arms is None:
        raise NotReadyError(f"endpoint {endpoint.name!r} has no version loaded yet")
    said = _Said(endpoint, arms, call)
    try:
        record = said.admitted()
    except LoopwrightError as error:
        said.refused(error)
        raise
    events = _Events(arms.champion.model.stream(record), wait_s=call.deadline - call.started)
    try:
        async for event in events:
            said.add(event)
            yield event
        said.finished("complete")
    except GeneratorExit:
        said.finished("left")
        raise
    except asyncio.CancelledError:
        said.finished("left")
        raise
    except Exception as error:
        failure = as_failure(error)
        said.failed(failure)
        raise failure from error
    finally:
        events.close()


class _Pending(Pending):
    """A stream's request; its events have gone out by the time that it is logged."""

    def __init__(self, call: Call) -> None:
        self.id, self.started, self.deadline = call.id, call.started, call.deadline
        self.at = 0
        self.rows: list[Row] = []
        self._records = call.records

    def check(self, door: Door) -> list[Row]:
        return check_records(door, self._records)

    def give(self, outcome: Outcome, start: int) -> None:
        """Nobody waits."""

    def refuse(self, error: LoopwrightError) -> None:
        """Nobody waits."""


class _Said:
    """One stream's way through the door, and its row in the request log."""

    def __init__(self, endpoint: Endpoint, arms: ArmSet, call: Call) -> None:
        self._endpoint = endpoint
        self._arms = arms
        self._call = call
        self._pending = _Pending(call)
        self._pending.at = endpoint.clock.now() if call.received_at is None else call.received_at
        self._prepared: Any = None
        self._events: list[dict[str, Any]] = []
        self._count = 0
        self._texts: list[str] = []

    def admitted(self) -> Mapping[str, Any]:
        """The record as the model is given it. Raises as `stream`."""
        champion, pinned = self._arms.champion, self._call.pinned
        if pinned is not None and self._arms.by_version(pinned) is not champion:
            raise NotFoundError(
                f"version {pinned[:64]!r} of {self._endpoint.name!r} does not stream now",
                why="the champion streams, versions on probation do not",
            )
        if len(self._call.records) != 1:
            raise UsageError(f"{len(self._call.records)} records were sent", why="a stream answers one record")
        if not champion.model.streams:
            raise UsageError(f"the version that answers for {self._endpoint.name!r} does not stream")
        self._pending.rows = self._pending.check(champion.intake.door)
        self._prepared = self._endpoint.desk.prepare(champion, [self._pending])
        return {**self._prepared.rows[0].values, **self._prepared.joined[0]}

    def add(self, event: dict[str, Any]) -> None:
        """An event goes out."""
        self._count += 1
        if self._count <= _MOST_EVENTS_KEPT:
            self._events.append(event)
        if isinstance(event.get("text"), str):
            self._texts.append(event["text"])

    def refused(self, error: LoopwrightError) -> None:
        """There was no stream."""
        self._endpoint.desk.refuse(self._arms, self._pending, error)

    def failed(self, error: LoopwrightError) -> None:
        """The stream broke off; one without any event is a request without an answer."""
        if self._count:
            self.finished(error.code)
        else:
            self._endpoint.desk.refuse(self._arms, self._pending, error, arm=self._arms.champion.spec.name)

    def finished(self, ended: str) -> None:
        """The stream has ended: log what it said."""
        text = "".join(self._texts)[:_MOST_TEXT_KEPT] if self._texts else None
        output = Streamed(events=to_json(self._events).decode(), count=self._count, text=text, ended=ended)
        champion = self._arms.champion
        outcome = Outcome(
            label=champion.label, door=champion.intake.door, prepared=self._prepared, outputs=[output]
        )  # fmt: skip
        self._endpoint.desk.finish(self._arms, outcome, [self._pending])


class _Events:
    """A generator that runs in a thread of its own, at most 16 events ahead of its reader.

    Args:
        generator: Runs, and is closed, in that thread.
        wait_s: Seconds within which the next event must come.
    """

    def __init__(self, generator: Generator[dict[str, Any], None, None], *, wait_s: float) -> None:
        self._generator = generator
        self._wait_s = wait_s
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="stream", daemon=True).start()

    def __aiter__(self) -> "_Events":
        return self

    async def __anext__(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._wait_s):
                found = await self._queue.get()
        except TimeoutError as error:
            why = f"nothing came within {self._wait_s:g} s"
            raise DeadlineError("the stream did not go on in time", why=why, cause="timeout") from error
        self._room.release()
        if found is _END:
            raise StopAsyncIteration
        if isinstance(found, Exception):
            raise found
        event: dict[str, Any] = found
        return event

    def close(self) -> None:
        """Let the generator be closed at its next event; does not wait."""
        self._closed.set()
        self._room.release()

    def _run(self) -> None:
        with contextlib.closing(self._generator):
            for found in self._found():
                self._room.acquire()
                if self._closed.is_set():
                    return
                try:
                    self._loop.call_soon_threadsafe(self._queue.put_nowait, found)
                except RuntimeError:  # the loop is gone, and with it the reader
                    return

    def _found(self) -> Iterator[Any]:
        try:
            yield from self._generator
        except Exception as error:  # noqa: BLE001 - boundary: the model's own code; raised to the reader
            yield error
        else:
            yield _END
