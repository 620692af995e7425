"""Rules on figures of periods at work: a rule makes a detector for each of its figures."""

from typing import Any

from loopwright.monitoring.detectors.figure_detector import FigureDetector
from loopwright.monitoring.detectors.level_bound import LevelBound, LevelState
from loopwright.monitoring.detectors.share_bound import ShareBound, ShareState
from loopwright.monitoring.detectors.usual import Usual, UsualState
from loopwright.monitoring.rules.measured import MeasuredRule, Watched

FigureState = ShareState | LevelState | UsualState


def figure_detectors(rule: MeasuredRule) -> dict[str, tuple[FigureDetector[Any], type[FigureState]]]:
    """The detector of each of the rule's figures by the figure's part, and the type of its state."""
    return {one.part: _detector(rule, one) for one in rule.watched}


def _detector(rule: MeasuredRule, one: Watched) -> tuple[FigureDetector[Any], type[FigureState]]:
    name = f"{rule.name}: {one.part}" if one.part else rule.name
    if not one.bounded:
        usual = Usual(
            name,
            period_us=rule.every,
            mean_time_between_false_alarms=rule.promised_periods,
            season=rule.season,
            scale=one.scale,
            least_change=rule.least_change,
            min_count=one.min_count,
        )
        return usual, UsualState
    if one.form == "share":
        share = ShareBound(
            name,
            at_most=one.at_most,
            at_least=one.at_least,
            mean_time_between_false_alarms=rule.promised_periods,
            periods=rule.periods,
            min_count=one.min_count,
        )
        return share, ShareState
    level = LevelBound(
        name,
        at_most=one.at_most,
        at_least=one.at_least,
        periods=rule.periods,
        min_count=one.min_count,
        unit=one.unit,
    )
    return level, LevelState
