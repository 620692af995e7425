"""What every drift detector keeps to: pure, resumable, each day once, only whole days, forgetful when told."""

import msgspec
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.block_rank import BlockRank, BlockRankState
from loopwright.monitoring.detectors.detector import DriftDetector
from loopwright.monitoring.detectors.row_bets import RowBets, RowBetsState
from loopwright.monitoring.detectors.window_report import WindowReport
from loopwright.monitoring.window import Window

STATES = {BlockRank: BlockRankState, RowBets: RowBetsState, WindowReport: Window}


@pytest.fixture(params=list(STATES), ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_a_window_given_again_with_more_days_counts_each_day_once(kind, world, refer, count):
    reference = refer(world.days(0, 40))
    detector: DriftDetector = kind(reference)
    start, window = detector.start(after=39), count(world.days(40, 6), reference)
    in_steps = start
    for through in (42, 42, 45, 46):
        in_steps = detector.update(in_steps, window, through=through)
    assert in_steps == detector.update(start, window, through=46)
    assert detector.update(start, window, through=40) == start


def test_a_state_resumes_from_json_and_its_verdict_is_json(kind, world, refer, count):
    reference = refer(world.days(0, 40))
    detector = kind(reference)
    state = detector.update(detector.start(), count(world.days(40, 6, shift=2.0), reference), through=46)
    assert msgspec.json.decode(msgspec.json.encode(state), type=STATES[kind]) == state
    verdict = detector.verdict(state)
    assert msgspec.json.encode(verdict)
    assert verdict.details["columns"][0]["column"] == "delay"


def test_without_days_and_after_a_reset_the_verdict_is_unknown(kind, world, refer, count):
    reference = refer(world.days(0, 40))
    detector = kind(reference)
    assert detector.verdict(detector.start()).outcome is Outcome.UNKNOWN
    state = detector.update(detector.start(), count(world.days(40, 15, shift=4.0), reference), through=55)
    assert detector.verdict(state).outcome in (Outcome.FAIL, Outcome.WARN)
    assert detector.verdict(detector.reset(state)).outcome is Outcome.UNKNOWN
