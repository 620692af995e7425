"""The answers used last, in memory, bounded by bytes."""

from collections import OrderedDict

from loopwright.llm.cache.kept_answer import KeptAnswer

_LARGEST_SHARE = 8


class RecentAnswers:
    """Answers by key; those not used for the longest go first. Used by one thread.

    Args:
        most_bytes: About what all of them may take; one that takes more than an eighth is not kept.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[str, KeptAnswer] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def size_bytes(self) -> int:
        """About what they take."""
        return self._bytes

    def get(self, key: str) -> KeptAnswer | None:
        """The answer, which counts as used."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def put(self, key: str, answer: KeptAnswer) -> None:
        """Keep an answer in place of the one before it."""
        self.drop(key)
        if answer.size_bytes > self._most_bytes // _LARGEST_SHARE:
            return
        self._answers[key] = answer
        self._bytes += answer.size_bytes
        while self._bytes > self._most_bytes:
            _, gone = self._answers.popitem(last=False)
            self._bytes -= gone.size_bytes

    def drop(self, key: str) -> None:
        """Forget an answer, if it is there."""
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size_bytes
