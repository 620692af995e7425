"""One picture of a played year: the metric by the fortnight, and below it when each detector was in alarm."""

from collections.abc import Sequence

from real_drift_told import Told
from real_drift_worlds import World

from loopwright.monitoring.reference import DAY
from loopwright.pictures import svg
from loopwright.pictures.scales import Scale, round_ticks, time_ticks
from loopwright.stats.intervals import Interval

WIDE, LEFT, RIGHT = 960.0, 300.0, 940.0
TOP, BASE, LANE = 44.0, 230.0, 18.0
STYLE = """
.page{fill:#fff}.title{font-size:15px;font-weight:650;fill:#14181f}.tick{font-size:11px;fill:#5b6472}
.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#e3e6eb}.band{fill:#2a63d4;opacity:.18}
.line{stroke:#2a63d4;stroke-width:1.8;fill:none}
.level{stroke:#5b6472;stroke-dasharray:4 4}.allowed{stroke:#b42318;stroke-dasharray:4 4}.name{font-size:11.5px;
fill:#14181f}.lane{fill:#f1f3f6}.call{fill:#b42318}.report{fill:#d79a2b}
@media (prefers-color-scheme:dark){.page{fill:#11151b}.title,.name{fill:#eef1f6}.tick{fill:#a9b4c4}.grid{stroke:#2a303a}
.band{fill:#74a6ff}.line{stroke:#74a6ff}.level{stroke:#a9b4c4}.allowed{stroke:#ff8a7d}.lane{fill:#1a2130}.call{fill:#ff8a7d}
.report{fill:#e9b04e}}
"""


def picture(world: World, played: Sequence[Told], fortnights: dict[int, Interval]) -> str:
    """A drawing that needs no other file.

    Args:
        world: What was played.
        played: A lane each; red where a person is called, yellow where a report is coloured.
        fortnights: The metric by the first day of each fortnight.
    """
    promised = world.promised()
    allowed = promised - world.loss_at_most
    ends = [v for span in fortnights.values() for v in (span.low, span.high) if span.known] + [promised]
    ticks = round_ticks(max(min(ends), 0.0), min(max(ends), 1.0))
    first, last = world.watched, int(world.days.max())
    x = Scale(low=first, high=last, start=LEFT, end=RIGHT)
    y = Scale(low=ticks[0], high=ticks[-1], start=BASE, end=TOP)
    height = BASE + 40 + LANE * len(played) + 16
    content = [svg.element("style", STYLE)]
    content.append(svg.element("rect", x=0.0, y=0.0, width=WIDE, height=height, rx=8, class_="page"))
    content.append(svg.text((16.0, 24.0), world.title, "title"))
    for tick in ticks:
        content += [svg.line((LEFT, y(tick)), (RIGHT, y(tick)), "grid")]
        content += [svg.text((LEFT - 8, y(tick) + 4), f"{tick:.2f}", "tick end")]
    content.append(svg.text((16.0, BASE - 90), "ROC AUC by fortnight, 95 % over days", "name"))
    for value, name, kind, off in ((promised, "holdout", "level", -4), (allowed, "allowed", "allowed", 12)):
        content += [svg.line((LEFT, y(value)), (RIGHT, y(value)), kind)]
        content += [svg.text((RIGHT, y(value) + off), f"{name} {value:.3f}", "tick end")]
    known = [(start + 7, span) for start, span in sorted(fortnights.items()) if span.known]
    lows = [(x(max(at, first)), y(max(span.low, ticks[0]))) for at, span in known]
    highs = [(x(max(at, first)), y(min(span.high, ticks[-1]))) for at, span in known]
    content.append(svg.path([*lows, *highs[::-1]], "band", closed=True))
    content.append(svg.path([(x(max(at, first)), y(span.value)) for at, span in known], "line"))
    foot = BASE + 34 + LANE * len(played)
    for at, label in time_ticks(first * DAY, last * DAY, 10):
        content += [svg.line((x(at / DAY), BASE + 14), (x(at / DAY), foot), "grid")]
        content += [svg.text((x(at / DAY), BASE + 14), label, "tick middle")]
    for number, told in enumerate(played):
        content += lane(told, BASE + 28 + LANE * number, x)
    drawn = svg.picture(world.title, described(played), (WIDE, height), *content)
    fonts = ' xmlns="http://www.w3.org/2000/svg" font-family="system-ui,-apple-system,\'Segoe UI\',Arial,sans-serif"'
    return drawn.replace("<svg", f"<svg{fonts}", 1) + "\n"


def lane(told: Told, top: float, x: Scale) -> list[str]:
    """One detector's days in alarm."""
    drawn = [svg.text((16.0, top + 11), told.name, "name")]
    drawn.append(svg.element("rect", x=LEFT, y=top + 2, width=RIGHT - LEFT, height=LANE - 6, class_="lane"))
    kind = "call" if told.opens else "report"
    for day in sorted(told.alarms):
        start = max(x(day + 1 - told.every), LEFT)
        width = min(max(x(day + 1) - start, 1.5), RIGHT - start)
        drawn.append(svg.element("rect", x=start, y=top + 2, width=width, height=LANE - 6, class_=kind))
    return drawn


def described(played: Sequence[Told]) -> str:
    """What a screen reader says."""
    spoke = [told.name for told in played if told.alarms]
    return f"Above the metric by the fortnight, below the days on which each detector was in alarm: {', '.join(spoke)}."
