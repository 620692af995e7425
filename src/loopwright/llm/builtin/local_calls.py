"""Calls of upstreams that are answered in this process, off the event loop: the deadlines are those of the network."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Event
from typing import TypeVar
from weakref import WeakSet

from loopwright.errors import LoopwrightError, UpstreamError
from loopwright.llm.http.exchange import Exchange, failed
from loopwright.llm.http.patience import Patience
from loopwright.llm.local_scheme import GROUP, local_scheme, plug_ins
from loopwright.llm.local_upstream import LocalAnswer, LocalAsk, LocalModel
from loopwright.llm.provider import HttpAsk

_T = TypeVar("_T")
_THREADS = 16


class LocalCalls:
    """Calls local models. Lives on one event loop; `close` it there."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._under_way: WeakSet[Event] = WeakSet()

    async def whole(self, url: str, ask: HttpAsk, patience: Patience) -> LocalAnswer:
        """An answer, read to its end.

        Raises:
            UpstreamError: There is none in time, or the model failed.
        """
        call = self._call(url, ask)
        answer = await call.within(call.answered_whole, patience.first_s, patience)
        return LocalAnswer(status=answer.status, media_type=answer.media_type, body=answer.body)

    async def opened(self, url: str, ask: HttpAsk, patience: Patience) -> tuple[LocalAnswer, "LocalPieces"]:
        """An answer whose first bytes are there, and what reads it. Raises as `whole`."""
        call = self._call(url, ask)
        answer = await call.within(call.answered, patience.first_s, patience)
        return answer, LocalPieces(call, answer, patience)

    def close(self) -> None:
        """Give up what is under way."""
        for given_up in self._under_way:
            given_up.set()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(self, url: str, ask: HttpAsk) -> "_Call":
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="local-upstream")
        call = _Call(url, ask, self._threads)
        self._under_way.add(call.given_up)
        return call


class _Call:
    """One call; its thread learns that it is given up."""

    def __init__(self, url: str, ask: HttpAsk, threads: ThreadPoolExecutor) -> None:
        self._scheme = local_scheme(url)
        self._threads = threads
        self.label = f"the local upstream {self._scheme}:"
        self.given_up = Event()
        self._ask = LocalAsk(where=url.partition(":")[2], ask=ask, given_up=self.given_up.is_set)

    def answered(self) -> LocalAnswer:
        """In a thread: the model's answer."""
        return _model_of(self._scheme)(self._ask)

    def answered_whole(self) -> LocalAnswer:
        """In a thread: the model's answer with all of its bytes."""
        answer = self.answered()
        pieces = answer.pieces or ()
        body = answer.body + b"".join(pieces)
        return LocalAnswer(status=answer.status, media_type=answer.media_type, body=body)

    async def within(self, work: Callable[[], _T], seconds: float, patience: Patience) -> _T:
        """Do something in a thread, until its time is over or nobody waits for it."""
        loop = asyncio.get_running_loop()
        left_s = min(seconds, patience.until - loop.time())
        done = False
        try:
            found = await asyncio.wait_for(loop.run_in_executor(self._threads, work), max(0.0, left_s))
            done = True
        except TimeoutError as error:
            raise failed(self.label, "timeout", f"nothing came for {left_s:.1f} s") from error
        except UpstreamError:
            raise
        except LoopwrightError as error:
            raise UpstreamError(error.what, why=error.why, fix=error.fix, cause="config") from error
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise UpstreamError(f"{self.label} failed", why=why, cause="malformed") from error
        finally:
            if not done:
                self.given_up.set()
        return found


class LocalPieces:
    """What a stream reads from where a local model answers: the part of a connection that streams know."""

    def __init__(self, call: _Call, answer: LocalAnswer, patience: Patience) -> None:
        self.label = call.label
        self._call = call
        self._pieces: Iterator[bytes] = answer.pieces or iter(())
        self._patience = patience

    async def more(self, exchange: Exchange) -> bytes:
        """Further bytes; empty at the end. Raises UpstreamError."""
        if exchange.chunks:
            return exchange.take()
        return await self._call.within(lambda: next(self._pieces, b""), self._patience.between_s, self._patience)

    def leave(self, exchange: Exchange) -> None:  # noqa: ARG002 - the form of a connection
        """Nobody reads on: the model may stop."""
        self._call.given_up.set()


@cache
def _model_of(scheme: str) -> LocalModel:
    """What a package gives for its scheme. A package that fails is named."""
    point = plug_ins()[scheme]
    try:
        model: LocalModel = point.load()
    except Exception as error:
        raise UpstreamError(
            f"the local upstream {scheme}: cannot be loaded ({point.value})", why=f"{type(error).__name__}: {error}",
            fix=f"Repair or remove the package that brings it (entry point group {GROUP!r}).", cause="config",
        ) from error  # fmt: skip
    return model
