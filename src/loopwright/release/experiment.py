"""What is known of a business metric while several versions share the traffic."""

from collections.abc import Mapping
from typing import Protocol

import msgspec
import numpy as np

from loopwright.release.comparison import Waiting, grouped
from loopwright.release.evidence import Evidence, Floats, MetricValues
from loopwright.release.rules import Direction
from loopwright.stats.control_variate import Moments, with_pairs
from loopwright.stats.sample_ratio import log_evidence
from loopwright.stats.sequential import MeanTest, mean_test, update

CHAMPION = "champion"


class Measured(Protocol):
    """A strategy that is about a metric."""

    @property
    def metric(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def direction(self) -> Direction: ...


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One variant against the champion on the metric, on the scale of the metric's range, greater always better.

    Attributes:
        better: Evidence that its gain is more than what it must be.
        worse: Evidence that its gain is less than nothing.
        waiting: Units that have met none of the other arm yet.
    """

    better: MeanTest
    worse: MeanTest
    waiting: Waiting = Waiting()


class ExperimentState(msgspec.Struct, frozen=True, kw_only=True):
    """The metric of all arms, the champion among them, by the arm's name.

    Attributes:
        trials: Each variant's tests; empty for a bandit.
        arms: Sums of each arm: the covariate as x, the metric as y, both on [0, 1], greater always better.
        units: How many units each arm was given since the shares last changed.
        sample_ratio: The greatest log evidence so far that they are out of proportion.
        shares: What each arm is given.
    """

    trials: dict[str, Trial] = {}
    arms: dict[str, Moments] = {}
    units: dict[str, int] = {}
    sample_ratio: float = 0.0
    shares: dict[str, float] = {}


def begin_trial(bound: float, *, covariates: bool) -> Trial:
    """A trial with nothing seen yet.

    Args:
        bound: The gain that a variant must be proven to exceed, as part of the metric's range.
        covariates: Whether a covariate is taken out, which doubles the range of a difference.
    """
    widest = 2.0 if covariates else 1.0
    return Trial(
        better=mean_test(bound, direction="above", low=-widest, high=widest, sure=0.0),
        worse=mean_test(0.0, direction="below", low=-widest, high=widest, sure=0.0),
    )


def measured(state: ExperimentState, strategy: Measured, evidence: Evidence, *, covariates: bool) -> ExperimentState:
    """The state after what came in.

    Args:
        state: Before.
        strategy: What is measured.
        evidence: What came in.
        covariates: Whether covariates are taken out. Their weight is that of earlier looks, so that no unit's own value
            decides it; a unit without one counts as an average one.
    """
    rows = {name: unit_rows(evidence.of(name).metrics.get(strategy.metric), strategy) for name in state.shares}
    pooled = _pooled(state.arms)
    slope = float(np.clip(pooled.slope, -1.0, 1.0)) if covariates else 0.0
    filled = {name: np.where(np.isfinite(found), found, pooled.mean_x) for name, found in rows.items()}
    trials = {
        name: _compared(trial, filled[name], filled[CHAMPION], slope=slope) for name, trial in state.trials.items()
    }
    arms = {
        name: with_pairs(state.arms.get(name, Moments()), found[:, 1], found[:, 0]) for name, found in filled.items()
    }
    units = {name: state.units.get(name, 0) + evidence.of(name).units for name in state.shares}
    return msgspec.structs.replace(
        state, trials=trials, arms=arms, units=units, sample_ratio=max(state.sample_ratio, out_of_ratio(state, units))
    )


def unit_rows(found: MetricValues | None, strategy: Measured) -> Floats:
    """`(n, 2)` values and covariates on [0, 1], greater always better; a covariate that is not known is NaN."""
    if found is None or not len(found.values):
        return np.empty((0, 2))
    covariates = found.covariates if len(found.covariates) else np.full(len(found.values), np.nan)
    rows = np.stack((found.values, covariates), axis=1)
    rows = rows[np.isfinite(rows[:, 0])]
    unit = (np.clip(rows, strategy.low, strategy.high) - strategy.low) / (strategy.high - strategy.low)
    return unit if strategy.direction == "higher_is_better" else 1.0 - unit


def out_of_ratio(state: ExperimentState, units: Mapping[str, int]) -> float:
    """Log evidence that units are not dealt as the shares say; 0 where there is none."""
    dealt = {name: share for name, share in state.shares.items() if share > 0.0}
    if not any(units.values()) or len(dealt) < 2:
        return 0.0
    total = sum(dealt.values())
    return log_evidence([units.get(name, 0) for name in dealt], [share / total for share in dealt.values()])


def without(state: ExperimentState, arm: str) -> ExperimentState:
    """The state once an arm was taken out: its share goes to the champion, and units are counted anew."""
    shares = {name: 0.0 if name == arm else share for name, share in state.shares.items()}
    shares[CHAMPION] += state.shares[arm]
    trials = {name: trial for name, trial in state.trials.items() if name != arm}
    return msgspec.structs.replace(state, shares=shares, trials=trials, units={})


def gain(state: ExperimentState, arm: str) -> float:
    """How much better the arm's mean is than the champion's, as part of the metric's range; NaN where not known."""
    ours, theirs = state.arms.get(arm, Moments()), state.arms.get(CHAMPION, Moments())
    return ours.y / ours.n - theirs.y / theirs.n if ours.n and theirs.n else float("nan")


def _pooled(arms: Mapping[str, Moments]) -> Moments:
    fields = Moments.__struct_fields__
    return Moments(**{name: sum(getattr(arm, name) for arm in arms.values()) for name in fields})


def _compared(trial: Trial, variant: Floats, champion: Floats, *, slope: float) -> Trial:
    ours, theirs, waiting = grouped(trial.waiting, variant, champion, seed=trial.better.n)
    if not len(ours):
        return msgspec.structs.replace(trial, waiting=waiting)
    gains = (ours - theirs) @ np.array([1.0, -slope])
    return Trial(better=update(trial.better, gains), worse=update(trial.worse, gains), waiting=waiting)
