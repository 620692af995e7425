"""Failures of an attempt: what the upstream's status, or an error on the way, means for the call."""

from collections.abc import Sequence
from typing import cast, get_args

from loopwright.errors import LoopwrightError, UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Operation
from loopwright.llm.calling.attempt import Attempt, Cause, Failure
from loopwright.llm.route import Upstream

_AGAIN = frozenset({408, 409})
_OURS = frozenset({401, 402, 403})
_CAUSES = frozenset(get_args(Cause))


def failure_of_status(
    upstream: Upstream, operation: Operation, *, status: int, words: str, retry_after_s: float | None
) -> Failure:
    """What a status other than 2xx means.

    401, 402 and 403 are about our key, redirects about our URL, 404 about our name of the model (but for `response`,
    where it may be the caller's id of an earlier answer): none of them is ever given to the caller as it is.

    Args:
        upstream: Who answered.
        operation: What was asked.
        status: HTTP's.
        words: What the upstream says went wrong.
        retry_after_s: What it wants to be waited.
    """
    cause = _cause(status, operation)
    if cause == "refused":
        what = f"the upstream {upstream.name!r} refused the request"
        error: LoopwrightError = UpstreamRefusedError(
            what, why=words, http_status=status, upstream=upstream.name, status=status
        )
    elif cause == "denied":
        error = UpstreamError(
            f"the upstream {upstream.name!r} refused our key or our configuration (status {status})", why=words,
            fix=f"Look at the upstream's key {upstream.key!r}, its url and its model.",
            upstream=upstream.name, status=status,
        )  # fmt: skip
    else:
        what = f"the upstream {upstream.name!r} answered with status {status}"
        error = UpstreamError(what, why=words, upstream=upstream.name, status=status)
    return Failure(cause=cause, error=error, status=status, retry_after_s=retry_after_s)


def failure_of_error(error: UpstreamError | UpstreamRefusedError, *, status: int | None = None) -> Failure:
    """What an error on the way means: a connection's, a provider's that could not read the answer or say the request.

    Args:
        error: It.
        status: HTTP's, where the head of an answer came.
    """
    if isinstance(error, UpstreamRefusedError):
        return Failure(cause="untold", error=error, status=status)
    told = error.context.get("cause")
    return Failure(cause=cast(Cause, told) if told in _CAUSES else "malformed", error=error, status=status)


def busy(upstream: Upstream) -> Failure:
    """There was no room in time."""
    what = f"the upstream {upstream.name!r} has {upstream.concurrency} calls under way, as many as it may"
    return Failure(cause="busy", error=UpstreamError(what, upstream=upstream.name))


def circuit_open(upstream: Upstream) -> Failure:
    """It failed too often lately and is left alone for a while."""
    what = f"the upstream {upstream.name!r} is left alone for a while"
    error = UpstreamError(what, why="too many of its last calls failed", upstream=upstream.name)
    return Failure(cause="open", error=error)


def gave_up(failures: Sequence[Failure], attempts: Sequence[Attempt]) -> LoopwrightError:
    """What the caller is told where no upstream answered.

    `status` in its context is the last one's, and there only where every attempt was answered by a status: then nobody
    was charged anything. No room or an open circuit is told only where nothing else is, and a
    request that cannot be said only where that is all there is: any other upstream may take it later.

    Args:
        failures: In their order, at least one.
        attempts: Those that asked an upstream.
    """
    last = max(reversed(failures), key=_telling)
    if isinstance(last.error, UpstreamRefusedError):
        return last.error
    all_answered = all(attempt.status is not None or attempt.error == "connect" for attempt in attempts)
    waits = [failure.retry_after_s for failure in failures if failure.retry_after_s is not None]
    error = UpstreamError(
        last.error.what, why=_why(last, len(attempts)), fix=last.error.fix, upstream=last.error.context.get("upstream"),
        attempts=len(attempts), status=last.status if all_answered else None, cause=last.cause,
    )  # fmt: skip
    if waits:
        error.context["retry_after_s"] = min(waits)
    return error


def _telling(failure: Failure) -> int:
    return {"untold": 0, "open": 1, "busy": 1}.get(failure.cause, 2)


def _why(last: Failure, attempts: int) -> str:
    return f"{last.error.why} ({attempts} attempts, this was the last)" if attempts > 1 else last.error.why


def _cause(status: int, operation: Operation) -> Cause:
    if status == 429:
        return "limited"
    if status in _AGAIN or status >= 500:
        return "status"
    if status in _OURS or status < 400 or (status == 404 and operation != "response"):
        return "denied"
    return "refused"
