"""Whom to ask next after a failure, and when. Pure.

The same upstream is asked again where it may well answer now and retries are left; else the next one that has not been
asked, at once and without using up a retry; else, where all have been, any that may be, with a retry.
"""

from collections.abc import Collection

import msgspec

from loopwright.llm.calling.attempt import Failure
from loopwright.llm.route import Retry


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a call has come. Upstreams are numbered in the order in which they are to be asked.

    Attributes:
        at: The one that is asked now.
        retries: How many have been made.
        asked: Those that have been asked.
        out: Those that need not be asked again.
    """

    at: int = 0
    retries: int = 0
    asked: frozenset[int] = frozenset()
    out: frozenset[int] = frozenset()

    def having_asked(self, number: int) -> "Progress":
        """With one more that was asked beside."""
        return msgspec.structs.replace(self, asked=self.asked | {number})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What comes next: `progress.at` is asked, after `wait_s` seconds."""

    progress: Progress
    wait_s: float


def next_step(
    progress: Progress, failure: Failure, *, retry: Retry, usable: Collection[int], lot: float, left_s: float
) -> Step | None:
    """What comes after a failure of the upstream that was asked; None: the call has failed.

    Args:
        progress: Until now.
        failure: Of `progress.at`.
        retry: The route's.
        usable: Upstreams that may be asked: their circuits allow it.
        lot: In [0, 1), for the wait.
        left_s: Seconds until the whole call must be over.
    """
    at = progress.at
    long = failure.retry_after_s is not None and failure.retry_after_s > retry.longest_s
    out = progress.out | {at} if failure.hopeless or long else progress.out
    asked = progress.asked | {at}
    candidates = [number for number in sorted(usable) if number not in out]
    fresh = [number for number in candidates if number not in asked]
    wait_s = wait_before(progress.retries + 1, retry, lot)
    may_retry = progress.retries < retry.times
    here_s = max(wait_s, failure.retry_after_s or 0.0)
    moved = msgspec.structs.replace(progress, asked=asked, out=out)
    if failure.stays and at in candidates and may_retry and here_s < left_s:
        return Step(progress=msgspec.structs.replace(moved, retries=progress.retries + 1), wait_s=here_s)
    if fresh:
        return Step(progress=msgspec.structs.replace(moved, at=fresh[0]), wait_s=0.0) if left_s > 0 else None
    if candidates and may_retry:
        again = next((number for number in candidates if number != at), at)
        wait_s = here_s if again == at else wait_s
        step = Step(progress=msgspec.structs.replace(moved, at=again, retries=progress.retries + 1), wait_s=wait_s)
        return step if wait_s < left_s else None
    return None


def wait_before(number: int, retry: Retry, lot: float) -> float:
    """Seconds before retry `number`, counted from 1: evenly from 0 to the limit that doubles ("full jitter": Brooker,
    Exponential Backoff And Jitter, 2015)."""
    return lot * min(retry.longest_s, retry.first_s * 2.0 ** min(number - 1, 30))
