"""Charts: every value lands where it should, gaps stay gaps, spikes stay seen."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from loopwright.core.clock import SECOND
from loopwright.pictures import charts
from loopwright.pictures.scales import DAY
from loopwright.pictures.sections import (
    AreaChart,
    Bar,
    BarChart,
    Curve,
    LineChart,
    Marker,
    Part,
    ReliabilityChart,
    Series,
    Threshold,
)

START = 1_364_774_400 * SECOND  # 2013-04-01


def days(count: int) -> tuple[int, ...]:
    return tuple(START + DAY * day for day in range(count))


def classes(drawn: str, word: str) -> list[ET.Element]:
    return [node for node in ET.fromstring(drawn).iter() if word in node.get("class", "").split()]


def points(path: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path.get("d", ""))]


def lines(*values: float | None, **more: object) -> LineChart:
    return LineChart(title="t", series=(Series(name="auc", at=days(len(values)), value=values),), **more)  # type: ignore[arg-type]


def test_a_line_runs_from_edge_to_edge_and_rises_with_its_values() -> None:
    (path,) = classes(charts.line_chart(lines(0.0, 5.0, 10.0)), "line")
    (x0, y0), (x1, y1), (x2, y2) = points(path)
    assert (x0, x2) == (64, 944)
    assert x1 == pytest.approx((x0 + x2) / 2)
    assert (y0, y1, y2) == pytest.approx((246, 130, 14))


def test_a_gap_breaks_the_line_and_a_lone_value_is_a_dot() -> None:
    drawn = charts.line_chart(lines(1, 2, None, 3, math.nan, 4, 5))
    assert [len(points(path)) for path in classes(drawn, "line")] == [2, 2]
    assert len(classes(drawn, "dot")) == 1


def test_thresholds_are_inside_the_picture_even_above_every_value() -> None:
    drawn = charts.line_chart(lines(0.1, 0.2, thresholds=(Threshold(value=0.9, label="limit"),)))
    (level,) = classes(drawn, "threshold")
    assert 14 <= float(level.get("y1", "nan")) < 60
    assert "limit 0.9" in drawn


@pytest.mark.parametrize("day", [0, 1, 2])
def test_markers_are_numbered_apart_and_inside_also_at_one_instant(day: int) -> None:
    crowd = tuple(Marker(at=days(3)[day], label=f"event {n}") for n in range(30))
    drawn = charts.line_chart(lines(1, 2, 3, markers=crowd))
    places = [float(flag.get("cx", "nan")) for flag in classes(drawn, "flag")]
    assert len(places) == charts.MARKERS
    assert all(right - left >= 16.9 for left, right in pairwise(places))
    assert places[0] >= 64
    assert places[-1] <= 944


def test_a_long_series_is_thinned_and_keeps_its_spikes() -> None:
    value = [0.0] * 100_000
    value[77_777], value[12_345] = 9.0, -9.0
    thin = charts.thinned(Series(name="x", at=tuple(range(100_000)), value=tuple(value)))
    assert len(thin.at) <= charts.POINTS
    assert {77_777, 12_345} <= set(thin.at)
    assert list(thin.at) == sorted(thin.at)
    assert (max(v or 0 for v in thin.value), min(v or 0 for v in thin.value)) == (9.0, -9.0)


def test_areas_stack_to_the_top_and_a_share_holds_until_the_next_instant() -> None:
    chart = AreaChart(
        title="arms",
        at=days(2),
        until=days(3)[2],
        parts=(Part(name="champion", share=(1.0, 0.75)), Part(name="candidate", share=(0.0, 0.25))),
    )
    champion, candidate = classes(charts.area_chart(chart), "area")
    assert points(champion)[:4] == [(64, 14), (504, 14), (504, 72), (944, 72)]
    assert points(candidate)[:2] == [(504, 14), (944, 14)]


def test_a_share_too_short_to_see_is_widened() -> None:
    instants = (START, START + 100 * DAY, START + 100 * DAY + SECOND, START + 200 * DAY)
    chart = AreaChart(title="arms", at=instants, parts=(Part(name="bad", share=(0.0, 0.5, 0.0, 0.0), tone="bad"),))
    (area,) = classes(charts.area_chart(chart), "bad")
    across = [x for x, _ in points(area)]
    assert max(across) - min(across) == pytest.approx(2)


def test_reliability_puts_a_calibrated_bin_on_the_diagonal_and_skips_empty_bins() -> None:
    curve = Curve(name="m", predicted=(0.25, 0.5, 0.9), observed=(0.25, 0.5, math.nan), count=(10, 20, 0))
    drawn = charts.reliability_chart(ReliabilityChart(title="r", curves=(curve,)))
    dots = [(float(d.get("cx", "nan")), float(d.get("cy", "nan"))) for d in classes(drawn, "dot")]
    assert dots == [(153, 252), (250, 174)]
    (spread,) = classes(drawn, "spread")
    tops = {float(point.split()[1]) for point in spread.get("d", "").strip("MZ").split("L")}
    assert tops == {410, 380, 350}


def test_a_logarithm_is_read_as_its_value() -> None:
    assert [charts.number_text(value, "power") for value in (0.0, 3.0, 4.0, 400.0)] == [
        "1",
        "1,000",
        "10,000",
        "1e+300",
    ]


def test_bars_grow_from_zero_to_both_sides_and_an_unknown_value_is_said() -> None:
    bars = (Bar(label="a", value=2.0, low=1.0, high=3.0), Bar(label="b", value=-1.0), Bar(label="c", value=None))
    drawn = charts.bar_chart(BarChart(title="b", bars=bars))
    up, down = classes(drawn, "bar")
    zero = float(up.get("x", "nan"))
    assert float(down.get("x", "nan")) + float(down.get("width", "nan")) == pytest.approx(zero, abs=0.11)
    assert len(classes(drawn, "whisker")) == 1
    assert "no value" in drawn


@pytest.mark.parametrize(
    "drawn",
    [
        charts.line_chart(LineChart(title="t", series=())),
        charts.line_chart(lines(None, math.inf)),
        charts.area_chart(AreaChart(title="t", at=(), parts=())),
        charts.bar_chart(BarChart(title="t", bars=())),
        charts.reliability_chart(ReliabilityChart(title="t", curves=())),
        charts.line_chart(lines(5.0)),
        charts.area_chart(AreaChart(title="t", at=(START,), parts=(Part(name="a", share=(1.0,)),))),
        charts.line_chart(lines(1e300, -1e300, 0)),
    ],
)
def test_nothing_one_point_and_extremes_still_make_a_picture(drawn: str) -> None:
    tree = ET.fromstring(drawn)
    assert tree.get("role") == "img"
    assert tree[0].tag == "title"
    assert "nan" not in drawn
    assert "inf" not in drawn.replace("inferred", "")


def test_a_half_chart_is_drawn_narrower_not_smaller() -> None:
    wide, half = charts.line_chart(lines(1, 2)), charts.line_chart(lines(1, 2, half=True))
    assert ET.fromstring(wide).get("viewBox") == "0 0 960 280"
    assert ET.fromstring(half).get("viewBox") == "0 0 460 280"


@pytest.mark.parametrize(
    ("value", "form", "unit", "shown"),
    [
        (None, "number", "", "–"),
        (math.nan, "number", "", "–"),
        (0.123456, "number", "", "0.1235"),
        (0.123456, "percent", "", "12.3 %"),
        (12345.6, "number", "ms", "12,346 ms"),
    ],
)
def test_numbers_are_read_with_four_digits(value: float | None, form: str, unit: str, shown: str) -> None:
    assert charts.number_text(value, form, unit) == shown  # type: ignore[arg-type]


def test_an_interval_is_a_band_that_is_open_where_an_end_is_unknown() -> None:
    at = tuple(range(0, 6 * DAY, DAY))
    series = Series(name="auc", at=at, value=(0.7,) * 6, low=(0.6, 0.6, None, 0.6, 0.6, 0.6), high=(0.8,) * 6)
    drawn = charts.line_chart(LineChart(title="x", series=(series,)))
    assert drawn.count('class="band s1"') == 2
    thin = charts.thinned(
        Series(name="x", at=tuple(range(5_000)), value=(1.0,) * 5_000, low=(0.5,) * 5_000, high=(2.0,) * 5_000)
    )
    assert len(thin.low) == len(thin.high) == len(thin.at) <= charts.POINTS
