"""One page that needs nothing beside it, runs nothing, and stays small."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from loopwright.export.report import LIMIT_BYTES, render
from loopwright.pictures.sections import (
    AreaChart,
    Bar,
    BarChart,
    Curve,
    EventLine,
    EventList,
    Figure,
    Figures,
    Grid,
    LineChart,
    Marker,
    Part,
    ReliabilityChart,
    Report,
    Section,
    Series,
    Text,
    Threshold,
)

HOSTILE = """</title></style></svg><script>alert(1)</script><img src=x onerror="alert(2)">'"&<!-- ]]>\x00\ud800"""


def every_section(text: str) -> tuple[Section, ...]:
    """One of each kind, with `text` wherever text goes."""
    marker = Marker(at=10, label=text, tone="bad")
    level = Threshold(value=0.5, label=text)
    return (
        Figures(title=text, note=text, items=(Figure(label=text, value=text, note=text, tone="good"),)),
        Text(title=text, paragraphs=(text,)),
        Grid(
            title=text,
            columns=(text,),
            rows=((text,), (None,), (True,), (0.25,), (1234,)),
            right=(text,),
            tones=("bad",),
        ),
        EventList(title=text, events=(EventLine(at=10, kind=text, subject=text, text=text, depth=99),)),
        LineChart(
            title=text,
            series=(Series(name=text, at=(0, 20), value=(0.1, 0.9)),),
            markers=(marker,),
            thresholds=(level,),
            unit=text,
        ),
        AreaChart(title=text, at=(0, 20), parts=(Part(name=text, share=(1.0, 0.5)),), markers=(marker,)),
        ReliabilityChart(title=text, curves=(Curve(name=text, predicted=(0.5,), observed=(0.5,), count=(9,)),)),
        BarChart(title=text, bars=(Bar(label=text, value=1.0),), thresholds=(level,), unit=text),
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "action")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


def test_hostile_text_never_becomes_markup() -> None:
    page = render(Report(title=HOSTILE, subtitle=HOSTILE, source=HOSTILE, sections=every_section(HOSTILE)))
    tags = read(page)
    assert tags.open == []
    assert not tags.seen & {"script", "img", "link", "iframe", "object", "form"}
    assert not {name for name in tags.attributes if name.startswith("on")}
    page.encode("utf-8")


def test_the_page_loads_nothing() -> None:
    page = render(Report(title="t", sections=every_section("plain")))
    assert all(target.startswith("#") for target in read(page).targets)
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


def test_every_picture_has_a_title_and_says_what_it_shows() -> None:
    page = render(Report(title="t", sections=every_section("shown")))
    drawings = [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)]
    assert len(drawings) == 4
    for tree in drawings:
        assert tree.get("role") == "img"
        assert tree[0].text == "shown"
        assert len(tree[1].text or "") > 10


def test_a_link_for_every_section_leads_to_it() -> None:
    page = render(Report(title="t", sections=every_section("x")))
    targets = read(page).targets
    assert len(targets) == 8
    for target in targets:
        assert f'id="{target[1:]}"' in page


def test_cells_read_well() -> None:
    rows = ((None,), (True,), (0.123456,), (1234567,), ("a",))
    page = render(Report(title="t", sections=(Grid(title="g", columns=("c",), rows=rows),)))
    assert re.findall(r"<td>(.*?)</td>", page) == ["", "yes", "0.1235", "1,234,567", "a"]


def test_a_tone_is_told_by_a_sign_as_well_as_by_colour() -> None:
    page = render(Report(title="t", sections=(Grid(title="g", columns=("c",), rows=(("a",), ("b",)), tones=("bad",)),)))
    assert '<tr class="bad"><td>✕ a</td></tr><tr><td>b</td></tr>' in page


@pytest.mark.parametrize("text", ["x", '"' * 3_000])
def test_any_input_stays_under_the_limit_and_says_what_is_missing(text: str) -> None:
    rows = tuple((text,) * 8 for _ in range(20_000))
    events = tuple(EventLine(at=n, kind=text, subject=text, text=text) for n in range(20_000))
    instants = tuple(range(20_000))
    one = (
        Grid(title="g", columns=("c",) * 8, rows=rows),
        EventList(title="e", events=events),
        LineChart(title="l", series=tuple(Series(name=text, at=instants, value=(1.0,) * 20_000) for _ in range(12))),
        AreaChart(title="a", at=instants, parts=(Part(name=text, share=(0.5, 0.0) * 10_000),)),
        BarChart(title="b", bars=tuple(Bar(label=text, value=1.0) for _ in range(5_000))),
    )
    page = render(Report(title="t", sections=one * 15))
    assert len(page.encode()) < 5_000_000
    assert LIMIT_BYTES < 5_000_000
    for word in (
        "more rows are not shown",
        "more events are not shown",
        "4 more series are not shown",
        "more bars are not shown",
    ):
        assert word in page
    drawn = page.count('<section id="s')
    assert f"{75 - drawn} more sections did not fit" in page


def test_the_same_report_is_the_same_page() -> None:
    report = Report(title="t", sections=every_section("x"), made_at=0, source="journal events 1 to 9")
    assert render(report) == render(report)
    assert "1970-01-01T00:00:00Z" in render(report)
    assert "journal events 1 to 9" in render(report)
