"""Scores: pass, fail, or no verdict. A scorer that could not judge is never a 0 and never in an average."""

from typing import Any, Literal

import msgspec

Verdicts = Literal["pass", "fail", "no_verdict"]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What one scorer says of one answer.

    Attributes:
        scorer: Its name.
        verdict: `no_verdict` where there is no answer, nothing to compare with, or the judge could not be understood.
        value: A figure on the scorer's own scale, higher is better unless the scorer says otherwise; None without one.
        reason: Why, in a sentence.
        details: JSON; a judge's own words among them.
        cost_usd: What judging cost.
    """

    scorer: str
    verdict: Verdicts
    value: float | None = None
    reason: str = ""
    details: dict[str, Any] = {}
    cost_usd: float = 0.0
