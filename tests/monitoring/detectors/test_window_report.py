"""The report rule colours what moved enough to matter and is not chance."""

import msgspec
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.window_report import WindowReport
from loopwright.monitoring.report_rule import Ruling
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
    slight = WindowReport(reference).verdict(count(world.days(30, 20, carriers=(0.475, 0.315, 0.21)), reference))
    entry = next(e for e in slight.details["columns"] if e["column"] == "carrier")
    assert entry["p_value_holm"] < 1e-6
    assert not entry["moved"]
    few = WindowReport(reference, Ruling(columns=("carrier",))).verdict(
        count(world.day(60, rows=31, carriers=(0.3, 0.3, 0.4)), reference)
    )
    assert few.outcome is Outcome.PASS


def test_a_verdict_stays_small_however_many_columns(world, refer, count):
    reference = refer(world.days(0, 5))
    delay = reference.column("delay")
    wide = msgspec.structs.replace(
        reference, columns=tuple(msgspec.structs.replace(delay, name=f"c{i}") for i in range(1_000))
    )
    rows = world.days(5, 2)
    window = count({f"c{i}": rows["delay"] for i in range(1_000)} | {"event_time": rows["event_time"]}, wide)
    verdict = WindowReport(wide).verdict(window)
    assert verdict.details["columns_total"] == 1_000
    assert len(msgspec.json.encode(verdict)) < 500_000


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
