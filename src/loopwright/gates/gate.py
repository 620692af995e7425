"""A gate runs its checks and says whether the candidate may go on. Unknown is never a pass."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import numpy as np

from loopwright.core.check import C_contra, Check, E_contra
from loopwright.core.schema import Task
from loopwright.core.verdict import Outcome, Verdict, overall
from loopwright.errors import UsageError
from loopwright.stats.arrays import AnyArray

C = TypeVar("C")
E = TypeVar("E")
Predict = Callable[[Mapping[str, AnyArray]], AnyArray]
"""Feature columns (each (n_rows,)) to scores, in the form of `Predictions.scores`."""

FIRST = "first_champion"
_LONGEST_REASON = 300


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What a model answers on the evidence's rows.

    Attributes:
        scores: (n_rows,) probability of the positive class (binary) or value (regression); (n_rows, n_classes)
            probabilities in the order of the evidence's classes (multiclass).
        predict: Answers for other rows, where checks of behaviour need them.
    """

    scores: AnyArray
    predict: Predict | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What candidate and champion are judged on: rows that neither has learned from.

    Attributes:
        task: What is predicted.
        classes: Labels in the order of the scores; empty for regression.
        label: (n_rows,).
        slices: (n_rows,) raw values by column, for rules about groups of rows.
        blocks: (n_rows,) names of blocks of rows that are alike, such as days; intervals then resample whole blocks.
        features: (n_rows,) by feature as the models see them, where checks of behaviour need them.
    """

    task: Task
    classes: tuple[Any, ...]
    label: AnyArray
    slices: Mapping[str, AnyArray] = dataclasses.field(default_factory=dict)
    blocks: AnyArray | None = None
    features: Mapping[str, AnyArray] | None = None


class Rule(Check[C_contra, E_contra], Protocol[C_contra, E_contra]):
    """A check of a gate: a frozen value, so that the plan can tell when a rule changed."""

    @property
    def absolute(self) -> bool:
        """Whether a pass says that the candidate is good, so that it may stand behind a first champion."""

    @property
    def compares(self) -> bool:
        """Whether it compares with the champion, and is not applicable only because there is none."""


GateCheck = Rule[Predictions, Evidence]
"""A rule about a model's answers to rows."""


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's answer and every check's, in the order given."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether the candidate may go on: pass or warn."""
        return self.outcome in (Outcome.PASS, Outcome.WARN)


def run_gate(
    checks: Sequence[Rule[C, E]],
    candidate: C,
    champion: C | None,
    *,
    evidence: E,
    first: bool,
) -> GateResult:
    """Run every check and combine their verdicts (`core.verdict.overall`).

    A check that crashes, answers NaN or answers no verdict is unknown, with the reason. Without `first`, a missing
    champion makes the rules that compare with it unknown; with it they are not applicable, and at least one absolute
    rule must pass.

    Args:
        checks: Rules with names of their own.
        candidate: The candidate's answers.
        champion: The champion's answers on the same rows; None where there is none or it could not answer.
        evidence: The rows.
        first: Whether the candidate would be the first champion.

    Raises:
        UsageError: Two checks have the same name.
    """
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"the gate has the check {twice[0]} twice", fix="Leave one of the two out.")
    verdicts = [_judged(check, candidate, champion=None if first else champion, evidence=evidence) for check in checks]
    if not first and champion is None:
        verdicts = [_without_champion(check, verdict) for check, verdict in zip(checks, verdicts, strict=True)]
    if first:
        verdicts += _first_champion(checks, verdicts)
    return GateResult(outcome=overall(verdicts), verdicts=tuple(verdicts))


def describe(check: Rule[Any, Any]) -> dict[str, Any]:
    """The check as JSON, for plans and fingerprints: its own fields where it has a form for them, else its name."""
    said = getattr(check, "describe", None)
    if callable(said):
        return dict(said())
    if isinstance(check, msgspec.Struct):
        return dict(msgspec.to_builtins(check))
    return {"check": f"{type(check).__module__}.{type(check).__qualname__}", "name": check.name}


def unknown(check: str, reason: str, **more: Any) -> Verdict:
    """A verdict of unknown."""
    return Verdict(check=check, outcome=Outcome.UNKNOWN, reason=reason, **more)


def not_applicable(check: str, reason: str, **more: Any) -> Verdict:
    """A verdict of not applicable."""
    return Verdict(check=check, outcome=Outcome.NOT_APPLICABLE, reason=reason, **more)


def _judged(check: Rule[C, E], candidate: C, *, champion: C | None, evidence: E) -> Verdict:
    try:
        verdict: object = check(candidate, champion, evidence)
    except Exception as error:  # noqa: BLE001 - boundary: a check may be the user's code; the verdict records it
        reason = f"the check crashed: {type(error).__name__}: {error}"[:_LONGEST_REASON]
        return unknown(check.name, reason, details={"crashed": True})
    if not isinstance(verdict, Verdict):
        return unknown(check.name, f"the check answered a {type(verdict).__name__} instead of a verdict")
    return _sound(verdict)


def _sound(verdict: Verdict) -> Verdict:
    """The verdict without NaN or infinity: a pass that rests on one is unknown."""
    figures = [verdict.value, *(verdict.interval or ())]
    if all(figure is None or math.isfinite(figure) for figure in figures):
        return verdict
    interval = verdict.interval if verdict.interval and np.isfinite(verdict.interval).all() else None
    value = verdict.value if verdict.value is not None and math.isfinite(verdict.value) else None
    clean = msgspec.structs.replace(verdict, value=value, interval=interval)
    if verdict.outcome in (Outcome.PASS, Outcome.WARN):
        reason = f"{verdict.reason} (rests on a figure that is not finite)"
        return msgspec.structs.replace(clean, outcome=Outcome.UNKNOWN, reason=reason)
    return clean


def _without_champion(check: Rule[Any, Any], verdict: Verdict) -> Verdict:
    if not check.compares or verdict.outcome is Outcome.FAIL:
        return verdict
    return unknown(check.name, "there is a champion, but its answers on these rows are missing")


def _first_champion(checks: Sequence[Rule[Any, Any]], verdicts: Sequence[Verdict]) -> list[Verdict]:
    passed = [
        check.name
        for check, verdict in zip(checks, verdicts, strict=True)
        if check.absolute and verdict.outcome in (Outcome.PASS, Outcome.WARN)
    ]
    if passed:
        return []
    reason = "the first champion needs a rule that stands by itself, such as at_least, and none passed"
    return [unknown(FIRST, reason)]
