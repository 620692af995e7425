"""Answers of pure functions, kept by what was asked: days that have not changed cost nothing at the next look."""

import hashlib
import threading
from collections.abc import Callable, Hashable

import numpy as np

from loopwright.stats.arrays import AnyArray


class Memo:
    """The newest answers, by question. Used by many threads; two that ask at once may both work it out.

    Args:
        most: Answers kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: dict[Hashable, float] = {}

    def of(self, question: Hashable, work: Callable[[], float]) -> float:
        """The answer to a question, worked out where it is not known.

        Args:
            question: Says everything that the answer depends on.
            work: Works it out.
        """
        with self._lock:
            if question in self._known:
                answer = self._known.pop(question)
                self._known[question] = answer  # asked last, dropped last
                return answer
        answer = work()
        with self._lock:
            self._known[question] = answer
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return answer


def fingerprint(*arrays: AnyArray) -> bytes:
    """16 bytes that say what arrays hold, their types and shapes: another content has others."""
    told = hashlib.blake2b(digest_size=16)
    for array in arrays:
        told.update(f"{array.dtype.str}{array.shape}".encode())
        if array.dtype.hasobject:
            told.update(repr([(type(each).__name__, each) for each in array.tolist()]).encode())
        else:
            told.update(np.ascontiguousarray(array).data)
    return told.digest()
