"""What a worker knows of its upstreams, whichever version of an application asks them: circuits, calls under way."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator

from loopwright.llm.calling.circuit import CLOSED, CircuitState, after, allowed, begun, left
from loopwright.llm.route import Circuit, Upstream

_LONGEST_REST_S = 60.0
_MOST = 1_024


class Health:
    """One upstream. Lives on one event loop.

    Attributes:
        state: Its circuit.
        under_way: Calls.
    """

    def __init__(self) -> None:
        self.state: CircuitState = CLOSED
        self.under_way = 0
        self._resting_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def allowed(self, now: float) -> bool:
        """Whether a call may be made now."""
        return allowed(self.state, now)

    def resting(self, now: float) -> bool:
        """Whether it asked not to be asked for a while: others are asked before it, where there are others."""
        return now < self._resting_until

    def asks_to_wait(self, seconds: float, now: float) -> None:
        """It said for how long it wants not to be asked; 0: it said nothing."""
        if seconds > 0:
            self._resting_until = max(self._resting_until, now + min(seconds, _LONGEST_REST_S))

    async def enter(self, limit: int, within_s: float) -> bool:
        """Count a call as under way, waiting for room where there is none; False where none came in time.

        Args:
            limit: Calls under way at most; 0: any number.
            within_s: How long to wait.
        """
        if not limit or self.under_way < limit:
            self.under_way += 1
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(within_s):
                await waiter
        except TimeoutError:
            return self._in_after_all(waiter)
        except asyncio.CancelledError:
            if self._in_after_all(waiter):
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """The call is over; its room goes to the one who has waited longest."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.under_way -= 1

    def begin(self) -> bool:
        """An allowed call begins. Returns whether it is the one that tries."""
        tries = self.state.until is not None
        self.state = begun(self.state)
        return tries

    def ended(self, *, answered: bool, tried: bool, rule: Circuit, now: float) -> None:
        """A call showed how the upstream is; see `circuit.after`."""
        self.state = after(self.state, answered=answered, tried=tried, rule=rule, now=now)

    def dropped(self, *, tried: bool) -> None:
        """A call ended that showed nothing."""
        self.state = left(self.state, tried=tried)

    def _in_after_all(self, waiter: asyncio.Future[None]) -> bool:
        if waiter.done() and not waiter.cancelled():
            return True
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        return False


class Circuits:
    """Every upstream of a worker by its address and model, so that a new version of an application begins with what
    the one before it knew. Lives on one event loop.

    Where callers name the models there is no end to them: beyond so many, those that were asked last the longest ago
    are forgotten, as long as nothing of theirs is under way.

    Args:
        most: How many are known.
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, str], Health] = OrderedDict()

    def of(self, upstream: Upstream) -> Health:
        """What is known of an upstream."""
        key = (upstream.url, upstream.model)
        health = self._known.get(key)
        if health is not None:
            self._known.move_to_end(key)
            return health
        if len(self._known) >= self._most:
            self._forget()
        health = self._known[key] = Health()
        return health

    def __iter__(self) -> Iterator[tuple[tuple[str, str], Health]]:
        return iter(list(self._known.items()))

    def _forget(self) -> None:
        """Forget half of them, so that a flood of names looks through the others once in a while only."""
        idle = [key for key, health in self._known.items() if not health.under_way]
        for key in idle[: max(1, self._most // 2)]:
            del self._known[key]
