"""What a cache counts: its hits, and its failures, which are misses to everybody else."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts since the cache was opened. Written by its own threads, read by anybody.

    Attributes:
        exact: Answers given to the very same request.
        semantic: Answers given to a request that asks the same.
        shadow: Times when one would have been given.
        misses: Requests without an answer.
        failures: Look-ups and writes that failed.
        dropped: Answers that were not written down, because too many were waiting.
        last_failure: What failed last, without content.
    """

    exact: int = 0
    semantic: int = 0
    shadow: int = 0
    misses: int = 0
    failures: int = 0
    dropped: int = 0
    last_failure: str = ""

    def failed(self, error: BaseException) -> None:
        """Count a failure."""
        self.failures += 1
        self.last_failure = f"{type(error).__name__}: {error}"[:300]
