"""A report as one HTML page that needs nothing beside it: no script, no font, no picture from elsewhere.

The page stays under `LIMIT_BYTES` whatever it is given: series are thinned, long tables cut, and sections for which
there is no room left are counted instead of drawn; each cut says what is missing. Everything shown is escaped, and the
page's own policy forbids it to load or run anything.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from loopwright.core.clock import iso
from loopwright.pictures import charts
from loopwright.pictures.histograms import histogram
from loopwright.pictures.page_style import SHEET
from loopwright.pictures.scales import instant_text
from loopwright.pictures.sections import (
    AreaChart,
    BarChart,
    EventLine,
    EventList,
    Figure,
    Figures,
    Grid,
    Histogram,
    Histograms,
    LineChart,
    Marker,
    ReliabilityChart,
    Report,
    Section,
    Text,
)
from loopwright.pictures.svg import element, escape
from loopwright.version import VERSION

LIMIT_BYTES = 4_900_000
SECTION_BYTES = 400_000
_FRAME_BYTES = 60_000
_SECTIONS = 200
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SIGNS = {"good": "✓ ", "warn": "▲ ", "bad": "✕ ", "plain": ""}


def render(report: Report) -> str:
    """The page as text; write it in UTF-8. The same report gives the same page, byte by byte."""
    sections = list(_fitting(report.sections))
    body = element("header", *_head(report)) + element("main", *sections) + element("footer", *_foot(report))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title, 200)}</title><style>{SHEET}</style></head><body>{body}</body></html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    yield element("h1", escape(report.title, 200))
    if report.subtitle:
        yield element("p", escape(report.subtitle), class_="lead")
    if len(report.sections) > 4:
        links = (
            element("a", escape(section.title, 60), href=f"#s{number}")
            for number, section in enumerate(report.sections[:_SECTIONS], start=1)
            if section.title
        )
        yield element("nav", *links, aria_label="Sections")


def _foot(report: Report) -> Iterator[str]:
    made = f", {iso(report.made_at)[:19]}Z" if report.made_at is not None else ""
    source = f" Source: {escape(report.source)}." if report.source else ""
    yield f"Made by Loopwright {VERSION}{made}.{source} Times are UTC."


def _fitting(sections: tuple[Section, ...]) -> Iterator[str]:
    """Each section drawn, until the page is full; then one that says what was left out."""
    left = LIMIT_BYTES - _FRAME_BYTES
    for number, section in enumerate(sections, start=1):
        drawn = _section(section, number)
        size = len(drawn.encode())
        if size > left or number > _SECTIONS:
            missing = len(sections) - number + 1
            yield element(
                "section", element("p", f"{missing} more sections did not fit into this page."), class_="note"
            )
            return
        left -= size
        yield drawn


def _section(section: Section, number: int) -> str:
    heading = element("h2", escape(section.title, 200)) if section.title else ""
    note = element("p", escape(section.note), class_="note") if section.note else ""
    classes = " ".join(["half"] * section.half + ["bare"] * isinstance(section, Figures))
    return element("section", heading, note, _BODIES[type(section)](section), id=f"s{number}", class_=classes or None)


def _figures(section: Figures) -> str:
    return element("dl", *(_figure(item) for item in section.items[:24]), class_="figures", style="margin:0")


def _figure(item: Figure) -> str:
    under = element("dd", escape(item.note, 200), class_="under") if item.note else ""
    shown = _SIGNS[item.tone] + escape(item.value, 80)
    value = element("dd", shown, class_="long" if len(shown) > 9 else None)
    return element("div", element("dt", escape(item.label, 80)), value, under, class_=f"figure {item.tone}")


def _text(section: Text) -> str:
    return "".join(element("p", escape(paragraph)) for paragraph in section.paragraphs[:100])


def _grid(section: Grid) -> str:
    sides = ["right" if name in section.right else None for name in section.columns]
    head = "".join(
        element("th", escape(name, 80), class_=side, scope="col")
        for name, side in zip(section.columns, sides, strict=True)
    )
    rows, missing = _while_room(_rows(section, sides), len(section.rows))
    table = element("table", element("thead", element("tr", head)), element("tbody", *rows))
    return element("div", table, class_="scroll", tabindex="0") + _more(missing, "rows")


def _rows(section: Grid, sides: list[str | None]) -> Iterator[str]:
    for index, row in enumerate(section.rows):
        tone = section.tones[index] if index < len(section.tones) else "plain"
        sign = _SIGNS[tone]
        cells = []
        for column, (value, side) in enumerate(zip(row, sides, strict=True)):
            cells.append(element("td", (sign if column == 0 else "") + escape(_cell(value), 400), class_=side))
        yield element("tr", *cells, class_=None if tone == "plain" else tone)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return charts.number_text(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _event_list(section: EventList) -> str:
    lines, missing = _while_room((_event(event) for event in section.events), len(section.events))
    return element("ol", *lines, class_="chain") + _more(missing, "events")


def _event(event: EventLine) -> str:
    when = element("time", instant_text(event.at), datetime=iso(event.at))
    kind = element("span", _SIGNS[event.tone] + escape(event.kind.replace("_", " "), 80), class_="kind")
    about = element("span", escape(event.subject, 200), class_="subject")
    text = element("div", escape(event.text, 600)) if event.text else ""
    what = element("div", kind, " ", about, text, class_="what", style=f"--depth:{min(max(event.depth, 0), 12)}")
    return element("li", when, what, class_=event.tone)


def _line_chart(section: LineChart) -> str:
    keys = [
        (f"s{n}", series.name, charts.number_text(charts.last(series), section.form, section.unit))
        for n, series in enumerate(section.series[: charts.SERIES], start=1)
    ]
    missing = _more(len(section.series) - len(keys), "series")
    return _legend(keys) + _drawn(charts.line_chart(section)) + _marks(section.markers) + missing


def _area_chart(section: AreaChart) -> str:
    keys = [
        (f"square s{n} {part.tone}", part.name, charts.number_text(part.share[-1], "percent") if part.share else "")
        for n, part in enumerate(section.parts[: charts.SERIES], start=1)
    ]
    return _legend(keys) + _drawn(charts.area_chart(section)) + _marks(section.markers)


def _reliability_chart(section: ReliabilityChart) -> str:
    curves = section.curves[: charts.SERIES]
    keys = [(f"s{n}", curve.name, f"{sum(curve.count):,} rows") for n, curve in enumerate(curves, start=1)]
    return _legend(keys) + _drawn(charts.reliability_chart(section))


def _bar_chart(section: BarChart) -> str:
    return _drawn(charts.bar_chart(section)) + _more(len(section.bars) - charts.BARS, "bars")


def _histograms(section: Histograms) -> str:
    cards, missing = _while_room((_card(item) for item in section.items), len(section.items))
    keys = [("square now", section.names[1], ""), ("was", section.names[0], "")]
    return _legend(keys) + element("ul", *cards, class_="cards") + _more(missing, "pictures")


def _card(item: Histogram) -> str:
    badge = element("span", _SIGNS[item.tone] + escape(item.badge, 40), class_=f"badge {item.tone}")
    head = element("h3", escape(item.name, 120), badge if item.badge else "")
    facts = (element("dt", escape(name, 60)) + element("dd", escape(value, 160)) for name, value in item.facts[:12])
    return element("li", head, histogram(item), element("dl", *facts, class_="facts") if item.facts else "")


def _drawn(picture: str) -> str:
    return element("div", picture, class_="scroll", tabindex="0")


def _legend(keys: list[tuple[str, str, str]]) -> str:
    items = (
        element("li", element("i", class_=mark), escape(name, 80), " ", element("b", escape(end)))
        for mark, name, end in keys
    )
    return element("ul", *items, class_="legend")


def _marks(markers: tuple[Marker, ...]) -> str:
    if not markers:
        return ""
    shown = markers[: charts.MARKERS]
    items = (
        element(
            "li", element("b", str(n), class_=m.tone), element("span", escape(m.label, 200)), f" {instant_text(m.at)}"
        )
        for n, m in enumerate(shown, start=1)
    )
    return element("ol", *items, class_="marks") + _more(len(markers) - len(shown), "events")


def _while_room(pieces: Iterator[str], total: int) -> tuple[list[str], int]:
    """The pieces that fit into one section's share of the page, and how many did not."""
    kept: list[str] = []
    left = SECTION_BYTES
    for piece in pieces:
        left -= len(piece.encode())
        if left < 0:
            break
        kept.append(piece)
    return kept, total - len(kept)


def _more(missing: int, what: str) -> str:
    return element("p", f"{missing:,} more {what} are not shown.", class_="more") if missing > 0 else ""


_BODIES: Mapping[type, Callable[[Any], str]] = {
    Figures: _figures,
    Text: _text,
    Grid: _grid,
    EventList: _event_list,
    LineChart: _line_chart,
    AreaChart: _area_chart,
    ReliabilityChart: _reliability_chart,
    BarChart: _bar_chart,
    Histograms: _histograms,
}
