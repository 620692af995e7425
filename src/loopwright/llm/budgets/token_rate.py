"""How many tokens a key may use in a period: a bucket a key, shared by all processes of this machine.

A bucket is one number, the instant at which it will be full again (the generic cell rate algorithm), in a file that
every process has mapped. A call takes its bound, and what it did not use goes back.
"""

import fcntl
import logging
import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path

from loopwright.core.access import Rate
from loopwright.core.hashing import digest_bytes
from loopwright.errors import RateLimitedError

_LOG = logging.getLogger("loopwright.budgets")
_BUCKET = struct.Struct("d")
_MOST_DEBT_PERIODS = 10


def full_after(rate: Rate, full_at: float, *, now: float, tokens: int) -> tuple[float, float]:
    """Take tokens from a bucket. Pure.

    Args:
        rate: The bucket's size and how fast it fills.
        full_at: When it is full again; in the past where it is full.
        now: Seconds of the machine since it was started. A `full_at` that is very far ahead was written before that,
            and says nothing.
        tokens: How many; more than the bucket holds are taken as a whole bucket, since such a call could never be made
            otherwise.

    Returns:
        When it is full again then, and how long to wait first: 0 where nobody has to.
    """
    ahead_s = full_at - now
    if not 0.0 <= ahead_s <= (_MOST_DEBT_PERIODS + 1) * rate.period_s:
        ahead_s = 0.0
    after_s = ahead_s + min(tokens, rate.requests) * rate.period_s / rate.requests
    wait_s = after_s - rate.period_s
    # A millionth of the period more or less is rounding.
    return now + after_s, wait_s if wait_s > rate.period_s * 1e-6 else 0.0


class TokenRates:
    """The buckets of one home. Used by one thread.

    Args:
        folder: Holds a file of eight bytes for each key with a rate; made when it is first needed.
        monotonic: Seconds of this machine, the same in all its processes.
    """

    def __init__(self, folder: Path, monotonic: Callable[[], float]) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[int, mmap.mmap | bytearray]] = {}

    def take(self, id: str, rate: Rate, tokens: int) -> int:
        """Take tokens from a key's bucket; returns how many it took.

        Raises:
            RateLimitedError: There are not so many in it; nothing is taken.
        """
        now = self._monotonic()
        with _Locked(self._bucket(id)) as bucket:
            full_at, wait_s = full_after(rate, _BUCKET.unpack_from(bucket)[0], now=now, tokens=tokens)
            if wait_s:
                raise RateLimitedError(
                    "this key has used too many tokens", why=f"its rate is {rate} tokens", retry_after_s=wait_s,
                    limit=rate.requests,
                )  # fmt: skip
            _BUCKET.pack_into(bucket, 0, full_at)
        return min(tokens, rate.requests)

    def correct(self, id: str, rate: Rate, *, taken: int, used: int) -> None:
        """Put back what a call did not use, or take what it used more, which the next calls then wait for."""
        if taken == used:
            return
        now = self._monotonic()
        with _Locked(self._bucket(id)) as bucket:
            full_at = max(_BUCKET.unpack_from(bucket)[0], now) + (used - taken) * rate.period_s / rate.requests
            most = now + _MOST_DEBT_PERIODS * rate.period_s
            _BUCKET.pack_into(bucket, 0, min(full_at, most))

    def close(self) -> None:
        """Close the files."""
        for file, bucket in self._buckets.values():
            if isinstance(bucket, mmap.mmap):
                bucket.close()
                os.close(file)
        self._buckets.clear()

    def _bucket(self, id: str) -> tuple[int, mmap.mmap | bytearray]:
        bucket = self._buckets.get(id)
        if bucket is None:
            bucket = self._buckets[id] = self._open(id)
        return bucket

    def _open(self, id: str) -> tuple[int, mmap.mmap | bytearray]:
        """The key's bucket; where no file can be written, one that this process has for itself."""
        name = id if id.replace("_", "").isalnum() else digest_bytes(id.encode())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(self._folder / f"{name}.tokens", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            if os.fstat(file).st_size < _BUCKET.size:
                # Written, not only sized: a mapped page that a full disk has no room for would end the process.
                os.pwrite(file, bytes(_BUCKET.size), 0)
            return file, mmap.mmap(file, _BUCKET.size)
        except OSError as error:
            _LOG.warning("the token rate of key %s is kept by each worker for itself: %s", id, error)
            return -1, bytearray(_BUCKET.size)


class _Locked:
    """A bucket that no other process touches meanwhile; held for a microsecond."""

    __slots__ = ("_bucket", "_file")

    def __init__(self, bucket: tuple[int, mmap.mmap | bytearray]) -> None:
        self._file, self._bucket = bucket

    def __enter__(self) -> mmap.mmap | bytearray:
        if self._file >= 0:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return self._bucket

    def __exit__(self, *failure: object) -> None:
        if self._file >= 0:
            fcntl.flock(self._file, fcntl.LOCK_UN)
