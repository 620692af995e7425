"""How often a key may be used: a token bucket a key, shared by all processes of this machine that serve the home.

A bucket is one number, the instant at which it will be full again (the generic cell rate algorithm). It lies in a file
that every process has mapped, so that taking from it is a read and a write of memory. Two processes that take in the
same microsecond may count as one: the limit is kept to within the number of workers.
"""

import logging
import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec

from loopwright.core.access import Rate
from loopwright.errors import RateLimitedError

_LOG = logging.getLogger("loopwright.doors")
_BUCKET = struct.Struct("d")


class Taken(msgspec.Struct, frozen=True):
    """What is left after a request, or when to come again.

    Attributes:
        full_at: When the bucket is full again, in the seconds of `now`.
        remaining: Requests that may follow at once.
        wait_s: None where the request may pass, else the seconds until one may.
    """

    full_at: float
    remaining: int
    wait_s: float | None = None


def take(rate: Rate, full_at: float, now: float) -> Taken:
    """Take one request from a bucket. Pure.

    Args:
        rate: The bucket's size and how fast it fills.
        full_at: When it is full again; in the past where it is full.
        now: Monotonic seconds. A `full_at` further ahead than the bucket is deep was written before a restart of the
            machine, and says nothing.
    """
    each_s = rate.period_s / rate.requests
    ahead_s = full_at - now
    if not ahead_s <= rate.period_s + each_s:
        ahead_s = 0.0
    after_s = max(ahead_s, 0.0) + each_s
    # A millionth of a request more or less is rounding.
    if after_s > rate.period_s + each_s * 1e-6:
        return Taken(full_at=now + ahead_s, remaining=0, wait_s=after_s - rate.period_s)
    return Taken(full_at=now + after_s, remaining=int((rate.period_s - after_s) / each_s + 1e-6))


class RateLimits:
    """The buckets of one home. Used by one thread.

    Args:
        folder: Holds a file of eight bytes for each key with a rate; made when it is first needed.
        monotonic: Seconds of this machine, the same in all its processes.
    """

    def __init__(self, folder: Path, monotonic: Callable[[], float]) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._buckets: dict[str, mmap.mmap | bytearray] = {}

    def take(self, id: str, rate: Rate) -> Taken:
        """Take one request from a key's bucket.

        Raises:
            RateLimitedError: It is empty.
        """
        bucket = self._buckets.get(id)
        if bucket is None:
            bucket = self._buckets[id] = self._open(id)
        taken = take(rate, _BUCKET.unpack_from(bucket)[0], self._monotonic())
        if taken.wait_s is not None:
            raise RateLimitedError(
                "this key has been used too often", why=f"its rate is {rate}", retry_after_s=taken.wait_s,
                limit=rate.requests,
            )  # fmt: skip
        _BUCKET.pack_into(bucket, 0, taken.full_at)
        return taken

    def _open(self, id: str) -> mmap.mmap | bytearray:
        """The key's bucket; where no file can be written, one that this process has for itself."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(self._folder / id, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                if os.fstat(file).st_size < _BUCKET.size:
                    # Written, not only sized: a mapped page that a full disk has no room for would end the process.
                    os.pwrite(file, bytes(_BUCKET.size), 0)
                return mmap.mmap(file, _BUCKET.size)
            finally:
                os.close(file)
        except OSError as error:
            _LOG.warning("the rate of key %s is kept by each worker for itself: %s", id, error)
            return bytearray(_BUCKET.size)
