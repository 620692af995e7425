"""Evaluations of live traffic, as a declaration: which share of answers is judged, by what, for how much."""

import math

import msgspec
from blake3 import blake3

from loopwright.errors import UsageError
from loopwright.evals.scorer import Scorer

METRIC = "eval."
"""How the metrics of scores begin: `eval.faithfulness`, from 0 to 1."""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """See `live`."""

    scorers: tuple[Scorer, ...]
    share: float
    most_a_turn: int
    most_usd_a_turn: float | None

    def takes(self, request_id: str) -> bool:
        """Whether a request is in the sample: always the same answer for the same request."""
        drawn = int.from_bytes(blake3(f"eval/live/{request_id}".encode()).digest(length=8), "big")
        return drawn < self.share * 2.0**64


def live(*scorers: Scorer, share: float = 0.05, most_a_turn: int = 100, most_usd_a_turn: float | None = None) -> Live:
    """Judge a sample of the answers that users get. Each verdict becomes a metric of its request: `eval.NAME`, 1 for a
    pass and 0 for a fail, so that `metric_guard` and incidents see it; no verdict is no value.

    Args:
        scorers: What judges. Those that need an expected answer have no verdict.
        share: Of requests, from 0 to 1; which ones is drawn by their ids.
        most_a_turn: Answers judged in one turn at most; the newest are taken.
        most_usd_a_turn: What judging may cost in one turn; None: no limit.

    Raises:
        UsageError: Two scorers have one name, or a number is out of its range.
    """
    names = [scorer.name for scorer in scorers]
    if not names or len(set(names)) != len(names):
        raise UsageError("live evaluation needs scorers, each with a name of its own", why=f"{names}")
    if not math.isfinite(share) or not 0.0 < share <= 1.0 or most_a_turn < 1:
        raise UsageError(f"share={share} and most_a_turn={most_a_turn} judge nothing")
    return Live(scorers=scorers, share=share, most_a_turn=most_a_turn, most_usd_a_turn=most_usd_a_turn)
