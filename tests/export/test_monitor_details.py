"""A rule's details as sections, by their form."""

from typing import Any

import pytest

from loopwright.app.monitor.report_rules import RuleView
from loopwright.export.monitor_details import ROWS, details_sections, objects_in, plain, table_of
from loopwright.pictures.sections import Grid, LineChart, ReliabilityChart


def a_rule(**details: Any) -> RuleView:
    return RuleView(
        check="r", rule="r", kind="r", opens=True, sequential=False, latest={"outcome": "pass", "details": details}
    )


def test_each_list_of_objects_is_a_table() -> None:
    words = [{"word": "flood", "weight": 0.5}, {"word": "sun", "weight": -0.2}]
    (found,) = details_sections(a_rule(words=words, alpha=0.1, names=["a", "b"], columns=[{"column": "x"}]))
    assert isinstance(found, Grid)
    assert found.title == "r: words"
    assert found.columns == ("word", "weight")
    assert found.right == ("weight",)
    assert found.rows == (("flood", 0.5), ("sun", -0.2))


def test_an_object_of_objects_is_a_table_with_names() -> None:
    assert objects_in({"AA": {"n": 1}, "B6": {"n": 2}}) == [{"name": "AA", "n": 1}, {"name": "B6", "n": 2}]
    assert objects_in({"AA": {"n": 1}, "B6": 2}) == []
    assert objects_in("text") == []
    assert objects_in(None) == []


def test_bins_of_predictions_are_a_curve() -> None:
    bins = [{"predicted": 0.1, "observed": 0.2, "count": 5}, {"predicted": 0.9, "observed": None, "count": 0}]
    (found,) = details_sections(a_rule(reliability=bins))
    assert isinstance(found, ReliabilityChart)
    assert found.curves[0].predicted == (0.1,)


def test_long_lists_are_cut_and_said() -> None:
    grid = table_of("t", [{"a": i, "outcome": "fail" if i else "pass"} for i in range(100)])
    assert len(grid.rows) == ROWS
    assert "The first 20 of 100." in grid.note
    assert grid.tones[:2] == ("good", "bad")


def test_rows_of_different_keys_keep_their_columns() -> None:
    grid = table_of("t", [{"a": 1}, {"b": 2, "deep": [1]}])
    assert grid.columns == ("a", "b")
    assert grid.rows == ((1, None), (None, 2))


def test_names_say_how_a_value_is_read() -> None:
    assert plain("opened_at", 1_374_624_000_000_000) == "24 Jul 2013 00:00"
    assert plain("opened_at", 3) == 3
    assert plain("missing_share", 0.25) == "25 %"
    assert plain("period_us", 3_600_000_000) == "60 min"
    assert plain("x", True) is True


def test_an_object_of_figures_is_a_table_and_its_bins_are_a_curve() -> None:
    bins = [{"score": 0.1, "share": 0.2, "low": 0.1, "high": 0.3, "rows": 50}] * 3
    figures, curve = details_sections(a_rule(calibration={"error": 0.02, "slope": None, "bins": bins}))
    assert isinstance(figures, Grid)
    assert figures.rows == (("error", 0.02),)
    assert isinstance(curve, ReliabilityChart)
    assert curve.title == "r: calibration, bins"


def test_days_are_lines_and_an_estimate_has_its_band() -> None:
    days = [{"day": d, "estimate": 0.7, "interval": [0.6, 0.8], "real": None if d > 1 else 0.71} for d in range(4)]
    (chart,) = details_sections(a_rule(by_day=days))
    assert isinstance(chart, LineChart)
    assert [one.name for one in chart.series] == ["estimate", "real"]
    assert chart.series[0].low == (0.6,) * 4
    assert chart.series[1].value == (0.71, 0.71, None, None)
    assert chart.series[1].low == ()


@pytest.mark.parametrize(("us", "said"), [(90_000_000, "90 s"), (630_000_000, "10.5 min"), (7_200_000_000, "2 h")])
def test_a_span_is_told_in_a_unit_that_fits(us: int, said: str) -> None:
    assert plain("before_us", us) == said


def test_what_names_a_row_is_shown_though_many_figures_come_before_it() -> None:
    row = {**{f"figure_{number}": 1.0 for number in range(12)}, "value": "JFK"}
    grid = table_of("segments", [row])
    assert grid.columns[0] == "value"
    assert grid.rows[0][0] == "JFK"
    assert len(grid.right) == len(grid.columns) - 1
