"""One policy played through the past, day by day: what answered when, what it wanted, what the gate said."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from loopwright.app.policies.blocks import Blocks
from loopwright.app.policies.history import History
from loopwright.app.policies.policy import Evening, Policy, wanted
from loopwright.app.policies.trained import Trained, Trainer, judged
from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import LoopwrightError
from loopwright.gates.gate import GateCheck
from loopwright.monitoring.drift import incident_detector, settled
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.performance import judge_performance
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, label_values, prediction_values
from loopwright.monitoring.window import Window, count_blocks
from loopwright.stats.arrays import AnyArray, Floats

Became = Literal["released", "rejected", "inconclusive", "failed"]


class Retrain(msgspec.Struct, frozen=True, kw_only=True):
    """One retraining: when, why, what became of it, on how many rows, in how many seconds."""

    at: Micros
    reason: str
    outcome: Became
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """A policy's way through the past.

    Attributes:
        policy: Its name.
        scores: (n,) or (n, k) answers on the rows that were played, each by the model that was champion then.
        retrains: In order.
    """

    policy: str
    scores: Floats
    retrains: tuple[Retrain, ...]


class _Watched:
    """A champion under the policy's rules: the same detectors that watch a live one."""

    def __init__(self, policy: Policy, trained: Trained, trainer: Trainer) -> None:
        self._policy = policy
        self._trained = trained
        self._history = trainer.history
        self._start = trained.at // DAY
        self._blocks = _blocks(policy, trained, trainer.history)
        self._detector = None if self._blocks is None else incident_detector(self._blocks.rule, trained.reference)
        self._state = (
            None
            if self._detector is None or self._blocks is None
            else self._detector.start(after=self._blocks.number(trained.at) - 1)
        )

    def alarms(self, day: int) -> tuple[str, ...]:
        """Why the rules fail at the end of a day (days since 1970)."""
        found = [verdict for verdict in (self._drift(day), self._performance(day)) if verdict is not None]
        return tuple(verdict.reason for verdict in found if verdict.outcome is Outcome.FAIL)

    def _drift(self, day: int) -> Verdict | None:
        if self._detector is None or self._blocks is None:
            return None
        now = (day + 1) * DAY
        known = now - self._history.delay_us
        seen = self._blocks.whole(day * DAY, now)
        told = self._blocks.whole(max(day * DAY - self._history.delay_us, self._start * DAY), known)
        for window, until in ((self._answered(seen), now), (self._labelled(told), known)):
            self._state = self._detector.update(self._state, window, through=self._blocks.number(until))
        return self._detector.verdict(self._state)

    def _answered(self, rows: slice) -> Window:
        signature, features = self._history.rows.signature, self._history.rows.features
        columns = {name: features[name].to_numpy()[rows] for name in features.columns}
        columns[PREDICTION] = prediction_values(self._answers(rows), signature.task)
        return self._counted(columns, rows)

    def _labelled(self, rows: slice) -> Window:
        signature = self._history.rows.signature
        return self._counted({LABEL: label_values(self._history.label[rows], signature.task, signature.classes)}, rows)

    def _counted(self, columns: dict[str, AnyArray], rows: slice) -> Window:
        assert self._blocks is not None
        return count_blocks(columns, self._blocks.of(rows), self._trained.reference)

    def _answers(self, rows: slice) -> Floats:
        """The model's answers on rows of the history."""
        if rows.start >= rows.stop:
            return np.empty(0)
        at = self._history.at
        since, until = int(at[rows.start]), int(at[rows.stop - 1]) + 1
        inside = self._history.between(since, until)
        return self._trained.scores_between(since, until)[rows.start - inside.start :][: rows.stop - rows.start]

    def _performance(self, day: int) -> Verdict | None:
        if self._policy.performance is None:
            return None
        since, until = self._start * DAY, (day + 1) * DAY
        rows = self._history.between(since, until)
        at = self._history.at[rows]
        labelled = at + self._history.delay_us <= until
        answered = LabelledRequests(
            event_time=at,
            score=self._trained.scores_between(since, until),
            labelled=labelled,
            label=self._history.label[rows][labelled],
        )
        rule, reference = self._policy.performance, self._trained.reference
        return judge_performance(rule, reference, answered, today=day + 1, calibrated=False)


def _blocks(policy: Policy, trained: Trained, history: History) -> Blocks | None:
    return None if policy.drift is None else Blocks(history=history, rule=settled(policy.drift, trained.reference))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From the first day played to the day after the last one (days since 1970, UTC)."""

    first: int
    end: int


def play(
    policy: Policy, trainer: Trainer, span: Span, *, checks: tuple[GateCheck, ...], over: Callable[[int], None]
) -> Course:
    """Play a policy through the past.

    A model is trained on what was known before the first day; it answers until a retrain passes the loop's gate, whose
    model answers from the next day on. Releases take no time here.

    Args:
        policy: When to retrain.
        trainer: The past and its models.
        span: The days.
        checks: The loop's gate.
        over: Told of each day that is over.

    Raises:
        UsageError: Nothing was known before the first day.
        StepFailedError: The first training failed.
    """
    champion = trainer.train(span.first * DAY)
    watched, tried = _Watched(policy, champion, trainer), champion.at
    parts, retrains, since = [], list[Retrain](), span.first
    for day in range(span.first, span.end):
        over(1)
        now = (day + 1) * DAY
        reason = wanted(
            policy,
            Evening(
                now=now,
                trained_at=champion.at,
                tried_at=tried,
                new_rows=_new_rows(trainer, champion, now),
                alarms=watched.alarms(day) if policy.drift or policy.performance else (),
            ),
        )
        if not reason or day + 1 >= span.end:
            continue
        tried = now
        done, candidate = _retrained(trainer, champion, now, checks=checks, reason=reason)
        retrains.append(done)
        if candidate is not None:
            parts.append(champion.scores_between(since * DAY, now))
            champion, since = candidate, day + 1
            watched = _Watched(policy, champion, trainer)
    parts.append(champion.scores_between(since * DAY, span.end * DAY))
    return Course(policy=policy.name, scores=np.concatenate(parts), retrains=tuple(retrains))


def _new_rows(trainer: Trainer, champion: Trained, now: Micros) -> int:
    return int(np.searchsorted(trainer.history.at, now - trainer.history.delay_us, side="right")) - champion.rows


def _retrained(
    trainer: Trainer, champion: Trained, now: Micros, *, checks: tuple[GateCheck, ...], reason: str
) -> tuple[Retrain, Trained | None]:
    """What became of a retrain, and its model where it was released."""
    try:
        candidate = trainer.train(now, champion)
    except LoopwrightError as error:
        why = f"{reason}: {error.code} {error.what}"
        return Retrain(at=now, reason=why, outcome="failed", rows=0, seconds=0.0), None
    verdict = judged(checks, candidate, champion)
    passed = verdict in (Outcome.PASS, Outcome.WARN)
    became: Became = "released" if passed else "rejected" if verdict is Outcome.FAIL else "inconclusive"
    done = Retrain(at=now, reason=reason, outcome=became, rows=candidate.rows, seconds=candidate.seconds)
    return done, candidate if passed else None
