"""Which detector judges which figure of a rule."""

import pytest

import loopwright as lw
from loopwright.monitoring.detectors.level_bound import LevelBound, LevelState
from loopwright.monitoring.detectors.share_bound import ShareBound, ShareState
from loopwright.monitoring.detectors.usual import Usual, UsualState
from loopwright.monitoring.measured import figure_detectors


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        (lw.watch.latency(at_most="50ms"), (ShareBound, ShareState)),
        (lw.watch.volume(at_least=5), (LevelBound, LevelState)),
        (lw.watch.volume(), (Usual, UsualState)),
        (lw.watch.behaviour(), (Usual, UsualState)),
    ],
)
def test_a_bound_on_a_share_on_a_level_and_none_have_detectors_of_their_own(rule, kinds):
    ((detector, state),) = figure_detectors(rule).values()
    assert (type(detector), state) == kinds
    verdict = detector.verdict(detector.start())
    assert verdict.check == rule.name


def test_a_rule_with_several_figures_names_each():
    detectors = figure_detectors(lw.watch.resources(memory_at_most="1GB"))
    names = [detector.verdict(detector.start()).check for detector, _ in detectors.values()]
    assert names == ["resources: memory", "resources: disk_left"]
