"""The report rule colours what moved enough to matter and is not chance."""

import msgspec
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.window_report import WindowReport
from loopwright.monitoring.window import Window


def test_a_moved_column_is_named_first_with_its_figures(world, refer, count):
    reference = refer(world.days(0, 30))
    verdict = WindowReport(reference).verdict(count(world.days(30, 5, carriers=(0.2, 0.3, 0.5)), reference))
    assert verdict.outcome is Outcome.WARN
    first = verdict.details["columns"][0]
    assert (first["column"], first["moved"]) == ("carrier", True)
    assert first["total_variation"] == pytest.approx(0.3, abs=0.05)
    assert msgspec.json.encode(verdict)


def test_a_certain_but_slight_move_and_a_great_but_uncertain_one_stay_plain(make_world, refer, count):
    world = make_world(1, rows=3000)
    reference = refer(world.days(0, 30))
    slight = WindowReport(reference).verdict(count(world.days(30, 20, carriers=(0.45, 0.33, 0.22)), reference))
    entry = next(e for e in slight.details["columns"] if e["column"] == "carrier")
    assert entry["p_value_holm"] < 1e-6
    assert not entry["moved"]
    few = WindowReport(reference, columns=("carrier",)).verdict(
        count(world.day(60, rows=12, carriers=(0.3, 0.3, 0.4)), reference)
    )
    assert few.outcome is Outcome.PASS


def test_missing_shares_are_reported(world, refer, count):
    reference = refer(world.days(0, 30))
    verdict = WindowReport(reference).verdict(count(world.days(30, 3, missing=0.4), reference))
    entry = next(e for e in verdict.details["columns"] if e["column"] == "delay")
    assert entry["missing_share"] == pytest.approx(0.4, abs=0.06)
    assert entry["missing_share_reference"] == 0.0
    assert entry["moved"]


def test_an_empty_window_is_unknown(world, refer):
    assert WindowReport(refer(world.days(0, 30))).verdict(Window()).outcome is Outcome.UNKNOWN


def test_a_day_given_twice_counts_once(world, refer, count):
    reference = refer(world.days(0, 30))
    report = WindowReport(reference)
    window = count(world.days(30, 3), reference)
    once = report.update(report.start(), window, through=32)
    assert once.blocks == (30, 31)
    assert report.update(once, window, through=32) == once
    assert report.reset(once) == Window()
