"""The one language of judgement: gates, drift rules, canary guards and approvals all answer with a Verdict.

Unknown is never a pass: too little data, NaN or a crashed check is *unknown*; a rule that does not concern this case
(no champion yet, a slice that is too small) is *not applicable*.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec


class Outcome(StrEnum):
    """What a check found."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One check's answer, with the figures it rests on."""

    check: str
    outcome: Outcome
    reason: str
    value: float | None = None
    threshold: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    details: dict[str, Any] = {}


def overall(verdicts: Sequence[Verdict]) -> Outcome:
    """The gate's rule: any fail fails; any unknown is unknown; at least one applicable pass is needed.

    A warn counts as applicable and passed. An empty sequence is unknown.
    """
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    if Outcome.UNKNOWN in outcomes or not outcomes & {Outcome.PASS, Outcome.WARN}:
        return Outcome.UNKNOWN
    return Outcome.WARN if Outcome.WARN in outcomes else Outcome.PASS
