"""What a cache counts: its hits, and its failures, which are misses to everybody else."""


class Tally:
    """Counts since the cache was opened. Written by its own threads, read by anybody.

    Attributes:
        exact: Answers given to the very same request.
        semantic: Answers given to a request that asks the same.
        shadow: Times when one would have been given.
        misses: Requests without an answer.
        failures: Look-ups and writes that failed.
        dropped: Look-ups and answers that were passed over, because too many were waiting.
        last_failure: What failed last, without content.
    """

    def __init__(self) -> None:
        self.exact = 0
        self.semantic = 0
        self.shadow = 0
        self.misses = 0
        self.failures = 0
        self.dropped = 0
        self.last_failure = ""

    def counts(self) -> dict[str, int]:
        """The counts by what became of a look-up: `exact`, `semantic`, `shadow`, `miss`, `failure`, `dropped`."""
        return {
            "exact": self.exact, "semantic": self.semantic, "shadow": self.shadow, "miss": self.misses,
            "failure": self.failures, "dropped": self.dropped,
        }  # fmt: skip

    def failed(self, error: BaseException) -> None:
        """Count a failure."""
        self.failures += 1
        self.last_failure = f"{type(error).__name__}: {error}"[:300]
