"""The rules that most gates need: a figure is good enough, and not worse than the champion's."""

import math
from typing import ClassVar, Literal

import msgspec

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.gates.figures import applicable_metric, known_metric, metric_gain, metric_interval, rows_differ
from loopwright.gates.gate import Evidence, Predictions, not_applicable, unknown

_FEWEST_ROWS = 30


class Threshold(msgspec.Struct, frozen=True, kw_only=True, tag="threshold", tag_field="check"):
    """A metric on the evidence against a bound. The figure itself is compared; its interval is for the reader."""

    metric: str
    side: Literal["at_least", "at_most"]
    bound: float

    @property
    def name(self) -> str:
        return f"{self.side}({self.metric}, {self.bound:g})"

    absolute: ClassVar[bool] = True
    compares: ClassVar[bool] = False

    def __call__(self, candidate: Predictions, champion: Predictions | None, evidence: Evidence) -> Verdict:  # noqa: ARG002
        metric = applicable_metric(self.metric, evidence)
        if metric is None:
            return unknown(self.name, f"{self.metric} is not defined for {evidence.task} models", threshold=self.bound)
        if wrong := rows_differ(candidate.scores, evidence):
            return unknown(self.name, wrong)
        n = len(evidence.label)
        value = metric.function(evidence.label, candidate.scores, evidence.classes)
        if not math.isfinite(value):
            return unknown(self.name, f"{self.metric} is undefined on these {n} rows", threshold=self.bound, n=n)
        interval = metric_interval(metric, candidate.scores, evidence)
        good = value >= self.bound if self.side == "at_least" else value <= self.bound
        sign = {("at_least", True): ">=", ("at_least", False): "<", ("at_most", True): "<=", ("at_most", False): ">"}
        return Verdict(
            check=self.name,
            outcome=Outcome.PASS if good else Outcome.FAIL,
            reason=f"{self.metric} {value:.4f} {sign[self.side, good]} {self.bound:g}",
            value=value,
            threshold=self.bound,
            interval=(interval.low, interval.high) if interval.known else None,
            n=n,
        )


class NotWorse(msgspec.Struct, frozen=True, kw_only=True, tag="not_worse_than_champion", tag_field="check"):
    """Non-inferiority on the same rows: the lower end of the gain's interval lies above `-margin`.

    The interval is two-sided at `level` and paired: DeLong and others (1988) for a binary ROC AUC, else the bootstrap,
    both over whole blocks where the evidence has them. An interval that straddles `-margin` is no verdict, nor are
    fewer than 30 rows, where two models that happen to agree would have an interval without width.
    """

    metric: str
    margin: float
    level: float = 0.95

    @property
    def name(self) -> str:
        return f"not_worse_than_champion({self.metric}, {self.margin:g})"

    absolute: ClassVar[bool] = False
    compares: ClassVar[bool] = True

    def __call__(self, candidate: Predictions, champion: Predictions | None, evidence: Evidence) -> Verdict:
        if champion is None:
            return not_applicable(self.name, "there is no champion to compare with", threshold=-self.margin)
        metric = applicable_metric(self.metric, evidence)
        if metric is None:
            return unknown(self.name, f"{self.metric} is not defined for {evidence.task} models")
        if wrong := rows_differ(candidate.scores, evidence) or rows_differ(champion.scores, evidence):
            return unknown(self.name, wrong)
        n = len(evidence.label)
        if n < _FEWEST_ROWS:
            return unknown(self.name, f"{n} rows are too few to compare on", n=n)
        gain = metric_gain(metric, (candidate.scores, champion.scores), evidence=evidence, level=self.level)
        if not gain.known:
            return unknown(self.name, f"the difference in {self.metric} is undefined on these rows", n=gain.n)
        outcome, words = self._decided(gain.low, gain.high)
        return Verdict(
            check=self.name,
            outcome=outcome,
            reason=f"{self.metric} gains {gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}): {words}",
            value=gain.value,
            threshold=-self.margin,
            interval=(gain.low, gain.high),
            n=gain.n,
        )

    def _decided(self, low: float, high: float) -> tuple[Outcome, str]:
        if low >= -self.margin:
            return Outcome.PASS, f"not worse by more than {self.margin:g}"
        if high < -self.margin:
            return Outcome.FAIL, f"worse by more than {self.margin:g}"
        return Outcome.UNKNOWN, f"these rows cannot tell whether it is worse by more than {self.margin:g}"


def at_least(metric: str, threshold: float) -> Threshold:
    """The candidate's metric is at least `threshold`. Raises UsageError for an unknown metric or a NaN threshold."""
    return Threshold(metric=known_metric(metric), side="at_least", bound=_finite(threshold))


def at_most(metric: str, threshold: float) -> Threshold:
    """The candidate's metric is at most `threshold`. Raises UsageError for an unknown metric or a NaN threshold."""
    return Threshold(metric=known_metric(metric), side="at_most", bound=_finite(threshold))


def not_worse_than_champion(metric: str, margin: float, *, level: float = 0.95) -> NotWorse:
    """The candidate is shown to be worse than the champion by at most `margin`.

    Raises:
        UsageError: There is no such metric, the margin is negative, or the level is not between 0.5 and 1.
    """
    if _finite(margin) < 0:
        raise UsageError(f"margin={margin} is negative", fix="Give the loss that is still acceptable, as margin=0.005.")
    if not 0.5 < level < 1.0:
        raise UsageError(f"level={level} is not between 0.5 and 1", fix="Write level=0.95, for example.")
    return NotWorse(metric=known_metric(metric), margin=margin, level=level)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise UsageError(f"{value} cannot be compared with", fix="Give a finite number.")
    return float(value)
