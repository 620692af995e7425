"""Work of guards on long texts, kept off the event loop: a megabyte may take them seconds, and others are answered
meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
MOST_CHARACTERS = 20_000
"""So much takes guards some milliseconds, which is what a thread would cost the call in a busy worker."""


async def aside(characters: int, work: Callable[[], T]) -> T:
    """What the work gives; done in a thread where it is about more than `MOST_CHARACTERS`."""
    return work() if characters <= MOST_CHARACTERS else await asyncio.to_thread(work)
