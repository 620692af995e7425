"""Two upstreams at once, where the first says nothing for long: the first to answer wins, the other is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from loopwright.llm.calling.asker import Answered, Opened
from loopwright.llm.calling.attempt import Failure

_T = TypeVar("_T")
_Tasks: TypeAlias = list[asyncio.Future[Answered[_T] | Failure]]


async def first_to_answer(
    first: Awaitable[Answered[_T] | Failure], second: Callable[[], Awaitable[Answered[_T] | Failure]], *, after_s: float
) -> tuple[Answered[_T] | Failure, bool]:
    """The answer of whoever answers first, and whether the second was asked.

    A failure of one is no answer while the other is still asked. Where both fail it is the first's failure, or the
    second's where that one is the caller's to correct. Whoever cancels this cancels both.

    Args:
        first: Asked at once.
        second: Asked where the first has neither answered nor failed after `after_s` seconds.
        after_s: Seconds.
    """
    tasks: _Tasks[_T] = [asyncio.ensure_future(first)]
    try:
        await asyncio.wait(tasks, timeout=after_s)
        if tasks[0].done():
            return tasks.pop().result(), False
        tasks.append(asyncio.ensure_future(second()))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if _best([task for task in tasks if task.done()]) is None:
            await asyncio.wait(tasks)
        winner = _best(tasks)
        if winner is None:
            failures = [task.result() for task in tasks]
            return next((one for one in failures if isinstance(one, Failure) and one.final), failures[0]), True
        tasks.remove(winner)
        return winner.result(), True
    finally:
        await _dismiss(tasks)


def _best(tasks: _Tasks[_T]) -> asyncio.Future[Answered[_T] | Failure] | None:
    """The one that answered, or raised: what ends a call ends it now."""
    done = [task for task in tasks if task.done()]
    return next((task for task in done if task.exception() is not None or isinstance(task.result(), Answered)), None)


async def _dismiss(tasks: _Tasks[_T]) -> None:
    for task in tasks:
        task.cancel()
    for made in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(made, Answered) and isinstance(made.value, Opened):
            made.value.stream.close()
            made.value.health.leave()
