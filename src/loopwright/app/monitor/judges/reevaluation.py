"""The champion before its own gate again, on requests whose labels have come; and who would do better on the same."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from loopwright.app.fresh_rows import FreshRows, fresh_rows
from loopwright.app.monitor.judges.evaluated_again import evaluated_again
from loopwright.app.monitor.look import Judged, Look
from loopwright.app.scoring import scores_on
from loopwright.app.versions import manifest_of
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome, Verdict, overall
from loopwright.errors import LoopwrightError
from loopwright.gates.behaviour import Behaviour
from loopwright.gates.builtin import Threshold
from loopwright.gates.gate import FIRST, GateCheck, Predictions, run_gate
from loopwright.monitoring.rules.reevaluation import ReevaluationRule
from loopwright.observations.labels import latest_labels
from loopwright.registry.alias import alias_history
from loopwright.stats.quality import METRICS

MOST_EARLIER = 10
"""Earlier champions that are asked, the newest ones."""
Figures = dict[str, dict[str, Any]]


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """A champion that has fallen far, and who passes on the same rows.

    Attributes:
        version: The champion.
        to: The best of those that pass; None where none does.
        at: When this was found.
        why: In words.
        rows: How many labelled requests it rests on.
        figures: By version and check: outcome, value, interval.
    """

    version: Digest
    to: Digest | None
    at: Micros
    why: str
    rows: int
    figures: dict[str, Figures] = {}


class ReevaluationJudge:
    """Satisfies `Judge[ReevaluationRule]`. Its state is a `Fall`, while there is one; `app.retraining.fall` answers."""

    def begin(self, rule: ReevaluationRule, look: Look) -> Any:  # noqa: ARG002 - nothing has been asked yet
        """Nothing to remember."""
        return None

    def look(self, rule: ReevaluationRule, state: Any, look: Look) -> Judged:  # noqa: ARG002 - fresh labels decide
        """Judge the labelled requests of the span before now; of an application, what its evaluations found again."""
        if look.loop.application is not None:
            return evaluated_again(rule, look)
        checks = checks_of(look.loop.gate)
        if not checks:
            return Judged(verdicts=(_unknown(rule, "the gate has no rule that stands by itself, such as at_least"),))
        tables, name = look.workspace.stores.tables, look.loop.name
        labels = latest_labels(tables, name, chosen=False)
        found = fresh_rows(look.answered(look.now - rule.over, look.now), labels, look.signature)
        count = 0 if found is None else len(found)
        if found is None or count < rule.min_labels:
            return Judged(verdicts=(_unknown(rule, f"{count} labelled requests of {rule.min_labels}", n=count),))
        verdicts = _asked(checks, found.scores, found)
        verdict = _summed(rule, verdicts, checks, n=count)
        fallen = _fallen(rule, verdicts, checks)
        if not fallen:
            return Judged(verdicts=(verdict,))
        fall = _fall(look, found, checks=checks, verdicts=verdicts, fallen=fallen)
        return Judged(state=msgspec.to_builtins(fall), verdicts=(verdict,))


def checks_of(gate: Sequence[GateCheck]) -> tuple[GateCheck, ...]:
    """The gate's checks that a champion can be held against by itself, on the requests that it answered."""
    return tuple(check for check in gate if check.absolute and not isinstance(check, Behaviour))


def _asked(checks: Sequence[GateCheck], scores: np.ndarray, fresh: FreshRows) -> tuple[Verdict, ...]:
    result = run_gate(checks, Predictions(scores=scores), None, evidence=fresh.evidence, first=True)
    return tuple(verdict for verdict in result.verdicts if verdict.check != FIRST)


def _summed(rule: ReevaluationRule, verdicts: Sequence[Verdict], checks: Sequence[GateCheck], *, n: int) -> Verdict:
    """One verdict of all: a figure below its threshold whose interval reaches above it only warns."""
    told = [_doubted(verdict, check) for verdict, check in zip(verdicts, checks, strict=True)]
    outcome = overall(told)
    worst = next((v for v in told if v.outcome is outcome), told[0])
    return Verdict(
        check=rule.name,
        outcome=outcome,
        reason=f"on {n:,} labelled requests: " + "; ".join(v.reason for v in told if v.outcome is outcome),
        value=worst.value,
        threshold=worst.threshold,
        interval=worst.interval,
        n=n,
        details={"checks": {v.check: str(v.outcome) for v in told}},
    )


def _doubted(verdict: Verdict, check: GateCheck) -> Verdict:
    if verdict.outcome is not Outcome.FAIL or not isinstance(check, Threshold) or verdict.interval is None:
        return verdict
    if _beyond(verdict, check, by=0.0):
        return verdict
    return msgspec.structs.replace(verdict, outcome=Outcome.WARN, reason=f"{verdict.reason}, within its interval")


def _beyond(verdict: Verdict, check: Threshold, *, by: float) -> bool:
    """Whether the whole interval lies further than `by` on the wrong side of the threshold."""
    if verdict.interval is None:
        return False
    low, high = verdict.interval
    return high < check.bound - by if check.side == "at_least" else low > check.bound + by


def _fallen(rule: ReevaluationRule, verdicts: Sequence[Verdict], checks: Sequence[GateCheck]) -> str:
    """The first metric that has fallen far enough to roll back; empty where none has."""
    if rule.roll_back_beyond is None:
        return ""
    for verdict, check in zip(verdicts, checks, strict=True):
        if isinstance(check, Threshold) and _beyond(verdict, check, by=rule.roll_back_beyond):
            return verdict.check
    return ""


def _fall(
    look: Look,
    fresh: FreshRows,
    *,
    checks: Sequence[GateCheck],
    verdicts: Sequence[Verdict],
    fallen: str,
) -> Fall:
    """Ask every earlier champion for the same rows, and name the best of those that pass."""
    figures = {look.version: _figures(verdicts)}
    best: tuple[float, Digest] | None = None
    check = next(one for one in checks if one.name == fallen)
    greater = METRICS[check.metric].greater_is_better if isinstance(check, Threshold) else True
    for version in _earlier(look):
        theirs = _answers(look, version, fresh)
        if theirs is None:
            continue
        said = _asked(checks, theirs, fresh)
        figures[version] = _figures(said)
        value = next(verdict.value for verdict in said if verdict.check == fallen)
        if overall(said) is not Outcome.PASS or value is None:
            continue
        worth = value if greater else -value
        best = max(best, (worth, version)) if best else (worth, version)
    why = next(verdict.reason for verdict in verdicts if verdict.check == fallen)
    return Fall(
        version=look.version,
        to=best[1] if best else None,
        at=look.now,
        why=f"{why} on {len(fresh):,} labelled requests",
        rows=len(fresh),
        figures=figures,
    )


def _earlier(look: Look) -> list[Digest]:
    """Champions before this one, the newest first, each once."""
    moves = alias_history(look.workspace.stores.ledger, look.loop.name, namespace=look.workspace.namespace)
    found = dict.fromkeys(move.to for move in reversed(moves) if move.to is not None and move.to != look.version)
    return list(found)[:MOST_EARLIER]


def _answers(look: Look, version: Digest, fresh: FreshRows) -> np.ndarray | None:
    """What a version says of the rows; None where it cannot be asked, or not about every row."""
    try:
        scores, _ = scores_on(look.workspace, version, manifest_of(look.workspace, version), rows=fresh.rows)
    except LoopwrightError:
        return None
    return scores if scores is not None and np.isfinite(scores).all() else None


def _figures(verdicts: Sequence[Verdict]) -> Figures:
    return {v.check: {"outcome": str(v.outcome), "value": v.value, "interval": v.interval} for v in verdicts}


def _unknown(rule: ReevaluationRule, reason: str, *, n: int | None = None) -> Verdict:
    return Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reason, n=n)
