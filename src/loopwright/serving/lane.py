"""One loaded model's turn-taking: short batches run on the event loop, long ones in a thread of the model's own.

While a batch is in the thread the loop goes on: health is answered, deadlines fire, and what arrives is the next batch.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from loopwright.core.clock import Clock

T = TypeVar("T")
R = TypeVar("R")
Done = Callable[[R | Exception], None]
INLINE_S = 0.0005
_WEIGHT = 0.2
_CLASSES = 16


class Expected:
    """How long a batch of n records is expected to take: a moving average by size, in powers of two.

    Of a size not seen yet it knows the worst that the next smaller one allows: in proportion.
    """

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        self._seconds: list[float | None] = [None] * _CLASSES

    def seconds(self, records: int) -> float:
        """Infinite where nothing is known."""
        size = _class_of(records)
        for smaller in range(size, -1, -1):
            known = self._seconds[smaller]
            if known is not None:
                return known * (1 << (size - smaller))
        return float("inf")

    def seen(self, records: int, seconds: float) -> None:
        """A batch took so long."""
        size = _class_of(records)
        known = self._seconds[size]
        self._seconds[size] = seconds if known is None else known + _WEIGHT * (seconds - known)


def _class_of(records: int) -> int:
    return min(max(records - 1, 0).bit_length(), _CLASSES - 1)


class Lane(Generic[T]):
    """Runs one model's batches, one at a time. Lives on one event loop.

    Args:
        clock: Times batches.
        inline: Whether a batch may run on the loop at all; a model's own code may not.

    Attributes:
        waiting: What goes next, in order; the owner fills and empties it.
        since: Monotonic seconds at which the batch in the thread began; None while there is none.
    """

    def __init__(self, clock: Clock, *, inline: bool) -> None:
        self._clock = clock
        self._inline = inline
        self._expected = Expected()
        self._jobs: SimpleQueue[Callable[[], None] | None] | None = None
        self.waiting: deque[T] = deque()
        self.since: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a batch is in the thread."""
        return self.since is not None

    def running_s(self) -> float:
        """Seconds since the batch in the thread began; 0 while there is none."""
        return 0.0 if self.since is None else self._clock.monotonic() - self.since

    def run(self, records: int, work: Callable[[], R], done: Done[R], *, aside: bool = False) -> None:
        """Run `work` now; the lane must not be busy.

        Args:
            records: How large the batch is.
            work: Asks the model. What it raises, `done` is given.
            done: Called on the event loop, before this returns where the batch ran on it.
            aside: Whether it is other work than predicting, which goes to the thread and is no measure.
        """
        if self._inline and not aside and self._expected.seconds(records) < INLINE_S:
            began = self._clock.monotonic()
            result = _tried(work)
            self._expected.seen(records, self._clock.monotonic() - began)
            done(result)
            return
        loop = asyncio.get_running_loop()
        self.since = self._clock.monotonic()

        def job() -> None:
            began = self._clock.monotonic()
            result = _tried(work)
            seconds = None if aside else self._clock.monotonic() - began
            loop.call_soon_threadsafe(partial(self._finished, records, result, done, seconds=seconds))

        self._thread().put(job)

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None

    def _finished(self, records: int, result: R | Exception, done: Done[R], *, seconds: float | None) -> None:
        self.since = None
        if seconds is not None:
            self._expected.seen(records, seconds)
        done(result)

    def _thread(self) -> "SimpleQueue[Callable[[], None] | None]":
        if self._jobs is None:
            self._jobs = SimpleQueue()
            Thread(target=_work, args=(self._jobs,), name="model", daemon=True).start()
        return self._jobs


def _tried(work: Callable[[], R]) -> R | Exception:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - boundary: the model's own code; the error goes to the caller
        return error


def _work(jobs: "SimpleQueue[Callable[[], None] | None]") -> None:
    while (job := jobs.get()) is not None:
        job()
