"""The circuit of one upstream: closed while it answers, open while it is left alone, half open for one call that tries.

Pure: `allowed` judges, `begun` and `left` mark the call that tries, `after` counts.
"""

from typing import Literal

import msgspec

from loopwright.llm.route import Circuit

_LONGEST_S = 60.0
_MOST_BITS = 512


class CircuitState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of an upstream in one worker.

    Attributes:
        recent: Its last calls as bits, 1 for a failure, the latest lowest.
        seen: How many of them count.
        until: When one call may try again, in monotonic seconds; None while it is closed.
        open_s: How long it was opened for last.
        trying: Whether that one call is under way.
    """

    recent: int = 0
    seen: int = 0
    until: float | None = None
    open_s: float = 0.0
    trying: bool = False

    @property
    def failures(self) -> int:
        """Of the last calls."""
        return self.recent.bit_count()


CLOSED = CircuitState()


def allowed(state: CircuitState, now: float) -> bool:
    """Whether a call may be made now."""
    return state.until is None or (now >= state.until and not state.trying)


def position(state: CircuitState, now: float) -> Literal["closed", "open", "half_open"]:
    """The circuit, in the field's words."""
    if state.until is None:
        return "closed"
    return "half_open" if state.trying or now >= state.until else "open"


def begun(state: CircuitState) -> CircuitState:
    """A call that was allowed begins; where the circuit is open, it is the one that tries."""
    return state if state.until is None else msgspec.structs.replace(state, trying=True)


def left(state: CircuitState, *, tried: bool) -> CircuitState:
    """A call ended that says nothing of the upstream: its caller went away."""
    return msgspec.structs.replace(state, trying=False) if tried and state.trying else state


def after(state: CircuitState, *, answered: bool, tried: bool, rule: Circuit, now: float) -> CircuitState:
    """The state once a call has ended.

    Args:
        state: Before.
        answered: Whether the upstream did its part.
        tried: Whether it was the one call that tries while the circuit is open. What other calls tell, that began
            before it opened, is not counted.
        rule: The route's.
        now: Monotonic seconds.
    """
    if state.until is not None:
        if not tried:
            return state
        return CLOSED if answered else _opened(state, min(max(state.open_s, rule.open_s) * 2, _LONGEST_S), now)
    window = max(1, min(rule.window, _MOST_BITS))
    if answered and not state.recent and state.seen >= window:
        return state
    recent = (state.recent << 1 | (not answered)) & ((1 << window) - 1)
    counted = CircuitState(recent=recent, seen=min(state.seen + 1, window))
    failures = counted.failures
    if not answered and failures >= rule.least_failures and failures >= rule.failure_share * counted.seen:
        return _opened(counted, rule.open_s, now)
    return counted


def _opened(state: CircuitState, seconds: float, now: float) -> CircuitState:
    return CircuitState(recent=state.recent, seen=state.seen, until=now + seconds, open_s=seconds)
