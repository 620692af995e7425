"""Answers to the very same request: in this process, and in the home for its other processes and the next start."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from threading import Lock

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.errors import LoopwrightError
from loopwright.llm.cache.kept_answer import KeptAnswer
from loopwright.llm.cache.recent_answers import RecentAnswers
from loopwright.llm.cache.tally import Tally
from loopwright.store.kv import KeyValues

PREFIX = "answer/1/"
"""Begins the keys in the home; the number is the format's."""
LARGEST_BYTES = 1 << 20
MOST_WAITING = 1000
TOGETHER_S = 0.02
"""Answers of so many seconds go to the home by one write; a kill of the process loses no more than these."""
_PACK = msgspec.msgpack.Encoder()
_UNPACK = msgspec.msgpack.Decoder(KeptAnswer)


class ExactAnswers:
    """Used by one event loop; what it writes to the home it writes in another thread.

    A failure to read or write is counted, and as good as an answer that is not there.

    Args:
        kv: The home's; reading it must not wait for a network.
        writer: Runs the writes.
        memory_bytes: About what the answers in this process may take.
        tally: Counts failures.
    """

    def __init__(self, kv: Callable[[], KeyValues], *, writer: Executor, memory_bytes: int, tally: Tally) -> None:
        self._kv = kv
        self._writer = writer
        self._recent = RecentAnswers(memory_bytes)
        self._tally = tally
        self._waiting: dict[str, tuple[Micros, KeptAnswer]] = {}
        self._lock = Lock()

    def look(self, key: str, *, now: Micros, longest_s: float) -> KeptAnswer | None:
        """The answer of that key, if it is no older than `longest_s` seconds."""
        found = self._recent.get(key)
        if found is None:
            found = self._read(key)
            if found is not None:
                self._recent.put(key, found)
        if found is None:
            return None
        if found.age_s(now) >= longest_s:
            self._recent.drop(key)
            return None
        return found

    def keep(self, key: str, answer: KeptAnswer, *, longest_s: float) -> None:
        """Remember an answer here at once, and in the home soon; never waits."""
        self._recent.put(key, answer)
        if answer.size_bytes > LARGEST_BYTES:
            return
        # Whole seconds, so that answers of one batch go by one write.
        expires_at = math.ceil((answer.at + longest_s * SECOND) / SECOND) * SECOND
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._tally.dropped += 1
                return
            first = not self._waiting
            self._waiting[key] = (expires_at, answer)
        if first:
            self._soon()

    def flush(self) -> None:
        """Begin to write what waits; nothing where the writer has been closed."""
        with suppress(RuntimeError):
            if self._waiting:
                self._writer.submit(self._write)

    def _soon(self) -> None:
        """Write in a moment, with what comes until then: a write takes as long as the rest of a call."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._writer.submit(self._write)
        else:
            loop.call_later(TOGETHER_S, self.flush)

    def _read(self, key: str) -> KeptAnswer | None:
        try:
            value = self._kv().get_many([PREFIX + key]).get(PREFIX + key)
            return None if value is None else _UNPACK.decode(value)
        except (LoopwrightError, msgspec.MsgspecError) as error:
            self._tally.failed(error)
            return None

    def _write(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        by_expiry: dict[Micros, dict[str, bytes]] = {}
        for key, (expires_at, answer) in waiting.items():
            by_expiry.setdefault(expires_at, {})[PREFIX + key] = _PACK.encode(answer)
        try:
            for expires_at, items in by_expiry.items():
                self._kv().put_many(items, expires_at=expires_at)
        except LoopwrightError as error:
            self._tally.failed(error)
