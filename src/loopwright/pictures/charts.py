"""The charts of a report as inline SVG: no script, no external file, colours by the page's style sheet.

A series is thinned to at most `POINTS` points, keeping the lowest and highest of each stretch, so that a spike stays
seen and a picture stays small whatever it is given.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import msgspec

from loopwright.core.clock import Micros
from loopwright.pictures import svg
from loopwright.pictures.scales import DAY, Scale, instant_text, round_ticks, time_ticks
from loopwright.pictures.sections import (
    AreaChart,
    Bar,
    BarChart,
    Curve,
    Form,
    LineChart,
    Marker,
    ReliabilityChart,
    Series,
    Threshold,
)

POINTS = 400
SERIES = 8
BARS = 40
MARKERS = 22
_WIDE, _HALF, _TALL = 960.0, 460.0, 280.0
_FLAG = 17.0
_Point = tuple[float, float]


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chart's values land."""

    x: Scale
    y: Scale


def number_text(value: float | None, form: Form = "number", unit: str = "") -> str:
    """A value as it is read: four significant digits, in percent or as ten to its power by form, then the unit."""
    if value is None or not math.isfinite(value):
        return "–"
    if form == "percent":
        return f"{100 * value:.3g} %"
    if form == "power":
        value = 10.0 ** min(value, 300.0)
    shown = f"{value:,.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:,.4g}"
    return f"{shown} {unit}".rstrip()


def line_chart(chart: LineChart) -> str:
    """Lines over time, numbered event marks above, levels across."""
    drawn = [thinned(series) for series in chart.series[:SERIES]]
    instants = [at for series in drawn for at in series.at] + [marker.at for marker in chart.markers[:MARKERS]]
    values = [v for s in drawn for v in (*s.value, *s.low, *s.high) if v is not None]
    values += [t.value for t in chart.thresholds]
    if not instants or not values:
        return _empty(chart.title)
    plot = _plot((min(instants), max(instants)), _span(values, from_zero=chart.from_zero), chart)
    content = [_value_axis(plot, chart.form, chart.unit), _time_axis(plot)]
    content += [_band(plot, series, number) for number, series in enumerate(drawn, start=1)]
    content += [_line(plot, series, number) for number, series in enumerate(drawn, start=1)]
    content += [_threshold(plot, level, chart) for level in chart.thresholds]
    content.append(_marks(plot, chart.markers[:MARKERS]))
    lasts = (f"{s.name} ends at {number_text(last(s), chart.form, chart.unit)}" for s in drawn)
    return svg.picture(chart.title, "Lines over time. " + "; ".join(lasts), _size(chart), *content)


def area_chart(chart: AreaChart) -> str:
    """Shares stacked from below, each held until the next instant."""
    if not chart.at or not chart.parts:
        return _empty(chart.title)
    end = max(chart.until or chart.at[-1], chart.at[-1])
    plot = _plot((chart.at[0], end), (0.0, 1.0), chart)
    kept = _every(len(chart.at), POINTS)
    edges = [*(chart.at[index] for index in kept), end]
    below = [0.0] * len(kept)
    content = [_value_axis(plot, "percent", "")]
    for number, part in enumerate(chart.parts[:SERIES], start=1):
        above = [base + max(part.share[index], 0.0) for base, index in zip(below, kept, strict=True)]
        content += [
            svg.path(run, f"area s{number} {part.tone}", closed=True)
            for run in _runs(plot, edges, below=below, above=above)
        ]
        below = above
    content += [_time_axis(plot), _marks(plot, chart.markers[:MARKERS])]
    lasts = (f"{part.name} {number_text(part.share[-1], 'percent')}" for part in chart.parts[:SERIES])
    return svg.picture(chart.title, "Shares over time, at the end: " + ", ".join(lasts), _size(chart), *content)


def reliability_chart(chart: ReliabilityChart) -> str:
    """Observed against predicted, the diagonal, and below where each curve's predictions lie."""
    plot = _Plot(x=Scale(low=0, high=1, start=56, end=444), y=Scale(low=0, high=1, start=330, end=18))
    ticks = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    content = [svg.line((plot.x(0), plot.y(t)), (plot.x(1), plot.y(t)), "grid") for t in ticks]
    content += [svg.text((48.0, plot.y(t) + 4), f"{t:.1f}", "tick end") for t in ticks]
    content += [svg.text((plot.x(t), 430.0), f"{t:.1f}", "tick middle") for t in ticks]
    content.append(svg.line((plot.x(0), plot.y(0)), (plot.x(1), plot.y(1)), "diagonal"))
    curves = chart.curves[:SERIES]
    for number, curve in enumerate(curves, start=1):
        content += [_bins(plot, curve, number), _spread(plot, curve, number)]
    content.append(svg.text((plot.x(0.5), 450.0), "predicted probability", "tick middle"))
    content.append(svg.text((plot.x(0) + 6, plot.y(1) + 10), "observed rate", "tick"))
    said = ", ".join(f"{curve.name}: {sum(curve.count):,} rows" for curve in curves)
    return svg.picture(chart.title, f"Observed rate against predicted probability. {said}", (460.0, 456.0), *content)


def bar_chart(chart: BarChart) -> str:
    """Bars from zero, with their intervals and values, levels down."""
    bars = chart.bars[:BARS]
    values = [v for bar in bars for v in (bar.value, bar.low, bar.high) if _known(v)] + [
        t.value for t in chart.thresholds
    ]
    if not values:
        return _empty(chart.title)
    low, high = _span([*values, 0.0], from_zero=True)
    height = 26.0 * len(bars) + 44
    plot = _Plot(
        x=Scale(low=low, high=high, start=150, end=400), y=Scale(low=0, high=len(bars), start=22, end=height - 22)
    )
    content = [svg.line((plot.x(t), 18.0), (plot.x(t), height - 20), "grid") for t in round_ticks(low, high, 4)]
    content += [
        svg.text((plot.x(t), height - 6), number_text(t, chart.form), "tick middle") for t in round_ticks(low, high, 4)
    ]
    content += [_bar(plot, bar, index, chart=chart) for index, bar in enumerate(bars)]
    for level in chart.thresholds:
        content.append(svg.line((plot.x(level.value), 16.0), (plot.x(level.value), height - 20), "threshold"))
        content.append(svg.text((plot.x(level.value), 11.0), level.label, "level middle"))
    said = ", ".join(f"{bar.label} {number_text(bar.value, chart.form, chart.unit)}" for bar in bars)
    return svg.picture(chart.title, f"Bars: {said}", (460.0, height), *content)


def thinned(series: Series) -> Series:
    """At most `POINTS` points: each stretch keeps its lowest and its highest. Infinities and NaN become gaps."""
    value, low, high = (tuple(v if _known(v) else None for v in of) for of in (series.value, series.low, series.high))
    if len(value) <= POINTS:
        return Series(name=series.name, at=series.at, value=value, low=low, high=high)
    width = math.ceil(len(value) / (POINTS // 2))
    kept: list[int] = []
    for start in range(0, len(value), width):
        stretch = [i for i in range(start, min(start + width, len(value))) if value[i] is not None]
        ends = (
            (min(stretch, key=lambda i: value[i] or 0.0), max(stretch, key=lambda i: value[i] or 0.0))
            if stretch
            else (start,)
        )
        kept += sorted(set(ends))
    return Series(
        name=series.name,
        at=tuple(series.at[i] for i in kept),
        value=tuple(value[i] for i in kept),
        low=tuple(low[i] for i in kept) if low else (),
        high=tuple(high[i] for i in kept) if high else (),
    )


def last(series: Series) -> float | None:
    """The last value that is known."""
    return next((v for v in reversed(series.value) if _known(v)), None)


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _span(values: Sequence[float | None], *, from_zero: bool) -> tuple[float, float]:
    """The range of the value axis, out to round values; from zero where zero is near."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(known), max(known)
    if from_zero or 0 <= low < 0.4 * high:
        low, high = min(low, 0.0), max(high, 0.0)
    ticks = round_ticks(low, high)
    return ticks[0], ticks[-1]


def _every(length: int, most: int) -> list[int]:
    step = math.ceil(length / most)
    return list(range(0, length, step))


def _size(chart: LineChart | AreaChart) -> tuple[float, float]:
    return (_HALF if chart.half else _WIDE, _TALL)


def _plot(times: tuple[Micros, Micros], values: tuple[float, float], chart: LineChart | AreaChart) -> _Plot:
    low, high = times if times[1] > times[0] else (times[0] - DAY // 2, times[1] + DAY // 2)
    right = _size(chart)[0] - 16
    top = 38.0 if chart.markers else 14.0
    return _Plot(
        x=Scale(low=low, high=high, start=64, end=right), y=Scale(low=values[0], high=values[1], start=246, end=top)
    )


def _value_axis(plot: _Plot, form: Form, unit: str) -> str:
    drawn = []
    for tick in round_ticks(plot.y.low, plot.y.high):
        drawn.append(svg.line((plot.x.start, plot.y(tick)), (plot.x.end, plot.y(tick)), "grid"))
        drawn.append(svg.text((plot.x.start - 8, plot.y(tick) + 4), number_text(tick, form, unit), "tick end"))
    return "".join(drawn)


def _time_axis(plot: _Plot) -> str:
    base = plot.y.start
    drawn = [svg.line((plot.x.start, base), (plot.x.end, base), "axis")]
    for at, label in time_ticks(int(plot.x.low), int(plot.x.high), round((plot.x.end - plot.x.start) / 95)):
        drawn.append(svg.line((plot.x(at), base), (plot.x(at), base + 5), "axis"))
        drawn.append(svg.text((plot.x(at), base + 20), label, "tick middle"))
    return "".join(drawn)


def _threshold(plot: _Plot, level: Threshold, chart: LineChart) -> str:
    height = plot.y(level.value)
    shown = f"{level.label} {number_text(level.value, chart.form, chart.unit)}"
    rule = svg.line((plot.x.start, height), (plot.x.end, height), "threshold")
    return rule + svg.text((plot.x.start + 6, height - 5), shown, "level")


def _line(plot: _Plot, series: Series, number: int) -> str:
    runs: list[list[_Point]] = [[]]
    for at, value in zip(series.at, series.value, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((plot.x(at), plot.y(value)))
    strokes = [svg.path(run, f"line s{number}") for run in runs if len(run) > 1]
    strokes += [svg.dot(run[0], 3.0, f"dot s{number}") for run in runs if len(run) == 1]
    return "".join(strokes)


def _band(plot: _Plot, series: Series, number: int) -> str:
    """The interval about a line; a stretch without both ends is left open."""
    if not series.low:
        return ""
    runs: list[tuple[list[_Point], list[_Point]]] = [([], [])]
    for at, low, high in zip(series.at, series.low, series.high, strict=True):
        if low is None or high is None:
            runs.append(([], []))
        else:
            runs[-1][0].append((plot.x(at), plot.y(low)))
            runs[-1][1].append((plot.x(at), plot.y(high)))
    return "".join(
        svg.path([*lower, *upper[::-1]], f"band s{number}", closed=True) for lower, upper in runs if len(lower) > 1
    )


def _marks(plot: _Plot, markers: Sequence[Marker]) -> str:
    """Numbered flags above the plot; the list below the picture says what each is."""
    drawn = []
    places = [plot.x(marker.at) for marker in markers]
    for number, (marker, x, flag) in enumerate(zip(markers, places, _apart(places, plot.x.end), strict=True), start=1):
        tip = f"{marker.label}, {instant_text(marker.at)}"
        drawn.append(svg.path([(flag, 12.0), (flag, 22.0), (x, 32.0), (x, plot.y.start)], f"mark {marker.tone}"))
        drawn.append(svg.dot((flag, 12.0), 8.0, f"flag {marker.tone}", tip=tip))
        drawn.append(svg.text((flag, 15.5), number, "number middle"))
    return "".join(drawn)


def _apart(places: Sequence[float], end: float) -> list[float]:
    """The places of flags, moved just as far as none covers another, from the left, then back from the right edge."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + _FLAG) if moved else place)
    limit = end
    for index in reversed(range(len(moved))):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - _FLAG
    return moved


def _runs(
    plot: _Plot, edges: Sequence[Micros], *, below: Sequence[float], above: Sequence[float]
) -> Iterator[list[_Point]]:
    """The outlines of a part's stretches with a share above zero; one too short to be seen is widened to two pixels."""
    upper: list[_Point] = []
    lower: list[_Point] = []
    for index, (low, high) in enumerate(zip([*below, 0.0], [*above, 0.0], strict=True)):
        if high > low:
            left = plot.x(edges[index])
            right = max(plot.x(edges[index + 1]), left + 2)
            upper += [(left, plot.y(high)), (right, plot.y(high))]
            lower += [(left, plot.y(low)), (right, plot.y(low))]
        elif upper:
            yield upper + lower[::-1]
            upper, lower = [], []


def _bins(plot: _Plot, curve: Curve, number: int) -> str:
    filled = [
        (plot.x(p), plot.y(o), f"{curve.name}: predicted {p:.3f}, observed {o:.3f}, {n:,} rows")
        for p, o, n in zip(curve.predicted, curve.observed, curve.count, strict=True)
        if n and _known(p) and _known(o)
    ][:POINTS]
    route = svg.path([(x, y) for x, y, _ in filled], f"line s{number}") if len(filled) > 1 else ""
    return route + "".join(svg.dot((x, y), 4.0, f"dot s{number}", tip=tip) for x, y, tip in filled)


def _spread(plot: _Plot, curve: Curve, number: int) -> str:
    """Where a curve's predictions lie, below the plot: rows by width of bin, its highest bin as high as the strip."""
    bins = [(p, n) for p, n in zip(curve.predicted, curve.count, strict=True) if n and _known(p)][:POINTS]
    if len(bins) < 2:
        return ""
    places = [p for p, _ in bins]
    inner = [(a + b) / 2 for a, b in itertools.pairwise(places)]
    edges = [max(2 * places[0] - inner[0], 0.0), *inner, min(2 * places[-1] - inner[-1], 1.0)]
    widths = [max(right - left, 1e-6) for left, right in itertools.pairwise(edges)]
    most = max(n / width for (_, n), width in zip(bins, widths, strict=True))
    outline: list[_Point] = [(plot.x(edges[0]), 410.0)]
    for (_, n), width, left, right in zip(bins, widths, edges, edges[1:], strict=False):
        height = 410 - 60 * (n / width) / most
        outline += [(plot.x(left), height), (plot.x(right), height)]
    return svg.path([*outline, (plot.x(edges[-1]), 410.0)], f"spread s{number}", closed=True)


def _bar(plot: _Plot, bar: Bar, index: int, *, chart: BarChart) -> str:
    middle = plot.y(index + 0.5)
    name = svg.text((plot.x.start - 10, middle + 4), _short(bar.label), "label end")
    value = bar.value
    if value is None or not math.isfinite(value):
        return name + svg.text((plot.x(0) + 6, middle + 4), "no value", "tick")
    left, right = sorted((plot.x(0), plot.x(value)))
    tip = svg.element("title", svg.escape(f"{bar.label}: {number_text(value, chart.form, chart.unit)}"))
    body = svg.element(
        "rect", tip, x=left, y=middle - 8, width=max(right - left, 1.0), height=16.0, rx=2, class_=f"bar s1 {bar.tone}"
    )
    end = right
    whisker = ""
    if bar.low is not None and bar.high is not None and _known(bar.low) and _known(bar.high):
        whisker = svg.line((plot.x(bar.low), middle), (plot.x(bar.high), middle), "whisker")
        end = max(right, plot.x(bar.high))
    return name + body + whisker + svg.text((end + 6, middle + 4), number_text(value, chart.form), "value")


def _short(label: str) -> str:
    return label if len(label) <= 22 else label[:21] + "…"


def _empty(title: str) -> str:
    return svg.picture(
        title, "Nothing to draw yet", (_WIDE, 60.0), svg.text((_WIDE / 2, 34.0), "nothing to draw yet", "tick middle")
    )
